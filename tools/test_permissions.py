"""The checks of permissions find what they are there for: each is shown one planted fault in a copy of the real files."""

import io
import shutil
from pathlib import Path

import check_permissions
import pytest
import reference

ROOT = Path(__file__).resolve().parent.parent

HUB, OWNER, TARGET = "template.yaml", "stacks/owner-account.yaml", "stacks/target-account.yaml"
EXCEPTIONS = "tools/permissions.yaml"

# the file, what it holds (the first occurrence is replaced), the fault, the place and the sentence that are reported
FAULTS = [
    (OWNER, "Action: ssm:ListDocuments", "Action: ssm:ListDocument",
     "ShareRole, share-documents, ListDocuments: ssm:ListDocument: no such action", "did you mean ssm:ListDocument"),
    (OWNER, "ssm:DescribeDocumentPermission,", "ssmm:DescribeDocumentPermission,", "no such action in the reference", "remove the action"),
    (HUB, "Action: ssm:GetParametersByPath", "Action: ssm:Get*", "ssm:Get*: a family of actions", "name each action"),
    (HUB, "Action: ssm:GetParameter\n", "Action: ssm:GetServiceSetting\n", "ReadTheKillSwitch: ssm:GetServiceSetting", "types servicesetting"),
    (OWNER, ":document/*", ":parameter/*", "ssm:ModifyDocumentPermission: takes resources of the types document", "correct the ARN"),
    (HUB, "arn:${AWS::Partition}:organizations::*:handshake/", "arn:${AWS::Partition}:organizations::*:policy/",
     "no action of the statement takes this resource", "remove it"),
    (OWNER, "Resource: !Sub arn:${AWS::Partition}:ssm:*:${AWS::AccountId}:document/*", 'Resource: "*"',
     'ssm:ModifyDocumentPermission: Resource is "*"', "takes resources (document)"),
    (HUB, "Resource: !Ref AllowedSharedRunbookArns", 'Resource: "*"', "StartSharedRunbooks: ssm:StartAutomationExecution: Resource", "name them"),
    (OWNER, 'Resource: "*"', "Resource: !Sub arn:${AWS::Partition}:ssm:*:${AWS::AccountId}:document/*",
     "ssm:ListDocuments: the action takes no resources", 'write Resource: "*"'),
    (HUB, '"dynamodb:LeadingKeys": ["lock#*"]', '"dynamodb:LeadingKey": ["lock#*"]',
     "dynamodb:DeleteItem: the condition ForAllValues:StringLike dynamodb:LeadingKey is unknown", "remove it"),
    (HUB, '"iam:PassedToService"', '"ssm:PassedToService"', "iam:PassRole: the condition StringEquals ssm:PassedToService is unknown", "remove it"),
    (OWNER, '"aws:PrincipalOrgID"', '"aws:PrincipalOrg"', "ShareRole, trust: sts:AssumeRole: the condition StringEquals aws:PrincipalOrg", "unknown"),
    (HUB, "Action: sqs:SendMessage\n            Resource: !GetAtt IntakeQueue.Arn", "Action: sqs:SendMessages\n            Resource: !GetAtt IntakeQueue.Arn",
     "IntakeQueuePolicy", "did you mean sqs:SendMessage"),
    (TARGET, "                  - !Sub arn:${AWS::Partition}:ssm:*::document/AWS-RunShellScript\n", "",
     "ExecutionRole, runbooks, RunCommands: ssm:SendCommand: also needs a resource of the type document", "add it"),
    (EXCEPTIONS, "- action: states:SendTaskSuccess", "- action: states:SendTaskFailure", "states:SendTaskFailure: resource: nothing has this problem", "remove"),
    (EXCEPTIONS, "reason: The key's own policy", 'reason: ""\n    was: The key s own policy', "kms:*: write the reason", "write"),
]


@pytest.fixture
def project(tmp_path):
    for name in (HUB, "stacks", EXCEPTIONS):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, tmp_path / name)
    return tmp_path


def plant(project, name, before, after):
    text = (project / name).read_text(encoding="utf-8")
    assert before in text, f"{name} no longer holds what this test replaces: {before}"
    (project / name).write_text(text.replace(before, after, 1), encoding="utf-8")


def reports(project):
    out = io.StringIO()
    checked, failed = check_permissions.check(project, out)
    assert checked > 200
    assert out.getvalue().count("FAILED ") == failed
    return out.getvalue().splitlines()


def test_the_real_permissions_are_in_awss_reference(project):
    assert reports(project) == []


@pytest.mark.parametrize("name,before,after,place,said", FAULTS)
def test_a_permission_that_aws_does_not_know_is_found(project, name, before, after, place, said):
    plant(project, name, before, after)
    found = reports(project)
    assert any(place in each and said in each for each in found), found


def test_a_problem_names_the_line_of_its_action(project):
    plant(project, HUB, "Action: ssm:GetParametersByPath", "Action: ssm:GetParameterByPath")
    line = 1 + (project / HUB).read_text(encoding="utf-8").splitlines().index("                Action: ssm:GetParameterByPath")
    assert reports(project)[0].startswith(f"FAILED template.yaml:{line}: RouteAlarmsRole, route-alarms, ReadPolicy: ")


@pytest.mark.parametrize("one,other,meet", [
    ("document/*", "document/Relay-*", True), ("a*c", "*bc", True), ("*", "", True), ("", "*", True), ("a*", "*b", True),
    ("document/*", "parameter/*", False), ("a*c", "a*d", False), ("a", "", False), ("ab", "a", False),
])
def test_patterns_overlap_where_one_text_matches_both(one, other, meet):
    assert reference.overlap(one, other) is reference.overlap(other, one) is meet


def test_an_arn_is_compared_field_by_field():
    document, execution = "arn:*:ssm:*:*:document/*", "arn:*:ssm:*:*:automation-execution/*"
    assert reference.arns_overlap("arn:aws:ssm:*::document/AWS-*", document)
    assert not reference.arns_overlap("arn:aws:ssm:*:111122223333:document/*", execution)
    assert not reference.arns_overlap("arn:aws:s3:::bucket/*", document)
