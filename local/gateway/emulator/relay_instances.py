"""What runbooks do to EC2 instances and ministack lacks.

Attributes, metadata options and credits that can be changed, primary network interfaces, instance store roots
(of images whose location is a manifest), the console's output, and status checks that can fail:

  /_relay/impair   fails a status check of a running instance until something cures it

Everything happens at once: there is no `pending`, no `stopping` and no `initializing`.
"""

import base64
import contextvars
import random
import re

from ministack.core import responses
from ministack.services import ec2

_request = contextvars.ContextVar("RunInstances", default=None)

# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-credits-baseline-concepts.html
_BURSTABLE = {"t2": "standard", "t3": "unlimited", "t3a": "unlimited", "t4g": "unlimited"}

# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/creating-an-ami-instance-store.html
MANIFEST = ".manifest.xml"

NEEDED = ("_ACTION_MAP", "_instances", "_network_interfaces", "_security_groups", "_addresses", "_images", "_volumes", "_p", "_xml", "_error",
          "_launch_instances_internal", "_instance_xml", "_parse_member_list", "_parse_filters", "_now_ts",
          "_random_ip", "_INSTANCE_ID_RE")


def new_id(prefix):
    """An id as EC2 makes them."""
    return f"{prefix}-{random.getrandbits(68):017x}"


def missing(ident):
    """The error for an invalid id, or one that belongs to no instance."""
    if not ec2._INSTANCE_ID_RE.match(ident):
        return ec2._error("InvalidInstanceID.Malformed", f'Invalid id: "{ident}"', 400)
    if ident not in ec2._instances:
        return ec2._error("InvalidInstanceID.NotFound", f"The instance ID '{ident}' does not exist", 400)
    return None


def of_instance(handler):
    """A handler of an operation on one instance gets its record, or the caller the error."""
    def handle(p):
        ident = ec2._p(p, "InstanceId")
        return missing(ident) or handler(p, ec2._instances[ident])
    return handle


# -- What an instance has from its launch on ------------------------------------------------------

def _launched(launch):
    def launch_and_equip(*args, **kwargs):
        created = launch(*args, **kwargs)
        for instance in created:
            _equip(instance, _request.get() or {})
        return created
    return launch_and_equip


def _equip(instance, p):
    image = ec2._images.get(instance["ImageId"]) or {}
    if image.get("ImageLocation", "").endswith(MANIFEST):
        for mapping in instance["BlockDeviceMappings"]:
            del ec2._volumes[mapping["Ebs"]["VolumeId"]]
        instance.update(RootDeviceType="instance-store", RootDeviceName="/dev/sda1", BlockDeviceMappings=[])
    family, now = instance["InstanceType"].split(".")[0], ec2._now_ts()
    instance["MetadataOptions"] = {
        "HttpTokens": ec2._p(p, "MetadataOptions.HttpTokens") or "optional",
        "HttpEndpoint": ec2._p(p, "MetadataOptions.HttpEndpoint") or "enabled",
        "HttpPutResponseHopLimit": ec2._p(p, "MetadataOptions.HttpPutResponseHopLimit") or "1",
    }
    instance["CpuCredits"] = ec2._p(p, "CreditSpecification.CpuCredits") or _BURSTABLE.get(family)
    instance["Attributes"] = {"disableApiTermination": ec2._p(p, "DisableApiTermination") or "false"}
    instance["Boots"] = [now]
    ident = new_id("eni")
    ec2._network_interfaces[ident] = {
        "NetworkInterfaceId": ident, "SubnetId": instance["SubnetId"], "VpcId": instance["VpcId"],
        "AvailabilityZone": instance["Placement"]["AvailabilityZone"], "Description": "",
        "OwnerId": responses.get_account_id(), "Status": "in-use", "PrivateIpAddress": instance["PrivateIpAddress"],
        "MacAddress": "02:" + ":".join(f"{random.randint(0, 255):02x}" for _ in range(5)),
        "Groups": instance["SecurityGroups"],
        "Attachment": {"AttachmentId": new_id("eni-attach"), "InstanceId": instance["InstanceId"], "DeviceIndex": 0,
                       "Status": "attached", "AttachTime": now},
    }


def _run_instances(run):
    def handle(p):
        token = _request.set(p)
        try:
            return run(p)
        finally:
            _request.reset(token)
    return handle


def _interfaces(ident):
    found = [each for each in ec2._network_interfaces.values() if (each["Attachment"] or {}).get("InstanceId") == ident]
    return sorted(found, key=lambda each: each["Attachment"]["DeviceIndex"])


def _groups_xml(groups):
    return "".join(f"<item><groupId>{g['GroupId']}</groupId><groupName>{g['GroupName']}</groupName></item>"
                   for g in groups)


def _metadata_xml(options, state="applied"):
    return (f"<state>{state}</state><httpTokens>{options['HttpTokens']}</httpTokens>"
            f"<httpPutResponseHopLimit>{options['HttpPutResponseHopLimit']}</httpPutResponseHopLimit>"
            f"<httpEndpoint>{options['HttpEndpoint']}</httpEndpoint>")


def _instance_xml(render):
    def render_whole(instance):
        interfaces = "".join(
            f"<item><networkInterfaceId>{each['NetworkInterfaceId']}</networkInterfaceId>"
            f"<subnetId>{each['SubnetId']}</subnetId><vpcId>{each['VpcId']}</vpcId><status>{each['Status']}</status>"
            f"<ownerId>{each['OwnerId']}</ownerId><macAddress>{each['MacAddress']}</macAddress>"
            f"<privateIpAddress>{each['PrivateIpAddress']}</privateIpAddress>"
            f"<groupSet>{_groups_xml(each['Groups'])}</groupSet>"
            f"<attachment><attachmentId>{each['Attachment']['AttachmentId']}</attachmentId>"
            f"<deviceIndex>{each['Attachment']['DeviceIndex']}</deviceIndex><status>attached</status>"
            f"<attachTime>{each['Attachment']['AttachTime']}</attachTime></attachment></item>"
            for each in _interfaces(instance["InstanceId"]))
        more = f"<networkInterfaceSet>{interfaces}</networkInterfaceSet>"
        if "MetadataOptions" in instance:
            more += f"<metadataOptions>{_metadata_xml(instance['MetadataOptions'])}</metadataOptions>"
        whole = render(instance)
        end = whole.rindex("</item>")
        return whole[:end] + more + whole[end:]
    return render_whole


# -- Attributes -------------------------------------------------------------------------------------

_FLAGS = {"DisableApiTermination": "disableApiTermination", "DisableApiStop": "disableApiStop",
          "EbsOptimized": "ebsOptimized", "SourceDestCheck": "sourceDestCheck",
          "InstanceInitiatedShutdownBehavior": "instanceInitiatedShutdownBehavior"}


def _modify_instance_attribute(p, instance):
    named = ec2._p(p, "Attribute")
    changes = {wire: ec2._p(p, f"{name}.Value") for name, wire in _FLAGS.items() if ec2._p(p, f"{name}.Value")}
    kind = ec2._p(p, "InstanceType.Value") or (ec2._p(p, "Value") if named == "instanceType" else "")
    if named in _FLAGS.values():
        changes[named] = ec2._p(p, "Value")
    groups = ec2._parse_member_list(p, "GroupId")
    if kind:
        if instance["State"]["Name"] != "stopped":
            return ec2._error("IncorrectInstanceState",
                              f"The instance '{instance['InstanceId']}' is not in the 'stopped' state.", 400)
        if "." not in kind:
            return ec2._error("InvalidInstanceAttributeValue",
                              f"The instance type '{kind}' is not a valid value for the parameter InstanceType", 400)
        instance["InstanceType"] = kind
    if groups:
        refused = _set_groups(_interfaces(instance["InstanceId"])[0], groups)
        if refused:
            return refused
    instance.setdefault("Attributes", {}).update(changes)
    if "sourceDestCheck" in changes:
        instance["SourceDestCheck"] = changes["sourceDestCheck"] == "true"
    return ec2._xml(200, "ModifyInstanceAttributeResponse", "<return>true</return>")


def _describe_instance_attribute(describe):
    def handle(p):
        name, ident = ec2._p(p, "Attribute"), ec2._p(p, "InstanceId")
        value = (ec2._instances.get(ident) or {}).get("Attributes", {}).get(name)
        if value is None:
            return describe(p)
        return ec2._xml(200, "DescribeInstanceAttributeResponse",
                        f"<instanceId>{ident}</instanceId><{name}><value>{value}</value></{name}>")
    return handle


def _set_groups(interface, groups):
    unknown = [group for group in groups if group not in ec2._security_groups]
    if unknown:
        return ec2._error("InvalidGroup.NotFound", f"The security group '{unknown[0]}' does not exist", 400)
    interface["Groups"] = [{"GroupId": group, "GroupName": ec2._security_groups[group]["GroupName"]}
                           for group in groups]
    attachment = interface["Attachment"] or {}
    if attachment.get("DeviceIndex") == 0 and attachment.get("InstanceId") in ec2._instances:
        ec2._instances[attachment["InstanceId"]]["SecurityGroups"] = interface["Groups"]
    return None


def _modify_network_interface_attribute(p):
    ident = ec2._p(p, "NetworkInterfaceId")
    interface = ec2._network_interfaces.get(ident)
    if interface is None:
        return ec2._error("InvalidNetworkInterfaceID.NotFound", f"The networkInterface ID '{ident}' does not exist", 400)
    groups = ec2._parse_member_list(p, "SecurityGroupId")
    refused = _set_groups(interface, groups) if groups else None
    return refused or ec2._xml(200, "ModifyNetworkInterfaceAttributeResponse", "<return>true</return>")


def _modify_metadata_options(p, instance):
    options = instance["MetadataOptions"]
    for name in options:
        options[name] = ec2._p(p, name) or options[name]
    return ec2._xml(200, "ModifyInstanceMetadataOptionsResponse",
                    f"<instanceId>{instance['InstanceId']}</instanceId>"
                    f"<instanceMetadataOptions>{_metadata_xml(options, 'pending')}</instanceMetadataOptions>")


def _modify_credits(p):
    done, refused, i = "", "", 1
    while ident := ec2._p(p, f"InstanceCreditSpecification.{i}.InstanceId"):
        instance = ec2._instances.get(ident)
        if instance and instance.get("CpuCredits"):
            instance["CpuCredits"] = ec2._p(p, f"InstanceCreditSpecification.{i}.CpuCredits")
            done += f"<item><instanceId>{ident}</instanceId></item>"
        else:
            code = "InstanceCreditSpecification.NotSupported" if instance else "InvalidInstanceID.NotFound"
            refused += (f"<item><instanceId>{ident}</instanceId><error><code>{code}</code>"
                        f"<message>{ident} takes no credit specification</message></error></item>")
        i += 1
    return ec2._xml(200, "ModifyInstanceCreditSpecificationResponse",
                    f"<successfulInstanceCreditSpecificationSet>{done}</successfulInstanceCreditSpecificationSet>"
                    f"<unsuccessfulInstanceCreditSpecificationSet>{refused}"
                    "</unsuccessfulInstanceCreditSpecificationSet>")


def _describe_credits(p):
    wanted = ec2._parse_member_list(p, "InstanceId")
    for ident in wanted:
        if refused := missing(ident):
            return refused
    items = "".join(f"<item><instanceId>{ident}</instanceId><cpuCredits>{instance['CpuCredits']}</cpuCredits></item>"
                    for ident, instance in ec2._instances.items()
                    if instance.get("CpuCredits") and (not wanted or ident in wanted))
    return ec2._xml(200, "DescribeInstanceCreditSpecificationsResponse",
                    f"<instanceCreditSpecificationSet>{items}</instanceCreditSpecificationSet>")


# -- Boots, status checks and what is wrong -----------------------------------------------------------

def booted(instance, how):
    """`how`: `reboot`, or `stopStart`, which cures whatever a reboot does."""
    instance.setdefault("Boots", []).append(ec2._now_ts())
    cures = {"reboot": ("reboot",), "stopStart": ("reboot", "stopStart")}[how]
    instance["Impaired"] = {check: cure for check, cure in instance.get("Impaired", {}).items() if cure not in cures}


def _after(operation, then):
    def handle(p):
        before = {ident: ec2._instances[ident]["State"]["Name"] for ident in ec2._parse_member_list(p, "InstanceId")
                  if ident in ec2._instances}
        answer = operation(p)
        if answer[0] == 200:
            for ident, state in before.items():
                then(ec2._instances[ident], state)
        return answer
    return handle


def _started(instance, before):
    if before == "stopped":
        instance["LaunchTime"] = ec2._now_ts()
        if not any(each.get("InstanceId") == instance["InstanceId"] for each in ec2._addresses.values()):
            instance["PublicIpAddress"] = ec2._random_ip("54.")
        booted(instance, "stopStart")


def _associate_address(associate):
    """The address of the instance is the associated one from then on."""
    def handle(p):
        answer = associate(p)
        allocation, instance = ec2._p(p, "AllocationId"), ec2._instances.get(ec2._p(p, "InstanceId"))
        if answer[0] == 200 and instance and allocation in ec2._addresses:
            instance["PublicIpAddress"] = ec2._addresses[allocation]["PublicIp"]
        return answer
    return handle


def _describe_instance_types(describe):
    """Types that have instance store volumes say so: i3, m5d, c6gd, …"""
    def stored(match):
        family = match.group(2)
        return match.group(1) + _say(family[0] in "di" or family.endswith("d"))

    def handle(p):
        status, headers, body = describe(p)
        pattern = r"(<instanceType>([a-z0-9]+)\.[^<]*</instanceType>.*?<instanceStorageSupported>)false"
        return status, headers, re.sub(pattern, stored, body.decode(), flags=re.DOTALL).encode()
    return handle


def _say(value):
    return "true" if value else "false"


def _terminated(instance, _before):
    for interface in _interfaces(instance["InstanceId"]):
        del ec2._network_interfaces[interface["NetworkInterfaceId"]]


def _terminate_instances(terminate):
    def handle(p):
        for ident in ec2._parse_member_list(p, "InstanceId"):
            attributes = (ec2._instances.get(ident) or {}).get("Attributes", {})
            if attributes.get("disableApiTermination") == "true":
                return ec2._error("OperationNotPermitted",
                                  f"The instance '{ident}' may not be terminated. Modify its "
                                  "'disableApiTermination' instance attribute and try again.", 400)
        return terminate(p)
    return handle


def _describe_instance_status(p):
    wanted, filters = ec2._parse_member_list(p, "InstanceId"), ec2._parse_filters(p)
    for ident in wanted:
        if refused := missing(ident):
            return refused
    items = ""
    for ident, instance in ec2._instances.items():
        state = instance["State"]
        if wanted and ident not in wanted:
            continue
        if ec2._p(p, "IncludeAllInstances") != "true" and state["Name"] != "running":
            continue
        checks = {check: _status(instance, check) for check in ("system", "instance")}
        values = {"instance-state-name": state["Name"], **{f"{check}-status.status": value
                                                           for check, value in checks.items()}}
        if any(values.get(name, value[0]) not in value for name, value in filters.items() if value):
            continue
        parts = "".join(f"<{check}Status><status>{value}</status>{_details(value)}</{check}Status>"
                        for check, value in checks.items())
        items += (f"<item><instanceId>{ident}</instanceId>"
                  f"<availabilityZone>{instance['Placement']['AvailabilityZone']}</availabilityZone>"
                  f"<instanceState><code>{state['Code']}</code><name>{state['Name']}</name></instanceState>"
                  f"{parts}</item>")
    return ec2._xml(200, "DescribeInstanceStatusResponse", f"<instanceStatusSet>{items}</instanceStatusSet>")


def _status(instance, check):
    if instance["State"]["Name"] != "running":
        return "not-applicable"
    return "impaired" if check in instance.get("Impaired", {}) else "ok"


def _details(status):
    if status == "not-applicable":
        return ""
    reachability = "passed" if status == "ok" else "failed"
    return f"<details><item><name>reachability</name><status>{reachability}</status></item></details>"


def _get_console_output(p, instance):
    text = "".join(f"[    0.000000] Linux version 6.1.0 booted at {boot}\n" for boot in instance.get("Boots", []))
    return ec2._xml(200, "GetConsoleOutputResponse",
                    f"<instanceId>{instance['InstanceId']}</instanceId><timestamp>{ec2._now_ts()}</timestamp>"
                    f"<output>{base64.b64encode(text.encode()).decode()}</output>")


def impair(request):
    """`{account, region, instance, check: instance|system, curedBy: reboot|stopStart|nothing}`."""
    if request["check"] not in ("instance", "system") or request["curedBy"] not in ("reboot", "stopStart", "nothing"):
        raise ValueError("check is instance or system; curedBy is reboot, stopStart or nothing")
    with responses.request_scope(request["account"], request["region"]):
        if request["instance"] not in ec2._instances:
            raise ValueError(f"{request['account']} has no instance {request['instance']} in {request['region']}")
        ec2._instances[request["instance"]].setdefault("Impaired", {})[request["check"]] = request["curedBy"]
    return {}


def install(require):
    """Puts all this into ministack; fails at start-up if what it replaces is not there."""
    require(ec2, *NEEDED)
    actions = ec2._ACTION_MAP
    ec2._launch_instances_internal = _launched(ec2._launch_instances_internal)
    ec2._instance_xml = _instance_xml(ec2._instance_xml)
    actions.update({
        "RunInstances": _run_instances(actions["RunInstances"]),
        "StartInstances": _after(actions["StartInstances"], _started),
        "RebootInstances": _after(actions["RebootInstances"], lambda instance, _: booted(instance, "reboot")),
        "TerminateInstances": _terminate_instances(_after(actions["TerminateInstances"], _terminated)),
        "AssociateAddress": _associate_address(actions["AssociateAddress"]),
        "DescribeInstanceTypes": _describe_instance_types(actions["DescribeInstanceTypes"]),
        "DescribeInstanceStatus": _describe_instance_status,
        "DescribeInstanceAttribute": _describe_instance_attribute(actions["DescribeInstanceAttribute"]),
        "ModifyInstanceAttribute": of_instance(_modify_instance_attribute),
        "ModifyNetworkInterfaceAttribute": _modify_network_interface_attribute,
        "ModifyInstanceMetadataOptions": of_instance(_modify_metadata_options),
        "ModifyInstanceCreditSpecification": _modify_credits,
        "DescribeInstanceCreditSpecifications": _describe_credits,
        "GetConsoleOutput": of_instance(_get_console_output),
    })
