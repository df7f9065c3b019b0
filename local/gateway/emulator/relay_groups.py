"""Members of Auto Scaling groups that come and go one by one, which ministack lacks: attach, detach, standby."""

from ministack.services import autoscaling

NEEDED = ("_ACTION_MAP", "_asgs", "_p", "_parse_member_list", "_xml", "_error", "_reconcile_instances")


def _operation(name, change):
    """`change(group, members, decrement)` alters the group or returns an error's message."""
    def handle(p):
        group = autoscaling._asgs.get(autoscaling._p(p, "AutoScalingGroupName"))
        if group is None:
            return autoscaling._error("ValidationError", "AutoScalingGroup name not found - null")
        wanted = autoscaling._parse_member_list(p, "InstanceIds")
        decrement = autoscaling._p(p, "ShouldDecrementDesiredCapacity") == "true"
        refused = change(group, wanted, decrement)
        if refused:
            return autoscaling._error("ValidationError", refused)
        return autoscaling._xml(200, f"{name}Response", f"<{name}Result><Activities/></{name}Result>")
    return handle


def _members(group, wanted):
    """The records of those wanted, or a message that names the resource that is not a member."""
    found = {member["InstanceId"]: member for member in group["Instances"]}
    strangers = [ident for ident in wanted if ident not in found]
    message = f"The instance {strangers[0]} is not part of Auto Scaling group" if strangers else None
    return [found[ident] for ident in wanted if ident in found], message


def _leave_service(group, count, decrement):
    if not decrement:
        return None
    if group["DesiredCapacity"] - count < group["MinSize"]:
        return (f"Currently, desiredSize equals minSize ({group['MinSize']}). Taking an instance out without "
                "replacement will violate group's min size constraint.")
    group["DesiredCapacity"] -= count
    return None


def _detach(group, wanted, decrement):
    members, refused = _members(group, wanted)
    refused = refused or _leave_service(group, len(members), decrement)
    if not refused:
        group["Instances"] = [member for member in group["Instances"] if member not in members]
        _fill(group)
    return refused


def _fill(group):
    """Replaces who is missing; those on standby do not count."""
    standby = [member for member in group["Instances"] if member["LifecycleState"] == "Standby"]
    group["Instances"] = [member for member in group["Instances"] if member not in standby]
    autoscaling._reconcile_instances(group)
    group["Instances"] += standby


def _attach(group, wanted, _decrement):
    if group["DesiredCapacity"] + len(wanted) > group["MaxSize"]:
        return "AutoScalingGroup desired capacity would exceed its max size"
    zone = group["AvailabilityZones"][0]
    group["Instances"] += [{
        "InstanceId": ident, "LifecycleState": "InService", "HealthStatus": "Healthy", "AvailabilityZone": zone,
        "ProtectedFromScaleIn": group["NewInstancesProtectedFromScaleIn"], "LaunchTemplate": {},
        "LaunchConfigurationName": ""} for ident in wanted]
    group["DesiredCapacity"] += len(wanted)
    return None


def _enter_standby(group, wanted, decrement):
    members, refused = _members(group, wanted)
    refused = refused or _leave_service(group, len(members), decrement)
    if not refused:
        for member in members:
            member["LifecycleState"] = "Standby"
        _fill(group)
    return refused


def _exit_standby(group, wanted, _decrement):
    members, refused = _members(group, wanted)
    if not refused:
        for member in members:
            member["LifecycleState"] = "InService"
        group["DesiredCapacity"] += len(members)
    return refused


def install(require):
    """Puts all this into ministack; fails at start-up if what it replaces is not there."""
    require(autoscaling, *NEEDED)
    autoscaling._ACTION_MAP.update({name: _operation(name, change) for name, change in {
        "AttachInstances": _attach, "DetachInstances": _detach, "EnterStandby": _enter_standby,
        "ExitStandby": _exit_standby}.items()})
