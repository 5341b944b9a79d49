"""Chosen lines -> a file with a proof per line, each of which shows nothing of other lines.

A batch is read twice: for the hashes of all its lines, then for the paths of those chosen. So
memory holds 64 bytes for each line of one batch, however many are chosen.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, count, pairwise
from typing import TextIO

import duckdb

from .errors import MailsqlError
from .proof import NONCE_BYTES, LineProof, leaf_hash, node_hash
from .pruned import changed_runs
from .pruned_tree import leaves_of
from .stored_bytes import (
    LineCursor,
    StoredBatch,
    batch_leaves,
    first_line_in,
    stored_batches,
    stored_lines,
)

HASH_BYTES = 32


@dataclass(frozen=True)
class ProofCounts:
    """How many lines, or parts of lines that stand in two batches, have a proof.

    Attributes:
        proven: those that have one.
        unproven: those in batches that were loaded without a hash tree, or of which lines were
            pruned or changed.
    """

    proven: int
    unproven: int


class Branches:
    """The hashes of a whole tree, level by level."""

    def __init__(self, leaves: bytes) -> None:
        self.levels = [leaves]
        while len(self.levels[-1]) > HASH_BYTES:
            self.levels.append(b"".join(_parents(self.levels[-1])))

    @property
    def root(self) -> bytes:
        """Hash of the whole tree."""
        return self.levels[-1]

    def path(self, place: int) -> tuple[bytes, ...]:
        """Hashes beside the way from a leaf up to the root."""
        steps = []
        for level in self.levels[:-1]:
            beside = (place ^ 1) * HASH_BYTES
            # The one without a neighbour has none in its path either
            if beside < len(level):
                steps.append(level[beside : beside + HASH_BYTES])
            place //= 2
        return tuple(steps)


def _parents(level: bytes) -> Iterator[bytes]:
    for left in range(0, len(level), 2 * HASH_BYTES):
        middle, right = left + HASH_BYTES, left + 2 * HASH_BYTES
        if middle < len(level):
            yield node_hash(level[left:middle], level[middle:right])
        else:
            yield level[left:middle]


def write_proofs(connection: duckdb.DuckDBPyConnection, file: TextIO) -> ProofCounts:
    """Write a JSON object per line of chosen_lines: key, batch and proof; return their number.

    Raises:
        MailsqlError: a line of a batch was changed.
    """
    streams = connection.execute(
        "select distinct line_key >> 32 as file_key from chosen_lines order by file_key"
    ).fetchall()
    proven = unproven = 0
    for (file_key,) in streams:
        before: StoredBatch | None = None
        pruned = [
            (run.first_line_no, run.last_line_no) for run in changed_runs(connection, file_key)
        ]
        for batch, behind in pairwise(chain(stored_batches(connection, file_key), [None])):
            assert batch is not None
            wanted = _chosen_in(connection, batch, before)
            if batch.root is None or leaves_of(batch, before, pruned):
                unproven += len(wanted)
            elif wanted:
                for line_no, proof in _proofs_in(connection, batch, before, behind, wanted):
                    place = {"line_key": file_key * 2**32 + line_no, "batch_key": batch.batch_key}
                    file.write(json.dumps(place | json.loads(proof.to_json())) + "\n")
                    proven += 1
            before = batch
    return ProofCounts(proven, unproven)


def _chosen_in(
    connection: duckdb.DuckDBPyConnection, batch: StoredBatch, before: StoredBatch | None
) -> set[int]:
    """Numbers of the chosen lines of which something stands in a batch."""
    first = batch.file_key * 2**32
    rows = connection.execute(
        "select line_key & 4294967295 from chosen_lines where line_key between ? and ?",
        [first + first_line_in(batch, before), first + batch.last_line_no],
    ).fetchall()
    return {line_no for (line_no,) in rows}


def _nonces(batch: StoredBatch) -> Iterator[bytes]:
    """Yield the nonces of the leaves of a batch, without end."""
    for block in count():
        drawn = batch.nonces(block)
        for at in range(0, len(drawn), NONCE_BYTES):
            yield drawn[at : at + NONCE_BYTES]


def _proofs_in(
    connection: duckdb.DuckDBPyConnection,
    batch: StoredBatch,
    before: StoredBatch | None,
    behind: StoredBatch | None,
    wanted: set[int],
) -> Iterator[tuple[int, LineProof]]:
    """Yield the proofs of what stands of some lines in a batch, with the numbers of the lines."""
    first = first_line_in(batch, before)

    def leaves() -> Iterator[tuple[int, bytes]]:
        lines = stored_lines(connection, batch.file_key, first, batch.last_line_no)
        return batch_leaves(LineCursor(lines), batch, before, behind)

    hashes = bytearray()
    for (_, leaf), nonce in zip(leaves(), _nonces(batch), strict=False):
        hashes += leaf_hash(nonce, leaf)
    if hashes and len(hashes) // HASH_BYTES == batch.last_line_no - first + 1:
        branches = Branches(bytes(hashes))
        if branches.root.hex() == batch.root:
            for (line_no, leaf), nonce in zip(leaves(), _nonces(batch), strict=False):
                if line_no in wanted:
                    place = line_no - first
                    yield (
                        line_no,
                        LineProof(
                            leaf,
                            nonce,
                            place,
                            len(hashes) // HASH_BYTES,
                            branches.path(place),
                            branches.root,
                        ),
                    )
            return
    raise MailsqlError(
        f"lines {first:,} to {batch.last_line_no:,} of log {batch.file_key}: changed since loaded",
        "mailsql check tells more",
    )
