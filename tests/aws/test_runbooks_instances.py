"""The suite's runbooks that cure an instance: each one to its good end and to a bad one."""

import pytest

import local
from runbooks import World, output, step, taken

# Locally status checks change at once, so there is nothing to outlast.
QUICK = {"Settle": "PT0S"}


@pytest.fixture(scope="module")
def world():
    return World()


def impaired(world, check, cured_by):
    instance = world.launch()
    world.impair(instance, check, cured_by)
    return instance


def test_a_reboot_cures_a_failed_instance_check(world):
    instance = impaired(world, "instance", "reboot")
    assert world.checks(instance) == ("impaired", "ok")
    launched = world.instance(instance)["LaunchTime"]
    execution = world.run("Relay-RebootInstance", {"InstanceId": instance} | QUICK)
    assert (world.checks(instance), world.boots(instance)) == (("ok", "ok"), 2)
    assert world.instance(instance)["LaunchTime"] == launched, "it was stopped and started"
    assert output(execution, "status.InstanceStatus") == "ok"
    assert "readBootId" not in taken(execution)


def test_a_reboot_that_cures_nothing_ends_as_timed_out(world):
    instance = impaired(world, "system", "stopStart")
    execution = world.run("Relay-RebootInstance", {"InstanceId": instance, "VerifySeconds": "2"} | QUICK,
                          expect="TimedOut")
    assert step(execution, "waitForSystemCheck")["StepStatus"] == "TimedOut"
    assert (world.checks(instance), world.boots(instance)) == (("ok", "impaired"), 2)


def test_a_stopped_instance_is_not_rebooted(world):
    instance = world.launch()
    world.ec2.stop_instances(InstanceIds=[instance])
    execution = world.run("Relay-RebootInstance", {"InstanceId": instance} | QUICK, expect="Failed")
    assert taken(execution) == ["requireRunning"]
    assert (world.state(instance), world.boots(instance)) == ("stopped", 1)


def test_a_new_boot_id_proves_the_reboot(world):
    instance = world.launch()
    world.answer(instance, contains="tr -d", output="11111111-aaaa")
    world.run("Relay-RebootInstance", {"InstanceId": instance, "Evidence": "BootId"} | QUICK)
    document, asked = world.commands(instance)[-1]
    assert document == "AWS-RunShellScript"
    assert asked["commands"] == ["test \"$(cat /proc/sys/kernel/random/boot_id)\" != '11111111-aaaa'"]
    assert world.boots(instance) == 2


def test_the_same_boot_id_is_no_reboot_however_well_the_checks_are(world):
    instance = world.launch()
    world.answer(instance, contains="!= ", status="Failed")
    execution = world.run("Relay-RebootInstance", {"InstanceId": instance, "Evidence": "BootId"} | QUICK,
                          expect="Failed")
    assert step(execution, "verifyNewBoot")["StepStatus"] == "Failed"
    assert world.checks(instance) == ("ok", "ok")
    assert len(world.commands(instance)) == 1 + 5, "once before the reboot, five attempts after it"


@pytest.mark.parametrize("given", [
    {"InstanceId": "i-1; reboot"}, {"InstanceId": "i-0123456789abcdef0", "Settle": "tomorrow"},
    {"InstanceId": "i-0123456789abcdef0", "Evidence": "running"}, {"Evidence": "BootId"}])
def test_parameters_that_do_not_fit_start_nothing(world, given):
    world.publish("Relay-RebootInstance")
    given = {key: [value] for key, value in given.items()}
    assert local.code_of(world.ssm.start_automation_execution, DocumentName="Relay-RebootInstance",
                         Parameters=given) == "InvalidAutomationExecutionParametersException"


def test_a_stop_and_start_cures_a_failed_system_check(world):
    instance = impaired(world, "system", "stopStart")
    address = world.instance(instance)["PublicIpAddress"]
    execution = world.run("Relay-StopStartInstance", {"InstanceId": instance})
    assert (world.state(instance), world.checks(instance), world.boots(instance)) == ("running", ("ok", "ok"), 2)
    assert world.instance(instance)["PublicIpAddress"] != address
    assert execution["Outputs"]["inspect.Warnings"] == [f"the public address {address} is not an Elastic IP and will change"]


def test_an_elastic_address_stays_and_is_no_reason_to_warn(world):
    instance = world.launch()
    address = world.ec2.allocate_address(Domain="vpc")
    world.ec2.associate_address(AllocationId=address["AllocationId"], InstanceId=instance)
    execution = world.run("Relay-StopStartInstance", {"InstanceId": instance})
    assert not any(execution["Outputs"]["inspect.Warnings"])
    assert (world.boots(instance), world.instance(instance)["PublicIpAddress"]) == (2, address["PublicIp"])


def test_instance_store_volumes_are_warned_about(world):
    instance = world.launch(InstanceType="m5d.large")
    execution = world.run("Relay-StopStartInstance", {"InstanceId": instance})
    assert "data on instance store volumes is lost" in execution["Outputs"]["inspect.Warnings"]
    assert world.boots(instance) == 2


def test_an_instance_store_root_is_refused_or_rebooted_but_never_stopped(world):
    image = world.ec2.register_image(Name=local.fresh_name("ami"), ImageLocation="images/one.manifest.xml")["ImageId"]
    instance = world.launch(ImageId=image)
    execution = world.run("Relay-StopStartInstance", {"InstanceId": instance}, expect="Failed")
    assert "instance store root" in step(execution, "inspect")["FailureMessage"]
    assert world.boots(instance) == 1
    asked = {"InstanceId": instance, "InstanceStoreRoot": "reboot"} | QUICK
    assert "stop" not in taken(world.run("Relay-StopStartInstance", asked))
    assert (world.boots(instance), world.state(instance)) == (2, "running")


def group_of(world, instance, *, room=True):
    """An Auto Scaling group with the instance in it."""
    name = local.fresh_name("group")
    world.autoscaling.create_launch_configuration(LaunchConfigurationName=name, ImageId="ami-1", InstanceType="t3.micro")
    world.autoscaling.create_auto_scaling_group(
        AutoScalingGroupName=name, MinSize=0, MaxSize=4, DesiredCapacity=0, LaunchConfigurationName=name,
        AvailabilityZones=[f"{world.region}a"])
    world.autoscaling.attach_instances(AutoScalingGroupName=name, InstanceIds=[instance])
    if not room:
        world.autoscaling.update_auto_scaling_group(AutoScalingGroupName=name, MinSize=1)
    return name


def membership(world, instance):
    found = world.autoscaling.describe_auto_scaling_instances(InstanceIds=[instance])["AutoScalingInstances"]
    return [(each["AutoScalingGroupName"], each["LifecycleState"]) for each in found]


def test_a_member_of_an_auto_scaling_group_is_refused(world):
    instance = world.launch()
    group = group_of(world, instance)
    execution = world.run("Relay-StopStartInstance", {"InstanceId": instance}, expect="Failed")
    assert group in step(execution, "inspect")["FailureMessage"]
    assert (world.state(instance), world.boots(instance)) == ("running", 1)
    assert membership(world, instance) == [(group, "InService")]


def test_a_member_is_on_standby_while_it_is_stopped_if_that_is_asked_for(world):
    instance = world.launch()
    group = group_of(world, instance)
    execution = world.run("Relay-StopStartInstance", {"InstanceId": instance, "AutoScaling": "standby"})
    done = taken(execution)
    assert done.index("waitForStandby") < done.index("stop") < done.index("start") < done.index("exitStandby")
    assert (world.boots(instance), membership(world, instance)) == (2, [(group, "InService")])


def test_a_member_that_the_group_cannot_spare_is_not_stopped(world):
    instance = world.launch()
    group = group_of(world, instance, room=False)
    execution = world.run("Relay-StopStartInstance", {"InstanceId": instance, "AutoScaling": "standby"},
                          expect="Failed")
    assert "min size" in step(execution, "enterStandby")["FailureMessage"]
    assert (world.boots(instance), membership(world, instance)) == (1, [(group, "InService")])


def test_a_host_that_stays_broken_ends_as_timed_out_and_the_instance_runs(world):
    instance = impaired(world, "system", "nothing")
    world.publish("Relay-StopStartInstance")
    ident = world.start("Relay-StopStartInstance", {"InstanceId": instance, "VerifySeconds": "1"})
    assert world.ended(ident)["AutomationExecutionStatus"] == "TimedOut"
    assert (world.state(instance), world.checks(instance)) == ("running", ("ok", "impaired"))


def credits_of(world, instance):
    found = world.ec2.describe_instance_credit_specifications(InstanceIds=[instance])
    return [each["CpuCredits"] for each in found["InstanceCreditSpecifications"]]


def test_a_burstable_instance_gets_unlimited_credits_and_back(world):
    instance = world.launch(CreditSpecification={"CpuCredits": "standard"})
    execution = world.run("Relay-CpuCredits", {"InstanceId": instance})
    assert credits_of(world, instance) == ["unlimited"]
    assert [output(execution, f"{name}.CpuCredits") for name in ("before", "after")] == ["standard", "unlimited"]
    world.run("Relay-CpuCredits", {"InstanceId": instance, "CpuCredits": "standard"})
    assert credits_of(world, instance) == ["standard"]


def test_an_instance_that_is_not_burstable_is_left_alone(world):
    instance = world.launch(InstanceType="m5.large")
    execution = world.run("Relay-CpuCredits", {"InstanceId": instance}, expect="Failed")
    assert taken(execution) == ["instance", "requireBurstable"]
    assert credits_of(world, instance) == []


def test_imdsv2_is_required_where_nothing_uses_imdsv1(world):
    instance = world.launch(MetadataOptions={"HttpTokens": "optional"})
    execution = world.run("Relay-EnforceImdsv2", {"InstanceId": instance})
    assert world.instance(instance)["MetadataOptions"]["HttpTokens"] == "required"
    assert [output(execution, f"{name}.HttpTokens") for name in ("before", "after")] == ["optional", "required"]
    again = world.run("Relay-EnforceImdsv2", {"InstanceId": instance})
    assert "requireTokens" not in taken(again)


def test_imdsv1_in_use_is_not_switched_off_unless_that_is_asked_for(world):
    instance = world.launch(MetadataOptions={"HttpTokens": "optional"})
    # AWS takes no metrics of its own namespaces from others; the emulator does.
    world.cloudwatch.put_metric_data(Namespace="AWS/EC2", MetricData=[{
        "MetricName": "MetadataNoToken", "Value": 3, "Dimensions": [{"Name": "InstanceId", "Value": instance}]}])
    execution = world.run("Relay-EnforceImdsv2", {"InstanceId": instance}, expect="Failed")
    assert "has used IMDSv1 3 times" in step(execution, "lookForImdsv1")["FailureMessage"]
    assert world.instance(instance)["MetadataOptions"]["HttpTokens"] == "optional"
    world.run("Relay-EnforceImdsv2", {"InstanceId": instance, "WhenImdsv1IsUsed": "proceed"})
    assert world.instance(instance)["MetadataOptions"]["HttpTokens"] == "required"


# Nothing runs on the emulator's instances: their answers are set, and what was sent to them is compared.

def scripts(world, instance):
    return ["\n".join(asked["commands"]) for document, asked in world.commands(instance)]


def test_a_disk_is_cleaned_on_the_instance_named_and_on_no_other(world):
    instance = world.launch()
    world.answer(instance, contains="% used", output="61% used")
    execution = world.run("Relay-FreeDiskSpace", {"InstanceId": instance, "MountPoint": "/data", "KeepDays": "3"})
    clean, check, used = scripts(world, instance)
    assert f"[ \"$here\" = '{instance}' ]" in clean and "mount='/data'; days='3'" in clean
    assert "df --output=pcent '/data'" in check and "-lt '80'" in check
    assert output(execution, "used.Output") == "61% used"


def test_a_disk_that_stays_full_fails_the_run_and_grows_nothing(world):
    instance = world.launch()
    world.answer(instance, contains="--output=pcent", status="Failed", output="97% used")
    execution = world.run("Relay-FreeDiskSpace", {"InstanceId": instance}, expect="Failed")
    assert taken(execution) == ["clean", "check", "mayGrow", "used"]
    volume = world.ec2.describe_volumes(VolumeIds=[world.root_volume(instance)])["Volumes"][0]
    assert volume["Size"] == 8


def test_a_disk_that_stays_full_grows_if_it_may(world):
    instance = world.launch()
    world.answer(instance, contains="--output=pcent", status="Failed", times=1)
    volume = world.root_volume(instance)
    execution = world.run("Relay-FreeDiskSpace", {"InstanceId": instance, "VolumeId": volume, "GrowToGiB": "20"})
    assert taken(execution) == ["clean", "check", "mayGrow", "grow", "waitForVolume", "growFileSystem", "used"]
    assert world.ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["Size"] == 20
    assert "resize2fs" in scripts(world, instance)[2]


def test_a_service_is_restarted_and_looked_after(world):
    instance = world.launch()
    world.answer(instance, contains="is-active", output="active\n64% of the memory is available")
    execution = world.run("Relay-RestartProcess", {"InstanceId": instance, "ServiceName": "app@1.service"})
    restart, verify = scripts(world, instance)
    assert f"[ \"$here\" = '{instance}' ]" in restart and "systemctl restart 'app@1.service'" in restart
    assert "systemctl is-active 'app@1.service'" in verify
    assert "64%" in output(execution, "verify.Output")


def test_a_service_that_does_not_come_back_fails_the_run(world):
    instance = world.launch()
    world.answer(instance, contains="is-active", status="Failed", output="failed")
    execution = world.run("Relay-RestartProcess", {"InstanceId": instance, "ServiceName": "app"}, expect="Failed")
    assert step(execution, "verify")["StepStatus"] == "Failed"
    assert len(scripts(world, instance)) == 1 + 3
    code = local.code_of(world.ssm.start_automation_execution, DocumentName="Relay-RestartProcess",
                         Parameters={"InstanceId": [instance], "ServiceName": ["app'; rm -rf /"]})
    assert code == "InvalidAutomationExecutionParametersException"


def test_patches_that_go_well_leave_a_snapshot_and_a_mark(world):
    instance = world.launch()
    root = world.root_volume(instance)
    execution = world.run("Relay-PatchWithRollback", {"InstanceId": instance, "RebootOption": "NoReboot"} | QUICK)
    snapshot = world.ec2.describe_snapshots(SnapshotIds=[output(execution, "snapshot.SnapshotId")])["Snapshots"][0]
    assert snapshot["VolumeId"] == root == world.root_volume(instance)
    assert {"Key": "runbook-relay:instance", "Value": instance} in snapshot["Tags"]
    assert world.commands(instance)[0] == ("AWS-RunPatchBaseline",
                                           {"Operation": ["Install"], "RebootOption": ["NoReboot"]})
    assert "runbook-relay:patched" in world.tags(instance)


def test_a_snapshot_that_is_not_wanted_goes(world):
    instance = world.launch()
    execution = world.run("Relay-PatchWithRollback", {"InstanceId": instance, "KeepSnapshot": "false"} | QUICK)
    snapshot = output(execution, "snapshot.SnapshotId")
    assert snapshot not in {each["SnapshotId"] for each in
                            world.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]}
    assert "runbook-relay:patched" in world.tags(instance)


@pytest.mark.parametrize("broken", ["patch", "checkHealth", "waitForInstanceCheck"])
def test_an_instance_that_patches_break_gets_its_root_volume_back(world, broken):
    instance = world.launch()
    root = world.root_volume(instance)
    if broken == "waitForInstanceCheck":
        world.impair(instance, "instance", "nothing")
    else:
        document = "AWS-RunPatchBaseline" if broken == "patch" else "AWS-RunShellScript"
        world.answer(instance, document=document, status="Failed")
    ident = world.start("Relay-PatchWithRollback", {"InstanceId": instance, "VerifySeconds": "2"} | QUICK)
    execution = world.ended(ident)
    assert execution["AutomationExecutionStatus"] == ("TimedOut" if broken == "waitForInstanceCheck" else "Failed")
    assert step(execution, "waitForRestoredInstance")["StepStatus"] == "Success"
    now = world.root_volume(instance)
    volume = world.ec2.describe_volumes(VolumeIds=[now])["Volumes"][0]
    assert now != root and volume["SnapshotId"] == output(execution, "snapshot.SnapshotId")
    assert world.ec2.describe_volumes(VolumeIds=[root])["Volumes"][0]["State"] == "available"
    assert (world.state(instance), world.checks(instance)) == ("running", ("ok", "ok"))
    assert "runbook-relay:patched" not in world.tags(instance)
