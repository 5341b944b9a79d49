"""Ages in words -> the times before which the rows of each table, and lines, are pruned.

As long as a line is there it tells its rows again, so lines go no later than the rows of any table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import duckdb

from .table_list import tables

AGE = re.compile(r"(?P<count>[1-9]\d{0,3}) (?P<unit>day|week|month|year)s?")
DAYS = {"day": 1.0, "week": 7.0, "month": 365.25 / 12, "year": 365.25}
LINES, DEFAULT = "lines", "default"
SAMPLE = '{ lines = "90 days", logins = "1 year", default = "2 years" }'


@dataclass(frozen=True)
class Retention:
    """How old lines and rows get.

    Attributes:
        lines: age of lines.
        tables: age of the rows of each table that has one.
        told: names whose ages were told, of lines, tables and default. Untold, that of lines is the
            lowest of the tables.
    """

    lines: str
    tables: Mapping[str, str]
    told: frozenset[str]


@dataclass(frozen=True)
class Cutoffs:
    """What was over before these times goes.

    Attributes:
        lines: of lines; none of tables is later.
        tables: of the rows of each table whose rows go at all.
    """

    lines: datetime
    tables: Mapping[str, datetime]


def aged_tables() -> list[str]:
    """Names of the tables that can have an age: those whose rows have a time."""
    return [table.name for table in tables().values() if table.time and table.holds == "facts"]


def read_retention(said: object) -> Retention:
    """Return the ages that a configuration tells.

    Args:
        said: ages as '90 days' by the names of tables; lines, and default for all other tables.

    Raises:
        ValueError: a table is not known, or an age makes no sense; what, and a sample.
    """
    if not isinstance(said, dict) or not said:
        raise ValueError("not a table of ages", SAMPLE)
    names = aged_tables()
    for name, age in said.items():
        if name not in (LINES, DEFAULT, *names):
            raise ValueError(f"{name}: none of {LINES}, {DEFAULT}, {', '.join(names)}", SAMPLE)
        if not isinstance(age, str) or not AGE.fullmatch(age):
            raise ValueError(f"{name}: {age}: not a number of days, weeks, months or years", SAMPLE)
    ages = {name: said.get(name, said.get(DEFAULT)) for name in names}
    told = {name: age for name, age in ages.items() if age is not None}
    lines = said.get(LINES) or min(told.values(), key=_days)
    for name, age in told.items():
        if _days(age) < _days(lines):
            where = name if name in said else DEFAULT
            raise ValueError(f"{where}: {age}: lines stay for {lines}, and tell its rows", SAMPLE)
    return Retention(lines, told, frozenset(said))


def read_cutoffs(
    connection: duckdb.DuckDBPyConnection, retention: Retention, now: datetime
) -> Cutoffs:
    """Return the times before which lines and rows go.

    Args:
        connection: in whose zone months and years are counted.
        retention: how old they get.
        now: current time.
    """
    ages = {retention.lines, *retention.tables.values()}
    moments = {}
    for age in ages:
        row = connection.execute("select ?::timestamptz - ?::interval", [now, age]).fetchone()
        assert row is not None
        moments[age] = row[0]
    return Cutoffs(
        moments[retention.lines], {name: moments[age] for name, age in retention.tables.items()}
    )


def shown_ages(retention: Retention) -> list[tuple[str, str, bool]]:
    """Return name, age, and whether it was told for that name, of lines and tables."""
    ages = {LINES: retention.lines} | dict(retention.tables)
    return [(name, age, name in retention.told) for name, age in ages.items()]


def _days(age: str) -> float:
    match = AGE.fullmatch(age)
    assert match is not None
    return int(match["count"]) * DAYS[match["unit"]]
