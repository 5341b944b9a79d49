"""Whether the tables are right: the queries of sql/checks, which return no row as long as they are,
and all rows derived once more from the lines.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from .changes import changed_batches
from .compare import compare_tables
from .database import WAIT_SECONDS, speaking_of
from .derive import Deriver, Target
from .derive_again import (
    LinesError,
    Progress,
    check_tables,
    copy_loaded_tables,
    derive_stored,
)
from .language import Language, Texts, read_texts
from .memory import Memory, usual_memory
from .objects import __version__
from .output import format_json, format_rows
from .private import OWNER_ONLY, created_with
from .room import look_for_room
from .statements import sql_files
from .table_list import compared_tables, list_views
from .visible import one_line

SHOWN_ROWS = 10


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Attributes:
        check: its name.
        claim: what is to hold, in words.
        names: of the columns of rows.
        rows: the first ones that say otherwise.
        row_count: how many there are.
    """

    check: str
    claim: str
    names: list[str]
    rows: Sequence[tuple[object, ...]]
    row_count: int


def run_checks(
    connection: duckdb.DuckDBPyConnection,
    tell: Callable[[str], None],
    language: Language = Language.EN,
    keep: Callable[[Finding], None] | None = None,
) -> int:
    """Run every check, tell how it went, and return how many found rows.

    Args:
        connection: an open mailsql database.
        tell: told in words how it went, unless that is kept.
        language: of the words.
        keep: given what each check found.
    """
    words = read_texts("checks", language)
    failures = 0
    connection.execute(list_views())
    for file in sql_files("checks"):
        result = connection.execute(file.read_text(encoding="utf-8"))
        names = [column[0] for column in result.description or []]
        rows = result.fetchall()
        check = file.name.removesuffix(".sql")
        found = Finding(check, words.say(check), names, rows[:SHOWN_ROWS], len(rows))
        failures += _tell(found, words, tell, keep)
    (copies,) = connection.execute("select count(copy_of) from raw_lines").fetchone() or (0,)
    if copies:
        tell(words.say("copies", count=copies))
    (pruned,) = connection.execute(
        "select coalesce(sum(last_line_key - first_line_key + 1), 0)::bigint from pruned_lines"
    ).fetchone() or (0,)
    if pruned:
        tell(words.say("pruned", count=pruned))
    return failures


def check_lines(
    connection: duckdb.DuckDBPyConnection,
    tell: Callable[[str], None],
    language: Language = Language.EN,
    keep: Callable[[Finding], None] | None = None,
) -> int:
    """Compare lines with the hashes of their batches, tell what was changed, and return 0 or 1.

    The arguments are those of run_checks.
    """
    words = read_texts("checks", language)
    changes = [
        (
            one_line(change.path),
            change.batch_key,
            change.first_line_no,
            change.last_line_no,
            ", ".join(change.differs),
        )
        for change in changed_batches(connection)
    ]
    names = ["path", "batch_key", "first_line_no", "last_line_no", "differs"]
    check = "lines_as_loaded"
    found = Finding(check, words.say(check), names, changes[:SHOWN_ROWS], len(changes))
    return _tell(found, words, tell, keep)


def findings_json(findings: Sequence[Finding]) -> str:
    """Return what checks found as one line of JSON: a list with, for each, its name, its claim,
    whether it holds, how many rows say otherwise, and the first ten of them.
    """
    told = [
        {
            "check": found.check,
            "claim": found.claim,
            "holds": not found.row_count,
            "row_count": found.row_count,
            "rows": [dict(zip(found.names, row, strict=True)) for row in found.rows],
        }
        for found in findings
    ]
    return format_json(told) + "\n"


def check_rows(
    database: Path,
    directory: Path,
    tell: Callable[[str], None],
    *,
    wait_seconds: float = WAIT_SECONDS,
    progress: Progress | None = None,
    language: Language = Language.EN,
    keep: Callable[[Finding], None] | None = None,
    memory: Memory | None = None,
) -> int:
    """Derive all rows again into a database that is removed, tell in which tables they differ.

    Returns how many tables differ. The database is only read, and held against loads meanwhile.

    Args:
        database: the DuckDB file, of which every line of every stream is there once.
        directory: where the other database is made.
        tell: told what is done, and how it went.
        wait_seconds: for how long to wait where another process writes to it.
        progress: told how far it is.
        language: of what is told of tables.
        keep: given what was found of each table, which is not told then.
        memory: that may be taken; a share of the machine's if None.

    Raises:
        HeldError: another process writes to it.
        DatabaseError: a table is none of mailsql's, or there is no room.
    """
    words = read_texts("checks", language)
    look_for_room(database, directory, "deriving all rows again", tell)
    with (
        tempfile.TemporaryDirectory(dir=directory, prefix=f".{database.name}-") as place,
        created_with(OWNER_ONLY),
        speaking_of(database),
    ):
        target = Target(
            Path(place) / database.name,
            stored=database,
            wait_seconds=wait_seconds,
            memory=memory or usual_memory(),
        )
        deriver = Deriver(target)
        try:
            check_tables(deriver.connection, "stored", str(database))
            copy_loaded_tables(deriver.connection)
            deriver.show_site()
            try:
                derive_stored(deriver, progress)
            except LinesError as error:
                claim = words.say("underivable", fault=error)
                return _tell(Finding("rows_as_derived", claim, [], (), 1), words, tell, keep)
            return _compare(deriver.connection, words, tell, keep, progress)
        finally:
            deriver.connection.close()


def _compare(
    connection: duckdb.DuckDBPyConnection,
    words: Texts,
    tell: Callable[[str], None],
    keep: Callable[[Finding], None] | None,
    progress: Progress | None,
) -> int:
    """Tell which stored tables differ from the derived ones, and return how many."""
    connection.execute("set TimeZone = 'UTC'")
    tables = compared_tables()
    done = 0

    def tell_table() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress("comparing", len(tables), done)

    failures = 0
    for compared in compare_tables(connection, tables, SHOWN_ROWS, tell_table):
        rows = [(one.key, one.column, one.stored, one.derived) for one in compared.differences]
        names = ["key", "column", "stored", "derived"]
        claim = words.say("rows_as_derived", table=compared.table)
        found = Finding("rows_as_derived", claim, names, rows, compared.row_count)
        failures += _tell(found, words, tell, keep)
    if failures:
        older = connection.execute(
            "select distinct mailsql_version from load_batches where mailsql_version <> ? "
            "order by 1",
            [__version__],
        ).fetchall()
        if older:
            versions = ", ".join(str(version) for (version,) in older)
            tell(words.say("versions", versions=versions, version=__version__))
    return failures


def _tell(
    found: Finding,
    words: Texts,
    tell: Callable[[str], None],
    keep: Callable[[Finding], None] | None,
) -> int:
    """Tell whether a claim holds, and what says otherwise, or keep it; return 0 or 1."""
    if keep is not None:
        keep(found)
        return int(bool(found.row_count))
    tell(words.say("fails" if found.row_count else "holds", claim=found.claim))
    if found.rows:
        tell(format_rows(found.names, found.rows, language=words.language).rstrip())
    if found.row_count > SHOWN_ROWS:
        tell(words.say("more_rows", count=found.row_count - SHOWN_ROWS))
    return int(bool(found.row_count))
