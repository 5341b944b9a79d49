"""Pages of a directory -> what is wrong with them; else what their forms read in their samples.

Samples are loaded like a log, so that what is told is what a load gives.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from .database import open_database
from .ingest import load
from .own_forms import FAMILY, HEAD_COLUMNS, OwnForm, examine, read_directory
from .site import site_tables
from .statements import quote_identifier


@dataclass(frozen=True)
class Examined:
    """What was found in pages.

    Attributes:
        told: a line for each fault, with its file, line and reason; without any, one for each
            sample.
        fault_count: faults among them.
    """

    told: list[str]
    fault_count: int


def examine_directory(directory: Path, *, now: datetime) -> Examined:
    """Look for what is wrong with the pages of a directory.

    Args:
        directory: of pages NAME.toml.
        now: current time; dates samples whose stamps have no year.

    Raises:
        UsageError: there is no such directory, or no page in it.
    """
    forms, faults = examine(read_directory(directory))
    if faults:
        told = [f"{fault} ({fault.hint})" if fault.hint else str(fault) for fault in faults]
        return Examined(told, len(faults))
    samples = [(one, sample) for one in forms for sample in one.samples]
    with tempfile.TemporaryDirectory() as folder:
        log, database = Path(folder) / "samples.log", Path(folder) / "samples.duckdb"
        log.write_text("".join(f"{sample}\n" for _, sample in samples), encoding="utf-8")
        if samples:
            load([str(log)], database, now=now, year=now.year, forms=directory, force=True)
        with open_database(database, read_only=False) as connection:
            read = [
                *_read(connection, [one for one, _ in samples]),
                *((False, line) for line in _texts_without_sample(connection, forms)),
            ]
    wrong = [line for is_right, line in read if not is_right]
    return Examined(wrong or [line for _, line in read], len(wrong))


def _read(
    connection: duckdb.DuckDBPyConnection, forms: list[OwnForm]
) -> Iterator[tuple[bool, str]]:
    """Whether each sample is read by its form, and what is told of it."""
    values = _values(connection)
    lines = connection.execute(
        "select line_key, log_lines.kind, unread, unread_rest(line, line_kinds.beginnings) "
        "from log_lines inner join line_kinds on log_lines.kind = line_kinds.kind "
        "order by line_key"
    ).fetchall()
    for one, (line_key, kind, unread, rest) in zip(forms, lines, strict=True):
        if kind != one.form.kind:
            yield False, f"{one.place}: sample: it is of another kind, {kind}"
        elif unread is not None:
            yield (
                False,
                f"{one.place}: sample: not read to its end ({unread}): {rest}",
            )
        else:
            found = values.get(line_key, {})
            read = ", ".join(f"{name}={value}" for name, value in found.items())
            yield True, f"{one.place}: sample read{': ' if read else ''}{read}"


def _texts_without_sample(
    connection: duckdb.DuckDBPyConnection, forms: list[OwnForm]
) -> Iterator[str]:
    """Yield a line for each text that reads no sample."""
    for one in forms:
        for number, text in enumerate(one.form.texts, start=1):
            found = connection.execute(
                "select count(*) from site_lines "
                "where kind = ? and system.main.regexp_full_match(text, ?)",
                [one.form.kind, text.pattern],
            ).fetchone()
            if found == (0,) and not one.is_further:
                yield f"{one.place}: texts: {number}: no sample is read by it"


def _values(connection: duckdb.DuckDBPyConnection) -> dict[int, dict[str, object]]:
    """What the views of the schema site show of each line, by its key."""
    found: dict[int, dict[str, object]] = {}
    for table in site_tables(connection):
        result = connection.execute(f"from {FAMILY}.{quote_identifier(table)}")
        names = [column[0] for column in result.description or []]
        for row in result.fetchall():
            said = dict(zip(names, row, strict=True))
            found[said["line_key"]] = {
                name: value
                for name, value in said.items()
                if name not in HEAD_COLUMNS and value is not None
            }
    return found
