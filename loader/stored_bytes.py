"""Stored lines -> the bytes that were loaded: lines, streams, and what stood in each batch."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import duckdb

from .chain import commit_to, unhex
from .encoding import decode_text, encode_text
from .erased import erased_in
from .errors import DatabaseError, UsageError
from .pruned import pruned_runs
from .tree import LineTree, block_nonces

BLOCK_LINES = 65536
PAGE_BATCHES = 10_000
LAST_LINE_NO = 2**32 - 1
LINE_ENDS = {"crlf": b"\r\n", "none": b""}


class PrunedError(DatabaseError):
    """Lines that are asked for were pruned."""


class StoredLine(NamedTuple):
    """A line as it was loaded.

    Attributes:
        line_no: its number in the stream.
        data: its bytes with its line end; None if its text stands for no bytes, for it was changed.
    """

    line_no: int
    data: bytes | None


def stored_lines(
    connection: duckdb.DuckDBPyConnection,
    file_key: int,
    first_line_no: int = 1,
    last_line_no: int = LAST_LINE_NO,
) -> Iterator[StoredLine]:
    """Yield the lines that are stored of a stream, in order, a block at a time in memory."""
    before = file_key * 2**32
    first, end = _first_and_last(connection, before + first_line_no, before + last_line_no)
    while first <= end:
        last = min(first + BLOCK_LINES - 1, end)
        rows = connection.execute(
            "select line_key, line from raw_lines where line_key between ? and ? order by line_key",
            [first, last],
        ).fetchall()
        if not rows:
            # In a changed database a line may have any number
            first, end = _first_and_last(connection, last + 1, end)
            continue
        ends = connection.execute(
            "select first_line_key, last_line_key, ending from line_endings "
            "where first_line_key <= ? and last_line_key >= ?",
            [last, first],
        ).fetchall()
        keys = [key for key, _ in rows]
        lines = _original_lines([text for _, text in rows])
        line_ends = [b"\n"] * len(rows)
        for run_first, run_last, ending in ends:
            for place in range(bisect_left(keys, run_first), bisect_right(keys, run_last)):
                line_ends[place] = LINE_ENDS.get(ending, b"\n")
        for key, line, line_end in zip(keys, lines, line_ends, strict=True):
            yield StoredLine(key - before, None if line is None else line + line_end)
        first = last + 1


def _first_and_last(
    connection: duckdb.DuckDBPyConnection, first_key: int, last_key: int
) -> tuple[int, int]:
    """Keys of the first and last line that are stored in a range; without any, an empty range."""
    found = connection.execute(
        "select system.main.min(line_key), system.main.max(line_key) from raw_lines "
        "where line_key between ? and ?",
        [first_key, last_key],
    ).fetchone()
    return (0, -1) if found is None or found[0] is None else found


def _original_lines(texts: list[str]) -> list[bytes | None]:
    """Bytes of lines without their ends."""
    joined = "\n".join(texts).encode()
    data = decode_text(joined)
    lines = data.split(b"\n")
    if len(lines) == len(texts) and encode_text(data) == joined:
        return [*lines]
    return [_original_line(text.encode()) for text in texts]


def _original_line(text: bytes) -> bytes | None:
    data = decode_text(text)
    return None if b"\n" in text or encode_text(data) != text else data


@dataclass(frozen=True)
class StoredBatch:
    """A row of load_batches."""

    batch_key: int
    file_key: int
    first_byte: int
    last_byte: int
    first_line_no: int
    last_line_no: int
    torn_bytes: int
    sha256: str
    salt: str
    root: str | None
    chain: str

    @property
    def commitment(self) -> bytes:
        """What stands for it in the chain."""
        return commit_to(
            unhex(self.salt),
            self.file_key,
            self.first_byte,
            self.last_byte,
            self.first_line_no,
            self.last_line_no,
            self.torn_bytes,
            self.sha256,
            self.root,
        )

    def tree(self, wanted: int | None = None) -> LineTree:
        """A tree for its lines."""
        return LineTree(unhex(self.salt), wanted)

    def nonces(self, block: int) -> bytes:
        """The nonces of a block of its lines (block_nonces)."""
        return block_nonces(unhex(self.salt), block)


def stored_batches(
    connection: duckdb.DuckDBPyConnection, file_key: int | None = None
) -> Iterator[StoredBatch]:
    """Yield the batches of a stream, or of all, in the order of loading."""
    batch_key = 0
    while True:
        rows = connection.execute(
            "select batch_key, file_key, first_byte, last_byte, first_line_no, last_line_no, "
            "torn_bytes, sha256, salt, root, chain from load_batches "
            "where batch_key > ? and (file_key = ? or ? is null) order by batch_key limit ?",
            [batch_key, file_key, file_key, PAGE_BATCHES],
        ).fetchall()
        if not rows:
            return
        yield from (StoredBatch(*row) for row in rows)
        batch_key = rows[-1][0]


class LineCursor:
    """Gives the lines of a stream batch by batch; two batches may share one."""

    def __init__(self, lines: Iterator[StoredLine]) -> None:
        self._lines = lines
        self._line = next(lines, None)

    def between(self, first_line_no: int, last_line_no: int) -> Iterator[StoredLine]:
        """Yield lines of a range, which begins at the last one of the range before or behind it."""
        while self._line is not None and self._line.line_no <= last_line_no:
            if self._line.line_no >= first_line_no:
                yield self._line
                if self._line.line_no == last_line_no:
                    return
            self._line = next(self._lines, None)


def first_line_in(batch: StoredBatch, before: StoredBatch | None) -> int:
    """Return the line that a batch begins in, of which it may have no more than the end."""
    if before is not None and batch.torn_bytes:
        return before.last_line_no
    return batch.first_line_no


def batch_leaves(
    cursor: LineCursor,
    batch: StoredBatch,
    before: StoredBatch | None,
    behind: StoredBatch | None,
) -> Iterator[tuple[int, bytes]]:
    """Yield what stands in a batch of each of its lines, with the number of the line.

    It ends where a line is missing, doubled or changed to what no bytes are stored as.

    Args:
        cursor: the lines.
        batch: the batch.
        before: the one before it in the stream, if there is one.
        behind: the one behind it.
    """
    first = first_line_in(batch, before)
    found = leaves_there(cursor, batch, before, behind)
    for expected, (line_no, leaf) in enumerate(found, first):
        if line_no != expected:
            return
        yield line_no, leaf


def leaves_there(
    cursor: LineCursor,
    batch: StoredBatch,
    before: StoredBatch | None,
    behind: StoredBatch | None,
) -> Iterator[tuple[int, bytes]]:
    """Yield the same of each line that is there, whether others are missing or not.

    It ends where one was changed to what no bytes are stored as.
    """
    first, last = first_line_in(batch, before), batch.last_line_no
    for line_no, data in cursor.between(first, last):
        if data is None:
            return
        if line_no == last and behind is not None and behind.torn_bytes:
            data = data[: behind.torn_bytes]
        yield line_no, data[batch.torn_bytes :] if line_no == first else data


def check_stream(connection: duckdb.DuckDBPyConnection, file_key: int) -> None:
    """Refuse a key that no stream has.

    Raises:
        UsageError: none has it.
    """
    if _beginning(connection, file_key) is None:
        raise UsageError(f"{file_key}: no log has this key", "mailsql status lists the keys")


def stream_bytes(connection: duckdb.DuckDBPyConnection, file_key: int) -> Iterator[bytes]:
    """Yield the bytes of a stream as they were loaded, from its beginning on.

    What a branch shares with other streams is read from those.

    Raises:
        PrunedError: some of them were pruned.
        DatabaseError: a line was changed to what no bytes are stored as.
    """
    parts: list[tuple[int, int | None, int]] = []
    key: int | None = file_key
    end, last = None, LAST_LINE_NO
    while key is not None:
        parts.append((key, end, last))
        parent, begin, line_no = _beginning(connection, key) or (None, 0, 1)
        end = begin if end is None else min(begin, end)
        last = min(line_no - 1, last)
        # What a stream is a branch of was there before it
        key = parent if parent is not None and parent < key else None
    written = 0
    # Lines in which something was erased are as many, but of other lengths
    is_by_line = any(erased_in(connection, key) for key, *_ in parts)
    for key, end, last in reversed(parts):
        limit = None if is_by_line or end is None else end - written
        for data in _own_bytes(connection, key, limit, last if is_by_line else LAST_LINE_NO):
            yield data
            written += len(data)


def _beginning(
    connection: duckdb.DuckDBPyConnection, file_key: int
) -> tuple[int | None, int, int] | None:
    """Return which stream a stream is a branch of, and where it begins: byte and line; None if
    there is none.
    """
    found = connection.execute(
        "select branch_of, first_byte, first_line_no from log_files left join load_batches "
        "using (file_key) where file_key = ? order by batch_key limit 1",
        [file_key],
    ).fetchone()
    return None if found is None else (found[0], found[1] or 0, found[2] or 1)


def _own_bytes(
    connection: duckdb.DuckDBPyConnection, file_key: int, limit: int | None, last_line_no: int
) -> Iterator[bytes]:
    """Yield the bytes of a stream behind what it shares, up to a number of them and a line."""
    lines = stored_lines(connection, file_key, last_line_no=last_line_no)
    gaps = deque(
        run
        for run in pruned_runs(connection, file_key).get(file_key, [])
        if run.first_line_no <= last_line_no
    )
    while limit is None or limit > 0:
        line = next(lines, None)
        if gaps and (line is None or gaps[0].first_line_no <= line.line_no):
            raise PrunedError(
                f"lines {gaps[0].first_line_no:,} to {gaps[0].last_line_no:,} of log {file_key} "
                "were pruned",
                "its bytes are not there any more",
            )
        if line is None:
            return
        if line.data is None:
            raise DatabaseError(
                f"line {line.line_no:,} of log {file_key} was changed", "mailsql check tells more"
            )
        data = line.data[:limit]
        yield data
        if limit is not None:
            limit -= len(data)
