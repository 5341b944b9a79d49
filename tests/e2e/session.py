"""SMTP sessions that keep the books: every command and answer ends up in the ledger."""

import itertools
import re
import smtplib
import ssl
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from tests.e2e.ledger import Entry, Ledger, between, matching, now
from tests.e2e.next_hop import Transcript, close_quietly
from tests.e2e.rig import Rig

COUNTED = ("helo", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "bdat", "rset", "noop")
COUNTED += ("vrfy", "quit", "xforward", "etrn")
REPLY = re.compile(r"(?s)(?:(\d\.\d{1,3}\.\d{1,3}) )?(.*)")
QUEUED = re.compile(r"queued as (\w+)$")
# A queue id that was given out, and that no answer has told yet
BEGUN = matching(r"\w+")
HELO_NAME = "client.example.com"
# Of refused AUTH, by the server's reason; else the authentication failed
LOGIN_FAILURES = {
    "aborted by the client": "login unfinished",
    "Invalid authentication mechanism": "mechanism refused",
}
# How much smtpd and cleanup may add to a message: Received, Message-ID, Date
ADDED_BYTES = 600
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Driver:
    """What drives mail through the daemons.

    Attributes:
        rig: the daemons.
        ledger: where everything is written down.
        transcript: what the fake next hops saw.
    """

    rig: Rig
    ledger: Ledger
    transcript: Transcript


def note_link(driver: Driver, parent: str, child: str, reason: str, evidence: str) -> None:
    """Write down that one message came of another.

    Args:
        driver: of the run.
        parent: queue id of the former.
        child: queue id of the latter.
        reason: as in message_links.
        evidence: as in message_links.
    """
    driver.ledger.add(
        "message_links",
        parent_queue_id=parent,
        child_queue_id=child,
        parent=parent,
        child=child,
        reason=reason,
        evidence=evidence,
    )


@dataclass(frozen=True)
class Mail:
    """A message to be sent.

    Attributes:
        message_id: without angle brackets; None for a message without.
        text: header and body, lines ended by CRLF.
    """

    message_id: str | None
    text: bytes

    @property
    def size_bytes(self) -> int:
        """Size in a queue file, without what Postfix adds."""
        return queue_size(self.text)


def queue_size(content: bytes) -> int:
    """Return the size of a content as Postfix counts it: lines as records of its queue file.

    A record has a byte of type and one byte of length per seven bits (record(3), rec_put).
    """
    size = 0
    for line in content.split(b"\r\n")[:-1]:
        size += len(line) + (2 if len(line) < 128 else 3)
    return size


def make_mail(
    subject: str = "test",
    headers: tuple[str, ...] = (),
    body: str = "hello\r\n",
    message_id: str | None = "",
) -> Mail:
    """Make a message with a Message-ID of its own, or the one given, or none."""
    if message_id == "":
        message_id = f"{int(time.time())}.{next(_numbers)}@client.example.com"
    lines = [f"Subject: {subject}", "From: <sender@example.com>", *headers]
    if message_id is not None:
        lines.append(f"Message-ID: <{message_id}>")
    return Mail(message_id, ("\r\n".join(lines) + "\r\n\r\n" + body).encode())


@dataclass
class Counts:
    """Commands of a session, as smtpd counts them."""

    accepted: Counter[str] = field(default_factory=Counter)
    total: Counter[str] = field(default_factory=Counter)

    def add(self, verb: str, is_accepted: bool) -> None:
        """Count one command."""
        name = verb if verb in COUNTED else "unknown"
        self.total[name] += 1
        self.accepted[name] += is_accepted

    def columns(self) -> dict[str, int]:
        """Return the values of the columns of connections."""
        found = {}
        for name in (*COUNTED, "unknown"):
            if self.total[name]:
                found[f"{name}_ok"] = self.accepted[name]
                found[f"{name}_total"] = self.total[name]
        found["commands_ok"] = self.accepted.total()
        found["commands_total"] = self.total.total()
        return found


class Session(smtplib.SMTP):
    """An SMTP session whose commands, answers and end are written down."""

    def __init__(
        self,
        driver: Driver,
        service: str,
        *,
        network: str = "127.1",
        source: str | None = None,
        server: str = "127.0.0.1",
        is_wrapped: bool = False,
        is_raw: bool = False,
        is_screened: bool = False,
    ) -> None:
        self.driver = driver
        self.service = service
        self.source = "::1" if server == "::1" else source or driver.rig.next_address(network)
        self.is_wrapped = is_wrapped
        self.counts = Counts()
        self.verb: str | None = None
        self.is_continued = False
        self.began_at = now()
        self.where = "CONNECT"
        self.helo_name: str | None = None
        self.helo_proto = "ESMTP"
        self.login_name: str | None = None
        self.login_method: str | None = None
        self.sender: str | None = None
        self.ending: dict[str, Any] = {"end_reason": "disconnected", "end_stage": None}
        self.tls: dict[str, str] = {}
        self.told_helo_name: str | None = None
        self.refusals: list[Entry] = []
        self.messages: list[Entry] = []
        self.client_port: int | None = None
        self.begun: Entry | None = None
        self.last_refusal: tuple[int, bytes, datetime] | None = None
        self.is_raw = is_raw
        self.is_screened = is_screened
        self.is_over = False
        super().__init__(local_hostname=HELO_NAME, timeout=60, source_address=(self.source, 0))
        self._host = server
        self.greeting = self.connect(server, driver.rig.ports[service])

    # What smtplib calls

    def _get_socket(self, host: str, port: int, timeout: float) -> Any:
        opened = super()._get_socket(host, port, timeout)  # type: ignore[misc]
        if self.source == "::1" or self.is_screened:
            self.client_port = opened.getsockname()[1]
        if self.is_wrapped:
            opened = tls_context().wrap_socket(opened)
            self._note_tls(opened)
        return opened

    def putcmd(self, cmd: str, args: str = "") -> None:
        """Send a command, and remember which it is."""
        if not self.is_continued:
            self.verb = cmd.partition(" ")[0].lower()
        super().putcmd(cmd, args)

    def getreply(self) -> tuple[int, bytes]:
        """Read an answer, and count the command that it is to."""
        if self.is_raw:
            return 220, b""
        code, text = super().getreply()
        self.is_continued = code == 334
        if self.verb is not None and code not in (334, 354):
            self.counts.add(self.verb, code < 400)
            self.where = "END-OF-MESSAGE" if self.verb == "data" else self.verb.upper()
            self.verb = None
        elif code == 354:
            self.where = "DATA"
        return code, text

    def starttls(self, **_: Any) -> tuple[int, bytes]:
        """Go over to TLS, certificate unchecked."""
        reply = super().starttls(context=tls_context())
        self._note_tls(self.sock)
        self.where = "STARTTLS"
        return reply

    # What the driver calls

    def greet(self, name: str = HELO_NAME, command: str = "ehlo") -> int:
        """Say EHLO or HELO."""
        self.helo_name = name
        self.helo_proto = "SMTP" if command == "helo" else "ESMTP"
        code, _ = self.ehlo(name) if command == "ehlo" else self.helo(name)
        return code

    def log_in(self, username: str, password: str, method: str) -> bool:
        """Authenticate with SASL PLAIN or LOGIN; a failure is a row of logins."""
        self.user, self.password = username, password
        began_at = now()
        mechanism = getattr(self, f"auth_{method.lower()}")
        try:
            self.auth(method, mechanism, initial_response_ok=method == "PLAIN")
        except smtplib.SMTPAuthenticationError as error:
            reason = error.smtp_error.decode().partition("authentication failed: ")[2]
            self.note_login_failure(
                username, method, None if reason == "(reason unavailable)" else reason, began_at
            )
            return False
        self.login_name, self.login_method = username, method
        return True

    def note_login_failure(
        self, username: str | None, method: str, reason: str | None, began_at: datetime
    ) -> None:
        """Write a refused AUTH down."""
        self.driver.ledger.add(
            "logins",
            connection=self.peer,
            logged_at=between(began_at, now()),
            protocol="smtp",
            is_success=False,
            client_ip=self.source,
            method=method,
            username=username,
            failure=LOGIN_FAILURES.get(reason or "", "authentication failed"),
            reason=reason,
            attempt_count=1,
            is_tls=self.protection,
        )

    @property
    def protection(self) -> bool | dict[str, Any]:
        """Whether TLS protects what is said; that nothing does, only silence tells."""
        return True if self.tls else {"matches": "False", "or_null": True}

    @property
    def peer(self) -> str:
        """Address of this side, with the port where the service logs it."""
        return self.source if self.client_port is None else f"{self.source}:{self.client_port}"

    def expect_login_row(self) -> None:
        """Write the login down that the client= line of the first message tells of."""
        self.driver.ledger.add(
            "logins",
            connection=self.peer,
            logged_at=self.messages[0]["queued_at"],
            protocol="smtp",
            is_success=True,
            client_ip=self.source,
            method=self.login_method,
            username=self.login_name,
            attempt_count=1,
            is_tls=self.protection,
        )

    def begin_transaction(self, began_at: datetime) -> None:
        """Note that smtpd has given out a queue id, which it tells only with the answer to DATA."""
        self.begun = {
            "connection": self.peer,
            "instance": "postfix-out" if self.service == "OUT" else "postfix",
            "queue_id": BEGUN,
            "birth_kind": "smtpd_client",
            "origin": "smtp",
            "service": self.service_label,
            "client_ip": self.source,
            "client_port": self.client_port,
            "sasl_method": self.login_method,
            "sasl_username": self.login_name,
            "queued_at": between(began_at, now()),
            "activation_count": 0,
        }

    def end_transaction(self, **values: Any) -> None:
        """Write a transaction down that ended without a message."""
        if self.begun is not None:
            self.messages.append(self.driver.ledger.add("messages", **(self.begun | values)))
            self.messages[-1]["end_reason"] = None
            self.begun = None

    def envelope(
        self,
        sender: str,
        recipients: list[str],
        options: tuple[str, ...] = (),
        recipient_options: tuple[str, ...] = (),
    ) -> list[str]:
        """Say MAIL and RCPT; return the recipients accepted, write the others down as refused."""
        self.end_transaction()
        self.sender = sender
        self.command_encoding = "utf-8"
        began_at = now()
        code, text = self.docmd("MAIL", " ".join([f"FROM:<{sender}>", *options]))
        if code >= 400:
            self.sender = None if self.service == "STRICT" else sender
            self.note_refusal("MAIL", code, text, began_at, sender=sender, recipient=None)
            return []
        accepted = []
        for recipient in recipients:
            began_at = now()
            code, text = self.docmd("RCPT", " ".join([f"TO:<{recipient}>", *recipient_options]))
            if code < 400:
                accepted.append(recipient)
                if self.begun is None:
                    self.begin_transaction(began_at)
            else:
                self.note_refusal("RCPT", code, text, began_at, recipient=recipient)
        return accepted

    def note_refusal(
        self,
        stage: str,
        code: int,
        text: bytes,
        began_at: datetime,
        recipient: str | None = None,
        **values: Any,
    ) -> Entry:
        """Write an answer down that smtpd logs as a reject."""
        dsn, reason = REPLY.fullmatch(text.decode("utf-8", "replace")).groups()  # type: ignore
        if self.begun is not None:
            values = {"message": BEGUN} | values
        defaults: dict[str, Any] = {
            "connection": self.peer,
            "logged_at": between(began_at, now()),
            "daemon": self.daemon,
            "service": self.service_label,
            "kind": f"{self.daemon}_reject",
            "queue_id": values.get("message"),
            "action": "reject",
            "stage": stage,
            "client_ip": self.source,
            "client_port": self.client_port,
            "reply_code": code,
            "dsn": dsn,
            "reason": reason,
            "sender": self.sender,
            "recipient": recipient,
            "protocol": self.helo_proto,
            "helo_name": shown_helo(self.helo_name),
        }
        entry = self.driver.ledger.add("rejections", **(defaults | values))
        self.refusals.append(entry)
        return entry

    def transmit(
        self,
        sender: str,
        recipients: list[str],
        mail: Mail | None = None,
        *,
        options: tuple[str, ...] = (),
        recipient_options: tuple[str, ...] = (),
        **values: Any,
    ) -> Entry | None:
        """Send a message; return its entry of messages, or None where it was refused.

        Args:
            sender: of the envelope.
            recipients: of the envelope.
            mail: its content.
            options: of MAIL.
            recipient_options: of RCPT.
            values: columns of messages that differ from the usual.
        """
        mail = mail or make_mail()
        accepted = self.envelope(sender, recipients, options, recipient_options)
        if not accepted:
            self.rset()
            return None
        began_at = now()
        code, text = self.data(mail.text)
        queued = QUEUED.search(text.decode())
        if code != 250 or queued is None:
            self.last_refusal = (code, text, began_at)
            return None
        return self.note_message(queued[1], sender, accepted, mail, **values)

    def note_message(
        self,
        queue_id: str,
        sender: str,
        recipients: list[str],
        mail: Mail,
        **values: Any,
    ) -> Entry:
        """Write an accepted message down."""
        assert self.begun is not None
        begun, self.begun = self.begun, None
        defaults: dict[str, Any] = begun | {
            "queue_id": queue_id,
            "message_id": mail.message_id,
            "sender": sender,
            "size_bytes": between(mail.size_bytes, mail.size_bytes + ADDED_BYTES),
            "recipient_count": len(recipients),
            "activation_count": 1,
            "awaited": recipients,
        }
        entry = self.driver.ledger.add("messages", **(defaults | values))
        self.messages.append(entry)
        return entry

    @property
    def daemon(self) -> str:
        """The daemon that this session is with."""
        return "postscreen" if self.is_screened else "smtpd"

    @property
    def service_label(self) -> str | None:
        """What the service adds to the program name."""
        if self.is_screened:
            return None
        label = self.service.lower().replace("_", "-")
        return {"mx": None, "mx6": None, "out": None}.get(label, label)

    def rset(self) -> tuple[int, bytes]:
        """Say RSET, which ends a transaction."""
        self.end_transaction()
        self.sender = None
        return super().rset()

    def _note_tls(self, wrapped: Any) -> None:
        self.tls = {
            "tls_trust": "Anonymous",
            "tls_protocol": wrapped.version(),
            "tls_cipher": wrapped.cipher()[0],
        }

    def drop(self, stage: str | None = None, reason: str = "lost connection") -> None:
        """Close the connection without QUIT."""
        self.is_over = True
        self.ending = {"end_reason": reason, "end_stage": stage or self.where}
        if reason in ("disconnected", "hangup"):
            self.ending["end_stage"] = None
        close_quietly(self.sock)

    def expect_end(self, reason: str = "disconnected", stage: str | None = None) -> None:
        """Read until the server closes the connection, which it does for a reason."""
        with suppress(ConnectionResetError):
            while self.sock.recv(4096):
                pass
        self.drop(stage, reason)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if not self.is_over:
            self.docmd("QUIT")
        self.close()
        self.end_transaction()
        self.note_connection()

    def note_connection(self, **values: Any) -> Entry:
        """Write the session down as a whole."""
        if self.messages and self.login_name is not None:
            self.expect_login_row()
        named = next(
            (found["helo_name"] for found in self.refusals if "helo_name" in found),
            self.told_helo_name,
        )
        defaults: dict[str, Any] = {
            "instance": "postfix-out" if self.service == "OUT" else "postfix",
            "daemon": self.daemon,
            "service": self.service_label,
            "client_ip": self.source,
            "client_port": self.client_port,
            "connected_at": between(self.began_at, self.began_at),
            "disconnected_at": between(self.began_at, now()),
            "helo_name": named,
            "sasl_method": self.login_method if self.messages else None,
            "sasl_username": self.login_name if self.messages else None,
            "message_count": len(self.messages),
            "rejection_count": len(self.refusals),
        }
        if self.is_screened:
            return self.driver.ledger.add("connections", **(defaults | self.ending | values))
        return self.driver.ledger.add(
            "connections", **(defaults | self.ending | self.tls | self.counts.columns() | values)
        )


def shown_helo(name: str | None) -> str | None:
    """Return a HELO name as smtpd logs it (smtpd.c, helo_cmd: characters replaced)."""
    return None if name is None else re.sub(r'[\s<>()\\";@]', "?", name)


def tls_context() -> ssl.SSLContext:
    """TLS of a client that trusts the self-signed certificate of the rig."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
