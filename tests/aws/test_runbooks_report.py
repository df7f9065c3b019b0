"""The compliance report: of one account, and of several accounts and Regions into one bucket."""

import pytest

import local
from organization import Organization
from runbooks import World, output, policy, shipped, step

EXECUTION_ROLE = "AWS-SystemsManager-AutomationExecutionRole"


@pytest.fixture
def world():
    return World()


def found(report):
    return {(each["Check"], each["Resource"]) for each in report["Findings"]}


def test_the_report_tells_exactly_what_is_not_compliant(world):
    open_group = world.ec2.create_security_group(GroupName="open", Description="-")["GroupId"]
    world.ec2.authorize_security_group_ingress(GroupId=open_group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 20, "ToPort": 30, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
        {"IpProtocol": "tcp", "FromPort": 3389, "ToPort": 3389, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}])
    old = world.launch(MetadataOptions={"HttpTokens": "optional"})
    new = world.launch(MetadataOptions={"HttpTokens": "required"})
    encrypted = world.ec2.create_volume(AvailabilityZone="us-east-1a", Size=1, Encrypted=True)["VolumeId"]
    reports, public = world.bucket(), world.bucket()
    world.s3.delete_public_access_block(Bucket=public)
    world.answer(old, document="AWS-RunPatchBaseline", status="Failed")
    for instance in (old, new):
        world.plain_ssm.send_command(InstanceIds=[instance], DocumentName="AWS-RunPatchBaseline",
                                     Parameters={"Operation": ["Scan"]})
    local.eventually(lambda: len(world.plain_ssm.describe_instance_patch_states(
        InstanceIds=[old, new])["InstancePatchStates"]) == 2)

    execution = world.run("Relay-ComplianceReport", {"ReportBucket": reports})
    key = output(execution, "report.Key")
    assert key == f"runbook-relay/compliance/{local.control('GET', 'health')['now'][:10]}/{world.account}/us-east-1.json"
    report = world.json(reports, key)
    assert found(report) == {
        ("imdsv2", old), ("public-admin-ports", open_group), ("s3-public-access", public), ("patches", old),
        ("unencrypted-volumes", world.root_volume(old)), ("unencrypted-volumes", world.root_volume(new))}
    assert (report["Account"], report["Region"], report["Unchecked"]) == (world.account, "us-east-1", [])
    assert output(execution, "report.Findings") == "6"
    assert encrypted not in {resource for _, resource in found(report)}


def test_a_check_that_cannot_be_made_is_told_and_fails_the_run(world):
    bucket = world.bucket()
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ssm.amazonaws.com"}}
    role = world.iam.create_role(RoleName="half-blind", AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    world.iam.put_role_policy(RoleName="half-blind", PolicyName="some", PolicyDocument=policy(
        {"Effect": "Allow", "Action": ["ec2:DescribeInstances", "s3:PutObject"], "Resource": "*"}))
    execution = world.run("Relay-ComplianceReport", {
        "ReportBucket": bucket, "AutomationAssumeRole": role, "Checks": ["imdsv2", "unencrypted-volumes"]},
        expect="Failed")
    assert "not checked: unencrypted-volumes" in step(execution, "requireWhole")["FailureMessage"]
    report = world.json(bucket, output(execution, "report.Key"))
    assert [each["Check"] for each in report["Unchecked"]] == ["unencrypted-volumes"]


def test_every_account_and_region_writes_its_own_report_into_one_bucket():
    organization = Organization()
    central = World(organization.management)
    accounts, regions = [organization.account() for _ in range(2)], ["us-east-1", "eu-west-1"]
    bucket = central.bucket()
    central.s3.put_bucket_policy(Bucket=bucket, Policy=policy({
        "Effect": "Allow", "Principal": {"AWS": [f"arn:aws:iam::{each}:root" for each in accounts]},
        "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/runbook-relay/compliance/*"}))
    worlds = {(account, region): World(account, region) for account in accounts for region in regions}
    for account in accounts:
        iam = worlds[account, "us-east-1"].iam
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": central.role}}
        iam.create_role(RoleName=EXECUTION_ROLE, AssumeRolePolicyDocument=policy(trust))
        iam.put_role_policy(RoleName=EXECUTION_ROLE, PolicyName="look", PolicyDocument=policy(
            {"Effect": "Allow", "Action": ["ec2:Describe*", "s3:*", "ssm:*"], "Resource": "*"}))
    for region in regions:
        ssm = local.client("ssm", central.account, region)
        ssm.create_document(Name="Relay-ComplianceReport", Content=shipped("Relay-ComplianceReport"),
                            DocumentType="Automation", DocumentFormat="YAML")
        ssm.modify_document_permission(Name="Relay-ComplianceReport", PermissionType="Share", AccountIdsToAdd=accounts)
    central.published.add("Relay-ComplianceReport")
    instances = {where: world.launch(MetadataOptions={"HttpTokens": "optional"}) for where, world in worlds.items()}

    execution = central.run(
        "Relay-ComplianceReport", {"ReportBucket": bucket, "Checks": ["imdsv2"]},
        TargetLocations=[{"Accounts": accounts, "Regions": regions, "TargetLocationMaxConcurrency": "4",
                          "ExecutionRoleName": EXECUTION_ROLE}])
    assert len(execution["StepExecutions"]) == 4
    keys = [each["Key"] for each in central.s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert len(keys) == 4
    for key in keys:
        account, region = key.removesuffix(".json").split("/")[-2:]
        assert found(central.json(bucket, key)) == {("imdsv2", instances[account, region])}
