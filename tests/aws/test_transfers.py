"""Responsibility transfers: one organization's bills paid by another's management account."""

import datetime

import local
from organization import Organization

ABSENT = "rt-0123456789"


def next_month():
    """The first instant of the month after next, on the local AWS's clock."""
    now = datetime.datetime.fromisoformat(local.control("GET", "health")["now"]).astimezone(datetime.UTC)
    year, month = divmod(now.year * 12 + now.month + 1, 12)
    return datetime.datetime(year, month + 1, 1, tzinfo=datetime.UTC)


def offer(payer, payee, **more):
    arguments = {"Type": "BILLING", "Target": {"Type": "ACCOUNT", "Id": payee.management},
                 "StartTimestamp": next_month(), "SourceName": "their bills"} | more
    return payer.client.invite_organization_to_transfer_responsibility(**arguments)["Handshake"]


def transfer_of(payer):
    [transfer] = payer.client.list_inbound_responsibility_transfers(Type="BILLING")["ResponsibilityTransfers"]
    return transfer


def test_a_transfer_is_offered_accepted_renamed_and_terminated(organization):
    payee = Organization()
    handshake = offer(organization, payee, Notes="please", Tags=[{"Key": "a", "Value": "b"}])
    assert (handshake["Action"], handshake["State"]) == ("TRANSFER_RESPONSIBILITY", "REQUESTED")
    transfer = transfer_of(organization)
    assert transfer["Status"] == "REQUESTED"
    payee.client.accept_handshake(HandshakeId=handshake["Id"])
    described = organization.client.describe_responsibility_transfer(Id=transfer["Id"])["ResponsibilityTransfer"]
    assert described["Status"] == "ACCEPTED"
    [outbound] = payee.client.list_outbound_responsibility_transfers(Type="BILLING")["ResponsibilityTransfers"]
    assert outbound["Id"] == transfer["Id"]
    renamed = organization.client.update_responsibility_transfer(Id=transfer["Id"], Name="ours")
    assert renamed["ResponsibilityTransfer"]["Name"] == "ours"
    assert local.error_of(payee.client.delete_organization)["Reason"] == "ACTIVE_RESPONSIBILITY_TRANSFER_PROCESS"
    ended = organization.client.terminate_responsibility_transfer(Id=transfer["Id"])["ResponsibilityTransfer"]
    assert ended["Status"] == "WITHDRAWN" and ended["EndTimestamp"]
    assert local.code_of(organization.client.terminate_responsibility_transfer, Id=transfer["Id"]) \
        == "ResponsibilityTransferAlreadyInStatusException"
    assert local.code_of(organization.client.update_responsibility_transfer, Id=transfer["Id"], Name="x") \
        == "ConstraintViolationException"


def test_only_an_accepted_transfer_is_terminated(organization):
    offer(organization, Organization())
    assert local.code_of(organization.client.terminate_responsibility_transfer, Id=transfer_of(organization)["Id"]) \
        == "InvalidResponsibilityTransferTransitionException"


def test_an_organizations_bills_are_paid_by_one_other(organization):
    payee, rival = Organization(), Organization()
    first, second = offer(organization, payee), offer(rival, payee)
    payee.client.accept_handshake(HandshakeId=first["Id"])
    assert local.code_of(payee.client.accept_handshake, HandshakeId=second["Id"]) \
        == "HandshakeConstraintViolationException"


def test_an_account_without_an_organization_has_no_bills_to_hand_over(organization):
    account = local.fresh_account()
    handshake = offer(organization, payee=type("Payee", (), {"management": account}))
    assert local.code_of(local.client("organizations", account).accept_handshake, HandshakeId=handshake["Id"]) \
        == "AWSOrganizationsNotInUseException"


def test_offers_that_cannot_be_made_are_refused(organization):
    payee = Organization()

    def refused(payer=organization, to=payee, **more):
        return local.code_of(offer, payer=payer, payee=to, **more)

    tags = [{"Key": f"k{n}", "Value": ""} for n in range(51)]
    assert refused(Tags=tags) == "ConstraintViolationException"
    assert refused(to=organization) == "HandshakeConstraintViolationException"
    assert refused(StartTimestamp=next_month() + datetime.timedelta(days=1)) == "InvalidInputException"
    offer(organization, payee)
    assert refused() == "DuplicateHandshakeException"


def test_transfers_that_are_not_there_are_not_found(organization):
    client = organization.client
    for call, more in [
        (client.describe_responsibility_transfer, {}),
        (client.update_responsibility_transfer, {"Name": "x"}),
        (client.terminate_responsibility_transfer, {}),
        (client.list_inbound_responsibility_transfers, {"Type": "BILLING"}),
    ]:
        assert local.code_of(call, Id=ABSENT, **more) == "ResponsibilityTransferNotFoundException", call
