"""Stored lines of another database -> rows derived again: all tables follow from the lines and from
what was told when they were loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import pairwise

import duckdb

from .aged_rows import choose_aged_rows
from .cut_loose import cut_loose
from .derive import Deriver, Piece
from .errors import DatabaseError
from .objects import table_columns
from .pruned import PrunedRun, count_in, pruned_runs, runs_between
from .settings import Stretch, date_at, read_stretches
from .statements import quote_identifier, quote_text, run_sql
from .table_list import tables

# What is read of a database when rows are derived again
READ_COLUMNS = {
    "raw_lines": ("line_key", "line"),
    "log_files": ("file_key", "branch_of", "loaded_lines", "first_logged_at"),
    "load_batches": ("batch_key", "file_key", "first_line_no", "first_byte", "last_byte"),
}
# Told what is done now, how much of it there is, and how much has been done
Progress = Callable[[str, int, int], None]


class LinesError(DatabaseError):
    """Lines are missing or doubled, or nothing says how they are to be read."""


@dataclass(frozen=True)
class StoredPiece(Piece):
    """Lines that are stored in the database attached as `stored`.

    Attributes:
        runs: first and last line of each run of them; between runs lines were pruned.
    """

    runs: tuple[tuple[int, int], ...]

    def show(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make its lines the view read_lines.

        Raises:
            LinesError: one is missing, or there is another with its key.
        """
        first = self.file_key * 2**32
        runs = [(first + begin, first + end) for begin, end in self.runs]
        connection.execute("set variable first_stored_key = ?::bigint", [runs[0][0]])
        connection.execute("set variable last_stored_key = ?::bigint", [runs[-1][1]])
        if len(runs) == 1:
            run_sql(connection, "ingest/0_macros/loaded_key.sql")
            run_sql(connection, "ingest/stored_lines.sql")
        else:
            connection.execute(
                "set variable stored_runs = ?::struct(first_key bigint, last_key bigint)[]",
                [[{"first_key": begin, "last_key": end} for begin, end in runs]],
            )
            run_sql(connection, "ingest/stored_keys.sql")
            run_sql(connection, "ingest/stored_parts.sql")
        counted = connection.execute(
            "select count(*), count(distinct line_key) from stored.main.raw_lines where line_key "
            "between getvariable('first_stored_key') and getvariable('last_stored_key')"
            + (" and line_key in (select line_key from stored_keys)" if len(runs) > 1 else "")
        ).fetchone()
        if counted != (self.line_count, self.line_count):
            raise LinesError(
                f"not each of the lines {self.first_line_no:,} to "
                f"{self.runs[-1][1]:,} of log {self.file_key} is there once",
                "mailsql check --quick says more; load the logs into a new database",
            )

    def halves(self) -> Iterator[StoredPiece]:
        """Cut it in two."""
        left = self.line_count // 2
        runs: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([], [])
        for first, last in self.runs:
            cut = min(last, first + left - 1)
            if first <= cut:
                runs[0].append((first, cut))
            if cut < last:
                runs[1].append((cut + 1, last))
            left -= cut - first + 1
        for half in runs:
            yield replace(
                self, first_line_no=half[0][0], line_count=count_in(half), runs=tuple(half)
            )


@dataclass(frozen=True)
class _Stream:
    """A stream and its batches: first line and bytes of each."""

    file_key: int
    branch_of: int | None
    loaded_lines: int
    batches: list[tuple[int, int]]


def check_tables(connection: duckdb.DuckDBPyConnection, database: str, name: str) -> None:
    """Refuse a database of which a table is not as mailsql makes it, before its rows are read.

    Args:
        connection: with the database.
        database: what it is attached as.
        name: of it, for the user.

    Raises:
        DatabaseError: one is a view, or has columns that are not mailsql's.
    """
    with duckdb.connect() as empty:
        run_sql(empty, "tables")
        ours = _definitions(empty, "memory")
    found = _definitions(connection, database)
    for table in tables():
        if found.get(table) != ours[table]:
            raise DatabaseError(
                f"{name}: {table} is not the table that mailsql makes",
                "undo what was changed in its columns, or load the logs into a new database",
            )


def check_read_tables(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Refuse a `stored` of an older mailsql of which lines and batches cannot be read.

    Raises:
        DatabaseError: they are no tables, or others than they are now.
    """
    found = table_columns(connection, "stored")
    with duckdb.connect() as empty:
        run_sql(empty, "tables")
        ours = table_columns(empty)
    for table, columns in READ_COLUMNS.items():
        for column in columns:
            if table not in found or found[table].get(column) != ours[table][column]:
                raise DatabaseError(
                    f"{name}: {table}.{column} is not what mailsql makes",
                    "load the logs into a new database",
                )


def _definitions(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, str]:
    """SQL of each table of a database, by its name."""
    return dict(
        connection.execute(
            "select table_name, sql from system.main.duckdb_tables() "
            "where system.main.lower(database_name) = ? and schema_name = 'main'",
            [database],
        ).fetchall()
    )


def count_lines(connection: duckdb.DuckDBPyConnection, database: str) -> int:
    """How many lines the database attached under a name holds."""
    row = connection.execute(f"select count(*) from {database}.main.raw_lines").fetchone()
    assert row is not None
    return int(row[0])


def derive_stored(
    deriver: Deriver,
    progress: Progress | None = None,
    cutoffs: Mapping[str, datetime] | None = None,
) -> int:
    """Derive all rows from the lines of `stored`, and return how many lines that holds.

    Args:
        deriver: of a database that holds the same of what was loaded, and no derived row.
        progress: told how far it is, after each piece.
        cutoffs: by table: rows of pruned lines that were over before go.

    Raises:
        LinesError: lines are missing or doubled.
        duckdb.Error: something failed that no line is to blame for.
    """
    pruned = pruned_runs(deriver.connection)
    line_count = _count_left(deriver.connection)
    derived_count = 0
    deriver.connection.execute(
        "update log_files set first_logged_at = null, last_logged_at = null, last_local_date = null"
    )
    stretches: dict[int, list[Stretch]] = {}
    for stretch in read_stretches(deriver.connection):
        stretches.setdefault(stretch.file_key, []).append(stretch)
    streams = _read_streams(deriver.connection)
    for stream in _in_order(streams):
        failed_steps: list[str] = []
        prepared = None
        if stream.file_key not in stretches:
            raise LinesError(
                f"nothing says what the lines of log {stream.file_key} are read with",
                "load the logs into a new database",
            )
        date_before = _date_before(deriver.connection, streams, stream)
        gaps = pruned.get(stream.file_key, [])
        for stretch, gap, runs in (
            (stretch, gap, runs)
            for stretch, first_line_no, end in _cut(
                stream, stretches[stream.file_key], deriver.target.memory.batch_bytes
            )
            for gap, runs in runs_between(gaps, first_line_no, end - 1)
        ):
            if stretch is not prepared:
                deriver.prepare(stretch)
                prepared = stretch
            if gap is not None:
                _go_on_behind(deriver.connection, stream.file_key, gap)
            if not runs:
                continue
            piece = StoredPiece(
                stream.file_key,
                runs[0][0],
                count_in(runs),
                stretch.settings,
                date_before,
                tuple(runs),
            )
            for derived in deriver.derive(piece, failed_steps):
                derived_count += derived.line_count
                if progress is not None:
                    progress("deriving", line_count, derived_count)
            # Everything is written once: merging row groups would write most of it twice
            deriver.connection.execute("set max_vacuum_tasks = 0")
    _keep_rows_of_pruned_lines(deriver.connection, cutoffs or {})
    return line_count


def _count_left(connection: duckdb.DuckDBPyConnection) -> int:
    """How many lines of `stored` are in no pruned run."""
    row = connection.execute(
        "select count(*) from stored.main.raw_lines inner join pruned_lines "
        "on raw_lines.line_key between pruned_lines.first_line_key and pruned_lines.last_line_key"
    ).fetchone()
    assert row is not None
    return count_lines(connection, "stored") - int(row[0])


def _go_on_behind(connection: duckdb.DuckDBPyConnection, file_key: int, gap: PrunedRun) -> None:
    """Let a stream stand as it stood behind lines that were pruned."""
    connection.execute(
        "update log_files set first_logged_at = coalesce(first_logged_at, ?::timestamptz), "
        "last_logged_at = coalesce(?::timestamptz, last_logged_at), "
        "last_local_date = coalesce(?::date, last_local_date) where file_key = ?",
        [gap.first_logged_at, gap.last_logged_at, gap.last_local_date, file_key],
    )


def _keep_rows_of_pruned_lines(
    connection: duckdb.DuckDBPyConnection, cutoffs: Mapping[str, datetime]
) -> None:
    """Copy from `stored` the rows of lines that are not there any more, and count with them."""
    if connection.execute("select 1 from pruned_lines where has_rows limit 1").fetchone() is None:
        return
    aged = ""
    if cutoffs:
        choose_aged_rows(connection, cutoffs, "stored")
        aged = "and kept.{key} not in (select row_key from aged_rows where table_name = {name})"
    for table in tables().values():
        if table.holds == "facts":
            name, key = quote_identifier(table.name), quote_identifier(table.key[0])
            connection.execute(
                f"insert into main.{name} by name select kept.* from stored.main.{name} as kept "
                f"inner join pruned_lines on kept.{key} between pruned_lines.first_line_key "
                "and pruned_lines.last_line_key where pruned_lines.has_rows "
                + aged.format(key=key, name=quote_text(table.name))
            )
    if cutoffs:
        cut_loose(connection)
        return
    run_sql(connection, "prune/7_counts.sql")


def _read_streams(connection: duckdb.DuckDBPyConnection) -> dict[int, _Stream]:
    """All streams by their key, in the order of their first times as they are stored."""
    streams = {
        row[0]: _Stream(row[0], row[1], row[2], [])
        for row in connection.execute(
            "select log_files.file_key, parents.file_key, log_files.loaded_lines "
            "from stored.main.log_files left join stored.main.log_files as parents "
            # A branch is always loaded after its stream
            "on log_files.branch_of = parents.file_key and parents.file_key < log_files.file_key "
            "order by log_files.first_logged_at nulls first, log_files.file_key"
        ).fetchall()
    }
    for file_key, first_line_no, byte_count in connection.execute(
        "select file_key, first_line_no, last_byte - first_byte + 1 from stored.main.load_batches "
        "order by batch_key"
    ).fetchall():
        if file_key in streams:
            streams[file_key].batches.append((first_line_no, byte_count))
    return streams


def _in_order(streams: dict[int, _Stream]) -> list[_Stream]:
    """Streams in the order of their times, each behind the one that it is a branch of."""
    places: dict[int, int] = {}
    by_time = {file_key: place for place, file_key in enumerate(streams)}
    for file_key in sorted(streams):
        parent = streams[file_key].branch_of
        places[file_key] = max(by_time[file_key], places.get(parent or 0, 0))
    return sorted(streams.values(), key=lambda stream: (places[stream.file_key], stream.file_key))


def _date_before(
    connection: duckdb.DuckDBPyConnection, streams: dict[int, _Stream], stream: _Stream
) -> date | None:
    """Return the date of the last line that a branch shares; None for other streams."""
    if stream.branch_of is None or not stream.batches:
        return None
    line_no = stream.batches[0][0] - 1
    holder = streams[stream.branch_of]
    while holder.branch_of is not None and holder.batches and holder.batches[0][0] > line_no:
        holder = streams[holder.branch_of]
    return date_at(connection, holder.file_key, line_no)


def _cut(
    stream: _Stream, stretches: list[Stretch], piece_bytes: int
) -> Iterator[tuple[Stretch, int, int]]:
    """Yield pieces: what their lines are read with, the first line, and the one behind the last.

    Args:
        stream: of which all lines are wanted.
        stretches: all of it.
        piece_bytes: of batches that make a piece together, or about that of a part of a larger one.
    """
    ends = [stretch.first_line_no for stretch in stretches[1:]] + [stream.loaded_lines + 1]
    for stretch, end in zip(stretches, ends, strict=True):
        starts: list[int] = []
        size = 0
        for first_line_no, byte_count in _parts(stream, piece_bytes):
            if stretch.first_line_no <= first_line_no < end:
                if not starts or size + byte_count > piece_bytes:
                    starts.append(first_line_no)
                    size = 0
                size += byte_count
        for first, behind in pairwise([*starts, end]):
            # A line that was torn twice begins two batches
            if first < behind:
                yield stretch, first, behind


def _parts(stream: _Stream, piece_bytes: int) -> Iterator[tuple[int, int]]:
    """Yield the batches of a stream, large ones in parts: first line and bytes of each."""
    for (first_line_no, byte_count), (behind, _) in pairwise(
        [*stream.batches, (stream.loaded_lines + 1, 0)]
    ):
        count = -(-byte_count // piece_bytes)
        for number in range(count):
            yield first_line_no + (behind - first_line_no) * number // count, byte_count // count


def copy_loaded_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Copy from `stored` what cannot be derived; the tables must be empty."""
    for table in tables().values():
        if table.holds == "loads":
            name = quote_identifier(table.name)
            connection.execute(f"insert into main.{name} by name from stored.main.{name}")
