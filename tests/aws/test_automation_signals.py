"""What an execution waits for: approvals, resumption, and in Interactive mode every step."""

import local
from automation import HOLD, QUICK, execution, run, steps, user, when

ASK = """
schemaVersion: '0.3'
mainSteps:
- name: ask
  action: aws:approve
  inputs:
    NotificationArn: {topic}
    Message: may we?
    MinRequiredApprovals: {needed}
    Approvers: {approvers}
- name: nap
  action: aws:sleep
  inputs: {{Duration: PT0S}}
"""


def ask(ssm, account, approvers, needed=1):
    sns = local.client("sns", account)
    topic = sns.create_topic(Name=local.fresh_name("Automation"))["TopicArn"]
    ident = run(ssm, ASK.format(topic=topic, approvers=approvers, needed=needed))
    when(ssm, ident, "Waiting")
    return ident


def signal(ssm, ident, kind, **payload):
    return ssm.send_automation_signal(AutomationExecutionId=ident, SignalType=kind,
                                      Payload={key: [value] for key, value in payload.items()})


def test_an_approval_lets_the_execution_go_on(ssm, account):
    ident = ask(ssm, account, [f"arn:aws:iam::{account}:root"])
    signal(ssm, ident, "Approve", Comment="go")
    shown = when(ssm, ident, "Success")
    outputs = shown["StepExecutions"][0]["Outputs"]
    assert outputs["ApprovalStatus"] == ["Approved"]
    assert "go" in outputs["ApproverDecisions"][0]


def test_a_rejection_fails_the_step(ssm, account):
    ident = ask(ssm, account, [f"arn:aws:iam::{account}:root"], needed=1)
    signal(ssm, ident, "Reject", Comment="no")
    shown = when(ssm, ident, "Failed")
    assert steps(shown) == {"ask": "Failed", "nap": "Pending"}


def test_who_is_no_approver_decides_nothing(ssm, account):
    ident = ask(ssm, account, [f"arn:aws:iam::{account}:user/somebody-else"])
    assert local.code_of(signal, ssm=ssm, ident=ident, kind="Approve") == "InvalidAutomationSignalException"
    assert execution(ssm, ident)["AutomationExecutionStatus"] == "Waiting"


def test_as_many_approvers_as_are_needed_must_agree(ssm, account):
    allowed = [{"Action": "ssm:SendAutomationSignal"}]
    keys = [user(account, allowed) for _ in range(2)]
    clients = [local.client_of("ssm", *key) for key in keys]
    names = [local.client_of("sts", *key).get_caller_identity()["Arn"] for key in keys]
    ident = ask(ssm, account, names, needed=2)
    signal(clients[0], ident, "Approve")
    assert local.code_of(signal, ssm=clients[0], ident=ident, kind="Approve") == "InvalidAutomationSignalException"
    assert execution(ssm, ident)["AutomationExecutionStatus"] == "Waiting"
    signal(clients[1], ident, "Approve")
    when(ssm, ident, "Success")


def test_an_approval_that_nobody_gives_times_out(ssm, account):
    ident = ask(ssm, account, [f"arn:aws:iam::{account}:root"])
    local.advance("P8D")
    assert steps(when(ssm, ident, "TimedOut"))["ask"] == "TimedOut"


def test_a_pause_waits_until_it_is_resumed(ssm):
    ident = run(ssm, HOLD)
    shown = when(ssm, ident, "Waiting")
    assert steps(shown) == {"hold": "Waiting", "nap": "Pending"}
    local.advance("P30D")
    assert execution(ssm, ident)["AutomationExecutionStatus"] == "Waiting"
    signal(ssm, ident, "Resume", StepName="hold")
    assert steps(when(ssm, ident, "Success")) == {"hold": "Success", "nap": "Success"}


def test_in_interactive_mode_every_step_is_started_by_hand(ssm):
    more = "- name: second\n  action: aws:sleep\n  inputs: {Duration: PT0S}\n"
    ident = run(ssm, QUICK + more, Mode="Interactive")
    shown = when(ssm, ident, "Waiting")
    assert shown["Mode"] == "Interactive" and steps(shown) == {"nap": "Pending", "second": "Pending"}
    signal(ssm, ident, "StartStep", StepName="nap")
    local.eventually(lambda: steps(execution(ssm, ident)) == {"nap": "Success", "second": "Pending"})
    when(ssm, ident, "Waiting")
    ssm.stop_automation_execution(AutomationExecutionId=ident, Type="Complete")
    assert steps(when(ssm, ident, "Success")) == {"nap": "Success", "second": "Pending"}


def test_a_step_that_runs_is_stopped_by_its_id(ssm):
    ident = run(ssm, QUICK.replace("PT0S", "PT1H"), Mode="Interactive")
    when(ssm, ident, "Waiting")
    signal(ssm, ident, "StartStep", StepName="nap")
    step = local.eventually(
        lambda: (s := execution(ssm, ident)["StepExecutions"][0])["StepStatus"] == "InProgress" and s)
    signal(ssm, ident, "StopStep", StepExecutionId=step["StepExecutionId"])
    local.eventually(lambda: steps(execution(ssm, ident)) == {"nap": "Cancelled"})
