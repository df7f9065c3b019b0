"""The harness itself: an answer that does not fit is caught whatever the test made of it."""

import pytest

import local


@pytest.fixture
def caught():
    """The problems that the test brings about on purpose, which are then none of the suite's."""
    before = len(local.LEDGER.problems)
    found = []
    yield lambda: found or found.extend(local.LEDGER.problems[before:]) or found
    del local.LEDGER.problems[before:]


def test_an_error_that_the_operation_does_not_declare_is_caught(ssm, account, caught):
    with local.injected("ssm", "ListDocuments", account, "deny", "NoSuchErrorException"):
        assert local.code_of(ssm.list_documents) == "NoSuchErrorException"
    [problem] = caught()
    assert problem == "ssm ListDocuments: NoSuchErrorException is neither declared nor common"
    del local.LEDGER.met["ssm", "ListDocuments", "NoSuchErrorException"]


def test_an_error_with_the_wrong_status_is_caught(ssm, account, caught):
    with local.injected("ssm", "ListDocuments", account, "error5xx", "InvalidFilterKey"):
        local.code_of(ssm.list_documents)
    [problem] = caught()
    assert problem == "ssm ListDocuments: InvalidFilterKey has HTTP status 500"


def test_a_success_where_an_error_is_expected_fails_the_test(ssm):
    with pytest.raises(AssertionError, match="an error is expected"):
        local.code_of(ssm.list_documents)
