"""One StackSet, the same parameters everywhere: which account and Region gets which resources."""

from pathlib import Path

import conditions

STACKS = Path(__file__).resolve().parent.parent / "stacks"
HUB, MEMBER, HOME, ABROAD = "111122223333", "222233334444", "us-east-1", "eu-west-1"
FORWARDS = {"ForwardingRule", "ForwardingRole", "DeadLetterQueue", "DeadLetterQueuePolicy"}


def target(account, region, **more):
    return conditions.resources(STACKS / "target-account.yaml", account, region, HubAccount=HUB, HubRegion=HOME,
                                OrganizationId="o-exampleorgid", RolesRegion=ABROAD, **more)


def management(account, region):
    return conditions.resources(STACKS / "management-account.yaml", account, region, HubAccount=HUB, HubRegion=HOME)


def test_one_region_of_an_account_has_its_roles_and_every_region_forwards():
    forwards = FORWARDS | {"AutomationForwardingRule"}
    assert target(MEMBER, ABROAD) == forwards | {"ReadRole", "CopyRole", "ExecutionRole"}
    assert target(MEMBER, HOME) == target(MEMBER, "ap-south-1") == forwards
    assert target(HUB, ABROAD) == forwards, "the hub has its roles already"


def test_a_stack_is_never_without_resources():
    assert target(HUB, HOME) == management(HUB, HOME) == {"Placeholder"}


def test_an_execution_role_that_exists_is_not_made_and_the_read_role_is():
    made = target(MEMBER, ABROAD, ExistingExecutionRoleName="AWS-SystemsManager-AutomationExecutionRole")
    assert "ReadRole" in made and "ExecutionRole" not in made


def test_a_hub_in_the_management_account_but_in_another_region_gets_its_events_forwarded():
    assert management(HUB, ABROAD) == management(MEMBER, HOME) == FORWARDS
