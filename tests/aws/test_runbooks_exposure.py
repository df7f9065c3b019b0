"""What is open to the world is closed: an access key in the wrong hands, a public bucket, an open security group."""

import json

import botocore.exceptions
import pytest

import local
from runbooks import World, client, output, policy, step, taken

DENIAL = "runbook-relay-deny-older-sessions"
CLOSED = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True}


@pytest.fixture(scope="module")
def world():
    return World()


class Leak:
    """A user with two keys, one of which somebody else has; and a session that was opened with it."""

    def __init__(self, world):
        self.world, self.user = world, local.fresh_name("user")
        world.iam.create_user(UserName=self.user)
        world.iam.put_user_policy(UserName=self.user, PolicyName="all", PolicyDocument=policy(
            {"Effect": "Allow", "Action": "*", "Resource": "*"}))
        self.leaked, self.other = (world.iam.create_access_key(UserName=self.user)["AccessKey"] for _ in range(2))
        self.bucket = world.bucket()

    def disable(self, expect="Success", **more):
        return self.world.run("Relay-DisableAccessKey", {
            "AccessKeyId": self.leaked["AccessKeyId"], "EvidenceBucket": self.bucket, "Reason": "it is on a web page",
            **more}, expect=expect)

    def status(self, key):
        keys = self.world.iam.list_access_keys(UserName=self.user)["AccessKeyMetadata"]
        return {each["AccessKeyId"]: each["Status"] for each in keys}[key["AccessKeyId"]]

    def policies(self):
        return self.world.iam.list_user_policies(UserName=self.user)["PolicyNames"]

    def works(self, key):
        sqs = client("sqs", self.world.account, key=key["AccessKeyId"], secret=key["SecretAccessKey"])
        try:
            sqs.list_queues()
        except botocore.exceptions.ClientError:
            return False
        return True


def test_a_leaked_key_no_longer_works_its_sessions_are_denied_and_the_evidence_is_kept(world):
    leak = Leak(world)
    assert leak.works(leak.leaked) and leak.works(leak.other)
    execution = leak.disable()
    assert (leak.status(leak.leaked), leak.status(leak.other)) == ("Inactive", "Active")
    assert not leak.works(leak.leaked) and leak.works(leak.other), "the user's other key is not meant"
    denial = leak.world.iam.get_user_policy(UserName=leak.user, PolicyName=DENIAL)["PolicyDocument"]["Statement"][0]
    assert (denial["Effect"], list(denial["Condition"]["DateLessThan"])) == ("Deny", ["aws:TokenIssueTime"])

    key = output(execution, "writeEvidence.Key")
    assert key == "/".join(["runbook-relay/evidence", world.account, "iam", leak.leaked["AccessKeyId"],
                            execution["AutomationExecutionId"] + ".json"])
    evidence = world.json(leak.bucket, key)
    assert (evidence["UserName"], evidence["FormerStatus"], evidence["Reason"]) == (leak.user, "Active", "it is on a web page")
    assert {each["AccessKeyId"] for each in evidence["AccessKeys"]} == {each["AccessKeyId"] for each in (leak.leaked, leak.other)}
    assert sorted(evidence["InlinePolicies"]) == sorted(["all", DENIAL])
    assert output(execution, "verify.Status") == "Inactive"
    assert execution["Outputs"]["verify.OtherActiveKeys"] == [leak.other["AccessKeyId"]]


def test_sessions_are_left_alone_where_that_is_asked_for_and_a_repeat_changes_nothing(world):
    leak = Leak(world)
    for former in ("Active", "Inactive"):
        execution = leak.disable(DenySessions="false")
        assert output(execution, "find.Status") == former
        assert leak.policies() == ["all"] and leak.status(leak.leaked) == "Inactive"


def test_a_key_is_disabled_although_its_evidence_cannot_be_written_and_the_run_says_so(world):
    leak = Leak(world)
    leak.bucket = "relay-there-is-no-such-bucket"
    execution = leak.disable(expect="Failed")
    assert step(execution, "writeEvidence")["StepStatus"] == "Failed"
    assert step(execution, "verify")["StepStatus"] == "Success"
    assert not leak.works(leak.leaked)


def test_a_key_that_nobody_here_has_is_refused(world):
    execution = world.run("Relay-DisableAccessKey", {
        "AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "EvidenceBucket": "some-bucket"}, expect="Failed")
    assert taken(execution) == ["find"]


def block_of(world, bucket):
    try:
        return world.s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    except botocore.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == "NoSuchPublicAccessBlockConfiguration"
        return None


@pytest.fixture
def bucket(world):
    name = world.bucket()
    world.s3.delete_public_access_block(Bucket=name)
    return name


@pytest.mark.parametrize("former", [None, CLOSED | {"BlockPublicPolicy": False}])
def test_a_bucket_is_closed_and_what_it_was_is_in_the_outputs(world, bucket, former):
    if former:
        world.s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=former)
    else:
        world.s3.put_bucket_policy(Bucket=bucket, Policy=policy(
            {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}))
    execution = world.run("Relay-BlockPublicBucket", {"BucketName": bucket})
    assert block_of(world, bucket) == CLOSED
    assert json.loads(output(execution, "before.Settings")) == (former or dict.fromkeys(CLOSED, False))
    assert ("s3:GetObject" in "".join(execution["Outputs"]["before.Policy"])) is not bool(former)
    again = world.run("Relay-BlockPublicBucket", {"BucketName": bucket})
    assert taken(again) == ["before", "needed"]


def test_a_bucket_that_serves_a_website_is_refused_unless_that_is_wanted(world, bucket):
    world.s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
    execution = world.run("Relay-BlockPublicBucket", {"BucketName": bucket}, expect="Failed")
    assert "serves a website" in step(execution, "before")["FailureMessage"]
    assert block_of(world, bucket) is None
    world.run("Relay-BlockPublicBucket", {"BucketName": bucket, "WhenItServesAWebsite": "proceed"})
    assert block_of(world, bucket) == CLOSED


def limited(world, name, *denied):
    """A role that may do everything but this."""
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ssm.amazonaws.com"}}
    role = world.iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    world.iam.put_role_policy(RoleName=name, PolicyName="most", PolicyDocument=policy(
        {"Effect": "Allow", "Action": "*", "Resource": "*"}, *denied))
    return role


def test_a_bucket_that_cannot_be_closed_is_as_it_was(world, bucket):
    role = limited(world, "no-block", {"Effect": "Deny", "Action": "s3:PutBucketPublicAccessBlock", "Resource": "*"})
    execution = world.run("Relay-BlockPublicBucket", {"BucketName": bucket, "AutomationAssumeRole": role}, expect="Failed")
    assert taken(execution)[-1] == "block"
    assert block_of(world, bucket) is None


def group_with(world, *permissions):
    ident = world.ec2.create_security_group(GroupName=local.fresh_name("sg"), Description="-")["GroupId"]
    world.ec2.authorize_security_group_ingress(GroupId=ident, IpPermissions=[
        {"IpProtocol": protocol, "FromPort": first, "ToPort": last,
         **({"Ipv6Ranges": [{"CidrIpv6": source}]} if ":" in source else {"IpRanges": [{"CidrIp": source}]})}
        for protocol, first, last, source in permissions])
    return ident


def inbound(world, ident):
    """What lets traffic in: protocol, first and last port, source."""
    found = world.ec2.describe_security_groups(GroupIds=[ident])["SecurityGroups"][0]["IpPermissions"]
    return sorted((each["IpProtocol"], each.get("FromPort"), each.get("ToPort"), source)
                  for each in found
                  for source in [one["CidrIp"] for one in each.get("IpRanges", [])]
                  + [one["CidrIpv6"] for one in each.get("Ipv6Ranges", [])])


def test_the_world_is_shut_out_of_the_ports_and_nobody_else_is(world):
    kept = [("tcp", 22, 22, "10.0.0.0/8"), ("tcp", 443, 443, "0.0.0.0/0")]
    group = group_with(world, ("tcp", 22, 22, "0.0.0.0/0"), ("tcp", 3389, 3389, "::/0"), *kept)
    before = inbound(world, group)
    execution = world.run("Relay-CloseSecurityGroup", {"SecurityGroupId": group})
    assert inbound(world, group) == kept
    undo = [json.loads(each) for each in execution["Outputs"]["find.IpPermissions"]]
    undo = [rule for each in undo for rule in (each if isinstance(each, list) else [each])]
    world.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=undo)
    assert inbound(world, group) == before, "the output undoes it"
    assert output(execution, "verify.Revoked") == "2"


def test_a_group_without_open_ports_is_left_alone(world):
    group = group_with(world, ("tcp", 22, 22, "10.0.0.0/8"), ("tcp", 443, 443, "0.0.0.0/0"))
    before = inbound(world, group)
    assert taken(world.run("Relay-CloseSecurityGroup", {"SecurityGroupId": group})) == ["find", "needed"]
    assert inbound(world, group) == before


def test_a_rule_for_other_ports_too_is_refused_unless_that_is_wanted(world):
    group = group_with(world, ("tcp", 0, 65535, "0.0.0.0/0"))
    execution = world.run("Relay-CloseSecurityGroup", {"SecurityGroupId": group}, expect="Failed")
    assert "other ports" in step(execution, "find")["FailureMessage"] and len(inbound(world, group)) == 1
    world.run("Relay-CloseSecurityGroup", {"SecurityGroupId": group, "WhenARuleIsWider": "revoke"})
    assert inbound(world, group) == []
    other = group_with(world, ("udp", 53, 53, "0.0.0.0/0"))
    world.run("Relay-CloseSecurityGroup", {"SecurityGroupId": other, "Ports": ["53", "54"]})
    assert inbound(world, other) == []
