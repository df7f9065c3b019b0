"""Condition keys: those that the suite's templates use, and their values for each kind of caller."""

import json
import sys
from pathlib import Path

import pytest

import local
from organization import Organization
from test_alarms import Site, allow
from test_authorization import Role

ROOT = Path(__file__).parents[2]
sys.path += [str(ROOT / "local/gateway/emulator"), str(ROOT / "tools")]

import relay_conditions  # noqa: E402
import templates  # noqa: E402

TEMPLATES = [ROOT / "template.yaml", *sorted((ROOT / "stacks").glob("*.yaml"))]

# Each key that the templates use, and the test that holds it, for a caller that has it and for one that has not.
HELD = {
    "aws:PrincipalArn": "test_a_role_is_who_it_is",
    "aws:PrincipalOrgID": "test_a_role_is_who_it_is",
    "aws:RequestTag/relay:copy": "test_a_request_has_the_tags_that_it_sets_and_a_resource_those_that_it_has",
    "aws:RequestTag/relay:replica": "test_a_request_has_the_tags_that_it_sets_and_a_resource_those_that_it_has",
    "aws:RequestTag/relay:token": "test_a_request_has_the_tags_that_it_sets_and_a_resource_those_that_it_has",
    "aws:ResourceAccount": "test_a_role_is_who_it_is",
    "aws:ResourceOrgID": "test_a_role_is_who_it_is",
    "aws:ResourceTag/relay:copy": "test_a_request_has_the_tags_that_it_sets_and_a_resource_those_that_it_has",
    "aws:ResourceTag/relay:replica": "test_a_request_has_the_tags_that_it_sets_and_a_resource_those_that_it_has",
    "aws:ResourceTag/relay:token": "test_a_request_has_the_tags_that_it_sets_and_a_resource_those_that_it_has",
    "aws:SecureTransport": "test_a_role_is_who_it_is",
    "aws:SourceAccount": "test_a_service_acts_for_an_account",
    "aws:SourceArn": "test_a_service_acts_for_an_account",
    "aws:SourceOrgID": "test_a_service_acts_for_an_account",
    "aws:TagKeys": "test_a_request_has_the_tags_that_it_sets_and_a_resource_those_that_it_has",
    "dynamodb:LeadingKeys": "test_a_request_to_a_table_says_which_items_it_is_about",
    "events:detail-type": "test_a_role_puts_the_events_that_its_policy_names",
    "events:source": "test_another_accounts_role_may_put_the_events_that_the_bus_takes",
    "iam:PassedToService": "test_automation_roles.py",
    "kms:ViaService": "test_a_sender_to_an_encrypted_queue_needs_its_key_through_the_queue",
}


def test_every_condition_key_of_the_templates_is_known_and_held_by_a_test():
    used = {key for template in TEMPLATES for key in relay_conditions.keys_of(templates.load(template))}
    assert len(used) > 8, "the templates have conditions"
    assert not {key for key in used if not relay_conditions.is_known(key)}
    assert used == set(HELD)
    here = Path(__file__).parent
    for test in set(HELD.values()):
        assert (here / test).exists() if test.endswith(".py") else test in globals(), test


@pytest.fixture(scope="module")
def organization():
    return Organization()


@pytest.fixture(scope="module")
def role(organization):
    made = Role(organization.account())
    made.organization = organization
    return made


def conditions(account, organization, role_arn):
    """Operator, key, value, and whether it holds for a role of an account of the organization."""
    yield from [
        ("StringEquals", "aws:PrincipalOrgID", organization, True), ("StringEquals", "aws:PrincipalOrgID", "o-other", False),
        ("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", f"{organization}/*", True),
        ("ArnEquals", "aws:PrincipalArn", role_arn, True), ("ArnEquals", "aws:PrincipalArn", f"{role_arn}x", False),
        ("StringEquals", "aws:PrincipalAccount", account, True),
        ("StringEquals", "aws:ResourceOrgID", organization, True), ("StringEquals", "aws:ResourceOrgID", "o-other", False),
        ("StringEquals", "aws:ResourceAccount", account, True),
        ("StringEquals", "aws:RequestedRegion", local.HOME, True),
        ("Bool", "aws:SecureTransport", "true", True), ("Bool", "aws:SecureTransport", "false", False),
        ("Bool", "aws:PrincipalIsAWSService", "false", True), ("Bool", "aws:ViaAWSService", "false", True),
        # What only a service has that acts for somebody.
        *(("Null", f"aws:{key}", "true", True)
          for key in ("SourceOrgID", "SourceOrgPaths", "SourceAccount", "SourceArn", "PrincipalServiceName", "CalledVia"))]


def test_a_role_is_who_it_is(role):
    sqs = local.client("sqs", role.account)
    queue = sqs.create_queue(QueueName=local.fresh_name("queue"))["QueueUrl"]
    for operator, key, value, holds in conditions(role.account, role.organization.id, role.arn):
        role.may("sqs:GetQueueAttributes", condition={operator: {key: value}})
        status, _ = role.calls("sqs", "GetQueueAttributes", "json", {"QueueUrl": queue, "AttributeNames": ["All"]})
        assert (status == 200) == holds, f"{operator} {key} {value}"


def of_an_alarm(site, organization):
    """Operator, key, value, and whether it holds for CloudWatch when it acts for an alarm of a member."""
    yield from [
        ("StringEquals", "aws:SourceOrgID", organization, True), ("StringEquals", "aws:SourceOrgID", "o-other", False),
        ("ForAnyValue:StringLike", "aws:SourceOrgPaths", f"{organization}/*", True),
        ("StringEquals", "aws:SourceAccount", site.account, True),
        ("StringEquals", "aws:SourceAccount", "999900001111", False),
        ("ArnLike", "aws:SourceArn", site.arn("cloudwatch", "alarm:*"), True),
        ("ArnLike", "aws:SourceArn", "arn:aws:cloudwatch:*:999900001111:alarm:*", False),
        ("Bool", "aws:PrincipalIsAWSService", "true", True),
        ("StringEquals", "aws:PrincipalServiceName", "cloudwatch.amazonaws.com", True),
        # What only a principal has.
        *(("Null", f"aws:{key}", "true", True) for key in ("PrincipalOrgID", "PrincipalArn", "PrincipalAccount")),
        ("StringEquals", "aws:PrincipalOrgID", organization, False)]


def acts(site, topic):
    """Whether an alarm of the site may publish to the topic."""
    alarm = site.alarm(AlarmActions=[topic])
    site.set(alarm, "ALARM")
    summary = local.eventually(lambda: site.history(alarm, "Action"))[0][0]
    return summary.startswith("Successfully")


def test_a_service_acts_for_an_account(organization):
    member, hub = Site(organization.account()), Site(organization.management)
    topic, _ = hub.topic()

    def allow_if(condition):
        hub.sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=allow(
            {"Service": "cloudwatch.amazonaws.com"}, "sns:Publish", topic, Condition=condition))
    for operator, key, value, holds in of_an_alarm(member, organization.id):
        allow_if({operator: {key: value}})
        assert acts(member, topic) == holds, f"{operator} {key} {value}"
    allow_if({"StringEquals": {"aws:SourceOrgID": organization.id}})
    assert not acts(Site(), topic), "an account of no organization"


def test_a_request_to_a_table_says_which_items_it_is_about(role):
    table = local.fresh_name("table")
    local.client("dynamodb", role.account).create_table(
        TableName=table, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}])
    role.may("dynamodb:GetItem", condition={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["share#*"]}})
    for key, allowed in (("share#1", True), ("lock#1", False)):
        status, _ = role.calls("dynamodb", "GetItem", "json", {"TableName": table, "Key": {"pk": {"S": key}}})
        assert (status == 200) == allowed, key


@pytest.mark.parametrize("key", ["relay:token", "relay:copy", "relay:replica"])
def test_a_request_has_the_tags_that_it_sets_and_a_resource_those_that_it_has(role, key):
    ssm, content = local.client("ssm", role.account), {"schemaVersion": "0.3", "mainSteps": [
        {"name": "Sleep", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}}]}

    def document():
        name = local.fresh_name("Doc")
        ssm.create_document(Name=name, DocumentType="Automation", Content=json.dumps(content))
        return name

    tagged, plain = document(), document()
    role.may("ssm:AddTagsToResource", condition={
        "StringLike": {f"aws:RequestTag/{key}": "mine/*"},
        "ForAllValues:StringEquals": {"aws:TagKeys": [key]}})
    for tags, allowed in (({key: "theirs/1"}, False), ({key: "mine/1", "cost": "1"}, False), ({key: "mine/1"}, True)):
        status, _ = role.calls("ssm", "AddTagsToResource", "json", {
            "ResourceType": "Document", "ResourceId": tagged,
            "Tags": [{"Key": name, "Value": value} for name, value in tags.items()]})
        assert (status == 200) == allowed, tags
    role.may("ssm:DeleteDocument", condition={"StringLike": {f"aws:ResourceTag/{key}": "mine/*"}})
    for name, allowed in ((plain, False), (tagged, True)):
        assert (role.calls("ssm", "DeleteDocument", "json", {"Name": name})[0] == 200) == allowed, name


def test_a_subscription_says_where_it_leads(role):
    topic = local.client("sns", role.account).create_topic(Name=local.fresh_name("topic"))["TopicArn"]
    role.may("sns:Subscribe", condition={"StringEquals": {"sns:Protocol": "sqs"}, "StringLike": {"sns:Endpoint": "*:mine"}})
    for protocol, queue, allowed in (("sqs", "mine", True), ("sqs", "theirs", False), ("lambda", "mine", False)):
        status, _ = role.calls("sns", "Subscribe", "query", {
            "TopicArn": topic, "Protocol": protocol, "Endpoint": f"arn:aws:sqs:{local.HOME}:{role.account}:{queue}"})
        assert (status != 403) == allowed, (protocol, queue)


def test_another_accounts_role_may_put_the_events_that_the_bus_takes(organization):
    member, hub = Site(organization.account()), Site(organization.management)
    bus = hub.arn("events", "event-bus/default")
    hub.clients["events"].put_permission(Policy=allow(
        "*", "events:PutEvents", bus,
        Condition={"StringEquals": {"aws:PrincipalOrgID": organization.id, "events:source": ["aws.cloudwatch"]}}))
    arrived = hub.events()
    forwarder = Role(member.account, {"Service": "events.amazonaws.com"})
    forwarder.may("events:PutEvents")
    name = local.fresh_name("forward")
    member.clients["events"].put_rule(Name=name, EventPattern=json.dumps({"source": ["aws.cloudwatch"]}))
    member.clients["events"].put_targets(Rule=name, Targets=[{"Id": "hub", "Arn": bus, "RoleArn": forwarder.arn}])
    alarm = member.alarm()
    member.set(alarm, "ALARM")
    assert hub.about(arrived, alarm)["account"] == member.account


def test_a_role_puts_the_events_that_its_policy_names(organization):
    account = organization.account()
    bus = f"arn:aws:events:{local.HOME}:{account}:event-bus/default"
    role = Role(account)
    role.may("events:PutEvents", bus, condition={
        "StringEquals": {"events:source": "runbook-relay", "events:detail-type": "Runbook Relay Outcome"}})

    def put(*events):
        entries = [{"Source": source, "DetailType": kind, "Detail": "{}"} for source, kind in events]
        return role.calls("events", "PutEvents", "json", {"Entries": entries})[0]
    ours = ("runbook-relay", "Runbook Relay Outcome")
    assert put(ours) == 200
    assert put(ours, ours) == 200
    assert put(("aws.test", "Runbook Relay Outcome")) in (400, 403)
    assert put(("runbook-relay", "CloudWatch Alarm State Change")) in (400, 403)
    assert put(ours, ("runbook-relay", "other")) in (400, 403)


def test_a_sender_to_an_encrypted_queue_needs_its_key_through_the_queue(organization):
    site = Site(organization.account())
    role = Role(site.account)
    kms = local.client("kms", site.account)
    root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{site.account}:root"}, "Action": "kms:*", "Resource": "*"}

    def policy(*more):
        return json.dumps({"Version": "2012-10-17", "Statement": [root, *more]})
    key = kms.create_key(Policy=policy())["KeyMetadata"]
    queue = site.sqs.create_queue(QueueName=local.fresh_name("queue"), Attributes={"KmsMasterKeyId": key["Arn"]})["QueueUrl"]
    message = {"QueueUrl": queue, "MessageBody": "x"}
    role.may("sqs:SendMessage")
    assert role.calls("sqs", "SendMessage", "json", message)[0] == 403, "the key is not allowed"
    for via, allowed in (("sns", False), ("sqs", True)):
        role.may(["kms:GenerateDataKey", "kms:Decrypt"], name="key",
                 condition={"StringEquals": {"kms:ViaService": f"{via}.{local.HOME}.amazonaws.com"}})
        assert (role.calls("sqs", "SendMessage", "json", message)[0] == 200) == allowed, via
    plain = {"KeyId": key["Arn"], "KeySpec": "AES_256"}
    assert role.calls("kms", "GenerateDataKey", "json", plain)[1] == "AccessDeniedException", "not by itself"
    # A service that sends in its own name is allowed by the key's policy alone.
    topic, _ = site.topic(KmsMasterKeyId=key["Arn"])
    assert not acts(site, topic)
    kms.put_key_policy(KeyId=key["KeyId"], PolicyName="default", Policy=policy(
        {"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Action": ["kms:GenerateDataKey", "kms:Decrypt"],
         "Resource": "*", "Condition": {"StringEquals": {"aws:SourceOrgID": organization.id}}}))
    assert acts(site, topic)


def test_a_template_with_an_unknown_condition_key_is_refused():
    cloudformation = local.client("cloudformation", local.fresh_account())
    stack = local.fresh_name("stack")
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole",
                            "Condition": {"StringEquals": {"aws:SourceWindPower": "much"}}}]}
    cloudformation.create_stack(StackName=stack, Capabilities=["CAPABILITY_IAM"], TemplateBody=json.dumps(
        {"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust}}}}))

    def ended():
        status = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
        return None if status.endswith("IN_PROGRESS") else status
    assert local.eventually(ended, within=10) in ("ROLLBACK_COMPLETE", "CREATE_FAILED")
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    reasons = [event.get("ResourceStatusReason", "") for event in events]
    assert any("does not know the condition key aws:SourceWindPower" in reason for reason in reasons), reasons
