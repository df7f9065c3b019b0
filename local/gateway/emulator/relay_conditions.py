"""Condition keys: which the local AWS knows, and their values for each kind of caller.

A caller is an IAM principal (user, role's session, root), or an AWS service that acts in its own name for an account:
EventBridge for a rule, CloudWatch for an alarm, SNS for a topic. Keys of the one are absent for the other, as AWS's
reference of global condition keys says:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html

A key that nobody here gives a value is a condition that can never hold, or always does. A template whose policies use
one is refused; in a policy that came another way it is reported on stderr, once.
"""

import sys

from ministack.core import iam_evaluator as iam
from ministack.services.cloudformation import provisioners

# account -> {"id": "o-…", "path": "o-…/r-…/ou-…/"}: who is in which organization.
ORGANIZATIONS = {}

# Global keys that have a value here, for some caller at least.
GLOBAL = {
    "aws:currenttime", "aws:epochtime", "aws:principalaccount", "aws:principalarn", "aws:principalisawsservice",
    "aws:principalorgid", "aws:principalorgpaths", "aws:principalservicename", "aws:principalservicenameslist",
    "aws:principaltype", "aws:requestedregion", "aws:resourceaccount", "aws:resourceorgid", "aws:resourceorgpaths",
    "aws:securetransport", "aws:sourceaccount", "aws:sourcearn", "aws:sourceip", "aws:sourceorgid",
    "aws:sourceorgpaths", "aws:sourceowner", "aws:tagkeys", "aws:tokenissuetime", "aws:userid", "aws:username",
    "aws:multifactorauthpresent", "aws:viaawsservice", "aws:calledvia", "aws:calledviafirst", "aws:calledvialast",
}
# Keys of services that a request's own content gives.
OF_SERVICES = {
    "dynamodb:leadingkeys", "dynamodb:enclosingoperation", "dynamodb:attributes", "dynamodb:select",
    "dynamodb:returnvalues", "events:source", "events:detail-type", "iam:passedtoservice", "kms:viaservice",
    "kms:calleraccount", "sts:externalid", "sts:rolesessionname", "s3:resourceaccount", "s3:prefix", "s3:delimiter",
    "s3:max-keys", "s3:dataaccesspointarn", "s3:dataaccesspointaccount", "sns:protocol", "sns:endpoint",
}
# With a name of the policy's own after the slash.
PREFIXES = ("aws:requesttag/", "aws:resourcetag/", "aws:principaltag/", "ssm:resourcetag/", "ec2:resourcetag/")

# What only an IAM principal has. For a service that acts in its own name all of these are absent.
_OF_PRINCIPALS = {"aws:principalarn", "aws:principalaccount", "aws:principalorgid", "aws:principalorgpaths",
                  "aws:userid", "aws:username", "aws:tokenissuetime", "aws:multifactorauthpresent"}
# What only a service has that acts for somebody's resource.
_OF_SOURCES = {"aws:sourceorgid", "aws:sourceorgpaths"}

_resolve_condition_key = iam._resolve_condition_key
_reported = set()


def is_known(key):
    """Whether the key has a value here, for some caller at least."""
    key = key.lower()
    return key in GLOBAL or key in OF_SERVICES or key.startswith(PREFIXES)


def _role_arn(session_arn):
    """aws:PrincipalArn of a session is the ARN of its role, path included."""
    from ministack.services import iam as iam_service

    if ":assumed-role/" not in session_arn:
        return session_arn
    account, role = session_arn.split(":")[4], session_arn.split("/")[1]
    return (iam_service._roles.get_scoped(account, None, role) or {}).get("Arn", session_arn)


def _owner(context):
    """The account of the resource: its ARN's, or where that has none (buckets) the owner that the service knows."""
    account = iam._account_from_arn(context.resource_arn)
    if account is None and context.resource_arn.startswith("arn:"):
        found = iam._resource_policy(context.resource_arn.split(":")[2], context.resource_arn)
        account = found and found[1]
    return account or context.principal_account or None


def _organization(account, key):
    known = ORGANIZATIONS.get(account)
    if known is None:
        return None
    return [known["path"]] if key.endswith("paths") else known["id"]


def resolve(key, context):
    """The value of a key for a request; `None` where it is absent."""
    name = key.lower()
    given = context.service_context
    is_service = context.principal_type == "Service"
    if is_service and name in _OF_PRINCIPALS:
        return None
    if name == "aws:principalisawsservice":
        return "true" if is_service else "false"
    if name in ("aws:principalservicename", "aws:principalservicenameslist"):
        service = given.get("aws:principalservicename") if is_service else None
        return [service] if service and name.endswith("list") else service
    if name == "aws:principaltype" and is_service:
        return "AWSService"
    if name == "aws:viaawsservice":
        return given.get(name, "false")
    if name.startswith("aws:calledvia"):
        # Only CloudFormation and others that are not played here call with their caller's credentials and say so.
        return given.get(name)
    if name == "kms:calleraccount" and not is_service:
        return given.get(name, context.principal_account)
    if name == "aws:principalarn":
        return _role_arn(context.principal_arn)
    if name in ("aws:principalorgid", "aws:principalorgpaths"):
        return _organization(context.principal_account, name)
    if name in _OF_SOURCES:
        return _organization(given.get("aws:sourceaccount"), name) if is_service else None
    if name in ("aws:resourceaccount", "s3:resourceaccount"):
        return _owner(context)
    if name in ("aws:resourceorgid", "aws:resourceorgpaths"):
        return _organization(_owner(context), name)
    if not is_known(key):
        report(key)
    return _resolve_condition_key(key, context)


def report(key):
    """Says once that a policy uses a key which the local AWS does not know."""
    if key.lower() not in _reported:
        _reported.add(key.lower())
        print(f"relay_conditions: a policy uses the condition key {key}, which the local AWS does not know: it counts "
              "as absent, which real AWS may see otherwise", file=sys.stderr, flush=True)


def keys_of(document):
    """The condition keys in a tree of properties: of everything with an Effect."""
    if isinstance(document, list):
        for part in document:
            yield from keys_of(part)
    elif isinstance(document, dict):
        if "Effect" in document and isinstance(document.get("Condition"), dict):
            for block in document["Condition"].values():
                yield from block if isinstance(block, dict) else ()
        for part in document.values():
            yield from keys_of(part)


def _check(logical_id, properties):
    unknown = sorted({key for key in keys_of(properties) if not is_known(key)})
    if unknown:
        raise ValueError(f"{logical_id}: the local AWS does not know the condition key {', '.join(unknown)}. Give it a "
                         "value in local/gateway/emulator/relay_conditions.py, for each kind of caller")


def _checking(handlers):
    """The handlers of a resource type, which refuse properties with unknown condition keys."""
    checked = dict(handlers)
    if "create" in handlers:
        def create(logical_id, properties, stack_name, *more, **named):
            _check(logical_id, properties)
            return handlers["create"](logical_id, properties, stack_name, *more, **named)
        checked["create"] = create
    if "update" in handlers:
        def update(physical_id, old, new, *more, **named):
            _check(physical_id, new)
            return handlers["update"](physical_id, old, new, *more, **named)
        checked["update"] = update
    return checked


def install(require):
    """Puts this into ministack; fails at start-up if what it replaces is not there. After all types of resources are
    known."""
    require(iam, "_resolve_condition_key", "_principal_org_id", "_account_from_arn", "_resource_policy")
    require(provisioners, "_RESOURCE_HANDLERS")
    iam._resolve_condition_key = resolve
    iam._principal_org_id = lambda account: (ORGANIZATIONS.get(account) or {}).get("id")
    handlers = provisioners._RESOURCE_HANDLERS
    for kind in list(handlers):
        handlers[kind] = _checking(handlers[kind])
