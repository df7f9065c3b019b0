"""The local AWS under test: clients whose every answer is held against the model, a ledger of what
was called and what went wrong, and the control interface.
"""

import contextlib
import json
import os
import random
import re
import time
import urllib.request
import uuid

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

import model

ENDPOINT = os.environ.get("RELAY_ENDPOINT", "")
HOME = "us-east-1"

# What any call may answer though the model declares it for no operation.
# https://docs.aws.amazon.com/systems-manager/latest/APIReference/CommonErrors.html
UNDECLARED = {
    "organizations": {
        "SerializationException": "front end: a member has the wrong JSON type",
    },
    "ssm": {
        "AccessDeniedException": "front end: IAM, and blocked public sharing",
        "ThrottlingException": "front end: rate",
        "ValidationException": "front end: the model's constraints",
        "SerializationException": "front end: a member has the wrong JSON type",
        "InvalidParameterException": "seen at ModifyDocumentPermission without accounts",
    },
}

# The errors that are the service's fault: HTTP 500. Others of these two services are HTTP 400.
FAULTS = {"InternalServerError", "ServiceException"}


class Ledger:
    """What the suite has called, and which errors it has met."""

    def __init__(self):
        self.answered = set()  # (service, operation)
        self.met = {}  # (service, operation, code) -> {"naturally", "by fault"}
        self.problems = []
        self.injecting = False

    def problem(self, text):
        self.problems.append(text)

    def error(self, service, operation, code):
        self.met.setdefault((service, operation, code), set()).add("by fault" if self.injecting else "naturally")


LEDGER = Ledger()
_SESSION = boto3.Session()
_CLIENTS = {}


def client(service, account, region=HOME):
    """A client for the root of an account. It sends what it is given, without checking it first."""
    key = service, account, region
    if key not in _CLIENTS:
        _CLIENTS[key] = client_of(service, account, "any", region)
    return _CLIENTS[key]


def client_of(service, access_key, secret, region=HOME):
    """A client for the owner of a key; answers of our own services are checked against their models."""
    made = _SESSION.client(
        service, endpoint_url=ENDPOINT, region_name=region, aws_access_key_id=access_key,
        aws_secret_access_key=secret,
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1},
                      connect_timeout=5, read_timeout=20))
    if service in UNDECLARED:
        made.meta.events.register("before-parse", _validate)
    return made


def _validate(operation_model, response_dict, **_):
    """Sees every answer before botocore's parser does."""
    service = operation_model.service_model.service_name
    where = f"{service} {operation_model.name}"
    headers, body = response_dict["headers"], response_dict["body"]
    for text in _of_headers(headers):
        LEDGER.problem(f"{where}: {text}")
    try:
        parsed = json.loads(body) if body else {}
    except ValueError as error:
        LEDGER.problem(f"{where}: the body is not JSON: {error}: {body[:200]!r}")
        return
    if response_dict["status_code"] < 300:
        LEDGER.answered.add((service, operation_model.name))
        found = _of_output(operation_model, parsed)
    else:
        found = _of_error(service, operation_model, response_dict, parsed)
    for text in found:
        LEDGER.problem(f"{where}: {text}")


def _of_headers(headers):
    if headers.get("content-type") != "application/x-amz-json-1.1":
        yield f"content-type is {headers.get('content-type')}"
    try:
        uuid.UUID(headers.get("x-amzn-requestid", ""))
    except ValueError:
        yield f"x-amzn-requestid is {headers.get('x-amzn-requestid')!r}"


def _of_output(operation_model, body):
    if operation_model.output_shape is None:
        return [f"an operation without output answers {body}"] if body else []
    return list(model.violations(operation_model.output_shape, body))


def _of_error(service, operation_model, response, body):
    if not isinstance(body, dict) or not isinstance(body.get("__type"), str):
        return [f"an error without __type: {body}"]
    code = body["__type"].rsplit("#", 1)[-1]
    LEDGER.error(service, operation_model.name, code)
    found = []
    header = response["headers"].get("x-amzn-errortype", code).split(":")[0]
    if header != code:
        found.append(f"__type says {code}, x-amzn-errortype says {header}")
    declared = {shape.error_code: shape for shape in operation_model.error_shapes}
    shape = declared.get(code)
    if shape is None and code not in UNDECLARED[service]:
        found.append(f"{code} is neither declared nor common")
    # AWS sends a text with errors whose shape has no member for it, too.
    members = {name: value for name, value in body.items() if name != "__type"}
    text = members.get("Message", members.get("message", ""))
    if not isinstance(text, str):
        found.append(f"{code}: the text is {text!r}")
    if shape is not None:
        known = {name: value for name, value in members.items()
                 if name in shape.members or name.lower() != "message"}
        found += [f"{code}: {text}" for text in model.violations(shape, known)]
    if response["status_code"] != (500 if code in FAULTS else 400):
        found.append(f"{code} has HTTP status {response['status_code']}")
    return found


def control(method, path, body=None):
    """Calls the control interface and returns what it answers."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{ENDPOINT}/_relay/{path}", data, {"content-type": "application/json"},
                                     method=method)
    with urllib.request.urlopen(request, timeout=20) as response:
        return json.loads(response.read() or b"{}")


def advance(duration):
    """Moves the local AWS's clock, e.g. by `PT2S`."""
    control("POST", "clock", {"advance": duration})


@contextlib.contextmanager
def injected(service, operation, account, kind, code=None):
    """The next call of `operation` by `account` fails as `kind` says, under `code` if one is given."""
    fault = {"service": service, "operation": operation, "account": account, "times": 1, "kind": kind}
    control("POST", "faults", [fault | ({"code": code} if code else {})])
    LEDGER.injecting = True
    try:
        yield
    finally:
        LEDGER.injecting = False


def fresh_account():
    """The id of an account that nothing has used yet."""
    return f"7{random.SystemRandom().randrange(10**11):011}"


def fresh_name(prefix="Relay"):
    """A name that nothing has used yet."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def code_of(call, /, **arguments):
    """The code of the error that `call` answers with; a success is a failure of the test."""
    return error_of(call, **arguments)["Error"]["Code"]


def error_of(call, /, **arguments):
    """The error that `call` answers with, as botocore parsed it."""
    try:
        answer = call(**arguments)
    except ClientError as error:
        return error.response
    raise AssertionError(f"an error is expected, not {answer}")


def pages(call, result, /, **arguments):
    """All items of a paged operation, page by page, by hand: some have no paginator."""
    items, token = [], None
    while True:
        answer = call(**arguments, **({"NextToken": token} if token else {}))
        items += answer[result]
        token = answer.get("NextToken")
        if not token:
            return items


def eventually(probe, *, within=5.0):
    """What `probe` returns once it is true."""
    end = time.monotonic() + within
    while not (found := probe()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {within} s")
        time.sleep(0.02)
    return found


def snake(operation):
    """`ListTagsForResource` -> the client's method for it."""
    from botocore import xform_name

    return re.sub(r"__+", "_", xform_name(operation))
