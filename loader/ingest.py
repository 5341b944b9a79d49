"""Logs -> batches of lines that are derived and committed together with the checkpoint.

Python only moves the lines; what they mean is decided in SQL (derive).
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

import duckdb

from .blocks import Batch, BatchFile, cut_in_two, last_line, open_batch_files, read_batches
from .chain import commit_to, last_link, next_link
from .database import WAIT_SECONDS, file_error, set_timezone
from .decompress import DamagedDataError
from .derive import Deriver, Piece, Target
from .errors import InputError, OutdatedError, RoomError
from .journalctl import JournalError, JournalStream, entry_cursor
from .memory import SMALLEST_BATCH_BYTES, Memory, usual_memory
from .objects import __version__
from .own_forms import OwnForms, told_forms
from .prefixes import read_prefix
from .private import OWNER_ONLY, beside, created_with
from .pseudonymized import check_pseudonyms, keep_places, keep_pseudonyms
from .pseudonyms import Pseudonyms
from .reading import lock_settings
from .reparse import derive_anew
from .rewriting import Rewriter
from .rewritten_stream import RewrittenStream, WholeLines, rewritten
from .room import is_full
from .settings import Settings, Stretch
from .site import drop_unused_forms
from .sources import (
    SNIFFED_BYTES,
    ByteStream,
    Source,
    check_text,
    find_sources,
    log_days,
    open_source,
)
from .statements import run_sql
from .streams import (
    IDENTITY_BYTES,
    Checkpoint,
    find_checkpoint,
    find_journal,
    first_line_sha256,
    journal_cursor,
)
from .visible import visible
from .wrappings import name_wrappings

CSV_BUFFER_BYTES = 16777216
# Two are kept at once, each twice where lines are not what the engine can read; half of the room is
# for others
BATCHES_ASIDE = 8
QUOTED_CHARACTERS = 80

Progress = Callable[[int], None]


def quoted(line: str) -> str:
    """Return the beginning of a line, as a terminal may show it."""
    shown = visible(line)
    return shown[:QUOTED_CHARACTERS] + ("..." if len(shown) > QUOTED_CHARACTERS else "")


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
        copies: of the lines added, how many are copies of lines in each other log, by its path.
        is_doubled: each line of it stands there twice, and both count.
        named_host: whose lines it tells again without naming a host, so that both count.
        first_foreign_line: its first line, if all of it is new and none is of Postfix or Dovecot.
        future_count: of the lines added, how many are dated more than a day after the load.
        future_until: the time of the last of them.
        cursor: of a journal, of the last entry that was read.
        gap: of a journal, times between which entries are gone that were not loaded, if there were
            any: of the last one loaded, and of the first one there is.
        fault: why it was not loaded, or not to its end; None if it was.
    """

    name: str
    line_count: int = 0
    byte_count: int = 0
    loaded_before: int = 0
    is_empty: bool = False
    waiting_bytes: int = 0
    failed_steps: tuple[str, ...] = ()
    copies: Mapping[str, int] = field(default_factory=dict)
    is_doubled: bool = False
    named_host: str | None = None
    first_foreign_line: str | None = None
    future_count: int = 0
    future_until: datetime | None = None
    cursor: str | None = None
    gap: tuple[datetime, datetime] | None = None
    fault: InputError | None = None

    @property
    def is_read(self) -> bool:
        """Whether anything of it was loaded, or there was nothing to load."""
        return self.fault is None or self.line_count > 0


OnEnd = Callable[[duckdb.DuckDBPyConnection, Sequence[LoadedSource]], None]


def load(
    paths: Sequence[str],
    database: Path,
    *,
    now: datetime,
    clock: Callable[[], datetime] | None = None,
    year: int | None = None,
    timezone: str | None = None,
    host: str | None = None,
    dovecot_prefix: str | None = None,
    forms: Path | None = None,
    batch_bytes: int | None = None,
    threads: int | None = None,
    memory: Memory | None = None,
    progress: Progress | None = None,
    force: bool = False,
    prove: bool = False,
    once: bool = False,
    pseudonyms: Pseudonyms | None = None,
    mode: int = OWNER_ONLY,
    wait_seconds: float = WAIT_SECONDS,
    on_wait: Callable[[str], None] | None = None,
    on_update: Callable[[str], None] | None = None,
    on_end: OnEnd | None = None,
) -> list[LoadedSource]:
    """Load logs into a database and return what was added, log by log.

    What is wrong with one of them (missing, unreadable, damaged, binary, refused) is told with it,
    and keeps none of the others from being loaded. Where host, zone, prefix or forms are None, the
    stream goes on with what was told before; told anew, they hold from there on.

    Args:
        paths: files, directories, journals, or "-" for standard input.
        database: the DuckDB file; created if missing.
        now: current time; dates standard input.
        clock: gives the time at which a batch is committed, for load_batches; now if None.
        year: year of the first line of each new log whose stamps have none; otherwise the latest
            that puts most of its last lines not after the last change of the file.
        timezone: IANA name of the zone of stamps without one; the system's if it was never told.
        host: host of lines that name none, such as those of Dovecot's own log files.
        dovecot_prefix: mail_log_prefix that the lines of Dovecot were written with, where it is no
            usual one.
        forms: directory of pages with forms of one's own.
        batch_bytes: size of the batches that a log is cut into; if None as large as memory and the
            room for temporary files bear.
        threads: of the engine; if None one per core, or one where little is new.
        memory: that may be taken; a share of the machine's if None.
        progress: called with bytes that are dealt with, some times in each batch.
        force: whether a log is loaded of which no line begins like that of a log.
        prove: whether these logs get a hash tree of their lines from now on, so that one line can
            be proven without the others.
        once: whether each line of these logs stands there twice, and counts once, from now on.
        pseudonyms: what is written in the place of people, domains and addresses; None for clear.
        mode: of the database if it is created; what stands beside it gets the database's.
        wait_seconds: for how long to wait where another process holds the database.
        on_wait: told who holds it when waiting begins.
        on_update: told what is done with a database of an older mailsql, or what its rows lack.
        on_end: given what was added, and the database to be read, before it is let go.

    Raises:
        HeldError: another process holds the database.
        DatabaseError: the database cannot be opened for writing.
        UsageError: the time zone is not known, the prefix or the forms cannot be used, or what is
            loaded has no pseudonyms, or others.
    """
    options = read_options(
        year=year,
        timezone=timezone,
        host=host,
        dovecot_prefix=dovecot_prefix,
        forms=forms,
        batch_bytes=batch_bytes,
        threads=threads,
        memory=memory,
        force=force,
        prove=prove,
        once=once,
        pseudonyms=pseudonyms,
        mode=mode,
    )
    sources, faults = find_sources(paths, now.date())
    loaded = [LoadedSource(path, fault=fault) for path, fault in faults.items()]
    if not sources:
        return loaded
    return loaded + load_sources(
        sources,
        database,
        options,
        now=now,
        clock=clock,
        progress=progress,
        wait_seconds=wait_seconds,
        on_wait=on_wait,
        on_update=on_update,
        on_end=on_end,
    )


@dataclass(frozen=True)
class LoadOptions:
    """What holds for all logs of a load, as `load` describes it; read_options checks it."""

    year: int | None
    timezone: str | None
    host: str | None
    dovecot_prefix: str | None
    own_forms: OwnForms | None
    batch_bytes: int | None
    threads: int | None
    memory: Memory
    force: bool
    prove: bool
    once: bool
    pseudonyms: Pseudonyms | None
    mode: int


def read_options(
    *,
    year: int | None = None,
    timezone: str | None = None,
    host: str | None = None,
    dovecot_prefix: str | None = None,
    forms: Path | None = None,
    batch_bytes: int | None = None,
    threads: int | None = None,
    memory: Memory | None = None,
    force: bool = False,
    prove: bool = False,
    once: bool = False,
    pseudonyms: Pseudonyms | None = None,
    mode: int = OWNER_ONLY,
) -> LoadOptions:
    """Return the options of a load, those of `load`.

    Raises:
        UsageError: the time zone is not known, or the prefix or the forms cannot be used.
    """
    if dovecot_prefix is not None:
        read_prefix(dovecot_prefix)
    own_forms = told_forms(forms) if forms is not None else None
    if timezone is not None:
        with duckdb.connect(":memory:") as trial:
            set_timezone(trial, timezone)
    return LoadOptions(
        year,
        timezone,
        host,
        dovecot_prefix,
        own_forms,
        batch_bytes,
        threads,
        memory or usual_memory(),
        force,
        prove,
        once,
        pseudonyms,
        mode,
    )


def load_sources(
    sources: Sequence[Source],
    database: Path,
    options: LoadOptions,
    *,
    now: datetime,
    clock: Callable[[], datetime] | None = None,
    progress: Progress | None = None,
    wait_seconds: float = WAIT_SECONDS,
    on_wait: Callable[[str], None] | None = None,
    on_update: Callable[[str], None] | None = None,
    on_lines: Callable[[int], None] | None = None,
    on_end: OnEnd | None = None,
) -> list[LoadedSource]:
    """Load logs in their order into a database, and let it go; return what was added.

    Behind each batch, when it is committed, on_lines is called with the lines that it added; what
    that raises ends the load there. All else is as load describes it.

    Raises:
        HeldError: another process holds the database.
        DatabaseError: the database cannot be opened for writing.
    """
    own_forms = options.own_forms
    with (
        _writing_aside(),
        created_with(beside(database, options.mode)),
        open_batch_files() as files,
    ):
        readable = [path for file in files for path in (file.path, file.endings_path)]
        batch_bytes = options.batch_bytes or _usual_batch_bytes(options.memory)
        # A pipe into what is there already is a window of a journal most often
        unknown = 0 if database.exists() else batch_bytes
        coming = {
            source.name: unknown if source.byte_count is None else source.byte_count
            for source in sources
        }
        target = Target(
            database,
            options.threads,
            readable,
            None,
            options.mode,
            wait_seconds,
            on_wait,
            on_update,
            coming,
            options.memory,
        )
        try:
            deriver = Deriver(target)
        except OutdatedError as error:
            what = f"{error}: deriving all rows again"
            derive_anew(
                database,
                on_update or _ignore,
                what=what,
                wait_seconds=wait_seconds,
                on_wait=on_wait,
                memory=options.memory,
            )
            deriver = Deriver(target)
        told = _Told(
            now,
            clock or (lambda: now),
            options.year,
            options.timezone,
            _told_host(options),
            options.dovecot_prefix,
            own_forms.sha256 if own_forms is not None else None,
            options.force,
            options.prove,
            options.once,
            rewriter=Rewriter(options.pseudonyms) if options.pseudonyms is not None else None,
        )
        loader = _Loader(deriver, files, told, batch_bytes, progress, on_lines)
        try:
            check_pseudonyms(deriver.connection, options.pseudonyms, database)
            if own_forms is not None:
                deriver.keep_forms(own_forms)
            added = [loader.load_source(source) for source in sources]
            if own_forms is not None:
                drop_unused_forms(deriver.connection)
            # What counts is known when all of them are there
            loaded = [replace(one, copies=_copies(deriver.connection, keys)) for one, keys in added]
            if on_end is not None:
                lock_settings(deriver.connection, database)
                on_end(deriver.connection, loaded)
            return loaded
        finally:
            deriver.connection.close()


def _usual_batch_bytes(memory: Memory) -> int:
    """Return the size of batches that memory and the room for temporary files bear."""
    room = shutil.disk_usage(tempfile.gettempdir()).free // BATCHES_ASIDE
    return max(min(memory.batch_bytes, room), SMALLEST_BATCH_BYTES)


def _told_host(options: LoadOptions) -> str | None:
    """The host of lines that name none, as they would name it."""
    if options.host is None or options.pseudonyms is None:
        return options.host
    return options.pseudonyms.host(options.host.encode()).decode()


@contextmanager
def _writing_aside() -> Iterator[None]:
    """Say of temporary files what keeps them from being written.

    Raises:
        RoomError: there is no room for them.
        DatabaseError: their file system is read-only.
    """
    another = "make room there, or name another directory with TMPDIR; a load continues then"
    try:
        place = tempfile.gettempdir()
    except FileNotFoundError as error:
        # It can write to none, whatever keeps it from that
        raise RoomError("no directory for temporary files can be written to", another) from error
    try:
        yield
    except OSError as error:
        if is_full(error):
            raise RoomError(f"{place}: no room for temporary files", another) from error
        if error.errno == errno.EROFS:
            raise file_error(place, error) from error
        raise


def _ignore(text: str) -> None:
    """Tell nobody."""


def _copies(connection: duckdb.DuckDBPyConnection, keys: tuple[int, int] | None) -> dict[str, int]:
    """Copies among the lines from one key to another, by the path of the log that counts."""
    if keys is None:
        return {}
    found = connection.execute(
        "select path, count(*) from raw_lines inner join log_files on copy_of >> 32 = file_key "
        "where line_key between ? and ? and copy_of is not null group by path order by 2 desc, 1",
        [*keys],
    ).fetchall()
    return dict(found)


def _future(
    connection: duckdb.DuckDBPyConnection, keys: tuple[int, int], now: datetime
) -> tuple[int, datetime | None]:
    """How many lines from one key to another are of the future in every zone, and until when."""
    row = connection.execute(
        "select count(*), max(logged_at) from raw_lines "
        "where line_key between ? and ? and logged_at > ?",
        [*keys, now + timedelta(days=1)],
    ).fetchone()
    assert row is not None
    return row


def load_again(
    deriver: Deriver,
    files: Sequence[BatchFile],
    source: Source,
    stream: ByteStream,
    settings: Settings,
    *,
    now: datetime,
    prove: bool,
    once: bool,
    year_source: str | None,
) -> None:
    """Load what is new in the bytes of a log that was loaded before.

    Args:
        deriver: of the database.
        files: for the batches.
        source: where the log was.
        stream: its bytes.
        settings: what the new lines are read with.
        now: current time.
        prove: whether its batches get a hash tree.
        once: whether each of its lines stands there twice.
        year_source: what told the year of its first stamp without one (log_files).

    Raises:
        duckdb.Error: something failed that no line is to blame for.
    """
    dated = replace(source, reference_date=settings.reference_date or source.reference_date)
    told = _Told(
        now,
        lambda: now,
        settings.year,
        settings.timezone,
        settings.host,
        settings.dovecot_prefix,
        settings.forms_sha256,
        force=True,
        prove=prove,
        once=once,
        year_source=year_source,
    )
    batch_bytes = _usual_batch_bytes(deriver.target.memory)
    _Loader(deriver, files, told, batch_bytes).load_stream(dated, stream, _Tally())


@dataclass(frozen=True)
class _Told:
    """What was told of all logs of a load."""

    now: datetime
    clock: Callable[[], datetime]
    year: int | None
    timezone: str | None
    host: str | None
    dovecot_prefix: str | None
    forms_sha256: str | None
    force: bool
    prove: bool
    once: bool
    year_source: str | None = None
    rewriter: Rewriter | None = None


@dataclass
class _Tally:
    """What has been added of a log so far."""

    loaded_before: int = 0
    line_count: int = 0
    byte_count: int = 0
    waiting_bytes: int = 0
    is_empty: bool = False
    first_key: int | None = None
    is_doubled: bool = False
    named_host: str | None = None
    first_foreign_line: str | None = None
    cursor: str | None = None
    gap: tuple[datetime, datetime] | None = None
    failed_steps: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Place:
    """Where the batches of a log go."""

    source: Source
    head: bytes
    checkpoint: Checkpoint
    clock: Callable[[], datetime]
    is_any_text: bool
    is_proven: bool
    is_once: bool
    year_source: str
    rewritten: RewrittenStream | None
    pseudonyms: Pseudonyms | None

    @property
    def identity(self) -> tuple[int, str]:
        """How many first bytes of the stream identify it, and their SHA-256."""
        begun = self.head[:IDENTITY_BYTES]
        return self.checkpoint.identity or (len(begun), hashlib.sha256(begun).hexdigest())


@dataclass(frozen=True)
class _TextPiece(Piece):
    """A batch of a log; without one, the end of what is loaded of it."""

    place: _Place
    batch: Batch | None
    is_last: bool = False

    @property
    def is_once(self) -> bool:
        return self.place.is_once

    @property
    def year_source(self) -> str:
        return self.place.year_source

    @property
    def goes_on(self) -> bool:
        """Whether the beginning of the first line was stored before, as a line."""
        return self.batch is not None and self.batch.goes_on

    @property
    def removed_keys(self) -> tuple[int, int] | None:
        key = self.file_key * 2**32 + self.first_line_no
        return (key, key) if self.goes_on else None

    @property
    def identity(self) -> tuple[str, str | None, int | None]:
        _, digest = self.place.identity
        # What only lies somewhere else is still a part of its rotation; what goes on there is not
        rotation = self.place.source.rotation if self.batch is not None else None
        return digest, rotation, self.place.checkpoint.branch_of

    @property
    def first_byte(self) -> int | None:
        return self.batch.first_byte if self.batch else None

    @property
    def new_line_count(self) -> int:
        """Lines that were not loaded before, not even in part."""
        return self.line_count - self.goes_on

    def show(self, connection: duckdb.DuckDBPyConnection) -> None:
        if self.batch is None:
            run_sql(connection, "ingest/no_lines.sql")
            return
        connection.execute("set variable batch_path = ?", [self.batch.file.path])
        endings_path = self.batch.file.endings_path
        connection.execute("set variable batch_endings_path = ?", [endings_path])
        buffer_bytes = max(CSV_BUFFER_BYTES, self.batch.longest_line_bytes + 1)
        connection.execute("set variable batch_buffer_bytes = ?", [buffer_bytes])
        run_sql(connection, "ingest/read_lines.sql")

    def halves(self) -> Iterator[_TextPiece]:
        assert self.batch is not None
        first_line_no = self.first_line_no
        for half in cut_in_two(self.batch):
            yield replace(
                self,
                first_line_no=first_line_no,
                line_count=half.line_count,
                batch=half,
                is_last=self.is_last and first_line_no > self.first_line_no,
            )
            first_line_no += half.line_count

    def log_days(self) -> list[tuple[str, int]]:
        assert self.batch is not None
        # What follows the batch in standard input is not there yet
        if self.is_last or self.place.source.path is None:
            self.batch.raw.seek(self.batch.raw_start)
            return log_days(self.batch.raw)
        with suppress(InputError, DamagedDataError), open_source(self.place.source) as stream:
            first_byte = self.batch.first_byte
            if self.place.rewritten is not None:
                first_byte = self.place.rewritten.place_before(first_byte).original
            stream.seek(first_byte)
            return log_days(stream)
        return []

    def judge_text(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Refuse a log of which no line begins like that of a log.

        Raises:
            InputError: with its first line.
        """
        if self.place.is_any_text or self.first_byte or self.batch is None:
            return
        run_sql(connection, "ingest/other_text.sql")
        found = connection.execute("select line from other_text").fetchone()
        if found is not None:
            raise InputError(
                f"{self.place.source.name}: no line begins as in a log that mailsql knows; "
                f"the first is: {quoted(str(found[0]))}",
                f"{name_wrappings()}; --force loads it nevertheless",
            )

    def begin(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Write the stream's row, or where it is found now."""
        _, rotation, branch_of = self.identity
        values = [
            self.place.source.name,
            self.place.source.compression,
            *self.place.identity,
            self.place.is_proven,
            self.is_once,
        ]
        updated = connection.execute(
            "update log_files set path = ?, compression = ?, identity_bytes = ?, "
            "identity_sha256 = ?, is_proven = ?, is_once = is_once or ? "
            "where file_key = ? returning file_key",
            [*values, self.file_key],
        ).fetchone()
        if updated is None:
            connection.execute(
                "insert into log_files by name select ? as file_key, ? as path, ? as compression, "
                "? as identity_bytes, ? as identity_sha256, ? as is_proven, ? as is_once, "
                "? as branch_of, ? as rotation, ? as first_line_sha256, "
                "0 as loaded_bytes, 0 as loaded_lines, 0 as tail_bytes, '' as tail_sha256",
                [
                    self.file_key,
                    *values,
                    branch_of,
                    rotation,
                    first_line_sha256(self.place.head),
                ],
            )

    def end(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Write the checkpoint, the batch and its settings."""
        if self.batch is None:
            return
        told = (
            self.file_key,
            self.batch.first_byte,
            self.batch.first_byte + self.batch.byte_count - 1,
            self.first_line_no,
            self.first_line_no + self.line_count - 1,
            len(self.batch.torn),
            self.batch.sha256,
            self.batch.root,
        )
        last_key, chain = last_link(connection)
        commitment = commit_to(bytes.fromhex(self.batch.salt), *told)
        connection.execute(
            "create or replace temp table loaded_batch as select ?::integer as file_key, "
            "?::bigint as first_byte, ?::bigint as last_byte, ?::bigint as first_line_no, "
            "?::bigint as last_line_no, ?::integer as torn_bytes, ?::varchar as sha256, "
            "?::varchar as root, ?::integer as batch_key, ?::varchar as salt, "
            "?::varchar as chain, ?::timestamptz as committed_at, "
            "?::varchar as mailsql_version, ?::integer as tail_bytes, ?::varchar as tail_sha256, "
            "?::varchar as journal_cursor",
            [
                *told,
                last_key + 1,
                self.batch.salt,
                next_link(chain, commitment).hex(),
                self.place.clock(),
                __version__,
                len(self.batch.tail),
                hashlib.sha256(self.batch.tail).hexdigest(),
                self._journal_cursor(),
            ],
        )
        run_sql(connection, "ingest/9_loaded")
        if self.place.pseudonyms is not None:
            keep_pseudonyms(connection, self.file_key, self.place.pseudonyms)
        if self.place.rewritten is not None:
            keep_places(connection, self.file_key, self.place.rewritten)

    def _journal_cursor(self) -> str | None:
        """Cursor of the last entry; None of other logs than journals."""
        if self.place.source.journal is None:
            return None
        assert self.batch is not None
        return entry_cursor(last_line(self.batch))


class _Loader:
    """Loads one source after another."""

    def __init__(
        self,
        deriver: Deriver,
        files: Sequence[BatchFile],
        told: _Told,
        batch_bytes: int,
        progress: Progress | None = None,
        on_lines: Callable[[int], None] | None = None,
    ) -> None:
        self.deriver = deriver
        self.files = files
        self.told = told
        self.batch_bytes = batch_bytes
        self.progress = progress
        self.on_lines = on_lines

    def load_source(self, source: Source) -> tuple[LoadedSource, tuple[int, int] | None]:
        """Load what is new in a log; what was committed before an error stays.

        Returns what was done, and the keys of the first and the last line that was added.
        """
        tally = _Tally()
        fault = None
        try:
            cursor = journal_cursor(self.deriver.connection, source)
            with open_source(source, cursor) as stream:
                rewriter = self.told.rewriter
                told = stream if rewriter is None else rewritten(stream, rewriter)
                self.load_stream(source, told, tally)
                if isinstance(stream, JournalStream):
                    tally.cursor, tally.gap = stream.cursor, stream.gap
        except InputError as error:
            self.deriver.roll_back()
            fault = error
        except JournalError as error:
            fault = InputError(
                f"{source.name}: {error}; what came before that is loaded",
                "the next load goes on behind it",
            )
        except DamagedDataError as error:
            fault = InputError(
                f"{source.name}: damaged {error.compression} file ({error}); what stands before "
                f"that is loaded, {tally.loaded_before + tally.byte_count:,} bytes in whole lines",
                "copy the file again: the next load goes on with what follows",
            )
        except BaseException:
            self.deriver.roll_back()
            raise
        loaded = LoadedSource(
            source.name,
            tally.line_count,
            tally.byte_count,
            tally.loaded_before,
            tally.is_empty,
            tally.waiting_bytes,
            tuple(tally.failed_steps),
            is_doubled=tally.is_doubled,
            named_host=tally.named_host,
            first_foreign_line=tally.first_foreign_line,
            cursor=tally.cursor,
            gap=tally.gap,
            fault=fault,
        )
        if tally.first_key is None:
            return loaded, None
        keys = tally.first_key, tally.first_key + tally.line_count - 1
        count, until = _future(self.deriver.connection, keys, self.told.now)
        return replace(loaded, future_count=count, future_until=until), keys

    def load_stream(self, source: Source, stream: ByteStream, tally: _Tally) -> None:
        """Load what is new in the bytes of a log.

        Raises:
            InputError: it is refused.
            DamagedDataError: it is damaged.
        """
        head = stream.read(max(IDENTITY_BYTES, SNIFFED_BYTES))
        check_text(head, source.name)
        if isinstance(stream, JournalStream):
            checkpoint = find_journal(self.deriver.connection, source)
        else:
            checkpoint = find_checkpoint(self.deriver.connection, source, stream, head)
        # Of a journal only what is new comes
        tally.is_empty = not head and not checkpoint.loaded_bytes
        if tally.is_empty:
            return
        start = tally.loaded_before = checkpoint.loaded_bytes
        is_related = checkpoint.is_known or checkpoint.branch_of is not None
        if checkpoint.is_all or (
            source.must_go_on and not is_related and not self._is_of_loaded_log(source)
        ):
            return
        # Of a journal only what is behind its cursor comes
        begun = head if isinstance(stream, JournalStream) else head[start:]
        lines = stream
        if isinstance(stream, RewrittenStream) and source.path is not None:
            begun, lines = b"", WholeLines(stream)
            stream.seek(start)
        elif source.path is not None:
            stream.seek(max(start, len(head)))
        settings = self._settings(source, checkpoint.settings)
        first_line_no = checkpoint.loaded_lines + 1
        is_proven = self.told.prove or checkpoint.is_proven
        place = _Place(
            source,
            head,
            checkpoint,
            self.told.clock,
            self.told.force,
            is_proven,
            self.told.once,
            self.told.year_source or (source.date_source if self.told.year is None else "--year"),
            stream if isinstance(stream, RewrittenStream) else None,
            None if self.told.rewriter is None else self.told.rewriter.pseudonyms,
        )
        here = _TextPiece(
            checkpoint.file_key, first_line_no, 0, settings, checkpoint.date_before, place, None
        )
        batches = read_batches(
            lines,
            begun,
            start,
            self.batch_bytes,
            source.is_closed,
            source.name,
            self.files,
            checkpoint.torn,
            is_proven,
        )
        # Standard input may be silent for ever, and is the last to be read
        ahead = _read_ahead(batches, must_end=source.path is not None)
        with closing(ahead):
            for batch in ahead:
                _check_same(stream, head, source.name)
                if isinstance(batch, bytes):
                    tally.waiting_bytes = len(batch)
                    break
                first_line_no = here.first_line_no + tally.line_count - batch.goes_on
                # What goes on is read anew, with what is told now
                if batch.goes_on or not tally.line_count:
                    self.deriver.prepare(Stretch(checkpoint.file_key, first_line_no, settings))
                self._load_batch(
                    replace(
                        here,
                        first_line_no=first_line_no,
                        line_count=batch.line_count,
                        batch=batch,
                        is_last=batch.byte_count < self.batch_bytes,
                    ),
                    batch,
                    tally,
                )
        if checkpoint.is_known and not tally.line_count and self._is_told_anew(here):
            self.deriver.prepare(Stretch(checkpoint.file_key, first_line_no, settings))
            if self.told.once:
                self.deriver.store(here)
            self.deriver.keep_settings(here)

    def _is_told_anew(self, here: _TextPiece) -> bool:
        """Whether something else is told of a known log than what is kept of it."""
        place, known = here.place, here.place.checkpoint.settings
        if known is None or self.told.once:
            return True
        # Year and date are asked for where lines come
        dated = replace(here.settings, year=known.year, reference_date=known.reference_date)
        row = self.deriver.connection.execute(
            "select path, compression, is_proven from log_files where file_key = ?",
            [here.file_key],
        ).fetchone()
        told = place.source.name, place.source.compression, place.is_proven
        return dated != known or row != told

    def _is_of_loaded_log(self, source: Source) -> bool:
        """Whether a part of a rotation was written when lines of that log were loaded already."""
        row = self.deriver.connection.execute(
            "select epoch(min(committed_at)) from load_batches "
            "inner join log_files using (file_key) where rotation = ?",
            [source.rotation],
        ).fetchone()
        assert row is not None
        if source.path is None or row[0] is None:
            return False
        with suppress(OSError):
            return source.path.stat().st_mtime >= float(row[0])
        return False

    def _settings(self, source: Source, known: Settings | None) -> Settings:
        """What the lines are read with: what is told, or else what was told before."""
        told = self.told
        return Settings(
            told.host or (known.host if known else None),
            told.year,
            source.reference_date,
            told.timezone or (known.timezone if known else self.deriver.system_timezone),
            told.dovecot_prefix or (known.dovecot_prefix if known else None),
            told.forms_sha256 or (known.forms_sha256 if known else None),
        )

    def _load_batch(self, piece: _TextPiece, batch: Batch, tally: _Tally) -> None:
        done_bytes = 0

        def tell(share: float) -> None:
            nonlocal done_bytes
            byte_count = int(share * batch.byte_count) - done_bytes
            # Parts of it may begin again
            if self.progress is not None and byte_count > 0:
                done_bytes += byte_count
                self.progress(byte_count)

        self.deriver.on_share = tell
        for stored in self.deriver.derive(piece, tally.failed_steps):
            assert isinstance(stored, _TextPiece)
            assert stored.batch is not None
            if stored.first_byte == 0 and not stored.is_once:
                tally.is_doubled = self.deriver.is_doubled()
            if stored.first_byte == 0:
                tally.named_host = self.deriver.named_host()
            if stored.first_byte == 0 or tally.first_foreign_line is not None:
                found = self.deriver.first_foreign_line()
                tally.first_foreign_line = found and (tally.first_foreign_line or found)
            if tally.first_key is None and stored.new_line_count:
                tally.first_key = stored.file_key * 2**32 + stored.first_line_no + stored.goes_on
            tally.line_count += stored.new_line_count
            tally.byte_count += stored.batch.byte_count
            if self.on_lines is not None:
                self.on_lines(stored.new_line_count)
        tell(1)
        if batch.byte_count >= min(self.batch_bytes, SMALLEST_BATCH_BYTES):
            # Merging its row groups would write most of it twice: a smaller load does that
            self.deriver.connection.execute("set max_vacuum_tasks = 0")


def _check_same(stream: ByteStream, head: bytes, name: str) -> None:
    """Refuse what was read of a log that was truncated meanwhile, and written anew.

    Raises:
        InputError: it begins otherwise than before.
    """
    if isinstance(stream, io.BufferedReader):
        begun = head[:IDENTITY_BYTES]
        if os.pread(stream.fileno(), len(begun), 0) != begun:
            raise InputError(
                f"{name}: written anew while it was read",
                "the next load reads what it holds now; name a copy that was made, too",
            )


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
