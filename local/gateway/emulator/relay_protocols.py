"""Which permission a request asks for, in whichever protocol it is written.

ministack reads it from `Action`, from `X-Amz-Target` or from the path of a REST call, whichever is there first, and lets
a request through in which it finds none: CloudWatch's calls in Smithy RPC v2 CBOR, which Rust's SDK speaks, were
authorized for nobody. Here every protocol says its operation in its own place, two places that contradict each other
are refused, and so is a request that names no operation at all.
"""

import functools
import json

from ministack.core import iam_actions

NEEDED = ("extract_iam_action", "extract_resource_arn", "request_tag_context", "access_denied_response",
          "SERVICE_TO_IAM_NAMESPACE",
          "_BOTOCORE_SERVICE_MAP", "_action_from_query", "_action_from_target", "_load_botocore_model", "_query_param")

# No policy but one with a wildcard allows it.
UNKNOWN = "UnknownOperation"
# Served to the machine itself, at addresses of its own: nobody signs there.
UNSIGNED = {"imds", "ecs-metadata"}
# Their operation is in method and path alone; ministack maps them by hand.
REST = {"s3", "lambda", "lambda-core", "apigateway", "bedrock-agentcore", "s3files"}

_extract_iam_action, _extract_resource_arn = iam_actions.extract_iam_action, iam_actions.extract_resource_arn
_request_tag_context, _access_denied_response = iam_actions.request_tag_context, iam_actions.access_denied_response


def rpc_operation(path):
    """`/service/GraniteServiceVersion20100801/operation/PutMetricData` -> `PutMetricData`: Smithy RPC v2."""
    parts = path.strip("/").split("/")
    return parts[3] if len(parts) == 4 and (parts[0], parts[2]) == ("service", "operation") else None


@functools.cache
def _is_rest(service):
    """Whether no protocol of the service names its operation anywhere but in method and path."""
    if service in REST:
        return True
    models = [iam_actions._load_botocore_model(name) for name in iam_actions._BOTOCORE_SERVICE_MAP.get(service, [])]
    # SES is one service to the router; its first version speaks the query protocol.
    return service != "ses" and bool(models) and all(
        model.get("metadata", {}).get("protocol", "").startswith("rest-") for model in models)


def action(service, method, path, headers, body, query_params):
    """The permission that a request needs, `namespace:Operation`."""
    if service in UNSIGNED:
        return None
    namespace = iam_actions.SERVICE_TO_IAM_NAMESPACE.get(service, service)
    if _is_rest(service):
        # `?Action=…` and a target mean nothing here, and must not stand for something harmless.
        headers = {name: value for name, value in headers.items() if name != "x-amz-target"}
        query_params = {name: value for name, value in query_params.items() if name != "Action"}
        found = _extract_iam_action(service, method, path, headers, b"", query_params)
        return found or f"{namespace}:{UNKNOWN}"
    named = {rpc_operation(path), iam_actions._action_from_target(headers),
             iam_actions._action_from_query(query_params, body, headers.get("content-type", ""))} - {None}
    if len(named) > 1:
        return f"{namespace}:{UNKNOWN}"
    if named:
        return f"{namespace}:{named.pop()}"
    return _extract_iam_action(service, method, path, headers, body, query_params) or f"{namespace}:{UNKNOWN}"


def as_json(body):
    """A body in CBOR as the JSON that ministack looks into; any other body as it is."""
    if body[:1] and 0xA0 <= body[0] <= 0xBF:  # a map of CBOR; no text begins so
        import cbor2

        try:
            return json.dumps(cbor2.loads(body), default=str).encode()
        except (cbor2.CBORDecodeError, TypeError, ValueError):
            return b""
    return body


def denied(service, action, principal_arn, request_id, *, headers=None, **named):
    """A denial in the protocol of the request, with its id: ministack answers in CBOR for CloudWatch only."""
    if service != "monitoring" and "cbor" in (headers or {}).get("smithy-protocol", ""):
        service = "monitoring"
    status, answered, body = _access_denied_response(service, action, principal_arn, request_id, headers=headers, **named)
    return status, answered | {"x-amzn-requestid": request_id}, body


def _request_context(service, iam_action, body, params):
    """The condition keys that a request's own content gives: its tags, and where a subscription leads."""
    context = _request_tag_context(service, iam_action, as_json(body), params)
    if iam_action == "sns:Subscribe":
        for key, name in (("sns:Protocol", "Protocol"), ("sns:Endpoint", "Endpoint")):
            if value := iam_actions._query_param(params, name):
                context = {**context, key: value}
    return context


def _resource_arn(resource_arn):
    def of(service, method, path, headers, body, *more, **named):
        return resource_arn(service, method, path, headers, as_json(body), *more, **named)
    return of


def install(require):
    """Puts all this into ministack; fails at start-up if what it replaces is not there."""
    require(iam_actions, *NEEDED)
    iam_actions.extract_iam_action = action
    iam_actions.extract_resource_arn = _resource_arn(iam_actions.extract_resource_arn)
    iam_actions.request_tag_context = _request_context
    iam_actions.access_denied_response = denied
