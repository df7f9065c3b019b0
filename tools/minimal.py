"""Evaluates the outcome that a state machine composes while publish-outcome is down.

The expression runs in the Python port of JSONata with the functions that Step Functions adds and the expression uses. The
samples are what the variables of each machine may hold at that point.
"""

import hashlib
import json
import uuid
from datetime import datetime

from jsonata import Jsonata
from jsonata.utils import Utils

ARN = "arn:aws:states:us-east-1:111122223333:execution:any:join-444455556666-1700000000-2"
COMMON = {
    "execution": {"arn": ARN, "name": "join-444455556666-1700000000-2", "startTime": "2026-01-02T03:04:05.000Z"},
    "input": {"accounts": ["444455556666", "555566667777"], "trigger": {"kind": "join", "arn": None, "eventIds": ["e"]}},
    "publishFailure": {"Error": "AccessDenied", "Cause": "denied"},
    "failure": None,
}
FAILURE = {"failure": {"Error": "Throttled", "Cause": "too many calls"}}
COUNTS = {"documents": 3, "added": 2, "removed": 0, "present": 1, "failed": 0}
SHARES = [
    {"owner": "222233334444", "region": "us-east-1", "counts": COUNTS},
    {"owner": "222233334444", "region": "eu-west-1", "counts": COUNTS},
]
LOST = {"owner": "333344445555", "region": "us-east-1", "error": {"Error": "AccessDenied", "Cause": "denied"}}
RUN = {"flow": "remediation", "runs": [], "input": {
    "account": "444455556666", "region": "us-east-1", "resources": ["i-1"], "severity": "critical",
    "rule": {"name": "cpu", "rulesVersion": "sha256:1"}, "trigger": COMMON["input"]["trigger"]}}

# By machine: the variables, and how the outcome has to be called.
SAMPLES = {
    "await-membership": [
        ({"membership": {"state": "cancelled", "account": "444455556666"}}, "cancelled"),
        ({"membership": {"state": "failed"}}, "failed"),
        ({"membership": None, **FAILURE, "input": "not an object"}, "failed"),
    ],
    "share-runbooks": [
        ({"plan": {"rulesVersion": "sha256:1"}, "shares": SHARES}, "succeeded"),
        ({"plan": {"rulesVersion": "sha256:1"}, "shares": [*SHARES, LOST]}, "partial"),
        ({"plan": {}, "shares": [LOST]}, "failed"),
        ({"plan": None, "shares": [], **FAILURE, "input": {"organization": True}}, "failed"),
    ],
    "run-automation": [
        ({**RUN, "runs": [{"end": {"ran": "succeeded"}, "seen": "recovered"}]}, "succeeded"),
        ({**RUN, "runs": [{"end": {"ran": "succeeded"}, "seen": "notRecovered"}]}, "failed"),
        ({**RUN, "flow": "run", **FAILURE, "input": {}}, "failed"),
    ],
}


def compiled(expression):
    """An expression with the functions that Step Functions adds."""
    ready = Jsonata.jsonata(expression)
    ready.register_lambda("hash", lambda text, _algorithm: hashlib.sha1(text.encode()).hexdigest())
    ready.register_lambda("toMillis", lambda text: datetime.fromisoformat(text).timestamp() * 1000)
    return ready


def _evaluate(expression, variables):
    # The port takes None for "undefined".
    return compiled(expression).evaluate(None, {name: Utils.NULL_VALUE if value is None else value for name, value in variables.items()})


def problems(machine, validator):
    """Says what is wrong with the outcomes that a machine composes of its samples."""
    expression = dict(machine.expressions()).get("States.Compose a minimal outcome.Assign.minimal")
    if expression is None:
        yield "no state `Compose a minimal outcome` assigns `minimal`"
        return
    expected_id = str(uuid.uuid5(uuid.UUID(bytes=b"runbook-relay-v1"), f"{ARN}/final"))
    for variables, status in SAMPLES[machine.name]:
        minimal = _evaluate(expression, {**COMMON, **variables})
        outcome = json.loads(json.loads(minimal["message"])["default"])
        if (minimal["id"], minimal["outcome"]) != (expected_id, status) or minimal["id"] != outcome["id"]:
            yield f"expected {status} {expected_id}, found {minimal['outcome']} {minimal['id']}"
        if sorted(outcome) != sorted(validator.schema["properties"]):
            yield f"fields that only one of outcome and schema has: {sorted(set(outcome) ^ set(validator.schema['properties']))}"
        for error in validator.iter_errors(outcome):
            yield f"{error.json_path}: {error.message}"
        attributes = {name: attribute["StringValue"] for name, attribute in minimal["attributes"].items()}
        for name in ("flow", "outcome", "severity"):
            if attributes[name] != outcome[name]:
                yield f"attribute {name}: expected {outcome[name]}, found {attributes[name]}"
