"""A suspicious instance is cut off, and put back from the evidence."""

import pytest

import local
from runbooks import World, output, policy, step, taken

ISOLATED = "runbook-relay:isolated"


@pytest.fixture(scope="module")
def world():
    return World()


class Scene:
    """An instance with two security groups, in a target group and in an Auto Scaling group."""

    def __init__(self, world):
        self.world = world
        self.groups = sorted(
            world.ec2.create_security_group(GroupName=local.fresh_name("web"), Description="-")["GroupId"]
            for _ in range(2))
        self.instance = world.launch(SecurityGroupIds=self.groups)
        self.target_group = world.elb.create_target_group(
            Name=local.fresh_name("t")[:32], Protocol="HTTP", Port=80,
            VpcId=world.instance(self.instance)["VpcId"])["TargetGroups"][0]["TargetGroupArn"]
        world.elb.register_targets(TargetGroupArn=self.target_group, Targets=[{"Id": self.instance, "Port": 8080}])
        self.scaling = local.fresh_name("asg")
        world.autoscaling.create_launch_configuration(LaunchConfigurationName=self.scaling, ImageId="ami-1",
                                                      InstanceType="t3.micro")
        world.autoscaling.create_auto_scaling_group(
            AutoScalingGroupName=self.scaling, MinSize=0, MaxSize=4, DesiredCapacity=0,
            LaunchConfigurationName=self.scaling, AvailabilityZones=[f"{world.region}a"])
        world.autoscaling.attach_instances(AutoScalingGroupName=self.scaling, InstanceIds=[self.instance])
        self.bucket = world.bucket()

    def isolate(self, **more):
        return self.world.run("Relay-IsolateInstance", {
            "InstanceId": self.instance, "EvidenceBucket": self.bucket, "Reason": "it calls home"}, **more)

    def restore(self, key, **more):
        return self.world.run("Relay-RestoreIsolatedInstance", {
            "InstanceId": self.instance, "EvidenceBucket": self.bucket, "EvidenceKey": key}, **more)

    def security_groups(self):
        interface = self.world.instance(self.instance)["NetworkInterfaces"][0]
        return sorted(group["GroupId"] for group in interface["Groups"])

    def targets(self):
        health = self.world.elb.describe_target_health(TargetGroupArn=self.target_group)
        return [(each["Target"]["Id"], each["Target"]["Port"]) for each in health["TargetHealthDescriptions"]]

    def members(self):
        found = self.world.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[self.scaling])
        return [each["InstanceId"] for each in found["AutoScalingGroups"][0]["Instances"]]

    def protected(self):
        answer = self.world.ec2.describe_instance_attribute(InstanceId=self.instance, Attribute="disableApiTermination")
        return answer["DisableApiTermination"]["Value"]

    def untouched(self):
        return (self.security_groups() == self.groups and self.targets() == [(self.instance, 8080)]
                and self.instance in self.members() and not self.protected())


def test_an_isolated_instance_is_cut_off_and_the_evidence_is_kept(world):
    scene = Scene(world)
    execution = scene.isolate()
    quarantine = output(execution, "quarantineGroup.GroupId")
    assert scene.security_groups() == [quarantine]
    group = world.ec2.describe_security_groups(GroupIds=[quarantine])["SecurityGroups"][0]
    assert (group["IpPermissions"], group["IpPermissionsEgress"]) == ([], [])
    assert scene.targets() == []
    members = scene.members()
    assert scene.instance not in members and len(members) == 1, "the group replaces it"
    assert scene.protected()
    assert world.state(scene.instance) == "running", "memory is evidence too"

    snapshots = execution["Outputs"]["snapshot.SnapshotIds"]
    volumes = {each["VolumeId"] for each in world.ec2.describe_snapshots(SnapshotIds=snapshots)["Snapshots"]}
    assert volumes == {world.root_volume(scene.instance)}
    key = output(execution, "writeEvidence.Key")
    evidence = world.json(scene.bucket, key)
    assert key == "/".join(["runbook-relay/evidence", world.account, world.region, scene.instance,
                            execution["AutomationExecutionId"] + ".json"])
    assert (evidence["InstanceId"], evidence["Reason"], evidence["SnapshotIds"]) == (
        scene.instance, "it calls home", snapshots)
    assert sorted(evidence["Interfaces"][0]["Groups"]) == scene.groups
    assert evidence["Targets"] == [{"TargetGroupArn": scene.target_group, "Port": 8080}]
    assert (evidence["AutoScalingGroup"], evidence["TerminationProtected"]) == (scene.scaling, False)
    assert evidence["Instance"]["ImageId"] == world.instance(scene.instance)["ImageId"]
    assert world.tags(scene.instance)[ISOLATED] == f"s3://{scene.bucket}/{key}"


def test_the_undo_puts_everything_back_and_may_be_repeated(world):
    scene = Scene(world)
    key = output(scene.isolate(), "writeEvidence.Key")
    for _ in range(2):
        scene.restore(key)
        assert scene.untouched()
        assert ISOLATED not in world.tags(scene.instance)
    assert len(scene.members()) == 2, "its replacement stays"
    scene.isolate()


def test_isolating_twice_does_not_overwrite_what_the_instance_was(world):
    scene = Scene(world)
    key = output(scene.isolate(), "writeEvidence.Key")
    again = scene.isolate(expect="Failed")
    assert taken(again) == ["inspect"] and key in step(again, "inspect")["FailureMessage"]
    scene.restore(key)
    assert scene.security_groups() == scene.groups


def test_without_a_place_for_evidence_nothing_is_changed(world):
    scene = Scene(world)
    scene.bucket = "relay-there-is-no-such-bucket"
    execution = scene.isolate(expect="Failed")
    assert taken(execution)[-1] == "writeEvidence"
    assert scene.untouched()
    assert ISOLATED not in world.tags(scene.instance)


def test_a_step_that_fails_does_not_keep_the_instance_on_the_network(world):
    scene = Scene(world)
    # A role that may do everything but detach from the Auto Scaling group.
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ssm.amazonaws.com"}}
    role = world.iam.create_role(RoleName="no-detach", AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    world.iam.put_role_policy(RoleName="no-detach", PolicyName="most", PolicyDocument=policy(
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "autoscaling:DetachInstances", "Resource": "*"}))
    execution = world.run("Relay-IsolateInstance", {
        "InstanceId": scene.instance, "EvidenceBucket": scene.bucket, "AutomationAssumeRole": role}, expect="Failed")
    assert step(execution, "detach")["StepStatus"] == "Failed"
    assert step(execution, "verify")["StepStatus"] == "Success"
    assert scene.instance in scene.members()
    assert scene.security_groups() == [output(execution, "quarantineGroup.GroupId")]
    assert scene.targets() == []


def test_evidence_of_another_instance_restores_nothing(world):
    scene, other = Scene(world), Scene(world)
    key = output(scene.isolate(), "writeEvidence.Key")
    body = world.s3.get_object(Bucket=scene.bucket, Key=key)["Body"].read()
    world.s3.put_object(Bucket=other.bucket, Key="foreign.json", Body=body)
    execution = other.restore("foreign.json", expect="Failed")
    assert f"this evidence is of InstanceId {scene.instance}" in step(execution, "readEvidence")["FailureMessage"]
    assert other.untouched()


def test_a_former_group_that_is_gone_is_found_before_anything_is_restored(world):
    scene = Scene(world)
    execution = scene.isolate()
    key, quarantine = output(execution, "writeEvidence.Key"), output(execution, "quarantineGroup.GroupId")
    world.ec2.delete_security_group(GroupId=scene.groups[0])
    failed = scene.restore(key, expect="Failed")
    assert taken(failed) == ["readEvidence"]
    assert scene.security_groups() == [quarantine] and scene.targets() == []


def test_a_rule_in_the_quarantine_group_does_not_survive_the_next_isolation(world):
    scene, other = Scene(world), Scene(world)
    quarantine = output(scene.isolate(), "quarantineGroup.GroupId")
    world.ec2.authorize_security_group_ingress(GroupId=quarantine, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
    assert output(other.isolate(), "quarantineGroup.GroupId") == quarantine
    assert world.ec2.describe_security_groups(GroupIds=[quarantine])["SecurityGroups"][0]["IpPermissions"] == []
