"""A fake next hop: an SMTP server whose answers are chosen by the local part of the recipient.

It writes down every transaction: who sent what to whom, and what it answered."""

import itertools
import random
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime

from tests.e2e.ledger import now

HANG_SECONDS = 8.0
ACCEPTED = "250 2.0.0 Ok: queued as {queue_id}"
# First word of the local part: answer to RCPT
RCPT_REPLIES = {
    "defer-rcpt": ["450 4.2.1 mailbox busy, try later"],
    "reject-rcpt": ["550 5.1.1 no such user here"],
    "policy-rcpt": ["554-5.7.1 refused by policy,", "554 5.7.1 see http://example.net/(why); bye"],
    "full-rcpt": ["452 4.2.2 over quota"],
    "bare-rcpt": ["550 no enhanced code"],
}
# First word of the local part: answer to the end of DATA
DATA_REPLIES = {
    "plain": ["250 accepted for delivery"],
    "many": ["250-2.6.0 accepted", "250 2.6.0 <id@example.net> [InternalId=7] queued"],
    "defer-data": ["451 4.3.0 try later (status=sent)"],
    "reject-data": ["554 5.6.0 content refused, to=<x@example.net>, status=sent (250 ok)"],
}
# Deferred on the first attempt, accepted on the next
FIRST_DEFERRED = "later"


@dataclass
class Transaction:
    """One mail transaction as the fake server saw it.

    Attributes:
        service: name of the port.
        began_at: time of MAIL FROM.
        ended_at: time of the last answer.
        sender: envelope sender.
        recipients: recipient, reply lines to RCPT.
        replies: reply lines to the end of DATA; empty where it did not come to that.
        content: the message as transmitted, dots unstuffed, lines ended by CRLF.
        queue_id: the queue id that it was given.
        tls: protocol and cipher of the connection; empty in clear.
        peer: address that the connection came from.
    """

    service: str
    began_at: datetime
    sender: str
    peer: str
    tls: tuple[str, str] | None = None
    recipients: list[tuple[str, list[str]]] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    content: bytes = b""
    queue_id: str | None = None
    ended_at: datetime | None = None


class Transcript:
    """Every transaction of all fake servers."""

    def __init__(self) -> None:
        self.transactions: list[Transaction] = []
        self.deferred_once: set[str] = set()
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def begin(self, transaction: Transaction) -> Transaction:
        """Write down a transaction that begins."""
        with self._lock:
            self.transactions.append(transaction)
        return transaction

    def new_queue_id(self) -> str:
        """Return a queue id as Postfix would give it, short or long."""
        with self._lock:
            number = next(self._numbers)
        return f"{number:05X}{random.randrange(16**6):06X}"

    def is_second_attempt(self, recipient: str) -> bool:
        """Whether a recipient was tried before; remembers it."""
        with self._lock:
            seen = recipient in self.deferred_once
            self.deferred_once.add(recipient)
        return seen


def behaviour(address: str) -> str:
    """Return the word of an address that chooses the answer: what is before the first dot."""
    return address.strip('"').partition("@")[0].partition(".")[0]


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int, service: str, transcript: Transcript, tls: ssl.SSLContext | None):
        self.service = service
        self.transcript = transcript
        self.tls = tls
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that ends in an error is one of those that the driver wants."""


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        if self.server.service == "DROP":
            return
        if self.server.service == "MUTE":
            time.sleep(HANG_SECONDS)
            return
        if self.server.service == "BUSY":
            self._say(["421 4.3.2 too busy, come back later"])
            return
        self.transaction: Transaction | None = None
        self.tls: tuple[str, str] | None = None
        self._say(["220 next-hop.example.net ESMTP"])
        while line := self.rfile.readline():
            text = line.decode("utf-8", "surrogateescape").rstrip("\r\n")
            if not self._answer(text):
                return

    def _answer(self, text: str) -> bool:
        """Answer a command; say whether the connection goes on."""
        verb = text.partition(" ")[0].upper()
        if verb == "EHLO":
            offers = ["8BITMIME", "SIZE 10000000", "ENHANCEDSTATUSCODES", "SMTPUTF8"]
            if self.server.tls and not self.tls:
                offers.append("STARTTLS")
            lines = ["next-hop.example.net", *offers]
            self._say([f"250-{line}" for line in lines[:-1]] + [f"250 {lines[-1]}"])
        elif verb == "STARTTLS" and self.server.tls:
            self._say(["220 2.0.0 Ready to start TLS"])
            self.connection = self.server.tls.wrap_socket(self.request, server_side=True)
            cipher = self.connection.cipher()
            self.tls = (self.connection.version() or "", cipher[0] if cipher else "")
            self.rfile = self.connection.makefile("rb")
            self.wfile = self.connection.makefile("wb", 0)
        elif verb == "MAIL":
            self.transaction = self.server.transcript.begin(
                Transaction(
                    self.server.service,
                    now(),
                    _address(text),
                    self.client_address[0],
                    self.tls,
                )
            )
            self._say(["250 2.1.0 Ok"])
        elif verb == "RCPT":
            return self._answer_recipient(_address(text))
        elif verb == "DATA":
            return self._answer_data()
        elif verb == "QUIT":
            self._say(["221 2.0.0 Bye"])
            return False
        else:
            self._say(["250 2.0.0 Ok"])
        return True

    def _answer_recipient(self, recipient: str) -> bool:
        assert self.transaction is not None
        word = behaviour(recipient)
        if word == "drop-rcpt":
            self.transaction.recipients.append((recipient, []))
            return False
        if word == "hang-rcpt":
            self.transaction.recipients.append((recipient, []))
            time.sleep(HANG_SECONDS)
            return False
        replies = RCPT_REPLIES.get(word, ["250 2.1.5 Ok"])
        if word == FIRST_DEFERRED and not self.server.transcript.is_second_attempt(recipient):
            replies = ["450 4.2.0 greylisted, try again"]
        self.transaction.recipients.append((recipient, replies))
        self.transaction.ended_at = now()
        self._say(replies)
        return True

    def _answer_data(self) -> bool:
        transaction = self.transaction
        assert transaction is not None
        accepted = [to for to, replies in transaction.recipients if replies[0].startswith("250")]
        if not accepted:
            self._say(["554 5.5.1 no valid recipients"])
            return True
        word = behaviour(accepted[0])
        self._say(["354 go on"])
        if word == "drop-data":
            return False
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            transaction.content += line[1:] if line.startswith(b".") else line
        if word == "hang-data":
            time.sleep(HANG_SECONDS)
            return False
        if word in DATA_REPLIES:
            transaction.replies = DATA_REPLIES[word]
        else:
            transaction.queue_id = self.server.transcript.new_queue_id()
            transaction.replies = [ACCEPTED.format(queue_id=transaction.queue_id)]
        transaction.ended_at = now()
        self._say(transaction.replies)
        return True

    def _say(self, lines: list[str]) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())


def _address(command: str) -> str:
    """Return the address in angle brackets of MAIL or RCPT."""
    return command.partition("<")[2].rpartition(">")[0]


@contextmanager
def running_next_hops(
    ports: dict[str, int], transcript: Transcript, certificate: str, key: str
) -> Iterator[None]:
    """Run the fake servers; each name of a port is a way to behave."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with ExitStack() as stack:
        for name in ("NEXT_HOP", "NEXT_HOP_TLS", "BUSY", "MUTE", "DROP", "DROPPING", "HANGING"):
            tls = context if name == "NEXT_HOP_TLS" else None
            server = stack.enter_context(_Server(ports[name], name, transcript, tls))
            threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
            stack.callback(server.shutdown)
        yield


def close_quietly(connection: socket.socket) -> None:
    """Close a socket that may be closed already."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    with suppress(OSError):
        connection.close()
