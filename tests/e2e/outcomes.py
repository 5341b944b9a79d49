"""What becomes of a recipient, told by the address: the rows of deliveries that must be there.

Recipients of the fake next hops are written down from its transcript; all others are local, and
their outcome follows from the address."""

import itertools
import re
from typing import Any

from tests.e2e.ledger import Entry, matching
from tests.e2e.session import Driver

_numbers = itertools.count(1)
HOP_DOMAINS = re.compile(r"(?:(?:accept|encrypted)\.)?example\.net")
SMTP_CODE = re.compile(r"[245]\d\d(?=[ -])")
# The id of an LMTP transaction: 16 bytes in base64, and its number in the connection
LMTP_SESSION = r"[A-Za-z0-9+/]{22}(:T\d+)?"
REPLY_DSN = re.compile(r"[245]\d\d[ -]([245]\.\d{1,3}\.\d{1,3})\b")
DOVECOT_DOMAINS = ("unix.example.org", "tcp.example.org", "lda.example.org")
# Users whose mail is sorted by a script, which says itself what becomes of it
SIEVE_USERS = ("sorted",)
QUICK_DOMAINS = ("refused", "busy", "mute", "drop", "dropping", "hanging")
# Domain, regular expression of the local part: agent, relay, dsn, status, reply
LOCAL_OUTCOMES: list[tuple[str, str, tuple[str, str, str, str, Any]]] = [
    (
        "unix.example.org",
        r"nobody\S*",
        (
            *("lmtp", "mx.example.org[private/dovecot-lmtp]", "5.1.1", "bounced"),
            "host mx.example.org[private/dovecot-lmtp] said: 550 5.1.1 <{to}> User doesn't exist: "
            "{to} (in reply to RCPT TO command)",
        ),
    ),
    (
        "unix.example.org",
        "full",
        (
            *("lmtp", "mx.example.org[private/dovecot-lmtp]", "5.2.2", "bounced"),
            "host mx.example.org[private/dovecot-lmtp] said: 552 5.2.2 <{to}> Quota exceeded "
            "(mailbox for user is full) (in reply to end of DATA command)",
        ),
    ),
    (
        "unix.example.org",
        ".*",
        (
            *("lmtp", "mx.example.org[private/dovecot-lmtp]", "2.0.0", "sent"),
            matching(r"250 2\.0\.0 <[^>]+> \S+ Saved"),
        ),
    ),
    (
        "tcp.example.org",
        "nobody.*",
        (
            *("lmtp", "127.0.0.1[127.0.0.1]:{lmtp}", "5.1.1", "bounced"),
            "host 127.0.0.1[127.0.0.1] said: 550 5.1.1 <{to}> User doesn't exist: {to} "
            "(in reply to RCPT TO command)",
        ),
    ),
    (
        "tcp.example.org",
        ".*",
        (
            *("lmtp", "127.0.0.1[127.0.0.1]:{lmtp}", "2.0.0", "sent"),
            matching(r"250 2\.0\.0 <[^>]+> \S+ Saved"),
        ),
    ),
    ("lda.example.org", ".*", ("pipe", "lda", "2.0.0", "sent", "delivered via lda service")),
    (
        "virtual.example.org",
        "box",
        ("virtual", "virtual", "2.0.0", "sent", "delivered to maildir"),
    ),
    (
        "virtual.example.org",
        "file",
        ("virtual", "virtual", "2.0.0", "sent", "delivered to mailbox"),
    ),
    (
        "script.example.org",
        "stored.*",
        ("pipe", "script", "2.0.0", "sent", "delivered via script service"),
    ),
    (
        "script.example.org",
        "talking.*",
        ("pipe", "script", "2.0.0", "sent", "delivered via script service (stored as 42)"),
    ),
    (
        "script.example.org",
        "refused.*",
        (
            *("pipe", "script", "5.1.1", "bounced"),
            "user unknown. Command output: no such customer ",
        ),
    ),
    (
        "script.example.org",
        "coded.*",
        ("pipe", "script", "5.7.1", "bounced", "not on our list "),
    ),
    (
        "script.example.org",
        "resting.*",
        ("pipe", "script", "4.3.0", "deferred", "temporary failure. Command output: come back "),
    ),
    (
        "script.example.org",
        "odd.*",
        (
            *("pipe", "script", "5.3.0", "bounced"),
            'Command died with status 3: "/bin/sh"',
        ),
    ),
    (
        "discard.example.net",
        ".*",
        ("discard", "none", "2.0.0", "sent", "thrown away on purpose"),
    ),
    ("error.example.net", ".*", ("error", "none", "5.1.6", "bounced", "mailbox has moved")),
    ("retry.example.net", ".*", ("error", "none", "4.3.2", "deferred", "system is resting")),
    (
        "refused.example.net",
        ".*",
        (
            *("smtp", "none", "4.4.1", "deferred"),
            "connect to 127.0.0.1[127.0.0.1]:{refused}: Connection refused",
        ),
    ),
    (
        "busy.example.net",
        ".*",
        (
            *("smtp", "127.0.0.1[127.0.0.1]:{busy}", "4.3.2", "deferred"),
            "host 127.0.0.1[127.0.0.1] refused to talk to me: 421 4.3.2 too busy, come back later",
        ),
    ),
    (
        "mute.example.net",
        ".*",
        (
            *("smtp", "127.0.0.1[127.0.0.1]:{mute}", "4.4.2", "deferred"),
            "conversation with 127.0.0.1[127.0.0.1] timed out while receiving the initial server "
            "greeting",
        ),
    ),
    (
        "drop.example.net",
        ".*",
        (
            *("smtp", "127.0.0.1[127.0.0.1]:{drop}", "4.4.2", "deferred"),
            "lost connection with 127.0.0.1[127.0.0.1] while receiving the initial server greeting",
        ),
    ),
    (
        "dropping.example.net",
        "drop-rcpt.*",
        (
            *("smtp", "127.0.0.1[127.0.0.1]:{dropping}", "4.4.2", "deferred"),
            "lost connection with 127.0.0.1[127.0.0.1] while sending RCPT TO",
        ),
    ),
    (
        "dropping.example.net",
        "drop-data.*",
        (
            *("smtp", "127.0.0.1[127.0.0.1]:{dropping}", "4.4.2", "deferred"),
            "lost connection with 127.0.0.1[127.0.0.1] while sending end of data -- message may be "
            "sent more than once",
        ),
    ),
    (
        "hanging.example.net",
        "hang-rcpt.*",
        (
            *("smtp", "127.0.0.1[127.0.0.1]:{hanging}", "4.4.2", "deferred"),
            "conversation with 127.0.0.1[127.0.0.1] timed out while sending RCPT TO",
        ),
    ),
    (
        "hanging.example.net",
        "hang-data.*",
        (
            *("smtp", "127.0.0.1[127.0.0.1]:{hanging}", "4.4.2", "deferred"),
            "conversation with 127.0.0.1[127.0.0.1] timed out while sending end of data -- message "
            "may be sent more than once",
        ),
    ),
    ("mx.example.org", "news|games|root", ("local", "local", "2.0.0", "sent", "{mailbox}")),
]


def recipient(word: str, domain: str = "accept.example.net") -> str:
    """Return an address that nothing was sent to before, whose first word says how it ends."""
    return f"{word}.{next(_numbers)}@{domain}"


def sender(word: str = "sender") -> str:
    """Return a sender that nothing was sent from before; mail to it is taken by the next hop."""
    return f"{word}.{next(_numbers)}@example.com"


def relay_columns(relay: str) -> dict[str, Any]:
    """Return the columns that come from the relay= field."""
    if relay == "none":
        return {"relay": "none"}
    found = re.fullmatch(r"(.*)\[(.*)\](?::(\d+))?", relay)
    if found is None:
        return {"relay": relay, "relay_name": relay}
    name, address, port = found.groups()
    if port is None:
        return {"relay": relay, "relay_name": name}
    return {"relay": relay, "relay_name": name, "relay_ip": address, "relay_port": int(port)}


def reply_columns(reply: Any) -> dict[str, Any]:
    """Return the columns that come from the text of a delivery."""
    text = reply["matches"].replace("\\", "") if isinstance(reply, dict) else reply
    said = re.fullmatch(r"(?:host \S+ (?:said|refused to talk to me): )?(.*)", text)
    code = SMTP_CODE.match(said[1]) if said else None
    dsn = REPLY_DSN.match(said[1]) if said else None
    queued = re.search(r"queued as (\w+)$|\[InternalId=(\d+)\] queued$", text)
    return {
        "reply": reply,
        "reply_code": int(code[0]) if code else None,
        "reply_dsn": dsn[1] if dsn else None,
        "remote_queue_id": queued[1] or queued[2] if queued else None,
        "remote_session_id": matching(LMTP_SESSION) if text.endswith(" Saved") else None,
    }


def expect_delivery(
    driver: Driver,
    message: Entry,
    to: str,
    agent: str,
    relay: str,
    dsn: str,
    status: str,
    reply: Any,
    logged_at: dict[str, str],
    **values: Any,
) -> Entry:
    """Write one attempt for one recipient down."""
    defaults = {
        "message": message["queue_id"],
        "queue_id": message["queue_id"],
        "recipient": to,
        "agent": agent,
        "dsn": dsn,
        "status": status,
        "logged_at": logged_at,
        "delay_seconds": {"at_least": 0, "at_most": 300},
        # LMTP connections are kept open on demand, which the driver does not see
        "conn_use": {"at_least": 2, "at_most": 100, "or_null": True} if agent == "lmtp" else None,
    }
    return driver.ledger.add(
        "deliveries", **(defaults | relay_columns(relay) | reply_columns(reply) | values)
    )


def note_mailbox(
    driver: Driver,
    message: Entry,
    username: str,
    logged_at: dict[str, str],
    action: str,
    **values: Any,
) -> None:
    """Write down what Dovecot did with a message that came by LMTP."""
    driver.ledger.add(
        "mailbox_deliveries",
        username=username,
        session_id=matching(LMTP_SESSION) if driver.rig.style.session_ids else None,
        message_id=message["message_id"],
        of=message["queue_id"],
        logged_at=logged_at,
        action=action,
        **({"agent": "lmtp", "is_sieve": False} | values),
    )


def is_hop_recipient(to: str) -> bool:
    """Whether a fake next hop takes mail for an address."""
    domain = to.rpartition("@")[2].lower()
    return HOP_DOMAINS.fullmatch(domain) is not None or domain.endswith("example.com")


def expect_local_delivery(
    driver: Driver, message: Entry, to: str, logged_at: dict[str, str], **values: Any
) -> Entry:
    """Write down what the address says becomes of a recipient that no fake next hop takes."""
    local_part, _, domain = to.rpartition("@")
    outcomes = [
        outcome
        for known, pattern, outcome in LOCAL_OUTCOMES
        if known == domain and re.fullmatch(pattern, local_part)
    ]
    if not outcomes:
        raise ValueError(f"{to}: nothing says what becomes of it")
    agent, relay, dsn, status, reply = outcomes[0]
    places = {name.lower(): port for name, port in driver.rig.ports.items()} | {
        "to": to,
        "mailbox": "delivered to maildir",
    }
    if isinstance(reply, str):
        reply = reply.format(**places)
    if domain in DOVECOT_DOMAINS and status == "sent" and local_part not in SIEVE_USERS:
        mda = "lda" if agent == "pipe" else agent
        note_mailbox(driver, message, to, logged_at, "stored", mailbox="INBOX", agent=mda)
    service = "quick" if domain.partition(".")[0] in QUICK_DOMAINS else None
    return expect_delivery(
        driver,
        message,
        to,
        agent,
        relay.format(**places),
        dsn,
        status,
        reply,
        logged_at,
        **({"service": service} | values),
    )
