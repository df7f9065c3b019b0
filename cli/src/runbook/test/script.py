"""Runs one script of a runbook for a test. Its calls of AWS are answered by the process that started this one.

One line of JSON comes in (script, handler, events, attachment); one goes out for each call, and comes back with its answer;
the last one has what the handler returned or raised. An attachment is unpacked into a folder of its own, which is where the
script is then. There are no credentials and no network in it by which AWS could be reached.
"""

import base64
import importlib
import io
import json
import os
import signal
import sys
import tempfile
import time
import types
import zipfile

# Whatever the script waits for, the test does not.
signal.alarm(60)
time.sleep = lambda seconds: None
INCOMING, OUTGOING = sys.stdin, sys.stdout
sys.stdout = sys.stderr


def say(message):
    OUTGOING.write(json.dumps(message, default=str) + "\n")
    OUTGOING.flush()


class ClientError(Exception):
    def __init__(self, error_response, operation_name):
        error = error_response.get("Error", {})
        super().__init__(f"An error occurred ({error.get('Code')}) when calling the {operation_name} operation: "
                         f"{error.get('Message')}")
        self.response, self.operation_name = error_response, operation_name


class Exceptions:
    """The exceptions of a client: a class for each code, made when it is first named."""

    ClientError = ClientError

    def __getattr__(self, name):
        made = type(name, (ClientError,), {})
        setattr(self, name, made)
        return made


class Paginator:
    def __init__(self, client, operation):
        self.client, self.operation = client, operation

    def paginate(self, **arguments):
        arguments.pop("PaginationConfig", None)
        yield self.client.call(self.operation, arguments)


class Waiter:
    """Waits for nothing: a test's world is as its answers say."""

    def wait(self, **arguments):
        return None


class Client:
    def __init__(self, service, **settings):
        self.service, self.exceptions = service, Exceptions()

    def call(self, operation, arguments):
        say({"call": {"service": self.service, "operation": operation, "parameters": arguments}})
        answer = json.loads(INCOMING.readline())
        if "error" in answer:
            code, message = answer["error"]["code"], answer["error"]["message"]
            kind = getattr(self.exceptions, code.replace(".", ""))
            raise kind({"Error": {"Code": code, "Message": message}}, answer["operation"])
        found = answer["answer"]
        # What botocore gives as a stream.
        for name in ("Body", "Payload"):
            if operation in ("get_object", "invoke") and isinstance(found.get(name), str):
                found[name] = io.BytesIO(found[name].encode())
        return found

    def get_paginator(self, operation):
        return Paginator(self, operation)

    def get_waiter(self, name):
        return Waiter()

    def can_paginate(self, operation):
        return True

    def __getattr__(self, operation):
        if operation.startswith("_"):
            raise AttributeError(operation)
        return lambda **arguments: self.call(operation, arguments)


def resource(*names, **settings):
    raise NotImplementedError("boto3.resource in a test: use a client")


def module(name, **members):
    made = types.ModuleType(name)
    made.__dict__.update(members)
    sys.modules[name] = made
    return made


class Session:
    client, resource = staticmethod(Client), staticmethod(resource)

    def __init__(self, **settings):
        pass


class Config:
    def __init__(self, **settings):
        pass


def main():
    exceptions = module("botocore.exceptions", ClientError=ClientError, BotoCoreError=type("BotoCoreError", (Exception,), {}),
                        WaiterError=type("WaiterError", (Exception,), {}))
    module("botocore", exceptions=exceptions, config=module("botocore.config", Config=Config))
    module("boto3", client=Client, resource=resource, Session=Session, session=module("boto3.session", Session=Session))
    given = json.loads(INCOMING.readline())
    try:
        with tempfile.TemporaryDirectory() as folder:
            returned = handler(given, folder)(given["events"], {})
            say({"returns": json.loads(json.dumps(returned, default=str))})
    except Exception as error:
        say({"raises": f"{type(error).__name__} - {error}"})


def unpack(attachment, folder):
    content = base64.b64decode(attachment["content"])
    if attachment["name"].lower().endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            archive.extractall(folder)
    else:
        with open(os.path.join(folder, os.path.basename(attachment["name"])), "wb") as file:
            file.write(content)
    os.chdir(folder)
    sys.path.insert(0, folder)


def handler(given, folder):
    """The function of the script, or with an attachment alone that of a module: `file.function`."""
    if given["attachment"]:
        unpack(given["attachment"], folder)
    if given["script"] is None:
        module, _, function = given["handler"].rpartition(".")
        return getattr(importlib.import_module(module), function)
    names = {"__name__": "script"}
    exec(compile(given["script"], "script", "exec"), names)  # noqa: S102
    return names[given["handler"]]


main()
