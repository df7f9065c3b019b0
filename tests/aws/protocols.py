"""Requests by hand in any protocol that a service speaks, and what its errors say in that protocol: boto3 speaks only
one of them.
"""

import functools
import threading

import botocore.session
from botocore import UNSIGNED
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest, prepare_request_dict
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

import local

_SESSION = botocore.session.get_session()
_OF_THREAD = threading.local()
# So deep the required members of an input are filled in.
_DEEPEST = 6

SAMPLES = {"string": "x", "character": "x", "integer": 1, "long": 1, "float": 1.0, "double": 1.0, "boolean": True,
           "timestamp": 0, "blob": b"x"}
# Texts that are looked at before anybody is asked who may do this, by the names of their shapes.
NAMED = {"DocumentName": "Document", "DocumentARN": "Document", "AssociationId": "5f0c4a2e-0000-4000-8000-000000000001",
         "ExecutionPreviewId": "5f0c4a2e-0000-4000-8000-000000000001", "DocumentVersionNumber": "1",
         "AssociationExecutionId": "5f0c4a2e-0000-4000-8000-000000000001"}


@functools.cache
def model(service):
    """The service model that botocore ships."""
    return _SESSION.get_service_model(service)


def services():
    """The names of all services that botocore knows."""
    return _SESSION.get_available_services()


def signing_name(service):
    """The name that requests to a service are signed for."""
    metadata = model(service).metadata
    return metadata.get("signingName", metadata["endpointPrefix"])


def protocols(service):
    """All protocols of a service."""
    metadata = model(service).metadata
    return metadata.get("protocols", [metadata["protocol"]])


def is_signed(operation):
    """Whether AWS serves the operation to those only who sign."""
    return operation.auth_type != "none" and operation.auth != ["smithy.api#noAuth"] and operation.auth_type != UNSIGNED


def sample(shape, named=NAMED, depth=0):
    """The least that an input needs: its required members, and all that are part of the path. `named` are the texts
    that have to be what they are called."""
    kind = shape.type_name
    if kind == "structure":
        wanted = set(shape.required_members)
        wanted |= {name for name, member in shape.members.items() if member.serialization.get("location") == "uri"}
        if getattr(shape, "is_tagged_union", False) and shape.members:
            wanted = {next(iter(shape.members))}
        return {name: sample(shape.members[name], named, depth + 1) for name in wanted} if depth < _DEEPEST else {}
    if kind == "list":
        return [sample(shape.member, named, depth + 1)] if depth < _DEEPEST else []
    if kind == "map":
        return {}
    known = shape.metadata.get("enum")
    if kind == "string" and not known:
        return named.get(shape.name, "x" * max(shape.metadata.get("min", 1), 1))
    return known[0] if known else SAMPLES[kind]


def call(service, operation, protocol, credentials, parameters=None, named=None):
    """Calls an operation in a protocol, in the home Region; returns the HTTP status and the code of the error, if it is one."""
    described = model(service).operation_model(operation)
    if parameters is None:
        shape = described.input_shape
        parameters = sample(shape, {**NAMED, **(named or {})}) if shape else {}
    request = create_serializer(protocol, include_validation=False).serialize_to_request(parameters, described)
    request.pop("host_prefix", None)  # everything is at one host here
    prepare_request_dict(request, local.ENDPOINT)
    request["headers"].setdefault("Content-Type", "application/octet-stream")
    prepared = AWSRequest(method=request["method"], url=request["url"], data=request["body"],
                          headers=request["headers"])
    sign = S3SigV4Auth if service == "s3" else SigV4Auth
    sign(Credentials(*credentials), signing_name(service), local.HOME).add_auth(prepared)
    response = _http().send(prepared.prepare())
    status = response.status_code
    if status < 300:
        return status, None
    answer = {"status_code": status, "headers": response.headers, "body": response.content}
    try:
        return status, create_parser(protocol).parse(answer, described.output_shape)["Error"]["Code"]
    except Exception as error:  # an answer in another protocol, which is what a test wants to know
        return status, f"not in {protocol}: {type(error).__name__}: {response.content[:100]!r}"


def _http():
    if not hasattr(_OF_THREAD, "http"):
        _OF_THREAD.http = URLLib3Session(timeout=20)
    return _OF_THREAD.http
