"""Sharing of documents, with AWS's limits."""

import pytest

import local
from documents import automation, create


def accounts(count):
    return [f"8{n:011}" for n in range(count)]


def shared_with(ssm, name):
    return local.pages(ssm.describe_document_permission, "AccountIds", Name=name, PermissionType="Share")


def share(ssm, name, add=(), remove=(), **more):
    return ssm.modify_document_permission(
        Name=name, PermissionType="Share", AccountIdsToAdd=list(add), AccountIdsToRemove=list(remove), **more)


def arn(name, owner, region=local.HOME):
    return f"arn:aws:ssm:{region}:{owner}:document/{name}"


def test_a_consumer_calls_a_shared_document_by_its_arn_in_the_same_region(ssm, account):
    name, consumer = create(ssm), local.fresh_account()
    theirs = local.client("ssm", consumer)
    assert local.code_of(theirs.get_document, Name=arn(name, account)) == "InvalidDocument"
    share(ssm, name, [consumer])
    assert theirs.get_document(Name=arn(name, account))["Content"]
    assert theirs.describe_document(Name=arn(name, account))["Document"]["Owner"] == account
    listed = theirs.list_documents(Filters=[{"Key": "Owner", "Values": ["Private"]}])["DocumentIdentifiers"]
    assert [document["Name"] for document in listed] == [arn(name, account)]
    assert local.code_of(theirs.get_document, Name=name) == "InvalidDocument"
    elsewhere = local.client("ssm", consumer, "eu-west-1")
    assert local.code_of(elsewhere.get_document, Name=arn(name, account)) == "InvalidDocument"
    share(ssm, name, remove=[consumer])
    assert local.code_of(theirs.get_document, Name=arn(name, account)) == "InvalidDocument"


def test_permissions_are_told_in_pages_with_the_version_that_is_shared(ssm):
    name = create(ssm)
    share(ssm, name, accounts(20))
    share(ssm, name, ["999900001111"], SharedDocumentVersion="$ALL")
    first = ssm.describe_document_permission(Name=name, PermissionType="Share", MaxResults=7)
    assert len(first["AccountIds"]) == 7 and first["NextToken"]
    assert sorted(shared_with(ssm, name)) == sorted([*accounts(20), "999900001111"])
    infos = local.pages(ssm.describe_document_permission, "AccountSharingInfoList", Name=name, PermissionType="Share")
    versions = {info["AccountId"]: info["SharedDocumentVersion"] for info in infos}
    assert versions["999900001111"] == "$ALL" and versions[accounts(1)[0]] == "$DEFAULT"


def test_adding_twice_changes_nothing_and_removing_wins(ssm):
    name = create(ssm)
    share(ssm, name, accounts(2))
    share(ssm, name, accounts(2))
    share(ssm, name, accounts(3), remove=accounts(1))
    assert sorted(shared_with(ssm, name)) == accounts(3)[1:]
    share(ssm, name, remove=accounts(3))
    assert shared_with(ssm, name) == []


def test_a_call_takes_20_ids_to_add_and_20_to_remove_and_at_least_one(ssm):
    name = create(ssm)
    share(ssm, name, accounts(20), remove=accounts(40)[20:])
    assert len(shared_with(ssm, name)) == 20
    assert local.code_of(share, ssm=ssm, name=name, add=accounts(21)) == "ValidationException"
    assert local.code_of(share, ssm=ssm, name=name, remove=accounts(21)) == "ValidationException"
    assert local.code_of(share, ssm=ssm, name=name) == "InvalidParameterException"
    assert local.code_of(share, ssm=ssm, name=name, add=["12345"]) == "ValidationException"


def test_a_document_is_shared_with_a_thousand_accounts_and_no_more(ssm):
    name, everyone = create(ssm), accounts(1001)
    for start in range(0, 1000, 20):
        share(ssm, name, everyone[start:start + 20])
    assert local.code_of(share, ssm=ssm, name=name, add=everyone[1000:]) == "DocumentPermissionLimit"
    share(ssm, name, everyone[1000:], remove=everyone[:1])
    assert len(shared_with(ssm, name)) == 1000


def test_all_stands_alone_and_five_documents_may_be_public(ssm):
    names = [create(ssm) for _ in range(6)]
    assert local.code_of(share, ssm=ssm, name=names[0], add=["all", *accounts(1)]) == "DocumentPermissionLimit"
    for name in names[:5]:
        share(ssm, name, ["All"])
    assert shared_with(ssm, names[0]) == ["all"]
    assert local.code_of(share, ssm=ssm, name=names[5], add=["all"]) == "DocumentPermissionLimit"
    for name in names[:5]:
        share(ssm, name, remove=["all"])


def test_public_sharing_can_be_blocked_for_an_account_and_region(ssm):
    setting, name = "/ssm/documents/console/public-sharing-permission", create(ssm)
    ssm.update_service_setting(SettingId=setting, SettingValue="Disable")
    assert local.code_of(share, ssm=ssm, name=name, add=["all"]) == "AccessDeniedException"
    share(ssm, name, accounts(1))
    ssm.reset_service_setting(SettingId=setting)
    share(ssm, name, ["all"], remove=accounts(1))
    share(ssm, name, remove=["all"])


def test_a_shared_document_is_not_deleted_until_nobody_shares_it(ssm):
    name = create(ssm)
    share(ssm, name, accounts(1))
    assert local.code_of(ssm.delete_document, Name=name) == "InvalidDocumentOperation"
    share(ssm, name, remove=accounts(1))
    ssm.delete_document(Name=name)


def test_only_the_owner_shares(ssm, account):
    name, consumer = create(ssm), local.fresh_account()
    share(ssm, name, [consumer])
    theirs = local.client("ssm", consumer)
    assert local.code_of(share, ssm=theirs, name=name, add=accounts(1)) == "InvalidDocument"
    assert local.code_of(theirs.describe_document_permission, Name=name, PermissionType="Share") == "InvalidDocument"
    assert local.code_of(theirs.update_document, Name=name, Content=automation("x")) == "InvalidDocument"


@pytest.mark.parametrize("shared, seen", [("$DEFAULT", {"1"}), ("$LATEST", {"2"}), ("$ALL", {"1", "2"})])
def test_a_consumer_sees_the_versions_that_are_shared(ssm, account, shared, seen):
    name, consumer = create(ssm), local.fresh_account()
    ssm.update_document(Name=name, Content=automation("second"), DocumentVersion="$LATEST")
    share(ssm, name, [consumer], SharedDocumentVersion=shared)
    theirs = local.client("ssm", consumer)
    versions = theirs.list_document_versions(Name=arn(name, account))["DocumentVersions"]
    assert {version["DocumentVersion"] for version in versions} == seen
