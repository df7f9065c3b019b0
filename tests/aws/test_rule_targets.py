"""Systems Manager as a target of rules: what PutTargets and stacks refuse, and commands that rules send."""

import json

import pytest
from botocore.exceptions import ClientError

import local
from automation import create, role
from test_commands import HELLO, commands, node  # noqa: F401
from test_events import Hub

SHELL = f"arn:aws:ssm:{local.HOME}::document/AWS-RunShellScript"
RUNBOOK = f"arn:aws:ssm:{local.HOME}:111122223333:automation-definition/Doc"
ROLE = "arn:aws:iam::111122223333:role/deliver"
NODES = {"RunCommandTargets": [{"Key": "InstanceIds", "Values": ["i-0123456789abcdef0"]}]}
NOT_VALID = "Parameter RunCommandParameters is not valid for target here."
REFUSED = [
    ({"Arn": RUNBOOK}, f"RoleArn is required for target {RUNBOOK}."),
    ({"Arn": SHELL, "RunCommandParameters": NODES}, f"RoleArn is required for target {SHELL}."),
    ({"Arn": SHELL, "RoleArn": ROLE}, NOT_VALID),
    ({"Arn": RUNBOOK, "RoleArn": ROLE, "RunCommandParameters": NODES}, NOT_VALID),
    ({"Arn": f"arn:aws:sqs:{local.HOME}:111122223333:q", "RunCommandParameters": NODES}, NOT_VALID),
    ({"Arn": RUNBOOK.replace("automation-definition", "automation"), "RoleArn": ROLE}, "Provided Arn is not in correct format."),
    ({"Arn": RUNBOOK, "RoleArn": ROLE, "Input": "{"}, "Input for target here is not a valid JSON text."),
    ({"Arn": RUNBOOK, "RoleArn": ROLE, "Input": "{}", "InputPath": "$.detail"},
     "Only one of Input, InputPath, or InputTransformer must be provided for target here."),
]


@pytest.fixture
def hub(account):
    return Hub(account)


@pytest.mark.parametrize("target, message", REFUSED)
def test_a_target_that_could_not_run_is_refused_by_the_call(hub, target, message):
    hub.events.put_rule(Name="r", EventPattern=json.dumps({"source": ["tests"]}))
    with pytest.raises(ClientError) as refused:
        hub.events.put_targets(Rule="r", Targets=[{"Id": "here", **target}])
    error = refused.value.response["Error"]
    assert error["Code"] == "ValidationException" and error["Message"].endswith(message)
    assert hub.events.list_targets_by_rule(Rule="r")["Targets"] == []


@pytest.mark.parametrize("target, message", REFUSED[:3])
def test_and_by_a_stack(account, target, message):
    stacks, name = local.client("cloudformation", account), local.fresh_name("stack")
    rule = {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": {"source": ["tests"]},
                                                        "Targets": [{"Id": "here", **target}]}}
    stacks.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": {"Rule": rule}}))
    local.eventually(lambda: not stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"].endswith("IN_PROGRESS"))
    reasons = [event.get("ResourceStatusReason", "") for event in stacks.describe_stack_events(StackName=name)["StackEvents"]]
    assert any(message in reason for reason in reasons), reasons


def sends(hub, account, arn, nodes, text, may):
    dead = hub.queue()
    hub.events.put_rule(Name="send", EventPattern=json.dumps({"source": ["tests"]}))
    hub.events.put_targets(Rule="send", Targets=[{
        "Id": "1", "Arn": arn, "RoleArn": role(account, "events.amazonaws.com", may), "Input": text,
        "RunCommandParameters": {"RunCommandTargets": nodes}, "DeadLetterConfig": {"Arn": hub.arn("sqs", dead)}}])
    hub.events.put_events(Entries=[{"Source": "tests", "DetailType": "t", "Detail": "{}"}])
    return dead


def test_a_rule_sends_a_command_under_its_role(account, commands, hub):  # noqa: F811
    web, _ = node(account, Role="web"), node(account, Role="db")
    may = [{"Action": "ssm:SendCommand", "Resource": f"arn:aws:ssm:{local.HOME}:*:document/AWS-RunShellScript"},
           {"Action": "ssm:SendCommand", "Resource": f"arn:aws:ec2:{local.HOME}:{account}:instance/*"}]
    sends(hub, account, SHELL, [{"Key": "tag:Role", "Values": ["web"]}], '{"commands":["uptime"]}', may)
    [sent] = local.eventually(lambda: commands.list_commands()["Commands"])
    assert (sent["DocumentName"], sent["Parameters"], sent["InstanceIds"]) == (
        "AWS-RunShellScript", {"commands": ["uptime"]}, [web])


def test_a_rule_sends_a_document_of_the_account(ssm, account, commands, hub):  # noqa: F811
    name, instance = local.fresh_name(), node(account)
    ssm.create_document(Name=name, DocumentType="Command", Content=json.dumps(HELLO))
    nodes = [{"Key": "InstanceIds", "Values": [instance]}]
    sends(hub, account, hub.arn("ssm", f"document/{name}"), nodes, '{"Name":["zed"]}', [{"Action": "ssm:*"}])
    [sent] = local.eventually(lambda: commands.list_commands()["Commands"])
    assert (sent["DocumentName"], sent["Parameters"]["Name"], sent["TargetCount"]) == (name, ["zed"], 1)


@pytest.mark.parametrize("document, text, may, code", [
    (SHELL, '{"commands":["uptime"]}', [{"Action": "sqs:*"}], "NO_PERMISSIONS"),
    (SHELL, '{"commands":["uptime"]}', [{"Action": "ssm:SendCommand", "Resource": "arn:aws:ssm:*:*:document/*"}],
     "NO_PERMISSIONS"),
    (SHELL, '{"shell":["zsh"]}', [{"Action": "ssm:*"}], "INVALID_PARAMETER"),
    (SHELL, '{"commands":"uptime"}', [{"Action": "ssm:*"}], "INVALID_PARAMETER"),
    ("", "{}", [{"Action": "ssm:*"}], "INVALID_PARAMETER"),
])
def test_a_command_that_cannot_be_sent_is_dead_lettered(ssm, account, commands, hub, document, text, may, code):  # noqa: F811
    # Run Command does not run runbooks.
    document = document or hub.arn("ssm", f"document/{create(ssm)}")
    dead = sends(hub, account, document, [{"Key": "InstanceIds", "Values": [node(account)]}], text, may)
    assert hub.message(dead)["MessageAttributes"]["ERROR_CODE"]["StringValue"] == code
    assert commands.list_commands()["Commands"] == []
