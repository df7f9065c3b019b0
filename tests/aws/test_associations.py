"""State Manager: associations of Automation documents, run once and on their schedule."""

import json
import uuid

import pytest

import local
from automation import QUICK, create, execution, role

UNDER = """
schemaVersion: '0.3'
assumeRole: '{{ AutomationAssumeRole }}'
parameters:
  AutomationAssumeRole: {type: String, default: ''}
  Who: {type: String, default: nobody}
mainSteps:
- name: nap
  action: aws:sleep
  inputs: {Duration: PT0S}
"""

ABSENT = str(uuid.UUID(int=0))


@pytest.fixture
def name(ssm):
    return create(ssm, UNDER)


@pytest.fixture
def service(account):
    return role(account, "ssm.amazonaws.com", [{"Action": "s3:ListAllMyBuckets"}])


def associate(ssm, name, service, **more):
    parameters = {"AutomationAssumeRole": [service], **more.pop("Parameters", {})}
    answer = ssm.create_association(Name=name, Parameters=parameters, **more)
    return answer["AssociationDescription"]["AssociationId"]


def runs(ssm, ident, count):
    """The runs of an association, newest first, once there are so many and they have ended."""
    def found():
        listed = local.pages(ssm.describe_association_executions, "AssociationExecutions", AssociationId=ident)
        ended = all(run["Status"] in ("Success", "Failed") for run in listed)
        return listed if len(listed) >= count and ended else None

    listed = local.eventually(found) if count else ssm.describe_association_executions(AssociationId=ident)[
        "AssociationExecutions"]
    assert len(listed) == count
    return listed


def test_an_association_runs_once_when_it_is_made(ssm, account, name, service):
    ident = associate(ssm, name, service, Parameters={"Who": ["zed"]}, AssociationName="Relay-once")
    [run] = runs(ssm, ident, 1)
    assert run["Status"] == "Success"
    [target] = ssm.describe_association_execution_targets(AssociationId=ident, ExecutionId=run["ExecutionId"])[
        "AssociationExecutionTargets"]
    assert target["OutputSource"]["OutputSourceType"] == "Automation"
    shown = execution(ssm, target["OutputSource"]["OutputSourceId"])
    assert (shown["AssociationId"], shown["Parameters"]["Who"]) == (ident, ["zed"])
    assert shown["ExecutedBy"].endswith("/StateManagerService")
    described = ssm.describe_association(AssociationId=ident)["AssociationDescription"]
    assert described["Overview"]["Status"] == "Success"
    assert described["AssociationName"] == "Relay-once" and described["AssociationVersion"] == "1"
    assert "LastSuccessfulExecutionDate" in described


def test_a_rate_is_counted_from_the_creation(ssm, name, service):
    ident = associate(ssm, name, service, ScheduleExpression="rate(30 minutes)")
    runs(ssm, ident, 1)
    local.advance("PT29M")
    runs(ssm, ident, 1)
    local.advance("PT2M")
    runs(ssm, ident, 2)
    ssm.delete_association(AssociationId=ident)


def test_a_cron_expression_may_be_waited_for(ssm, name, service):
    ident = associate(ssm, name, service, ScheduleExpression="cron(0 2 ? * * *)", ApplyOnlyAtCronInterval=True)
    assert ssm.describe_association_executions(AssociationId=ident)["AssociationExecutions"] == []
    local.advance("P1D")
    runs(ssm, ident, 1)
    ssm.delete_association(AssociationId=ident)


def test_a_closed_calendar_holds_an_association_back(ssm, name, service):
    calendar = local.fresh_name("Calendar")
    content = "BEGIN:VCALENDAR\nX-CALENDAR-TYPE:DEFAULT_CLOSED\nEND:VCALENDAR\n"
    ssm.create_document(Name=calendar, Content=content, DocumentType="ChangeCalendar", DocumentFormat="TEXT")
    ident = associate(ssm, name, service, ScheduleExpression="rate(1 hour)", CalendarNames=[calendar])
    local.advance("PT2H")
    runs(ssm, ident, 0)
    ssm.update_document(Name=calendar, Content=content.replace("CLOSED", "OPEN"), DocumentFormat="TEXT",
                        DocumentVersion="$LATEST")
    ssm.update_document_default_version(Name=calendar, DocumentVersion="2")
    local.advance("PT1H")
    runs(ssm, ident, 1)
    ssm.delete_association(AssociationId=ident)


def test_an_association_is_run_again_when_asked_to(ssm, name, service):
    ident = associate(ssm, name, service)
    runs(ssm, ident, 1)
    ssm.start_associations_once(AssociationIds=[ident])
    runs(ssm, ident, 2)


def test_an_update_is_a_new_version_that_runs(ssm, name, service):
    ident = associate(ssm, name, service, Parameters={"Who": ["one"]}, ScheduleExpression="rate(1 day)")
    runs(ssm, ident, 1)
    updated = ssm.update_association(AssociationId=ident, AssociationVersion="1", Parameters={
        "AutomationAssumeRole": [service], "Who": ["two"]})["AssociationDescription"]
    assert updated["AssociationVersion"] == "2"
    assert "ScheduleExpression" not in updated, "what an update leaves out is taken off"
    newest, _ = runs(ssm, ident, 2)
    assert newest["AssociationVersion"] == "2"
    versions = local.pages(ssm.list_association_versions, "AssociationVersions", AssociationId=ident, MaxResults=1)
    assert [version["Parameters"]["Who"] for version in versions] == [["one"], ["two"]]
    old = ssm.describe_association(AssociationId=ident, AssociationVersion="1")["AssociationDescription"]
    assert old["ScheduleExpression"] == "rate(1 day)"


def test_an_association_over_targets_starts_an_execution_over_targets(ssm, service):
    text = UNDER.replace("nobody}", "nobody, allowedPattern: '^[a-z]+$'}")
    ident = associate(ssm, create(ssm, text), service, AutomationTargetParameterName="Who", MaxConcurrency="1",
                      MaxErrors="0", Targets=[{"Key": "ParameterValues", "Values": ["a", "b"]}])
    [run] = runs(ssm, ident, 1)
    assert run["Status"] == "Success"


def test_associations_are_listed_and_filtered(ssm, name, service):
    idents = [associate(ssm, name, service, AssociationName=f"Relay-{n}") for n in "abc"]
    listed = local.pages(ssm.list_associations, "Associations", MaxResults=2)
    assert [item["AssociationId"] for item in listed] == idents

    def filtered(key, value):
        found = ssm.list_associations(AssociationFilterList=[{"key": key, "value": value}])["Associations"]
        return [item["AssociationId"] for item in found]

    assert filtered("AssociationName", "Relay-b") == [idents[1]]
    assert filtered("AssociationId", idents[2]) == [idents[2]]
    assert filtered("Name", name) == idents and filtered("Name", "Relay-absent") == []
    assert filtered("InstanceId", "i-0123456789abcdef0") == []
    for ident in idents:
        runs(ssm, ident, 1)
    assert filtered("AssociationStatusName", "Success") == idents
    assert filtered("LastExecutedAfter", "2099-01-01T00:00:00Z") == []


def test_runs_are_filtered(ssm, name, service):
    ident = associate(ssm, name, service)
    [run] = runs(ssm, ident, 1)

    def filtered(key, value, kind="EQUAL"):
        filters = [{"Key": key, "Value": value, "Type": kind}]
        return len(ssm.describe_association_executions(AssociationId=ident, Filters=filters)["AssociationExecutions"])

    assert filtered("ExecutionId", run["ExecutionId"]) == 1 and filtered("Status", "Failed") == 0
    assert filtered("CreatedTime", "2000-01-01T00:00:00Z", "GREATER_THAN") == 1
    assert filtered("CreatedTime", "2000-01-01T00:00:00Z", "LESS_THAN") == 0


def test_a_run_whose_parameters_the_document_takes_no_more_says_so(ssm, name, service):
    ident = associate(ssm, name, service, Parameters={"Who": ["zed"]})
    runs(ssm, ident, 1)
    strict = UNDER.replace("Who: {type: String, default: nobody}", "Who: {type: String, allowedValues: [amy]}")
    version = ssm.update_document(Name=name, Content=strict, DocumentVersion="$LATEST", DocumentFormat="YAML")[
        "DocumentDescription"]["DocumentVersion"]
    ssm.update_document_default_version(Name=name, DocumentVersion=version)
    ssm.start_associations_once(AssociationIds=[ident])
    run = runs(ssm, ident, 2)[0]
    assert (run["Status"], run["DetailedStatus"]) == ("Failed", "InvalidAutomationParameters")


def test_what_is_deleted_runs_no_more(ssm, name, service):
    ident = associate(ssm, name, service, ScheduleExpression="rate(30 minutes)")
    runs(ssm, ident, 1)
    ssm.delete_association(AssociationId=ident)
    before = len(ssm.describe_automation_executions()["AutomationExecutionMetadataList"])
    local.advance("PT2H")
    assert local.code_of(ssm.describe_association, AssociationId=ident) == "AssociationDoesNotExist"
    assert len(ssm.describe_automation_executions()["AutomationExecutionMetadataList"]) == before


@pytest.mark.parametrize("more, code", [
    ({"Name": "Relay-absent"}, "InvalidDocument"),
    ({"DocumentVersion": "9"}, "InvalidDocumentVersion"),
    ({"Parameters": {}}, "InvalidParameters"),
    ({"Parameters": {"Absent": ["x"]}}, "InvalidParameters"),
    ({"ScheduleExpression": "rate(5 minutes)"}, "InvalidSchedule"),
    ({"ScheduleExpression": "cron(nonsense)"}, "InvalidSchedule"),
    ({"ScheduleExpression": "rate(1 day)", "ApplyOnlyAtCronInterval": True}, "InvalidSchedule"),
    ({"ScheduleOffset": 2}, "InvalidSchedule"),
    ({"Targets": [{"Key": "ParameterValues", "Values": ["a"]}]}, "InvalidTarget"),
    ({"Targets": [{"Key": "ParameterValues", "Values": ["a"]}], "AutomationTargetParameterName": "Who",
      "TargetMaps": [{"Who": ["a"]}]}, "InvalidTargetMaps"),
])
def test_what_could_not_run_is_refused(ssm, name, service, more, code):
    whole = {"Name": name, "Parameters": {"AutomationAssumeRole": [service]}}
    assert local.code_of(ssm.create_association, **whole | more) == code
    if "Name" in more:
        ident = associate(ssm, name, service)
        ssm.delete_document(Name=name)
        assert local.code_of(ssm.update_association, AssociationId=ident) == code
        return
    ident = associate(ssm, name, service)
    assert local.code_of(ssm.update_association, AssociationId=ident,
                         **{key: value for key, value in (whole | more).items() if key != "Name"}) == code


def test_what_is_asked_twice_or_wrongly_is_refused(ssm, name, service):
    ident = associate(ssm, name, service)
    again = {"Name": name, "Parameters": {"AutomationAssumeRole": [service]}}
    assert local.code_of(ssm.create_association, **again) == "AssociationAlreadyExists"
    assert local.code_of(ssm.create_association, **again, Tags=[{"Key": "aws:a", "Value": ""}]) == "InvalidTag"
    assert local.code_of(ssm.create_association, **again, InstanceId="i-0123456789abcdef0") == "InvalidInstanceId"
    assert local.code_of(ssm.update_association, AssociationId=ident, AssociationVersion="3") \
        == "InvalidAssociationVersion"
    assert local.code_of(ssm.describe_association, AssociationId=ident, AssociationVersion="3") \
        == "InvalidAssociationVersion"
    other = create(ssm, QUICK)
    assert local.code_of(ssm.update_association, AssociationId=ident, Name=other) == "InvalidUpdate"
    command = json.dumps({"schemaVersion": "2.2", "mainSteps": [{"action": "aws:runShellScript", "name": "a",
                                                                 "inputs": {"runCommand": ["true"]}}]})
    nodes = local.fresh_name()
    ssm.create_document(Name=nodes, Content=command, DocumentType="Command")
    assert local.code_of(ssm.create_association, Name=nodes) == "InvalidDocument"


def test_an_association_that_is_not_there_is_not_found(ssm, name, service):
    for call, more in [
        (ssm.describe_association, {"AssociationId": ABSENT}), (ssm.delete_association, {"AssociationId": ABSENT}),
        (ssm.update_association, {"AssociationId": ABSENT}), (ssm.start_associations_once, {"AssociationIds": [ABSENT]}),
        (ssm.list_association_versions, {"AssociationId": ABSENT}),
        (ssm.describe_association_executions, {"AssociationId": ABSENT}),
        (ssm.describe_association_execution_targets, {"AssociationId": ABSENT, "ExecutionId": ABSENT}),
    ]:
        refused = local.error_of(call, **more)["Error"]
        assert refused == {**refused, "Code": "AssociationDoesNotExist",
                           "Message": f"Association {ABSENT} does not exist."}, call
    for call in (ssm.describe_association, ssm.delete_association):
        assert local.code_of(call, Name="Relay-absent") == "InvalidDocument"
    ident = associate(ssm, name, service)
    assert local.code_of(ssm.describe_association_execution_targets, AssociationId=ident, ExecutionId=ABSENT) \
        == "AssociationExecutionDoesNotExist"
    [run] = runs(ssm, ident, 1)
    for call, more in [
        (ssm.list_associations, {}), (ssm.list_association_versions, {"AssociationId": ident}),
        (ssm.describe_association_executions, {"AssociationId": ident}),
        (ssm.describe_association_execution_targets, {"AssociationId": ident, "ExecutionId": run["ExecutionId"]}),
    ]:
        assert local.code_of(call, **more, NextToken="nonsense") == "InvalidNextToken", call
