"""What AWS refuses and ministack takes: an Advanced parameter made Standard again, and a queue whose messages return to it
while the function that takes them still runs.

Sources: Parameter Store guide, "Managing parameter tiers"; Lambda guide, "Using Lambda with Amazon SQS".
"""

from ministack.core.responses import error_response_json
from ministack.services import lambda_svc, sqs, ssm
from ministack.services.cloudformation import provisioners

STANDARD = 4096
DOWNGRADE = ("This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier "
             "to the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as a "
             "standard parameter.")
MAPPING = "AWS::Lambda::EventSourceMapping"


def _tier(data, existing):
    """The tier that a parameter gets: Intelligent-Tiering is a question, not an answer."""
    if data.get("Tier") != "Intelligent-Tiering":
        return data.get("Tier")
    kept = existing is not None and existing.get("Tier") == "Advanced"
    needed = len(data.get("Value", "").encode()) > STANDARD or data.get("Policies")
    return "Advanced" if kept or needed else "Standard"


def _put_parameter(others):
    def put(data):
        existing = ssm._parameters.get(data.get("Name"))
        tier = _tier(data, existing)
        if tier == "Standard" and existing is not None and existing.get("Tier") == "Advanced":
            return error_response_json("ValidationException", DOWNGRADE, 400)
        return others({**data, "Tier": tier} if tier else data)
    return put


def _too_short(function_name, source):
    """Why Lambda does not map a queue to a function; `None` if it does."""
    if ":sqs:" not in str(source):
        return None
    name = function_name.rsplit(":function:", 1)[-1].split(":")[0]
    function = lambda_svc._functions.get(name)
    queue = next((each for each in sqs._queues.values() if each["attributes"].get("QueueArn") == source), None)
    if function is None or queue is None:
        return None
    visible, runs = int(queue["attributes"].get("VisibilityTimeout", 30)), int(function["config"].get("Timeout", 3))
    if visible >= runs:
        return None
    return f"Queue visibility timeout: {visible} seconds is less than Function timeout: {runs} seconds"


def _create_mapping(others):
    def create(data):
        why = _too_short(data.get("FunctionName", ""), data.get("EventSourceArn", ""))
        return error_response_json("InvalidParameterValueException", why, 400) if why else others(data)
    return create


def _create_in_a_stack(others):
    def create(logical_id, props, stack_name, *rest, **named):
        why = _too_short(str(props.get("FunctionName", "")), props.get("EventSourceArn", ""))
        if why:
            raise ValueError(f"Invalid request provided: {why}")
        return others(logical_id, props, stack_name, *rest, **named)
    return create


def install(require):
    """Puts all this into ministack; fails at start-up if what it rests on is not there."""
    require(ssm, "_put_parameter", "_parameters")
    require(lambda_svc, "_create_esm", "_functions")
    require(sqs, "_queues")
    ssm._put_parameter = _put_parameter(ssm._put_parameter)
    lambda_svc._create_esm = _create_mapping(lambda_svc._create_esm)
    handlers = provisioners._RESOURCE_HANDLERS[MAPPING]
    handlers["create"] = _create_in_a_stack(handlers["create"])
