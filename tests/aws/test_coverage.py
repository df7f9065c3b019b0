"""Over the whole run: every implemented operation was answered, every declared error was met."""

import pytest

import declared
import local


@pytest.fixture(autouse=True)
def whole_suite(pytestconfig):
    if not pytestconfig.whole_suite:
        pytest.skip("a part of the suite says nothing about the whole")


PAIRS = [(service, operation) for service in ("organizations", "ssm") for operation in declared.operations(service)]


def test_every_implemented_operation_was_answered():
    assert [pair for pair in PAIRS if pair not in local.LEDGER.answered] == []


def test_every_declared_error_was_met_in_the_way_the_table_says():
    missing, stale = [], []
    for service, operation in PAIRS:
        for code in declared.errors(service, operation):
            ways = local.LEDGER.met.get((service, operation, code), set())
            only_by_fault = declared.by_fault(service, operation, code)
            if (only_by_fault and "by fault" not in ways) or (not only_by_fault and "naturally" not in ways):
                missing.append(f"{service} {operation} {code}")
            if only_by_fault and "naturally" in ways:
                stale.append(f"{service} {operation} {code}")
    assert missing == [], "declared, but no test brings it about"
    assert stale == [], "said to need a fault, but brought about without"


def test_no_answer_of_the_run_broke_the_model():
    assert local.LEDGER.problems == []
