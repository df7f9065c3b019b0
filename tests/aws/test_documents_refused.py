"""What SSM refuses: content, names, versions, tokens, filters, quotas."""

import json

import pytest

import local
from documents import AUTOMATION, automation, create


def refused(ssm, **more):
    arguments = {"Name": local.fresh_name(), "Content": AUTOMATION, "DocumentType": "Automation"} | more
    return local.code_of(ssm.create_document, **arguments)


@pytest.mark.parametrize("more, code", [
    ({"Content": "{"}, "InvalidDocumentContent"),
    ({"Content": json.dumps({"schemaVersion": "0.3"})}, "InvalidDocumentContent"),
    ({"Content": json.dumps({"schemaVersion": "9.9", "mainSteps": [{}]})}, "InvalidDocumentSchemaVersion"),
    ({"Content": automation("x" * 65_536)}, "MaxDocumentSizeExceeded"),
    ({"Name": "a:b"}, "ValidationException"),
    ({"Name": "ab"}, "ValidationException"),
    ({"Name": "a" * 129}, "ValidationException"),
    ({"Name": "AWS-Mine"}, "ValidationException"),
    ({"DocumentType": "Nonsense"}, "ValidationException"),
    ({"Content": 7}, "SerializationException"),
])
def test_what_is_wrong_with_a_new_document_is_told_by_the_code(ssm, more, code):
    assert refused(ssm, **more) == code


def test_a_name_is_taken_once(ssm):
    assert refused(ssm, Name=create(ssm)) == "DocumentAlreadyExists"


def test_an_account_has_five_hundred_documents_in_a_region(ssm):
    for _ in range(500):
        create(ssm)
    assert refused(ssm) == "DocumentLimitExceeded"


def test_what_is_wrong_with_an_update_is_told_by_the_code(ssm):
    name = create(ssm, VersionName="first")

    def update(content=None, **more):
        content = automation(local.fresh_name()) if content is None else content
        return local.code_of(ssm.update_document, **({"Name": name, "Content": content} | more))

    assert update(AUTOMATION) == "DuplicateDocumentContent"
    assert update(VersionName="first") == "DuplicateDocumentVersionName"
    assert update(DocumentVersion="7") == "InvalidDocumentVersion"
    assert update(Name="Relay-absent") == "InvalidDocument"
    assert update("{") == "InvalidDocumentContent"
    assert update(json.dumps({"schemaVersion": "9", "mainSteps": [{}]})) == "InvalidDocumentSchemaVersion"
    assert update(automation("x" * 65_536)) == "MaxDocumentSizeExceeded"


def test_a_document_has_a_thousand_versions(ssm):
    name = create(ssm)
    for n in range(999):
        ssm.update_document(Name=name, Content=automation(str(n)), DocumentVersion="$LATEST")
    assert local.code_of(ssm.update_document, Name=name, Content=automation("more"),
                         DocumentVersion="$LATEST") == "DocumentVersionLimitExceeded"


def test_old_command_documents_have_one_version(ssm):
    old = json.dumps({"schemaVersion": "1.2", "description": "old", "runtimeConfig": {
        "aws:runShellScript": {"properties": [{"id": "0", "runCommand": ["true"]}]}}})
    name = create(ssm, Content=old, DocumentType="Command")
    assert local.code_of(ssm.update_document_default_version, Name=name,
                         DocumentVersion="1") == "InvalidDocumentSchemaVersion"


def test_versions_that_are_not_there_are_invalid(ssm):
    name = create(ssm)
    assert local.code_of(ssm.describe_document, Name=name, DocumentVersion="9") == "InvalidDocumentVersion"
    assert local.code_of(ssm.get_document, Name=name, DocumentVersion="9") == "InvalidDocumentVersion"
    assert local.code_of(ssm.update_document_default_version, Name=name,
                         DocumentVersion="9") == "InvalidDocumentVersion"


def test_documents_that_are_not_there_are_invalid(ssm):
    name = "Relay-absent"
    for call, more in [
        (ssm.delete_document, {}),
        (ssm.describe_document_permission, {"PermissionType": "Share"}),
        (ssm.list_document_metadata_history, {"Metadata": "DocumentReviews"}),
        (ssm.list_document_versions, {}),
        (ssm.modify_document_permission, {"PermissionType": "Share", "AccountIdsToAdd": ["111122223333"]}),
        (ssm.update_document_default_version, {"DocumentVersion": "1"}),
        (ssm.update_document_metadata, {"DocumentReviews": {"Action": "SendForReview"}}),
    ]:
        assert local.code_of(call, Name=name, **more) == "InvalidDocument", call


def test_tokens_of_other_lists_are_invalid(ssm):
    name = create(ssm)
    assert local.code_of(ssm.list_documents, NextToken="x") == "InvalidNextToken"
    assert local.code_of(ssm.list_document_versions, Name=name, NextToken="x") == "InvalidNextToken"
    assert local.code_of(ssm.describe_document_permission, Name=name, PermissionType="Share",
                         NextToken="x") == "InvalidNextToken"


def test_filters_and_permission_types_are_those_of_aws(ssm):
    assert local.code_of(ssm.list_documents, Filters=[{"Key": "Nonsense", "Values": ["x"]}]) == "InvalidFilterKey"
    assert local.code_of(ssm.list_documents, MaxResults=51) == "ValidationException"
    name = create(ssm)
    assert local.code_of(ssm.describe_document_permission, Name=name,
                         PermissionType="Own") == "InvalidPermissionType"
    assert local.code_of(ssm.modify_document_permission, Name=name, PermissionType="Own",
                         AccountIdsToAdd=["111122223333"]) == "InvalidPermissionType"
