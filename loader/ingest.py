"""Log streams -> rows: one batch of lines runs through sql/ingest, its rows and the checkpoint are
committed together.

Python only moves the lines; what they mean is decided in SQL.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import duckdb

from .blocks import Batch, read_batches
from .database import open_database, set_timezone
from .errors import InputError
from .objects import __version__
from .prefixes import read_prefix
from .sources import SNIFFED_BYTES, Source, check_text, find_sources, open_source
from .statements import run_sql

BATCH_BYTES = 134217728
IDENTITY_BYTES = 1024
CSV_BUFFER_BYTES = 16777216
# Of the engine; with the batches in Python the process stays below 1 GiB
MEMORY_LIMIT = "800MB"
# A checkpoint after every batch would write partly filled row groups again and again
CHECKPOINT_THRESHOLD = "1GB"

Progress = Callable[[int], None]


@dataclass(frozen=True)
class LoadedSource:
    """What loading one log did.

    Attributes:
        name: the path, or "-".
        line_count: lines added.
        byte_count: uncompressed bytes added.
        loaded_before: bytes of it that were loaded before.
        is_empty: it holds no byte.
        waiting_bytes: length of a last line without newline, left for the next load.
    """

    name: str
    line_count: int
    byte_count: int
    loaded_before: int
    is_empty: bool
    waiting_bytes: int


@dataclass(frozen=True)
class _Checkpoint:
    """How far a stream is loaded (a row of log_files)."""

    file_key: int
    identity_bytes: int
    identity_sha256: str
    loaded_bytes: int
    loaded_lines: int
    tail_bytes: int
    tail_sha256: str
    timezone: str | None
    dovecot_prefix: str | None


def load(
    paths: Sequence[str],
    database: Path,
    *,
    now: datetime,
    year: int | None = None,
    timezone: str | None = None,
    host: str | None = None,
    dovecot_prefix: str | None = None,
    batch_bytes: int = BATCH_BYTES,
    threads: int | None = None,
    progress: Progress | None = None,
) -> list[LoadedSource]:
    """Load logs into a database and return what was added, log by log.

    Args:
        paths: files, directories, or "-" for standard input.
        database: the DuckDB file; created if missing.
        now: current time; dates standard input, and stands in load_batches.
        year: year of the first line of each new log whose stamps have none; otherwise the one
            that puts the first line not after the last change of the file.
        timezone: IANA name of the zone of stamps without one; if None, the one that the stream was
            loaded with before, or else the system's.
        host: host of lines that name none, such as those of Dovecot's own log files.
        dovecot_prefix: mail_log_prefix that the lines of Dovecot were written with, where it is no
            usual one; if None, the one that the stream was loaded with before.
        batch_bytes: size of the batches that a log is cut into.
        threads: of the engine; one per core if None.
        progress: called with the bytes added, after each batch.

    Raises:
        InputError: a path is missing, unreadable, or no log; logs before it stay loaded.
        DatabaseError: the database cannot be opened for writing.
        UsageError: the time zone is not known, or the prefix cannot be used.
    """
    if dovecot_prefix is not None:
        read_prefix(dovecot_prefix)
    sources = find_sources(paths, now.date())
    for source in sources:
        if source.path is not None:
            with open_source(source) as stream:
                check_text(stream.read(SNIFFED_BYTES), source.name)
    if timezone is not None:
        with duckdb.connect(":memory:") as trial:
            set_timezone(trial, timezone)
    connection = open_database(database, read_only=False)
    try:
        _prepare(connection, threads)
        system = connection.execute("select current_setting('TimeZone')").fetchone()
        assert system is not None
        loader = _Loader(
            connection,
            now,
            year,
            timezone,
            str(system[0]),
            host,
            dovecot_prefix,
            batch_bytes,
            progress,
        )
        return [loader.load_source(source) for source in sources]
    finally:
        connection.close()


def _prepare(connection: duckdb.DuckDBPyConnection, threads: int | None) -> None:
    """Set the session up for ingest."""
    if threads is not None:
        connection.execute(f"set threads = {threads:d}")
    connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
    connection.execute(f"set checkpoint_threshold = '{CHECKPOINT_THRESHOLD}'")
    connection.execute("set enable_progress_bar = false")
    set_prefixes(connection, [])
    run_sql(connection, "ingest/0_macros")


def set_prefixes(
    connection: duckdb.DuckDBPyConnection, prefixes: Sequence[tuple[int, str]]
) -> None:
    """Tell SQL how lines with a mail_log_prefix of their own are recognised.

    Args:
        connection: that the lines are read over.
        prefixes: key of a stream, and the prefix that its lines were written with.
    """
    found = [(key, read_prefix(template)) for key, template in prefixes]
    connection.execute(
        "set variable dovecot_prefixes = map(?::integer[], "
        "list_zip(?::varchar[], ?::varchar[])::struct(pattern varchar, rewrite varchar)[])",
        [
            [key for key, _ in found],
            [one.pattern for _, one in found],
            [one.rewrite for _, one in found],
        ],
    )


@dataclass(frozen=True)
class _Loader:
    """Loads one source after another over one connection."""

    connection: duckdb.DuckDBPyConnection
    now: datetime
    year: int | None
    timezone: str | None
    system_timezone: str
    host: str | None
    dovecot_prefix: str | None
    batch_bytes: int
    progress: Progress | None

    def load_source(self, source: Source) -> LoadedSource:
        """Load what is new in a log; what was committed before an error stays."""
        try:
            with open_source(source) as stream:
                return self._load_stream(source, stream)
        except BaseException:
            self._roll_back()
            raise

    def _load_stream(self, source: Source, stream: BinaryIO) -> LoadedSource:
        head = stream.read(max(IDENTITY_BYTES, SNIFFED_BYTES))
        if source.path is None:
            check_text(head, source.name)
        known = self._find_checkpoint(source, stream, head)
        start = known.loaded_bytes if known else 0
        begun = head[start:]
        if source.path is not None:
            stream.seek(max(start, len(head)))
        elif start > len(head):
            _skip(stream, start - len(head))
        if not head:
            return LoadedSource(source.name, 0, 0, 0, True, 0)
        zone = self.timezone or (known.timezone if known else None) or self.system_timezone
        set_timezone(self.connection, zone)
        prefix = self.dovecot_prefix or (known.dovecot_prefix if known else None)
        checkpoint = known or self._new_checkpoint()
        self._set_prefixes(checkpoint.file_key, prefix)
        batches = read_batches(
            stream, begun, start, self.batch_bytes, source.is_closed, source.name
        )
        # A damaged compressed file shows only at its end: nothing of it must stay
        is_one_transaction = source.compression is not None
        if is_one_transaction:
            self.connection.execute("begin")
        line_count = byte_count = waiting = 0
        for batch in _read_ahead(batches):
            if not batch.line_count:
                waiting = batch.byte_count
                break
            self._derive_batch(source, checkpoint, batch, line_count)
            if not is_one_transaction:
                self.connection.execute("begin")
            self._enter_stream(source, head, zone, prefix, checkpoint.file_key)
            for folder in ("ingest/7_store", "ingest/8_relate"):
                run_sql(self.connection, folder)
            if not is_one_transaction:
                self.connection.execute("commit")
            if batch.byte_count >= self.batch_bytes:
                # Merging its row groups would write most of it twice: a smaller load does that
                self.connection.execute("set max_vacuum_tasks = 0")
            line_count += batch.line_count
            byte_count += batch.byte_count
            if self.progress is not None:
                self.progress(batch.byte_count)
        if is_one_transaction:
            self.connection.execute("commit")
        if known is not None and not line_count:
            self._enter_stream(source, head, zone, prefix, known.file_key)
        return LoadedSource(source.name, line_count, byte_count, start, False, waiting)

    def _roll_back(self) -> None:
        """Undo the open transaction, if there is one."""
        try:
            self.connection.execute("rollback")
        except duckdb.Error:
            # None was open, or its failure has ended it
            return

    def _find_checkpoint(self, source: Source, stream: BinaryIO, head: bytes) -> _Checkpoint | None:
        """Find the stream that a log continues, by its first and its last loaded bytes."""
        rows = self.connection.execute(
            "select file_key, identity_bytes, identity_sha256, loaded_bytes, loaded_lines, "
            "tail_bytes, tail_sha256, timezone, dovecot_prefix from log_files "
            "order by file_key desc"
        ).fetchall()
        for known in (_Checkpoint(*row) for row in rows):
            if known.identity_bytes > len(head):
                continue
            if hashlib.sha256(head[: known.identity_bytes]).hexdigest() != known.identity_sha256:
                continue
            tail_start = known.loaded_bytes - known.tail_bytes
            if source.path is None or known.loaded_bytes <= len(head):
                tail = head[tail_start : known.loaded_bytes]
            else:
                stream.seek(tail_start)
                tail = stream.read(known.tail_bytes)
            is_shorter = len(tail) < known.tail_bytes
            if is_shorter or hashlib.sha256(tail).hexdigest() == known.tail_sha256:
                return known
        return None

    def _new_checkpoint(self) -> _Checkpoint:
        """Number a stream of which nothing is loaded."""
        row = self.connection.execute(
            "select coalesce(max(file_key), 0) + 1 from log_files"
        ).fetchone()
        assert row is not None
        return _Checkpoint(int(row[0]), 0, "", 0, 0, 0, "", None, None)

    def _set_prefixes(self, file_key: int, prefix: str | None) -> None:
        """Make the prefixes of all streams known, for lines of others may be read again."""
        rows = self.connection.execute(
            "select file_key, dovecot_prefix from log_files "
            "where dovecot_prefix is not null and file_key <> ?",
            [file_key],
        ).fetchall()
        if prefix is not None:
            rows.append((file_key, prefix))
        set_prefixes(self.connection, rows)

    def _enter_stream(
        self, source: Source, head: bytes, zone: str, prefix: str | None, file_key: int
    ) -> None:
        """Write the stream's row, or where it is found now."""
        identity = head[:IDENTITY_BYTES]
        place = [
            source.name,
            source.compression,
            len(identity),
            hashlib.sha256(identity).hexdigest(),
            zone,
            prefix,
        ]
        updated = self.connection.execute(
            "update log_files set path = ?, compression = ?, identity_bytes = ?, "
            "identity_sha256 = ?, timezone = ?, dovecot_prefix = ? where file_key = ? "
            "returning file_key",
            [*place, file_key],
        ).fetchone()
        if updated is None:
            self.connection.execute(
                "insert into log_files values (?, ?, ?, ?, ?, 0, 0, 0, '', null, null, null, ?, ?)",
                [file_key, *place],
            )

    def _derive_batch(
        self, source: Source, checkpoint: _Checkpoint, batch: Batch, lines_before: int
    ) -> None:
        """Run one batch through sql/ingest, up to the rows that are to be stored."""
        execute = self.connection.execute
        execute(
            "create or replace temp table batch as select ?::integer as file_key, "
            "?::bigint as first_line_key, ?::varchar as default_host, ?::integer as given_year, "
            "?::date as reference_date, ?::bigint as first_byte, ?::bigint as byte_count, "
            "?::bigint as line_count, ?::varchar as sha256, ?::integer as tail_bytes, "
            "?::varchar as tail_sha256, ?::timestamptz as committed_at, "
            "?::varchar as mailsql_version, known.first_logged_at, known.last_logged_at, "
            "known.last_local_date from (select ?::integer as file_key) as stream "
            "left join log_files as known using (file_key)",
            [
                checkpoint.file_key,
                checkpoint.file_key * 2**32 + checkpoint.loaded_lines + lines_before + 1,
                self.host,
                self.year,
                source.reference_date,
                batch.first_byte,
                batch.byte_count,
                batch.line_count,
                batch.sha256,
                len(batch.tail),
                hashlib.sha256(batch.tail).hexdigest(),
                self.now,
                __version__,
                checkpoint.file_key,
            ],
        )
        assert batch.text is not None
        with batch.text as text:
            execute("set variable batch_path = ?", [text.name])
            buffer_bytes = max(CSV_BUFFER_BYTES, batch.longest_line_bytes + 1)
            execute("set variable batch_buffer_bytes = ?", [buffer_bytes])
            for file in ("ingest/read_lines.sql", "ingest/batch_lines.sql"):
                run_sql(self.connection, file)
        derive(self.connection, source.name)


def derive(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Take the lines of batch_lines apart into temp tables of what they say.

    Where new lines come before lines that are loaded already, what those and all later ones say
    is derived again. Nothing is stored yet: temp tables are read by one thread only until the
    transaction that filled them is committed.

    Args:
        connection: with batch_lines and batch.
        name: of the log, for errors.

    Raises:
        InputError: the log and a loaded one share lines under different beginnings.
    """
    run_sql(connection, "ingest/0_empty")
    for folder in ("ingest/1_lines", "ingest/2_order"):
        run_sql(connection, folder)
    shared = connection.execute("select path, loaded_line_no, line_no from shared_lines").fetchone()
    if shared is not None:
        path, loaded_line_no, line_no = shared
        raise InputError(
            f"{name}: from line {line_no:,} on the same as {path} from line {loaded_line_no:,} on, "
            "which is loaded already",
            "load only one of them, the longer one into a new database; nothing was doubled",
        )
    if connection.execute("select count(*) from rewinds").fetchone() != (0,):
        for place in ("ingest/3_rewind", "ingest/batch_lines.sql", "ingest/1_lines"):
            run_sql(connection, place)
    for folder in ("ingest/4_earlier", "ingest/5_parse", "ingest/6_link"):
        run_sql(connection, folder)


def _read_ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """Read the next batch while the engine works on this one."""
    with ThreadPoolExecutor(max_workers=1) as reader:
        future = reader.submit(next, batches, None)
        while (batch := future.result()) is not None:
            future = reader.submit(next, batches, None)
            yield batch


def _skip(stream: BinaryIO, count: int) -> None:
    """Read past bytes of a stream that cannot seek."""
    while count > 0:
        read = stream.read(min(count, 1048576))
        if not read:
            return
        count -= len(read)
