"""What the lines of a stream are read with: told on the command line, or guessed, and kept in
stream_settings for the lines from which on it holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb

from .prefixes import read_prefix


@dataclass(frozen=True)
class Settings:
    """What lines are read with.

    Attributes:
        host: of lines that name none, or None.
        year: of the first stamp without one, or None.
        reference_date: most of the last stamps without a year are not after it; None where no line
            that they hold for has such a stamp.
        timezone: of stamps that have none.
        dovecot_prefix: mail_log_prefix of lines of Dovecot, if it is no usual one.
        forms_sha256: forms of one's own (site_forms), or None.
    """

    host: str | None
    year: int | None
    reference_date: date | None
    timezone: str
    dovecot_prefix: str | None
    forms_sha256: str | None = None


@dataclass(frozen=True)
class Stretch:
    """Lines of a stream that are read with the same settings.

    Attributes:
        file_key: the stream.
        first_line_no: the first line.
        settings: what they are read with.
    """

    file_key: int
    first_line_no: int
    settings: Settings


def read_stretches(connection: duckdb.DuckDBPyConnection) -> list[Stretch]:
    """All stretches of all streams, in the order of streams and lines."""
    rows = connection.execute(
        "select file_key, first_line_no, host, year, reference_date, timezone, dovecot_prefix, "
        "forms_sha256 from stream_settings order by file_key, first_line_no"
    ).fetchall()
    return [Stretch(row[0], row[1], Settings(*row[2:])) for row in rows]


def settings_at(
    connection: duckdb.DuckDBPyConnection, file_key: int, line_no: int
) -> Settings | None:
    """Return what a line of a stream is read with, or a next one would be; None if unknown."""
    row = connection.execute(
        "select host, year, reference_date, timezone, dovecot_prefix, forms_sha256 "
        "from stream_settings where file_key = ? and first_line_no <= ? "
        "order by first_line_no desc limit 1",
        [file_key, line_no],
    ).fetchone()
    return Settings(*row) if row else None


def date_at(connection: duckdb.DuckDBPyConnection, file_key: int, line_no: int) -> date | None:
    """Return the date of the last line up to one of a stream, in the zone that holds there."""
    settings = settings_at(connection, file_key, line_no)
    if settings is None:
        return None
    dated = connection.execute(
        "select (logged_at at time zone $zone)::date from ("
        "(select line_key, logged_at from raw_lines "
        "where line_key > $first and line_key <= $last and logged_at is not null "
        "order by line_key desc limit 1) "
        "union all (select least(last_line_key, $last), last_logged_at from pruned_lines "
        "where first_line_key > $first and first_line_key <= $last and last_logged_at is not null "
        "order by first_line_key desc limit 1)) order by line_key desc limit 1",
        {
            "zone": settings.timezone,
            "first": file_key * 2**32,
            "last": file_key * 2**32 + line_no,
        },
    ).fetchone()
    return dated[0] if dated else None


def set_prefixes(connection: duckdb.DuckDBPyConnection, stretch: Stretch) -> None:
    """Tell SQL how lines with a mail_log_prefix of their own are recognised.

    Args:
        connection: that the lines are read over.
        stretch: the lines to be read; those before them, and of other streams, may be read again.
    """
    taught = connection.execute(
        "select file_key, first_line_no, dovecot_prefix from stream_settings "
        "where file_key <> ? or first_line_no < ? order by file_key, first_line_no",
        [stretch.file_key, stretch.first_line_no],
    ).fetchall()
    taught.append((stretch.file_key, stretch.first_line_no, stretch.settings.dovecot_prefix))
    ranges: dict[int, list[dict[str, object]]] = {}
    keys = {file_key for file_key, _, template in taught if template is not None}
    for file_key, first_line_no, template in taught:
        if file_key in keys:
            prefix = read_prefix(template) if template is not None else None
            ranges.setdefault(file_key, []).append(
                {
                    "first_line_no": first_line_no,
                    "pattern": prefix.pattern if prefix else None,
                    "rewrite": prefix.rewrite if prefix else None,
                }
            )
    connection.execute(
        "set variable dovecot_prefixes = map(?::integer[], "
        "?::struct(first_line_no bigint, pattern varchar, rewrite varchar)[][])",
        [list(ranges), list(ranges.values())],
    )
