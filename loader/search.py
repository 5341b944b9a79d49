"""What a person looks for -> the keys of what it names, newest first, and how many there are.

A term's kind shows in its looks (the macro term_form), so that few columns are read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address, ip_network

import duckdb

from .errors import UsageError

# A client as Postfix writes it: NAME[ADDRESS]:PORT
CLIENT = re.compile(r"[^\s\[\]@]*\[(?P<ip>[0-9A-Fa-f:.]+)\](?::\d+)?")
MAPPED_BITS = 96
SUBJECT = "subject="
# As cleanup writes it
MESSAGE_ID = re.compile(r"message-id=<?(?P<id>[^>]+)")
# From and to
MOST_TERMS = 2


class Kind(StrEnum):
    """What can be found; of each there is a macro KIND_named that finds and one that tells."""

    MESSAGES = "messages"
    REJECTIONS = "rejections"
    LOGINS = "logins"
    MAILBOX_EVENTS = "mailbox_events"


# What goes from somebody to somebody
DIRECTED = (Kind.MESSAGES, Kind.REJECTIONS)


@dataclass(frozen=True)
class Hits:
    """What a search found.

    Attributes:
        total: how many there are.
        keys: of the newest of them, newest first.
    """

    total: int
    keys: list[int]


def read_term(text: str) -> str:
    """Return a term as the tables would write it: without <>, addresses of clients in short.

    Raises:
        UsageError: nothing is left.
    """
    term = text.strip("<> ")
    if not term:
        raise UsageError("trace needs something to look for", "a queue id, message-id or address")
    if term.startswith(SUBJECT):
        if not term.removeprefix(SUBJECT).strip():
            raise UsageError("subject= without words", "subject=invoice, or subject='two words'")
        return term
    message_id = MESSAGE_ID.fullmatch(term)
    if message_id is not None:
        return f"message-id={message_id['id']}"
    client = CLIENT.fullmatch(term)
    if client is not None:
        term = client["ip"]
    try:
        address = ip_address(term)
    except ValueError:
        pass
    else:
        mapped = address.ipv4_mapped if address.version == 6 else None
        return str(mapped or address)
    try:
        network = ip_network(term, strict=False)
    except ValueError:
        return term
    mapped = network.network_address.ipv4_mapped if network.version == 6 else None
    if mapped is not None and network.prefixlen >= MAPPED_BITS:
        return f"{mapped}/{network.prefixlen - MAPPED_BITS}"
    return str(network)


def find(connection: duckdb.DuckDBPyConnection, kind: Kind, terms: list[str], limit: int) -> Hits:
    """Find what terms name in the period that is set (set_period).

    Args:
        connection: an open mailsql database.
        kind: of what is looked for.
        terms: one, or from and to, as read_term gives them.
        limit: how many keys at most, 0 for all.
    """
    if len(terms) > 1 and kind not in DIRECTED:
        return Hits(0, [])
    places = ", ".join("?" for _ in terms)
    rows = connection.execute(
        f"select line_key, count(*) over () from {kind}_named({places}) "
        "where in_period(logged_at) order by logged_at desc nulls last, line_key desc"
        + (f" limit {limit}" if limit else ""),
        terms,
    ).fetchall()
    return Hits(rows[0][1] if rows else 0, [key for key, _ in rows])


def suggest(terms: list[str], period: str | None) -> str:
    """Return what could be meant, where nothing was found in a period, or in none."""
    if period is not None:
        return "leave out --since and --until; mailsql status shows which period is loaded"
    guesses = []
    for term in terms:
        if "@" not in term and "." in term and not term.startswith("."):
            guesses.append(f"@{term} for addresses, .{term} for clients")
        elif "@" not in term:
            guesses.append(f"{term}@ for addresses")
        elif not term.startswith("@"):
            local, _, domain = term.rpartition("@")
            guesses.append(f"@{domain} or {local}@" if domain else f"{local}")
    return "; ".join([*guesses, "mailsql status shows which period is loaded"])
