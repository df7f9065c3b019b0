"""SSM documents: content and versions, describing, listing, deleting."""

import json

import pytest

import local
from documents import AUTOMATION, automation, create


def test_a_document_is_created_described_read_and_deleted(ssm, account):
    name = create(ssm, Tags=[{"Key": "team", "Value": "ops"}], VersionName="first", DisplayName="Reboot")
    document = ssm.describe_document(Name=name)["Document"]
    assert document["Name"] == name
    assert document["Owner"] == account
    assert document["Status"] == "Active"
    assert document["DocumentType"] == "Automation"
    assert (document["DocumentVersion"], document["LatestVersion"], document["DefaultVersion"]) == ("1", "1", "1")
    assert document["HashType"] == "Sha256" and len(document["Hash"]) == 64
    assert document["SchemaVersion"] == "0.3"
    assert {parameter["Name"] for parameter in document["Parameters"]} == {"InstanceId", "Levels"}
    assert document["Tags"] == [{"Key": "team", "Value": "ops"}]

    read = ssm.get_document(Name=name)
    assert json.loads(read["Content"]) == json.loads(AUTOMATION)
    assert read["DocumentFormat"] == "JSON" and read["VersionName"] == "first"

    ssm.delete_document(Name=name)
    assert local.code_of(ssm.describe_document, Name=name) == "InvalidDocument"
    assert local.code_of(ssm.get_document, Name=name) == "InvalidDocument"


def test_content_is_told_in_the_format_that_is_asked_for(ssm):
    name = create(ssm)
    yaml = ssm.get_document(Name=name, DocumentFormat="YAML")
    assert yaml["DocumentFormat"] == "YAML" and "mainSteps:" in yaml["Content"]
    name = create(ssm, Content=yaml["Content"], DocumentFormat="YAML")
    assert json.loads(ssm.get_document(Name=name)["Content"]) == json.loads(AUTOMATION)


@pytest.mark.parametrize("document_type, content, document_format", [
    ("Command", {"schemaVersion": "2.2", "mainSteps": [{"action": "aws:runShellScript", "name": "run",
                                                         "inputs": {"runCommand": ["true"]}}]}, "JSON"),
    ("Session", {"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": {}}, "JSON"),
    ("ChangeCalendar", "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//AWS//Change Calendar 1.0//EN\n"
                       "X-CALENDAR-TYPE:DEFAULT_OPEN\nEND:VCALENDAR\n", "TEXT"),
])
def test_other_types_of_documents_have_their_own_content(ssm, document_type, content, document_format):
    text = content if isinstance(content, str) else json.dumps(content)
    name = create(ssm, Content=text, DocumentType=document_type, DocumentFormat=document_format)
    assert ssm.describe_document(Name=name)["Document"]["DocumentType"] == document_type
    assert ssm.get_document(Name=name, DocumentFormat=document_format)["Content"] == text


def test_each_update_is_a_new_version_and_the_default_stays(ssm):
    name = create(ssm)
    updated = ssm.update_document(Name=name, Content=automation("second"), DocumentVersion="$LATEST",
                                  VersionName="second")["DocumentDescription"]
    assert (updated["DocumentVersion"], updated["DefaultVersion"], updated["LatestVersion"]) == ("2", "1", "2")
    assert updated["Status"] == "Updating"
    assert ssm.get_document(Name=name)["DocumentVersion"] == "1"
    assert ssm.get_document(Name=name, DocumentVersion="$LATEST")["DocumentVersion"] == "2"
    assert ssm.get_document(Name=name, VersionName="second")["DocumentVersion"] == "2"

    changed = ssm.update_document_default_version(Name=name, DocumentVersion="2")["Description"]
    assert (changed["DefaultVersion"], changed["DefaultVersionName"]) == ("2", "second")
    versions = local.pages(ssm.list_document_versions, "DocumentVersions", Name=name, MaxResults=1)
    assert {v["DocumentVersion"]: v["IsDefaultVersion"] for v in versions} == {"1": False, "2": True}

    ssm.delete_document(Name=name, DocumentVersion="1")
    versions = ssm.list_document_versions(Name=name)["DocumentVersions"]
    assert [version["DocumentVersion"] for version in versions] == ["2"]


def test_lists_are_filtered_and_paged(ssm, account):
    prefix = local.fresh_name("List")
    names = [create(ssm, Name=f"{prefix}-{n}", Tags=[{"Key": "n", "Value": str(n)}]) for n in range(5)]
    mine = [{"Key": "Owner", "Values": ["Self"]}]
    found = local.pages(ssm.list_documents, "DocumentIdentifiers", Filters=mine, MaxResults=2)
    assert [document["Name"] for document in found] == names
    assert {document["Owner"] for document in found} == {account}

    def listed(*filters):
        answer = ssm.list_documents(Filters=[{"Key": key, "Values": values} for key, values in filters], MaxResults=50)
        return [document["Name"] for document in answer["DocumentIdentifiers"]]

    assert listed(("Name", [f"{prefix}-3"])) == [names[3]]
    assert listed(("tag:n", ["1", "2"])) == names[1:3]
    assert listed(("Owner", ["Self"]), ("DocumentType", ["Command"])) == []
    assert listed(("Owner", ["Self"]), ("DocumentType", ["Automation"])) == names
    legacy = ssm.list_documents(DocumentFilterList=[{"key": "Owner", "value": "Self"}], MaxResults=50)
    assert [document["Name"] for document in legacy["DocumentIdentifiers"]] == names


def test_the_predefined_documents_belong_to_amazon(ssm):
    found = ssm.list_documents(Filters=[{"Key": "Owner", "Values": ["Amazon"]}])["DocumentIdentifiers"]
    assert found and {document["Owner"] for document in found} == {"Amazon"}
    name = found[0]["Name"]
    assert ssm.describe_document(Name=name)["Document"]["Owner"] == "Amazon"
    assert ssm.get_document(Name=name)["Content"]
    assert local.code_of(ssm.delete_document, Name=name) == "InvalidDocumentOperation"
    assert local.code_of(ssm.update_document, Name=name, Content=AUTOMATION) == "InvalidDocumentOperation"
    assert local.code_of(ssm.describe_document_permission, Name=name, PermissionType="Share") \
        == "InvalidDocumentOperation"


def test_regions_and_accounts_do_not_see_each_others_documents(ssm, account):
    name = create(ssm)
    elsewhere = local.client("ssm", account, "eu-west-1")
    other = local.client("ssm", local.fresh_account())
    assert local.code_of(elsewhere.describe_document, Name=name) == "InvalidDocument"
    assert local.code_of(other.describe_document, Name=name) == "InvalidDocument"


def test_a_review_of_a_change_template_is_asked_for_given_and_told(ssm):
    template = {"schemaVersion": "0.3", "mainSteps": [{"name": "a", "action": "aws:sleep",
                                                       "inputs": {"Duration": "PT1S"}}]}
    name = create(ssm, Content=json.dumps(template), DocumentType="Automation.ChangeTemplate")
    ssm.update_document_metadata(Name=name, DocumentVersion="1", DocumentReviews={
        "Action": "SendForReview", "Comment": [{"Type": "Comment", "Content": "please"}]})
    history = ssm.list_document_metadata_history(Name=name, Metadata="DocumentReviews")
    assert history["Metadata"]["ReviewerResponse"][0]["ReviewStatus"] == "PENDING"
    ssm.update_document_metadata(Name=name, DocumentVersion="1", DocumentReviews={"Action": "Approve"})
    document = ssm.describe_document(Name=name, DocumentVersion="1")["Document"]
    assert document["ReviewStatus"] == "APPROVED"
    assert local.code_of(ssm.update_document_metadata, Name=name,
                         DocumentReviews={"Action": "Approve"}) == "InvalidDocumentOperation"
    assert local.code_of(ssm.update_document_metadata, Name=name, DocumentVersion="9",
                         DocumentReviews={"Action": "SendForReview"}) == "InvalidDocumentVersion"
    assert local.code_of(ssm.list_document_metadata_history, Name=name, DocumentVersion="9",
                         Metadata="DocumentReviews") == "InvalidDocumentVersion"
    assert local.code_of(ssm.list_document_metadata_history, Name=name, NextToken="x",
                         Metadata="DocumentReviews") == "InvalidNextToken"
