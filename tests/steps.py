"""Writes sql/ingest/steps.json: what the statements of the ingest make, and what they need.

A statement whose inputs hold nothing gives nothing; loader/steps.py leaves it out. Which inputs
these are follows from its SQL: of a join that keeps no unmatched rows each side is needed, of a
union one branch, of a filter by kind a line of such a kind. `make steps` runs it, and the map.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any
from unittest.mock import patch

import mailsql
from mailsql.statements import parsed, quote_identifier, sql_texts
from mailsql.steps import STEPS_FILE, Need, Steps, checksum

from .conftest import NOW
from .ingest_map import write_map

SAMPLES = Path(__file__).parent.parent / "sample_logs"
# Of a host of the samples, in the midst of them
LATE_LINE = (
    "2022-07-26T08:30:00+09:00 mx1 dovecot: "
    "imap(alice@example.com)<4713><IQdzOm5Xy8PAAAIK>: Disconnected: Logged out in=40 out=700\n"
)

# Where the kinds of lines at hand come from; what they hold is known when a step runs
ROOTS = ("changed_lines", "work_lines", "earlier_lines", "lines")
MAKING = re.compile(r"create or replace temp (table|view) (\w+) as\s", re.IGNORECASE)
INSERTING = re.compile(r"insert into (\w+)(?: by name)?\s", re.IGNORECASE)
DELETING = re.compile(r"delete from (\w+)\s+(using|where)\s", re.IGNORECASE)
WRITING = re.compile(r"^(?:insert into|delete from|update) (\w+)", re.IGNORECASE)
UPDATING = re.compile(r"update (\w+)\s+set\s.*?\nfrom\s", re.IGNORECASE | re.DOTALL)
COMMENTS = re.compile(r"\s*(?:--[^\n]*\n\s*)*")


def conjunction(needs: Sequence[Need]) -> Need:
    """All of them; None is no need at all."""
    return joined("and", [need for need in needs if need is not None])


def disjunction(needs: Sequence[Need]) -> Need:
    """One of them."""
    return None if None in needs else joined("or", needs)


def joined(word: str, needs: Sequence[Need]) -> Need:
    flat: list[Any] = []
    for need in needs:
        parts = need[1:] if isinstance(need, list) and need[0] == word else [need]
        flat += [part for part in parts if part not in flat]
    if len(flat) < 2:
        return flat[0] if flat else None
    return [word, *flat]


def walk(node: Any) -> Iterator[dict[str, Any]]:
    """The expressions in an expression, those of subqueries not."""
    if isinstance(node, dict):
        if node.get("class") == "SUBQUERY":
            yield node
            yield from walk(node.get("child"))
            return
        if "class" in node:
            yield node
        for value in node.values():
            yield from walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from walk(value)


class Reader:
    """Runs statements, and reads what they make and need."""

    def __init__(self, steps: Steps) -> None:
        self.steps = steps
        self.connection = connection = steps.connection
        # Temp tables and views whose column `kind` is that of lines at hand
        self.carriers = set(ROOTS)
        # What views are made of: nothing may be written into that behind them
        self.seen: dict[str, str] = {}
        names = connection.execute(
            "select type_name from duckdb_types() "
            "where logical_type = 'ENUM' and type_name <> 'enum'"
        ).fetchall()
        self.enumerations = {
            str(connection.execute(f"select typeof(null::{name})").fetchone()[0]): name  # type: ignore[index]
            for (name,) in names
        }
        rows = connection.execute(
            "select function_name, function_type, macro_definition from duckdb_functions() "
            "where function_type in ('aggregate', 'macro')"
        ).fetchall()
        plain = {name for name, kind, _ in rows if kind == "aggregate"}
        self.aggregates = plain | {
            name
            for name, kind, text in rows
            if kind == "macro" and plain & set(re.findall(r"(\w+)\(", text or ""))
        }

    def step(self, statement: str) -> dict[str, Any]:
        """Run a statement; return what it makes and needs, as the file has it."""
        text = statement[COMMENTS.match(statement).end() :]  # type: ignore[union-attr]
        query = query_of(text)
        need, carries = self.need(self.parsed(query), {}) if query else (None, False)
        self.connection.execute(statement)
        making, inserting = MAKING.match(text), INSERTING.match(text)
        found: dict[str, Any] = {} if need is None else {"need": need}
        written = next(iter(WRITING.findall(text)), None)
        assert written not in self.seen, f"{written} is written into behind {self.seen[written]}"
        if making is not None:
            name = making[2]
            found |= {"makes": name, "empty": self.empty(making[1].lower(), name)}
            self.carriers |= {name} if carries else set()
            if making[1].lower() == "view":
                self.seen |= dict.fromkeys(names_in(need), name)
        elif inserting is not None and self.is_temporary(inserting[1]):
            found["makes"] = inserting[1]
        return found

    def is_temporary(self, name: str) -> bool:
        """Whether a table or view is of this piece only."""
        return self.columns(name)[0]

    def columns(self, name: str) -> tuple[bool, dict[str, str]]:
        """Whether a table or view is temporary, and its columns with their types."""
        rows = self.connection.execute(
            "select database_name = 'temp', column_name, data_type from duckdb_columns() "
            "where table_name = ? order by column_index",
            [name],
        ).fetchall()
        return bool(rows) and rows[0][0], {column: kind for _, column, kind in rows}

    def empty(self, sort: str, name: str) -> str:
        """The statement that makes a table or view empty."""
        columns = {
            quote_identifier(column): self.enumerations.get(kind, kind)
            for column, kind in self.columns(name)[1].items()
        }
        if sort == "table":
            listed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
            return f"create or replace temp table {name} ({listed})"
        listed = ", ".join(f"null::{kind} as {column}" for column, kind in columns.items())
        return f"create or replace temp view {name} as select {listed} where false"

    def parsed(self, query: str) -> dict[str, Any]:
        row = self.connection.execute("select json_serialize_sql(?::varchar)", [query]).fetchone()
        assert row is not None
        tree = json.loads(row[0])
        assert not tree["error"], tree
        node: dict[str, Any] = tree["statements"][0]["node"]
        return node

    def need(self, node: dict[str, Any], outer: dict[str, tuple[Need, bool]]) -> tuple[Need, bool]:
        """What a query needs to give rows, and whether its kinds are those of lines at hand."""
        known = dict(outer)
        for entry in node["cte_map"]["map"]:
            value = entry["value"]
            inner = value.get("query_node") or value["query"]["node"]
            known[entry["key"]] = self.need(inner, known)
        if node["type"] == "SET_OPERATION_NODE":
            children = node.get("children") or [node["left"], node["right"]]
            found = [self.need(child, known) for child in children]
            if node["setop_type"] in ("UNION", "UNION_BY_NAME"):
                return disjunction([need for need, _ in found]), all(is_ for _, is_ in found)
            return found[0][0], all(is_ for _, is_ in found)
        if node["type"] != "SELECT_NODE":
            return None, False
        from_need, carries = self.source(node["from_table"], known)
        needs = [from_need]
        for conjunct in conjuncts(node["where_clause"]):
            needs.append(self.condition(conjunct, known, carries=carries))
        for expression in node["select_list"]:
            if expression["alias"] == "kind" and expression["class"] != "COLUMN_REF":
                carries = False
        is_one_row = not node["group_expressions"] and any(
            found["class"] == "FUNCTION" and found["function_name"] in self.aggregates
            for found in walk(node["select_list"])
        )
        return None if is_one_row else conjunction(needs), carries

    def source(
        self, table: dict[str, Any], known: dict[str, tuple[Need, bool]]
    ) -> tuple[Need, bool]:
        if table["type"] == "BASE_TABLE":
            name = table["table_name"]
            if name in known:
                return known[name]
            is_temporary, columns = self.columns(name)
            carries = name in self.carriers or "kind" not in columns
            return (name if is_temporary else None), carries
        if table["type"] == "SUBQUERY":
            return self.need(table["subquery"]["node"], known)
        if table["type"] == "JOIN":
            left, left_carries = self.source(table["left"], known)
            right, right_carries = self.source(table["right"], known)
            carries = left_carries and right_carries
            if table["join_type"] in ("INNER", "SEMI"):
                return conjunction([left, right]), carries
            if table["join_type"] in ("LEFT", "ANTI"):
                return left, carries
            if table["join_type"] == "RIGHT":
                return right, carries
            return None, carries
        return None, table["type"] in ("TABLE_FUNCTION", "EMPTY")

    def condition(
        self, conjunct: dict[str, Any], known: dict[str, tuple[Need, bool]], *, carries: bool
    ) -> Need:
        """What a condition of a filter needs."""
        if conjunct["class"] == "SUBQUERY" and conjunct["subquery_type"] in ("ANY", "EXISTS"):
            return self.need(conjunct["subquery"]["node"], known)[0]
        found = list(walk(conjunct))
        references = [tuple(one["column_names"]) for one in found if one["class"] == "COLUMN_REF"]
        is_of_kind = bool(references) and all(names[-1] == "kind" for names in references)
        if not carries or not is_of_kind or any(one["class"] == "SUBQUERY" for one in found):
            return None
        for one in found:
            if one["class"] == "COLUMN_REF":
                one["column_names"] = ["kind"]
        asked = json.loads(
            self.connection.execute(
                "select json_serialize_sql('select kind from line_kinds where true')"
            ).fetchone()[0]  # type: ignore[index]
        )
        asked["statements"][0]["node"]["where_clause"] = conjunct
        text = self.connection.execute(
            "select json_deserialize_sql(?::json)", [json.dumps(asked)]
        ).fetchone()
        assert text is not None
        kinds = [kind for (kind,) in self.connection.execute(text[0]).fetchall()]
        assert kinds, f"of no kind: {text[0]}"
        return {"kinds": sorted(kinds)}


def names_in(need: Need) -> Iterator[str]:
    """The tables and views that a need names."""
    if isinstance(need, str):
        yield need
    elif isinstance(need, list):
        for part in need[1:]:
            yield from names_in(part)


def conjuncts(condition: dict[str, Any] | None) -> list[dict[str, Any]]:
    if condition is None:
        return []
    if condition["type"] == "CONJUNCTION_AND":
        return [part for child in condition["children"] for part in conjuncts(child)]
    return [condition]


def query_of(text: str) -> str | None:
    """The query that gives the rows that a statement writes or changes."""
    making = MAKING.match(text) or INSERTING.match(text)
    if making is not None:
        return text[making.end() :]
    deleting = DELETING.match(text)
    if deleting is not None:
        word = ", " if deleting[2].lower() == "using" else " where "
        return f"select 1 from {deleting[1]}{word}{text[deleting.end() :]}"
    updating = UPDATING.match(text)
    if updating is not None:
        return f"select 1 from {updating[1]}, {text[updating.end() :]}"
    return None


def written_steps() -> str:
    """The text of the file: per SQL file its checksum, and what its statements make and need."""
    known: dict[str, Any] = {}
    reader: Reader | None = None

    def note(steps: Steps, place: str) -> None:
        nonlocal reader
        if reader is None or reader.steps is not steps:
            reader = Reader(steps)
        for name, text in sql_texts(place):
            noted = [reader.step(statement.query) for statement in parsed(reader.connection, text)]
            known[name] = {"crc32": checksum(text), "steps": noted}

    with tempfile.TemporaryDirectory() as folder, patch.object(Steps, "run", note):
        late = Path(folder) / "late.log"
        late.write_text(LATE_LINE)
        for log in (SAMPLES, late):
            mailsql.load([str(log)], Path(folder) / "mail.duckdb", now=NOW)
    return "{\n" + ",\n".join(map(file_text, sorted(known.items()))) + "\n}\n"


def file_text(entry: tuple[str, dict[str, Any]]) -> str:
    """What is known of an SQL file, a line per statement."""
    name, known = entry
    steps = ",\n".join(f"  {json.dumps(step)}" for step in known["steps"])
    return f' {json.dumps(name)}: {{"crc32": {known["crc32"]}, "steps": [\n{steps}\n ]}}'


if __name__ == "__main__":
    Path(str(files("mailsql.sql").joinpath(STEPS_FILE))).write_text(written_steps())
    write_map()
