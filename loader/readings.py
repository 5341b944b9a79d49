"""Readings: what a group of a pattern is read as, when it gives a column."""

from __future__ import annotations

from typing import NamedTuple


class Reading(NamedTuple):
    """How the text of a group becomes a value.

    Attributes:
        sql: an expression with the text as {}; NULL where it is none of its type.
        type: of the column, in SQL.
        may_be_empty: whether the empty text is a value, too.
    """

    sql: str
    type: str
    may_be_empty: bool = False


READINGS = {
    "text": Reading("nullif({}, '')", "varchar"),
    "address": Reading("{}", "varchar", may_be_empty=True),
    "name": Reading("known_name({})", "varchar"),
    "ip": Reading("plain_ip({})", "varchar"),
    "integer": Reading("try_cast({} as integer)", "integer"),
    # Of at most 13 digits: what is added up cannot overflow
    "count": Reading("count_of({})", "bigint"),
    "number": Reading("number({})", "double"),
    "seconds": Reading("seconds({})", "double"),
}
# What a line has of its own: no column may take its name
LINE_COLUMNS = (
    "line_key",
    "is_changed",
    "is_new",
    "part",
    "logged_at",
    "host",
    "program",
    "pid",
    "header_id",
    "queue_id",
    "kind",
    "speaker",
    "body",
    "may_be_cut",
    "repeat_count",
    "line",
    "unread",
    "copy_of",
)
