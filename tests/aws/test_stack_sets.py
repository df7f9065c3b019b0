"""StackSets with service-managed permissions: one template in accounts and Regions, also in accounts that come later."""

import json

import local
from organization import Organization

SERVICE = "member.org.stacksets.cloudformation.amazonaws.com"
REGIONS = ["us-east-1", "eu-west-1"]
TEMPLATE = json.dumps({
    "Parameters": {"RolesRegion": {"Type": "String"}},
    "Conditions": {"HasRole": {"Fn::Equals": [{"Ref": "RolesRegion"}, {"Ref": "AWS::Region"}]}},
    "Resources": {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "of-the-set"}},
        "Role": {"Type": "AWS::IAM::Role", "Condition": "HasRole", "Properties": {
            "RoleName": "of-the-set", "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Principal": {"Service": "ssm.amazonaws.com"}, "Action": "sts:AssumeRole"}]}}}}})


def cloudformation(account, region="us-east-1"):
    return local.client("cloudformation", account, region)


def refusal(call, **arguments):
    return local.error_of(call, **arguments)["Error"]


def created(client, name, **more):
    return client.create_stack_set(
        StackSetName=name, PermissionModel="SERVICE_MANAGED", TemplateBody=TEMPLATE,
        AutoDeployment={"Enabled": True, "RetainStacksOnAccountRemoval": False}, Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": "RolesRegion", "ParameterValue": "us-east-1"}], **more)


def ended(client, name, operation, **more):
    def status():
        told = client.describe_stack_set_operation(StackSetName=name, OperationId=operation, **more)
        told = told["StackSetOperation"]["Status"]
        return told if told != "RUNNING" else None
    return local.eventually(status, within=20)


def instances(client, name, **more):
    found = client.list_stack_instances(StackSetName=name, **more)["Summaries"]
    return {(each["Account"], each["Region"]): each["StackInstanceStatus"]["DetailedStatus"] for each in found}


def deployed(client, name, unit, **more):
    operation = client.create_stack_instances(
        StackSetName=name, DeploymentTargets={"OrganizationalUnitIds": [unit]}, Regions=REGIONS, **more)["OperationId"]
    return ended(client, name, operation, **more)


def test_a_set_reaches_every_account_of_a_unit_in_every_region_and_those_that_come_later():
    organization = Organization()
    client, name, member = cloudformation(organization.management), local.fresh_name(), organization.invited()
    assert "enable organizations access" in refusal(created, client=client, name=name)["Message"]
    client.activate_organizations_access()
    assert client.describe_organizations_access()["Status"] == "ENABLED"
    created(client, name)
    assert refusal(created, client=client, name=name)["Code"] == "NameAlreadyExistsException"
    assert deployed(client, name, organization.root) == "SUCCEEDED"
    # Not in the management account.
    assert instances(client, name) == {(member, region): "SUCCEEDED" for region in REGIONS}
    later = organization.invited()
    wanted = {(account, region): "SUCCEEDED" for account in (member, later) for region in REGIONS}
    local.eventually(lambda: instances(client, name) == wanted, within=20)
    # The parameters are the same everywhere, and only one Region makes the role.
    for account in (member, later):
        [stack] = cloudformation(account, "eu-west-1").describe_stacks()["Stacks"]
        assert stack["StackName"].startswith(f"StackSet-{name}-") and stack["StackStatus"] == "CREATE_COMPLETE"
        resources = cloudformation(account).describe_stack_resources(
            StackName=cloudformation(account).describe_stacks()["Stacks"][0]["StackName"])["StackResources"]
        assert {resource["LogicalResourceId"] for resource in resources} == {"Queue", "Role"}


def test_an_account_that_leaves_loses_its_stacks_and_a_set_goes_when_it_is_empty():
    organization = Organization()
    client, name, member = cloudformation(organization.management), local.fresh_name(), organization.invited()
    client.activate_organizations_access()
    created(client, name)
    assert deployed(client, name, organization.root) == "SUCCEEDED"
    assert refusal(client.delete_stack_set, StackSetName=name)["Code"] == "StackSetNotEmptyException"
    organization.client.remove_account_from_organization(AccountId=member)
    local.eventually(lambda: not instances(client, name))
    local.eventually(lambda: not cloudformation(member).describe_stacks()["Stacks"], within=20)
    other = organization.invited()
    local.eventually(lambda: set(instances(client, name).values()) == {"SUCCEEDED"}, within=20)
    gone = client.delete_stack_instances(
        StackSetName=name, DeploymentTargets={"OrganizationalUnitIds": [organization.root]}, Regions=REGIONS,
        RetainStacks=False)
    assert ended(client, name, gone["OperationId"]) == "SUCCEEDED"
    local.eventually(lambda: not cloudformation(other).describe_stacks()["Stacks"], within=20)
    client.delete_stack_set(StackSetName=name)
    assert client.list_stack_sets()["Summaries"] == []
    assert refusal(client.list_stack_instances, StackSetName=name)["Code"] == "StackSetNotFoundException"


def test_a_delegated_administrator_has_sets_and_another_member_has_none():
    organization = Organization()
    hub, member = organization.invited(), organization.invited()
    theirs, name = {"CallAs": "DELEGATED_ADMIN"}, local.fresh_name()
    cloudformation(organization.management).activate_organizations_access()
    assert "not a delegated administrator" in refusal(
        created, client=cloudformation(hub), name=name, **theirs)["Message"]
    organization.client.register_delegated_administrator(AccountId=hub, ServicePrincipal=SERVICE)
    assert "management account" in refusal(created, client=cloudformation(hub), name=name)["Message"]
    created(cloudformation(hub), name, **theirs)
    assert deployed(cloudformation(hub), name, organization.root, **theirs) == "SUCCEEDED"
    reached = {account for account, _ in instances(cloudformation(hub), name, **theirs)}
    assert reached == {hub, member}


def test_an_instance_that_cannot_be_made_fails_the_operation_and_an_update_reaches_all():
    organization = Organization()
    client, name, member = cloudformation(organization.management), local.fresh_name(), organization.invited()
    client.activate_organizations_access()
    created(client, name)
    local.client("iam", member).create_role(RoleName="of-the-set", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "ssm.amazonaws.com"}, "Action": "sts:AssumeRole"}]}))
    assert deployed(client, name, organization.root) == "FAILED"
    assert instances(client, name) == {(member, "us-east-1"): "FAILED", (member, "eu-west-1"): "SUCCEEDED"}

    name = local.fresh_name()
    template = TEMPLATE.replace("of-the-set", "of-the-second")
    client.create_stack_set(
        StackSetName=name, PermissionModel="SERVICE_MANAGED", TemplateBody=template,
        AutoDeployment={"Enabled": False}, Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": "RolesRegion", "ParameterValue": "us-east-1"}])
    assert deployed(client, name, organization.root) == "SUCCEEDED"
    operation = client.update_stack_set(
        StackSetName=name, TemplateBody=template.replace('"Queue"', '"Renamed"').replace("of-the-second", "of-the-third"),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": "RolesRegion", "UsePreviousValue": True}])["OperationId"]
    assert ended(client, name, operation) == "SUCCEEDED"
    queues = local.client("sqs", member, "eu-west-1").list_queues()["QueueUrls"]
    assert sorted(url.rsplit("/", 1)[-1] for url in queues) == ["of-the-set", "of-the-third"]
