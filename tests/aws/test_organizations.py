"""An organization, its tree and its accounts."""

import pytest

import local
from organization import Organization


def test_an_organization_is_made_described_and_deleted():
    account = local.fresh_account()
    client = local.client("organizations", account)
    made = client.create_organization(FeatureSet="ALL")["Organization"]
    assert (made["MasterAccountId"], made["FeatureSet"]) == (account, "ALL")
    assert client.describe_organization()["Organization"] == made
    assert local.code_of(client.create_organization, FeatureSet="ALL") == "AlreadyInOrganizationException"
    [root] = client.list_roots()["Roots"]
    assert root["Name"] == "Root"
    [management] = client.list_accounts()["Accounts"]
    assert (management["Id"], management["State"]) == (account, "ACTIVE")
    client.delete_organization()
    assert local.code_of(client.describe_organization) == "AWSOrganizationsNotInUseException"


def test_an_account_is_asked_for_at_once_and_there_a_while_later(organization):
    client, email = organization.client, f"{local.fresh_name('new')}@example.com"
    status = client.create_account(Email=email, AccountName="new", Tags=[{"Key": "team", "Value": "ops"}])
    status = status["CreateAccountStatus"]
    assert status["State"] == "IN_PROGRESS" and "AccountId" not in status
    local.advance("PT2S")
    ended = client.describe_create_account_status(CreateAccountRequestId=status["Id"])["CreateAccountStatus"]
    assert ended["State"] == "SUCCEEDED"
    account = client.describe_account(AccountId=ended["AccountId"])["Account"]
    assert (account["Email"], account["JoinedMethod"], account["State"]) == (email, "CREATED", "ACTIVE")
    assert account["Paths"] == [f"{organization.id}/{organization.root}/{account['Id']}/"]
    assert client.list_parents(ChildId=account["Id"])["Parents"] == [{"Id": organization.root, "Type": "ROOT"}]
    assert client.list_tags_for_resource(ResourceId=account["Id"])["Tags"] == [{"Key": "team", "Value": "ops"}]
    listed = client.list_create_account_status(States=["SUCCEEDED"])["CreateAccountStatuses"]
    assert [status["Id"] for status in listed] == [ended["Id"]]
    assert client.list_create_account_status(States=["FAILED"])["CreateAccountStatuses"] == []


def test_an_address_belongs_to_one_account(organization):
    name = local.fresh_name("same")
    organization.account(name)
    failed = organization.create(name)
    assert (failed["State"], failed["FailureReason"]) == ("FAILED", "EMAIL_ALREADY_EXISTS")


def test_a_creation_ends_as_the_script_says(organization):
    name = local.fresh_name("scripted")
    local.control("POST", "create-account", {
        "emailPattern": f"{name}@*", "result": "FAILED", "reason": "INVALID_ADDRESS", "after": "PT1S"})
    failed = organization.create(name)
    assert (failed["State"], failed["FailureReason"]) == ("FAILED", "INVALID_ADDRESS")


def test_a_govcloud_account_has_two_ids(organization):
    email = f"{local.fresh_name('gov')}@example.com"
    status = organization.client.create_gov_cloud_account(Email=email, AccountName="gov")["CreateAccountStatus"]
    local.advance("PT2S")
    ended = organization.client.describe_create_account_status(CreateAccountRequestId=status["Id"])
    assert {"AccountId", "GovCloudAccountId"} <= ended["CreateAccountStatus"].keys()


def test_what_a_creation_cannot_be_is_told(organization):
    client = organization.client
    tags = [{"Key": f"k{n}", "Value": ""} for n in range(51)]
    assert local.code_of(client.create_account, Email="a@example.com", AccountName="a", Tags=tags) \
        == "ConstraintViolationException"
    assert local.code_of(client.describe_create_account_status, CreateAccountRequestId="car-0123456789") \
        == "CreateAccountStatusNotFoundException"
    billing = Organization("CONSOLIDATED_BILLING").client
    assert local.code_of(billing.create_gov_cloud_account, Email="a@example.com", AccountName="a") \
        == "ConstraintViolationException"


def test_units_make_a_tree_and_accounts_move_in_it(organization):
    client, root = organization.client, organization.root
    workloads = organization.unit(name="Workloads")
    prod = organization.unit(workloads, "Prod")
    account = organization.account()
    client.move_account(AccountId=account, SourceParentId=root, DestinationParentId=prod)
    assert [found["Id"] for found in client.list_accounts_for_parent(ParentId=prod)["Accounts"]] == [account]
    assert client.list_children(ParentId=workloads, ChildType="ORGANIZATIONAL_UNIT")["Children"] == [
        {"Id": prod, "Type": "ORGANIZATIONAL_UNIT"}]
    assert client.list_children(ParentId=prod, ChildType="ACCOUNT")["Children"] == [
        {"Id": account, "Type": "ACCOUNT"}]
    found = client.list_organizational_units_for_parent(ParentId=root)["OrganizationalUnits"]
    assert [unit["Name"] for unit in found] == ["Workloads"]
    path = client.describe_account(AccountId=account)["Account"]["Paths"]
    assert path == [f"{organization.id}/{root}/{workloads}/{prod}/{account}/"]
    renamed = client.update_organizational_unit(OrganizationalUnitId=prod, Name="Production")["OrganizationalUnit"]
    assert client.describe_organizational_unit(OrganizationalUnitId=prod)["OrganizationalUnit"] == renamed

    def moved(**changes):
        arguments = {"AccountId": account, "SourceParentId": prod, "DestinationParentId": root} | changes
        return local.code_of(client.move_account, **arguments)

    absent = f"ou-{root[2:]}-00000000"
    assert moved(AccountId="999900001111") == "AccountNotFoundException"
    assert moved(SourceParentId=absent) == "SourceParentNotFoundException"
    assert moved(DestinationParentId=absent) == "DestinationParentNotFoundException"
    assert moved(DestinationParentId=prod) == "DuplicateAccountException"

    assert local.code_of(client.delete_organizational_unit, OrganizationalUnitId=prod) \
        == "OrganizationalUnitNotEmptyException"
    client.move_account(AccountId=account, SourceParentId=prod, DestinationParentId=root)
    client.delete_organizational_unit(OrganizationalUnitId=prod)


def test_units_have_names_depth_and_parents(organization):
    client, parent = organization.client, organization.root
    absent = f"ou-{parent[2:]}-00000000"
    assert local.code_of(client.create_organizational_unit, ParentId=absent, Name="a") == "ParentNotFoundException"
    for name in "12345":
        parent = organization.unit(parent, name)
    assert local.code_of(client.create_organizational_unit, ParentId=parent, Name="6") \
        == "ConstraintViolationException"
    assert local.code_of(client.create_organizational_unit, ParentId=organization.root, Name="1") \
        == "DuplicateOrganizationalUnitException"
    other = organization.unit(name="other")
    assert local.code_of(client.update_organizational_unit, OrganizationalUnitId=other, Name="1") \
        == "DuplicateOrganizationalUnitException"
    for call in (client.describe_organizational_unit, client.delete_organizational_unit,
                 client.update_organizational_unit):
        assert local.code_of(call, OrganizationalUnitId=absent) == "OrganizationalUnitNotFoundException"
    for call in (client.list_accounts_for_parent, client.list_organizational_units_for_parent):
        assert local.code_of(call, ParentId=absent) == "ParentNotFoundException"
    assert local.code_of(client.list_children, ParentId=absent, ChildType="ACCOUNT") == "ParentNotFoundException"
    assert local.code_of(client.list_parents, ChildId=absent) == "ChildNotFoundException"


def test_lists_are_paged(organization):
    for _ in range(3):
        organization.unit()
    units = local.pages(organization.client.list_organizational_units_for_parent, "OrganizationalUnits",
                        ParentId=organization.root, MaxResults=2)
    assert len({unit["Id"] for unit in units}) == 3
    first = organization.client.list_organizational_units_for_parent(ParentId=organization.root, MaxResults=2)
    assert local.error_of(organization.client.list_accounts, NextToken=first["NextToken"])["Reason"] \
        == "INVALID_NEXT_TOKEN"


def test_an_account_is_closed_and_gone_after_ninety_days(organization):
    client, account = organization.client, organization.account()
    client.close_account(AccountId=account)
    assert client.describe_account(AccountId=account)["Account"]["State"] == "PENDING_CLOSURE"
    assert local.code_of(client.close_account, AccountId=account) == "ConflictException"
    local.advance("PT2S")
    assert client.describe_account(AccountId=account)["Account"]["State"] == "CLOSED"
    assert local.code_of(client.close_account, AccountId=account) == "AccountAlreadyClosedException"
    assert local.code_of(client.close_account, AccountId=organization.management) == "ConstraintViolationException"
    assert local.code_of(client.close_account, AccountId="999900001111") == "AccountNotFoundException"
    local.advance("P91D")
    assert local.code_of(client.describe_account, AccountId=account) == "AccountNotFoundException"


def test_accounts_leave_or_are_removed(organization):
    client = organization.client
    invited, created = organization.invited(), organization.account()
    assert local.code_of(client.delete_organization) == "OrganizationNotEmptyException"
    local.client("organizations", invited).leave_organization()
    assert local.code_of(local.client("organizations", created).leave_organization) == "ConstraintViolationException"
    client.remove_account_from_organization(AccountId=created)
    for account in (invited, created):
        assert local.code_of(client.describe_account, AccountId=account) == "AccountNotFoundException"
    assert local.code_of(client.remove_account_from_organization, AccountId=created) == "AccountNotFoundException"
    assert local.code_of(client.leave_organization) == "MasterCannotLeaveOrganizationException"
    assert local.code_of(client.remove_account_from_organization, AccountId=organization.management) \
        == "MasterCannotLeaveOrganizationException"


def test_all_features_come_when_every_invited_account_has_approved():
    organization = Organization("CONSOLIDATED_BILLING")
    member = local.client("organizations", organization.invited())
    handshake = organization.client.enable_all_features()["Handshake"]
    assert (handshake["Action"], handshake["State"]) == ("ENABLE_ALL_FEATURES", "REQUESTED")
    assert local.error_of(organization.client.enable_all_features)["Reason"] \
        == "ORGANIZATION_IS_ALREADY_PENDING_ALL_FEATURES_MIGRATION"
    [asked] = member.list_handshakes_for_account(Filter={"ActionType": "APPROVE_ALL_FEATURES"})["Handshakes"]
    member.accept_handshake(HandshakeId=asked["Id"])
    ended = organization.client.accept_handshake(HandshakeId=handshake["Id"])["Handshake"]
    assert ended["State"] == "ACCEPTED"
    assert organization.client.describe_organization()["Organization"]["FeatureSet"] == "ALL"
    assert local.code_of(organization.client.enable_all_features) == "HandshakeConstraintViolationException"


@pytest.mark.parametrize("features", ["ALL", "CONSOLIDATED_BILLING"])
def test_the_feature_set_is_the_one_asked_for(features):
    organization = Organization(features).client.describe_organization()["Organization"]
    assert organization["FeatureSet"] == features
