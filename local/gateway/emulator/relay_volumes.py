"""Snapshots, images and replaced root volumes of a whole instance, which ministack's EC2 lacks.

Everything is complete at once.
"""

from ministack.core import responses
from ministack.services import ec2

from relay_instances import MANIFEST, booted, missing, new_id, of_instance

_tasks = responses.AccountRegionScopedDict()  # replace root volume tasks by id

NEEDED = ("_ACTION_MAP", "_instances", "_volumes", "_snapshots", "_images", "_registered_image", "_any_image_registered",
          "_p", "_parse_member_list", "_parse_tag_specs", "_tag_set_xml", "_xml", "_error", "_now_ts", "_new_image_id",
          "_new_snapshot_id", "_new_volume_id", "_AMI_NAME_RE")


def _is_container(image):
    location = image.get("ImageLocation")
    return bool(location) and not location.endswith(MANIFEST)


def _say(value):
    return "true" if value else "false"


def _volumes_of(instance):
    """The volumes by device, the root first."""
    found = {attachment["Device"]: volume for volume in ec2._volumes.values()
             for attachment in volume["Attachments"] if attachment["InstanceId"] == instance["InstanceId"]}
    return dict(sorted(found.items(), key=lambda item: item[0] != instance["RootDeviceName"]))


def _snapshot(p, volume, description):
    ident = ec2._new_snapshot_id()
    ec2._snapshots[ident] = {
        "SnapshotId": ident, "VolumeId": volume["VolumeId"], "VolumeSize": volume["Size"],
        "Description": description, "State": "completed", "StartTime": ec2._now_ts(), "Progress": "100%",
        "OwnerId": responses.get_account_id(), "Encrypted": volume["Encrypted"], "StorageTier": "standard"}
    ec2._parse_tag_specs(p, "snapshot", ident)
    return ident


def _create_snapshots(p):
    ident = ec2._p(p, "InstanceSpecification.InstanceId")
    if refused := missing(ident):
        return refused
    instance, items = ec2._instances[ident], ""
    for device, volume in _volumes_of(instance).items():
        if device == instance["RootDeviceName"] and ec2._p(p, "InstanceSpecification.ExcludeBootVolume") == "true":
            continue
        made = ec2._snapshots[_snapshot(p, volume, ec2._p(p, "Description"))]
        items += (f"<item><description>{made['Description']}</description>{ec2._tag_set_xml(made['SnapshotId'])}"
                  f"<encrypted>{_say(made['Encrypted'])}</encrypted><volumeId>{made['VolumeId']}</volumeId>"
                  f"<state>pending</state><volumeSize>{made['VolumeSize']}</volumeSize>"
                  f"<startTime>{made['StartTime']}</startTime><progress/><ownerId>{made['OwnerId']}</ownerId>"
                  f"<snapshotId>{made['SnapshotId']}</snapshotId></item>")
    return ec2._xml(200, "CreateSnapshotsResponse", f"<snapshotSet>{items}</snapshotSet>")


def _create_image(p, instance):
    name = ec2._p(p, "Name")
    if not ec2._AMI_NAME_RE.match(name):
        return ec2._error("InvalidAMIName.Malformed", "AMI names must be between 3 and 128 characters long", 400)
    if any(image["Name"] == name for image in ec2._images.values()):
        return ec2._error("InvalidAMIName.Duplicate", f"AMI name {name} is already in use by another AMI", 400)
    ident = ec2._new_image_id()
    mappings = [{"DeviceName": device,
                 "Ebs": {"SnapshotId": _snapshot(p, volume, f"Created by CreateImage({instance['InstanceId']})"),
                         "VolumeSize": str(volume["Size"]), "VolumeType": volume["VolumeType"]}}
                for device, volume in _volumes_of(instance).items()]
    ec2._images[ident] = {
        "ImageId": ident, "Name": name, "ImageLocation": "", "Description": ec2._p(p, "Description"),
        "Architecture": instance["Architecture"], "RootDeviceType": "ebs", "VirtualizationType": "hvm",
        "RootDeviceName": instance["RootDeviceName"], "BlockDeviceMappings": mappings,
        "CreationDate": ec2._now_ts(), "OwnerId": responses.get_account_id()}
    ec2._parse_tag_specs(p, "image", ident)
    if ec2._p(p, "NoReboot") != "true" and instance["State"]["Name"] == "running":
        booted(instance, "reboot")
    return ec2._xml(200, "CreateImageResponse", f"<imageId>{ident}</imageId>")


def _task_xml(task, tag):
    return (f"<{tag}><replaceRootVolumeTaskId>{task['Id']}</replaceRootVolumeTaskId>"
            f"<instanceId>{task['InstanceId']}</instanceId><taskState>{task['State']}</taskState>"
            f"<startTime>{task['Start']}</startTime><snapshotId>{task['SnapshotId']}</snapshotId>"
            f"<deleteReplacedRootVolume>{_say(task['Delete'])}</deleteReplacedRootVolume></{tag}>")


def _create_replace_root_volume_task(p, instance):
    token, snapshot = ec2._p(p, "ClientToken"), ec2._p(p, "SnapshotId")
    same = next((task for task in _tasks.values() if token and task["Token"] == token), None)
    if same is None:
        if instance["State"]["Name"] != "running":
            return ec2._error("IncorrectInstanceState",
                              f"The instance '{instance['InstanceId']}' is not in a state that allows this", 400)
        if snapshot and snapshot not in ec2._snapshots:
            return ec2._error("InvalidSnapshot.NotFound", f"The snapshot '{snapshot}' does not exist.", 400)
        same = _replace_root(instance, snapshot, token, ec2._p(p, "DeleteReplacedRootVolume") == "true")
    return ec2._xml(200, "CreateReplaceRootVolumeTaskResponse", _task_xml(same, "replaceRootVolumeTask"))


def _replace_root(instance, snapshot, token, delete):
    device = instance["RootDeviceName"]
    old, ident = _volumes_of(instance)[device], ec2._new_volume_id()
    ec2._volumes[ident] = {**old, "VolumeId": ident, "SnapshotId": snapshot, "CreateTime": ec2._now_ts(),
                           "Attachments": [{**old["Attachments"][0], "VolumeId": ident}]}
    old.update(State="available", Attachments=[])
    if delete:
        del ec2._volumes[old["VolumeId"]]
    for mapping in instance["BlockDeviceMappings"]:
        if mapping["DeviceName"] == device:
            mapping["Ebs"]["VolumeId"] = ident
    # The volume is what was wrong with it, whatever else would have cured it.
    instance.pop("Impaired", None)
    booted(instance, "reboot")
    task = {"Id": new_id("replacevol"), "InstanceId": instance["InstanceId"], "State": "succeeded",
            "Start": ec2._now_ts(), "SnapshotId": snapshot, "Token": token, "Delete": delete}
    _tasks[task["Id"]] = task
    return task


def _describe_replace_root_volume_tasks(p):
    wanted = ec2._parse_member_list(p, "ReplaceRootVolumeTaskId")
    items = "".join(_task_xml(task, "item") for task in _tasks.values() if not wanted or task["Id"] in wanted)
    return ec2._xml(200, "DescribeReplaceRootVolumeTasksResponse",
                    f"<replaceRootVolumeTaskSet>{items}</replaceRootVolumeTaskSet>")


def install(require):
    """Puts all this into ministack; fails at start-up if what it replaces is not there."""
    require(ec2, *NEEDED)
    # Only what is a container concerns Docker; every other image launches as those do that nobody registered.
    ec2._any_image_registered = lambda: any(_is_container(image) for image in ec2._images.all_values())
    registered = ec2._registered_image
    ec2._registered_image = lambda ident: next(
        (image for image in [registered(ident)] if image and _is_container(image)), None)
    ec2._ACTION_MAP.update({
        "CreateSnapshots": _create_snapshots,
        "CreateImage": of_instance(_create_image),
        "CreateReplaceRootVolumeTask": of_instance(_create_replace_root_volume_task),
        "DescribeReplaceRootVolumeTasks": _describe_replace_root_volume_tasks,
    })
