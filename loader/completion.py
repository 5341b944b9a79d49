"""What is typed so far -> what a shell offers to complete it with: reports, tables, logs, zones.

What goes wrong here is told nobody: the shell then offers files, and the command itself says it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from textwrap import shorten
from typing import Any
from zoneinfo import available_timezones

import duckdb
import typer

from .config import DB_VARIABLE, in_force, read_config
from .errors import MailsqlError
from .period import WEEKDAYS
from .reading import open_reading
from .report import list_reports
from .scope import hosts_of
from .statements import sql_files
from .table_list import tables
from .visible import one_line

# A choice, and what it is
Choices = list[tuple[str, str]]
# Longer texts would be broken into lines, of which shells make choices
SHOWN_LENGTH = 50
# Words for times that need no number
TIMES = (
    "today",
    "yesterday",
    *WEEKDAYS,
    *(f"{which}-{unit}" for unit in ("week", "month", "year") for which in ("this", "last")),
)


def complete_report(context: typer.Context, incomplete: str) -> Choices:
    """Offer reports: those of the database, or if it cannot be asked, those of mailsql."""
    return _beginning_with(incomplete, _reports(context))


def complete_source(context: typer.Context, incomplete: str) -> Choices:
    """Offer what can be exported."""
    return _beginning_with(
        incomplete,
        [
            *((table.name, "") for table in tables().values() if table.time is not None),
            *_reports(context),
        ],
    )


def complete_log(context: typer.Context, incomplete: str) -> Choices:
    """Offer the keys of the logs."""
    logs = _ask(
        context,
        lambda connection: connection.execute(
            "select file_key::varchar, path from main.log_files order by file_key"
        ).fetchall(),
    )
    return _beginning_with(incomplete, logs or [])


def complete_host(context: typer.Context, incomplete: str) -> Choices:
    """Offer the hosts whose lines are there."""
    hosts = _ask(context, lambda connection: hosts_of(connection, is_in_period=False)) or []
    return _beginning_with(incomplete, [(host, "") for host in hosts])


def complete_zone(incomplete: str) -> Choices:
    """Offer time zones."""
    return _beginning_with(incomplete, [(zone, "") for zone in sorted(available_timezones())])


def complete_time(incomplete: str) -> Choices:
    """Offer words for times."""
    return _beginning_with(incomplete, [(word, "") for word in TIMES])


def _reports(context: typer.Context) -> Choices:
    stored = _ask(context, list_reports)
    if stored is not None:
        return [(name, comment or "") for name, comment in stored]
    return [
        (
            file.name.removesuffix(".sql"),
            file.read_text(encoding="utf-8").splitlines()[0].removeprefix("-- "),
        )
        for file in sql_files("reports")
    ]


def _ask(
    context: typer.Context, ask: Callable[[duckdb.DuckDBPyConnection], list[Any]]
) -> list[Any] | None:
    """Ask the database that the command would open; None if it cannot be asked at once."""
    source = context.get_parameter_source("db")
    try:
        named = None
        if source is None or source.name == "DEFAULT":
            named = in_force(read_config(os.environ), os.environ, DB_VARIABLE)
        with open_reading(Path(named or context.params["db"]), wait_seconds=0) as connection:
            return ask(connection)
    except (MailsqlError, duckdb.Error, OSError):
        return None


def _beginning_with(incomplete: str, choices: Choices) -> Choices:
    return [
        (choice, shorten(one_line(what), SHOWN_LENGTH, placeholder=" ..."))
        for choice, what in choices
        if choice.startswith(incomplete)
    ]
