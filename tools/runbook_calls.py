"""Which permissions a runbook needs, read from its steps and scripts without running them.

A call is an API operation of botocore's models; the permission has its name, except where AWS named it differently.
"""

import ast
from functools import lru_cache

import botocore.session
import templates

# What an action asks of AWS by itself: the page of each action in the Automation guide.
ACTIONS = {
    "aws:approve": ["sns:Publish"],
    "aws:branch": [],
    "aws:changeInstanceState": ["ec2:DescribeInstances", "ec2:DescribeInstanceStatus"],
    "aws:createTags": ["ec2:CreateTags"],
    "aws:executeAutomation": ["ssm:StartAutomationExecution", "ssm:GetAutomationExecution", "ssm:StopAutomationExecution"],
    "aws:pause": [],
    "aws:runCommand": ["ssm:SendCommand", "ssm:ListCommands", "ssm:ListCommandInvocations"],
    "aws:sleep": [],
}
CHANGES = {"running": "ec2:StartInstances", "stopped": "ec2:StopInstances", "terminated": "ec2:TerminateInstances"}
API_ACTIONS = {"aws:executeAwsApi", "aws:assertAwsResourceProperty", "aws:waitForAwsResourceProperty"}

# Where the permission is not named after the service or the operation (Service Authorization Reference).
PREFIXES = {"elbv2": "elasticloadbalancing", "elb": "elasticloadbalancing"}
RENAMED = {
    "s3:ListBuckets": "s3:ListAllMyBuckets", "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock", "s3:DeletePublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3:HeadObject": "s3:GetObject", "s3:ListObjectsV2": "s3:ListBucket",
}


class UnreadableRunbook(Exception):
    """A runbook makes a call that cannot be read from its text."""


def needs(path):
    """The permissions that a runbook needs: each with the steps that need it, in their order."""
    document = templates.plain(path)
    found = {}
    for step in document["mainSteps"]:
        for permission in step_needs(step, f"{path.name}: {step['name']}"):
            steps = found.setdefault(permission, [])
            if step["name"] not in steps:
                steps.append(step["name"])
    return found


def commands(path):
    """The documents that a runbook has Run Command run."""
    document = templates.plain(path)
    return {step["inputs"]["DocumentName"] for step in document["mainSteps"] if step["action"] == "aws:runCommand"}


def step_needs(step, place):
    action, inputs = step["action"], step.get("inputs", {})
    if action in API_ACTIONS:
        yield permission(inputs["Service"], inputs["Api"])
        # Tags of a new resource are authorized like tags that are added to it (EC2 guide, "Grant permission to tag").
        if inputs["Service"] == "ec2" and "TagSpecifications" in inputs:
            yield "ec2:CreateTags"
    elif action == "aws:executeScript":
        yield from script_needs(inputs["Script"], place)
    elif action in ACTIONS:
        yield from ACTIONS[action]
        if action == "aws:changeInstanceState":
            yield CHANGES[inputs["DesiredState"]]
    else:
        raise UnreadableRunbook(f"{place}: tools/runbook_calls.py does not know what {action} asks for: teach it")


def permission(service, operation):
    name = f"{PREFIXES.get(service, service)}:{operation}"
    return RENAMED.get(name, name)


@lru_cache(maxsize=32)
def operations(service):
    """The operations of a service, by the name of their method in boto3."""
    session = botocore.session.get_session()
    return {botocore.xform_name(name): name for name in session.get_service_model(service).operation_names}


def script_needs(script, place):
    """The permissions of the calls that a Python script makes through boto3."""
    tree = ast.parse(script)
    clients, indirect = {}, False
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for name, value in pairs(node.targets[0], node.value):
                if service := client(value):
                    clients[name] = service
        elif is_client(node) and not client(node):
            indirect = True
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Attribute):
            service = client(node.func.value) or clients.get(getattr(node.func.value, "id", None))
            if not service:
                continue
            method = texts(node)[0] if node.func.attr == "get_paginator" else node.func.attr
            if method not in operations(service):
                raise UnreadableRunbook(f"{place}: {service} has no operation {method}")
            found.append(permission(service, operations(service)[method]))
        elif indirect and len(texts(node)) >= 2:
            # A helper that takes service and operation as its first arguments.
            service, method = texts(node)[:2]
            found.append(permission(service, operations(service)[method]))
    if indirect and not found:
        raise UnreadableRunbook(f"{place}: a client whose service is not written out: name it")
    return found


def pairs(target, value):
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for each, of_it in zip(target.elts, value.elts):
            yield from pairs(each, of_it)
    elif isinstance(target, ast.Name):
        yield target.id, value


def texts(call):
    return [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]


def is_client(node):
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "boto3.client"


def client(node):
    """The service of `boto3.client("…")`, or None."""
    return texts(node)[0] if is_client(node) and texts(node) else None
