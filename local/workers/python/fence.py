"""What a script cannot do, on top of its own user's rights.

Three layers, outermost first; each is there where the system has it, and `layers()` says which:

  audit     Python itself refuses connections and look-ups that leave the fence, with an error that says so.
  seccomp   the kernel gives only TCP sockets (no UDP, raw, Unix, vsock), and no way out of the process group, so that
            the end of a script is the end of everything it started. Linux on x86-64 and arm64.
  landlock  the kernel lets it read the system's and Python's own files only, write in its own folder only, connect to
            the ports of the fence only (Linux 6.7), and signal nobody outside (6.12). Linux 5.13.

The last two hold for programs that a script starts, too. Landlock knows ports, not addresses: a program other than
Python could reach the gateway's port number on another machine.
"""

import ctypes
import errno
import ipaddress
import os
import platform
import socket
import struct
import sys

# -- Python's own layer -------------------------------------------------------------------------

_CONNECTS = {"socket.connect", "socket.sendto", "socket.sendmsg"}
_LOOKS_UP = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}


def audit(ports):
    """Refuses what is not on loopback and on one of these ports. Cannot be taken off again."""
    said = f"scripts reach 127.0.0.1 on port {', '.join(map(str, sorted(ports)))} only"

    def hook(event, arguments):
        if event in _CONNECTS:
            address = arguments[-1]
            if event != "socket.connect" and address is None:
                return
            if not (isinstance(address, tuple) and _loopback(address[0]) and address[1] in ports):
                raise ConnectionRefusedError(errno.ECONNREFUSED, f"{address!r}: {said}")
        elif event in _LOOKS_UP and arguments[0] is not None and not _loopback(arguments[0]):
            raise socket.gaierror(socket.EAI_NONAME, f"{arguments[0]!r}: {said}")

    sys.addaudithook(hook)


def _loopback(host):
    if isinstance(host, (bytes, bytearray)):
        host = bytes(host).decode("ascii", "replace")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


# -- The kernel's layers ------------------------------------------------------------------------

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38


def die_with_parent(signal):
    """Sends this process a signal when its parent's thread ends. Linux only: elsewhere the leash is the channel."""
    if sys.platform == "linux":
        _libc.prctl(_PR_SET_PDEATHSIG, signal, 0, 0, 0)


def _checked(result, what):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def layers():
    """The layers this system has."""
    found = ["audit"]
    if _seccomp_works():
        found.append("seccomp")
    if landlock_version() >= 4:
        found.append("landlock")
    elif landlock_version():
        found.append("landlock without ports")
    return found


def close(folder, ports, readable=()):
    """Puts the fence up, for this process and all that it will start."""
    if sys.platform == "linux":
        _checked(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
        _landlock(folder, ports, readable)
        _seccomp()
    audit(ports)


# Landlock: https://docs.kernel.org/userspace-api/landlock.html

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _TRUNCATE = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 14
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_FOR_FILES = _EXECUTE | _READ_FILE | _WRITE_FILE | _TRUNCATE
_FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1}  # by version; from 5 on also ioctl, 1 << 15
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_version = None
PREPARED = {}

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/proc/cpuinfo", "/proc/meminfo", "/dev/urandom", "/dev/random",
          "/dev/zero", *(f"/etc/{name}" for name in (
              "alternatives", "ca-certificates", "gai.conf", "group", "host.conf", "hosts", "ld.so.cache", "localtime",
              "mime.types", "nsswitch.conf", "os-release", "passwd", "pki", "protocols", "resolv.conf", "services", "ssl")))


def landlock_version():
    global _version
    if _version is None:
        _version = max(0, _libc.syscall(_CREATE_RULESET, None, 0, 1)) if sys.platform == "linux" else 0
    return _version


def _landlock(folder, ports, readable):
    version = landlock_version()
    if not version:
        return
    rights = _FILE_RIGHTS[min(version, 3)] | (1 << 15 if version >= 5 else 0)
    attributes = struct.pack("=QQQ", rights, 0b11 if version >= 4 else 0, 0b11 if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = _checked(_libc.syscall(_CREATE_RULESET, attributes, size, 0), "landlock")
    for rule in prepare().values():
        _checked(_libc.syscall(_ADD_RULE, ruleset, 1, rule, 0), "landlock")
    for path, allowed in ((folder, rights), *((path, _READ) for path in ("/proc/self", *readable))):
        descriptor, rule = _rule(path, allowed)
        _checked(_libc.syscall(_ADD_RULE, ruleset, 1, rule, 0), f"landlock: {path}")
        os.close(descriptor)
    if version >= 4:
        for port in ports:
            rule = struct.pack("=QQ", 0b10, port)
            _checked(_libc.syscall(_ADD_RULE, ruleset, 2, rule, 0), f"landlock: port {port}")
    _checked(_libc.syscall(_RESTRICT_SELF, ruleset, 0), "landlock")
    for descriptor in (ruleset, *PREPARED):
        os.close(descriptor)


def prepare():
    """Opens what every fence lets be read, once for all forks. Descriptor -> rule."""
    if not PREPARED and landlock_version():
        for path in (*SYSTEM, sys.prefix, sys.base_prefix):
            if os.path.exists(path):  # not every system has every folder
                PREPARED.update([_rule(path, _READ)])
        PREPARED.update([_rule(os.devnull, _READ | _WRITE_FILE)])
    return PREPARED


def _rule(path, rights):
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    if not os.path.isdir(path):
        rights &= _FOR_FILES
    return descriptor, struct.pack("=Qi", rights, descriptor)


# seccomp: https://docs.kernel.org/userspace-api/seccomp_filter.html

_SYSTEM_CALLS = {  # the audit architecture, then numbers
    "x86_64": dict(architecture=0xC000003E, socket=41, sendto=44, sendmsg=46, setpgid=109, setsid=112, sendmmsg=307),
    "aarch64": dict(architecture=0xC00000B7, socket=198, sendto=206, sendmsg=211, setpgid=154, setsid=157, sendmmsg=269),
}
_IO_URING_SETUP = 425
_MSG_FASTOPEN = 0x20000000
_LOAD, _JUMP_EQUAL, _JUMP_SET, _JUMP_AT_LEAST, _AND, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x54, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000


def _program(calls):
    """The filter, as (operation, jump if true, jump if false, operand)."""
    refuse = (_RETURN, 0, 0, _REFUSE | errno.EPERM)
    allow = (_RETURN, 0, 0, _ALLOW)
    argument = lambda index: (_LOAD, 0, 0, _ARGUMENTS + 8 * index)  # the low half, on little-endian machines
    yield from ((_LOAD, 0, 0, _ARCHITECTURE), (_JUMP_EQUAL, 1, 0, calls["architecture"]), refuse)
    # Numbers from 1 << 30 on are x86-64's second table (x32).
    yield from ((_LOAD, 0, 0, _NUMBER), (_JUMP_AT_LEAST, 0, 1, 1 << 30), refuse)
    # io_uring would make calls that no filter sees.
    for number in (calls["setsid"], calls["setpgid"], _IO_URING_SETUP):
        yield from ((_JUMP_EQUAL, 0, 1, number), refuse)
    # TCP fast open connects without Landlock being asked.
    for name, flags in (("sendto", 3), ("sendmsg", 2), ("sendmmsg", 3)):
        yield from ((_JUMP_EQUAL, 0, 4, calls[name]), argument(flags), (_JUMP_SET, 0, 1, _MSG_FASTOPEN), refuse, allow)
    yield from ((_JUMP_EQUAL, 0, 10, calls["socket"]),
                argument(0), (_JUMP_EQUAL, 1, 0, socket.AF_INET), (_JUMP_EQUAL, 0, 6, socket.AF_INET6),
                argument(1), (_AND, 0, 0, 0xFF), (_JUMP_EQUAL, 0, 3, socket.SOCK_STREAM),
                # MPTCP and SCTP are streams, too, and none of Landlock's business.
                argument(2), (_JUMP_EQUAL, 2, 0, 0), (_JUMP_EQUAL, 1, 0, socket.IPPROTO_TCP),
                refuse)
    yield allow


def _seccomp_works():
    if sys.platform != "linux" or platform.machine() not in _SYSTEM_CALLS or sys.maxsize < 1 << 32:
        return False
    # A kernel that has it looks at the filter, which is null.
    _libc.prctl(_PR_SET_SECCOMP, 2, None, 0, 0)
    return ctypes.get_errno() == errno.EFAULT


def _seccomp():
    if not _seccomp_works():
        return
    program = b"".join(struct.pack("=HBBI", *step) for step in _program(_SYSTEM_CALLS[platform.machine()]))
    steps = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("=H6xQ", len(program) // 8, ctypes.addressof(steps))
    _checked(_libc.prctl(_PR_SET_SECCOMP, 2, head, 0, 0), "seccomp")
