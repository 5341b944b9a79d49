"""The steps of a piece: a statement whose inputs hold nothing is left out.

Planning a statement costs milliseconds whatever it finds, and a small piece needs few of them. What
a statement makes is empty where it is left out. What it needs is told by sql/ingest/steps.json.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Set
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import duckdb

from .columns import kinds_asked
from .kinds import IS_READ, POSTFIX_KIND, Present, calls, known_filters
from .statements import named_in_errors, parsed, run_sql, sql_texts

STEPS_FILE = "ingest/steps.json"

# The name of a temporary table or view that must hold rows, {"kinds": [...]} of which there must be
# a line, or ["and" | "or", ...] of such; None: nothing
Need = str | dict[str, list[str]] | list[Any] | None


@dataclass(frozen=True)
class Step:
    """What is known of a statement.

    Attributes:
        need: what it needs to give rows.
        makes: the temporary table or view that it makes; None if it writes into one that exists.
        empty: the statement that makes it empty.
    """

    need: Need
    makes: str | None
    empty: str | None


@cache
def known_steps(name: str, text: str) -> list[Step] | None:
    """What is known of the statements of an SQL file; None if it is not, or of another text."""
    found = _read_steps().get(name)
    if found is None or found["crc32"] != checksum(text):
        return None
    return [Step(step.get("need"), step.get("makes"), step.get("empty")) for step in found["steps"]]


@cache
def _read_steps() -> dict[str, Any]:
    steps: dict[str, Any] = json.loads(
        files("mailsql.sql").joinpath(STEPS_FILE).read_text(encoding="utf-8")
    )
    return steps


def checksum(text: str) -> int:
    """Return what tells whether an SQL file, and the kinds that it asks for, are those known."""
    return zlib.crc32(" ".join([text, *kinds_asked(text)]).encode())


class Steps:
    """Runs the steps of one piece over a connection.

    Attributes:
        connection: with the tables of the steps before.
        kinds: of the lines at hand; None if they are not known.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, kinds: Set[str] | None = None
    ) -> None:
        self.connection = connection
        self.kinds = kinds
        self._held: dict[str, bool] = {}

    def run(self, place: str) -> None:
        """Run the SQL files under a folder of sql/, in path order, or the one file named.

        Raises:
            duckdb.Error: one failed; its note is the name of the file.
        """
        for name, text in sql_texts(place):
            steps = known_steps(name, text)
            with named_in_errors(name):
                if steps is None:
                    run_sql(self.connection, f"ingest/{name}.sql")
                else:
                    self._run_steps(text, steps)

    def may_hold(self, name: str) -> bool:
        """Return whether a temporary table holds rows, as far as the steps that ran know."""
        return self._held.get(name, True)

    def _run_steps(self, text: str, steps: list[Step]) -> None:
        for number, step in enumerate(steps):
            if self._is_met(step.need):
                statements = parsed(self.connection, text, self._present(text))
                done = self.connection.execute(statements[number]).fetchone()
                # A view does not tell how much it holds
                holds = done is None or done[0] > 0
            elif step.empty is not None:
                self.connection.execute(step.empty)
                holds = False
            else:
                continue
            if step.makes is not None:
                is_added = step.empty is None and self._held.get(step.makes, True)
                self._held[step.makes] = holds or is_added

    def _present(self, text: str) -> Present | None:
        """What the lines may be that a file tells or reads: only their forms are planned."""
        if IS_READ in calls(text):
            kinds = self.connection.execute("select kind from new_kinds").fetchall()
            return Present(kinds=frozenset(kind for (kind,) in kinds))
        asked = kinds_asked(text)
        if asked and self.kinds is not None:
            return Present(kinds=frozenset(asked) & self.kinds)
        if POSTFIX_KIND not in calls(text):
            return None
        daemons, others = self.connection.execute(
            "select (select list(distinct coalesce(daemon, '')) from known_headers "
            "where family = 'postfix'), "
            "(select list(distinct daemon) from known_headers where family = 'other')"
        ).fetchall()[0]
        return Present(frozenset(daemons or ()), known_filters() & frozenset(others or ()))

    def _is_met(self, need: Need) -> bool:
        """Return whether there is what a statement needs, or it is not known."""
        match need:
            case None:
                return True
            case str():
                return self.may_hold(need)
            case {"kinds": kinds}:
                return self.kinds is None or not self.kinds.isdisjoint(kinds)
            case ["or", *needs]:
                return any(map(self._is_met, needs))
            case [_, *needs]:
                return all(map(self._is_met, needs))
        raise AssertionError(need)
