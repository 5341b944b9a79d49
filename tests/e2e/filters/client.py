"""SMTP clients with documentation addresses, by the PROXY protocol of HAProxy."""

import smtplib
from typing import Any


class ProxiedClient(smtplib.SMTP):
    """A client whose address is what a proxy says."""

    def __init__(self, port: int, address: str, helo_name: str) -> None:
        self.address = address
        super().__init__("127.0.0.1", port, local_hostname=helo_name, timeout=60)

    def _get_socket(self, host: str, port: int, timeout: float) -> Any:
        opened = super()._get_socket(host, port, timeout)  # type: ignore[misc]
        opened.sendall(f"PROXY TCP4 {self.address} 192.0.2.129 40000 25\r\n".encode())
        return opened

    def transmit(self, sender: str, recipients: list[str], text: bytes) -> tuple[str, bool]:
        """Send a message.

        Returns:
            The server's last answer, and whether it was to the content.
        """
        self.ehlo()
        code, answer = self.mail(sender)
        for recipient in recipients:
            code, answer = self.rcpt(recipient)
        has_content = code < 400
        if has_content:
            code, answer = self.data(text)
        return f"{code} {answer.decode()}", has_content
