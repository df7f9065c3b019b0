"""The table of permissions that `relay runbook policy` reads is what the pinned reference and botocore say."""

import authorization_table as table
import botocore.session
import pytest
import reference


@pytest.fixture(scope="module", name="text")
def whole_table():
    return table.table(reference.load(), botocore.session.get_session())


def test_the_table_in_the_repository_is_current(text):
    assert table.TABLE.read_text(encoding="utf-8") == text, "run python tools/authorization_table.py"


def test_an_action_has_its_types_and_whether_it_hands_a_role_over(text):
    section = text.split("\n= ec2 ")[1].split("\n= ")[0].splitlines()
    assert "StopInstances instance*" in section
    assert any(line.startswith("RunInstances! ") for line in section)
    assert "? instance_running DescribeInstances" in section


def test_an_operation_with_a_permission_of_another_name_is_in_the_table(text):
    section = text.split("\n= s3 ")[1].split("\n= ")[0].splitlines()
    assert "~ HeadObject GetObject" in section
