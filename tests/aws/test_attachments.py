"""Files attached to documents: where they come from, how they are described, and that they are the right ones."""

import hashlib
import json
import urllib.request

import pytest

import local
from automation import start, when

CODE = b"def go(events, context):\n    return 'ran'\n"
DIGEST = hashlib.sha256(CODE).hexdigest()


def runbook(digest=DIGEST, **file):
    return json.dumps({
        "schemaVersion": "0.3", "files": {"tool.py": {"checksums": {"sha256": digest}, **file}},
        "mainSteps": [{"name": "s", "action": "aws:executeScript", "inputs": {
            "Runtime": "python3.11", "Handler": "tool.go", "Attachment": "tool.py"}}]})


@pytest.fixture
def bucket(account):
    s3, name = local.client("s3", account), local.fresh_name("relay").lower()
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="code/tool.py", Body=CODE)
    return name


def create(ssm, content, attachment, **more):
    name = local.fresh_name()
    ssm.create_document(Name=name, Content=content, DocumentType="Automation", Attachments=[attachment], **more)
    return name


def exactly(bucket):
    return {"Key": "S3FileUrl", "Values": [f"s3://{bucket}/code/tool.py"], "Name": "tool.py"}


def test_a_file_comes_from_its_address_a_folder_or_another_document(ssm, bucket):
    first = create(ssm, runbook(), exactly(bucket))
    for attachment in ({"Key": "SourceUrl", "Values": [f"s3://{bucket}/code"]},
                       {"Key": "SourceUrl", "Values": [f"https://s3.amazonaws.com/{bucket}/code"], "Name": "tool.py"},
                       {"Key": "AttachmentReference", "Values": [f"{first}/1/tool.py"], "Name": "tool.py"}):
        name = create(ssm, runbook(), attachment)
        assert ssm.get_document(Name=name)["AttachmentsContent"][0]["Hash"] == DIGEST
        assert when(ssm, start(ssm, name), "Success")["StepExecutions"][0]["Outputs"]["Payload"] == ["ran"]


def test_a_file_of_another_accounts_document_is_had_by_who_sees_that_version(ssm, bucket, account):
    other = local.fresh_account()
    name = create(ssm, runbook(), exactly(bucket))
    arn = f"arn:aws:ssm:{local.HOME}:{account}:document/{name}"
    reference = {"Key": "AttachmentReference", "Values": [f"{arn}/1/tool.py"], "Name": "tool.py"}
    theirs = local.client("ssm", other)
    make = {"Name": local.fresh_name(), "Content": runbook(), "DocumentType": "Automation", "Attachments": [reference]}
    assert local.code_of(theirs.create_document, **make) == "InvalidDocumentContent"
    ssm.modify_document_permission(Name=name, PermissionType="Share", AccountIdsToAdd=[other])
    theirs.create_document(**make)
    assert theirs.get_document(Name=make["Name"])["AttachmentsContent"][0]["Hash"] == DIGEST


def test_an_attachment_is_described_and_can_be_had(ssm, bucket):
    name = create(ssm, runbook(size=len(CODE)), exactly(bucket))
    told = ssm.get_document(Name=name)["AttachmentsContent"]
    url = told[0].pop("Url")
    assert told == [{"Name": "tool.py", "Size": len(CODE), "Hash": DIGEST, "HashType": "Sha256"}]
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert answer.read() == CODE
    assert ssm.describe_document(Name=name)["Document"]["AttachmentsInformation"] == [{"Name": "tool.py"}]


@pytest.mark.parametrize("content", [runbook("0" * 64), runbook(size=1)])
def test_a_document_whose_attachment_is_another_file_fails_and_never_runs(ssm, bucket, content):
    name = create(ssm, content, exactly(bucket))
    document = ssm.describe_document(Name=name)["Document"]
    assert document["Status"] == "Failed"
    assert "the attachment tool.py" in document["StatusInformation"].replace("The", "the")
    assert local.code_of(ssm.start_automation_execution, DocumentName=name) == \
        "AutomationDefinitionVersionNotFoundException"


def test_a_file_that_cannot_be_had_is_named(ssm, bucket):
    missing = {"Key": "S3FileUrl", "Values": [f"s3://{bucket}/code/other.py"], "Name": "tool.py"}
    for attachments in ([missing], [exactly(bucket), exactly(bucket)]):
        assert local.code_of(ssm.create_document, Name=local.fresh_name(), Content=runbook(), DocumentType="Automation",
                             Attachments=attachments) == "InvalidDocumentContent"
