"""Runs against a local AWS that is already up: `RELAY_ENDPOINT=http://127.0.0.1:PORT pytest tests/aws`.

Each test makes accounts and an organization of its own and none depends on another, so any part of the
suite runs alone. The last test, over the whole run, is about what the others have and have not met.
"""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import local  # noqa: E402
from organization import Organization  # noqa: E402

HERE = Path(__file__).parent


def pytest_configure():
    if not local.ENDPOINT:
        raise pytest.UsageError("RELAY_ENDPOINT names no local AWS; `cargo xtask local` prints one")


def pytest_collection_modifyitems(config, items):
    items.sort(key=lambda item: item.path.name == "test_coverage.py")
    files = {item.path for item in items}
    selected = config.option.keyword or config.option.markexpr or any("::" in arg for arg in config.args)
    config.whole_suite = not selected and files == set(HERE.glob("test_*.py"))


@pytest.fixture(autouse=True)
def every_answer_fits_the_model():
    """Fails the test in which an answer did not fit, whatever else it found."""
    before = len(local.LEDGER.problems)
    yield
    found = local.LEDGER.problems[before:]
    assert not found, "answers that do not fit the model:\n" + "\n".join(found)


@pytest.fixture
def account():
    return local.fresh_account()


@pytest.fixture
def ssm(account):
    """SSM in a fresh account, in the home Region."""
    return local.client("ssm", account)


@pytest.fixture
def organization():
    """A fresh organization with all features."""
    return Organization()
