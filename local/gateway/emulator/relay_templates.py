"""Alarms of templates that ministack does not make, over metric math and composite ones; and conditions that ask in which
account and Region a stack is, which ministack compares with nothing.

CloudFormation calls the API with a template's properties, which have the API's names. Numbers and truth
values may be texts in a template.
"""

import json

from ministack.core import responses
from ministack.services import cloudwatch
from ministack.services.cloudformation import changesets, engine, provisioners, stacks
from ministack.services.cloudformation import handlers as requests

ALARM, COMPOSITE = "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"
WHOLE = {"ActionsSuppressorExtensionPeriod", "ActionsSuppressorWaitPeriod", "DatapointsToAlarm", "EvaluationPeriods", "Period"}
FRACTIONS = {"Threshold"}
FLAGS = {"ActionsEnabled", "ReturnData"}


def _typed(key, value):
    if isinstance(value, dict):
        return {name: _typed(name, part) for name, part in value.items()}
    if isinstance(value, list):
        return [_typed(key, part) for part in value]
    if isinstance(value, str) and key in WHOLE | FRACTIONS:
        return float(value) if key in FRACTIONS else int(value)
    if isinstance(value, str) and key in FLAGS:
        return value.lower() == "true"
    return value


def _call(operation, body):
    status, _, answer = operation({}, body, False, True)
    if status != 200:
        refusal = json.loads(answer)
        raise ValueError(refusal.get("message") or refusal.get("Message") or str(refusal))


def _put(kind, name, props):
    operation = cloudwatch._put_composite_alarm if kind == COMPOSITE else cloudwatch._put_metric_alarm
    body = {**_typed(None, props), "AlarmName": name}
    # CloudFormation's own tags are among them, which the API refuses.
    tags = body.pop("Tags", None) or []
    _call(operation, body)
    cloudwatch.cloudformation_set_metric_alarm_tags(name, tags)
    arn = f"arn:aws:cloudwatch:{cloudwatch.get_region()}:{cloudwatch.get_account_id()}:alarm:{name}"
    return name, {"Arn": arn}


def _delete(physical_id, *_, **__):
    _call(cloudwatch._delete_alarms, {"AlarmNames": [physical_id]})


def _handlers(kind, others):
    """`others` make what ministack makes by itself; a template may change from one to the other."""
    def ours(props):
        return kind == COMPOSITE or bool(props.get("Metrics"))

    def create(logical_id, props, stack_name):
        if not ours(props):
            return others["create"](logical_id, props, stack_name)
        name = props.get("AlarmName") or provisioners._physical_name(stack_name, logical_id, max_len=255)
        return _put(kind, name, props)

    def update(physical_id, old_props, new_props, stack_name, logical_id=None):
        if not ours(new_props):
            return others["update"](physical_id, old_props, new_props, stack_name, logical_id)
        # Only another name makes another alarm.
        made = _put(kind, new_props.get("AlarmName") or physical_id, new_props)
        if made[0] != physical_id:
            _delete(physical_id)
        return made

    return {"create": create, "update": update, "update_with_logical_id": True,
            "delete": _delete if kind == COMPOSITE else others["delete"]}


def _evaluate_conditions(others):
    def evaluate(template, params):
        pseudo = {"AWS::Region": responses.get_region(), "AWS::AccountId": responses.get_account_id(),
                  "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"}
        return others(template, {**{name: {"Value": value} for name, value in pseudo.items()}, **params})
    return evaluate


def install(require):
    """Puts both into ministack; fails at start-up if what it rests on is not there."""
    require(cloudwatch, "_put_composite_alarm", "_put_metric_alarm", "_delete_alarms", "get_region", "get_account_id",
            "cloudformation_set_metric_alarm_tags")
    require(provisioners, "_physical_name", "_RESOURCE_HANDLERS")
    evaluate = _evaluate_conditions(engine._evaluate_conditions)
    for module in (engine, requests, changesets, stacks):
        require(module, "_evaluate_conditions")
        module._evaluate_conditions = evaluate
    handlers = provisioners._RESOURCE_HANDLERS
    handlers[ALARM] = _handlers(ALARM, handlers[ALARM])
    handlers[COMPOSITE] = _handlers(COMPOSITE, {})
