"""Errors that nearly every operation of AWS Organizations declares, brought about at each of them."""

import pytest

import declared
import local

SERVICE = "organizations"


def call(client, operation, arguments):
    return local.code_of(getattr(client, local.snake(operation)), **arguments)


@pytest.fixture(scope="module")
def outsider():
    """An account without an organization."""
    return local.client(SERVICE, local.fresh_account())


@pytest.fixture(scope="module")
def member():
    """An ordinary member of an organization."""
    from organization import Organization

    return local.client(SERVICE, Organization().invited())


# Handshakes are between accounts, and may belong to an account without an organization.
HANDSHAKES = {"AcceptHandshake", "CancelHandshake", "DeclineHandshake", "DescribeHandshake"}


@pytest.mark.parametrize("operation", sorted(
    set(declared.declaring(SERVICE, "AWSOrganizationsNotInUseException")) - HANDSHAKES))
def test_without_an_organization_there_is_nothing_to_ask(outsider, operation):
    arguments = declared.valid_input(SERVICE, operation)
    assert call(outsider, operation, arguments) == "AWSOrganizationsNotInUseException"


@pytest.mark.parametrize("operation", [
    operation for operation in declared.declaring(SERVICE, "AccessDeniedException")
    if operation not in HANDSHAKES | {"DescribeEffectivePolicy"}
    and not declared.by_fault(SERVICE, operation, "AccessDeniedException")])
def test_an_ordinary_member_may_not(member, operation):
    assert call(member, operation, declared.valid_input(SERVICE, operation)) == "AccessDeniedException"


@pytest.mark.parametrize("operation", declared.declaring(SERVICE, "UnsupportedAPIEndpointException"))
def test_the_endpoints_of_other_partitions_know_less(operation):
    elsewhere = local.client(SERVICE, "111122223333", "us-gov-west-1")
    arguments = declared.valid_input(SERVICE, operation)
    assert call(elsewhere, operation, arguments) == "UnsupportedAPIEndpointException"


@pytest.mark.parametrize("operation", [
    operation for operation in declared.declaring(SERVICE, "InvalidInputException")
    if not declared.by_fault(SERVICE, operation, "InvalidInputException")])
def test_an_input_that_breaks_the_model_is_refused(outsider, operation):
    arguments = declared.invalid_input(SERVICE, operation)
    error = local.error_of(getattr(outsider, local.snake(operation)), **arguments)
    assert error["Error"]["Code"] == "InvalidInputException"
    assert error["Reason"]


def test_a_value_of_the_wrong_type_is_not_understood(outsider):
    assert call(outsider, "CreateOrganization", {"FeatureSet": 7}) == "SerializationException"
