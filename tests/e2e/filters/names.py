"""A name server with the records of the example domains, for the filters that ask for them.

It answers over UDP as RFC 1035 says; what it does not know does not exist."""

import ipaddress
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.installation import daemons_root

TYPES = {"A": 1, "PTR": 12, "MX": 15, "TXT": 16}
NO_ERROR, SERVER_FAILURE, NO_SUCH_NAME = 0, 2, 3
PORT = 53
# Name and type: text of the record
Zone = dict[tuple[str, str], str]
SETTINGS = ("etc/resolv.conf", "etc/nsswitch.conf")


class _Server(socketserver.ThreadingUDPServer):
    daemon_threads = True

    def __init__(self, address: str, zone: Zone, failing: str):
        self.zone = zone
        self.failing = failing
        super().__init__((address, PORT), _Handler)


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        query, listener = self.request
        labels, end = [], 12
        while length := query[end]:
            labels.append(query[end + 1 : end + 1 + length].decode().lower())
            end += 1 + length
        question = query[12 : end + 5]
        name = ".".join(labels)
        (number,) = struct.unpack(">H", query[end + 1 : end + 3])
        records = [
            _record(number, text)
            for (owner, kind), text in self.server.zone.items()
            if owner == name and TYPES[kind] == number
        ]
        # A name exists too where only names below it do
        is_known = any(f".{owner}".endswith(f".{name}") for owner, _ in self.server.zone)
        code = NO_ERROR if is_known else NO_SUCH_NAME
        if name.endswith(self.server.failing):
            code = SERVER_FAILURE
        head = query[:2] + struct.pack(">HHHHH", 0x8580 | code, 1, len(records), 0, 0)
        listener.sendto(head + question + b"".join(records), self.client_address)


def _record(number: int, text: str) -> bytes:
    """Return a resource record of the name that the question is about."""
    if number == TYPES["A"]:
        data = ipaddress.ip_address(text).packed
    elif number == TYPES["TXT"]:
        parts = [text[start : start + 255].encode() for start in range(0, len(text), 255)]
        data = b"".join(bytes([len(part)]) + part for part in parts)
    else:
        labels = b"".join(bytes([len(label)]) + label.encode() for label in text.split("."))
        data = (struct.pack(">H", 10) if number == TYPES["MX"] else b"") + labels + b"\0"
    return struct.pack(">HHHIH", 0xC00C, number, 1, 60, len(data)) + data


def reverse(address: str) -> str:
    """Return the name below which the name of an address stands."""
    return ipaddress.ip_address(address).reverse_pointer


@contextmanager
def running_name_server(address: str, zone: Zone, failing: str) -> Iterator[None]:
    """Answer the daemons' questions for names.

    Args:
        address: where to listen.
        zone: what is known.
        failing: the end of names for which there is no answer.
    """
    root = daemons_root()
    before = {name: (root / name).read_text() for name in SETTINGS}
    with _Server(address, zone, failing) as server:
        threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
        try:
            (root / "etc/resolv.conf").write_text(f"nameserver {address}\n")
            (root / "etc/nsswitch.conf").write_text(
                before["etc/nsswitch.conf"].replace("hosts: files", "hosts: files dns")
            )
            yield
        finally:
            for name, text in before.items():
                (root / Path(name)).write_text(text)
            server.shutdown()
