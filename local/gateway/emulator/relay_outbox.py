"""What leaves the emulator for the gateway, one after the other in the order in which it happened."""

import http.client
import json
import os
import queue
import sys
import threading
import time

_outbox = queue.Queue()
# A gateway that died is started again; what it did not take is offered again meanwhile.
_WAITS = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)


def hand_over(path, record):
    """Returns at once."""
    _outbox.put((path, json.dumps(record).encode()))


def _send(path, body):
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ["GATEWAY_PORT"]), timeout=30)
    connection.request("POST", path, body, {"content-type": "application/json"})
    response = connection.getresponse()
    answer = response.read()
    connection.close()
    if response.status != 200:
        raise OSError(f"HTTP {response.status}: {answer[:500]!r}")


def _forever():
    while True:
        path, body = _outbox.get()
        for wait in (*_WAITS, None):
            try:
                _send(path, body)
                break
            except (OSError, http.client.HTTPException) as error:
                # What was cut off may arrive twice, as AWS's events may.
                if wait is None or not isinstance(error, ConnectionError):
                    print(f"relay_emulator: not handed to the gateway: {path}: {error}", file=sys.stderr, flush=True)
                    break
                time.sleep(wait)


def start():
    """Begins to send."""
    threading.Thread(target=_forever, daemon=True).start()
