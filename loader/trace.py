"""A queue id, message-id, address or user -> the way of each of its messages, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import duckdb

from .visible import one_line


class Language(StrEnum):
    """Language of the sentences."""

    EN = "en"
    JA = "ja"


@dataclass(frozen=True)
class _Step:
    message_key: int
    queue_id: str
    number: int
    logged_at: datetime | None
    host: str | None
    name: str
    detail: str
    line: str
    relation: str | None


HEADINGS = {
    Language.EN: "Message {queue_id}{on_host}{relation}",
    Language.JA: "キューID {queue_id}{on_host}{relation}",
}
ON_HOST = {Language.EN: " on {host}", Language.JA: "({host})"}
RELATION = {Language.EN: ", {relation}", Language.JA: "、{relation}"}
REFUSED = {
    Language.EN: "Without a queue id",
    Language.JA: "キューIDが付く前の判定",
}
NO_TIME = {Language.EN: "no time", Language.JA: "時刻不明"}


def describe_messages(
    connection: duckdb.DuckDBPyConnection, term: str, language: Language, *, with_lines: bool
) -> str:
    """Return the ways of the messages that a term finds as text, and what was rejected of it.

    Messages that they came of, or that came of them, are told as well.

    Args:
        connection: an open mailsql database.
        term: queue id, message-id or address with or without angle brackets, or login name.
        language: of the sentences.
        with_lines: show the log line under each step.
    """
    detail = "detail" if language is Language.EN else "detail_ja"
    relation = "relation" if language is Language.EN else "relation_ja"
    rows = connection.execute(
        f"select message_key, traced.queue_id, step_no, traced.logged_at, traced.host, step, "
        f"{detail}, line, {relation}(reason, parent_queue_id) from trace(?) as traced "
        "inner join log_lines using (line_key) "
        "left join message_links on message_key = child_key "
        "order by min(traced.logged_at) over (partition by message_key) nulls first, "
        "message_key, step_no",
        [term],
    ).fetchall()
    messages: dict[int, list[_Step]] = {}
    for row in rows:
        step = _Step(*row)
        messages.setdefault(step.message_key, []).append(step)
    sentence = "sentence_en" if language is Language.EN else "sentence_ja"
    refused = connection.execute(
        "select refused.logged_at, refused.client, refused.sender, refused.recipient, "
        f"sentence({sentence}, facts), line from refused(?) as refused "
        "inner join line_kinds using (kind) inner join log_lines using (line_key) "
        "order by refused.logged_at nulls first, line_key",
        [term],
    ).fetchall()
    texts = [_describe(steps, language, with_lines) for steps in messages.values()]
    if refused:
        texts.append(_describe_refusals(refused, language, with_lines))
    return "\n".join(texts)


def _moment(logged_at: datetime | None, language: Language) -> str:
    return f"{logged_at:%Y-%m-%d %H:%M:%S}" if logged_at else NO_TIME[language]


def _describe_refusals(
    rows: list[tuple[datetime | None, str, str | None, str | None, str, str]],
    language: Language,
    with_lines: bool,
) -> str:
    """Return decisions about mail that never got a queue id."""
    lines = [REFUSED[language]]
    for number, (logged_at, client, sender, recipient, detail, line) in enumerate(rows, start=1):
        way = f"{client}: {sender or '<>'} -> {recipient or '?'}: "
        lines.append(f"  {number:2}. {_moment(logged_at, language)}  {way}{detail}")
        if with_lines:
            lines.append(f"      {line}")
    return "".join(one_line(line) + "\n" for line in lines)


def _describe(steps: list[_Step], language: Language, with_lines: bool) -> str:
    first = steps[0]
    on_host = ON_HOST[language].format(host=first.host) if first.host else ""
    relation = RELATION[language].format(relation=first.relation) if first.relation else ""
    lines = [HEADINGS[language].format(queue_id=first.queue_id, on_host=on_host, relation=relation)]
    for step in steps:
        lines.append(f"  {step.number:2}. {_moment(step.logged_at, language)}  {step.detail}")
        if with_lines or step.name == "unknown":
            lines.append(f"      {step.line}")
    return "".join(one_line(line) + "\n" for line in lines)
