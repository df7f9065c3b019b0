"""Execution previews: what a runbook would touch, without running it."""

import uuid

import local
from automation import NAP, create

MIXED = """
schemaVersion: '0.3'
parameters:
  Who: {type: String, default: nobody}
mainSteps:
- {name: a, action: 'aws:sleep', inputs: {Duration: PT0S}}
- name: b
  action: aws:changeInstanceState
  inputs: {InstanceIds: ['i-0123456789abcdef0'], DesiredState: stopped}
- name: c
  action: aws:loop
  inputs:
    MaxIterations: 2
    Iterators: ['1', '2']
    Steps:
    - {name: d, action: 'aws:sleep', inputs: {Duration: PT0S}}
    - {name: e, action: 'aws:executeAwsApi', inputs: {Service: s3, Api: ListBuckets}}
"""


def preview(ssm, name, **automation):
    ident = ssm.start_execution_preview(DocumentName=name, ExecutionInputs={"Automation": automation})
    return ssm.get_execution_preview(ExecutionPreviewId=ident["ExecutionPreviewId"])


def test_steps_count_by_what_they_change(ssm):
    answer = preview(ssm, create(ssm, MIXED))
    assert answer["Status"] == "Success"
    shown = answer["ExecutionPreview"]["Automation"]
    assert shown["StepPreviews"] == {"Mutating": 1, "NonMutating": 2, "Undetermined": 1}
    assert (shown["Regions"], shown["TotalAccounts"]) == ([local.HOME], 1)
    assert ssm.describe_automation_executions()["AutomationExecutionMetadataList"] == []


def test_targets_accounts_and_regions_are_counted(organization):
    ssm = local.client("ssm", organization.management)
    members = [organization.invited() for _ in range(2)]
    shown = preview(ssm, create(ssm, MIXED), TargetParameterName="Who",
                    Targets=[{"Key": "ParameterValues", "Values": ["a", "b"]}], TargetLocations=[
                        {"Accounts": [organization.root], "Regions": ["eu-west-1", "us-east-1"],
                         "ExcludeAccounts": members[:1]}])["ExecutionPreview"]["Automation"]
    assert shown["TargetPreviews"] == [{"Count": 2, "TargetType": "ParameterValues"}]
    assert (shown["Regions"], shown["TotalAccounts"]) == (["eu-west-1", "us-east-1"], 2)


def test_what_could_not_be_started_makes_a_preview_that_failed(ssm):
    answer = preview(ssm, create(ssm, NAP), Parameters={"Absent": ["x"]})
    assert answer["Status"] == "Failed" and "Absent" in answer["StatusMessage"]


def test_a_document_or_preview_that_is_not_there_is_refused(ssm):
    assert local.code_of(ssm.start_execution_preview, DocumentName="Relay-absent") == "ValidationException"
    assert local.code_of(ssm.get_execution_preview, ExecutionPreviewId=str(uuid.UUID(int=0))) \
        == "ResourceNotFoundException"
