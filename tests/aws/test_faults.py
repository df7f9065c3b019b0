"""Errors that only a fault brings about: each looks as AWS's model says, and hits one account's next call."""

import pytest

import declared
import local

CASES = [
    (service, operation, code)
    for service in ("organizations", "ssm")
    for operation in declared.operations(service)
    for code in declared.errors(service, operation)
    if declared.by_fault(service, operation, code)
]

KINDS = {"ServiceException": "error5xx", "InternalServerError": "error5xx", "TooManyRequestsException": "throttle",
         "AccessDeniedException": "deny"}


@pytest.mark.parametrize("service, operation, code", CASES)
def test_a_fault_looks_like_the_error_it_stands_for(service, operation, code):
    account = local.fresh_account()
    call = getattr(local.client(service, account), local.snake(operation))
    arguments = declared.valid_input(service, operation)
    with local.injected(service, operation, account, KINDS.get(code, "deny"), None if code in KINDS else code):
        assert local.code_of(call, **arguments) == code


def test_a_fault_hits_as_often_as_it_says_and_only_whom_it_names(ssm, account):
    other = local.client("ssm", local.fresh_account())
    with local.injected("ssm", "ListDocuments", account, "throttle"):
        other.list_documents()
        assert local.code_of(ssm.list_documents) == "ThrottlingException"
        ssm.list_documents()


def test_a_denial_is_told_in_ssms_own_words(ssm, account):
    with local.injected("ssm", "GetDocument", account, "deny"):
        assert local.code_of(ssm.get_document, Name="Relay-any") == "AccessDeniedException"
