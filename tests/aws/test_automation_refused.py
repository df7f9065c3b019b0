"""What the Automation API refuses, each under its own error."""

import uuid

import pytest

import local
from automation import HOLD, QUICK, create, run, start, when

ABSENT = str(uuid.UUID(int=0))


@pytest.mark.parametrize("parameters", [
    {"Absent": ["x"]}, {"Who": ["two", "values"]}, {"Who": ["Not Allowed"]},
])
def test_parameters_that_do_not_fit_start_nothing(ssm, parameters):
    name = create(ssm)
    assert local.code_of(ssm.start_automation_execution, DocumentName=name, Parameters=parameters) \
        == "InvalidAutomationExecutionParametersException"
    assert ssm.describe_automation_executions()["AutomationExecutionMetadataList"] == []


def test_a_document_or_version_that_is_not_there_starts_nothing(ssm):
    assert local.code_of(ssm.start_automation_execution, DocumentName="Relay-absent") \
        == "AutomationDefinitionNotFoundException"
    assert local.code_of(ssm.start_automation_execution, DocumentName=create(ssm), DocumentVersion="7") \
        == "AutomationDefinitionVersionNotFoundException"


def test_targets_need_what_they_stand_for(ssm):
    name = create(ssm)
    everyone = [{"Key": "ParameterValues", "Values": ["a", "b"]}]
    code = local.code_of(ssm.start_automation_execution, DocumentName=name, Targets=everyone)
    assert code in ("InvalidTarget", "InvalidAutomationExecutionParametersException")
    assert local.code_of(ssm.start_automation_execution, DocumentName=name, TargetParameterName="Who",
                         Targets=[{"Key": "Colour", "Values": ["red"]}]) == "InvalidTarget"
    tags = [{"Key": f"tag:{key}", "Values": ["x"]} for key in ("Role", "Stage")]
    assert local.code_of(ssm.start_automation_execution, DocumentName=name, TargetParameterName="Who", Targets=tags) \
        == "ValidationException"


def test_an_absent_execution_is_not_found(ssm):
    for call, more in [
        (ssm.get_automation_execution, {}), (ssm.stop_automation_execution, {}),
        (ssm.describe_automation_step_executions, {}),
        (ssm.send_automation_signal, {"SignalType": "Approve"}),
    ]:
        assert local.code_of(call, AutomationExecutionId=ABSENT, **more) == "AutomationExecutionNotFoundException"


def test_a_signal_that_nothing_waits_for_is_refused(ssm):
    ident = run(ssm, HOLD)
    when(ssm, ident, "Waiting")
    for kind, payload in [
        ("Approve", {}), ("Reject", {}), ("Revoke", {}), ("Resume", {}), ("StartStep", {}), ("StopStep", {}),
        ("Resume", {"StepName": ["nap"]}),
    ]:
        assert local.code_of(ssm.send_automation_signal, AutomationExecutionId=ident, SignalType=kind,
                             Payload=payload) == "InvalidAutomationSignalException", kind
    assert local.code_of(ssm.send_automation_signal, AutomationExecutionId=ident, SignalType="Resume",
                         Payload={"StepName": ["absent"]}) == "AutomationStepNotFoundException"


@pytest.mark.parametrize("call, more", [
    ("describe_automation_executions", {}), ("describe_automation_step_executions", {"AutomationExecutionId": None}),
])
def test_filters_and_tokens_that_make_no_sense_are_refused(ssm, call, more):
    if more:
        more = {"AutomationExecutionId": run(ssm)}
    call = getattr(ssm, call)

    def refused(key, value):
        return local.code_of(call, **more, Filters=[{"Key": key, "Values": [value]}])

    assert refused("Colour", "red") == "InvalidFilterKey"
    assert refused("StartTimeAfter", "yesterday") == "InvalidFilterValue"
    assert local.code_of(call, **more, NextToken="nonsense") == "InvalidNextToken"


@pytest.mark.parametrize("defect, named", [
    (("aws:sleep", "aws:sing"), "aws:sing"),
    (("{Duration: PT0S}", "{Duration: '{{ Absent }}'}"), "Absent"),
    (("action: aws:sleep", "action: aws:sleep\n  nextStep: nowhere"), "nowhere"),
    (("mainSteps:", "mainSteps:\n- {name: nap, action: 'aws:sleep', inputs: {Duration: PT0S}}"), "Duplicate"),
    (("type: String", "type: Text"), "Text"),
])
def test_a_runbook_with_a_defect_is_refused_with_its_place(ssm, defect, named):
    text = QUICK.replace(*defect)
    error = local.error_of(ssm.create_document, Name=local.fresh_name(), Content=text, DocumentType="Automation",
                           DocumentFormat="YAML")["Error"]
    assert error["Code"] == "InvalidDocumentContent"
    assert named in error["Message"] and "line" in error["Message"], error


def test_more_executions_than_the_quotas_allow_are_refused():
    ssm = local.client("ssm", local.fresh_account())
    assert ssm.get_service_setting(SettingId="/ssm/automation/enable-adaptive-concurrency")["ServiceSetting"][
        "SettingValue"] == "False"
    idents = [start(ssm, name) for name in [create(ssm, HOLD)] for _ in range(101)]
    queued = local.eventually(
        lambda: ssm.describe_automation_executions(Filters=[{"Key": "ExecutionStatus", "Values": ["Pending"]}])[
            "AutomationExecutionMetadataList"])
    assert [item["AutomationExecutionId"] for item in queued] == [idents[-1]]
    ssm.stop_automation_execution(AutomationExecutionId=idents[0])
    when(ssm, idents[-1], "Waiting")
