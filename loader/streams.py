"""A log -> the stream that it is: one that goes on, one that shares its beginning with another, or
a new one; proven by hashes of what is loaded, never by the name.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from tempfile import TemporaryFile

import duckdb

from .decompress import DamagedDataError
from .pruned import changed_runs, lines_left
from .pseudonymized import go_to_places
from .rewritten_stream import BEGINNING, RewrittenStream
from .settings import Settings, date_at, settings_at
from .sources import ByteStream, ComesOnce, Source
from .stored_bytes import stored_lines

IDENTITY_BYTES = 1024
CHUNK_BYTES = 1048576
TORN_SEARCH_BYTES = 65536
# At the beginning of a line: with a zone it tells a moment, whatever was told of the log
ZONED_STAMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True)
class Checkpoint:
    """How far a stream is loaded.

    Attributes:
        file_key: its number in log_files.
        is_known: whether it has a row there.
        loaded_bytes: the next load continues here.
        loaded_lines: lines before that.
        settings: what it was loaded with, or the stream that it shares its beginning with; or None.
        branch_of: the stream that it shares its beginning with, or None.
        date_before: of the last line that it shares, or None.
        torn: what stands before loaded_bytes, if that is no whole line.
        is_all: whether the log ends there.
        is_proven: whether it has a hash tree of its lines.
        identity: of a journal, of which the beginning is not read again: how many first bytes
            identify it, and their SHA-256.
    """

    file_key: int
    is_known: bool
    loaded_bytes: int
    loaded_lines: int
    settings: Settings | None = None
    branch_of: int | None = None
    date_before: date | None = None
    torn: bytes = b""
    is_all: bool = False
    is_proven: bool = False
    identity: tuple[int, str] | None = None


@dataclass(frozen=True)
class _Stream:
    """A row of log_files."""

    file_key: int
    identity_bytes: int
    identity_sha256: str
    loaded_bytes: int
    loaded_lines: int
    tail_bytes: int
    tail_sha256: str
    is_proven: bool


@dataclass(frozen=True)
class _Shared:
    """What a log has in common with a stream, from its beginning on.

    Attributes:
        byte_count: bytes of it.
        line_count: lines of it.
        file_key: the stream that holds the last of these lines.
        is_all: whether the log has nothing else, but for the beginning of a line of the stream.
    """

    byte_count: int
    line_count: int
    file_key: int
    is_all: bool


def find_checkpoint(
    connection: duckdb.DuckDBPyConnection, source: Source, stream: ByteStream, head: bytes
) -> Checkpoint:
    """Find out which stream a log is, and how far that is loaded.

    Of several that it may be, the one loaded last is meant.

    Args:
        connection: of the database.
        source: the log.
        stream: its bytes; files are left at any place, standard input behind what is loaded.
        head: its first bytes, at least IDENTITY_BYTES if it has as many.

    Raises:
        DamagedDataError: it is damaged before it differs from a stream.
    """
    related = []
    for known in _streams_of(connection, head):
        if isinstance(stream, ComesOnce) and known.loaded_bytes > len(head):
            skipped = _skip(connection, known, stream, head)
            if skipped is not None:
                return skipped
            continue
        going_on = _going_on(connection, known, stream, head)
        if going_on is not None:
            return going_on
        related.append(known)
    related += [
        known for known in _streams_that_begin_alike(connection, head) if known not in related
    ]
    if related:
        bytes_read = io.BytesIO(head) if source.path is None else stream
        found = [(_shared(connection, bytes_read, one.file_key), one) for one in related]
        shared, parent = max(found, key=lambda pair: (pair[0].byte_count, -pair[1].file_key))
        if shared.byte_count == parent.loaded_bytes:
            # A copy that was being made has grown since
            going_on = _going_on(connection, parent, stream, head)
            if going_on is not None:
                return going_on
        if shared.line_count or shared.is_all:
            return _branch(connection, parent, shared)
    return Checkpoint(_next_key(connection), False, 0, 0)


def journal_cursor(connection: duckdb.DuckDBPyConnection, source: Source) -> str | None:
    """Return the cursor of the last entry of a journal that is loaded; None of other logs."""
    row = connection.execute(
        "select journal_cursor from log_files where path = ? and journal_cursor is not null "
        "order by file_key desc limit 1",
        [source.name if source.journal is not None else None],
    ).fetchone()
    return None if row is None else str(row[0])


def find_journal(connection: duckdb.DuckDBPyConnection, source: Source) -> Checkpoint:
    """Find out how far a journal is loaded, which is known by its name."""
    condition = "path = ? and journal_cursor is not null"
    for known in _find_streams(connection, condition, [source.name]):
        identity = known.identity_bytes, known.identity_sha256
        return replace(_continued(connection, known, b""), identity=identity)
    return Checkpoint(_next_key(connection), False, 0, 0)


def first_line_sha256(head: bytes) -> str | None:
    """Hash of the first line of some bytes, without its end; None where they hold no whole one."""
    first_line, ended, _ = head.partition(b"\n")
    return hashlib.sha256(first_line.removesuffix(b"\r")).hexdigest() if ended else None


def _streams_of(connection: duckdb.DuckDBPyConnection, head: bytes) -> list[_Stream]:
    """Streams that are known by the first of these bytes, the last one first."""
    lengths = connection.execute(
        "select distinct identity_bytes from log_files where identity_bytes <= ?", [len(head)]
    ).fetchall()
    hashes = [hashlib.sha256(head[:length]).hexdigest() for (length,) in lengths]
    return _find_streams(
        connection,
        "identity_sha256 in (select unnest(?::varchar[])) and journal_cursor is null",
        [hashes],
    )


def _streams_that_begin_alike(connection: duckdb.DuckDBPyConnection, head: bytes) -> list[_Stream]:
    """Streams too short to be known by these bytes, or with more of them, that begin alike."""
    return _find_streams(
        connection,
        "first_line_sha256 = ? and (identity_bytes < ? or identity_bytes > ?) "
        "and journal_cursor is null",
        [first_line_sha256(head), IDENTITY_BYTES, len(head)],
    )


def _find_streams(
    connection: duckdb.DuckDBPyConnection, condition: str, values: list[object]
) -> list[_Stream]:
    """Streams of which a condition is true, the last one first."""
    rows = connection.execute(
        "select file_key, identity_bytes, identity_sha256, loaded_bytes, loaded_lines, "
        f"tail_bytes, tail_sha256, is_proven from log_files where {condition} "
        "order by file_key desc",
        values,
    ).fetchall()
    return [_Stream(*row) for row in rows]


def _next_key(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute("select coalesce(max(file_key), 0) + 1 from log_files").fetchone()
    assert row is not None
    return int(row[0])


def _going_on(
    connection: duckdb.DuckDBPyConnection, known: _Stream, stream: ByteStream, head: bytes
) -> Checkpoint | None:
    """Where a log goes on with a stream; None if it does not hold all that is loaded of it."""
    start = known.loaded_bytes - known.tail_bytes
    if isinstance(stream, RewrittenStream) and known.loaded_bytes > len(head):
        go_to_places(connection, known.file_key, stream)
    tail = _read_at(stream, head, start, known.tail_bytes)
    if hashlib.sha256(tail).hexdigest() != known.tail_sha256:
        if isinstance(stream, RewrittenStream) and not isinstance(stream, ComesOnce):
            stream.begin_at(BEGINNING)
        return None
    return _continued(connection, known, _torn_line(stream, head, known.loaded_bytes, tail))


def _continued(connection: duckdb.DuckDBPyConnection, known: _Stream, torn: bytes) -> Checkpoint:
    return Checkpoint(
        known.file_key,
        True,
        known.loaded_bytes,
        known.loaded_lines,
        settings_at(connection, known.file_key, known.loaded_lines + 1),
        torn=torn,
        is_proven=known.is_proven,
    )


def _branch(connection: duckdb.DuckDBPyConnection, parent: _Stream, shared: _Shared) -> Checkpoint:
    """A stream that begins where a log differs from another one."""
    return Checkpoint(
        _next_key(connection),
        False,
        shared.byte_count,
        shared.line_count,
        settings_at(connection, shared.file_key, shared.line_count),
        parent.file_key,
        date_at(connection, shared.file_key, shared.line_count),
        is_all=shared.is_all,
        is_proven=parent.is_proven,
    )


def _skip(
    connection: duckdb.DuckDBPyConnection,
    known: _Stream,
    stream: ComesOnce,
    head: bytes,
) -> Checkpoint | None:
    """Read standard input up to where its stream goes on; give it back if it is another one."""
    with ExitStack() as files:
        # Unlinked from the beginning: nothing of a log stays behind
        read_before = files.enter_context(TemporaryFile())
        missing = known.loaded_bytes - len(head)
        recent = head
        while missing > 0 and (read := stream.read(min(missing, CHUNK_BYTES))):
            read_before.write(read)
            missing -= len(read)
            recent += read
            recent = recent[min(max(0, len(recent) - known.tail_bytes), recent.rfind(b"\n") + 1) :]
        tail = recent[len(recent) - known.tail_bytes :]
        if not missing and hashlib.sha256(tail).hexdigest() != known.tail_sha256:
            read_before.seek(0)
            stream.give_back(read_before)
            files.pop_all()
            return None
    return _continued(connection, known, recent[recent.rfind(b"\n") + 1 :])


def _read_at(stream: ByteStream, head: bytes, start: int, count: int) -> bytes:
    """Return bytes at a place, fewer where the log ends or is damaged."""
    if start + count <= len(head):
        return head[start : start + count]
    try:
        stream.seek(start)
        return stream.read(count)
    except DamagedDataError:
        return b""
    except io.UnsupportedOperation:
        return head[start:]


def _torn_line(stream: ByteStream, head: bytes, end: int, tail: bytes) -> bytes:
    """Return what stands between the last line end before a place and the place."""
    if tail.endswith(b"\n"):
        return b""
    count = TORN_SEARCH_BYTES
    while True:
        start = max(0, end - count)
        before = _read_at(stream, head, start, end - start)
        cut = before.rfind(b"\n") + 1
        if cut or not start:
            return before[cut:]
        count *= 16


def _shared(
    connection: duckdb.DuckDBPyConnection,
    stream: ByteStream,
    file_key: int,
    limit: int | None = None,
) -> _Shared:
    """Compare a log with what is loaded of a stream: batches by hash, then lines by bytes."""
    batches = connection.execute(
        "select first_byte, last_byte + 1, last_line_no, sha256 from load_batches "
        "where file_key = ? order by batch_key",
        [file_key],
    ).fetchall()
    parent = connection.execute(
        "select branch_of from log_files where file_key = ?", [file_key]
    ).fetchone()
    shared = _Shared(0, 0, file_key, False)
    if parent is not None and parent[0] is not None:
        begun = batches[0][0]
        shared = _shared(
            connection, stream, parent[0], begun if limit is None else min(limit, begun)
        )
        if shared.byte_count < begun:
            return shared
    for start, end, last_line_no, sha256 in batches:
        differs = False
        if limit is None or end <= limit:
            found, is_whole = _sha256(stream, start, end)
            if found == sha256:
                shared = _Shared(end, last_line_no, file_key, False)
                continue
            differs = is_whole
        shared = _shared_lines(
            connection, stream, file_key, shared, last_line_no, limit, differs=differs
        )
        # What was too short may have grown since
        if differs or shared.is_all or shared.line_count < last_line_no:
            return shared
    return shared


def _sha256(stream: ByteStream, start: int, end: int) -> tuple[str, bool]:
    """Return the hash of bytes of a log, and whether it has all of them."""
    digest = hashlib.sha256()
    stream.seek(start)
    while start < end and (read := stream.read(min(CHUNK_BYTES, end - start))):
        digest.update(read)
        start += len(read)
    return digest.hexdigest(), start >= end


def _shared_lines(
    connection: duckdb.DuckDBPyConnection,
    stream: ByteStream,
    file_key: int,
    shared: _Shared,
    last_line_no: int,
    limit: int | None,
    *,
    differs: bool,
) -> _Shared:
    """Compare line by line behind what is shared already, up to a line of the stream.

    Lines that were pruned, or erased in, are taken for shared, so that they do not come back,
    unless something shows that the log is another one and no line behind them shows that it is
    the same.
    """
    position, line_count = shared.byte_count, shared.line_count
    stream.seek(max(0, position - 1))
    if position and (torn := _torn_line(stream, b"", position, stream.read(1))):
        position -= len(torn)
        line_count -= 1
        shared = _Shared(position, line_count, file_key, False)
    gaps = changed_runs(connection, file_key)
    pruned_before = _pruned_before(connection) if gaps else None
    left = lines_left(gaps, line_count + 1, last_line_no)
    stored = (
        line for first, last in left for line in stored_lines(connection, file_key, first, last)
    )
    known = next(stored, None)
    stream.seek(position)
    lines = lines_of(stream)
    is_all = False
    compared = shared
    while (limit is None or position < limit) and line_count < last_line_no:
        line = next(lines, b"")
        is_pruned = known is None or known.line_no > line_count + 1
        if not line.endswith(b"\n"):
            is_all = is_pruned or (
                known is not None and known.data is not None and known.data.startswith(line)
            )
            break
        if is_pruned and pruned_before is not None and _is_since(line, pruned_before):
            differs = True
            break
        if not is_pruned and (known is None or known.data != line):
            differs = True
            break
        position += len(line)
        line_count += 1
        shared = _Shared(position, line_count, file_key, False)
        if not is_pruned:
            compared = shared
            known = next(stored, None)
    return compared if differs else replace(shared, is_all=is_all)


def _pruned_before(connection: duckdb.DuckDBPyConnection) -> datetime | None:
    """Return the time before which all was logged that was pruned, of any stream."""
    row = connection.execute("select max(before) from prunings").fetchone()
    assert row is not None
    before: datetime | None = row[0]
    return before


def _is_since(line: bytes, moment: datetime) -> bool:
    """Whether a line has a stamp of a moment or later; not where that depends on a zone or year."""
    found = ZONED_STAMP.match(line)
    if found is not None:
        with suppress(ValueError):
            return datetime.fromisoformat(found[0].decode()) >= moment
    return False


def lines_of(stream: ByteStream) -> Iterator[bytes]:
    """Yield the lines that are left, each with its newline, which only the last may lack."""
    rest = b""
    while read := stream.read(CHUNK_BYTES):
        *lines, rest = (rest + read).split(b"\n")
        for line in lines:
            yield line + b"\n"
    if rest:
        yield rest
