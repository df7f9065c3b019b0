"""Run Command without nodes: every running instance is a managed node, and a test sets beforehand what it answers.

  /_relay/commands   what the next matching commands answer; by default they succeed and print nothing

A command is recorded with its parameters, so that a test can look at them. Only where
RELAY_ALLOW_RUN_COMMAND is 1 does AWS-RunShellScript really run: on this host, in a folder that is thrown away,
with an environment of its own.
"""

import json
import os
import subprocess
import tempfile

from ministack.core import responses
from ministack.services import ec2, ssm

NEEDED = ("handle_request", "_commands", "_managed_instance_ids", "_SHELL_DOCUMENTS", "_finish_invocation",
          "_refresh_command_status", "_now_iso", "_now_epoch", "_STDOUT_LIMIT", "_STDERR_LIMIT")

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
    # Last: who sees it ended must see how.
    invocation.update({"StatusDetails": status, "Status": status})
    ssm._refresh_command_status(record)
    if status in ("Cancelled", "TimedOut"):
        record.update({"Status": status, "StatusDetails": status})


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
    handle_request = ssm.handle_request

    async def handle(method, path, headers, body, query_params):
        more = _MORE.get(headers.get("x-amz-target", "").rsplit(".", 1)[-1])
        return more(json.loads(body or b"{}")) if more else await handle_request(method, path, headers, body, query_params)

    ssm.handle_request = handle
    ssm._SHELL_DOCUMENTS = _Everything()
    ssm._finish_invocation = _finish_invocation
    ssm._managed_instance_ids = lambda: {
        ident for ident, instance in ec2._instances.items() if instance["State"]["Name"] == "running"}
