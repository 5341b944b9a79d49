"""A content filter: takes mail from Postfix and hands it back through another port."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.ledger import Entry
from tests.e2e.session import Driver, Mail, Session, note_link


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, driver: Driver):
        self.driver = driver
        super().__init__(("127.0.0.1", driver.rig.ports["SCANNER"]), _Handler)


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        self._say("220 scanner.example.org ESMTP")
        attributes: list[str] = []
        sender, recipients = "", []
        while line := self.rfile.readline().decode().rstrip("\r\n"):
            verb = line.partition(" ")[0].upper()
            if verb == "EHLO":
                self._say("250-scanner.example.org")
                self._say("250 XFORWARD NAME ADDR PORT PROTO HELO SOURCE IDENT")
            elif verb == "XFORWARD":
                attributes.append(line.partition(" ")[2])
                self._say("250 2.0.0 Ok")
            elif verb == "MAIL":
                sender = line.partition("<")[2].partition(">")[0]
                recipients = []
                self._say("250 2.1.0 Ok")
            elif verb == "RCPT":
                recipients.append(line.partition("<")[2].partition(">")[0])
                self._say("250 2.1.5 Ok")
            elif verb == "DATA":
                self._say("354 go on")
                content = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    content += part[1:] if part.startswith(b".") else part
                message = self._hand_back(attributes, sender, recipients, content)
                self._say(
                    "250 2.0.0 from MTA(smtp:[127.0.0.1]): 250 2.0.0 Ok: queued as "
                    f"{message['queue_id']}"
                )
            elif verb == "QUIT":
                self._say("221 2.0.0 Bye")
                return
            else:
                self._say("250 2.0.0 Ok")

    def _hand_back(
        self, attributes: list[str], sender: str, recipients: list[str], content: bytes
    ) -> Entry:
        """Re-inject a message with what is known of its first client; return its entry."""
        known = dict(part.split("=", 1) for line in attributes for part in line.split(" "))
        message_id = content.partition(b"Message-ID: <")[2].partition(b">")[0].decode()
        driver = self.server.driver
        with Session(driver, "REINJECT") as session:
            session.greet("scanner.example.org")
            for line in attributes:
                session.docmd("XFORWARD", line)
            message = session.transmit(sender, recipients, Mail(message_id, content))
            assert message is not None
            message |= {
                "origin": "filter",
                "orig_client_ip": known["ADDR"],
                "orig_queue_id": known["IDENT"],
            }
        note_link(driver, known["IDENT"], message["queue_id"], "filter", "orig_queue_id")
        return message

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def running_scanner(driver: Driver) -> Iterator[None]:
    """Run the content filter."""
    with _Server(driver) as server:
        threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()
