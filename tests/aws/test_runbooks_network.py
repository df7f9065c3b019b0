"""What keeps an instance off the network, what differs from a baseline, another type for want of capacity, a group's patches."""

import pytest

import local
from runbooks import World, output, step, taken

QUICK = {"VerifySeconds": "60"}


@pytest.fixture(scope="module")
def world():
    return World()


class Net:
    """A VPC with one subnet, a security group that lets 443 out, and an instance."""

    def __init__(self, world):
        ec2 = self.ec2 = world.ec2
        self.vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        self.subnet = ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
        self.table = ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        ec2.associate_route_table(RouteTableId=self.table, SubnetId=self.subnet)
        self.gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        self.group = ec2.create_security_group(GroupName=local.fresh_name("group"), Description="-", VpcId=self.vpc)["GroupId"]
        self.bucket = world.bucket()
        self.world = world
        self.instance = world.launch(SubnetId=self.subnet, SecurityGroupIds=[self.group])

    def look(self, **more):
        execution = self.world.run("Relay-NetworkEvidence", {
            "InstanceId": self.instance, "EvidenceBucket": self.bucket, **more})
        evidence = self.world.json(self.bucket, output(execution, "look.Key"))
        return evidence["Findings"], evidence


def test_what_stands_between_an_instance_and_its_peer_is_named(world):
    net = Net(world)
    findings, evidence = net.look()
    assert any("no route leads to 198.51.100.1" in each for each in findings), findings
    assert evidence["Network"][0]["Interface"]["SubnetId"] == net.subnet
    assert [each["RouteTableId"] for each in evidence["Network"][0]["RouteTables"]] == [net.table]
    # A neighbour in the VPC is reached; nobody may come in.
    assert net.look(Peer="10.9.1.7")[0] == []
    findings, _ = net.look(Peer="10.9.1.7", Direction="inbound", Port="22")
    assert len(findings) == 1 and net.group in findings[0] and "lets port 22 from 10.9.1.7" in findings[0]
    net.ec2.authorize_security_group_ingress(GroupId=net.group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.9.0.0/16"}]}])
    assert net.look(Peer="10.9.1.7", Direction="inbound", Port="22")[0] == []
    # A route to the internet gateway needs a public address.
    net.ec2.create_route(RouteTableId=net.table, DestinationCidrBlock="0.0.0.0/0", GatewayId=net.gateway)
    findings, _ = net.look()
    address = net.world.instance(net.instance).get("PublicIpAddress")
    assert address or any("there is no public address" in each for each in findings), findings


def test_an_instance_that_is_gone_has_no_network(world):
    net = Net(world)
    net.ec2.terminate_instances(InstanceIds=[net.instance])
    execution = world.run("Relay-NetworkEvidence", {"InstanceId": net.instance, "EvidenceBucket": net.bucket}, expect="Failed")
    assert "is terminated" in step(execution, "look")["FailureMessage"]


def test_only_what_differs_from_the_baseline_is_reported():
    world = World()
    bucket = world.bucket()
    group = world.ec2.create_security_group(GroupName="open", Description="-")["GroupId"]
    given = {"ReportBucket": bucket}
    failed = world.run("Relay-DriftReport", given, expect="Failed")
    assert "there is no baseline" in step(failed, "report")["FailureMessage"]
    world.run("Relay-DriftReport", given | {"Mode": "baseline"})
    same = world.run("Relay-DriftReport", given)
    report = world.json(bucket, output(same, "report.Key"))
    assert (output(same, "report.Differences"), report["Differences"], report["Unread"]) == ("0", [], [])
    world.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
    instance = world.launch()
    changed = world.run("Relay-DriftReport", given)
    report = world.json(bucket, output(changed, "report.Key"))
    found = {(each["Kind"], each["Resource"], each["Change"], each.get("Field")) for each in report["Differences"]}
    assert found == {("security-groups", group, "changed", "Ingress"), ("instances", instance, "added", None)}
    assert output(changed, "report.Differences") == "2"


def stopped(world, **more):
    instance = world.launch(**more)
    world.ec2.stop_instances(InstanceIds=[instance])
    local.eventually(lambda: world.state(instance) == "stopped")
    return instance


def test_an_instance_without_capacity_starts_on_another_type(world):
    instance = stopped(world, InstanceType="t3.micro")
    with local.injected("ec2", "StartInstances", world.account, "deny", "InsufficientInstanceCapacity"):
        execution = world.run("Relay-StartOnOtherType", {"InstanceId": instance, "OtherTypes": ["t3.small"]} | QUICK)
    assert world.state(instance) == "running"
    assert world.instance(instance)["InstanceType"] == "t3.small"
    assert (output(execution, "start.Type"), output(execution, "start.FormerType")) == ("t3.small", "t3.micro")


def test_an_instance_that_runs_is_left_alone(world):
    instance = world.launch(InstanceType="t3.micro")
    execution = world.run("Relay-StartOnOtherType", {"InstanceId": instance, "OtherTypes": ["t3.small"]}, expect="Failed")
    assert taken(execution) == ["inspect"]
    assert world.instance(instance)["InstanceType"] == "t3.micro"


class Group:
    """Two instances with a tag, and the runbook that each of them gets."""

    def __init__(self, world):
        self.world, self.name = world, local.fresh_name("group")
        world.publish("Relay-PatchWithRollback")
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "PatchGroup", "Value": self.name}]}]
        self.instances = [world.launch(TagSpecifications=tags) for _ in range(2)]

    def patch(self, expect="Success", **more):
        return self.world.run("Relay-PatchGroup", {"Group": self.name, "Settle": "PT0S", **more}, expect=expect)


def test_every_instance_of_a_group_is_patched_and_compliant(world):
    group = Group(world)
    other = world.launch()
    execution = group.patch(MaxConcurrency="2")
    assert sorted(execution["Outputs"]["compliance.Instances"]) == sorted(group.instances)
    assert all("runbook-relay:patched" in world.tags(each) for each in group.instances)
    assert "runbook-relay:patched" not in world.tags(other)


def test_an_instance_that_patches_break_is_rolled_back_and_the_group_is_not_compliant(world):
    group = Group(world)
    broken, good = group.instances
    root = world.root_volume(broken)
    world.answer(broken, document="AWS-RunPatchBaseline", status="Failed")
    execution = group.patch(expect="Failed", MaxErrors="100%")
    assert taken(execution) == ["patch", "compliance"]
    assert "not compliant" in step(execution, "compliance")["FailureMessage"]
    assert world.root_volume(broken) != root
    assert "runbook-relay:patched" in world.tags(good)
