"""Trusted services, delegated administrators, the resource policy, and tags."""

import json

import local
from organization import Organization

SERVICE = "ssm.amazonaws.com"


def delegating(account, *actions):
    return json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": list(actions),
        "Resource": "*"}]})


def test_a_service_is_trusted_and_its_administrator_registered(organization):
    client, member = organization.client, organization.invited()
    where = {"AccountId": member, "ServicePrincipal": SERVICE}
    assert local.error_of(client.register_delegated_administrator, **where)["Reason"] == "SERVICE_ACCESS_NOT_ENABLED"
    client.enable_aws_service_access(ServicePrincipal=SERVICE)
    [enabled] = client.list_aws_service_access_for_organization()["EnabledServicePrincipals"]
    assert enabled["ServicePrincipal"] == SERVICE
    client.register_delegated_administrator(**where)
    assert local.code_of(client.register_delegated_administrator, **where) == "AccountAlreadyRegisteredException"
    [delegate] = client.list_delegated_administrators(ServicePrincipal=SERVICE)["DelegatedAdministrators"]
    assert delegate["Id"] == member
    [service] = client.list_delegated_services_for_account(AccountId=member)["DelegatedServices"]
    assert service["ServicePrincipal"] == SERVICE
    # A delegated administrator reads what the management account reads, and cannot be taken out.
    assert local.client("organizations", member).list_accounts()["Accounts"]
    assert local.code_of(client.remove_account_from_organization, AccountId=member) == "ConstraintViolationException"
    client.deregister_delegated_administrator(**where)
    assert local.code_of(client.deregister_delegated_administrator, **where) == "AccountNotRegisteredException"
    assert local.code_of(client.list_delegated_services_for_account, AccountId=member) \
        == "AccountNotRegisteredException"
    client.disable_aws_service_access(ServicePrincipal=SERVICE)
    assert client.list_aws_service_access_for_organization()["EnabledServicePrincipals"] == []


def test_accounts_that_are_not_there_or_not_suitable_are_told(organization):
    client = organization.client
    client.enable_aws_service_access(ServicePrincipal=SERVICE)
    for call in (client.register_delegated_administrator, client.deregister_delegated_administrator):
        assert local.code_of(call, AccountId="999900001111", ServicePrincipal=SERVICE) == "AccountNotFoundException"
        assert local.code_of(call, AccountId=organization.management, ServicePrincipal=SERVICE) \
            == "ConstraintViolationException"
    assert local.code_of(client.list_delegated_services_for_account, AccountId="999900001111") \
        == "AccountNotFoundException"


def test_delegation_needs_all_features():
    organization = Organization("CONSOLIDATED_BILLING")
    client = organization.client
    for call, more in [
        (client.enable_aws_service_access, {"ServicePrincipal": SERVICE}),
        (client.disable_aws_service_access, {"ServicePrincipal": SERVICE}),
        (client.list_aws_service_access_for_organization, {}),
        (client.list_delegated_administrators, {}),
        (client.list_delegated_services_for_account, {"AccountId": organization.management}),
        (client.put_resource_policy, {"Content": delegating("111122223333", "organizations:ListAccounts")}),
    ]:
        assert local.code_of(call, **more) == "ConstraintViolationException", call


def test_the_resource_policy_lets_a_member_do_what_it_says(organization):
    client, member = organization.client, organization.invited()
    theirs = local.client("organizations", member)
    assert local.code_of(client.describe_resource_policy) == "ResourcePolicyNotFoundException"
    assert local.code_of(client.delete_resource_policy) == "ResourcePolicyNotFoundException"
    put = client.put_resource_policy(Content=delegating(member, "organizations:ListAccounts"),
                                     Tags=[{"Key": "a", "Value": "b"}])["ResourcePolicy"]
    assert client.describe_resource_policy()["ResourcePolicy"] == put
    assert theirs.list_accounts()["Accounts"]
    assert local.code_of(theirs.list_roots) == "AccessDeniedException"
    client.delete_resource_policy()
    assert local.code_of(theirs.list_accounts) == "AccessDeniedException"


def test_resources_are_tagged_and_untagged(organization):
    client = organization.client
    for resource in (organization.root, organization.unit(), organization.policy(), organization.management):
        client.tag_resource(ResourceId=resource, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}])
        client.untag_resource(ResourceId=resource, TagKeys=["a"])
        assert client.list_tags_for_resource(ResourceId=resource)["Tags"] == [{"Key": "b", "Value": ""}]
    full = [{"Key": f"k{n}", "Value": ""} for n in range(50)]
    assert local.code_of(client.tag_resource, ResourceId=organization.root, Tags=full) \
        == "ConstraintViolationException"
    absent = f"ou-{organization.root[2:]}-00000000"
    assert local.code_of(client.tag_resource, ResourceId=absent, Tags=full) == "TargetNotFoundException"
    assert local.code_of(client.untag_resource, ResourceId=absent, TagKeys=["a"]) == "TargetNotFoundException"
    assert local.code_of(client.list_tags_for_resource, ResourceId=absent) == "TargetNotFoundException"
