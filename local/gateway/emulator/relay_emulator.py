"""The emulator behind the gateway: ministack's ASGI app with the hooks that a gateway lacks.

Not for the public port: the gateway alone talks to `/_relay/*` here. What each hook replaces in
ministack is checked at start-up, so that an upgrade that moved it fails loudly.

  /_relay/matching         which rules of a bus match an event, and their targets as stored
  /_relay/identify         access key -> principal
  /_relay/authorize        a signed request -> may its principal do this? (signature checked too)
  /_relay/resource-policy  would a resource's own policy let a service principal do this?
  /_relay/role-allows      may a service assume this role, and the role do this?
  /_relay/keys             access key -> the keys that its owner signs with
  /_relay/assume           a session of a role, opened by a service that the role trusts
  /_relay/used             which principals have used which permissions so far
  /_relay/organizations    who is in which organization (for aws:PrincipalOrgID and its kin)
  /_relay/impair           fails a status check of an instance until something cures it
  /_relay/commands         what commands of Run Command answer
  /_relay/quotas           the concurrent invocations of Lambda
  /_relay/alarm-action     how an action of an alarm ended, for its history
  /_relay/advance          the clock was moved ahead: scheduled rules that have come due fire
  /_relay/contributors     brings a time series of an alarm into ALARM, or out of it
  /_relay/delivered        an event that somebody delivered by hand, for what follows from it

Events and transitions of alarms that ministack would act on by itself go to the gateway instead, which delivers them
as AWS does (other accounts and Regions, retries, dead letters). CloudFormation learns
AWS::SSM::Document, AWS::Events::EventBusPolicy, AWS::Logs::QueryDefinition and StackSets. When stdin closes, the whole process
group ends.
"""

import asyncio
import base64
import functools
import json
import os
import shutil
import signal
import sys
import threading
from urllib.parse import parse_qs, quote

from ministack import app as ministack_app
from ministack.core import iam_actions, responses
from ministack.core import iam_evaluator as iam
from ministack.core.arn import parse_arn
from ministack.services import eventbridge, lambda_svc, stepfunctions
from ministack.services.cloudformation import provisioners

import relay_alarms
import relay_bus
import relay_checks
import relay_commands
import relay_conditions
import relay_contributors
import relay_documents
import relay_groups
import relay_instances
import relay_items
import relay_keys
import relay_logs
import relay_names
import relay_opsitems
import relay_outbox
import relay_protocols
import relay_refusals
import relay_schedules
import relay_sessions
import relay_stacksets
import relay_suppression
import relay_tags
import relay_targets
import relay_templates
import relay_volumes


def require(owner, *names):
    """Fails at start-up, naming what an upgrade of ministack has moved."""
    for name in names:
        if not hasattr(owner, name):
            raise SystemExit(f"relay_emulator: {owner.__name__} has no {name}: this ministack is not the locked one")


require(eventbridge, "_dispatch_event", "_invoke_target", "_rules", "_targets", "_event_buses", "_event_bus_policies",
        "_ensure_default_bus", "_matches_pattern_view", "_EventView", "_pattern_event_view", "_put_events", "_rule_arn",
        "_put_permission")
require(iam, "enforce", "pin_request_origin", "pin_signed_request", "pin_signed_body", "resolve_principal", "evaluate_resource_policy",
        "evaluate", "evaluate_trust_policy", "_gather_role_policies", "_resource_policy", "EvalContext", "AuthError")
require(stepfunctions, "_emit_execution_status_event", "_apply_jsonata_arguments", "_add_event", "_invoke_sns_publish",
        "_SERVICE_DISPATCH")
require(iam_actions, "extract_resource_arn")
require(lambda_svc, "_sqs_esm_concurrency", "_ACCOUNT_CONCURRENCY_CAP")
require(provisioners, "_RESOURCE_HANDLERS")
require(responses, "request_scope", "json_response", "error_response_json")

for extension in (relay_protocols, relay_instances, relay_volumes, relay_groups, relay_commands, relay_sessions,
                  relay_checks, relay_contributors, relay_documents, relay_suppression, relay_keys,
                  relay_bus, relay_items, relay_logs, relay_opsitems, relay_refusals, relay_schedules, relay_tags, relay_targets):
    extension.install(require)


# -- Events leave for the gateway ---------------------------------------------------------------

def _dispatch_event(event, view=None):
    view = view or eventbridge._pattern_event_view(event)
    account, region = event.get("Account") or responses.get_account_id(), event.get("Region") or responses.get_region()
    bus = event.get("EventBusName", "default")
    relay_outbox.hand_over(f"/_relay/events?account={account}&region={region}&bus={quote(bus)}",
                           view.event_with_detail())


eventbridge._dispatch_event = _dispatch_event
relay_alarms.install(require, relay_outbox.hand_over)
relay_templates.install(require)
relay_names.install(require)
relay_stacksets.install(require)


def matching(request):
    envelope = request["envelope"]
    with responses.request_scope(request["account"], request["region"]):
        eventbridge._ensure_default_bus()
        if request["bus"] not in eventbridge._event_buses:
            return {"bus": False, "rules": []}
        view = eventbridge._EventView({k: v for k, v in envelope.items() if k != "detail"}, envelope.get("detail", {}))
        rules = []
        for key, rule in eventbridge._rules.items():
            if rule.get("EventBusName", "default") != request["bus"] or rule.get("State") != "ENABLED":
                continue
            if rule.get("EventPattern") and eventbridge._matches_pattern_view(rule["EventPattern"], view, key):
                rules.append({"name": rule["Name"], "arn": eventbridge._rule_arn(rule["Name"], request["bus"]),
                              "targets": list(eventbridge._targets.get(key, []))})
        return {"bus": True, "rules": rules}


# -- Policies of buses, as AWS keeps them ----------------------------------------------------------

def _bus_statement(statement):
    """The shorthands written out: an account is its root, a condition goes by operator and key."""
    principal, condition = statement.get("Principal"), statement.get("Condition")
    if isinstance(principal, str) and principal.isdigit():
        statement = {**statement, "Principal": {"AWS": f"arn:aws:iam::{principal}:root"}}
    if condition and {"Type", "Key", "Value"} <= condition.keys():
        statement = {**statement, "Condition": {condition["Type"]: {condition["Key"]: condition["Value"]}}}
    return statement


_put_permission = eventbridge._put_permission


def _put_whole_permission(data):
    """PutPermission also takes a whole policy, which replaces the old one; ministack ignores it."""
    bus = (data.get("EventBusName") or "default").rsplit("/", 1)[-1]
    if data.get("Policy"):
        try:
            policy = json.loads(data["Policy"])
        except ValueError:
            return responses.error_response_json("ValidationException", "The policy is not JSON.", 400)
        eventbridge._event_bus_policies[bus] = policy
        return responses.json_response({})
    answer = _put_permission({**data, "EventBusName": bus})
    policy = eventbridge._event_bus_policies.get(bus)
    if policy:
        statements = [_bus_statement(statement) for statement in policy["Statement"]]
        eventbridge._event_bus_policies[bus] = {**policy, "Statement": statements}
    return answer


eventbridge._put_permission = _put_whole_permission


# -- Who may do what ----------------------------------------------------------------------------

_parse_policy = iam.parse_policy_document
_parse_policy_text = functools.lru_cache(maxsize=1024)(_parse_policy)


def _parse_policy_once(document):
    """ministack parses a principal's policies for every request; of a text there is one result."""
    return _parse_policy_text(document) if isinstance(document, str) else _parse_policy(document)


iam.parse_policy_document = _parse_policy_once


USED = {}  # (account, role, action) -> whether it was ever allowed, and ever denied

_enforce = iam.enforce


def _recording_enforce(access_key_id, iam_action, service, region, resource_arn="*", service_context=None):
    result = _enforce(access_key_id, iam_action, service, region, resource_arn, service_context)
    caller = iam.resolve_caller_identity(access_key_id)
    if caller and ":assumed-role/" in caller["userArn"]:
        role = caller["userArn"].split(":assumed-role/", 1)[1].split("/", 1)[0]
        key = (caller["accountId"], role, iam_action)
        USED.setdefault(key, {"allowed": False, "denied": False})["allowed" if result is None else "denied"] = True
    if result is None:
        uses, key_arn, context = relay_keys.needs(iam_action, resource_arn, region)
        for use in uses:
            refused = _recording_enforce(access_key_id, use, "kms", region, key_arn, context)
            if refused is not None:
                return refused
    return result


iam.enforce = _recording_enforce


def used(_request):
    return [{"account": account, "role": role, "action": action, **decisions}
            for (account, role, action), decisions in sorted(USED.items())]


def identify(request):
    access_key = request["accessKey"]
    account = request.get("account") or relay_sessions.owner_of(access_key) or "000000000000"
    with responses.request_scope(account, "us-east-1"):
        principal = iam.resolve_principal(access_key, account, None)
    if isinstance(principal, iam.AuthError):
        return {"error": {"code": principal.code, "message": principal.message}}
    return {"arn": principal.arn, "account": principal.account, "type": principal.type}


def authorize(request):
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in request["headers"]]
    query = parse_qs(request["query"], keep_blank_values=True)
    with responses.request_scope(request["account"], request["region"]):
        iam.pin_request_origin("127.0.0.1", True)
        iam.pin_signed_request(request["method"], request["path"], query, headers)
        iam.pin_signed_body(base64.b64decode(request["body"]))
        for need in request["needs"]:
            result = _recording_enforce(request["accessKey"], need["action"], request["service"], request["region"],
                                 need["resource"], need.get("context") or {})
            if result is None:
                continue
            if isinstance(result, iam.AuthError):
                return {"error": {"code": result.code, "message": result.message}}
            return {"denied": {"principal": result.principal_arn, "action": need["action"],
                               "resource": need["resource"], "explicit": result.decision == "Deny"}}
    return {}


def _context(request, service=None):
    """The request's own condition keys; for a service that acts in its own name, also for whom it does."""
    keys = {key.lower(): value for key, value in (request.get("context") or {}).items()}
    if service:
        keys |= {"aws:sourcearn": request.get("sourceArn"), "aws:sourceaccount": request["sourceAccount"],
                 "aws:principalservicename": service}
    return {key: value for key, value in keys.items() if value is not None}


def resource_policy(request):
    """`principal` is a service (events.amazonaws.com) or an ARN; an absent policy allows nothing."""
    arn = parse_arn(request["resource"])
    with responses.request_scope(arn.account_id, arn.region):
        if arn.service == "events":
            name = arn.resource.split("/", 1)[1]
            found = (eventbridge._event_bus_policies.get(name), arn.account_id)
        else:
            found = iam._resource_policy(arn.service, request["resource"])
        if found is None:
            return {"exists": False, "allowed": False}
        service = request["principal"] if request["principal"].endswith(".amazonaws.com") else None
        context = iam.EvalContext(
            principal_arn=request["principal"], principal_type="Service" if service else "AssumedRole",
            principal_account=request["sourceAccount"], action=request["action"], resource_arn=request["resource"],
            region=arn.region, secure_transport=True, service_context=_context(request, service))
        decision = iam.evaluate_resource_policy(found[0], context, service).decision
        key = service is None or relay_keys.service_may_use(
            request["action"], request["resource"], service, _context(request, service))
    return {"exists": True, "allowed": decision == "Allow" and key, "denied": decision == "Deny", "key": key}


def role_allows(request):
    role = relay_sessions.role_of(request["role"])
    if role is None:
        return {"assumable": False, "allowed": False}
    account, name = parse_arn(request["role"]).account_id, request["role"].rsplit("/", 1)[-1]
    context = iam.EvalContext(
        principal_arn=f"arn:aws:sts::{account}:assumed-role/{name}/events", principal_type="AssumedRole",
        principal_account=account, action=request["action"], resource_arn=request["resource"],
        region=parse_arn(request["resource"]).region, service_context=_context(request))
    allowed = iam.evaluate(context, iam._gather_role_policies(name, account)).decision == "Allow"
    trusted = relay_sessions.trusts(role, request["service"], _context(request, request["service"]))
    return {"assumable": trusted, "allowed": allowed}


def organizations(request):
    relay_conditions.ORGANIZATIONS.clear()
    relay_conditions.ORGANIZATIONS.update(request)
    relay_stacksets.follow()
    return {}


# -- CloudFormation learns a type: policies of buses (documents are in relay_documents.py) --------

def _bus_policy_create(logical_id, props, stack_name, *_, **__):
    bus = props.get("EventBusName") or "default"
    eventbridge._ensure_default_bus()
    statement = props.get("Statement") or {
        "Effect": "Allow", "Principal": props.get("Principal", "*"), "Action": props.get("Action", "events:PutEvents"),
        **({"Condition": props["Condition"]} if "Condition" in props else {})}
    resource = f"arn:aws:events:{responses.get_region()}:{responses.get_account_id()}:event-bus/{bus}"
    statement = _bus_statement({"Resource": resource, **statement, "Sid": props["StatementId"]})
    policy = eventbridge._event_bus_policies.get(bus) or {"Version": "2012-10-17", "Statement": []}
    kept = [s for s in policy["Statement"] if s.get("Sid") != props["StatementId"]]
    eventbridge._event_bus_policies[bus] = {**policy, "Statement": [*kept, statement]}
    return f"{bus}|{props['StatementId']}", {}


def _bus_policy_update(physical_id, old_props, new_props, stack_name, logical_id=None, **_):
    return _bus_policy_create(logical_id, new_props, stack_name)


def _bus_policy_delete(physical_id, *_, **__):
    bus, statement_id = physical_id.split("|", 1)
    policy = eventbridge._event_bus_policies.get(bus)
    if policy:
        kept = [s for s in policy["Statement"] if s.get("Sid") != statement_id]
        eventbridge._event_bus_policies[bus] = {**policy, "Statement": kept}


provisioners._RESOURCE_HANDLERS["AWS::Events::EventBusPolicy"] = {
    "create": _bus_policy_create, "update": _bus_policy_update, "delete": _bus_policy_delete}
relay_conditions.install(require)


# -- The resource of GetParametersByPath is its path, that of a token its machine, that of an OpsItem its id; the emulator knows none --

_machine_of_token = {}

_extract_resource_arn = iam_actions.extract_resource_arn


def _resource_arn(service, method, path, headers, body, query_params, *rest, **named):
    arn = _extract_resource_arn(service, method, path, headers, body, query_params, *rest, **named)
    if service == "ssm" and headers.get("x-amz-target", "").endswith(".GetParametersByPath"):
        under = json.loads(body or b"{}").get("Path", "/").strip("/")
        return f"arn:aws:ssm:{responses.get_region()}:{responses.get_account_id()}:parameter/{under}"
    if service == "ssm" and headers.get("x-amz-target", "").endswith(".GetOpsItem"):
        ident = json.loads(body or b"{}").get("OpsItemId", "")
        return f"arn:aws:ssm:{responses.get_region()}:{responses.get_account_id()}:opsitem/{ident}"
    if headers.get("x-amz-target", "").startswith("AWSStepFunctions.SendTask"):
        return _machine_of_token.get(json.loads(body or b"{}").get("taskToken"), arn)
    return arn


iam_actions.extract_resource_arn = _resource_arn
if hasattr(ministack_app, "extract_resource_arn"):
    ministack_app.extract_resource_arn = _resource_arn


# -- Histories say what a task was called with, and a machine's message keeps its attributes ------

_called = threading.local()
_apply_jsonata_arguments, _add_event = stepfunctions._apply_jsonata_arguments, stepfunctions._add_event
_invoke_sns_publish, _invoke_with_callback = stepfunctions._invoke_sns_publish, stepfunctions._invoke_with_callback


def _remembered_arguments(state, raw_input, context=None):
    _called.state = raw_input, context
    _called.arguments = _apply_jsonata_arguments(state, raw_input, context)
    return _called.arguments


def _whole_event(execution, kind, details=None):
    if kind == "TaskScheduled":
        arguments = vars(_called).pop("arguments", {})
        called_with = {"region": responses.get_region(), "parameters": json.dumps(arguments)}
        details = {name: {**detail, **called_with} for name, detail in details.items()}
    return _add_event(execution, kind, details)


def _publish_with_attributes(resource, arguments):
    """ministack reads attributes as SNS's own form has them, not as Step Functions names them."""
    arguments = dict(arguments)
    for number, (name, value) in enumerate((arguments.pop("MessageAttributes", None) or {}).items(), 1):
        entry = f"MessageAttributes.entry.{number}"
        arguments[f"{entry}.Name"] = name
        arguments.update({f"{entry}.Value.{field}": text for field, text in value.items()})
    return _invoke_sns_publish(resource, arguments)


def _answered_in_time(resource, arguments, token, state):
    """ministack waits for an answer as long as a number says; AWS also lets JSONata say it."""
    timeout = state.get("TimeoutSeconds")
    if isinstance(timeout, str):
        seconds = stepfunctions._jsonata_state_field(state, "TimeoutSeconds", "number", *_called.state)
        state = {**state, "TimeoutSeconds": seconds}
    # Kept: an answer that comes too late gets the error for that, not a denial.
    _machine_of_token[token] = _called.state[1]["StateMachine"]["Id"]
    return _invoke_with_callback(resource, arguments, token, state)


stepfunctions._apply_jsonata_arguments = _remembered_arguments
stepfunctions._invoke_with_callback = _answered_in_time
stepfunctions._add_event = _whole_event
stepfunctions._SERVICE_DISPATCH["arn:aws:states:::sns:publish"] = _publish_with_attributes


# -- A number from a template's parameter arrives as text, which AWS takes ----------------------

_sqs_esm_concurrency = lambda_svc._sqs_esm_concurrency
lambda_svc._sqs_esm_concurrency = lambda *arguments: int(_sqs_esm_concurrency(*arguments))


# -- Quotas ---------------------------------------------------------------------------------------

_USUAL_CONCURRENCY = lambda_svc._ACCOUNT_CONCURRENCY_CAP


def quotas(request):
    """`{lambdaConcurrency?}`: how many functions run at once, and what GetAccountSettings says; null for the default."""
    unknown = request.keys() - {"lambdaConcurrency"}
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    lambda_svc._ACCOUNT_CONCURRENCY_CAP = request.get("lambdaConcurrency") or _USUAL_CONCURRENCY
    return {}


# -- The ASGI app -------------------------------------------------------------------------------

HOOKS = {"matching": matching, "identify": identify, "authorize": authorize, "resource-policy": resource_policy,
         "role-allows": role_allows, "keys": relay_sessions.keys, "assume": relay_sessions.assume,
         "organizations": organizations, "used": used, "impair": relay_instances.impair,
         "commands": relay_commands.commands, "quotas": quotas, "alarm-action": relay_alarms.action,
         "contributors": relay_contributors.change, "delivered": relay_contributors.delivered,
         "advance": relay_schedules.advance}


async def app(scope, receive, send):
    if scope["type"] != "http" or not scope["path"].startswith("/_relay/"):
        await ministack_app.app(scope, receive, send)
        return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    hook = HOOKS.get(scope["path"].removeprefix("/_relay/"))
    try:
        status, answer = (200, hook(json.loads(body or b"{}"))) if hook else (404, {"error": "no such hook"})
    except Exception as error:  # the gateway reports it; nothing here may take the emulator down
        status, answer = 500, {"error": {"code": "InternalFailure", "message": repr(error)}}
    payload = json.dumps(answer).encode()
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": payload})


# -- Life and death -----------------------------------------------------------------------------

def _end_with_stdin():
    while sys.stdin.buffer.read(4096):
        pass
    if folder := os.environ.get("RELAY_REMOVE_AT_END"):
        shutil.rmtree(folder, ignore_errors=True)
    os.killpg(os.getpgrp(), signal.SIGKILL)


async def _serve(serve, config):
    ticking = asyncio.create_task(relay_checks.tick_forever())
    await serve(app, config)
    ticking.cancel()


def main():
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    if os.getpgrp() != os.getpid():
        os.setpgrp()  # so that the end of stdin ends the functions' processes too
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    relay_outbox.start()
    config = Config()
    config.bind = [f"127.0.0.1:{sys.argv[1]}"]
    config.accesslog = None
    config.keep_alive_timeout = 3600
    config.h11_max_incomplete_size = 1 << 20
    asyncio.run(_serve(serve, config))


if __name__ == "__main__":
    main()
