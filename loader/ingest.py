"""Log streams -> rows: one batch of lines runs through sql/ingest, its rows and the checkpoint are
committed together.

Python only moves the lines; what they mean is decided in SQL.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

import duckdb

from .blocks import Batch, BatchFile, cut_in_two, open_batch_files, read_batches
from .chain import commit_to, last_link, next_link
from .database import WAIT_SECONDS, open_database, set_timezone
from .decompress import DamagedDataError
from .errors import InputError
from .objects import __version__
from .prefixes import read_prefix
from .private import OWNER_ONLY, beside, created_with
from .sources import SNIFFED_BYTES, ByteStream, Source, check_text, find_sources, open_source
from .statements import quote_text, run_sql
from .streams import IDENTITY_BYTES, Checkpoint, find_checkpoint
from .visible import visible

BATCH_BYTES = 134217728
CSV_BUFFER_BYTES = 16777216
# Of the engine; with the batches in Python the process stays below 1 GiB
MEMORY_LIMIT = "800MB"
# A checkpoint after every batch would write partly filled row groups again and again
CHECKPOINT_THRESHOLD = "1GB"
QUOTED_CHARACTERS = 80
# Finding one line takes some fifteen small batches: when so many of a log have failed, what fails
# is kept in pieces
SOUGHT_LINES = 100
PIECE_LINES = 10_000

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
        failed_steps: for each of the lines added that could not be read, the step that failed.
        fault: why it was not loaded, or not to its end; None if it was.
    """

    name: str
    line_count: int = 0
    byte_count: int = 0
    loaded_before: int = 0
    is_empty: bool = False
    waiting_bytes: int = 0
    failed_steps: tuple[str, ...] = ()
    fault: InputError | None = None

    @property
    def is_read(self) -> bool:
        """Whether anything of it was loaded, or there was nothing to load."""
        return self.fault is None or self.line_count > 0


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
    force: bool = False,
    prove: bool = False,
    mode: int = OWNER_ONLY,
    wait_seconds: float = WAIT_SECONDS,
    on_wait: Callable[[str], None] | None = None,
) -> list[LoadedSource]:
    """Load logs into a database and return what was added, log by log.

    What is wrong with one of them (missing, unreadable, damaged, binary, refused) is told with it,
    and keeps none of the others from being loaded.

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
        force: whether a log is loaded of which no line begins like that of a log.
        prove: whether these logs get a hash tree of their lines from now on, so that one line can
            be proven without the others.
        mode: of the database if it is created; what stands beside it gets the database's.
        wait_seconds: for how long to wait where another process holds the database.
        on_wait: told who holds it when waiting begins.

    Raises:
        HeldError: another process holds the database.
        DatabaseError: the database cannot be opened for writing.
        UsageError: the time zone is not known, or the prefix cannot be used.
    """
    if dovecot_prefix is not None:
        read_prefix(dovecot_prefix)
    if timezone is not None:
        with duckdb.connect(":memory:") as trial:
            set_timezone(trial, timezone)
    sources, faults = find_sources(paths, now.date())
    loaded = [LoadedSource(path, fault=fault) for path, fault in faults.items()]
    if not sources:
        return loaded
    with created_with(beside(database, mode)), open_batch_files() as files:
        loader = _Loader(
            _Target(database, threads, files, mode, wait_seconds, on_wait),
            now,
            year,
            timezone,
            host,
            dovecot_prefix,
            batch_bytes,
            progress,
            force,
            prove,
        )
        try:
            return loaded + [loader.load_source(source) for source in sources]
        finally:
            loader.connection.close()


@dataclass(frozen=True)
class _Target:
    """The database that is loaded into, and what it may read: the batches."""

    database: Path
    threads: int | None
    files: Sequence[BatchFile]
    mode: int
    wait_seconds: float
    on_wait: Callable[[str], None] | None


def _connect(target: _Target) -> duckdb.DuckDBPyConnection:
    """Open the database for ingest: nothing in it can make a load read any other file."""

    def shut(connection: duckdb.DuckDBPyConnection) -> None:
        paths = ", ".join(
            quote_text(path) for file in target.files for path in (file.path, file.endings_path)
        )
        connection.execute(f"set allowed_paths = [{paths}]")
        connection.execute("set enable_external_access = false")

    connection = open_database(
        target.database,
        read_only=False,
        mode=target.mode,
        wait_seconds=target.wait_seconds,
        on_wait=target.on_wait,
        shut=shut,
    )
    try:
        if target.threads is not None:
            connection.execute(f"set threads = {target.threads:d}")
        connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
        connection.execute(f"set checkpoint_threshold = '{CHECKPOINT_THRESHOLD}'")
        connection.execute("set enable_progress_bar = false")
        set_prefixes(connection, [])
        run_sql(connection, "ingest/0_macros")
    except BaseException:
        connection.close()
        raise
    return connection


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


@dataclass
class _Tally:
    """What has been added of a log so far."""

    loaded_before: int = 0
    line_count: int = 0
    byte_count: int = 0
    waiting_bytes: int = 0
    is_empty: bool = False
    failed_steps: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Place:
    """Where the batches of a log go: its stream, and how its lines are read."""

    source: Source
    head: bytes
    checkpoint: Checkpoint
    timezone: str
    dovecot_prefix: str | None
    is_proven: bool


class _Loader:
    """Loads one source after another over one connection."""

    def __init__(
        self,
        target: _Target,
        now: datetime,
        year: int | None,
        timezone: str | None,
        host: str | None,
        dovecot_prefix: str | None,
        batch_bytes: int,
        progress: Progress | None,
        force: bool,
        prove: bool,
    ) -> None:
        self.target = target
        self.now = now
        self.year = year
        self.timezone = timezone
        self.host = host
        self.dovecot_prefix = dovecot_prefix
        self.batch_bytes = batch_bytes
        self.progress = progress
        self.force = force
        self.prove = prove
        self.connection = _connect(target)
        system = self.connection.execute(
            "select system.main.current_setting('TimeZone')"
        ).fetchone()
        assert system is not None
        self.system_timezone = str(system[0])

    def load_source(self, source: Source) -> LoadedSource:
        """Load what is new in a log; what was committed before an error stays."""
        tally = _Tally()
        fault = None
        try:
            with open_source(source) as stream:
                self._load_stream(source, stream, tally)
        except InputError as error:
            self._roll_back()
            fault = error
        except DamagedDataError as error:
            fault = InputError(
                f"{source.name}: damaged {source.compression} file ({error}); what stands before "
                f"that is loaded, {tally.loaded_before + tally.byte_count:,} bytes in whole lines",
                "copy the file again: the next load goes on with what follows",
            )
        except BaseException:
            self._roll_back()
            raise
        return LoadedSource(
            source.name,
            tally.line_count,
            tally.byte_count,
            tally.loaded_before,
            tally.is_empty,
            tally.waiting_bytes,
            tuple(tally.failed_steps),
            fault,
        )

    def _load_stream(self, source: Source, stream: ByteStream, tally: _Tally) -> None:
        head = stream.read(max(IDENTITY_BYTES, SNIFFED_BYTES))
        check_text(head, source.name)
        tally.is_empty = not head
        if not head:
            return
        checkpoint = find_checkpoint(self.connection, source, stream, head)
        start = tally.loaded_before = checkpoint.loaded_bytes
        if checkpoint.is_all:
            return
        begun = head[start:]
        if source.path is not None:
            stream.seek(max(start, len(head)))
        zone = self.timezone or checkpoint.timezone or self.system_timezone
        prefix = self.dovecot_prefix or checkpoint.dovecot_prefix
        is_proven = self.prove or checkpoint.is_proven
        place = _Place(source, head, checkpoint, zone, prefix, is_proven)
        self._prepare(place)
        batches = read_batches(
            stream,
            begun,
            start,
            self.batch_bytes,
            source.is_closed,
            source.name,
            self.target.files,
            checkpoint.torn,
            is_proven,
        )
        # Standard input may be silent for ever, and is the last to be read
        ahead = _read_ahead(batches, must_end=source.path is not None)
        with closing(ahead):
            for batch in ahead:
                if isinstance(batch, bytes):
                    tally.waiting_bytes = len(batch)
                    break
                self._load_batch(place, batch, tally)
                if batch.byte_count >= self.batch_bytes:
                    # Merging its row groups would write most of it twice: a smaller load does that
                    self.connection.execute("set max_vacuum_tasks = 0")
        if checkpoint.is_known and not tally.line_count:
            self._enter_stream(place)

    def _prepare(self, place: _Place) -> None:
        """Make the session read lines as those of a log are."""
        set_timezone(self.connection, place.timezone)
        self._set_prefixes(place.checkpoint.file_key, place.dovecot_prefix)

    def _load_batch(self, place: _Place, batch: Batch, tally: _Tally) -> None:
        """Load a batch; where a step fails on a line of it, all others and the line as it is."""
        try:
            self._store_batch(place, batch, tally)
        except duckdb.Error as error:
            step = _failed_step(error)
            if step is None:
                raise
            self._roll_back()
            if isinstance(error, duckdb.InternalException | duckdb.FatalException):
                # They leave nothing that can be worked with
                self.connection.close()
                self.connection = _connect(self.target)
                self._prepare(place)
            is_sought = len(tally.failed_steps) < SOUGHT_LINES
            if batch.line_count > (1 if is_sought else PIECE_LINES):
                for half in cut_in_two(batch):
                    self._load_batch(place, half, tally)
                return
            self._store_failed_lines(place, batch, tally, step, str(error).partition("\n")[0])
            tally.failed_steps += [step] * batch.line_count
        tally.line_count += batch.new_line_count
        tally.byte_count += batch.byte_count
        if self.progress is not None:
            self.progress(batch.byte_count)

    def _store_batch(self, place: _Place, batch: Batch, tally: _Tally) -> None:
        """Derive the rows of a batch and commit them with the checkpoint."""
        self._describe_batch(place, batch, tally)
        if batch.goes_on:
            # Derived in the transaction, slower: the line as it was must go before
            self.connection.execute("begin")
            run_sql(self.connection, "ingest/torn_line.sql")
        for file in ("ingest/read_lines.sql", "ingest/batch_lines.sql"):
            run_sql(self.connection, file)
        self._refuse_other_text(place, tally)
        derive(self.connection, place.source.name)
        if not batch.goes_on:
            self.connection.execute("begin")
        self._enter_stream(place)
        for folder in ("ingest/7_store", "ingest/8_relate"):
            run_sql(self.connection, folder)
        self.connection.execute("commit")

    def _refuse_other_text(self, place: _Place, tally: _Tally) -> None:
        """Refuse a log of which no line begins like that of a log.

        Raises:
            InputError: with its first line.
        """
        if self.force or place.checkpoint.loaded_bytes or tally.line_count:
            return
        run_sql(self.connection, "ingest/other_text.sql")
        found = self.connection.execute("select line from other_text").fetchone()
        if found is not None:
            line = visible(str(found[0]))
            shown = line[:QUOTED_CHARACTERS] + ("..." if len(line) > QUOTED_CHARACTERS else "")
            raise InputError(
                f"{place.source.name}: no line begins as in a log that mailsql knows; "
                f"the first is: {shown}",
                "known are syslog's stamps (BSD, RFC 3339, RFC 5424), those of Dovecot's own logs "
                "(ISO), and TAI64N; --force loads it nevertheless",
            )

    def _store_failed_lines(
        self, place: _Place, batch: Batch, tally: _Tally, step: str, error: str
    ) -> None:
        """Keep lines on which a step failed, and say so."""
        self._describe_batch(place, batch, tally)
        self.connection.execute("begin")
        if batch.goes_on:
            run_sql(self.connection, "ingest/torn_line.sql")
        self._enter_stream(place)
        self.connection.execute(
            "create or replace temp table failure as select ?::varchar as step, "
            "?::varchar as error",
            [step, error],
        )
        for file in ("read_lines", "failed_lines", "7_store/line_endings", "7_store/log_files"):
            run_sql(self.connection, f"ingest/{file}.sql")
        self.connection.execute("commit")

    def _roll_back(self) -> None:
        """Undo the open transaction, if there is one."""
        try:
            self.connection.execute("rollback")
        except duckdb.Error:
            # None was open, or its failure has ended it
            return

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

    def _enter_stream(self, place: _Place) -> None:
        """Write the stream's row, or where it is found now."""
        identity = place.head[:IDENTITY_BYTES]
        values = [
            place.source.name,
            place.source.compression,
            len(identity),
            hashlib.sha256(identity).hexdigest(),
            place.timezone,
            place.dovecot_prefix,
            place.is_proven,
        ]
        updated = self.connection.execute(
            "update log_files set path = ?, compression = ?, identity_bytes = ?, "
            "identity_sha256 = ?, timezone = ?, dovecot_prefix = ?, is_proven = ? "
            "where file_key = ? returning file_key",
            [*values, place.checkpoint.file_key],
        ).fetchone()
        if updated is None:
            self.connection.execute(
                "insert into log_files by name select ? as file_key, ? as path, ? as compression, "
                "? as identity_bytes, ? as identity_sha256, ? as timezone, ? as dovecot_prefix, "
                "? as is_proven, ? as branch_of, 0 as loaded_bytes, 0 as loaded_lines, "
                "0 as tail_bytes, '' as tail_sha256",
                [place.checkpoint.file_key, *values, place.checkpoint.branch_of],
            )

    def _describe_batch(self, place: _Place, batch: Batch, tally: _Tally) -> None:
        """Tell SQL what it works on."""
        self.connection.execute("set variable batch_path = ?", [batch.file.path])
        endings_path = batch.file.endings_path
        self.connection.execute("set variable batch_endings_path = ?", [endings_path])
        buffer_bytes = max(CSV_BUFFER_BYTES, batch.longest_line_bytes + 1)
        self.connection.execute("set variable batch_buffer_bytes = ?", [buffer_bytes])
        checkpoint = place.checkpoint
        first_line_no = checkpoint.loaded_lines + tally.line_count + 1 - batch.goes_on
        batch_key, chain = self._next_link(checkpoint.file_key, batch, first_line_no)
        self.connection.execute(
            "create or replace temp table batch as select ?::integer as file_key, "
            "?::bigint as first_line_key, ?::varchar as default_host, "
            "?::integer as given_year, "
            "?::date as reference_date, ?::bigint as first_byte, ?::bigint as byte_count, "
            "?::bigint as line_count, ?::integer as torn_bytes, ?::varchar as sha256, "
            "?::varchar as salt, ?::varchar as root, ?::integer as batch_key, "
            "?::varchar as chain, ?::integer as tail_bytes, "
            "?::varchar as tail_sha256, ?::timestamptz as committed_at, "
            "?::varchar as mailsql_version, known.first_logged_at, known.last_logged_at, "
            "coalesce(known.last_local_date, ?::date) as last_local_date "
            "from (select ?::integer as file_key) as stream "
            "left join log_files as known using (file_key)",
            [
                checkpoint.file_key,
                checkpoint.file_key * 2**32 + first_line_no,
                self.host,
                self.year,
                place.source.reference_date,
                batch.first_byte,
                batch.byte_count,
                batch.line_count,
                len(batch.torn),
                batch.sha256,
                batch.salt,
                batch.root,
                batch_key,
                chain,
                len(batch.tail),
                hashlib.sha256(batch.tail).hexdigest(),
                self.now,
                __version__,
                checkpoint.last_local_date,
                checkpoint.file_key,
            ],
        )

    def _next_link(self, file_key: int, batch: Batch, first_line_no: int) -> tuple[int, str]:
        """Return the key of a batch, and the chain behind it."""
        last_key, chain = last_link(self.connection)
        commitment = commit_to(
            bytes.fromhex(batch.salt),
            file_key,
            batch.first_byte,
            batch.first_byte + batch.byte_count - 1,
            first_line_no,
            first_line_no + batch.line_count - 1,
            len(batch.torn),
            batch.sha256,
            batch.root,
        )
        return last_key + 1, next_link(chain, commitment).hex()


def _failed_step(error: duckdb.Error) -> str | None:
    """Return the SQL file that failed on what a line holds; None where something else is wrong."""
    is_of_a_line = isinstance(
        error,
        duckdb.DataError
        | duckdb.IntegrityError
        | duckdb.InvalidInputException
        | duckdb.InternalException
        | duckdb.FatalException,
    )
    if not is_of_a_line or "No space left" in str(error):
        return None
    return next(iter(getattr(error, "__notes__", [])), None)


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


def _read_ahead(
    batches: Iterator[Batch | bytes], *, must_end: bool
) -> Generator[Batch | bytes, None, None]:
    """Read the next batch while the engine works on this one.

    Args:
        batches: read by a thread.
        must_end: whether to wait for the thread when the batches are given up.
    """
    results: SimpleQueue[Batch | bytes | BaseException | None] = SimpleQueue()

    def read_next() -> None:
        try:
            results.put(next(batches, None))
        except BaseException as error:
            results.put(error)

    def start() -> Thread:
        thread = Thread(target=read_next, daemon=True)
        thread.start()
        return thread

    thread = start()
    try:
        while (found := results.get()) is not None:
            if isinstance(found, BaseException):
                raise found
            thread = start()
            yield found
    finally:
        if must_end:
            thread.join()
