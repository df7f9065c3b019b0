"""The fork server of aws:executeScript: `scripts.py PORT…` imports boto3 once and forks a process for each script.

Takes {"id", "run": {…}} and {"id", "cancel": true}; says {"id", "pid"} when a script has begun and {"id", "outcome",
"log", "cut"} when nothing of it is left. One thread: a fork copies no lock that another one holds. When the gateway is
gone, every script ends, and so does this.
"""

import os
import select
import signal
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import boto3
import botocore.loaders
import child
import fence
import frames
import loopback

PORTS = [int(port) for port in sys.argv[1:]]
LONGEST_LOG = 32 << 10
PIPE = 1 << 16


class Script:
    """A process for one script, forked before there is one; what it has said so far, and how it is to end."""

    def __init__(self):
        self.id = None
        self.outcome = None
        self.deadline = None
        self.result = bytearray()
        self.log = bytearray()
        self.cut = False
        log, (ours, theirs) = os.pipe(), socket.socketpair()
        server = os.getpid()
        try:
            self.pid = os.fork()
            if self.pid == 0:
                child.run(server, log[1], theirs, PORTS)
        except OSError:
            os.close(log[0])
            ours.close()
            raise
        finally:
            os.close(log[1])
            theirs.close()
        self.channel = ours
        self.pipes = {log[0]: self._hear_log, ours.fileno(): self._hear_result}
        os.set_blocking(log[0], False)

    def begin(self, number, request):
        """Sends it the script. BrokenPipeError if it has died meanwhile."""
        frames.send(self.channel, request)
        self.channel.setblocking(False)
        self.id, self.deadline = number, time.monotonic() + request["timeout"]

    def hear(self, pipe):
        """Takes what is in a pipe; whether there may be more."""
        try:
            said = os.read(pipe, PIPE)
        except BlockingIOError:
            return False
        except ConnectionError:
            said = b""
        if said:
            self.pipes[pipe](said)
            return True
        self._close(pipe)
        return False

    def _hear_log(self, said):
        room = LONGEST_LOG - len(self.log)
        self.log += said[:room]
        self.cut = self.cut or len(said) > room

    def _hear_result(self, said):
        if len(self.result) <= 2 * child.LONGEST_RESULT:
            self.result += said
            if len(self.result) > 2 * child.LONGEST_RESULT:
                self.end({"limit": "The script wrote into the pipe of its result"})

    def _close(self, pipe):
        del self.pipes[pipe]
        if pipe == self.channel.fileno():
            self.channel.close()
        else:
            os.close(pipe)

    def end(self, outcome):
        """Kills it and all that it has started; the reason stands unless there was one before."""
        self.outcome = self.outcome or outcome
        for kill in (os.killpg, os.kill):  # it may not have its group yet
            try:
                kill(self.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass

    def ended(self):
        """Whether it has: then what it started is killed while its group's number is still its own, and it is reaped."""
        if hasattr(os, "waitid"):
            if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                return False
            self.end(None)
            _, status = os.waitpid(self.pid, 0)
        else:  # macOS before Python 3.13
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if not pid:
                return False
            self.end(None)
        for pipe in list(self.pipes):
            # Not to its end: what a script started may hold the other side for a moment longer.
            while pipe in self.pipes and self.hear(pipe):
                pass
            if pipe in self.pipes:
                self._close(pipe)
        self.outcome = self.outcome or self._told(status)
        return True

    def _told(self, status):
        if self.result and status == 0:
            return {"result": self.result.decode(errors="replace")}
        if os.WIFSIGNALED(status):
            return {"raised": f"The script was ended by {signal.Signals(os.WTERMSIG(status)).name}"}
        return {"raised": f"The script ended its process with status {os.waitstatus_to_exitcode(status)}"}


class Server:
    def __init__(self, sock):
        self.sock = sock
        self.running = {}
        self.spare = None
        self.strays = []
        self.wake, wake = os.pipe()
        for end in (self.wake, wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self):
        while True:
            self._have_a_spare()
            poll = select.poll()
            poll.register(self.sock, select.POLLIN)
            poll.register(self.wake, select.POLLIN)
            by_pipe = {pipe: script for script in self.running.values() for pipe in script.pipes}
            for pipe in by_pipe:
                poll.register(pipe, select.POLLIN)
            ready = [descriptor for descriptor, _ in poll.poll(self._until_next_deadline())]
            if self.sock.fileno() in ready and not self._take():
                return
            for pipe in ready:
                if pipe in by_pipe:
                    by_pipe[pipe].hear(pipe)
            if self.wake in ready:
                os.read(self.wake, PIPE)
            self._look_after()

    def _until_next_deadline(self):
        if not self.running:
            return None
        left = min(script.deadline for script in self.running.values()) - time.monotonic()
        return min(max(0, left), 3600) * 1000 + 1

    def _take(self):
        message = frames.receive(self.sock)
        if message is None:
            return False
        if "run" in message:
            self._begin(message["id"], message["run"])
        elif script := self.running.get(message["id"]):
            script.end({"raised": "The script was cancelled"})
        return True

    def _begin(self, number, request):
        try:
            script, self.spare = self.spare or Script(), None
            try:
                script.begin(number, request)
            except ConnectionError:
                script.end(None)
                self.strays.append(script)
                script = Script()
                script.begin(number, request)
        except OSError as error:  # no process, no descriptor to be had
            frames.send(self.sock, {"id": number, "outcome": {"unavailable": str(error)}, "log": "", "cut": False})
            return
        self.running[number] = script
        frames.send(self.sock, {"id": number, "pid": script.pid})

    def _have_a_spare(self):
        """Forks the next script's process while nobody waits for it."""
        if self.spare is None:
            try:
                self.spare = Script()
            except OSError:
                pass  # the next script says why

    def _look_after(self):
        now = time.monotonic()
        for script in list(self.running.values()):
            if now >= script.deadline:
                script.deadline = float("inf")
                script.end("timedOut")
            if script.ended():
                del self.running[script.id]
                log = script.log.decode(errors="replace")
                frames.send(self.sock, {"id": script.id, "outcome": script.outcome, "log": log, "cut": script.cut})
        if self.spare is not None and self.spare.ended():
            self.spare = None
        self.strays = [script for script in self.strays if not script.ended()]

    def close(self):
        for script in (*self.running.values(), *([self.spare] if self.spare else ())):
            script.end(None)


def preload():
    """Reads what clients are made of before any script is: a fork shares it, whatever session the script makes."""
    read, known = botocore.loaders.JSONFileLoader.load_file, {}

    def load_file(loader, path):
        if path not in known:
            known[path] = read(loader, path)
        return known[path]

    look, listed = botocore.loaders.Loader.list_available_services, {}

    def list_available_services(loader, type_name):  # which looks for 2,700 files
        where = (type_name, *loader.search_paths)
        if where not in listed:
            listed[where] = look(loader, type_name)
        return list(listed[where])

    botocore.loaders.JSONFileLoader.load_file = load_file
    botocore.loaders.Loader.list_available_services = list_available_services
    session = boto3.Session(region_name="us-east-1")._session
    for service in ("ec2", "iam", "s3", "ssm", "sts"):
        session.create_client(service, aws_access_key_id="none", aws_secret_access_key="none")


def main():
    import gc

    sock = frames.channel()
    loopback.install()
    preload()
    gc.collect()
    gc.freeze()  # a collection in a child would copy every page
    fence.prepare()
    server = Server(sock)
    frames.send(sock, {"id": 0, "layers": fence.layers()})
    try:
        server.serve()
    except ConnectionError:
        pass  # the gateway is gone
    finally:
        server.close()


if __name__ == "__main__":
    main()
