"""What EventBridge refuses of a rule's targets, for a call and for a stack; ministack looks at the ARN's service only.

Sources of the words: hashicorp/terraform-provider-aws#6461 and aws/aws-sdk-js#2360 (RunCommandParameters), #19913 of the
former (RoleArn), awsdocs/aws-cloudformation-user-guide#1010 (Input). Forms of the ARNs: EventBridge guide, "Event bus targets".
"""

import json
import re

from ministack.core.responses import error_response_json
from ministack.services import eventbridge
from ministack.services.cloudformation import provisioners

RULE = "AWS::Events::Rule"
SSM = re.compile(r"arn:[\w-]+:ssm:[\w-]+:(\d{12})?:(automation-definition|document|opsitem|incident-response)\b")
NAMED = re.compile(r"arn:[\w-]+:ssm:[\w-]+:(\d{12})?:(automation-definition/[\w.-]+(:[\w$]+)?|document/[\w.-]+)")
INPUTS = ("Input", "InputPath", "InputTransformer")


def _is_json(text):
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _ssm(target):
    """Why a target of Systems Manager is refused; `None` if it is not."""
    arn, ident = target["Arn"], target.get("Id")
    kind = SSM.match(arn)
    runs = kind is not None and kind[2] in ("automation-definition", "document")
    if kind is None or (runs and not NAMED.fullmatch(arn)):
        return f"Parameter {arn} is not valid. Reason: Provided Arn is not in correct format."
    if runs and not target.get("RoleArn"):
        return f"RoleArn is required for target {arn}."
    parameters = target.get("RunCommandParameters")
    if (kind[2] == "document") != bool(parameters):
        return f"Parameter RunCommandParameters is not valid for target {ident}."
    return None


def refusal(target):
    """Why EventBridge does not take a target; `None` if it does."""
    arn, ident = target.get("Arn", ""), target.get("Id")
    if sum(bool(target.get(name)) for name in INPUTS) > 1:
        return f"Only one of Input, InputPath, or InputTransformer must be provided for target {ident}."
    if target.get("Input") and not _is_json(target["Input"]):
        return f"Input for target {ident} is not a valid JSON text."
    if arn.split(":")[2:3] == ["ssm"]:
        return _ssm(target)
    if target.get("RunCommandParameters"):
        return f"Parameter RunCommandParameters is not valid for target {ident}."
    return None


def _validate(others):
    def validate(target):
        error = others(target)
        why = None if error else refusal(target)
        return error_response_json("ValidationException", why, 400) if why else error
    return validate


def _create(others):
    """A stack's rule is made by ministack without any check of its targets."""
    def create(logical_id, props, stack_name, *rest, **named):
        for target in props.get("Targets") or []:
            why = refusal(target)
            if why:
                raise ValueError(f"{why} (Service: EventBridge, Status Code: 400)")
        return others(logical_id, props, stack_name, *rest, **named)
    return create


def install(require):
    """Puts all this into ministack; fails at start-up if what it rests on is not there."""
    require(eventbridge, "_put_targets", "_validate_target_arn")
    eventbridge._validate_target_arn = _validate(eventbridge._validate_target_arn)
    handlers = provisioners._RESOURCE_HANDLERS[RULE]
    handlers["create"] = _create(handlers["create"])
