"""Which reports the morning page is made of, in its order, and what it shows of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Unit(Enum):
    """How a value is written, and on which side of its column it stands.

    A NAME that is not known is called so.
    """

    TEXT = "text"
    WORD = "word"
    NAME = "name"
    BELOW = "below"
    COUNT = "count"
    FIGURE = "figure"
    BYTES = "bytes"
    SECONDS = "seconds"
    PERCENT = "percent"
    CHANGE = "change"
    TIME = "time"
    BAR = "bar"


@dataclass(frozen=True)
class Part:
    """A section to be made of a report.

    Attributes:
        report: its name.
        columns: names and units of those that are shown.
        words: kinds of words by column, where they are not terms.
        is_by_size: whether the rows of the greatest size are shown as well.
        filter: SQL that chooses rows.
        is_whole: whether all rows are shown, and not only the first ones.
        is_of_all_time: whether what began before the period counts.
    """

    report: str
    columns: dict[str, Unit]
    words: dict[str, str] = field(default_factory=dict)
    is_by_size: bool = False
    filter: str = "true"
    is_whole: bool = False
    is_of_all_time: bool = False


T, W, N, B = Unit.TEXT, Unit.WORD, Unit.COUNT, Unit.BYTES
SENDERS = {"sender": T, "is_login": W, "message_count": N, "recipient_count": N, "size_bytes": B}
SENDER_DOMAINS = {"domain": T, "message_count": N, "sender_count": N, "size_bytes": B}
RECIPIENTS = {
    "recipient": Unit.NAME,
    "sent_count": N,
    "size_bytes": B,
    "deferred_count": N,
    "bounced_count": N,
}
RECIPIENT_DOMAINS = {
    "domain": T,
    "sent_count": N,
    "size_bytes": B,
    "deferred_count": N,
    "bounced_count": N,
    "mean_delay_seconds": Unit.SECONDS,
    "longest_delay_seconds": Unit.SECONDS,
}
CLIENTS = {
    "client_ip": T,
    "client_name": T,
    "connection_count": N,
    "message_count": N,
    "size_bytes": B,
    "rejection_count": N,
}
PARTS = (
    Part(
        "mail_by_direction",
        {
            "direction": W,
            "message_count": N,
            "sent_count": N,
            "size_bytes": B,
            "deferred_count": N,
            "bounced_count": N,
        },
        is_whole=True,
    ),
    Part(
        "rejections_by_cause",
        {
            "cause": W,
            "rejection_count": N,
            "put_off_count": N,
            "client_count": N,
            "last_at": Unit.TIME,
            "last_text": Unit.BELOW,
        },
        {"cause": "cause"},
        is_whole=True,
    ),
    Part(
        "rejections_by_address",
        {
            "client_ip": T,
            "client_name": T,
            "rejection_count": N,
            "put_off_count": N,
            "last_at": Unit.TIME,
        },
    ),
    Part(
        "undelivered_by_cause",
        {
            "outcome": W,
            "destination": T,
            "cause": W,
            "attempt_count": N,
            "recipient_count": N,
            "last_text": Unit.BELOW,
        },
        {"outcome": "outcome", "cause": "cause"},
    ),
    Part(
        "messages_in_queue",
        {
            "queued_at": Unit.TIME,
            "state": W,
            "queue_id": T,
            "sender": T,
            "last_recipient": T,
            "last_reply": Unit.BELOW,
        },
        {"state": "state"},
        is_of_all_time=True,
    ),
    Part("senders_by_volume", SENDERS, is_by_size=True),
    Part("senders_by_domain", SENDER_DOMAINS, is_by_size=True),
    Part("recipients_by_volume", RECIPIENTS, is_by_size=True),
    Part("recipients_by_domain", RECIPIENT_DOMAINS, is_by_size=True),
    Part("clients_by_volume", CLIENTS, is_by_size=True),
    Part(
        "delays_by_percentile",
        {
            "percentile": N,
            "delay_seconds": Unit.SECONDS,
            "before_qmgr_seconds": Unit.SECONDS,
            "in_qmgr_seconds": Unit.SECONDS,
            "connection_seconds": Unit.SECONDS,
            "transmission_seconds": Unit.SECONDS,
        },
        filter="percentile >= 50",
        is_whole=True,
    ),
    Part(
        "logins_by_method",
        {
            "protocol": T,
            "method": T,
            "is_tls": W,
            "login_count": N,
            "failed_attempt_count": N,
            "user_count": N,
        },
        is_whole=True,
    ),
    Part(
        "login_failures_by_reason",
        {
            "protocol": T,
            "failure": W,
            "attempt_count": N,
            "username_count": N,
            "address_count": N,
            "last_at": Unit.TIME,
        },
    ),
    Part(
        "failed_logins_by_address",
        {
            "client_ip": T,
            "attempt_count": N,
            "username_count": N,
            "protocols": T,
            "last_username": T,
            "last_at": Unit.TIME,
        },
    ),
    Part(
        "tls_by_protocol",
        {
            "direction": W,
            "is_tls": W,
            "protocol": T,
            "event_count": N,
            "share_percent": Unit.PERCENT,
        },
        {"direction": "direction"},
        is_whole=True,
    ),
    Part(
        "pop3_use_by_user",
        {
            "username": T,
            "session_count": N,
            "retr_count": N,
            "retr_bytes": B,
            "deleted_count": N,
            "last_mailbox_bytes": B,
        },
    ),
    Part(
        "imap_use_by_user",
        {
            "username": T,
            "session_count": N,
            "body_count": N,
            "expunged_count": N,
            "in_bytes": B,
            "out_bytes": B,
        },
    ),
    Part(
        "mailbox_deliveries_by_outcome",
        {
            "agent": T,
            "action": W,
            "is_sieve": W,
            "delivery_count": N,
            "user_count": N,
            "last_text": Unit.BELOW,
        },
        {"action": "action"},
        is_whole=True,
    ),
    Part(
        "notices_by_text",
        {
            "severity": W,
            "program": T,
            "notice_count": N,
            "last_at": Unit.TIME,
            "last_text": Unit.BELOW,
        },
        filter="severity <> 'info'",
    ),
    Part(
        "unknown_lines_by_shape", {"program": T, "line_count": N, "first_line": Unit.BELOW}
    ),
    # What a stranger makes up is seldom written by so many processes
    Part(
        "unread_lines_by_shape",
        {"kind": T, "line_count": N, "process_count": N, "first_line": Unit.BELOW},
        filter="process_count >= 3",
    ),
)  # fmt: skip
SUSPICIONS = Part(
    "suspicions",
    {"suspicion": W, "subject": T, "event_count": N, "detail": T, "last_at": Unit.TIME},
)
