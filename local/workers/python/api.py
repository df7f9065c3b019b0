"""Makes AWS API calls with botocore, several at a time, for as long as the gateway lives: `api.py ENDPOINT`.

Takes `{"id", "service", "api", "region", "keys", "parameters"}`, answers `{"id", "answer"}` or
`{"id", "error": {"code", "message", "origin"}}`, in whatever order the calls end. Never repeats a call: retry is the
engine's. Knows no credentials but those of a call.
"""

import base64
import collections
import concurrent.futures
import datetime
import os
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import botocore.exceptions
import botocore.parsers
import botocore.session
import frames
import loopback
import scalars
from botocore.config import Config
from botocore.credentials import Credentials

ENDPOINT = sys.argv[1]
THREADS = 64
CLIENTS = 32
# Longer than the longest call an action waits for: aws:invokeLambdaFunction's 300 seconds.
READ_TIMEOUT = 330

_call = threading.local()  # keys: whose call this thread makes; sent: whether it has left


class CredentialsOfTheCall(Credentials):
    """Signs with the keys of the call that the thread makes, so that all sessions share a service's client."""

    def __init__(self):
        super().__init__("none", "none")

    def get_frozen_credentials(self):
        keys = _call.keys
        return Credentials(keys["accessKeyId"], keys["secretAccessKey"], keys["sessionToken"]).get_frozen_credentials()


class _Provider:
    def load_credentials(self):
        return CredentialsOfTheCall()


class Refused(Exception):
    """The call cannot be made: no such service, no such operation, or not one that is answered whole."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Clients:
    """The clients used last, by service and Region. A client is safe to share between threads; making one is not."""

    def __init__(self):
        self._lock = threading.Lock()
        self._clients = collections.OrderedDict()
        self._renew()

    def _renew(self):
        self._session = botocore.session.Session()
        self._session.register_component("credential_provider", _Provider())
        self._made = 0

    def get(self, service, region):
        with self._lock:
            client = self._clients.get((service, region))
            if client is None:
                client = self._clients[service, region] = self._make(service, region)
            self._clients.move_to_end((service, region))
            if len(self._clients) > CLIENTS:
                self._clients.popitem(last=False)
            return client

    def _make(self, service, region):
        if self._made == 4 * CLIENTS:
            self._renew()  # a session keeps every model it has read
        self._made += 1
        try:
            client = self._session.create_client(
                service, region_name=region, endpoint_url=ENDPOINT,
                config=Config(retries={"total_max_attempts": 1, "mode": "standard"}, connect_timeout=5,
                              read_timeout=READ_TIMEOUT, max_pool_connections=THREADS))
        except botocore.exceptions.UnknownServiceError as error:
            raise Refused("UnknownService", str(error)) from error
        client.operations = {plain(name): name for name in client.meta.service_model.operation_names}
        client.meta.events.register("before-send", _sent)
        return client


def _sent(**_):
    _call.sent = True


def plain(name):
    """What `DescribeInstances`, `describe_instances` and `describe-instances` have in common."""
    return name.replace("_", "").replace("-", "").lower()


def make(call):
    """The answer of one call, ready for JSON."""
    client = CLIENTS_IN_USE.get(call["service"], call["region"])
    name = client.operations.get(plain(call["api"]))
    if name is None:
        raise Refused("UnknownOperation", f"Unknown operation: {call['api']} of the service {call['service']}")
    model = client.meta.service_model.operation_model(name)
    if _streams(model):
        raise Refused("ParamValidation", f"{name} of the service {call['service']}: no streaming operations")
    # As botocore's own methods do it; their spelling (describe_db_instances) is botocore's secret.
    parameters = call["parameters"]
    if model.input_shape is not None:
        parameters = scalars.fitted(parameters, model.input_shape)
    answer = client._make_api_call(name, parameters)
    return plain_data(answer)


def _streams(model):
    """Whether an answer comes in pieces. A blob that is a whole body (lambda Invoke) does not."""
    if model.has_event_stream_input or model.has_event_stream_output:
        return True
    body = model.get_streaming_output()
    if body is None:
        return False
    member = model.output_shape.serialization["payload"]
    described = model.output_shape._shape_model["members"][member]
    return bool(described.get("streaming") or body._shape_model.get("streaming"))


def plain_data(value):
    """An answer in JSON's types: times as ISO 8601, bytes as text, or in base64 where they are not text."""
    if isinstance(value, dict):
        return {str(name): plain_data(member) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_data(item) for item in value]
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).isoformat()
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if hasattr(value, "read"):
        value = value.read()
    if isinstance(value, (bytes, bytearray)):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)


NO_ANSWER = (botocore.exceptions.ConnectionError, botocore.exceptions.HTTPClientError, botocore.parsers.ResponseParserError,
             botocore.exceptions.IncompleteReadError)


def describe(error):
    """code, message, and who says so: the service, botocore before anything left, or nobody (no answer)."""
    if isinstance(error, Refused):
        return error.code, str(error), "input"
    if isinstance(error, botocore.exceptions.ClientError):
        said = error.response.get("Error", {})
        code = str(said.get("Code", "Unknown"))
        # botocore's words, without its remark on retries, which do not apply here.
        words = f"An error occurred ({code}) when calling the {error.operation_name} operation: {said.get('Message', 'Unknown')}"
        return code, words, "service"
    if isinstance(error, botocore.exceptions.ParamValidationError):
        return "ParamValidation", str(error), "input"
    origin = "lost" if isinstance(error, NO_ANSWER) or _call.sent else "input"
    return type(error).__name__, str(error), origin


def serve(sock, sending, call):
    _call.keys, _call.sent = call["keys"], False
    try:
        reply = {"id": call["id"], "answer": make(call)}
    except Exception as error:  # whatever botocore raises is this call's answer
        code, message, origin = describe(error)
        reply = {"id": call["id"], "error": {"code": code, "message": message, "origin": origin}}
    with sending:
        frames.send(sock, reply)


loopback.install()
CLIENTS_IN_USE = Clients()


def main():
    sock = frames.channel()
    sending = threading.Lock()
    with concurrent.futures.ThreadPoolExecutor(THREADS) as threads:
        while (call := frames.receive(sock)) is not None:
            threads.submit(serve, sock, sending, call)
        os._exit(0)  # calls in flight are nobody's any more


if __name__ == "__main__":
    main()
