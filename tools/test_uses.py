"""What is granted and what is used are held against each other: each test plants one fault in a copy of the real files."""

import io
import shutil
from pathlib import Path

import check_uses
import permissions_page
import pytest
import runbook_calls
import uses

ROOT = Path(__file__).resolve().parent.parent

HUB, TARGET, MANAGEMENT = "template.yaml", "stacks/target-account.yaml", "stacks/management-account.yaml"
EXCEPTIONS, PAGE, SHARE = "tools/permissions.yaml", "docs/permissions.md", "statemachine/share-runbooks.asl.json"
REBOOT, ISOLATE = "runbooks/Relay-RebootInstance.yaml", "runbooks/Relay-IsolateInstance.yaml"

# the file, what it holds (the first occurrence is replaced), the fault, what is reported
FAULTS = [
    # Granted and not used: by a function, a machine, a runbook, a role of another account, a rule.
    (HUB, "Action: [dynamodb:DeleteItem, dynamodb:UpdateItem]", "Action: [dynamodb:DeleteItem, dynamodb:UpdateItem, dynamodb:Scan]",
     "ShareDocumentsRole, share-documents, HoldTheLock: dynamodb:Scan: nothing uses it: remove it"),
    (HUB, "              - Effect: Allow\n                Action: lambda:InvokeFunction", "              - Effect: Allow\n                Action: lambda:GetFunction",
     "AwaitMembershipRole, await-membership: lambda:GetFunction: nothing uses it"),
    (HUB, "                  - ec2:RebootInstances\n", "                  - ec2:RebootInstances\n                  - ec2:TerminateInstances\n",
     "ServiceRole, runbooks, Cure: ec2:TerminateInstances: nothing uses it"),
    (TARGET, "                  - ec2:RebootInstances\n", "                  - ec2:RebootInstances\n                  - ec2:TerminateInstances\n",
     "ExecutionRole, runbooks, Cure: ec2:TerminateInstances: nothing uses it"),
    (TARGET, "                  - cloudwatch:DescribeAlarmHistory\n", "                  - cloudwatch:DescribeAlarmHistory\n                  - cloudwatch:GetDashboard\n",
     "ReadRole, read, LookAtAlarms: cloudwatch:GetDashboard: nothing uses it"),
    (HUB, "ssm:DescribeDocumentPermission, ", "ssm:DescribeDocumentPermission, ssm:DeleteActivation, ", "ShareRole, share-documents, ShareDocuments: ssm:DeleteActivation: nothing uses it"),
    (MANAGEMENT, "          RoleArn: !GetAtt ForwardingRole.Arn\n", "", "ForwardingRole, put-events: events:PutEvents: nothing uses it"),
    # Used and not granted: by a machine, a runbook in the hub's account, a runbook in a target account.
    (HUB, "              # this role to exist.\n              - Effect: Allow\n                Action: states:StartExecution\n",
     "              - Effect: Allow\n                Action: states:StopExecution\n",
     "ShareRunbooksRole: states:StartExecution: the state"),
    (HUB, "                  - ec2:StopInstances\n", "", "template.yaml: ServiceRole: ec2:StopInstances: Relay-StopStartInstance: stop, forceStop needs it"),
    (TARGET, "                  - ec2:StopInstances\n", "", "target-account.yaml: ExecutionRole: ec2:StopInstances: Relay-StopStartInstance"),
    (REBOOT, "      Api: RebootInstances", "      Api: TerminateInstances", "ServiceRole: ec2:TerminateInstances: Relay-RebootInstance: reboot needs it"),
    (EXCEPTIONS, "  - runbook: Relay-EnforceImdsv2\n    reason: Answers no alarm; changes how instances get credentials.\n", "",
     "ServiceRole: ec2:ModifyInstanceMetadataOptions: Relay-EnforceImdsv2"),
    (REBOOT, "      DocumentName: AWS-RunShellScript", "      DocumentName: AWS-RunPatchBaseline",
     "ExecutionRole: ssm:SendCommand of the document: AWS-RunPatchBaseline: it is used"),
    (TARGET, "document/AWS-RunShellScript\n", "document/AWS-RunShellScript\n                  - !Sub arn:${AWS::Partition}:ssm:*::document/AWS-RunPatchBaseline\n",
     "ExecutionRole: ssm:SendCommand of the document: AWS-RunPatchBaseline: nothing uses it"),
    (HUB, "Resource: [!GetAtt PlanSharesFunction.Arn, ", "Resource: [!GetAtt RouteAlarmsFunction.Arn, !GetAtt PlanSharesFunction.Arn, ",
     "ShareRunbooksRole: lambda:InvokeFunction: arn:aws:lambda:us-east-1:111122223333:function:RouteAlarmsFunction: nothing uses it"),
    (HUB, "Resource: [!GetAtt PlanSharesFunction.Arn, ", "Resource: [", "function:PlanSharesFunction: it is used: grant it"),
    # What a runbook's description says.
    (REBOOT, "`ec2:RebootInstances`", "`ec2:StopInstances`", "its description does not name ec2:RebootInstances, which it needs"),
    (ISOLATE, "`ec2:DescribeSecurityGroups`, ", "`ec2:DescribeSecurityGroups`, `ec2:DescribeVpcs`, ", "its description names ec2:DescribeVpcs, which nothing in it needs"),
    # Exceptions.
    (EXCEPTIONS, "actions: [ssm:AddTagsToResource]", "actions: [ssm:AddTagsToResource, ssm:RemoveTagsFromResource]",
     "services: ssm:RemoveTagsFromResource: explains nothing any more"),
    (EXCEPTIONS, "reason: Lambda polls the queue.", 'reason: ""', "services: an entry without reason"),
    (EXCEPTIONS, "outside:\n", "outside:\n  - runbook: Relay-Gone\n    reason: It was here.\n", "outside: Relay-Gone does not ship any more"),
    (EXCEPTIONS, "outside:\n", "outside:\n  - runbook: Relay-RebootInstance\n    reason: It may.\n", "outside: Relay-RebootInstance answers an alarm"),
    (EXCEPTIONS, "policy: ViewerPolicy, statement: SeeTheStack,", "policy: ViewerPolicy, statement: SeeTheStacks,",
     "people: ViewerPolicy has no statement SeeTheStacks"),
    (HUB, "            Action: sqs:GetQueueAttributes\n", "            Action: sqs:GetQueueAttributes\n          - Sid: Purge\n            Effect: Allow\n"
     "            Action: sqs:PurgeQueue\n            Resource: !GetAtt IntakeQueue.Arn\n          - Sid: SeeOthers\n            Effect: Allow\n"
     "            Action: sqs:GetQueueAttributes\n", "ViewerPolicy, Purge: sqs:PurgeQueue: nothing uses it"),
    # The page.
    (PAGE, "| StartExecutions |", "| StartSomething |", "docs/permissions.md is not what the templates say: run tools/check_uses.py --write"),
]


@pytest.fixture
def project(tmp_path):
    for name in (HUB, "stacks", "rules", "runbooks", "statemachine", EXCEPTIONS, PAGE):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, tmp_path / name)
    for name in ("functions", "suite"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def plant(project, name, before, after):
    text = (project / name).read_text(encoding="utf-8")
    assert before in text, f"{name} no longer holds what this test replaces: {before}"
    (project / name).write_text(text.replace(before, after, 1), encoding="utf-8")


def reports(project):
    out = io.StringIO()
    checked, failed = check_uses.check(project, out)
    assert checked > 200
    assert out.getvalue().count("FAILED ") == failed
    return out.getvalue().splitlines()


def test_what_is_granted_is_used_and_what_is_used_is_granted(project):
    assert reports(project) == []


@pytest.mark.parametrize("name,before,after,said", FAULTS)
def test_a_difference_between_granted_and_used_is_found(project, name, before, after, said):
    plant(project, name, before, after)
    found = reports(project)
    assert any(said in each for each in found), found


def test_a_call_that_the_code_no_longer_makes_is_found(project):
    (project / "functions").unlink()
    shutil.copytree(ROOT / "functions", project / "functions")
    plant(project, "functions/check-membership/src/look.rs", ".describe_create_account_status(", ".describe_something(")
    assert any("CheckMembershipRole" in each and "organizations:DescribeCreateAccountStatus: nothing uses it" in each
               for each in reports(project))


def test_the_page_can_be_written(project):
    (project / PAGE).unlink()
    assert any(PAGE in each for each in reports(project))
    check_uses.check(project, io.StringIO(), write=True)
    assert (project / PAGE).read_text(encoding="utf-8") == (ROOT / PAGE).read_text(encoding="utf-8")


def script(text):
    return sorted(runbook_calls.script_needs(text, "here"))


def test_calls_of_scripts_are_read_however_the_client_is_held():
    assert script('boto3.client("ec2").describe_instances(InstanceIds=[x])') == ["ec2:DescribeInstances"]
    assert script('ec2, y = boto3.client("ec2"), 1\nec2.stop_instances()') == ["ec2:StopInstances"]
    assert script('elb = boto3.client("elbv2")\nelb.get_paginator("describe_target_groups").paginate()') == ["elasticloadbalancing:DescribeTargetGroups"]
    assert script('def all(service, call):\n  boto3.client(service)\nall("s3", "list_buckets")') == ["s3:ListAllMyBuckets"]


@pytest.mark.parametrize("text,said", [
    ('boto3.client("ec2").describe_nothing()', "ec2 has no operation describe_nothing"),
    ("boto3.client(service).describe_instances()", "a client whose service is not written out"),
])
def test_a_call_that_cannot_be_read_is_an_error(text, said):
    with pytest.raises(runbook_calls.UnreadableRunbook, match=said):
        script(text)


def test_an_action_that_nobody_knows_is_an_error():
    with pytest.raises(runbook_calls.UnreadableRunbook, match="teach it"):
        list(runbook_calls.step_needs({"action": "aws:copyImage", "inputs": {}}, "here"))


@pytest.mark.parametrize("operation,method", [
    ("DescribeAlarms", "describe_alarms"), ("ListOrganizationalUnitsForParent", "list_organizational_units_for_parent"),
    ("BatchGetItem", "batch_get_item"), ("GetEC2Thing", "get_ec2_thing"),
])
def test_operations_are_named_as_in_the_rust_sdk(operation, method):
    assert uses.snake(operation) == method


def test_values_are_shown_as_a_reader_knows_them():
    assert permissions_page.text({"Fn::Sub": "arn:${AWS::Partition}:${Table.Arn}/x"}) == "arn:${Partition}:${Table}/x"
    assert permissions_page.text({"Fn::GetAtt": ["Table", "Arn"]}) == "Table"
    assert permissions_page.text({"Ref": "AWS::AccountId"}) == "${AccountId}"
