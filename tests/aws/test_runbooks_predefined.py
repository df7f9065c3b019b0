"""AWS's own runbooks, as re-authored: each one run, and the resource looked at, not the word Success."""

import json

import pytest

import local
from runbooks import World, output, step, taken, topic

RUNBOOKS = {
    "AWS-ConfigureS3BucketVersioning", "AWS-CreateImage", "AWS-CreateSnapshot",
    "AWS-DisablePublicAccessForSecurityGroup", "AWS-EnableCloudTrail", "AWS-PublishSNSNotification",
    "AWS-ResizeInstance", "AWS-RestartEC2Instance", "AWS-RestartEC2InstanceWithApproval", "AWS-StartEC2Instance",
    "AWS-StartEC2InstanceWithApproval", "AWS-StopEC2Instance", "AWS-StopEC2InstanceWithApproval",
    "AWS-TerminateEC2Instance", "AWS-TerminateEC2InstanceWithApproval",
    "AWSConfigRemediation-ConfigureS3BucketPublicAccessBlock", "AWSConfigRemediation-EnforceEC2InstanceIMDSv2",
}
ON_INSTANCES = {"AWS-CreateImage", "AWS-ResizeInstance"}


@pytest.fixture(scope="module")
def world():
    return World()


def test_every_account_and_region_has_amazons_runbooks_and_their_parameters(world):
    ssm = local.client("ssm", local.fresh_account(), "eu-west-1")
    filters = [{"Key": "Owner", "Values": ["Amazon"]}, {"Key": "DocumentType", "Values": ["Automation"]}]
    found = local.pages(ssm.list_documents, "DocumentIdentifiers", Filters=filters)
    assert {document["Name"] for document in found} == RUNBOOKS
    for name in RUNBOOKS:
        document = ssm.describe_document(Name=name)["Document"]
        assert (document["Owner"], document["Status"]) == ("Amazon", "Active")
        assert "AutomationAssumeRole" in {parameter["Name"] for parameter in document["Parameters"]}
        assert (document.get("TargetType") == "/AWS::EC2::Instance") == ("EC2Instance" in name or name in ON_INSTANCES)


@pytest.mark.parametrize("name, required", [
    ("AWS-RunShellScript", "commands"), ("AWS-RunPowerShellScript", "commands"), ("AWS-RunRemoteScript", "sourceInfo"),
    ("AWS-ConfigureAWSPackage", "name"), ("AWS-UpdateSSMAgent", "version"), ("AWS-RunDocument", "documentParameters"),
    ("AWS-RunPatchBaseline", "Operation"), ("AmazonCloudWatch-ManageAgent", "action"),
])
def test_amazons_command_documents_are_there_with_their_parameters(ssm, name, required):
    document = ssm.describe_document(Name=name)["Document"]
    assert (document["DocumentType"], document["Owner"]) == ("Command", "Amazon")
    assert required in {parameter["Name"] for parameter in document["Parameters"]}


def test_instances_are_stopped_started_and_restarted(world):
    one, other = world.launch(), world.launch()
    execution = world.run("AWS-StopEC2Instance", {"InstanceId": [one, other]})
    assert taken(execution) == ["stopInstances", "forceStopInstances"]
    assert [world.state(one), world.state(other)] == ["stopped", "stopped"]
    world.run("AWS-StartEC2Instance", {"InstanceId": [one]})
    assert [world.state(one), world.state(other)] == ["running", "stopped"]
    boots = world.boots(one)
    world.run("AWS-RestartEC2Instance", {"InstanceId": [one]})
    assert (world.state(one), world.boots(one)) == ("running", boots + 1)


def test_an_instance_that_does_not_exist_fails_the_run_and_starts_no_other(world):
    stopped = world.launch()
    world.ec2.stop_instances(InstanceIds=[stopped])
    execution = world.run("AWS-StartEC2Instance", {"InstanceId": [stopped, "i-00000000000000000"]}, expect="Failed")
    assert "InvalidInstanceID.NotFound" in step(execution, "startInstances")["FailureMessage"]
    assert world.state(stopped) == "stopped"


def test_an_instance_is_terminated_unless_it_is_protected(world):
    instance, protected = world.launch(), world.launch(DisableApiTermination=True)
    world.run("AWS-TerminateEC2Instance", {"InstanceId": [instance]})
    assert world.state(instance) == "terminated"
    execution = world.run("AWS-TerminateEC2Instance", {"InstanceId": [protected]}, expect="Failed")
    assert "OperationNotPermitted" in step(execution, "terminateInstances")["FailureMessage"]
    assert world.state(protected) == "running"


@pytest.mark.parametrize("verb, before, after", [
    ("Start", "stopped", "running"), ("Stop", "running", "stopped"), ("Restart", "running", "running"),
    ("Terminate", "running", "terminated")])
def test_nothing_happens_to_an_instance_before_the_approval(world, verb, before, after):
    arn, message = topic(world, local.fresh_name("AutomationApproval"))
    instance = world.launch()
    if before == "stopped":
        world.ec2.stop_instances(InstanceIds=[instance])
    boots = world.boots(instance)
    approver = f"arn:aws:iam::{world.account}:root"
    ident = world.start(f"AWS-{verb}EC2InstanceWithApproval",
                        {"InstanceId": [instance], "Approvers": [approver], "SNSTopicArn": arn})
    local.eventually(lambda: world.execution(ident)["AutomationExecutionStatus"] == "Waiting")
    assert instance in json.dumps(message())
    assert (world.state(instance), world.boots(instance)) == (before, boots)
    world.ssm.send_automation_signal(AutomationExecutionId=ident, SignalType="Approve")
    assert world.ended(ident)["AutomationExecutionStatus"] == "Success"
    assert world.state(instance) == after
    assert (world.boots(instance) > boots) == (verb in ("Start", "Restart"))


def test_a_rejected_approval_leaves_the_instance_alone(world):
    arn, _ = topic(world, local.fresh_name("AutomationApproval"))
    instance = world.launch()
    ident = world.start("AWS-TerminateEC2InstanceWithApproval", {
        "InstanceId": [instance], "Approvers": [f"arn:aws:iam::{world.account}:root"], "SNSTopicArn": arn})
    local.eventually(lambda: world.execution(ident)["AutomationExecutionStatus"] == "Waiting")
    world.ssm.send_automation_signal(AutomationExecutionId=ident, SignalType="Reject")
    assert taken(world.ended(ident)) == ["approve"]
    assert world.state(instance) == "running"


@pytest.mark.parametrize("no_reboot", [True, False])
def test_an_image_has_the_volumes_of_its_instance(world, no_reboot):
    instance = world.launch()
    execution = world.run("AWS-CreateImage", {"InstanceId": instance, "NoReboot": str(no_reboot).lower()})
    image = world.ec2.describe_images(ImageIds=[output(execution, "createImage.ImageId")])["Images"][0]
    assert image["State"] == "available" and image["Name"].startswith(instance)
    snapshot = image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    found = world.ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]
    assert found["VolumeId"] == world.root_volume(instance)
    assert world.boots(instance) == (1 if no_reboot else 2)


def test_a_snapshot_is_of_the_volume_and_described_as_asked(world):
    volume = world.root_volume(world.launch())
    execution = world.run("AWS-CreateSnapshot", {"VolumeId": volume, "Description": "before the change"})
    snapshot = output(execution, "createSnapshot.SnapshotId")
    found = world.ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]
    assert (found["VolumeId"], found["Description"], found["State"]) == (volume, "before the change", "completed")


def test_a_volume_that_does_not_exist_gets_no_snapshot(world):
    before = len(world.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"])
    execution = world.run("AWS-CreateSnapshot", {"VolumeId": "vol-00000000000000000"}, expect="Failed")
    assert taken(execution) == ["createSnapshot"]
    assert len(world.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]) == before


def test_an_instance_is_resized_and_runs_again(world):
    instance = world.launch()
    world.run("AWS-ResizeInstance", {"InstanceId": instance, "InstanceType": "t3.large", "SleepWait": "PT0S"})
    assert (world.instance(instance)["InstanceType"], world.state(instance)) == ("t3.large", "running")


def test_an_instance_that_cannot_be_resized_runs_again_as_it_was(world):
    instance = world.launch()
    execution = world.run("AWS-ResizeInstance", {"InstanceId": instance, "InstanceType": "enormous"}, expect="Failed")
    assert taken(execution) == ["stopInstance", "resizeInstance", "startInstance"]
    assert (world.instance(instance)["InstanceType"], world.state(instance)) == ("t3.micro", "running")


def test_an_instance_whose_resizing_is_cancelled_runs_again(world):
    instance = world.launch()
    ident = world.start("AWS-ResizeInstance", {
        "InstanceId": instance, "InstanceType": "t3.large", "SleepWait": "PT1H"})
    local.eventually(lambda: world.execution(ident).get("CurrentStepName") == "wait")
    assert world.state(instance) == "stopped"
    world.ssm.stop_automation_execution(AutomationExecutionId=ident, Type="Cancel")
    assert world.ended(ident)["AutomationExecutionStatus"] == "Cancelled"
    assert world.state(instance) == "running"


def test_a_notification_arrives(world):
    arn, message = topic(world, local.fresh_name("notes"))
    execution = world.run("AWS-PublishSNSNotification", {"TopicArn": arn, "Message": "the disk is full"})
    got = message()
    assert (got["Message"], got["MessageId"]) == ("the disk is full", output(execution, "publish.MessageId"))


def test_a_topic_that_does_not_exist_gets_no_notification(world):
    arn = f"arn:aws:sns:{world.region}:{world.account}:nowhere"
    execution = world.run("AWS-PublishSNSNotification", {"TopicArn": arn, "Message": "-"}, expect="Failed")
    assert "NotFound" in step(execution, "publish")["FailureMessage"]


def test_versioning_is_enabled_by_default_and_suspended_when_asked(world):
    bucket = world.bucket()
    for given, expected in [({}, "Enabled"), ({"VersioningState": "Suspended"}, "Suspended")]:
        world.run("AWS-ConfigureS3BucketVersioning", {"BucketName": bucket} | given)
        assert world.s3.get_bucket_versioning(Bucket=bucket)["Status"] == expected
    code = local.code_of(world.ssm.start_automation_execution, DocumentName="AWS-ConfigureS3BucketVersioning",
                         Parameters={"BucketName": [bucket], "VersioningState": ["Off"]})
    assert code == "InvalidAutomationExecutionParametersException"
    assert world.s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Suspended"


def test_public_ssh_and_rdp_are_closed_and_nothing_else(world):
    group = world.ec2.create_security_group(GroupName=local.fresh_name("group"), Description="-")["GroupId"]

    def rule(port, v4=None, v6=None):
        # One range each: AWS keeps ranges apart however they came, the emulator only if they came so.
        ranges = {"IpRanges": [{"CidrIp": v4}]} if v4 else {"Ipv6Ranges": [{"CidrIpv6": v6}]}
        return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port} | ranges

    world.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
        rule(22, "0.0.0.0/0"), rule(22, "10.0.0.0/8"), rule(22, "192.0.2.7/32"), rule(22, v6="::/0"),
        rule(3389, "0.0.0.0/0"), rule(443, "0.0.0.0/0")])
    execution = world.run("AWS-DisablePublicAccessForSecurityGroup",
                          {"GroupId": group, "IpAddressToBlock": "192.0.2.7/32"})
    left = {(each["FromPort"], cidr.get("CidrIp", cidr.get("CidrIpv6")))
            for each in world.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
            for cidr in each.get("IpRanges", []) + each.get("Ipv6Ranges", [])}
    assert left == {(22, "10.0.0.0/8"), (443, "0.0.0.0/0")}
    assert len(execution["Outputs"]["revokePublicRules.Revoked"]) == 4


def test_a_trail_is_created_and_logs(world):
    bucket, name = world.bucket(), local.fresh_name("trail")
    execution = world.run("AWS-EnableCloudTrail", {"S3BucketName": bucket, "TrailName": name})
    trail = world.cloudtrail.describe_trails(trailNameList=[name])["trailList"][0]
    assert (trail["S3BucketName"], trail["TrailARN"]) == (bucket, output(execution, "createTrail.TrailArn"))
    assert world.cloudtrail.get_trail_status(Name=name)["IsLogging"]
    again = world.run("AWS-EnableCloudTrail", {"S3BucketName": bucket, "TrailName": name}, expect="Failed")
    assert taken(again) == ["createTrail"]


def test_an_instance_requires_imdsv2_afterwards(world):
    instance = world.launch(MetadataOptions={"HttpTokens": "optional"})
    world.run("AWSConfigRemediation-EnforceEC2InstanceIMDSv2", {"InstanceId": instance})
    assert world.instance(instance)["MetadataOptions"]["HttpTokens"] == "required"


def test_a_remediation_of_aws_config_needs_a_role(world):
    instance = world.launch()
    code = local.code_of(world.ssm.start_automation_execution,
                         DocumentName="AWSConfigRemediation-EnforceEC2InstanceIMDSv2",
                         Parameters={"InstanceId": [instance]})
    assert code == "InvalidAutomationExecutionParametersException"
    assert world.instance(instance)["MetadataOptions"]["HttpTokens"] == "optional"


def test_a_public_access_block_is_as_asked(world):
    bucket, name = world.bucket(), "AWSConfigRemediation-ConfigureS3BucketPublicAccessBlock"
    world.s3.delete_public_access_block(Bucket=bucket)
    execution = world.run(name, {"BucketName": bucket, "IgnorePublicAcls": "false"})
    found = world.s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert found == {"BlockPublicAcls": True, "BlockPublicPolicy": True, "IgnorePublicAcls": False,
                     "RestrictPublicBuckets": True}
    assert json.loads(output(execution, "verifyPublicAccessBlock.Configuration")) == found
