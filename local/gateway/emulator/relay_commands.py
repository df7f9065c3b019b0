"""Run Command without nodes: every running instance is a managed node, and a test sets beforehand what it answers.

  /_relay/commands   what the next matching commands answer; by default they succeed and print nothing

The gateway has checked document, parameters and targets before a command arrives here. A command is recorded with its
parameters, so that a test can look at them; its output goes to CloudWatch Logs and S3, and its end to SNS, if it says so. Only where
RELAY_ALLOW_RUN_COMMAND is 1 does AWS-RunShellScript really run: on this host, in a folder that is thrown away,
with an environment of its own.
"""

import datetime
import functools
import json
import os
import subprocess
import tempfile

from ministack.core import responses
from ministack.services import cloudwatch_logs, ec2, s3, sns, ssm

NEEDED = ("handle_request", "_commands", "_managed_instance_ids", "_SHELL_DOCUMENTS", "_finish_invocation",
          "_refresh_command_status", "_now_iso", "_now_epoch", "_STDOUT_LIMIT", "_STDERR_LIMIT", "_send_command",
          "_command_target_ids", "_public_command", "_RUN_COMMAND_PLUGIN", "new_uuid", "spawn_background")
LASTING = ("Success", "Failed", "TimedOut", "Cancelled")

MATCHED = ("account", "region", "instance", "document", "contains")
_answers = []  # the last one set is asked first
_patches = responses.AccountRegionScopedDict()  # what patching an instance came to


class _Everything:
    """Stands for ministack's list of shell documents: all kinds run, each to the end that was set for it."""

    def __contains__(self, _document):
        return True


def commands(request):
    """`{account?, region?, instance?, document?, contains?, times?, status?, responseCode?, output?, error?}`;
    `contains` is looked for in the parameters. `{}` alone forgets all answers that were set."""
    unknown = request.keys() - {*MATCHED, "times", "status", "responseCode", "output", "error"}
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    if request:
        _answers.insert(0, dict(request))
    else:
        _answers.clear()
    return {}


def _answer(record, instance):
    facts = {"account": responses.get_account_id(), "region": responses.get_region(), "instance": instance,
             "document": record["DocumentName"]}
    parameters = json.dumps(record["Parameters"])
    for told in _answers:
        if all(told.get(name, value) == value for name, value in facts.items()) and \
                told.get("contains", "") in parameters and told.get("times", 1) > 0:
            if "times" in told:
                told["times"] -= 1
            return told
    return {}


def _really_run(argv, seconds):
    with tempfile.TemporaryDirectory(prefix="run-command-") as folder:
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": folder, "TMPDIR": folder, "LANG": "C.UTF-8"}
        try:
            done = subprocess.run(argv, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                                  timeout=seconds, start_new_session=True, text=True, errors="replace")
        except subprocess.TimeoutExpired:
            return {"status": "TimedOut", "responseCode": -1}
    return {"status": "Failed" if done.returncode else "Success", "responseCode": done.returncode,
            "output": done.stdout, "error": done.stderr}


def _finish_invocation(command, instance, argv):
    record = ssm._commands[command]
    invocation = record["Invocations"][instance]
    invocation["ExecutionStartDateTime"] = ssm._now_iso()
    told = _answer(record, instance)
    if not told and os.environ.get("RELAY_ALLOW_RUN_COMMAND") == "1" and record["DocumentName"] == "AWS-RunShellScript":
        seconds = (record["Parameters"].get("executionTimeout") or ["3600"])[0]
        told = _really_run(argv, int(seconds))
    status = told.get("status", "Success")
    if record["DocumentName"] == "AWS-RunPatchBaseline":
        _patches[instance] = {"status": status, "operation": (record["Parameters"].get("Operation") or ["Scan"])[0],
                              "at": ssm._now_epoch()}
    invocation.update({
        "ResponseCode": told.get("responseCode", 0 if status == "Success" else 1),
        "StandardOutputContent": told.get("output", "")[:ssm._STDOUT_LIMIT],
        "StandardErrorContent": told.get("error", "")[:ssm._STDERR_LIMIT],
        "ExecutionEndDateTime": ssm._now_iso()})
    _log(record, instance, told)
    _store(record, instance, told)
    # Last: who sees it ended must see how.
    invocation.update({"StatusDetails": status, "Status": status})
    ssm._refresh_command_status(record)
    if status in ("Cancelled", "TimedOut"):
        record.update({"Status": status, "StatusDetails": status})
    _notify(record, instance, status)


def _log(record, instance, told):
    """Writes the output to CloudWatch Logs: one stream for what the command printed, one for its complaints.

    https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-rc-setting-up-cwlogs.html
    """
    config = record.get("CloudWatchOutputConfig") or {}
    if not config.get("CloudWatchOutputEnabled"):
        return
    group = config.get("CloudWatchLogGroupName") or f"/aws/ssm/{record['DocumentName'].rsplit('/', 1)[-1]}"
    plugin = ssm._RUN_COMMAND_PLUGIN.replace(":", "-")
    for output, stream in ((told.get("output", ""), "stdout"), (told.get("error", ""), "stderr")):
        if not output:
            continue
        place = {"logGroupName": group, "logStreamName": f"{record['CommandId']}/{instance}/{plugin}/{stream}"}
        # Either may be there already, which the answer then says.
        cloudwatch_logs._create_log_group({"logGroupName": group})
        cloudwatch_logs._create_log_stream(place)
        at = int(ssm._now_epoch() * 1000)
        cloudwatch_logs._put_log_events({**place, "logEvents": [{"timestamp": at, "message": output}]})


def _store(record, instance, told):
    """Writes the output to S3, and where it is to the invocation. A node that may not write there, or finds no such
    bucket, runs the command all the same.

    https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-rc-setting-up-s3.html
    """
    bucket, prefix = record.get("OutputS3BucketName"), record.get("OutputS3KeyPrefix", "").strip("/")
    if not bucket:
        return
    invocation = record["Invocations"][instance]
    plugin = ssm._RUN_COMMAND_PLUGIN.replace(":", "")
    folder = "/".join(part for part in (prefix, record["CommandId"], instance, plugin, f"0.{plugin}") if part)
    for stream, field in (("stdout", "StandardOutputUrl"), ("stderr", "StandardErrorUrl")):
        # The address is known before anything is written.
        invocation[field] = f"https://s3.{record.get('OutputS3Region') or responses.get_region()}.amazonaws.com/{bucket}/{folder}/{stream}"
        if text := told.get({"stdout": "output", "stderr": "error"}[stream], ""):
            s3._put_object(bucket, f"{folder}/{stream}", text.encode(), {})


def _notify(record, instance, status):
    """Publishes the end of the command, or of the command on one node.

    https://docs.aws.amazon.com/systems-manager/latest/userguide/monitoring-sns-examples.html
    """
    config = record.get("NotificationConfig") or {}
    wanted = config.get("NotificationEvents") or ["All"]
    if not config.get("NotificationArn") or not {"All", status} & set(wanted):
        return
    message = {"commandId": record["CommandId"], "documentName": record["DocumentName"],
               "requestedDateTime": _iso(record["RequestedDateTime"]), "status": status, "eventTime": ssm._now_iso()}
    if config.get("NotificationType") == "Invocation":
        message |= {"instanceId": instance}
    elif record["Status"] in LASTING:
        message |= {"instanceIds": record["InstanceIds"], "expiresAfter": _iso(record["ExpiresAfter"]),
                    "outputS3BucketName": record["OutputS3BucketName"],
                    "outputS3KeyPrefix": record["OutputS3KeyPrefix"], "status": record["Status"]}
    else:
        return
    subject = f"EC2 Run Command Notification {responses.get_region()}"
    sns.publish_internal(config["NotificationArn"], message, subject)


def _iso(epoch):
    return datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _has(instance, target):
    tags = {tag["Key"]: tag["Value"] for tag in ec2._tags.get(instance, [])}
    key, values = target.get("Key", ""), target.get("Values") or []
    if key == "tag-key":
        return any(value in tags for value in values)
    return key.startswith("tag:") and tags.get(key.removeprefix("tag:")) in values


def _target_ids(data):
    """The nodes of `InstanceIds`, by name; those of tags, of which a node must have them all."""
    ids = list(data.get("InstanceIds") or [])
    targets = data.get("Targets") or []
    for target in targets:
        if target.get("Key", "").lower() == "instanceids":
            ids.extend(target.get("Values") or [])
    by_tag = [target for target in targets if target.get("Key", "").lower() != "instanceids"]
    if by_tag:
        managed = sorted(ssm._managed_instance_ids())
        ids.extend(node for node in managed if all(_has(node, target) for target in by_tag))
    return list(dict.fromkeys(ids))


def _nowhere(data):
    """The record of a command whose targets no node fits. That it then counts as failed is an inference."""
    return {"CommandId": ssm.new_uuid(), "DocumentName": data["DocumentName"],
            "DocumentVersion": data.get("DocumentVersion", "$DEFAULT"), "Comment": data.get("Comment", ""),
            "Parameters": data.get("Parameters", {}), "InstanceIds": [], "Targets": data["Targets"],
            "RequestedDateTime": ssm._now_epoch(), "Status": "Failed", "StatusDetails": "NoInstancesInTag",
            "OutputS3BucketName": data.get("OutputS3BucketName", ""), "OutputS3KeyPrefix": data.get("OutputS3KeyPrefix", ""),
            "MaxConcurrency": data.get("MaxConcurrency", "50"), "MaxErrors": data.get("MaxErrors", "0"), "TargetCount": 0,
            "CompletedCount": 0, "ErrorCount": 0, "DeliveryTimedOutCount": 0, "ServiceRole": data.get("ServiceRoleArn", ""),
            "Invocations": {}}


def _send_command(make, data):
    """`make` is ministack's own: here is what it leaves out of the record, and what no node has the tags of."""
    more = {name: data[name] for name in ("CloudWatchOutputConfig", "NotificationConfig", "AlarmConfiguration")
            if name in data}
    running = ((data.get("Parameters") or {}).get("executionTimeout") or ["3600"])[0]
    delivery = data.get("TimeoutSeconds", 3600)
    seconds = delivery + (int(running) if running.isdigit() else 3600)
    more |= {"TimeoutSeconds": delivery, "ExpiresAfter": ssm._now_epoch() + seconds}
    if data.get("Targets") and not _target_ids(data):
        record = _nowhere(data) | more
        ssm._commands[record["CommandId"]] = record
        return responses.json_response({"Command": ssm._public_command(record)})
    started, spawn = [], ssm.spawn_background
    # No node may run the command before its record is whole.
    ssm.spawn_background = lambda *args, **named: started.append((args, named))
    try:
        answer = make(data)
    finally:
        ssm.spawn_background = spawn
    if answer[0] != 200:
        return answer
    record = ssm._commands[json.loads(answer[2])["Command"]["CommandId"]]
    record.update(more)
    sent = responses.json_response({"Command": ssm._public_command(record)})
    for args, named in started:
        spawn(*args, **named)
    return sent


def _list_command_invocations(data):
    found = []
    for record in ssm._commands.values():
        for instance, invocation in record["Invocations"].items():
            if data.get("CommandId", record["CommandId"]) != record["CommandId"] or \
                    data.get("InstanceId", instance) != instance:
                continue
            one = {name: invocation[name] for name in ("CommandId", "InstanceId", "Comment", "DocumentName",
                                                       "DocumentVersion", "Status", "StatusDetails")}
            one["RequestedDateTime"] = record["RequestedDateTime"]
            one["CommandPlugins"] = [{"Name": invocation["PluginName"], "Status": invocation["Status"],
                                      "StatusDetails": invocation["StatusDetails"],
                                      "ResponseCode": invocation["ResponseCode"],
                                      "Output": invocation["StandardOutputContent"]}] if data.get("Details") else []
            found.append(one)
    return responses.json_response({"CommandInvocations": found})


def _cancel_command(data):
    record = ssm._commands.get(data.get("CommandId"))
    if record is None:
        return responses.error_response_json("InvalidCommandId", "", 400)
    for invocation in record["Invocations"].values():
        if invocation["Status"] in ("Pending", "InProgress"):
            invocation.update({"Status": "Cancelled", "StatusDetails": "Cancelled"})
    return responses.json_response({})


def _describe_instance_patch_states(data):
    states = [{"InstanceId": ident, "PatchGroup": "", "BaselineId": "pb-0123456789abcdef0",
               "Operation": state["operation"], "OperationStartTime": state["at"], "OperationEndTime": state["at"],
               "MissingCount": 0, "FailedCount": 0 if state["status"] == "Success" else 1}
              for ident, state in _patches.items() if ident in data.get("InstanceIds", [])]
    return responses.json_response({"InstancePatchStates": states})


_MORE = {"ListCommandInvocations": _list_command_invocations, "CancelCommand": _cancel_command,
         "DescribeInstancePatchStates": _describe_instance_patch_states}


def install(require):
    """Puts all this into ministack; fails at start-up if what it replaces is not there."""
    require(ssm, *NEEDED)
    require(cloudwatch_logs, "_create_log_group", "_create_log_stream", "_put_log_events")
    require(s3, "_put_object")
    require(sns, "publish_internal")
    require(ec2, "_tags", "_instances")
    handle_request = ssm.handle_request

    async def handle(method, path, headers, body, query_params):
        more = _MORE.get(headers.get("x-amz-target", "").rsplit(".", 1)[-1])
        return more(json.loads(body or b"{}")) if more else await handle_request(method, path, headers, body, query_params)

    ssm._send_command = functools.partial(_send_command, ssm._send_command)
    ssm._command_target_ids = _target_ids
    ssm.handle_request = handle
    ssm._SHELL_DOCUMENTS = _Everything()
    ssm._finish_invocation = _finish_invocation
    ssm._managed_instance_ids = lambda: {
        ident for ident, instance in ec2._instances.items() if instance["State"]["Name"] == "running"}
