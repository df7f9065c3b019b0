"""Hosts of services that put something before the endpoint's: 111122223333.127.0.0.1 is not a host name.

s3control's rules put the account there, other services a word such as `data-`. What they mean is in the request, too.
"""

import botocore.handlers
from urllib.parse import urlsplit, urlunsplit

HOST = "127.0.0.1"


def _one_host(request, **_):
    address = urlsplit(request.url)
    if address.hostname and address.hostname.endswith(HOST) and address.hostname != HOST:
        request.url = urlunsplit(address._replace(netloc=f"{HOST}:{address.port}"))


def install():
    """For every session made from now on in this process, and in those forked off it."""
    botocore.handlers.BUILTIN_HANDLERS.append(("before-sign", _one_host))
