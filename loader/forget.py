"""A stream -> gone, as if it had never been loaded.

Its lines are taken out, and what the lines of other streams say is told without them. Streams that
share its beginning (branches) hold it from now on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import duckdb

from .blocks import open_batch_files
from .cut_loose import cut_loose
from .database import WAIT_SECONDS, open_database, speaking_of
from .derive import Deriver, RemovedLines, Target
from .errors import UsageError
from .ingest import load_again
from .private import OWNER_ONLY
from .pruned import changed_runs, pruned_runs
from .prunings import add_pruning
from .replacement import replaced
from .settings import Settings, Stretch, read_stretches, settings_at
from .site import drop_unused_forms
from .sources import STANDARD_INPUT, Source
from .stored_bytes import LAST_LINE_NO, PAGE_BATCHES, stored_batches, stream_bytes
from .table_list import tables


@dataclass(frozen=True)
class ForgottenStream:
    """What forgetting did.

    Attributes:
        path: where the stream was last seen.
        file_key: its number.
        line_count: its lines; those that branches share are with these now.
        kept: paths of the branches that hold its beginning now.
    """

    path: str
    file_key: int
    line_count: int
    kept: tuple[str, ...]


class _Beginning:
    """The first bytes of a file, as a log that ends there."""

    def __init__(self, file: IO[bytes], end: int) -> None:
        self._file = file
        self._end = end
        file.seek(0)

    def read(self, count: int) -> bytes:
        """Return the next bytes, fewer only at the end."""
        return self._file.read(min(count, max(0, self._end - self._file.tell())))

    def seek(self, position: int) -> object:
        """Go on reading at a place."""
        return self._file.seek(position)


@dataclass(frozen=True)
class _Forgotten(RemovedLines):
    """All lines of a stream, which goes with them."""

    now: datetime

    def end(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Forget the stream; of its batches stays what keeps the chain whole."""
        batches = stored_batches(connection, self.file_key)
        while page := list(islice(batches, PAGE_BATCHES)):
            connection.execute(
                "insert into forgotten_batches by name select unnest(?::integer[]) as batch_key, "
                "unnest(?::varchar[]) as commitment, ?::timestamptz as forgotten_at",
                [
                    [batch.batch_key for batch in page],
                    [batch.commitment.hex() for batch in page],
                    self.now,
                ],
            )
        was_pruned = self._forget_pruned(connection)
        for table in tables().values():
            if table.stream is not None:
                of_file = (self.file_key, self.file_key)
                keys = of_file if table.stream == "file_key" else self.keys
                connection.execute(
                    f"delete from {table.name} where {table.stream} between ? and ?", [*keys]
                )
        cut_loose(connection)
        if was_pruned:
            add_pruning(connection, self.now, "log forgotten", None, 0, 0)

    def _forget_pruned(self, connection: duckdb.DuckDBPyConnection) -> bool:
        """Forget what proves batches of which lines were pruned or changed; return if any were.

        Rows of these lines, where they stayed, go as well.
        """
        if not changed_runs(connection, self.file_key):
            return False
        for name in ("pruned_batches", "pruned_hashes"):
            connection.execute(
                f"delete from {name} where batch_key in "
                "(select batch_key from load_batches where file_key = ?)",
                [self.file_key],
            )
        is_pruned = bool(pruned_runs(connection, self.file_key))
        for table in tables().values():
            if is_pruned and table.holds == "facts":
                connection.execute(
                    f"delete from {table.name} where {table.key[0]} between ? and ?", [*self.keys]
                )
        return True


@dataclass(frozen=True)
class _Branch:
    """A stream that holds the beginning of a forgotten one from now on.

    Attributes:
        source: where it was last seen.
        is_proven: whether it has a hash tree of its lines.
        is_once: whether each of its lines stands there twice.
        year_source: what told the year of its first stamp without one.
        file: its bytes, from the beginning on.
        ends: what its lines are read with, and the bytes before which that holds.
    """

    source: Source
    is_proven: bool
    is_once: bool
    year_source: str | None
    file: IO[bytes]
    ends: list[tuple[Settings, int]]


def forget(
    database: Path,
    name: str,
    tell: Callable[[str], None],
    *,
    now: datetime,
    wait_seconds: float = WAIT_SECONDS,
    on_wait: Callable[[str], None] | None = None,
) -> ForgottenStream:
    """Forget a stream: the database becomes what it would be if it had never been loaded.

    Only that batches were forgotten, and when, is kept (forgotten_batches). Killed at any moment,
    the database is as before or as after.

    Args:
        database: the DuckDB file.
        name: key or path of the stream (log_files).
        tell: told what is done if it takes long.
        now: current time.
        wait_seconds: for how long to wait where another process holds the database.
        on_wait: told who holds it when waiting begins.

    Raises:
        UsageError: no stream, or several, have that name.
        HeldError: another process holds the database.
        DatabaseError: the database cannot be opened for writing, or there is no room.
    """
    deadline = time.monotonic() + wait_seconds
    # The next opening would create it
    open_database(
        database, read_only=False, creates=False, wait_seconds=wait_seconds, on_wait=on_wait
    ).close()
    with speaking_of(database), open_batch_files() as files:
        readable = [path for file in files for path in (file.path, file.endings_path)]
        left = max(0.0, deadline - time.monotonic())
        deriver = Deriver(Target(database, None, readable, None, OWNER_ONLY, left, on_wait))
        try:
            file_key = _find(deriver.connection, name)
            if not _branches(deriver.connection, file_key):
                gone = _remove(deriver, file_key, now)
                drop_unused_forms(deriver.connection)
                return gone
        finally:
            deriver.connection.close()
        what = "forgetting a log of which others hold the beginning from now on"
        with (
            replaced(database, what, tell, max(0.0, deadline - time.monotonic()), on_wait) as new,
            ExitStack() as kept,
        ):
            deriver = Deriver(Target(new, None, readable))
            kept.callback(lambda: deriver.connection.close())
            # Others may have been quicker
            file_key = _find(deriver.connection, name)
            branches = _branches(deriver.connection, file_key)
            again = [
                _take(
                    deriver.connection,
                    key,
                    file_key,
                    now,
                    kept.enter_context(TemporaryFile(prefix="mailsql-")),
                )
                for key in branches
            ]
            for key in reversed(branches):
                _remove(deriver, key, now)
            forgotten = _remove(deriver, file_key, now)
            for branch in again:
                for settings, end in branch.ends:
                    stream = _Beginning(branch.file, end)
                    load_again(
                        deriver,
                        files,
                        branch.source,
                        stream,
                        settings,
                        now=now,
                        prove=branch.is_proven,
                        once=branch.is_once,
                        year_source=branch.year_source,
                    )
            drop_unused_forms(deriver.connection)
            deriver.connection.execute("force checkpoint")
            return replace(forgotten, kept=tuple(branch.source.name for branch in again))


def _find(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    """Return the key of the stream that is named by its key or path.

    Raises:
        UsageError: none is, or several are.
    """
    rows = connection.execute("select file_key, path from log_files order by file_key").fetchall()
    streams = {int(key): str(path) for key, path in rows}
    found = [key for key, path in streams.items() if name in (str(key), path)] or [
        key
        for key, path in streams.items()
        if STANDARD_INPUT not in (path, name) and Path(path).absolute() == Path(name).absolute()
    ]
    if not found:
        raise UsageError(f"{name}: no log of this name is loaded", "mailsql status lists them")
    if len(found) > 1:
        keys = ", ".join(map(str, found))
        raise UsageError(
            f"{name}: several logs have this path or key", f"name one by another of both: {keys}"
        )
    return found[0]


def _branches(connection: duckdb.DuckDBPyConnection, file_key: int) -> list[int]:
    """Keys of the streams that share the beginning of one, directly or not, in order."""
    rows = connection.execute(
        "with recursive found(file_key) as (select ?::integer union select log_files.file_key "
        "from log_files inner join found on log_files.branch_of = found.file_key) "
        "select file_key from found where file_key <> ? order by file_key",
        [file_key, file_key],
    ).fetchall()
    return [key for (key,) in rows]


def _remove(deriver: Deriver, file_key: int, now: datetime) -> ForgottenStream:
    """Take out one stream."""
    row = deriver.connection.execute(
        "select path, (select count(*) from raw_lines where line_key between ? and ?) "
        "from log_files where file_key = ?",
        [*_keys(file_key), file_key],
    ).fetchone()
    assert row is not None
    settings = _settings(deriver.connection, file_key)
    deriver.prepare(Stretch(file_key, LAST_LINE_NO, settings))
    deriver.store(_Forgotten(file_key, LAST_LINE_NO, 0, settings, None, _keys(file_key), now))
    return ForgottenStream(row[0], file_key, row[1], ())


def _keys(file_key: int) -> tuple[int, int]:
    """Least and greatest key that a line of a stream can have."""
    return file_key * 2**32, file_key * 2**32 + LAST_LINE_NO


def _settings(connection: duckdb.DuckDBPyConnection, file_key: int) -> Settings:
    """What the last lines of a stream are read with."""
    found = settings_at(connection, file_key, LAST_LINE_NO)
    return found or Settings(None, None, None, "UTC", None)


def _take(
    connection: duckdb.DuckDBPyConnection,
    file_key: int,
    forgotten_key: int,
    now: datetime,
    file: IO[bytes],
) -> _Branch:
    """Copy a branch into a file, and how it is to be read."""
    row = connection.execute(
        "select path, compression, rotation, is_proven, coalesce(is_once, false), year_source "
        "from log_files where file_key = ?",
        [file_key],
    ).fetchone()
    assert row is not None
    path, compression, rotation, is_proven, is_once, year_source = row
    stretches = {
        key: [stretch for stretch in read_stretches(connection) if stretch.file_key == key]
        for key in (file_key, forgotten_key)
    }
    own = [stretch.settings for stretch in stretches[file_key]]
    # What dates its first stamps was told of the stream that held them
    begun = stretches[forgotten_key][0].settings
    own[0] = replace(own[0], year=begun.year, reference_date=begun.reference_date)
    starts = [stretch.first_line_no for stretch in stretches[file_key][1:]]
    ends = []
    line_count = 0
    for data in stream_bytes(connection, file_key):
        line_count += data.count(b"\n")
        file.write(data)
        if starts and line_count + 1 == starts[0]:
            ends.append(file.tell())
            del starts[0]
    # Nothing was read yet with what was told behind the last line
    ends += [file.tell()] * (len(own) - len(ends))
    file.flush()
    source = Source(Path(path), compression, True, now.date(), "load time", rotation)
    return _Branch(source, is_proven, is_once, year_source, file, list(zip(own, ends, strict=True)))
