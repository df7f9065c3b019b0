"""Invitations: to accounts and addresses; accepted, declined, cancelled, expired; and what is refused."""

import local
from organization import Organization


def orgs(account):
    return local.client("organizations", account)


def states(client, call="list_handshakes_for_organization", **more):
    return {one["Id"]: one["State"] for one in getattr(client, call)(**more)["Handshakes"]}


def test_an_invited_account_joins_when_it_accepts(organization):
    account = local.fresh_account()
    answer = organization.client.invite_account_to_organization(
        Target={"Type": "ACCOUNT", "Id": account}, Notes="please", Tags=[{"Key": "team", "Value": "ops"}])
    handshake = answer["Handshake"]
    assert (handshake["Action"], handshake["State"]) == ("INVITE", "OPEN")
    assert {"Id": account, "Type": "ACCOUNT"} in handshake["Parties"]
    assert orgs(account).describe_handshake(HandshakeId=handshake["Id"])["Handshake"] == handshake
    assert states(orgs(account), "list_handshakes_for_account") == {handshake["Id"]: "OPEN"}
    accepted = orgs(account).accept_handshake(HandshakeId=handshake["Id"])["Handshake"]
    assert accepted["State"] == "ACCEPTED"
    joined = organization.client.describe_account(AccountId=account)["Account"]
    assert joined["JoinedMethod"] == "INVITED"
    tags = organization.client.list_tags_for_resource(ResourceId=account)["Tags"]
    assert tags == [{"Key": "team", "Value": "ops"}]
    assert states(organization.client) == {handshake["Id"]: "ACCEPTED"}


def test_an_invitation_to_an_address_never_tells_the_account(organization):
    email, account = f"{local.fresh_name('x')}@example.com", local.fresh_account()
    handshake = organization.client.invite_account_to_organization(Target={"Type": "EMAIL", "Id": email})["Handshake"]
    orgs(account).accept_handshake(HandshakeId=handshake["Id"])
    seen = organization.client.describe_handshake(HandshakeId=handshake["Id"])["Handshake"]
    assert {party["Type"] for party in seen["Parties"]} == {"ORGANIZATION", "EMAIL"}
    assert organization.client.describe_account(AccountId=account)["Account"]["Email"] == email


def test_an_invitation_is_declined_cancelled_or_expires(organization):
    declined, cancelled, expired = (local.fresh_account() for _ in range(3))
    ids = [organization.invite(account) for account in (declined, cancelled, expired)]
    assert orgs(declined).decline_handshake(HandshakeId=ids[0])["Handshake"]["State"] == "DECLINED"
    assert organization.client.cancel_handshake(HandshakeId=ids[1])["Handshake"]["State"] == "CANCELED"
    local.advance("P15DT1S")
    assert states(organization.client) == dict(zip(ids, ["DECLINED", "CANCELED", "EXPIRED"]))
    for account in (declined, cancelled, expired):
        assert local.code_of(organization.client.describe_account, AccountId=account) == "AccountNotFoundException"


def test_an_ended_handshake_stays_as_it_ended(organization):
    account = local.fresh_account()
    theirs, ours = orgs(account), organization.client
    declined = organization.invite(account)
    theirs.decline_handshake(HandshakeId=declined)
    assert local.code_of(theirs.decline_handshake, HandshakeId=declined) == "HandshakeAlreadyInStateException"
    assert local.code_of(theirs.accept_handshake, HandshakeId=declined) == "InvalidHandshakeTransitionException"
    cancelled = organization.invite(account)
    ours.cancel_handshake(HandshakeId=cancelled)
    assert local.code_of(ours.cancel_handshake, HandshakeId=cancelled) == "HandshakeAlreadyInStateException"
    assert local.code_of(theirs.decline_handshake, HandshakeId=cancelled) == "InvalidHandshakeTransitionException"
    accepted = organization.invite(account)
    theirs.accept_handshake(HandshakeId=accepted)
    assert local.code_of(theirs.accept_handshake, HandshakeId=accepted) == "HandshakeAlreadyInStateException"
    assert local.code_of(ours.cancel_handshake, HandshakeId=accepted) == "InvalidHandshakeTransitionException"


def test_only_the_parties_see_and_answer_a_handshake(organization):
    handshake, stranger = organization.invite(local.fresh_account()), orgs(local.fresh_account())
    for client, call in [
        (stranger, "describe_handshake"), (stranger, "accept_handshake"), (stranger, "decline_handshake"),
        (stranger, "cancel_handshake"), (organization.client, "accept_handshake"),
    ]:
        assert local.code_of(getattr(client, call), HandshakeId=handshake) == "AccessDeniedException", call
        assert local.code_of(getattr(client, call), HandshakeId="h-0123456789") == "HandshakeNotFoundException", call


def test_who_cannot_be_invited_is_told(organization):
    account, member = local.fresh_account(), organization.invited()
    organization.invite(account)

    def invited(target, **more):
        return local.code_of(organization.client.invite_account_to_organization,
                             Target={"Type": "ACCOUNT", "Id": target}, **more)

    assert invited(account) == "DuplicateHandshakeException"
    assert invited(member) == "HandshakeConstraintViolationException"
    tags = [{"Key": f"k{n}", "Value": ""} for n in range(51)]
    assert invited(local.fresh_account(), Tags=tags) == "ConstraintViolationException"


def test_a_management_account_or_a_delegated_administrator_cannot_just_join_another(organization):
    other = Organization()
    handshake = organization.invite(other.management)
    assert local.code_of(other.client.accept_handshake, HandshakeId=handshake) \
        == "MasterCannotLeaveOrganizationException"
    delegate = other.invited()
    other.client.enable_aws_service_access(ServicePrincipal="ssm.amazonaws.com")
    other.client.register_delegated_administrator(AccountId=delegate, ServicePrincipal="ssm.amazonaws.com")
    handshake = organization.invite(delegate)
    assert local.code_of(orgs(delegate).accept_handshake, HandshakeId=handshake) == "ConstraintViolationException"
