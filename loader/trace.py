"""One or two terms -> the ways of the messages that they name, step by step, and what is known of
them without a message: rejections, logins, changes in mailboxes. As text, or as JSON.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from .language import Language, Texts, read_texts
from .output import Format, format_json, format_rows
from .search import Hits, Kind, find
from .visible import one_line

# Messages that are read at once
CHUNK = 2000
PAGE_WIDTH = 100
OWN_INSTANCE = "postfix"
# What has no message
SECTIONS = (Kind.REJECTIONS, Kind.LOGINS, Kind.MAILBOX_EVENTS)
# Of the list of messages
COLUMNS = ("time", "from", "to", "end", "queue_id")


@dataclass(frozen=True)
class Search:
    """What was looked for, and found.

    Attributes:
        terms: one, or from and to.
        hits: what they name, of each kind.
    """

    terms: list[str]
    hits: dict[Kind, Hits]

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found."""
        return not any(hits.total for hits in self.hits.values())


@dataclass(frozen=True)
class _Step:
    number: int
    logged_at: datetime | None
    name: str
    detail: str
    line_key: int


@dataclass(frozen=True)
class _Recipient:
    address: str
    outcome: str
    shown_outcome: str
    detail: str


@dataclass(frozen=True)
class _Message:
    steps: list[_Step]
    recipients: list[_Recipient]
    message_key: int
    queue_id: str
    host: str | None
    instance: str | None
    sender: str | None
    queued_at: datetime | None
    state: str
    state_at: datetime | None
    meaning: str
    relation: str | None


def search(connection: duckdb.DuckDBPyConnection, terms: list[str], limit: int) -> Search:
    """Find what one term, or two, name in the period that is set (set_period).

    Args:
        connection: an open mailsql database.
        terms: one, or from and to, as read_term gives them.
        limit: how many of each kind at most, the newest; 0 for all.
    """
    return Search(terms, {kind: find(connection, kind, terms, limit) for kind in Kind})


def trace_text(
    connection: duckdb.DuckDBPyConnection, found: Search, language: Language, *, with_lines: bool
) -> Iterator[str]:
    """Return what was found as pieces of text; many messages as a list.

    Messages that they came of, or that came of them, are told as well.

    Args:
        connection: an open mailsql database.
        found: by search.
        language: of the sentences.
        with_lines: show the log line under each step.
    """
    words = read_texts("trace", language)
    before = ""
    for text in _texts(connection, found, words, with_lines):
        yield before + text
        before = "\n"


def _texts(
    connection: duckdb.DuckDBPyConnection, found: Search, words: Texts, with_lines: bool
) -> Iterator[str]:
    messages = found.hits[Kind.MESSAGES]
    if messages.total > len(messages.keys):
        yield _list_messages(connection, messages, words)
    else:
        for chunk in _chunks(connection, messages.keys):
            told = _read_messages(connection, chunk, words)
            steps = [step for message in told for step in message.steps]
            keys = [step.line_key for step in steps if with_lines or step.name == "unknown"]
            lines = _read_lines(connection, keys)
            for message in told:
                yield _describe_message(message, lines, words)
    for kind in SECTIONS:
        hits = found.hits[kind]
        if hits.keys:
            lines = _read_lines(connection, hits.keys if with_lines else [])
            yield _describe_section(connection, kind, hits, lines, words)


def trace_json(
    connection: duckdb.DuckDBPyConnection, found: Search, language: Language, *, with_lines: bool
) -> Iterator[str]:
    """Return what was found as pieces of one JSON document (RFC 8259): an object with the terms
    and, for each kind, how many there are and the newest of them.

    Args:
        connection: an open mailsql database.
        found: by search.
        language: of the sentences.
        with_lines: give the log line of each step.
    """
    words = read_texts("trace", language)
    yield "{\n" + f'  "terms": {format_json(found.terms)}'
    for kind, hits in found.hits.items():
        yield f',\n  "{kind[:-1]}_count": {hits.total},\n  "{kind}": ['
        if kind is Kind.MESSAGES:
            objects = _message_objects(connection, hits.keys, words, with_lines)
        else:
            objects = _objects(connection, kind, hits.keys, words, with_lines)
        before = "\n    "
        for entry in objects:
            yield before + format_json(entry)
            before = ",\n    "
        yield "\n  ]" if hits.keys else "]"
    yield "\n}\n"


def _message_objects(
    connection: duckdb.DuckDBPyConnection, keys: list[int], words: Texts, with_lines: bool
) -> Iterator[dict[str, Any]]:
    for chunk in _chunks(connection, keys):
        told = _read_messages(connection, chunk, words)
        step_keys = [step.line_key for message in told for step in message.steps]
        lines = _read_lines(connection, step_keys if with_lines else [])
        for message in told:
            yield {
                "queue_id": message.queue_id,
                "host": message.host,
                "instance": message.instance,
                "time": message.queued_at,
                "sender": message.sender,
                "state": message.state,
                "state_time": message.state_at,
                "relation": message.relation,
                "recipients": [
                    {
                        "recipient": recipient.address,
                        "outcome": recipient.outcome,
                        "detail": recipient.detail,
                    }
                    for recipient in message.recipients
                ],
                "steps": [
                    {
                        "time": step.logged_at,
                        "step": step.name,
                        "detail": step.detail,
                        "line_key": step.line_key,
                    }
                    | ({"line": lines[step.line_key]} if with_lines else {})
                    for step in message.steps
                ],
                "message_key": message.message_key,
            }


def _objects(
    connection: duckdb.DuckDBPyConnection,
    kind: Kind,
    keys: list[int],
    words: Texts,
    with_lines: bool,
) -> Iterator[dict[str, Any]]:
    lines = _read_lines(connection, keys if with_lines else [])
    for row in _read_rows(connection, kind, keys, words):
        yield row | ({"line": lines[row["line_key"]]} if with_lines else {})


def _chunks(connection: duckdb.DuckDBPyConnection, keys: list[int]) -> Iterator[list[int]]:
    """Messages and their relatives: families by their newest message, the oldest of each first."""
    if not keys:
        return
    rows = connection.execute(
        "select messages.message_key, message_links.parent_key from messages "
        "inner join (select unnest(with_relatives(?)) as message_key) as keys "
        "on messages.message_key = keys.message_key "
        "left join message_links on messages.message_key = message_links.child_key "
        "order by messages.queued_at nulls first, messages.message_key",
        [keys],
    ).fetchall()
    places = {key: place for place, (key, _) in enumerate(rows)}
    related = defaultdict(list)
    for key, parent in rows:
        if parent in places:
            related[key].append(parent)
            related[parent].append(key)
    chunk: list[int] = []
    told: set[int] = set()
    for key in keys:
        family: set[int] = set()
        waiting = [key]
        while waiting:
            member = waiting.pop()
            if member not in told | family:
                family.add(member)
                waiting += related[member]
        told |= family
        chunk += sorted(family, key=places.__getitem__)
        if len(chunk) >= CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _read_messages(
    connection: duckdb.DuckDBPyConnection, keys: list[int], words: Texts
) -> list[_Message]:
    """Read messages with their steps and recipients, in the order of the keys."""
    suffix = words.language.suffix
    steps = defaultdict(list)
    for message_key, *step in connection.execute(
        f"select message_key, step_no, logged_at, step, detail{suffix}, line_key "
        "from flow_of(?) order by message_key, step_no",
        [keys],
    ).fetchall():
        steps[message_key].append(_Step(*step))
    recipients = _read_recipients(connection, keys, words)
    found = {}
    for key, *facts in connection.execute(
        "select messages.message_key, messages.queue_id, messages.host, messages.instance, "
        "messages.sender, messages.queued_at, messages.state, messages.state_at, "
        f"message_states.meaning{suffix}, relation{suffix}(message_links.reason, "
        "message_links.parent_queue_id) from messages "
        "inner join (select unnest(?) as message_key) as keys "
        "on messages.message_key = keys.message_key "
        "left join message_states on messages.state = message_states.state "
        "left join message_links on messages.message_key = message_links.child_key",
        [keys],
    ).fetchall():
        found[key] = _Message(steps[key], recipients[key], key, *facts)
    return [found[key] for key in keys]


def _read_recipients(
    connection: duckdb.DuckDBPyConnection, keys: list[int], words: Texts
) -> defaultdict[int, list[_Recipient]]:
    recipients = defaultdict(list)
    for message_key, *recipient in connection.execute(
        f"select message_key, coalesce(recipient, '?'), outcome, outcome{words.language.suffix}, "
        f"detail{words.language.suffix} from recipients_of(?)",
        [keys],
    ).fetchall():
        recipients[message_key].append(_Recipient(*recipient))
    return recipients


def _read_rows(
    connection: duckdb.DuckDBPyConnection, kind: Kind, keys: list[int], words: Texts
) -> list[dict[str, Any]]:
    """Read what is no message, in the order of the keys."""
    if not keys:
        return []
    result = connection.execute(f"select * from {kind}_of(?)", [keys])
    names = [column[0] for column in result.description or []]
    rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    told = {
        row["line_key"]: {"time": row["logged_at"]}
        | {name: row[name] for name in names if not name.startswith(("logged_at", "detail"))}
        | {"detail": row[f"detail{words.language.suffix}"]}
        for row in rows
    }
    return [told[key] for key in keys]


def _read_lines(connection: duckdb.DuckDBPyConnection, keys: list[int]) -> dict[int, str]:
    if not keys:
        return {}
    return dict(
        connection.execute(
            "select log_lines.line_key, log_lines.line from log_lines "
            "semi join (select unnest(?) as line_key) as keys "
            "on log_lines.line_key = keys.line_key",
            [keys],
        ).fetchall()
    )


def _list_messages(connection: duckdb.DuckDBPyConnection, hits: Hits, words: Texts) -> str:
    """Return a list of messages, the newest first, and how many there are."""
    recipients = _read_recipients(connection, hits.keys, words)
    found = {
        message_key: (*hit, queue_id)
        for message_key, queue_id, *hit in connection.execute(
            "select messages.message_key, messages.queue_id, messages.queued_at, messages.sender, "
            f"message_states.state{words.language.suffix} from messages "
            "inner join (select unnest(?) as message_key) as keys "
            "on messages.message_key = keys.message_key "
            "left join message_states on messages.state = message_states.state",
            [hits.keys],
        ).fetchall()
    }
    rows = []
    for key in hits.keys:
        queued_at, sender, state, queue_id = found[key]
        addresses = [recipient.address for recipient in recipients[key]]
        ends = dict.fromkeys(recipient.shown_outcome for recipient in recipients[key])
        others = f" +{len(addresses) - 1}" if len(addresses) > 1 else ""
        to = "".join(addresses[:1]) + others
        ended = ", ".join(ends) or state
        rows.append((queued_at, _shown_sender(sender), to, ended, queue_id))
    head = words.say("hits", total=hits.total, shown=len(hits.keys))
    columns = [words.say(f"column.{column}") for column in COLUMNS]
    return f"{head}\n" + format_rows(columns, rows, Format.TABLE, PAGE_WIDTH)


def _describe_message(message: _Message, lines: dict[int, str], words: Texts) -> str:
    host = message.host
    if message.instance not in (None, OWN_INSTANCE):
        host = f"{host} ({message.instance})" if host else message.instance
    heading = words.say(
        "heading",
        queue_id=message.queue_id,
        on_host=words.say("on_host", host=host) if host else "",
        relation=words.say("relation", relation=message.relation) if message.relation else "",
    )
    told = [heading]
    for step in message.steps:
        told += _entry(step.number, step.logged_at, step.detail, lines.get(step.line_key), words)
    told += [
        f"   => {recipient.address}: {recipient.detail}" for recipient in message.recipients
    ] or [f"   => {message.meaning}"]
    return _joined(told)


def _describe_section(
    connection: duckdb.DuckDBPyConnection,
    kind: Kind,
    hits: Hits,
    lines: dict[int, str],
    words: Texts,
) -> str:
    """Return what has no message, the newest first."""
    heading = words.say(f"section.{kind}")
    if hits.total > len(hits.keys):
        heading += words.say("newest", shown=len(hits.keys), total=hits.total)
    told = [heading]
    for number, row in enumerate(_read_rows(connection, kind, hits.keys, words), start=1):
        detail = _way(row) + row["detail"] if kind is Kind.REJECTIONS else row["detail"]
        told += _entry(number, row["time"], detail, lines.get(row["line_key"]), words)
    return _joined(told)


def _way(rejection: dict[str, Any]) -> str:
    """Who wanted to send what to whom, as far as it came."""
    sender, recipient = rejection["sender"], rejection["recipient"]
    if sender is None and recipient is None:
        return f"{rejection['client']}: "
    return f"{rejection['client']}: {_shown_sender(sender)} -> {recipient or '?'}: "


def _shown_sender(sender: str | None) -> str:
    """The null sender as RFC 5321 writes it, and one that no line tells."""
    return "?" if sender is None else sender or "<>"


def _entry(
    number: int, logged_at: datetime | None, detail: str, line: str | None, words: Texts
) -> list[str]:
    moment = f"{logged_at:%Y-%m-%d %H:%M:%S}" if logged_at else words.say("no_time")
    return [f"  {number:2}. {moment}  {detail}", *([f"      {line}"] if line is not None else [])]


def _joined(lines: Iterable[str]) -> str:
    return "".join(one_line(line) + "\n" for line in lines)
