"""The morning page -> a message with text and HTML (RFC 5322, RFC 2046), for sendmail -t."""

from __future__ import annotations

import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid

from .errors import UsageError
from .page import Page
from .page_html import page_html
from .page_text import page_text
from .visible import one_line

# Text of a log may be of any length and script: as ASCII, it passes every relay
ENCODING = "quoted-printable"
# Lines of that encoding are no longer (RFC 2045)
POLICY = SMTP.clone(linesep="\n", cte_type="7bit", max_line_length=76)
# An address as programs write it: no name, no comment, no quotes (RFC 5321)
ATOM = r"[\w!#$%&'*+/=?^`{|}~-]+"
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
ADDRESS = re.compile(rf"(?!-){ATOM}(?:\.{ATOM})*@{LABEL}(?:\.{LABEL})*", re.ASCII)
LONGEST_ADDRESS = 254


def page_message(page: Page, address: str, *, now: datetime) -> str:
    """Return the page as a message to an address, which is from there too.

    Raises:
        UsageError: it is no address.
    """
    if len(address) > LONGEST_ADDRESS or not ADDRESS.fullmatch(address):
        raise UsageError(f"{one_line(address)}: not a mail address", "root@example.com")
    receiver = Address(addr_spec=address)
    message = EmailMessage(policy=POLICY)
    message["From"] = Address(display_name="mailsql", addr_spec=address)
    message["To"] = receiver
    message["Subject"] = one_line(page.subject)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(domain=receiver.domain)
    # No vacation responder answers (RFC 3834)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(page_text(page), cte=ENCODING)
    message.add_alternative(page_html(page, is_mail=True), subtype="html", cte=ENCODING)
    return message.as_bytes().decode("ascii")
