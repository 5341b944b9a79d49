"""Writes docs/tables.md: tables, views, reports and macros, as the database tells of itself.

Chapters are those of docs/tables.toml; all else are comments of objects and columns. What a column
leads to is said in its comment, in brackets. `make tables` runs it.
"""

from __future__ import annotations

import re
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

import mailsql

DOCS = Path(__file__).parent.parent / "docs"
CHAPTERS = DOCS / "tables.toml"
PAGE = DOCS / "tables.md"
# In the comment of what is no business of those who ask
INTERNAL = "(internal)"
IN_BRACKETS = re.compile(r"\((\w+)\)")
SHORT_TYPES = {"TIMESTAMP WITH TIME ZONE": "timestamptz"}


@dataclass(frozen=True)
class Column:
    """A column of a table or view."""

    name: str
    kind: str
    comment: str


@dataclass(frozen=True)
class Relation:
    """A table, view or report."""

    schema: str
    name: str
    sort: str
    comment: str
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Macro:
    """A macro; is_table: whether rows come of it."""

    name: str
    parameters: tuple[str, ...]
    is_table: bool
    comment: str


@dataclass(frozen=True)
class Join:
    """A column that holds the key of another table, or of its own."""

    table: str
    column: str
    other_table: str
    key: str


def read_relations(connection: duckdb.DuckDBPyConnection) -> dict[str, Relation]:
    """All tables, views and reports by name: reports with their schema."""
    columns: dict[tuple[str, str], list[Column]] = {}
    for schema, name, *told in connection.execute(
        "select schema_name, table_name, column_name, data_type, comment from duckdb_columns() "
        "where not internal order by schema_name, table_name, column_index"
    ).fetchall():
        columns.setdefault((schema, name), []).append(Column(*told))
    found = connection.execute(
        "select schema_name, table_name as name, 'table' as sort, comment from duckdb_tables() "
        "where not internal union all "
        "select schema_name, view_name, 'view', comment from duckdb_views() where not internal "
        "order by schema_name, name"
    ).fetchall()
    return {
        name if schema == "main" else f"{schema}.{name}": Relation(
            schema, name, sort, comment, tuple(columns[schema, name])
        )
        for schema, name, sort, comment in found
    }


def read_macros(connection: duckdb.DuckDBPyConnection) -> dict[str, Macro]:
    """All macros by name."""
    return {
        name: Macro(name, tuple(parameters), kind == "table_macro", comment)
        for name, kind, parameters, comment in connection.execute(
            "select function_name, function_type, parameters, comment from duckdb_functions() "
            "where not internal order by function_name"
        ).fetchall()
    }


def key_of(relation: Relation) -> str:
    """The column by which others name a row: the first one."""
    return relation.columns[0].name


def joins(relations: dict[str, Relation]) -> list[Join]:
    """What columns of keys lead to, and words that another table explains."""
    found = []
    for name, relation in relations.items():
        for column in relation.columns:
            named = [word for word in IN_BRACKETS.findall(column.comment) if word in relations]
            if not named or (named[-1] == name and column.name == key_of(relation)):
                continue
            key = key_of(relations[named[-1]])
            if column.name.endswith(("_key", "_of")) or column.name == key:
                found.append(Join(name, column.name, named[-1], key))
    return found


def page_text(connection: duckdb.DuckDBPyConnection) -> str:
    """Return the whole page.

    Raises:
        ValueError: a chapter names what there is not, or something stands in none or in two.
    """
    told = tomllib.loads(CHAPTERS.read_text(encoding="utf-8"))
    relations, macros = read_relations(connection), read_macros(connection)
    shown = [name for chapter in told["chapters"] for name in _names(chapter)]
    wanted = {name for name, relation in relations.items() if INTERNAL not in relation.comment}
    amiss = wanted.symmetric_difference(shown) | {name for name in shown if shown.count(name) > 1}
    amiss |= {name for chapter in told["chapters"] for name in chapter.get("macros", [])} - {
        *macros
    }
    if amiss:
        raise ValueError(f"{CHAPTERS.name}: not told, or not once: {', '.join(sorted(amiss))}")
    lines = [f"# {told['title']}", "", told["begins"].strip(), "", "## Contents", ""]
    lines += ["- [How they join](#how-they-join)"]
    for chapter in told["chapters"]:
        lines += [f"- [{chapter['title']}](#{_anchor(chapter['title'])}): {_links(chapter)}"]
    lines += ["", "## How they join", "", told["joins"].strip()]
    leading = joins(relations)
    for chapter in told["chapters"]:
        lines += ["", f"## {chapter['title']}"]
        lines += ["", chapter["words"].strip()] if "words" in chapter else []
        for name in _names(chapter):
            lines += _relation_lines(name, relations[name], leading)
        for name in chapter.get("macros", []):
            lines += _macro_lines(macros[name])
    internal = [name for name, relation in relations.items() if name not in wanted]
    lines += ["", "## Internal", "", told["internal"].strip(), ""]
    lines += [
        f"- `{name}`: {relations[name].comment.replace(f' {INTERNAL}', '')}" for name in internal
    ]
    return "\n".join(lines) + "\n"


def _names(chapter: dict[str, Any]) -> list[str]:
    """Names of the tables, views and reports of a chapter."""
    schema = f"{chapter['schema']}." if "schema" in chapter else ""
    return [schema + name for name in chapter.get("objects", [])]


def _links(chapter: dict[str, Any]) -> str:
    names = [*_names(chapter), *chapter.get("macros", [])]
    return ", ".join(map(_link, names))


def _link(name: str) -> str:
    return f"[{name.removeprefix('reports.')}](#{_anchor(name)})"


def _anchor(heading: str) -> str:
    """What GitHub makes of a heading in a link."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def _relation_lines(name: str, relation: Relation, leading: list[Join]) -> Iterator[str]:
    yield from ("", f"### {name}", "", f"{_shown(relation.comment)}.", "")
    onward = [
        f"`{join.column}` → {_link(join.other_table)}" for join in leading if join.table == name
    ]
    if onward:
        yield f"- Leads to: {', '.join(onward)}"
    # All lead to lines
    if name not in ("log_lines", "line_kinds"):
        named = [
            f"{_link(join.table)}" + (f" (`{join.column}`)" if join.column != join.key else "")
            for join in leading
            if join.other_table == name
        ]
        if named:
            yield f"- Key: `{key_of(relation)}`, which others name: {', '.join(named)}"
            onward += named
    yield from ([""] if onward else [])
    yield from ("| column | type | what it holds |", "|---|---|---|")
    for column in relation.columns:
        kind = SHORT_TYPES.get(column.kind, column.kind.lower())
        yield f"| `{column.name}` | {kind} | {_shown(column.comment)} |"


def _macro_lines(macro: Macro) -> Iterator[str]:
    call = f"{macro.name}({', '.join(macro.parameters)})"
    yield from ("", f"### {macro.name}", "")
    yield from (f"`{'from ' if macro.is_table else ''}{call}`", "")
    yield f"{_shown(macro.comment)}."


def _shown(comment: str) -> str:
    """A comment on one line, without a mark of Markdown and the stop at its end."""
    return re.sub(r"([|<>*\\])", r"\\\1", " ".join(comment.split()).removesuffix("."))


def written_page() -> str:
    """The page of the objects of this mailsql."""
    with (
        tempfile.TemporaryDirectory() as folder,
        mailsql.open_database(Path(folder) / "empty.duckdb", read_only=False) as connection,
    ):
        return page_text(connection)


if __name__ == "__main__":
    PAGE.write_text(written_page(), encoding="utf-8")
