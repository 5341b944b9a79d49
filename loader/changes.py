"""Stored lines against the hashes of their batches, and these against their chain."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import chain, islice, pairwise

import duckdb

from .chain import BEGINNING, next_link, unhex
from .erased import erased_in, erased_otherwise
from .errors import DatabaseError
from .pruned import Run, changed_runs, count_in, lines_left
from .pruned_tree import PrunedTree, kept_hashes, kept_root, leaves_of
from .prunings import commitment_of_prunings, last_pruning
from .stored_bytes import (
    LAST_LINE_NO,
    PAGE_BATCHES,
    LineCursor,
    StoredBatch,
    batch_leaves,
    first_line_in,
    leaves_there,
    stored_batches,
    stored_lines,
    stream_bytes,
)
from .tree import BLOCK_LEAVES


@dataclass(frozen=True)
class Change:
    """A batch that is not as it was loaded.

    Attributes:
        path: of its log.
        batch_key: its key; None of lines that belong to no batch, and of a whole log.
        first_line_no: its first line.
        last_line_no: its last line.
        differs: what is not as it should be: lines, root, chain, or batch where that is missing;
            beginning or tail where a later load would not know the log again. The chain differs
            where a batch, or the one before it, was changed or removed.
    """

    path: str
    batch_key: int | None
    first_line_no: int
    last_line_no: int
    differs: tuple[str, ...]


def changed_batches(connection: duckdb.DuckDBPyConnection) -> Iterator[Change]:
    """Yield what was changed since it was loaded; lines are read once, a block at a time.

    Not found is who changed lines, hashes and chain alike, but by the last value of the chain, if
    somebody kept that; and of batches removed at the end of a stream only that their lines belong
    to none.
    """
    unchained = set(_unchained_batches(connection))
    pruning = last_pruning(connection)
    if pruning is None or pruning[1] != commitment_of_prunings(connection):
        yield Change("pruned lines", pruning and pruning[0], 0, 0, ("chain",))
    for path, line_no in erased_otherwise(connection):
        yield Change(path, None, line_no, line_no, ("lines",))
    streams = connection.execute("select file_key, path from log_files order by file_key")
    for file_key, path in streams.fetchall():
        cursor = LineCursor(stored_lines(connection, file_key))
        pruned = [
            (run.first_line_no, run.last_line_no) for run in changed_runs(connection, file_key)
        ]
        before: StoredBatch | None = None
        is_changed = False
        batches = chain(stored_batches(connection, file_key), [None])
        for batch, behind in pairwise(batches):
            assert batch is not None
            gone = leaves_of(batch, before, pruned)
            differs = [
                *(
                    _differences_left(connection, cursor, batch, before, behind, gone)
                    if gone
                    else _differences(cursor, batch, before, behind)
                )
            ]
            if batch.batch_key in unchained:
                differs.append("chain")
            if differs:
                is_changed = True
                yield Change(
                    path,
                    batch.batch_key,
                    batch.first_line_no,
                    batch.last_line_no,
                    tuple(differs),
                )
            before = batch
        first = last = 0
        for line in cursor.between(before.last_line_no + 1 if before else 1, LAST_LINE_NO):
            first, last = first or line.line_no, line.line_no
        if last:
            yield Change(path, None, first, last, ("batch",))
        # Where lines were changed, it is they that differ
        if is_changed or last:
            continue
        if ends := tuple(_ends_that_differ(connection, file_key)):
            yield Change(path, None, 1, before.last_line_no if before else 0, ends)


def _differences(
    cursor: LineCursor,
    batch: StoredBatch,
    before: StoredBatch | None,
    behind: StoredBatch | None,
) -> Iterator[str]:
    """Yield what of a batch differs, but for the chain."""
    digest = hashlib.sha256()
    tree = None if batch.root is None else batch.tree()
    leaves = (leaf for _, leaf in batch_leaves(cursor, batch, before, behind))
    while part := [*islice(leaves, BLOCK_LEAVES)]:
        digest.update(b"".join(part))
        if tree is not None:
            tree.add(part)
    if digest.hexdigest() != batch.sha256:
        yield "lines"
    elif tree is not None and tree.finish()[0].hex() != batch.root:
        yield "root"


def _differences_left(
    connection: duckdb.DuckDBPyConnection,
    cursor: LineCursor,
    batch: StoredBatch,
    before: StoredBatch | None,
    behind: StoredBatch | None,
    gone: list[Run],
) -> Iterator[str]:
    """Yield what differs of a batch of which leaves were pruned: their hashes stand for them."""
    first = first_line_in(batch, before)
    leaf_count = batch.last_line_no - first + 1
    tree = PrunedTree(batch, leaf_count, kept_hashes(connection, batch.batch_key))
    line_count = 0
    erased = erased_in(connection, batch.file_key)
    for line_no, leaf in leaves_there(cursor, batch, before, behind):
        if line_no in erased:
            continue
        tree.add(line_no - first, leaf)
        line_count += 1
    if line_count != leaf_count - count_in(gone):
        yield "lines"
    elif line_count:
        root = tree.root()
        if root is None or root.hex() != kept_root(connection, batch):
            yield "lines"


def _ends_that_differ(connection: duckdb.DuckDBPyConnection, file_key: int) -> Iterator[str]:
    """Yield which of the two pieces that a log is known by is not what its lines say."""
    row = connection.execute(
        "select identity_bytes, identity_sha256, tail_bytes, tail_sha256, loaded_lines "
        "from log_files where file_key = ?",
        [file_key],
    ).fetchone()
    assert row is not None
    identity_bytes, identity_sha256, tail_bytes, tail_sha256, line_count = row
    try:
        beginning = b""
        for data in stream_bytes(connection, file_key):
            beginning += data
            if len(beginning) >= identity_bytes:
                break
        # No line is shorter than a byte; of a branch, more may stand in the other stream
        first_line_no = max(1, line_count - tail_bytes + 1)
        runs = changed_runs(connection, file_key)
        is_tail_there = lines_left(runs, first_line_no, line_count) == [(first_line_no, line_count)]
        last = stored_lines(connection, file_key, first_line_no)
        tail = b"".join(line.data or b"" for line in last)
        if len(tail) < tail_bytes and is_tail_there:
            tail = b""
            for data in stream_bytes(connection, file_key):
                tail = (tail + data)[-tail_bytes:]
    except DatabaseError:
        # A line stands for no bytes, as its batch tells, or was pruned
        return
    line_count = beginning.count(b"\n") + 1
    if lines_left(runs, 1, line_count) != [(1, line_count)]:
        beginning = b""
    # A last line that waits for its end is part of the beginning, and not loaded
    if len(beginning) >= identity_bytes:
        beginning = beginning[:identity_bytes]
        if hashlib.sha256(beginning).hexdigest() != identity_sha256:
            yield "beginning"
    tail = tail[-tail_bytes:] if tail_bytes else b""
    if is_tail_there and hashlib.sha256(tail).hexdigest() != tail_sha256:
        yield "tail"


def _unchained_batches(connection: duckdb.DuckDBPyConnection) -> Iterator[int]:
    """Yield the batches behind which the chain is not what it should be."""
    previous = BEGINNING
    for batch_key, batch, commitment in merge(
        ((batch.batch_key, batch, batch.commitment) for batch in stored_batches(connection)),
        ((key, None, commitment) for key, commitment in _forgotten(connection)),
        key=lambda link: link[0],
    ):
        expected = next_link(previous, commitment)
        if batch is not None and batch.chain != expected.hex():
            yield batch_key
        # One break is told once
        previous = expected if batch is None else unhex(batch.chain)


def _forgotten(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[int, bytes]]:
    """Yield the keys and commitments of forgotten batches, in order."""
    batch_key = 0
    while rows := connection.execute(
        "select batch_key, commitment from forgotten_batches where batch_key > ? "
        "order by batch_key limit ?",
        [batch_key, PAGE_BATCHES],
    ).fetchall():
        yield from ((key, unhex(commitment)) for key, commitment in rows)
        batch_key = rows[-1][0]
