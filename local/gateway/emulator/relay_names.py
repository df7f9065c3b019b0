"""What CloudFormation refuses about names and roles, and ministack lets pass: a resource whose name something else has already,
and a permissions boundary, which ministack forgets. And a table's name that CloudFormation chooses, which is a new one in
each stack: the table of a deleted stack may have been kept.

A name is taken if the resource of another stack has it; a role's name also if the role was made by hand.
"""

from ministack.core import responses
from ministack.services import cloudformation, iam
from ministack.services.cloudformation import provisioners

ROLE, TABLE = "AWS::IAM::Role", "AWS::DynamoDB::Table"
NAMES = {
    ROLE: "RoleName", "AWS::IAM::ManagedPolicy": "ManagedPolicyName", "AWS::SQS::Queue": "QueueName",
    "AWS::Lambda::Function": "FunctionName", "AWS::StepFunctions::StateMachine": "StateMachineName",
    "AWS::Events::Rule": "Name", "AWS::SNS::Topic": "TopicName", "AWS::KMS::Alias": "AliasName",
    "AWS::Logs::LogGroup": "LogGroupName", "AWS::CloudWatch::Alarm": "AlarmName",
}


def _taken(kind, name, stack_name):
    """Whether another stack of the account, for IAM in any Region, has a resource of this name."""
    here = (responses.get_account_id(), responses.get_region(), stack_name)
    for place, stack in cloudformation._stacks._data.items():
        regional = not kind.startswith("AWS::IAM::")
        if place == here or place[0] != here[0] or (regional and place[1] != here[1]):
            continue
        if stack.get("StackStatus") == "DELETE_COMPLETE":
            continue
        for resource in stack.get("_resources", {}).values():
            if resource["ResourceType"] == kind and (resource.get("Properties") or {}).get(NAMES[kind]) == name:
                return True
    return kind == ROLE and name in iam._roles


def _boundary(properties):
    """The permissions boundary of a role, which has to exist."""
    boundary = properties.get("PermissionsBoundary")
    if boundary and not iam._policy_exists(boundary):
        raise ValueError(f"Scope ARN: {boundary} does not exist or is not attachable.")
    return boundary


def _named(kind, others):
    def create(logical_id, properties, stack_name, *more, **named):
        name = properties.get(NAMES[kind])
        if name and _taken(kind, name, stack_name):
            raise ValueError(f"Resource of type '{kind}' with identifier '{name}' already exists.")
        boundary = _boundary(properties) if kind == ROLE else None
        made = others["create"](logical_id, properties, stack_name, *more, **named)
        if kind == ROLE:
            iam._roles[made[0]]["PermissionsBoundary"] = boundary
        return made

    def update(physical_id, old, new, *more, **named):
        boundary = _boundary(new) if kind == ROLE else None
        made = others["update"](physical_id, old, new, *more, **named)
        if kind == ROLE:
            iam._roles[made[0]]["PermissionsBoundary"] = boundary
        return made

    return {**others, "create": create, **({"update": update} if "update" in others else {})}


def _newly_named(others):
    """A table without a name gets another one in each stack. ministack keeps the seed of the name with the resource."""
    def create(logical_id, properties, *more, **named):
        if not properties.get("TableName") and not provisioners._NAME_SEED.get():
            provisioners._NAME_SEED.set(responses.new_uuid()[:8])
        return others["create"](logical_id, properties, *more, **named)

    return {**others, "create": create}


def install(require):
    """Puts this into ministack; fails at start-up if what it rests on is not there."""
    require(iam, "_roles", "_policy_exists")
    require(cloudformation, "_stacks")
    require(provisioners, "_NAME_SEED", "_RESOURCE_HANDLERS")
    require(responses, "new_uuid")
    handlers = provisioners._RESOURCE_HANDLERS
    handlers[TABLE] = _newly_named(handlers[TABLE])
    for kind in NAMES:
        handlers[kind] = _named(kind, handlers[kind])
