"""Approval before another runbook runs."""

import json

import pytest

import local
from runbooks import World, client, output, policy, step, taken, topic


@pytest.fixture(scope="module")
def world():
    return World()


@pytest.fixture(scope="module")
def approvers(world):
    """Two users who may do nothing but answer, and one who is nobody's approver: their names and clients."""
    made = {}
    for name in ("ann", "ben", "mallory"):
        world.iam.create_user(UserName=name)
        signal = {"Effect": "Allow", "Action": "ssm:SendAutomationSignal", "Resource": "*"}
        world.iam.put_user_policy(UserName=name, PolicyName="answer", PolicyDocument=policy(signal))
        key = world.iam.create_access_key(UserName=name)["AccessKey"]
        made[name] = client("ssm", world.account, key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    return made


@pytest.fixture
def asked(world):
    """A stopped instance, and a function that asks to start it and returns the waiting execution's id."""
    instance = world.launch()
    world.ec2.stop_instances(InstanceIds=[instance])
    arn, message = topic(world, local.fresh_name("AutomationApproval"))

    def ask(**more):
        parameters = {"InstanceId": [instance], "AutomationAssumeRole": [world.role]}
        ident = world.start("Relay-ApproveThenRun", {
            "RunbookName": "AWS-StartEC2Instance", "Parameters": json.dumps(parameters), "TopicArn": arn,
            "Approvers": ["ann", f"arn:aws:iam::{world.account}:user/ben"], "Message": "May it start?"} | more)
        local.eventually(lambda: world.execution(ident)["AutomationExecutionStatus"] == "Waiting")
        return ident

    ask.instance, ask.message = instance, message
    return ask


def say(approver, ident, answer, comment="-"):
    approver.send_automation_signal(AutomationExecutionId=ident, SignalType=answer, Payload={"Comment": [comment]})


def test_an_approved_runbook_runs_with_its_parameters(world, approvers, asked):
    ident = asked()
    told = json.dumps(asked.message())
    assert "May it start?" in told and "AWS-StartEC2Instance" in told and asked.instance in told
    assert world.state(asked.instance) == "stopped"
    say(approvers["ann"], ident, "Approve")
    execution = world.ended(ident)
    assert execution["AutomationExecutionStatus"] == "Success"
    assert world.state(asked.instance) == "running"
    child = world.execution(output(execution, "run.ExecutionId"))
    assert (child["DocumentName"], child["ParentAutomationExecutionId"]) == ("AWS-StartEC2Instance", ident)


def test_one_rejection_is_enough_and_nothing_runs(world, approvers, asked):
    ident = asked(MinRequiredApprovals="2")
    say(approvers["ann"], ident, "Approve")
    say(approvers["ben"], ident, "Reject")
    execution = world.ended(ident)
    assert execution["AutomationExecutionStatus"] == "Failed" and taken(execution) == ["approve"]
    assert world.state(asked.instance) == "stopped"


def test_two_approvals_are_two_people(world, approvers, asked):
    ident = asked(MinRequiredApprovals="2")
    say(approvers["ann"], ident, "Approve")
    again = local.error_of(approvers["ann"].send_automation_signal, AutomationExecutionId=ident, SignalType="Approve")
    assert again["Error"]["Code"] == "InvalidAutomationSignalException"
    assert world.execution(ident)["AutomationExecutionStatus"] == "Waiting"
    assert world.state(asked.instance) == "stopped"
    say(approvers["ben"], ident, "Approve")
    assert world.ended(ident)["AutomationExecutionStatus"] == "Success"
    assert world.state(asked.instance) == "running"


def test_who_is_no_approver_does_not_approve(world, approvers, asked):
    ident = asked()
    code = local.code_of(approvers["mallory"].send_automation_signal, AutomationExecutionId=ident, SignalType="Approve")
    assert code == "InvalidAutomationSignalException"
    assert world.execution(ident)["AutomationExecutionStatus"] == "Waiting"
    world.ssm.stop_automation_execution(AutomationExecutionId=ident, Type="Cancel")
    assert world.ended(ident)["AutomationExecutionStatus"] == "Cancelled"
    assert world.state(asked.instance) == "stopped"


def test_an_approval_that_nobody_gives_times_out(world, asked):
    ident = asked(WithinSeconds="2")
    execution = world.ended(ident)
    assert execution["AutomationExecutionStatus"] == "TimedOut"
    assert step(execution, "approve")["StepStatus"] == "TimedOut" and taken(execution) == ["approve"]
    assert world.state(asked.instance) == "stopped"


def test_an_approved_runbook_that_does_not_exist_fails_the_run(world, approvers, asked):
    ident = asked(RunbookName="Nobody-WroteThis")
    say(approvers["ann"], ident, "Approve")
    assert world.ended(ident)["AutomationExecutionStatus"] == "Failed"
    assert world.state(asked.instance) == "stopped"


def test_a_topic_of_the_wrong_name_asks_nobody(world):
    world.publish("Relay-ApproveThenRun")
    code = local.code_of(world.ssm.start_automation_execution, DocumentName="Relay-ApproveThenRun", Parameters={
        "RunbookName": ["AWS-StartEC2Instance"], "Approvers": ["ann"],
        "TopicArn": [f"arn:aws:sns:{world.region}:{world.account}:approvals"]})
    assert code == "InvalidAutomationExecutionParametersException"
