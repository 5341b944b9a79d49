"""A mail_log_prefix of Dovecot -> the pattern that finds it at the head of a text, and what to put
in its place so that SQL can take it apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import UsageError

# Between the parts of a prefix that was found; no text holds it
SEPARATOR = "\x1f"
SERVICES = (
    "imap|pop3|lmtp|lda|sieve|managesieve|submission|imap-hibernate|imap-urlauth|indexer-worker"
    "|quota-status|doveadm|IMAP|POP3|MANAGESIEVE|deliver"
)
# What each variable may expand to; Dovecot's short names, and its long ones from 2.3 and 2.4
PIECES = {
    "service": f"({SERVICES})",
    "user": "(.*?)",
    "name": "([^@]*?)",
    "domain": "([^@]*?)",
    "pid": r"(\d*)",
    "session": r"([^<>\s]*?)",
    "ip": "([0-9A-Fa-f.:]*)",
    "other": ".*?",
}
VARIABLES = {
    "s": "service",
    "service": "service",
    "protocol": "service",
    "u": "user",
    "user": "user",
    "n": "name",
    "username": "name",
    "d": "domain",
    "domain": "domain",
    "p": "pid",
    "pid": "pid",
    "session": "session",
    "r": "ip",
    "rip": "ip",
    "remote_ip": "ip",
}
VARIABLE = re.compile(r"%(?:%|[-0-9.LUERXHTN]*([a-z])|\{([^{}]*)\})")


@dataclass(frozen=True)
class Prefix:
    """How lines with a prefix are recognised.

    Attributes:
        pattern: regular expression (RE2) of the prefix at the head of a text.
        rewrite: replacement: service, user, pid, session and address after a separator each.
    """

    pattern: str
    rewrite: str


def read_prefix(template: str) -> Prefix:
    """Return how to recognise a mail_log_prefix, written with Dovecot's own variables.

    The variables are those of https://doc.dovecot.org, Settings Variables: %s, %u, %n, %d, %p, %r,
    %{session} and their long names, with modifiers; any other matches any text.

    Raises:
        UsageError: it does not name the service, or a variable twice, or only variables.
    """
    pattern = "^"
    places: dict[str, int] = {}
    end = 0
    for variable in VARIABLE.finditer(template):
        pattern += re.escape(template[end : variable.start()])
        end = variable.end()
        if variable[0] == "%%":
            pattern += "%"
            continue
        long_name = re.split(r"[|:]", variable[2] or "")[0].strip()
        meaning = VARIABLES.get(variable[1] or long_name, "other")
        if meaning in places:
            raise UsageError(f"{template}: {variable[0]} stands twice", "write %{x} for one")
        if meaning != "other":
            places[meaning] = len(places) + 1
        pattern += PIECES[meaning]
    pattern += re.escape(template[end:])
    if "service" not in places:
        raise UsageError(
            f"{template}: no service in it",
            "mailsql load --dovecot-prefix 'service=%s, user=%u, ip=[%r]. ' PATH",
        )
    if not VARIABLE.sub("", template).strip():
        raise UsageError(f"{template}: nothing but variables", "give the whole mail_log_prefix")

    def place(name: str) -> str:
        return f"\\{places[name]}" if name in places else ""

    user = place("user") or place("name") + ("@" if "domain" in places else "") + place("domain")
    parts = [place("service"), user, place("pid"), place("session"), place("ip")]
    return Prefix(pattern, "".join(SEPARATOR + part for part in parts) + SEPARATOR)
