"""Executions: started, looked at, listed, stopped, tagged."""

import hashlib
import uuid

import pytest

import local
from automation import HOLD, LONG, NAP, QUICK, create, execution, run, start, steps, when


def test_an_execution_is_shown_with_awss_quirks(ssm, account):
    name = create(ssm, NAP)
    ident = start(ssm, name, Parameters={"Who": ["you"], "Long": ["PT1H"]})
    shown = local.eventually(lambda: (e := execution(ssm, ident)).get("CurrentStepName") == "nap" and e)
    assert (shown["DocumentName"], shown["DocumentVersion"]) == (name, "1")
    assert shown["AutomationExecutionStatus"] == "InProgress" and "ExecutionEndTime" not in shown
    assert shown["Parameters"] == {"Who": ["you"], "Long": ["PT1H"]}
    assert shown["ResolvedTargets"] == {"ParameterValues": [], "Truncated": False}
    assert shown["ExecutedBy"] == f"arn:aws:iam::{account}:root"
    say, nap = shown["StepExecutions"]
    assert say["Inputs"]["InputPayload"] == '{"who":"you"}' and say["Inputs"]["Handler"] == '"say"'
    assert say["Outputs"]["Payload"] == ['{"said":"hello\\u003dyou","n":3}']
    assert say["Outputs"]["Said"] == ["hello=you"]
    assert (say["NextStep"], say["ValidNextSteps"], say["OverriddenParameters"]) == ("nap", ["nap"], {})
    assert not {"OnFailure", "TimeoutSeconds", "IsEnd"} & say.keys()
    assert nap["Inputs"] == {"Duration": '"PT1H"'} and "ExecutionEndTime" not in nap
    assert shown["Outputs"] == {"say.Said": ["hello=you"]}
    local.advance("PT1H")
    assert steps(when(ssm, ident, "Success")) == {"say": "Success", "nap": "Success"}


def test_an_output_that_is_not_there_yet_says_so_and_a_step_not_reached_is_pending(ssm):
    text = QUICK.replace("mainSteps:", "outputs: [later.Said]\nmainSteps:").replace("PT0S", "PT1H") + """
- name: later
  action: aws:executeScript
  inputs: {Runtime: python3.11, Handler: f, Script: "def f(e, c): return {}"}
  outputs: [{Name: Said, Selector: $.Payload.said, Type: String}]
"""
    shown = execution(ssm, run(ssm, text))
    assert shown["Outputs"] == {
        "later.Said": ["No output available yet because the step is not successfully executed"]}
    later = shown["StepExecutions"][1]
    assert later["StepStatus"] == "Pending" and later["Inputs"] == {} and "Outputs" not in later
    assert not {"ExecutionStartTime", "ExecutionEndTime"} & later.keys()


def test_executions_are_listed_newest_first_filtered_and_by_pages(ssm):
    name, other = create(ssm), create(ssm, LONG)
    idents = [start(ssm, name) for _ in range(5)]
    waiting = start(ssm, other)
    for ident in idents:
        when(ssm, ident, "Success")
    call, result = ssm.describe_automation_executions, "AutomationExecutionMetadataList"
    listed = local.pages(call, result, MaxResults=2)
    assert [item["AutomationExecutionId"] for item in listed] == [waiting, *reversed(idents)]
    assert all(item["LogFile"] == "" and item["AutomationType"] == "Local" for item in listed)
    assert not any("StepExecutions" in item or "Parameters" in item for item in listed)

    def filtered(**filters):
        filters = [{"Key": key, "Values": [value]} for key, value in filters.items()]
        return {item["AutomationExecutionId"] for item in local.pages(call, result, Filters=filters)}

    assert filtered(DocumentNamePrefix=name) == set(idents)
    assert filtered(ExecutionStatus="InProgress") == {waiting}
    assert filtered(ExecutionId=idents[1], DocumentNamePrefix="Relay-") == {idents[1]}
    assert filtered(CurrentAction="aws:sleep", ExecutionStatus="InProgress") == {waiting}
    assert filtered(StartTimeAfter="2099-01-01T00:00:00Z") == set()
    assert filtered(AutomationType="CrossAccount") == set()


def test_steps_are_listed_in_their_order_and_in_reverse_by_pages(ssm):
    more = "".join(f"- name: s{n}\n  action: aws:sleep\n  inputs: {{Duration: PT0S}}\n" for n in range(4))
    ident = run(ssm, QUICK + more)
    when(ssm, ident, "Success")

    def names(**arguments):
        listed = local.pages(ssm.describe_automation_step_executions, "StepExecutions", MaxResults=2,
                             AutomationExecutionId=ident, **arguments)
        return [step["StepName"] for step in listed]

    assert names() == ["nap", "s0", "s1", "s2", "s3"]
    assert names(ReverseOrder=True) == ["s3", "s2", "s1", "s0", "nap"]
    assert names(Filters=[{"Key": "StepName", "Values": ["s1", "s3"]}]) == ["s1", "s3"]
    assert names(Filters=[{"Key": "StepExecutionStatus", "Values": ["Failed"]}]) == []
    assert names(Filters=[{"Key": "Action", "Values": ["aws:sleep"]}])[:1] == ["nap"]


def test_many_steps_are_cut_short_and_paged_elsewhere(ssm):
    more = "".join(f"- name: s{n}\n  action: aws:sleep\n  inputs: {{Duration: PT0S}}\n" for n in range(120))
    ident = run(ssm, QUICK + more)
    shown = when(ssm, ident, "Success")
    assert shown["StepExecutionsTruncated"] and len(shown["StepExecutions"]) == 100
    listed = local.pages(ssm.describe_automation_step_executions, "StepExecutions", AutomationExecutionId=ident)
    assert len(listed) == 121 and {step["StepStatus"] for step in listed} == {"Success"}


def test_an_execution_is_cancelled_once(ssm):
    ident = run(ssm, LONG)
    ssm.stop_automation_execution(AutomationExecutionId=ident)
    assert steps(when(ssm, ident, "Cancelled")) == {"nap": "Cancelled"}
    assert local.code_of(ssm.stop_automation_execution, AutomationExecutionId=ident) \
        == "InvalidAutomationStatusUpdateException"


def test_the_same_token_is_the_same_execution_and_nothing_else(ssm):
    name, token = create(ssm), str(uuid.uuid4())
    ident = start(ssm, name, ClientToken=token)
    assert start(ssm, name, ClientToken=token) == ident
    assert local.code_of(ssm.start_automation_execution, DocumentName=name, ClientToken=token,
                         Parameters={"Who": ["another"]}) == "IdempotentParameterMismatch"


def test_a_version_is_started_by_number_or_by_its_place(ssm):
    name = create(ssm)
    ssm.update_document(Name=name, Content=QUICK.replace("nap", "doze"), DocumentVersion="$LATEST",
                        DocumentFormat="YAML")
    for version, step in [("1", "nap"), ("2", "doze"), ("$LATEST", "doze"), ("$DEFAULT", "nap")]:
        shown = when(ssm, start(ssm, name, DocumentVersion=version), "Success")
        assert list(steps(shown)) == [step], version


def test_a_shared_runbook_is_started_by_its_arn(ssm, account):
    name, consumer = create(ssm), local.client("ssm", other := local.fresh_account())
    arn = f"arn:aws:ssm:{local.HOME}:{account}:document/{name}"
    assert local.code_of(consumer.start_automation_execution, DocumentName=arn) \
        == "AutomationDefinitionNotFoundException"
    ssm.modify_document_permission(Name=name, PermissionType="Share", AccountIdsToAdd=[other])
    assert when(consumer, start(consumer, arn), "Success")["DocumentName"] == arn


def test_a_predefined_runbook_is_there_for_everyone(ssm):
    document = ssm.describe_document(Name="AWS-StopEC2Instance")["Document"]
    assert document["Owner"] == "Amazon"
    assert local.code_of(ssm.start_automation_execution, DocumentName="AWS-StopEC2Instance") \
        == "InvalidAutomationExecutionParametersException"


def test_tags_of_an_execution_are_given_changed_found_and_removed(ssm):
    ident = run(ssm, HOLD, Tags=[{"Key": "team", "Value": "blue"}])
    where = {"ResourceType": "Automation", "ResourceId": ident}
    ssm.add_tags_to_resource(**where, Tags=[{"Key": "cost", "Value": "7"}, {"Key": "team", "Value": "red"}])
    tags = ssm.list_tags_for_resource(**where)["TagList"]
    assert tags == [{"Key": "cost", "Value": "7"}, {"Key": "team", "Value": "red"}]
    found = ssm.describe_automation_executions(Filters=[{"Key": "TagKey", "Values": ["cost"]}])
    assert [item["AutomationExecutionId"] for item in found["AutomationExecutionMetadataList"]] == [ident]
    ssm.remove_tags_from_resource(**where, TagKeys=["cost", "absent"])
    assert [tag["Key"] for tag in ssm.list_tags_for_resource(**where)["TagList"]] == ["team"]
    many = [{"Key": f"k{n}", "Value": ""} for n in range(50)]
    assert local.code_of(ssm.add_tags_to_resource, **where, Tags=many) == "TooManyTagsError"


def test_an_execution_is_its_accounts_and_regions_alone(ssm, account):
    ident = run(ssm, HOLD)
    for elsewhere in (local.client("ssm", account, "eu-west-1"), local.client("ssm", local.fresh_account())):
        assert elsewhere.describe_automation_executions()["AutomationExecutionMetadataList"] == []
        for call in ("get_automation_execution", "stop_automation_execution", "describe_automation_step_executions"):
            assert local.code_of(getattr(elsewhere, call), AutomationExecutionId=ident) \
                == "AutomationExecutionNotFoundException"
        assert local.code_of(elsewhere.list_tags_for_resource, ResourceType="Automation", ResourceId=ident) \
            == "InvalidResourceId"


@pytest.mark.parametrize("call, more", [
    ("start_automation_execution", {"DocumentName": "Relay-absent", "Tags": [{"Key": "aws:x", "Value": ""}]}),
    ("start_automation_execution", {"DocumentName": "x"}),
    ("describe_automation_executions", {"MaxResults": 51}),
])
def test_what_breaks_the_model_is_refused_by_the_front_end(ssm, call, more):
    assert local.code_of(getattr(ssm, call), **more) == "ValidationException"


ATTACHED = """
schemaVersion: '0.3'
files: {{tools.py: {{checksums: {{sha256: {sha}}}}}}}
mainSteps:
- name: say
  action: aws:executeScript
  inputs: {{Runtime: python3.11, Handler: tools.say, Attachment: tools.py, InputPayload: {{n: 2}}}}
"""


def test_a_script_may_be_a_file_attached_to_the_runbook(ssm, account):
    s3, bucket = local.client("s3", account), local.fresh_name("relay").lower()
    script = b"def say(events, context):\n    return {'twice': events['n'] * 2}\n"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="scripts/tools.py", Body=script)
    text = ATTACHED.format(sha=hashlib.sha256(script).hexdigest())
    attachment = {"Key": "S3FileUrl", "Name": "tools.py", "Values": [f"s3://{bucket}/scripts/tools.py"]}
    name = create(ssm, text, Attachments=[attachment])
    # What happens to the object later does not matter.
    s3.delete_object(Bucket=bucket, Key="scripts/tools.py")
    shown = when(ssm, start(ssm, name), "Success")
    assert shown["StepExecutions"][0]["Outputs"]["Payload"] == ['{"twice":4}']
    assert local.code_of(ssm.create_document, Name=local.fresh_name(), Content=text, DocumentType="Automation",
                         DocumentFormat="YAML", Attachments=[attachment]) == "InvalidDocumentContent"
