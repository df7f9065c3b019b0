"""One script of aws:executeScript, in the process that was forked for it. Nothing here returns.

The script's own folder is its working directory, its home and its place for temporary files. What it returns, or why it
returns nothing, goes into the channel as JSON: {"value"}, {"raised"}, {"limit"} or {"unavailable"}.
"""

import errno
import importlib
import json
import os
import resource
import signal
import socket
import sys
import tempfile
import traceback
import types

import fence
import frames
import powershell
from attachment import DISK, Unavailable, unpack

MEMORY = 512 << 20
# Far more than the 100 KB and 100 items that the action keeps: only what would hurt the channel is stopped here.
LONGEST_RESULT = 8 << 20
LONGEST_MESSAGE = 8_000
CHANNEL = 3
MODULE = "customer_script"
OURS = {__file__, fence.__file__}
OUT_OF_MEMORY = json.dumps({"limit": f"The script used more than {MEMORY >> 20} MB of memory"}).encode()
OUT_OF_DISK = json.dumps({"limit": f"The script wrote more than {DISK >> 20} MB"}).encode()


def run(server, log, channel, ports):
    """Waits for the message that says what to run, and becomes it."""
    status = 1
    try:
        channel = _detach(server, log, channel)
        _limit()
        request = frames.receive(channel)
        if request is not None:
            try:
                outcome = _outcome(request, ports)
            except MemoryError:  # even for telling of it there was too little
                outcome = OUT_OF_MEMORY
            channel.sendall(outcome)
            status = 0
    except BaseException:  # ours, not the script's: it goes to its log
        traceback.print_exc()
    finally:
        os._exit(status)


def _outcome(request, ports):
    try:
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        tempfile.tempdir = None
        if request["powershell"]:
            value = powershell.run(request, ports)
        else:
            _limit_memory()
            fence.close(request["folder"], ports)
            value = _python(request)
        text = json.dumps({"value": value}, allow_nan=False).encode()
        if len(text) > LONGEST_RESULT:
            return json.dumps({"limit": f"The script returned {len(text)} octets, more than {LONGEST_RESULT}"}).encode()
        return text
    except MemoryError:
        return OUT_OF_MEMORY
    except Unavailable as error:
        return json.dumps({"unavailable": str(error)}).encode()
    except powershell.Failed as error:
        return json.dumps({"raised": str(error)[-LONGEST_MESSAGE:]}).encode()
    except BaseException as error:  # SystemExit and KeyboardInterrupt are failures of the script, too
        if isinstance(error, OSError) and error.errno == errno.EFBIG:
            return OUT_OF_DISK
        return json.dumps({"raised": describe(error, request["folder"])}).encode()
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):
                pass  # it closed its own output


def _detach(server, log, channel):
    """A session of its own, standard input empty, output into the log, and no other descriptor but the channel's."""
    os.setsid()
    fence.die_with_parent(signal.SIGKILL)
    if os.getppid() != server:
        os._exit(1)  # it died before we asked for the signal
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.dup2(channel.fileno(), CHANNEL, inheritable=False)
    for descriptor in _descriptors():
        if descriptor > CHANNEL and descriptor not in fence.PREPARED:
            try:
                os.close(descriptor)
            except OSError:
                pass  # the one that listed them
    # Not the server's own streams, which were made for what is no longer behind them.
    sys.stdout = sys.__stdout__ = _stream(1)
    sys.stderr = sys.__stderr__ = _stream(2)
    return socket.socket(fileno=CHANNEL)


def _stream(descriptor):
    return open(descriptor, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)


def _descriptors():
    try:
        return [int(name) for name in os.listdir("/proc/self/fd")]
    except FileNotFoundError:
        return range(1024)


def _limit():
    limits = [(resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, DISK), (resource.RLIMIT_NOFILE, 1024)]
    if os.path.exists("/proc/loadavg"):
        # Processes are counted per user, all of them: room for 256 more than there are now.
        with open("/proc/loadavg") as load:
            limits.append((resource.RLIMIT_NPROC, int(load.read().split()[3].split("/")[1]) + 256))
    for kind, limit in limits:
        _set(kind, limit)


def _limit_memory():
    """On top of what the interpreter with boto3 takes, as AWS's own is not counted either. Linux only."""
    if os.path.exists("/proc/self/statm"):
        with open("/proc/self/statm") as statm:
            _set(resource.RLIMIT_AS, int(statm.read().split()[0]) * resource.getpagesize() + MEMORY)


def _set(kind, limit):
    hard = resource.getrlimit(kind)[1]
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(kind, (limit, limit))


# -- Python -------------------------------------------------------------------------------------

def _python(request):
    own = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [request["folder"], *(entry for entry in sys.path if entry != own)]
    sys.argv = [MODULE + ".py"]
    if request["attachment"]:
        unpack(request["attachment"], request["folder"])
    module, handler = (_attached if request["source"] is None else _inline)(request)
    function = getattr(module, handler, None)
    if not callable(function):
        raise Unavailable(f"The script has no function named {handler}")
    return function(request["payload"], request["context"])


def _inline(request):
    path = os.path.join(request["folder"], MODULE + ".py")
    with open(path, "w", encoding="utf-8") as file:
        file.write(request["source"])
    module = types.ModuleType(MODULE)
    module.__file__ = path
    sys.modules[MODULE] = module
    exec(compile(request["source"], path, "exec"), module.__dict__)
    return module, request["handler"]


def _attached(request):
    name, _, handler = request["handler"].rpartition(".")
    if not name:
        raise Unavailable(f"The handler of an attachment is file.function, not {request['handler']}")
    try:
        return importlib.import_module(name), handler
    except ModuleNotFoundError as error:
        if error.name == name or name.startswith(f"{error.name}."):
            raise Unavailable(f"The attachment {request['attachment']['name']} has no module {name}") from error
        raise


def describe(error, folder):
    """As AWS shows it: the script's frames, an empty line, then `KeyError - 'x'`."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename not in OURS]
    first = next((at for at, frame in enumerate(frames) if frame.filename.startswith(folder)), len(frames))
    lines = [traceback.FrameSummary(frame.filename, frame.lineno, frame.name, line=frame.line) for frame in frames[first:]]
    text = "Traceback (most recent call last):\n" + "".join(traceback.StackSummary.from_list(lines).format())
    try:
        message = str(error)
    except Exception:
        message = "(its message cannot be read)"
    return f"{text[-LONGEST_MESSAGE:]}\n{type(error).__name__} - {message[:LONGEST_MESSAGE]}"
