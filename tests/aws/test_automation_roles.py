"""Under whose authority an execution is started, and acts."""

import pytest

import local
from automation import HOLD, QUICK, UNDER_A_ROLE, create, execution, role, run, start, steps, user, when


@pytest.fixture
def where(account):
    """ARNs of SSM in the account."""
    return lambda resource: f"arn:aws:ssm:{local.HOME}:{account}:{resource}"


def client(account, *statements):
    return local.client_of("ssm", *user(account, statements))


TODAY = ["document/Relay-*", "automation-execution/*"]


def test_starting_needs_the_document_and_the_execution(ssm, account, where):
    name = create(ssm)
    for resources, allowed in [(TODAY, True), (TODAY[:1], False), (TODAY[1:], False), ([], False)]:
        statement = {"Action": "ssm:StartAutomationExecution", "Resource": [where(it) for it in resources] or "x"}
        someone = client(account, statement)
        if allowed:
            ident = start(someone, name)
            assert ":user/" in when(ssm, ident, "Success")["ExecutedBy"]
        else:
            assert local.code_of(someone.start_automation_execution, DocumentName=name) == "AccessDeniedException"


@pytest.mark.parametrize("version", ["$DEFAULT", "1", "*"])
def test_older_policies_name_the_definition(ssm, account, where, version):
    name = create(ssm)
    resource = where(f"automation-definition/{name}:{version}")
    someone = client(account, {"Action": "ssm:StartAutomationExecution", "Resource": resource})
    when(ssm, start(someone, name), "Success")


def test_a_predefined_runbook_belongs_to_no_account(account, where):
    amazons = f"arn:aws:ssm:{local.HOME}::document/AWS-StartEC2Instance"
    for resource, code in [(amazons, "InvalidAutomationExecutionParametersException"),
                           (where("document/AWS-StartEC2Instance"), "AccessDeniedException")]:
        resources = [resource, where("automation-execution/*")]
        someone = client(account, {"Action": "ssm:StartAutomationExecution", "Resource": resources})
        assert local.code_of(someone.start_automation_execution, DocumentName="AWS-StartEC2Instance") == code


def test_an_execution_is_looked_at_and_steered_by_whom_it_is_allowed(ssm, account, where):
    one, other = run(ssm, HOLD), run(ssm, HOLD)
    actions = ["GetAutomationExecution", "StopAutomationExecution", "SendAutomationSignal",
               "DescribeAutomationStepExecutions", "AddTagsToResource", "ListTagsForResource"]
    someone = client(account, {"Action": [f"ssm:{action}" for action in actions],
                               "Resource": where(f"automation-execution/{one}")})
    when(ssm, one, "Waiting")
    for call, arguments in [
        (someone.get_automation_execution, {}), (someone.describe_automation_step_executions, {}),
        (someone.send_automation_signal, {"SignalType": "Resume", "Payload": {"StepName": ["hold"]}}),
    ]:
        call(AutomationExecutionId=one, **arguments)
        assert local.code_of(call, AutomationExecutionId=other, **arguments) == "AccessDeniedException"
    someone.list_tags_for_resource(ResourceType="Automation", ResourceId=one)
    assert local.code_of(someone.list_tags_for_resource, ResourceType="Automation", ResourceId=other) \
        == "AccessDeniedException"
    assert local.code_of(someone.describe_automation_executions) == "AccessDeniedException"


def test_whoever_starts_passes_the_role_to_systems_manager(ssm, account, where):
    arn = role(account, "ssm.amazonaws.com", [{"Action": "s3:ListAllMyBuckets"}])
    name = create(ssm, UNDER_A_ROLE)
    may = {"Action": "ssm:StartAutomationExecution", "Resource": [where(it) for it in TODAY]}
    parameters = {"AutomationAssumeRole": [arn]}
    refused = local.error_of(client(account, may).start_automation_execution, DocumentName=name,
                             Parameters=parameters)["Error"]
    assert refused["Code"] == "AccessDeniedException"
    assert f"is not authorized to perform: iam:PassRole on resource: {arn}" in refused["Message"]
    to = {"StringEquals": {"iam:PassedToService": "ssm.amazonaws.com"}}
    passing = {"Action": "iam:PassRole", "Resource": arn, "Condition": to}
    ident = start(client(account, may, passing), name, Parameters=parameters)
    outputs = when(ssm, ident, "Success")["StepExecutions"][0]["Outputs"]
    assert outputs["Arn"] == [f"arn:aws:sts::{account}:assumed-role/{arn.split('/')[1]}/Automation-{ident}"]


def test_tags_at_the_start_need_the_permission_to_tag(ssm, account, where):
    name, tags = create(ssm, HOLD), [{"Key": "cost", "Value": "1"}]
    may = {"Action": "ssm:StartAutomationExecution", "Resource": [where(it) for it in TODAY]}
    start(client(account, may), name)
    refused = local.error_of(client(account, may).start_automation_execution, DocumentName=name, Tags=tags)["Error"]
    assert refused["Code"] == "AccessDeniedException"
    assert "is not authorized to perform: ssm:AddTagsToResource" in refused["Message"]
    of_cost = {"ForAllValues:StringEquals": {"aws:TagKeys": ["cost"]}}
    tagging = {"Action": "ssm:AddTagsToResource", "Resource": where("automation-execution/*"), "Condition": of_cost}
    someone = client(account, may, tagging)
    start(someone, name, Tags=tags)
    other = [*tags, {"Key": "team", "Value": "1"}]
    assert local.code_of(someone.start_automation_execution, DocumentName=name, Tags=other) == "AccessDeniedException"


def test_a_role_without_the_permission_fails_the_step(ssm, account):
    arn = role(account, "ssm.amazonaws.com", [{"Action": "sqs:ListQueues"}])
    shown = when(ssm, run(ssm, UNDER_A_ROLE, Parameters={"AutomationAssumeRole": [arn]}), "Failed")
    assert steps(shown) == {"who": "Success", "buckets": "Failed"}
    failed = shown["StepExecutions"][1]
    assert "AccessDenied" in failed["FailureMessage"]
    assert failed["FailureDetails"]["FailureType"] == "Permission"


def test_a_role_that_trusts_another_account_only_is_not_assumed(ssm, account):
    condition = {"Condition": {"StringEquals": {"aws:SourceAccount": "999999999999"}}}
    arn = role(account, "ssm.amazonaws.com", [{"Action": "*"}], **condition)
    name = create(ssm, UNDER_A_ROLE)
    parameters = {"AutomationAssumeRole": [arn]}
    try:
        ident = start(ssm, name, Parameters=parameters)
    except ssm.exceptions.InvalidAutomationExecutionParametersException as error:
        assert "The defined assume role is unable to be assumed." in str(error)
    else:
        assert "unable to be assumed" in when(ssm, ident, "Failed")["FailureMessage"]


def test_without_a_role_the_execution_acts_as_who_started_it(ssm, account, where):
    may = {"Action": "ssm:StartAutomationExecution", "Resource": [where(it) for it in TODAY]}
    name = create(ssm, UNDER_A_ROLE)
    shown = when(ssm, start(client(account, may), name), "Failed")
    assert steps(shown) == {"who": "Success", "buckets": "Failed"}
    when(ssm, start(client(account, may, {"Action": "s3:ListAllMyBuckets"}), name), "Success")


def test_the_version_is_a_condition_of_the_policy(ssm, account, where):
    name = create(ssm)
    ssm.update_document(Name=name, Content=QUICK.replace("nap", "doze"), DocumentFormat="YAML",
                        DocumentVersion="$LATEST")
    condition = {"ForAnyValue:StringEquals": {"ssm:DocumentVersion": ["1"]}}
    someone = client(account, {"Action": "ssm:StartAutomationExecution", "Condition": condition,
                               "Resource": [where(it) for it in TODAY]})
    ident = start(someone, name)
    assert execution(ssm, ident)["DocumentVersion"] == "1"
    assert local.code_of(someone.start_automation_execution, DocumentName=name, DocumentVersion="2") \
        == "AccessDeniedException"
