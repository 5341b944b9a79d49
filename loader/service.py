"""What a service manager is told of a process that goes on: sd_notify(3), over its socket."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import suppress

SOCKET_VARIABLE = "NOTIFY_SOCKET"


def tell_service_manager(environ: Mapping[str, str], *states: str) -> None:
    """Send states (READY=1, STATUS=..., STOPPING=1), if a service manager wants to know.

    Nothing depends on whether it hears them.
    """
    address = environ.get(SOCKET_VARIABLE, "")
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):
        # An abstract one, of Linux
        address = "\0" + address[1:]
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        # One that does not listen must hold nothing up
        sender.setblocking(False)
        sender.sendto("\n".join(states).encode(), address)
