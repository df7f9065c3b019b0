"""A PowerShell script of aws:executeScript: `pwsh` in the script's process, with the payload in $env:InputPayload.

What the script leaves on the success stream is its value: one object as it is, several as a list. `Write-Host` and the
other streams are its log.
"""

import json
import os
import sys

import fence
from attachment import Unavailable, unpack

SCRIPT, WRAPPER_FILE = "customer_script.ps1", ".relay-wrapper.ps1"
RESULT, FAILURE = ".relay-result.json", ".relay-failure.txt"
MEMORY = 1024 << 20

WRAPPER = f"""
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
try {{
    $value = & ([System.IO.Path]::Combine($PSScriptRoot, $env:RELAY_SCRIPT))
    ConvertTo-Json -InputObject $value -Depth 50 -Compress | Set-Content -NoNewline -Path (Join-Path $PSScriptRoot '{RESULT}')
}} catch {{
    $text = $_.ScriptStackTrace + "`n`n" + $_.Exception.GetType().Name + ' - ' + $_.Exception.Message
    Set-Content -NoNewline -Path (Join-Path $PSScriptRoot '{FAILURE}') -Value $text
    exit 1
}}
"""


class Failed(Exception):
    """The script threw, or PowerShell could not run it."""


def run(request, ports):
    folder = request["folder"]
    script = SCRIPT
    if request["attachment"]:
        unpack(request["attachment"], folder)
    if request["source"] is None:
        script = request["handler"] or _only_script(folder)
        if not os.path.isfile(os.path.join(folder, script)):
            raise Unavailable(f"The attachment {request['attachment']['name']} has no file {script}")
    else:
        _write(folder, SCRIPT, request["source"])
    _write(folder, WRAPPER_FILE, WRAPPER)
    # .NET reserves address space by the hundred gigabytes, so its own heap limit stands for RLIMIT_AS.
    os.environ.update(RELAY_SCRIPT=script, InputPayload=json.dumps(request["payload"]), DOTNET_GCHeapHardLimit=hex(MEMORY),
                      POWERSHELL_TELEMETRY_OPTOUT="1", DOTNET_CLI_TELEMETRY_OPTOUT="1", POWERSHELL_UPDATECHECK="Off",
                      DOTNET_EnableDiagnostics="0")  # which would open a Unix socket
    pid = os.fork()
    if pid == 0:
        _become(request["powershell"], folder, ports)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status:
        raise Failed(_read(folder, FAILURE) or f"PowerShell - ended with status {status}")
    text = _read(folder, RESULT)
    return json.loads(text) if text else None


def _become(shell, folder, ports):
    """In a process of its own, so that the one that reads the value stays outside the fence. Does not return."""
    try:
        fence.close(folder, ports, [os.path.dirname(os.path.realpath(shell))])
        os.execv(shell, [shell, "-NoLogo", "-NoProfile", "-NonInteractive", "-File", os.path.join(folder, WRAPPER_FILE)])
    except BaseException as error:
        print(f"{shell}: {error}", file=sys.stderr, flush=True)
    os._exit(127)


def _only_script(folder):
    scripts = [name for name in os.listdir(folder) if name.lower().endswith(".ps1")]
    return scripts[0] if len(scripts) == 1 else "(one .ps1)"


def _write(folder, name, text):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(text)


def _read(folder, name):
    try:
        with open(os.path.join(folder, name), encoding="utf-8-sig") as file:
            return file.read()
    except FileNotFoundError:
        return ""
