"""KMS keys of queues and topics: a caller that sends or reads has to be allowed to use the key, too.

SQS and SNS call KMS in the caller's name, with `kms:ViaService` saying so; for a service that acts in its own name (an
EventBridge rule, an alarm, a topic) the key's own policy has to allow that service. ministack never asks.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
"""

from ministack.core import iam_evaluator as iam
from ministack.core import responses
from ministack.core.arn import ArnParseError, parse_arn
from ministack.services import kms, sns, sqs
from ministack.services.cloudformation import provisioners

SENDING, READING = ("kms:GenerateDataKey", "kms:Decrypt"), ("kms:Decrypt",)
USES = {"sqs:SendMessage": SENDING, "sqs:ReceiveMessage": READING, "sns:Publish": SENDING}


def key_of(resource):
    """The customer managed key of a queue or topic: its record, or `None`. AWS's own keys ask nobody."""
    try:
        spec = parse_arn(resource)
    except ArnParseError:
        return None
    if spec.service == "sqs":
        holder, name = sqs._queue_by_arn(resource), "KmsMasterKeyId"
    elif spec.service == "sns":
        holder, name = sns._topic_by_arn_any_scope(resource), "KmsMasterKeyId"
    else:
        return None
    key = ((holder or {}).get("attributes") or {}).get(name)
    if not key or key.startswith("alias/aws/"):
        return None
    with responses.request_scope(spec.account_id, spec.region):
        return kms._resolve_key(key)


def needs(action, resource, region):
    """What else a principal has to be allowed for this: the actions on the key, the key's ARN and the condition keys."""
    uses = USES.get(action)
    key = uses and key_of(resource)
    if not key:
        return (), None, {}
    service = action.split(":", 1)[0]
    return uses, key["Arn"], {"kms:ViaService": f"{service}.{region}.amazonaws.com", "aws:ViaAWSService": "true",
                              "kms:CallerAccount": responses.get_account_id()}


def service_may_use(action, resource, service, context):
    """Whether the key of a queue or topic lets a service send. True where there is no such key."""
    key = key_of(resource) if action in USES else None
    if key is None:
        return True
    spec = parse_arn(key["Arn"])

    def allowed(use):
        question = iam.EvalContext(
            principal_arn=service, principal_type="Service", principal_account="", action=use,
            resource_arn=key["Arn"], region=spec.region, secure_transport=True, service_context=context)
        return iam.evaluate_resource_policy(key.get("Policy") or "", question, service).decision == "Allow"
    return all(allowed(use) for use in USES[action])


def _encrypted(others):
    """The key of a template's topic, which ministack forgets."""
    def keep(made, properties):
        attributes = sns._topics[made[0]]["attributes"]
        attributes.pop("KmsMasterKeyId", None)
        if properties.get("KmsMasterKeyId"):
            attributes["KmsMasterKeyId"] = properties["KmsMasterKeyId"]
        return made

    def create(logical_id, properties, *more, **named):
        return keep(others["create"](logical_id, properties, *more, **named), properties)

    def update(physical_id, old, new, *more, **named):
        return keep(others["update"](physical_id, old, new, *more, **named), new)

    return {**others, "create": create, "update": update}


def install(require):
    """Puts the keys of topics into ministack; fails at start-up if what this uses is not there."""
    require(provisioners, "_RESOURCE_HANDLERS")
    require(sns, "_topics")
    handlers = provisioners._RESOURCE_HANDLERS
    handlers["AWS::SNS::Topic"] = _encrypted(handlers["AWS::SNS::Topic"])
    require(kms, "_resolve_key")
    require(sns, "_topic_by_arn_any_scope")
    require(sqs, "_queue_by_arn")
