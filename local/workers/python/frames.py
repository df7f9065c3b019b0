"""Messages between the gateway and its Python processes: four octets of length, big-endian, then JSON.

The channel is a socket that a process inherits as its standard input, so that its end is also the end of
the process that started this one. Standard output stays free for prints.
"""

import json
import os
import socket
import struct

LONGEST = 64 << 20


def channel():
    """Takes the inherited socket off descriptor 0, where /dev/null takes its place."""
    sock = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    return sock


def receive(sock):
    """The next message; None when the other side is gone."""
    head = _exactly(sock, 4)
    if head is None:
        return None
    (length,) = struct.unpack(">I", head)
    if length > LONGEST:
        return None
    body = _exactly(sock, length)
    return None if body is None else json.loads(body)


def send(sock, message):
    body = json.dumps(message).encode()
    sock.sendall(struct.pack(">I", len(body)) + body)


def _exactly(sock, length):
    parts = bytearray()
    while len(parts) < length:
        try:
            part = sock.recv(min(length - len(parts), 1 << 20))
        except ConnectionError:
            return None
        if not part:
            return None
        parts += part
    return bytes(parts)
