"""StackSets with service-managed permissions, which ministack lacks: one template in all accounts of organizational units,
in several Regions, also in accounts that come later.

An instance is a stack in its account and Region, made as its root would make it. AWS's rules that decide whether a layout
works are kept: organizations access has to be activated, only the management account and delegated administrators may
call, the management account gets no instance, and accounts that come later get the parameters of the set. Not here:
self-managed permissions, overrides, preferences of operations (all instances are worked on at once), drift.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-concepts.html
"""

import http.client
import json
import os

from ministack.core import responses
from ministack.core.responses import new_uuid
from ministack.services import cloudformation
from ministack.services.cloudformation import handlers, helpers

import relay_conditions

SERVICE = "member.org.stacksets.cloudformation.amazonaws.com"
# How CreateStack's parameters begin that a set hands on to its stacks.
HANDED_ON = ("TemplateBody", "TemplateURL", "Parameters.", "Capabilities.", "Tags.")

# (management account, Region, name of the set) -> set
_sets = {}
# id of an operation -> (its set, action, (account, Region) of its instances)
_operations = {}


class Refused(Exception):
    """An error of the API: code and message."""


def _organizations(operation, body=None, account=None):
    """Calls Organizations on the gateway as the root of an account."""
    scope = f"{account or responses.get_account_id()}/20200101/us-east-1/organizations/aws4_request"
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ["GATEWAY_PORT"]), timeout=30)
    connection.request("POST", "/", json.dumps(body or {}), {
        "content-type": "application/x-amz-json-1.1", "x-amz-target": f"AWSOrganizationsV20161128.{operation}",
        "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"})
    response = connection.getresponse()
    answer = json.loads(response.read() or b"{}")
    connection.close()
    if response.status != 200:
        raise Refused("ValidationError", answer.get("Message") or answer.get("message") or str(answer))
    return answer


def _management():
    return _organizations("DescribeOrganization")["Organization"]["MasterAccountId"]


def _activated(management):
    enabled = _organizations("ListAWSServiceAccessForOrganization", account=management)["EnabledServicePrincipals"]
    return any(service["ServicePrincipal"] == SERVICE for service in enabled)


def _administers(params):
    """The management account, if the caller may work on its organization's sets."""
    caller, management = responses.get_account_id(), _management()
    if helpers._p(params, "CallAs", "SELF") == "DELEGATED_ADMIN":
        query = {"ServicePrincipal": SERVICE}
        delegated = _organizations("ListDelegatedAdministrators", query, management)["DelegatedAdministrators"]
        if all(account["Id"] != caller for account in delegated):
            raise Refused("ValidationError", "Account used is not a delegated administrator")
    elif caller != management:
        raise Refused("ValidationError", "You must be the management account or delegated admin account of an "
                                         "organization before operating a SERVICE_MANAGED stack set")
    if not _activated(management):
        raise Refused("ValidationError",
                      "You must enable organizations access to operate a service managed stack set")
    return management


def _key(params):
    name = helpers._p(params, "StackSetName")
    if not name:
        raise Refused("ValidationError", "StackSetName is required")
    return _administers(params), responses.get_region(), name.split(":")[0]


def _set(params):
    key = _key(params)
    if key not in _sets:
        raise Refused("StackSetNotFoundException", f"StackSet {key[2]} not found")
    return _sets[key]


def _strings(params, prefix):
    return helpers._extract_string_members(params, prefix)


# -- Instances ------------------------------------------------------------------------------------

def _accounts(management, units):
    """The accounts below organizational units or the root, without the management account."""
    return sorted(account for account, known in relay_conditions.ORGANIZATIONS.items()
                  if account != management and any(f"/{unit}/" in known["path"] for unit in units))


def _stack(stack_set, place):
    with responses.request_scope(*place):
        return cloudformation._stacks.get(stack_set["instances"][place])


def _call(operation, place, params):
    """Calls CloudFormation in the account and Region of an instance."""
    with responses.request_scope(*place):
        status, _, body = operation(params)
    return None if status == 200 else body.decode()


def _deploy(stack_set, places):
    """Creates the instances that are missing and updates the others."""
    for place in places:
        there = place in stack_set["instances"]
        name = stack_set["instances"].setdefault(place, f"StackSet-{stack_set['name']}-{new_uuid()}")
        operation = handlers._update_stack if there else handlers._create_stack
        refusal = _call(operation, place, {**stack_set["template"], "StackName": [name]})
        if refusal and "No updates are to be performed" in refusal:
            refusal = None
        stack_set["refused"][place] = refusal


def _remove(stack_set, places, retain):
    for place in places:
        name = stack_set["instances"].pop(place, None)
        if name and not retain:
            _call(handlers._delete_stack, place, {"StackName": [name]})


def _failure(stack, place):
    """The first resource that failed, in the form that StatusReason has in reports of users: AWS does not document it."""
    with responses.request_scope(*place):
        events = cloudformation._stack_events.get(stack["StackId"], [])
    for event in events:
        if event["ResourceStatus"].endswith("_FAILED") and event["ResourceType"] != "AWS::CloudFormation::Stack":
            return (f"ResourceLogicalId:{event['LogicalResourceId']}, ResourceType:{event['ResourceType']}, "
                    f"ResourceStatusReason:{event['ResourceStatusReason']}")
    return ""


def _detail(stack_set, place):
    """PENDING, SUCCEEDED or FAILED, and why."""
    stack = _stack(stack_set, place)
    if stack_set["refused"].get(place) or stack is None:
        return "FAILED", stack_set["refused"].get(place) or "the stack is gone"
    status = stack["StackStatus"]
    if status.endswith("IN_PROGRESS"):
        return "PENDING", ""
    if "ROLLBACK" in status or "FAILED" in status:
        return "FAILED", _failure(stack, place) or f"{status}: {stack.get('StackStatusReason', '')}"
    return "SUCCEEDED", ""


def follow():
    """Brings every set with automatic deployment to the accounts that its units have now."""
    for stack_set in _sets.values():
        if not stack_set["automatic"]:
            continue
        wanted = {(account, region) for account in _accounts(stack_set["management"], stack_set["units"])
                  for region in stack_set["regions"]}
        _deploy(stack_set, sorted(wanted - stack_set["instances"].keys()))
        _remove(stack_set, sorted(stack_set["instances"].keys() - wanted), stack_set["retain"])


# -- The API --------------------------------------------------------------------------------------

def _answer(operation, inner=""):
    return helpers._xml(200, f"{operation}Response", f"<{operation}Result>{inner}</{operation}Result>")


def _operated(operation, stack_set, action, places):
    identity = new_uuid()
    _operations[identity] = (stack_set, action, places)
    return _answer(operation, f"<OperationId>{identity}</OperationId>")


def _activate(params):
    if responses.get_account_id() != _management():
        raise Refused("ValidationError", "Only the management account may activate organizations access")
    _organizations("EnableAWSServiceAccess", {"ServicePrincipal": SERVICE})
    return _answer("ActivateOrganizationsAccess")


def _describe_access(params):
    status = "ENABLED" if _activated(_management()) else "DISABLED"
    return _answer("DescribeOrganizationsAccess", f"<Status>{status}</Status>")


def _template(params):
    return {key: value for key, value in params.items() if key.startswith(HANDED_ON)}


def _create(params):
    if helpers._p(params, "PermissionModel") != "SERVICE_MANAGED":
        raise Refused("ValidationError", "the local AWS has stack sets with SERVICE_MANAGED permissions only")
    key = _key(params)
    if key in _sets:
        raise Refused("NameAlreadyExistsException", f"StackSet {key[2]} already exists")
    automatic = helpers._p(params, "AutoDeployment.Enabled")
    if not automatic:
        raise Refused("ValidationError", "AutoDeployment is required for a SERVICE_MANAGED stack set")
    template = _template(params)
    status, headers, body = handlers._get_template_summary(template)
    if status != 200:
        return status, headers, body
    _sets[key] = {
        "id": f"{key[2]}:{new_uuid()}", "name": key[2], "management": key[0], "template": template,
        "automatic": automatic == "true", "retain": helpers._p(params, "AutoDeployment.RetainStacksOnAccountRemoval") == "true",
        "units": set(), "regions": set(), "instances": {}, "refused": {}}
    return _answer("CreateStackSet", f"<StackSetId>{_sets[key]['id']}</StackSetId>")


def _update(params):
    stack_set = _set(params)
    template = _template(params)
    if helpers._p(params, "UsePreviousTemplate") == "true":
        template |= {key: value for key, value in stack_set["template"].items() if key.startswith("Template")}
    given = {entry["Key"]: entry for entry in helpers._extract_members(params, "Parameters")}
    kept = {entry["Key"]: entry["Value"] for entry in helpers._extract_members(stack_set["template"], "Parameters")}
    template = {key: value for key, value in template.items() if not key.startswith("Parameters.")}
    for number, (name, entry) in enumerate(given.items(), 1):
        value = kept.get(name, "") if entry["UsePreviousValue"] else entry["Value"]
        template[f"Parameters.member.{number}.ParameterKey"] = [name]
        template[f"Parameters.member.{number}.ParameterValue"] = [value]
    stack_set["template"] = template
    places = sorted(stack_set["instances"])
    _deploy(stack_set, places)
    return _operated("UpdateStackSet", stack_set, "UPDATE", places)


def _targets(params, stack_set):
    units, regions = _strings(params, "DeploymentTargets.OrganizationalUnitIds"), _strings(params, "Regions")
    if not units or not regions:
        raise Refused("ValidationError", "DeploymentTargets.OrganizationalUnitIds and Regions are required")
    accounts = _accounts(stack_set["management"], units)
    return units, regions, [(account, region) for account in accounts for region in regions]


def _create_instances(params):
    stack_set = _set(params)
    units, regions, places = _targets(params, stack_set)
    stack_set["units"].update(units)
    stack_set["regions"].update(regions)
    _deploy(stack_set, places)
    return _operated("CreateStackInstances", stack_set, "CREATE", places)


def _delete_instances(params):
    stack_set = _set(params)
    units, regions, places = _targets(params, stack_set)
    _remove(stack_set, places, helpers._p(params, "RetainStacks") == "true")
    if set(regions) >= stack_set["regions"]:
        stack_set["units"].difference_update(units)
    return _operated("DeleteStackInstances", stack_set, "DELETE", [])


def _delete(params):
    stack_set = _set(params)
    if stack_set["instances"]:
        raise Refused("StackSetNotEmptyException", "StackSet is not empty")
    del _sets[_key(params)]
    return _answer("DeleteStackSet")


def _describe_operation(params):
    _set(params)
    identity = helpers._p(params, "OperationId")
    if identity not in _operations:
        raise Refused("OperationNotFoundException", f"Operation {identity} not found")
    stack_set, action, places = _operations[identity]
    found = {_detail(stack_set, place)[0] for place in places if place in stack_set["instances"]}
    status = "RUNNING" if "PENDING" in found else "FAILED" if "FAILED" in found else "SUCCEEDED"
    return _answer("DescribeStackSetOperation", f"<StackSetOperation><OperationId>{identity}</OperationId>"
                   f"<StackSetId>{stack_set['id']}</StackSetId><Action>{action}</Action><Status>{status}</Status>"
                   "</StackSetOperation>")


def _list_instances(params):
    stack_set, members = _set(params), []
    for place in sorted(stack_set["instances"]):
        detail, reason = _detail(stack_set, place)
        status = {"SUCCEEDED": "CURRENT"}.get(detail, "OUTDATED")
        identity = (_stack(stack_set, place) or {}).get("StackId", "")
        members.append(
            f"<member><StackSetId>{stack_set['id']}</StackSetId><Account>{place[0]}</Account><Region>{place[1]}</Region>"
            f"<StackId>{identity}</StackId><Status>{status}</Status><StatusReason>{helpers._esc(reason)}</StatusReason>"
            f"<StackInstanceStatus><DetailedStatus>{detail}</DetailedStatus></StackInstanceStatus></member>")
    return _answer("ListStackInstances", f"<Summaries>{''.join(members)}</Summaries>")


def _list(params):
    management, region = _administers(params), responses.get_region()
    mine = [stack_set for key, stack_set in _sets.items() if key[:2] == (management, region)]
    return _answer("ListStackSets", "<Summaries>" + "".join(
        f"<member><StackSetName>{stack_set['name']}</StackSetName><StackSetId>{stack_set['id']}</StackSetId>"
        "<Status>ACTIVE</Status><PermissionModel>SERVICE_MANAGED</PermissionModel></member>"
        for stack_set in mine) + "</Summaries>")


def _refusing(operation):
    def answered(params):
        try:
            return operation(params)
        except Refused as refused:
            return helpers._error(*refused.args)
    return answered


ACTIONS = {
    "ActivateOrganizationsAccess": _activate, "DescribeOrganizationsAccess": _describe_access,
    "CreateStackSet": _create, "UpdateStackSet": _update, "DeleteStackSet": _delete, "ListStackSets": _list,
    "CreateStackInstances": _create_instances, "DeleteStackInstances": _delete_instances,
    "ListStackInstances": _list_instances, "DescribeStackSetOperation": _describe_operation}


def install(require):
    """Puts the operations into ministack; fails at start-up if what they rest on is not there."""
    require(cloudformation, "_stacks", "_ACTION_HANDLERS")
    require(handlers, "_create_stack", "_update_stack", "_delete_stack", "_get_template_summary")
    require(helpers, "_extract_members", "_extract_string_members", "_p", "_xml", "_error", "_esc")
    require(responses, "request_scope", "get_account_id", "get_region")
    cloudformation._ACTION_HANDLERS.update({name: _refusing(operation) for name, operation in ACTIONS.items()})
