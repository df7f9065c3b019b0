"""Events through the rules that a client deploys: to queues, dead letters, and buses of other accounts
and Regions. Input and retries have tests of their own in local/events.
"""

import json

import boto3
import pytest

import local

SERVICE = {"Service": "events.amazonaws.com"}


class Hub:
    """An account with EventBridge and SQS in one Region."""

    def __init__(self, account=None, region=local.HOME):
        self.account, self.region = account or local.fresh_account(), region
        self.events, self.sqs, self.iam = (self._client(service) for service in ("events", "sqs", "iam"))

    def _client(self, service):
        return boto3.client(service, endpoint_url=local.ENDPOINT, region_name=self.region,
                            aws_access_key_id=self.account, aws_secret_access_key="any")

    def arn(self, service, resource):
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    def queue(self, allow=True):
        """A queue that EventBridge may, or may not, send to; returns its name."""
        name = local.fresh_name("queue")
        policy = {"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow" if allow else "Deny", "Principal": SERVICE, "Action": "sqs:SendMessage",
            "Resource": self.arn("sqs", name)}]}
        self.sqs.create_queue(QueueName=name, Attributes={"Policy": json.dumps(policy)})
        return name

    def bus(self):
        name = local.fresh_name("bus")
        self.events.create_event_bus(Name=name)
        return name

    def rule(self, pattern, target, bus="default", **more):
        name = local.fresh_name("rule")
        self.events.put_rule(Name=name, EventPattern=json.dumps(pattern), EventBusName=bus)
        self.events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "1", "Arn": target} | more])
        where = name if bus == "default" else f"{bus}/{name}"
        return self.arn("events", f"rule/{where}")

    def role(self, resource):
        """A role under which EventBridge may put events on a bus; returns its ARN."""
        name = local.fresh_name("role")
        trust = {"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": SERVICE, "Action": "sts:AssumeRole"}]}
        policy = {"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "events:PutEvents", "Resource": resource}]}
        self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        self.iam.put_role_policy(RoleName=name, PolicyName="put", PolicyDocument=json.dumps(policy))
        return f"arn:aws:iam::{self.account}:role/{name}"

    def admit(self, bus, **more):
        """Lets others put events on a bus."""
        self.events.put_permission(EventBusName=bus, StatementId="in", Action="events:PutEvents", **more)

    def message(self, queue, within=5.0):
        """The next message of a queue."""
        url = self.sqs.get_queue_url(QueueName=queue)["QueueUrl"]

        def received():
            return self.sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"]).get("Messages")

        return local.eventually(received, within=within)[0]

    def body(self, queue):
        return json.loads(self.message(queue)["Body"])


def deliver(hub, bus="default", **more):
    """Puts one event on a bus as AWS's own services do, and returns it."""
    event = {"version": "0", "id": "7bf73129-1428-4cd3-a780-95db273d1602", "detail-type": "Tick", "source": "aws.test",
             "account": hub.account, "time": "2026-01-02T03:04:05Z", "region": hub.region, "resources": [],
             "detail": {"n": 1}} | more
    local.control("POST", f"events?account={hub.account}&region={hub.region}&bus={bus}", event)
    return event


@pytest.fixture
def hub():
    return Hub()


ALL = {"source": ["aws.test"]}


def test_an_event_reaches_the_queue_of_a_rule_that_matches(hub):
    queue, other = hub.queue(), hub.queue()
    hub.rule(ALL, hub.arn("sqs", queue))
    hub.rule({"source": ["aws.other"]}, hub.arn("sqs", other))
    event = deliver(hub)
    assert hub.body(queue) == event


def test_a_call_of_organizations_reaches_the_callers_bus(hub):
    queue = hub.queue()
    hub.rule({"source": ["aws.organizations"], "detail": {"eventName": ["CreateOrganization"]}}, hub.arn("sqs", queue))
    local.client("organizations", hub.account).create_organization(FeatureSet="ALL")
    event = hub.body(queue)
    assert (event["account"], event["region"]) == (hub.account, local.HOME)
    assert event["detail"]["eventSource"] == "organizations.amazonaws.com"


def test_what_a_queue_refuses_lies_in_the_dead_letter_queue(hub):
    closed, dead = hub.queue(allow=False), hub.queue()
    rule = hub.rule(ALL, hub.arn("sqs", closed), DeadLetterConfig={"Arn": hub.arn("sqs", dead)},
                    InputPath="$.detail")
    deliver(hub)
    message = hub.message(dead)
    assert json.loads(message["Body"]) == {"n": 1}
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert attributes.pop("ERROR_MESSAGE").startswith("User: events.amazonaws.com is not authorized")
    assert attributes == {"ERROR_CODE": "NO_PERMISSIONS", "RULE_ARN": rule, "TARGET_ARN": hub.arn("sqs", closed)}


def test_a_queue_that_is_not_there_is_told(hub):
    dead = hub.queue()
    hub.rule(ALL, hub.arn("sqs", "absent"), DeadLetterConfig={"Arn": hub.arn("sqs", dead)})
    deliver(hub)
    assert hub.message(dead)["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_RESOURCE"


def forwarding(hub, other):
    """A rule of `hub` that forwards to a bus of `other`, which a queue listens to: the names of the bus,
    of that queue, and of the dead-letter queue.
    """
    bus, queue, dead = other.bus(), other.queue(), hub.queue()
    other.rule(ALL, other.arn("sqs", queue), bus)
    target = other.arn("events", f"event-bus/{bus}")
    hub.rule(ALL, target, RoleArn=hub.role(target), DeadLetterConfig={"Arn": hub.arn("sqs", dead)})
    return bus, queue, dead


@pytest.mark.parametrize("region", [local.HOME, "eu-west-1"])
def test_an_event_is_forwarded_to_another_account_that_lets_it_in(hub, region):
    other = Hub(region=region)
    bus, queue, dead = forwarding(hub, other)
    deliver(hub)
    assert hub.message(dead)["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"
    other.admit(bus, Principal=hub.account)
    event, seen = deliver(hub), other.body(queue)
    for member in ("account", "region", "detail", "source"):
        assert seen[member] == event[member]
    assert (seen["id"] == event["id"]) == (region == local.HOME)


def test_a_bus_lets_in_its_organization(hub, organization):
    other = Hub(organization.management)
    bus, queue, dead = forwarding(hub, other)
    other.admit(bus, Principal="*", Condition={
        "Type": "StringEquals", "Key": "aws:PrincipalOrgID", "Value": organization.id})
    deliver(hub)
    assert hub.message(dead)["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"
    handshake = organization.invite(hub.account)
    local.client("organizations", hub.account).accept_handshake(HandshakeId=handshake)
    event = deliver(hub)
    assert other.body(queue) == event


def test_a_bus_has_the_whole_policy_it_is_given(hub):
    other = Hub()
    bus, queue, _ = forwarding(hub, other)
    policy = {"Version": "2012-10-17", "Statement": [{
        "Sid": "in", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{hub.account}:root"},
        "Action": "events:PutEvents", "Resource": other.arn("events", f"event-bus/{bus}"),
        "Condition": {"StringEquals": {"events:source": "aws.test"}}}]}
    other.events.put_permission(EventBusName=bus, Policy=json.dumps(policy))
    event = deliver(hub)
    assert other.body(queue) == event


def test_a_forwarded_event_is_not_forwarded_again(hub):
    first, second, dead = hub.bus(), hub.bus(), hub.queue()
    for bus, to in (("default", first), (first, second)):
        target = hub.arn("events", f"event-bus/{to}")
        hub.rule(ALL, target, bus, RoleArn=hub.role(target), DeadLetterConfig={"Arn": hub.arn("sqs", dead)})
    event = deliver(hub)
    message = hub.message(dead)
    assert json.loads(message["Body"]) == event
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "THIRD_ACCOUNT_HOP_DETECTED"


def test_an_event_of_ones_own_is_put_and_delivered_too(hub):
    queue = hub.queue()
    hub.rule({"source": ["own"]}, hub.arn("sqs", queue))
    entry = {"Source": "own", "DetailType": "Tick", "Detail": '{"n": 2}'}
    assert hub.events.put_events(Entries=[entry])["FailedEntryCount"] == 0
    assert hub.body(queue)["detail"] == {"n": 2}


def test_a_rule_on_a_schedule_fires_when_the_clock_is_moved_to_its_time(hub):
    queue, name = hub.queue(), local.fresh_name("rule")
    hub.events.put_rule(Name=name, ScheduleExpression="rate(6 hours)")
    hub.events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": hub.arn("sqs", queue), "Input": '{"due": true}'}])
    local.advance("PT5H")
    local.advance("PT2H")
    assert hub.body(queue) == {"due": True}
