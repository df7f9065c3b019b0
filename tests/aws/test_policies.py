"""Policies of organizations: made, attached, merged; types that are enabled and disabled."""

import json

import pytest

import local
from organization import CONTENT, Organization

SCP, TAGS = "SERVICE_CONTROL_POLICY", "TAG_POLICY"
ABSENT = "p-0123456789"


def test_a_policy_is_made_described_changed_listed_and_deleted(organization):
    client, name = organization.client, local.fresh_name("policy")
    policy = organization.policy(name=name, Tags=[{"Key": "a", "Value": "b"}])
    described = client.describe_policy(PolicyId=policy)["Policy"]
    assert described["Content"] == CONTENT[SCP]
    assert described["PolicySummary"]["Name"] == name and described["PolicySummary"]["AwsManaged"] is False
    assert client.list_tags_for_resource(ResourceId=policy)["Tags"] == [{"Key": "a", "Value": "b"}]
    client.update_policy(PolicyId=policy, Description="changed")
    listed = {one["Id"]: one for one in client.list_policies(Filter=SCP)["Policies"]}
    assert listed[policy]["Description"] == "changed"
    assert listed["p-FullAWSAccess"]["AwsManaged"] is True
    assert client.describe_policy(PolicyId="p-FullAWSAccess")["Policy"]["Content"]
    client.delete_policy(PolicyId=policy)
    assert local.code_of(client.describe_policy, PolicyId=policy) == "PolicyNotFoundException"


def test_a_policy_is_attached_and_detached(organization):
    client, unit, policy = organization.client, organization.unit(), organization.policy()
    where = {"PolicyId": policy, "TargetId": unit}
    client.attach_policy(**where)
    assert {one["Id"] for one in client.list_policies_for_target(TargetId=unit, Filter=SCP)["Policies"]} \
        == {"p-FullAWSAccess", policy}
    [target] = client.list_targets_for_policy(PolicyId=policy)["Targets"]
    assert (target["TargetId"], target["Type"]) == (unit, "ORGANIZATIONAL_UNIT")
    targets = client.list_targets_for_policy(PolicyId="p-FullAWSAccess")["Targets"]
    assert {target["Type"] for target in targets} == {"ROOT", "ORGANIZATIONAL_UNIT", "ACCOUNT"}

    assert local.code_of(client.attach_policy, **where) == "DuplicatePolicyAttachmentException"
    assert local.code_of(client.delete_policy, PolicyId=policy) == "PolicyInUseException"
    client.detach_policy(**where)
    assert local.code_of(client.detach_policy, **where) == "PolicyNotAttachedException"
    assert local.error_of(client.detach_policy, PolicyId="p-FullAWSAccess", TargetId=unit)["Reason"] \
        == "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"


def test_a_target_takes_five_service_control_policies(organization):
    client, unit = organization.client, organization.unit()
    for _ in range(4):
        client.attach_policy(PolicyId=organization.policy(), TargetId=unit)
    error = local.error_of(client.attach_policy, PolicyId=organization.policy(), TargetId=unit)
    assert (error["Error"]["Code"], error["Reason"]) \
        == ("ConstraintViolationException", "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED")


def test_policies_and_targets_that_are_not_there_are_not_found(organization):
    client, policy = organization.client, organization.policy()
    unit = f"ou-{organization.root[2:]}-00000000"
    for call in (client.attach_policy, client.detach_policy):
        assert local.code_of(call, PolicyId=ABSENT, TargetId=organization.root) == "PolicyNotFoundException"
        assert local.code_of(call, PolicyId=policy, TargetId=unit) == "TargetNotFoundException"
    for call in (client.describe_policy, client.delete_policy, client.update_policy, client.list_targets_for_policy):
        assert local.code_of(call, PolicyId=ABSENT) == "PolicyNotFoundException"
    assert local.code_of(client.list_policies_for_target, TargetId=unit, Filter=SCP) == "TargetNotFoundException"


@pytest.mark.parametrize("content, code", [
    ("{", "MalformedPolicyDocumentException"),
    ("[]", "MalformedPolicyDocumentException"),
    ('{"Version":"2012-10-17","Statement":[{"Effect":"Allow"}]}', "MalformedPolicyDocumentException"),
    (json.dumps({"Version": "2012-10-17", "Id": "x" * 6_000, "Statement": []}), "ConstraintViolationException"),
])
def test_content_that_is_no_policy_is_refused(organization, content, code):
    policy = organization.policy()
    assert local.code_of(organization.policy, content=content) == code
    assert local.code_of(organization.client.update_policy, PolicyId=policy, Content=content) == code


def test_names_are_unique_within_a_type(organization):
    one, other = local.fresh_name(), local.fresh_name()
    organization.policy(name=one)
    policy = organization.policy(name=other)
    assert local.code_of(organization.policy, name=one) == "DuplicatePolicyException"
    assert local.code_of(organization.client.update_policy, PolicyId=policy, Name=one) == "DuplicatePolicyException"


def test_types_are_enabled_and_disabled_in_the_root(organization):
    client, root = organization.client, organization.root
    policy = organization.policy(TAGS)
    assert local.code_of(client.attach_policy, PolicyId=policy, TargetId=root) == "PolicyTypeNotEnabledException"
    assert local.code_of(client.disable_policy_type, RootId=root, PolicyType=TAGS) == "PolicyTypeNotEnabledException"
    enabled = client.enable_policy_type(RootId=root, PolicyType=TAGS)["Root"]
    assert {"Type": TAGS, "Status": "ENABLED"} in enabled["PolicyTypes"]
    assert local.code_of(client.enable_policy_type, RootId=root, PolicyType=TAGS) \
        == "PolicyTypeAlreadyEnabledException"
    client.attach_policy(PolicyId=policy, TargetId=root)
    disabled = client.disable_policy_type(RootId=root, PolicyType=TAGS)["Root"]
    assert {"Type": TAGS, "Status": "ENABLED"} not in disabled["PolicyTypes"]
    assert client.list_targets_for_policy(PolicyId=policy)["Targets"] == []
    for call in (client.enable_policy_type, client.disable_policy_type):
        assert local.code_of(call, RootId="r-zzzz", PolicyType=TAGS) == "RootNotFoundException"
    error = local.error_of(client.enable_policy_type, RootId=root, PolicyType="SECURITYHUB_POLICY")
    assert error["Reason"] == "SERVICE_ACCESS_NOT_ENABLED"


def test_policies_need_all_features():
    organization = Organization("CONSOLIDATED_BILLING")
    client, root = organization.client, organization.root
    assert local.code_of(organization.policy) == "PolicyTypeNotAvailableForOrganizationException"
    assert local.code_of(client.enable_policy_type, RootId=root, PolicyType=SCP) \
        == "PolicyTypeNotAvailableForOrganizationException"
    for call, more in [
        (client.disable_policy_type, {"RootId": root, "PolicyType": SCP}),
        (client.attach_policy, {"PolicyId": "p-FullAWSAccess", "TargetId": root}),
        (client.detach_policy, {"PolicyId": "p-FullAWSAccess", "TargetId": root}),
        (client.describe_effective_policy, {"PolicyType": TAGS}),
        (client.list_accounts_with_invalid_effective_policy, {"PolicyType": TAGS}),
        (client.list_effective_policy_validation_errors,
         {"PolicyType": TAGS, "AccountId": organization.management}),
    ]:
        assert local.code_of(call, **more) == "ConstraintViolationException", call


def test_an_effective_policy_is_the_sum_of_what_is_attached_above(organization):
    client, account, unit = organization.client, organization.account(), organization.unit()
    organization.enable(TAGS)
    client.move_account(AccountId=account, SourceParentId=organization.root, DestinationParentId=unit)
    client.attach_policy(PolicyId=organization.policy(TAGS), TargetId=organization.root)
    more = '{"tags":{"Team":{"tag_key":{"@@assign":"Team"}}}}'
    client.attach_policy(PolicyId=organization.policy(TAGS, more), TargetId=unit)
    effective = client.describe_effective_policy(PolicyType=TAGS, TargetId=account)["EffectivePolicy"]
    assert json.loads(effective["PolicyContent"])["tags"].keys() == {"CostCenter", "Team"}
    own = local.client("organizations", account).describe_effective_policy(PolicyType=TAGS)["EffectivePolicy"]
    assert own["PolicyContent"] == effective["PolicyContent"]
    theirs = local.client("organizations", account)
    assert local.code_of(theirs.describe_effective_policy, PolicyType=TAGS, TargetId=organization.management) \
        == "AccessDeniedException"


def test_what_is_wrong_with_effective_policies_is_listed(organization):
    client, root, management = organization.client, organization.root, organization.management
    for call, more in [(client.describe_effective_policy, {"TargetId": management}),
                       (client.list_accounts_with_invalid_effective_policy, {}),
                       (client.list_effective_policy_validation_errors, {"AccountId": management})]:
        assert local.code_of(call, PolicyType=TAGS, **more) == "EffectivePolicyNotFoundException"
    organization.enable(TAGS)
    assert local.code_of(client.describe_effective_policy, PolicyType=TAGS, TargetId="999900001111") \
        == "TargetNotFoundException"
    assert local.code_of(client.list_effective_policy_validation_errors, PolicyType=TAGS,
                         AccountId="999900001111") == "AccountNotFoundException"
    flawed = '{"tags":{"CostCenter":{"tag_value":{"@@assign":["1"]}}}}'
    policy = organization.policy(TAGS, flawed)
    client.attach_policy(PolicyId=policy, TargetId=root)
    listed = client.list_accounts_with_invalid_effective_policy(PolicyType=TAGS)
    assert [account["Id"] for account in listed["Accounts"]] == [management]
    errors = client.list_effective_policy_validation_errors(PolicyType=TAGS, AccountId=management)
    [error] = errors["EffectivePolicyValidationErrors"]
    assert error["ContributingPolicies"] == [policy]
