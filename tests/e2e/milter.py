"""A small milter: what it does with a message is chosen by the local part of its addresses.

The protocol is that of Sendmail 8.14 (libmilter mfdef.h), version 6."""

import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.next_hop import behaviour

NEGOTIATE, CONNECT, HELO, MAIL, RCPT, HEADER, END_OF_HEADERS, BODY, END = b"OCHMRLNBE"
MACRO, ABORT, QUIT = b"DAQ"
# Add and change headers, add recipients, quarantine
ACTIONS = 0x01 | 0x04 | 0x10 | 0x20
CONTINUE, ACCEPT, REJECT, TEMPFAIL, DISCARD = b"c", b"a", b"r", b"t", b"d"


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.word = ""
        while (head := self.rfile.read(4)) and len(head) == 4:
            packet = self.rfile.read(struct.unpack(">I", head)[0])
            command, data = packet[0], packet[1:]
            if command == QUIT:
                return
            if command == NEGOTIATE:
                self._say(b"O", struct.pack(">III", 6, ACTIONS, 0))
            elif command not in (MACRO, ABORT):
                self._answer(command, data)

    def _answer(self, command: int, data: bytes) -> None:
        if command in (MAIL, RCPT):
            self.word = behaviour(data.split(b"\0")[0].decode().strip("<>"))
        refused = ((MAIL, "reject-mail"), (RCPT, "reject-rcpt"))
        if (command, self.word) in refused:
            self._say(REJECT)
        elif (command, self.word) == (RCPT, "coded-rcpt"):
            self._say(b"y", b"550 5.7.1 refused by the filter; for a reason\0")
        elif (command, self.word) == (RCPT, "tempfail-rcpt"):
            self._say(TEMPFAIL)
        elif command != END:
            self._say(CONTINUE)
        elif self.word == "quarantine-end":
            self._say(b"q", b"looks odd\0")
            self._say(CONTINUE)
        else:
            if self.word == "header-end":
                self._say(b"h", b"X-Filtered\0yes\0")
            if self.word == "coded-end":
                self._say(b"y", b"554 5.7.1 content refused\0")
            else:
                self._say(
                    {"reject-end": REJECT, "tempfail-end": TEMPFAIL, "discard-end": DISCARD}.get(
                        self.word, ACCEPT
                    )
                )

    def _say(self, command: bytes, data: bytes = b"") -> None:
        self.wfile.write(struct.pack(">I", len(data) + 1) + command + data)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Postfix may hang up in the middle of a dialogue."""


@contextmanager
def running_milter(port: int) -> Iterator[None]:
    """Run the milter."""
    with _Server(("127.0.0.1", port), _Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()
