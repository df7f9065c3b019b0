"""Status changes through the deployed rules, and rules that start automations."""

import json

import pytest

import local
from automation import HOLD, QUICK, create, execution, role, run, start, when
from test_events import Hub


@pytest.fixture
def hub(account):
    return Hub(account)


def heard(hub, queue, count):
    """The next messages of a queue, as many as are expected, in the order of their detail's status."""
    url = hub.sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    found = []

    def received():
        messages = hub.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        found.extend(json.loads(message["Body"]) for message in messages)
        return len(found) >= count

    local.eventually(received)
    assert len(found) == count
    return found


def test_every_change_of_status_is_an_event_in_awss_shape(ssm, account, hub):
    queue = hub.queue()
    hub.rule({"source": ["aws.ssm"], "detail-type": [{"prefix": "EC2 Automation"}]}, hub.arn("sqs", queue))
    name = create(ssm)
    ident = start(ssm, name)
    when(ssm, ident, "Success")
    events = heard(hub, queue, 4)
    resources = [hub.arn("ssm", f"automation-execution/{ident}"), hub.arn("ssm", f"automation-definition/{name}:1")]
    for event in events:
        assert (event["source"], event["account"], event["region"]) == ("aws.ssm", account, local.HOME)
        assert event["resources"] == resources and len(event["time"]) == len("2016-11-29T19:43:35Z")
        assert (event["detail"]["Definition"], event["detail"]["DefinitionVersion"]) == (name, 1.0)
    said = {(event["detail-type"].split()[2], event["detail"]["Status"]) for event in events}
    assert said == {("Execution", "InProgress"), ("Execution", "Success"), ("Step", "InProgress"), ("Step", "Success")}
    [ended] = [event["detail"] for event in events
               if event["detail-type"] == "EC2 Automation Execution Status-change Notification"
               and event["detail"]["Status"] == "Success"]
    assert ended["ExecutedBy"] == f"arn:aws:iam::{account}:root"
    assert ended["EndTime"].endswith(("AM", "PM")) and ended["Time"] >= 0
    [step] = [event["detail"] for event in events if "StepName" in event["detail"]
              and event["detail"]["Status"] == "Success"]
    assert (step["StepName"], step["Action"]) == ("nap", "aws:sleep")


def test_waiting_and_being_cancelled_are_told_too(ssm, hub):
    queue = hub.queue()
    pattern = {"source": ["aws.ssm"], "detail-type": ["EC2 Automation Execution Status-change Notification"]}
    hub.rule(pattern, hub.arn("sqs", queue))
    ident = run(ssm, HOLD)
    when(ssm, ident, "Waiting")
    ssm.stop_automation_execution(AutomationExecutionId=ident)
    when(ssm, ident, "Cancelled")
    said = {event["detail"]["Status"] for event in heard(hub, queue, 4)}
    assert said == {"InProgress", "Waiting", "Cancelling", "Canceled"}


def rule(hub, arn, rolename, **target):
    name = local.fresh_name("rule")
    hub.events.put_rule(Name=name, EventPattern=json.dumps({"source": ["tests"]}))
    hub.events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn, "RoleArn": rolename} | target])


def tell(hub, **detail):
    hub.events.put_events(Entries=[{"Source": "tests", "DetailType": "t", "Detail": json.dumps(detail)}])


def started(ssm, name):
    found = ssm.describe_automation_executions(Filters=[{"Key": "DocumentNamePrefix", "Values": [name]}])
    return found["AutomationExecutionMetadataList"]


WHO = {"InputPathsMap": {"who": "$.detail.who"}, "InputTemplate": '{"Who":[<who>]}'}


@pytest.mark.parametrize("version, kind", [(":$DEFAULT", "old"), (":1", "old"), ("", "new")])
def test_a_rule_starts_a_runbook_under_its_role(ssm, account, hub, version, kind):
    name = create(ssm)
    target = hub.arn("ssm", f"automation-definition/{name}{version}")
    resources = {"old": [target], "new": [hub.arn("ssm", f"document/{name}"), hub.arn("ssm", "automation-execution/*")]}
    allowed = [{"Action": "ssm:StartAutomationExecution", "Resource": resources[kind]}]
    arn = role(account, "events.amazonaws.com", allowed)
    rule(hub, target, arn, InputTransformer=WHO)
    tell(hub, who="zed")
    [item] = local.eventually(lambda: started(ssm, name))
    shown = when(ssm, item["AutomationExecutionId"], "Success")
    assert shown["Parameters"]["Who"] == ["zed"]
    assert shown["ExecutedBy"].startswith(f"arn:aws:sts::{account}:assumed-role/{arn.split('/')[1]}/")


def outcome(hub, target):
    records = local.eventually(lambda: [r for r in local.control("GET", "events") if r["target"] == target])
    return records[-1]


@pytest.mark.parametrize("text, allowed, code", [
    ('{"Who":["zed"]}', [], "NO_PERMISSIONS"),
    ('{"Who":"zed"}', [{"Action": "ssm:*"}], "INVALID_PARAMETER"),
    ('{"Absent":["zed"]}', [{"Action": "ssm:*"}], "INVALID_PARAMETER"),
])
def test_what_cannot_be_started_is_dead_lettered(ssm, account, hub, text, allowed, code):
    name = create(ssm)
    target, dead = hub.arn("ssm", f"automation-definition/{name}:$DEFAULT"), hub.queue()
    arn = role(account, "events.amazonaws.com", allowed or [{"Action": "sqs:*"}])
    rule(hub, target, arn, Input=text, DeadLetterConfig={"Arn": hub.arn("sqs", dead)})
    tell(hub)
    message = hub.message(dead)
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == code
    assert started(ssm, name) == []


def test_a_rules_role_passes_the_role_that_the_runbook_assumes(ssm, account, hub):
    text = QUICK.replace("parameters:", "assumeRole: '{{ AutomationAssumeRole }}'\nparameters:\n"
                                        "  AutomationAssumeRole: {type: String, default: ''}")
    name = create(ssm, text)
    service = role(account, "ssm.amazonaws.com", [{"Action": "s3:ListAllMyBuckets"}])
    target = hub.arn("ssm", f"automation-definition/{name}:$DEFAULT")
    may = {"Action": "ssm:StartAutomationExecution"}
    for passing, count in [([], 0), ([{"Action": "iam:PassRole", "Resource": service}], 1)]:
        dead = hub.queue()
        arn = role(account, "events.amazonaws.com", [may, *passing])
        hub.events.put_rule(Name="pass", EventPattern=json.dumps({"source": ["tests"]}))
        hub.events.put_targets(Rule="pass", Targets=[{
            "Id": "1", "Arn": target, "RoleArn": arn, "Input": json.dumps({"AutomationAssumeRole": [service]}),
            "DeadLetterConfig": {"Arn": hub.arn("sqs", dead)}}])
        tell(hub)
        if count:
            [item] = local.eventually(lambda: started(ssm, name))
            assert execution(ssm, item["AutomationExecutionId"])["Parameters"]["AutomationAssumeRole"] == [service]
        else:
            assert "iam:PassRole" in hub.message(dead)["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]
            assert started(ssm, name) == []
