"""A database -> one without what was logged before a day, in a file that takes its place.

What goes on after that day stays whole: messages, their connections and families. The rows are
derived again from the lines that are left, so that they say what these say and nothing else.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, pairwise
from pathlib import Path

import duckdb

from .aged_rows import aged_counts, choose_aged_rows
from .database import WAIT_SECONDS, open_database
from .derive_again import Progress, check_tables
from .erased import erased_in
from .errors import DatabaseError
from .memory import Memory, usual_memory
from .pruned import Run, count_in
from .pruned_tree import PrunedTree, kept_hashes, kept_root, leaves_of
from .prunings import add_pruning
from .reparse import derive_from
from .replacement import replaced
from .statements import quote_identifier, quote_text, run_sql
from .stored_bytes import (
    LineCursor,
    StoredBatch,
    first_line_in,
    leaves_there,
    stored_batches,
    stored_lines,
)
from .table_list import tables

SESSIONS = ("pop3_sessions", "imap_sessions", "service_sessions")


class _NothingGoesError(Exception):
    """All that was logged before is gone already, or goes on."""


@dataclass(frozen=True)
class Pruned:
    """What pruning did; where nothing went the database is as it was.

    Attributes:
        line_count: lines that went.
        rows: how many rows of each table went.
        byte_count: by which the file is smaller.
    """

    line_count: int
    rows: Mapping[str, int]
    byte_count: int

    @property
    def row_count(self) -> int:
        """How many rows went."""
        return sum(self.rows.values())


def prune(
    database: Path,
    before: datetime,
    tell: Callable[[str], None],
    *,
    now: datetime,
    lines_only: bool = False,
    cutoffs: Mapping[str, datetime] | None = None,
    wait_seconds: float = WAIT_SECONDS,
    on_wait: Callable[[str], None] | None = None,
    progress: Progress | None = None,
    memory: Memory | None = None,
) -> Pruned:
    """Remove what was logged before a time, and does not go on after it.

    Killed at any moment, the database is as before or as after.

    Args:
        database: the DuckDB file.
        before: lines of this time and later stay.
        tell: told what is done, and the room that it takes.
        now: current time.
        lines_only: whether only lines go, and what they told stays in the tables.
        cutoffs: of tables whose rows go as well, once their lines are gone and they were over
            before; only lines_only.
        wait_seconds: for how long to wait where another process holds it.
        on_wait: told who holds it when waiting begins.
        progress: told how far it is.
        memory: that may be taken; a share of the machine's if None.

    Raises:
        HeldError: another process holds it.
        DatabaseError: it cannot be opened, its lines were changed since they were loaded, or there
            is no room.
    """
    deadline = time.monotonic() + wait_seconds
    allowed = memory or usual_memory()
    open_database(
        database, read_only=False, creates=False, wait_seconds=wait_seconds, on_wait=on_wait
    ).close()
    size = database.stat().st_size
    what = f"pruning what was logged before {before:%Y-%m-%d %H:%M}"
    left = max(0.0, deadline - time.monotonic())
    try:
        with replaced(database, what, tell, left, on_wait) as new:
            with open_database(new, read_only=False) as connection:
                connection.execute("set enable_external_access = false")
                connection.execute(f"set memory_limit = '{allowed.engine_limit}'")
                check_tables(connection, "mail", str(database))
                line_count = _choose(connection, before, lines_only=lines_only)
                if cutoffs:
                    choose_aged_rows(connection, cutoffs, runs="pruned_runs")
                    is_any = bool(line_count or _count(connection, "aged_rows"))
                else:
                    is_any = bool(line_count or _count(connection, "altered_runs"))
                if not is_any:
                    raise _NothingGoesError
                connection.execute("begin")
                _keep_hashes(connection)
                connection.execute("delete from pruned_lines")
                connection.execute("insert into pruned_lines by name from pruned_runs")
                _cut_endings(connection)
                connection.execute("commit")
                rows_before = _count_rows(connection)
            derive_from(new, database, progress, allowed, cutoffs=cutoffs)
            with open_database(new, read_only=False) as connection:
                rows_after = _count_rows(connection)
                rows = {name: count - rows_after[name] for name, count in rows_before.items()}
                connection.execute("begin")
                if cutoffs:
                    connection.execute(_views())
                    run_sql(connection, "prune/9_empty_runs.sql")
                gone = Pruned(line_count, {name: count for name, count in rows.items() if count}, 0)
                _say(connection, gone, now, before, cutoffs, lines_only=lines_only)
                connection.execute("commit")
                connection.execute("force checkpoint")
    except _NothingGoesError:
        return Pruned(0, {}, 0)
    return replace(gone, byte_count=size - database.stat().st_size)


def count_prunable(
    connection: duckdb.DuckDBPyConnection,
    before: datetime,
    *,
    lines_only: bool = False,
    cutoffs: Mapping[str, datetime] | None = None,
) -> Pruned:
    """Return what pruning would remove, whose arguments these are, without removing it."""
    line_count = _choose(connection, before, lines_only=lines_only)
    if cutoffs:
        choose_aged_rows(connection, cutoffs, runs="pruned_runs")
        return Pruned(line_count, aged_counts(connection), 0)
    if lines_only:
        return Pruned(line_count, {}, 0)
    rows = connection.execute(
        "select table_name, count(*) from row_keys "
        "semi join pruned_runs on row_key between first_line_key and last_line_key "
        "and not has_rows group by table_name"
    ).fetchall()
    counts = dict(rows)
    return Pruned(line_count, {name: counts[name] for name in tables() if name in counts}, 0)


def _say(
    connection: duckdb.DuckDBPyConnection,
    gone: Pruned,
    now: datetime,
    before: datetime,
    cutoffs: Mapping[str, datetime] | None,
    *,
    lines_only: bool,
) -> None:
    """Keep what went, and make it a link of the chain of hashes."""
    if not cutoffs:
        what = "lines" if lines_only else "rows"
        add_pruning(connection, now, what, before, gone.line_count, gone.row_count)
        return
    if gone.line_count:
        add_pruning(connection, now, "lines", before, gone.line_count, 0)
    for name, count in gone.rows.items():
        add_pruning(connection, now, name, cutoffs.get(name), 0, count)


def _choose(connection: duckdb.DuckDBPyConnection, before: datetime, *, lines_only: bool) -> int:
    """Make the temporary table pruned_runs, and return how many lines go now."""
    connection.execute("set variable prune_before = ?::timestamptz", [before])
    connection.execute("set variable rows_stay = ?", [lines_only])
    connection.execute(_views())
    run_sql(connection, "prune/1_pruned_times.sql")
    run_sql(connection, "prune/2_going_on.sql")
    while _count(connection, "newly_kept_rows"):
        run_sql(connection, "prune/3_kept_with_them.sql")
    for step in ("4_kept_lines", "5_newly_pruned", "6_stood_behind"):
        run_sql(connection, f"prune/{step}.sql")
    return _count(connection, "newly_pruned")


def _views() -> str:
    """SQL of temporary views: keys, times, lines and links of all rows, and times of sessions."""
    facts = [table for table in tables().values() if table.holds == "facts"]

    def row_of(name: str, key: str) -> str:
        return f"{quote_text(name)} as table_name, {quote_identifier(key)} as row_key"

    times = [
        f"select {row_of(table.name, table.key[0])}, {table.time} as logged_at "
        f"from main.{quote_identifier(table.name)}"
        for table in facts
        if table.time is not None
    ]
    lines = [
        f"select {row_of(table.name, table.key[0])}, {quote_identifier(column)} as line_key "
        f"from main.{quote_identifier(table.name)} where {quote_identifier(column)} is not null"
        for table in facts
        for column in dict.fromkeys(
            [table.key[0], table.line_column, *([table.placed] if table.placed else [])]
        )
    ]
    links = [
        f"select {row_of(table.name, table.key[0])}, {quote_text(target)} as target_name, "
        f"{quote_identifier(column)} as target_key from main.{quote_identifier(table.name)} "
        f"where {quote_identifier(column)} is not null"
        for table in facts
        for column, target in table.leads_to.items()
    ]
    sessions = [
        f"select {quote_text(name)} as table_name, session_key, login_at, logout_at "
        f"from main.{quote_identifier(name)}"
        for name in SESSIONS
    ]
    keys = [
        f"select {row_of(table.name, table.key[0])} from main.{quote_identifier(table.name)}"
        for table in facts
    ]
    views = {
        "row_keys": keys,
        "row_times": times,
        "row_lines": lines,
        "row_links": links,
        "session_times": sessions,
    }
    return "".join(
        f"create or replace temp view {view} as {' union all '.join(queries)};\n"
        for view, queries in views.items()
    )


def _count(connection: duckdb.DuckDBPyConnection, rows: str) -> int:
    found = connection.execute(f"select count(*) from {rows}").fetchone()
    assert found is not None
    return int(found[0])


def _count_rows(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """How many rows each table has that hold what lines tell."""
    return {
        table.name: _count(connection, quote_identifier(table.name))
        for table in tables().values()
        if table.holds == "facts"
    }


def _keep_hashes(connection: duckdb.DuckDBPyConnection) -> None:
    """Keep of each batch of which only some lines are left what proves these.

    Raises:
        DatabaseError: one is not as it was loaded.
    """
    erased = (
        "select line_key as first_line_key, line_key as last_line_key from erased_lines "
        "anti join {} as runs on line_key between runs.first_line_key and runs.last_line_key"
    )
    then, until_now = (
        f"(select first_line_key, last_line_key from {runs} union all {erased.format(runs)})"
        for runs in ("pruned_runs", "pruned_lines")
    )
    keep_hashes(connection, then, until_now, "nothing was pruned")


def keep_hashes(
    connection: duckdb.DuckDBPyConnection, then: str, until_now: str, nothing_done: str
) -> None:
    """Keep what proves the lines that stay as they were loaded, of batches in which others go.

    Args:
        connection: of the database, in which they are still as they are.
        then: SQL of the runs that then are gone or changed (pruned_lines).
        until_now: SQL of those that are already.
        nothing_done: told if one was changed before.

    Raises:
        DatabaseError: one is not as it was loaded.
    """
    runs_then = _runs_of(connection, then)
    runs_before = _runs_of(connection, until_now)
    wholly_gone: list[int] = []
    for file_key, runs in runs_then.items():
        gone_before = runs_before.get(file_key, [])
        if runs == gone_before:
            continue
        before: StoredBatch | None = None
        batches = chain([*stored_batches(connection, file_key)], [None])
        for batch, behind in pairwise(batches):
            assert batch is not None
            gone = leaves_of(batch, before, runs)
            leaf_count = batch.last_line_no - first_line_in(batch, before) + 1
            if count_in(gone) == leaf_count:
                wholly_gone.append(batch.batch_key)
            # Where no more of it goes its hashes are there
            elif gone != leaves_of(batch, before, gone_before):
                _keep_hashes_of(
                    connection, batch, before, behind, gone, bool(runs_before), nothing_done
                )
            before = batch
    for name in ("pruned_hashes", "pruned_batches"):
        connection.execute(
            f"delete from {name} where batch_key in (select unnest(?::integer[]))", [wholly_gone]
        )


def _runs_of(connection: duckdb.DuckDBPyConnection, table: str) -> dict[int, list[Run]]:
    """Return the runs of each stream, as long as they can be."""
    runs: dict[int, list[Run]] = {}
    for file_key, first, last in connection.execute(
        "select first_line_key >> 32, first_line_key & 4294967295, last_line_key & 4294967295 "
        f"from {table} order by first_line_key"
    ).fetchall():
        gone = runs.setdefault(file_key, [])
        # Next to each other they are one to the tree, whatever is left of their rows
        if gone and gone[-1][1] + 1 == first:
            first = gone.pop()[0]
        gone.append((first, last))
    return runs


def _keep_hashes_of(
    connection: duckdb.DuckDBPyConnection,
    batch: StoredBatch,
    before: StoredBatch | None,
    behind: StoredBatch | None,
    gone: list[Run],
    pruned_before: bool,
    nothing_done: str,
) -> None:
    """Keep what proves the lines that are left of a batch."""
    first = first_line_in(batch, before)
    leaf_count = batch.last_line_no - first + 1
    root = kept_root(connection, batch)
    kept = kept_hashes(connection, batch.batch_key) if pruned_before else {}
    connection.execute("delete from pruned_hashes where batch_key = ?", [batch.batch_key])
    tree = PrunedTree(batch, leaf_count, kept)
    digest = hashlib.sha256()
    cursor = LineCursor(stored_lines(connection, batch.file_key, first, batch.last_line_no))
    erased = erased_in(connection, batch.file_key)
    for line_no, leaf in leaves_there(cursor, batch, before, behind):
        if line_no in erased:
            continue
        tree.add(line_no - first, leaf)
        digest.update(leaf)
    found = tree.root()
    is_whole = digest.hexdigest() == batch.sha256 if root is None else found is not None
    if found is None or not is_whole or root not in (None, found.hex()):
        raise DatabaseError(
            f"lines {first:,} to {batch.last_line_no:,} of log {batch.file_key} are not as they "
            "were loaded",
            f"mailsql check tells more; {nothing_done}",
        )
    if batch.root is None and root is None:
        connection.execute(
            "insert into pruned_batches values (?, ?)", [batch.batch_key, found.hex()]
        )
    hashes = []
    for branch in tree.covering(gone):
        value = tree.hash_of(branch)
        assert value is not None
        hashes.append((*branch, value.hex()))
    connection.execute(
        "insert into pruned_hashes select ?::integer, unnest(?::integer[]), unnest(?::bigint[]), "
        "unnest(?::varchar[])",
        [batch.batch_key, *map(list, zip(*hashes, strict=True))],
    )


def _cut_endings(connection: duckdb.DuckDBPyConnection) -> None:
    """Forget how lines ended of which none of the run is left."""
    connection.execute(
        "delete from line_endings where exists (select 1 from pruned_lines where "
        "line_endings.first_line_key >= pruned_lines.first_line_key "
        "and line_endings.last_line_key <= pruned_lines.last_line_key)"
    )
