"""POP3 and IMAP sessions that keep the books of what they fetched and how they ended."""

import base64
import imaplib
import poplib
import socket
import ssl
from contextlib import suppress
from datetime import datetime
from typing import Any

from tests.e2e.ledger import between, matching, now, session_of
from tests.e2e.next_hop import close_quietly
from tests.e2e.rig import PASSWORD
from tests.e2e.session import Driver, tls_context

# Dovecot's words for an end: what they amount to
END_REASONS = {
    "Logged out": "logged out",
    "Connection closed": "connection closed",
    "Server shutting down": "server shutdown",
}


class _Client:
    """What POP3 and IMAP sessions have in common: the login, and how it is written down."""

    protocol: str
    network: str
    driver: Driver
    service: str
    source: str
    server: str
    client_port: int
    is_tls: bool
    username: str | None
    method: str | None
    began_at: datetime
    login_at: dict[str, str] | None
    ending: str
    end_text: dict[str, str] | None = None

    def begin(self, driver: Driver, service: str, server: str, source: str | None) -> None:
        """Choose where the session comes from and goes to.

        Args:
            driver: that drives it.
            service: name of the port.
            server: address of the server.
            source: address of the client; one that no other had if None.
        """
        self.driver = driver
        self.service = service
        self.server = server
        self.source = "::1" if server == "::1" else source or driver.rig.next_address(self.network)
        self.is_tls = service == f"{self.protocol.upper()}S"
        self.username = self.method = self.login_at = None
        self.ending = "Logged out"

    def connect_from(self, service: str) -> socket.socket:
        """Connect from the address of the session."""
        family = socket.AF_INET6 if self.server == "::1" else socket.AF_INET
        opened = socket.socket(family)
        opened.settimeout(60)
        opened.bind((self.source, 0))
        self.began_at = now()
        opened.connect((self.server, self.driver.rig.ports[service]))
        self.client_port = opened.getsockname()[1]
        if self.is_tls:
            return tls_context().wrap_socket(opened)
        return opened

    def note_login(self, username: str, method: str, began_at: datetime) -> None:
        """Write an accepted login down."""
        self.username, self.method = username, method
        self.login_at = between(began_at, now())
        self.driver.ledger.add(
            "logins",
            logged_at=self.login_at,
            protocol=self.protocol,
            is_success=True,
            username=username,
            client_ip=self.source,
            server_ip=self.server,
            method=method,
            attempt_count=1,
            is_tls=self.is_tls,
            session_id=session_of(self.source, self.client_port),
        )

    def note_failure(self, username: str | None, reason: str, **values: Any) -> None:
        """Write a connection down that ended without a login.

        Args:
            username: as last given.
            reason: regular expression of what Dovecot says of it.
            values: columns of logins.
        """
        defaults = {
            "logged_at": between(self.began_at, now()),
            "protocol": self.protocol,
            "is_success": False,
            "username": username,
            "client_ip": self.source,
            "server_ip": self.server,
            "reason": matching(rf"(?:Disconnected: )?{reason}"),
            "is_tls": self.is_tls,
            "session_id": session_of(self.source, self.client_port),
        }
        self.driver.ledger.add("logins", **(defaults | values))

    def session_columns(self) -> dict[str, Any]:
        """Return what a session and its login have in common."""
        return {
            "username": self.username,
            "client_ip": self.source,
            "server_ip": self.server,
            "method": self.method,
            "is_tls": self.is_tls,
            "session_id": session_of(self.source, self.client_port),
            "login_at": self.login_at,
            "logout_at": between(self.began_at, now()),
            "end_reason": END_REASONS.get(self.ending, "error"),
            "end_text": self.end_text or self.ending,
            "paired_by": "session" if self.driver.rig.style.session_ids else "address",
        }


class Pop3(poplib.POP3, _Client):
    """A POP3 session; what it fetches is counted as Dovecot does (pop3_logout_format)."""

    protocol = "pop3"
    network = "127.2"

    def __init__(
        self,
        driver: Driver,
        *,
        service: str = "POP3",
        server: str = "127.0.0.1",
        source: str | None = None,
    ) -> None:
        self.begin(driver, service, server, source)
        self.heard_bytes = self.said_bytes = self.answer_bytes = 0
        self.counts = {
            "top_count": 0,
            "top_bytes": 0,
            "retr_count": 0,
            "retr_bytes": 0,
            "deleted_count": 0,
            "mailbox_count": 0,
            "mailbox_bytes": 0,
        }
        super().__init__(server)

    def _create_socket(self, timeout: Any) -> Any:
        return self.connect_from(self.service)

    def _getline(self) -> tuple[bytes, int]:
        line, octets = super()._getline()
        self.heard_bytes += octets
        self.answer_bytes += octets
        return line, octets

    def _putline(self, line: bytes) -> None:
        self.said_bytes += len(line) + 2
        self.answer_bytes = 0
        super()._putline(line)

    def stls(self, *_: Any, **__: Any) -> bytes:  # type: ignore[override]
        """Go over to TLS, certificate unchecked."""
        reply = super().stls(tls_context())
        self.is_tls = True
        return reply

    def log_in(self, username: str, password: str = PASSWORD) -> bool:
        """USER and PASS; say whether they were accepted."""
        began_at = now()
        try:
            self.user(username)
            self.pass_(password)
        except poplib.error_proto:
            return False
        self.enter(username, "PLAIN", began_at)
        return True

    def enter(self, username: str, method: str, began_at: datetime) -> None:
        """Note that the session began; the answer to the login is its first output."""
        self.note_login(username, method, began_at)
        self.said_bytes, self.heard_bytes = 0, self.answer_bytes
        count, size = self.stat()
        self.counts["mailbox_count"], self.counts["mailbox_bytes"] = count, size

    def _fetched(self, name: str, command: str) -> bytes:
        before = self.heard_bytes
        _, lines, _ = self._longcmd(command)
        self.counts[f"{name}_count"] += 1
        # Dovecot counts its +OK line, but not the final dot
        self.counts[f"{name}_bytes"] += self.heard_bytes - before - len(b".\r\n")
        return b"\r\n".join(lines) + b"\r\n"

    def fetch(self, number: int) -> bytes:
        """RETR."""
        return self._fetched("retr", f"RETR {number}")

    def peek(self, number: int, lines: int) -> bytes:
        """TOP."""
        return self._fetched("top", f"TOP {number} {lines}")

    def leave(self, deleted_count: int = 0) -> None:
        """QUIT, which deletes what was marked."""
        self.quit()
        self.counts["deleted_count"] = deleted_count
        self.note_session()

    def vanish(self, reason: str = "Connection closed") -> None:
        """Close the connection without QUIT; nothing is deleted."""
        close_quietly(self.sock)
        self.ending = reason
        self.note_session()

    def await_end(self, reason: str) -> None:
        """Read until the server closes the connection."""
        with suppress(OSError, poplib.error_proto):
            while True:
                self._getline()
        self.vanish(reason)

    def note_session(self) -> None:
        """Write the session down."""
        transferred = {"in_bytes": self.said_bytes, "out_bytes": self.heard_bytes}
        counts = self.counts | (transferred if self.driver.rig.style.has_pop3_bytes else {})
        self.driver.ledger.add("pop3_sessions", **self.session_columns(), **counts)


class Imap(imaplib.IMAP4, _Client):
    """An IMAP session; bytes and messages are counted as Dovecot does (imap_logout_format)."""

    protocol = "imap"
    network = "127.3"

    def __init__(
        self,
        driver: Driver,
        *,
        service: str = "IMAP",
        server: str = "127.0.0.1",
        source: str | None = None,
    ) -> None:
        self.begin(driver, service, server, source)
        self.in_bytes = self.out_bytes = self.answer_bytes = 0
        self.counts = {
            "deleted_count": 0,
            "expunged_count": 0,
            "trashed_count": 0,
            "header_count": 0,
            "header_bytes": 0,
            "body_count": 0,
            "body_bytes": 0,
        }
        super().__init__(server)

    def _create_socket(self, timeout: Any) -> Any:
        return self.connect_from(self.service)

    def send(self, data: bytes) -> None:
        """Send, and count."""
        self.in_bytes += len(data)
        self.answer_bytes = 0
        super().send(data)

    def readline(self) -> bytes:
        """Read a line, and count."""
        line = super().readline()
        self.out_bytes += len(line)
        self.answer_bytes += len(line)
        return line

    def read(self, size: int) -> bytes:
        """Read a literal, and count."""
        data = super().read(size)
        self.out_bytes += len(data)
        return data

    def starttls(self, ssl_context: ssl.SSLContext | None = None) -> Any:
        """Go over to TLS, certificate unchecked."""
        reply = super().starttls(tls_context())
        self.is_tls = True
        return reply

    def log_in(self, username: str, password: str = PASSWORD) -> bool:
        """LOGIN; say whether it was accepted."""
        began_at = now()
        try:
            self.login(self._quote(username), password)
        except imaplib.IMAP4.error:
            return False
        self.enter(username, "PLAIN", began_at)
        return True

    def enter(self, username: str, method: str, began_at: datetime) -> None:
        """Note that the session began; the answer to the login is its first output."""
        self.note_login(username, method, began_at)
        self.in_bytes, self.out_bytes = 0, self.answer_bytes

    def fetch_parts(self, what: str, count: str, size: str) -> list[bytes]:
        """FETCH 1:* of a part, and count messages and bytes."""
        _, data = self.fetch("1:*", what)
        parts = [item[1] for item in data if isinstance(item, tuple)]
        self.counts[count] += len(parts)
        self.counts[size] += sum(map(len, parts))
        return parts

    def leave(self) -> None:
        """LOGOUT; Dovecot does not count the end of this line."""
        self.send(b"LAST LOGOUT\r\n")
        while not self.readline().startswith(b"LAST "):
            continue
        self.in_bytes -= len(b"\r\n")
        self.shutdown()
        self.note_session()

    def vanish(self, last_command: str) -> None:
        """Close the connection without LOGOUT.

        Args:
            last_command: regular expression of what Dovecot says of the last command.
        """
        close_quietly(self.sock)
        self.ending = "Connection closed"
        self.end_text = matching(rf"Connection closed \({last_command}\)")
        self.note_session()

    def await_end(self, reason: str) -> None:
        """Read until the server closes the connection."""
        with suppress(OSError):
            while self.readline():
                continue
        self.in_bytes -= len(b"\r\n")
        close_quietly(self.sock)
        self.ending = reason
        self.note_session()

    def note_session(self) -> None:
        """Write the session down."""
        counts = self.counts if self.driver.rig.style.has_imap_counts else {}
        self.driver.ledger.add(
            "imap_sessions",
            **self.session_columns(),
            in_bytes=self.in_bytes,
            out_bytes=self.out_bytes,
            **counts,
        )


class ManageSieve(_Client):
    """A ManageSieve session (RFC 5804)."""

    protocol = "sieve"

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.server = "127.0.0.1"
        self.source = driver.rig.next_address("127.4")
        self.is_tls = False
        self.username = self.method = self.login_at = None
        self.ending = "Logged out"
        self.in_bytes = self.out_bytes = 0
        self.sock = self.connect_from("SIEVE")
        self.file = self.sock.makefile("rb")
        self.read_answer()

    def read_answer(self) -> bytes:
        """Read up to the line that ends an answer, and count."""
        while True:
            line = self.file.readline()
            self.out_bytes += len(line)
            if not line or line.startswith((b"OK", b"NO", b"BYE")):
                return line

    def command(self, text: str) -> bytes:
        """Send a command, count, and return the last line of the answer."""
        data = text.encode() + b"\r\n"
        self.in_bytes += len(data)
        self.sock.sendall(data)
        return self.read_answer()

    def log_in(self, username: str, password: str = PASSWORD) -> bool:
        """AUTHENTICATE PLAIN; say whether it was accepted."""
        began_at = now()
        self.out_bytes = 0
        secret = base64.b64encode(f"\0{username}\0{password}".encode()).decode()
        if not self.command(f'AUTHENTICATE "PLAIN" "{secret}"').startswith(b"OK"):
            return False
        self.note_login(username, "PLAIN", began_at)
        self.in_bytes = 0
        return True

    def leave(self) -> None:
        """LOGOUT; Dovecot does not count the end of this line."""
        self.command("LOGOUT")
        self.in_bytes -= len(b"\r\n")
        self.sock.close()
        self.note_session("Logged out")

    def vanish(self) -> None:
        """Close the connection without LOGOUT."""
        self.file.close()
        close_quietly(self.sock)
        self.ending = "Connection closed"
        self.note_session(self.ending)

    def note_session(self, end_text: str) -> None:
        """Write the session down."""
        self.driver.ledger.add(
            "service_sessions",
            **(self.session_columns() | {"end_text": end_text}),
            protocol="sieve",
            in_bytes=self.in_bytes,
            out_bytes=self.out_bytes,
        )
