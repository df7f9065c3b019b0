"""Executions over targets, and over accounts and Regions."""

import json

import pytest

import local
from automation import QUICK, create, execution, role, start, steps, when

FAILS_FOR_BAD = """
schemaVersion: '0.3'
parameters:
  Who: {type: String}
mainSteps:
- name: check
  action: aws:branch
  inputs:
    Choices: [{NextStep: fail, Variable: '{{ Who }}', StringEquals: bad}]
  isEnd: true
- name: fail
  action: aws:executeAwsApi
  inputs: {Service: sqs, Api: GetQueueUrl, QueueName: absent}
"""


def over(values):
    return {"TargetParameterName": "Who", "Targets": [{"Key": "ParameterValues", "Values": values}]}


def test_every_target_has_a_child(ssm):
    ident = start(ssm, create(ssm), **over(["a", "b", "c"]), MaxConcurrency="2", MaxErrors="0")
    shown = when(ssm, ident, "Success")
    assert steps(shown) == {"a": "Success", "b": "Success", "c": "Success"}
    assert shown["ResolvedTargets"]["ParameterValues"] == ["a", "b", "c"]
    assert shown["ProgressCounters"] == {
        "TotalSteps": 3, "SuccessSteps": 3, "FailedSteps": 0, "CancelledSteps": 0, "TimedOutSteps": 0}
    assert shown["StepExecutions"][0]["Action"] == "aws:executeAutomation"
    assert shown["StepExecutions"][0]["Inputs"] == {"Who": '"a"'}
    children = ssm.describe_automation_executions(Filters=[{"Key": "ParentExecutionId", "Values": [ident]}])[
        "AutomationExecutionMetadataList"]
    assert {child["Target"] for child in children} == {"a", "b", "c"}
    assert {child["ParentAutomationExecutionId"] for child in children} == {ident}


def test_errors_beyond_the_budget_start_no_further_targets(ssm):
    ident = start(ssm, create(ssm, FAILS_FOR_BAD), **over(["bad", "good", "fine"]), MaxConcurrency="1", MaxErrors="0")
    shown = when(ssm, ident, "Failed")
    assert steps(shown) == {"bad": "Failed", "good": "Pending", "fine": "Pending"}


def test_target_maps_fill_several_parameters(ssm):
    text = QUICK.replace("parameters:", "parameters:\n  What: {type: String}")
    maps = [{"Who": ["a"], "What": ["x"]}, {"Who": ["b"], "What": ["y"]}]
    ident = start(ssm, create(ssm, text), TargetMaps=maps, TargetParameterName="Who")
    shown = when(ssm, ident, "Success")
    assert len(shown["StepExecutions"]) == 2
    children = [execution(ssm, step["Outputs"]["ExecutionId"][0]) for step in shown["StepExecutions"]]
    assert [child["Parameters"]["What"] for child in children] == [["x"], ["y"]]


def test_instances_are_targets_by_their_tags(ssm, account):
    ec2 = local.client("ec2", account)
    image = ec2.describe_images()["Images"][0]["ImageId"]
    tagged = {"ResourceType": "instance", "Tags": [{"Key": "Env", "Value": "prod"}]}
    made = ec2.run_instances(ImageId=image, MinCount=2, MaxCount=2, TagSpecifications=[tagged])["Instances"]
    ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)
    text = QUICK.replace("allowedPattern: '^[a-z0-9]*$'", "allowedPattern: '^i-.*$'").replace("nobody", "i-0")
    name = create(ssm, text, TargetType="/AWS::EC2::Instance")
    ident = start(ssm, name, TargetParameterName="Who", Targets=[{"Key": "tag:Env", "Values": ["prod"]}])
    shown = when(ssm, ident, "Success")
    assert set(steps(shown)) == {instance["InstanceId"] for instance in made}


EXECUTION = "AWS-SystemsManager-AutomationExecutionRole"


@pytest.fixture
def central(organization):
    """The management account with a role that may assume the execution role of its members."""
    account = organization.management
    return account, role(account, "ssm.amazonaws.com", [
        {"Action": "sts:AssumeRole", "Resource": f"arn:aws:iam::*:role/{EXECUTION}"},
        {"Action": ["organizations:ListAccountsForParent", "organizations:ListChildren", "organizations:ListRoots"]}])


def prepare(account, administration):
    """The execution role of a target account."""
    iam = local.client("iam", account)
    trust = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": administration}, "Action": "sts:AssumeRole"}]}
    iam.create_role(RoleName=EXECUTION, AssumeRolePolicyDocument=json.dumps(trust))
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_role_policy(RoleName=EXECUTION, PolicyName="all", PolicyDocument=json.dumps(policy))


WHERE = """
schemaVersion: '0.3'
assumeRole: '{{ AutomationAssumeRole }}'
parameters:
  AutomationAssumeRole: {type: String}
mainSteps:
- name: who
  action: aws:executeAwsApi
  inputs: {Service: sts, Api: GetCallerIdentity}
  outputs: [{Name: Account, Selector: $.Account, Type: String}]
"""


def test_accounts_and_regions_each_run_the_shared_runbook_under_their_own_role(organization, central):
    account, administration = central
    members = sorted(organization.invited() for _ in range(2))
    for member in members:
        prepare(member, administration)
    name = local.fresh_name()
    for region in ("us-east-1", "eu-west-1"):
        there = local.client("ssm", account, region)
        there.create_document(Name=name, Content=WHERE, DocumentType="Automation", DocumentFormat="YAML")
        there.modify_document_permission(Name=name, PermissionType="Share", AccountIdsToAdd=members)
    ssm = local.client("ssm", account)
    ident = start(ssm, name, Parameters={"AutomationAssumeRole": [administration]}, TargetLocations=[
        {"Accounts": members, "Regions": ["us-east-1", "eu-west-1"], "TargetLocationMaxConcurrency": "4"}])
    shown = when(ssm, ident, "Success")
    pairs = {f"{member}_{region}" for member in members for region in ("us-east-1", "eu-west-1")}
    assert set(steps(shown)) == pairs and set(steps(shown).values()) == {"Success"}
    for step in shown["StepExecutions"]:
        member, region = step["StepName"].split("_")
        child = execution(local.client("ssm", member, region), step["Outputs"]["ExecutionId"][0])
        assert child["StepExecutions"][0]["Outputs"]["Account"] == [member]
        assert child["ParentAutomationExecutionId"] == ident
    listed = ssm.describe_automation_executions(Filters=[{"Key": "AutomationType", "Values": ["CrossAccount"]}])
    assert [item["AutomationExecutionId"] for item in listed["AutomationExecutionMetadataList"]] == [ident]


def test_an_account_without_the_execution_role_fails_alone(organization, central):
    account, administration = central
    ready, bare = organization.invited(), organization.invited()
    prepare(ready, administration)
    ssm = local.client("ssm", account)
    name = create(ssm, WHERE)
    ssm.modify_document_permission(Name=name, PermissionType="Share", AccountIdsToAdd=[ready, bare])
    ident = start(ssm, name, Parameters={"AutomationAssumeRole": [administration]}, TargetLocations=[
        {"Accounts": [ready, bare], "Regions": ["us-east-1"], "TargetLocationMaxConcurrency": "2",
         "TargetLocationMaxErrors": "1"}])
    shown = local.eventually(
        lambda: (e := execution(ssm, ident))["AutomationExecutionStatus"] in ("Success", "Failed") and e, within=15)
    assert steps(shown) == {f"{ready}_us-east-1": "Success", f"{bare}_us-east-1": "Failed"}


def test_an_ou_stands_for_its_accounts_and_below_it_only_if_asked(organization, central):
    account, administration = central
    outer = organization.unit()
    inner = organization.unit(outer)
    near, far = organization.invited(), organization.invited()
    organization.move(near, outer)
    organization.move(far, inner)
    for member in (near, far):
        prepare(member, administration)
    ssm = local.client("ssm", account)
    name = create(ssm, WHERE)
    ssm.modify_document_permission(Name=name, PermissionType="Share", AccountIdsToAdd=[near, far])
    for more, expected in [({}, {near}), ({"IncludeChildOrganizationUnits": True}, {near, far}),
                           ({"IncludeChildOrganizationUnits": True, "ExcludeAccounts": [near]}, {far})]:
        ident = start(ssm, name, Parameters={"AutomationAssumeRole": [administration]}, TargetLocations=[
            {"Accounts": [outer], "Regions": ["us-east-1"], **more}])
        shown = when(ssm, ident, "Success")
        assert set(steps(shown)) == {f"{member}_us-east-1" for member in expected}, more
