"""The lines of a batch that are left, and hashes of those pruned -> the root of the batch's tree.

Of lines that were pruned the hash of the largest branch is kept that holds no other line, so a run
of a million lines leaves some twenty hashes (RFC 6962, section 2.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import duckdb

from .proof import NONCE_BYTES, leaf_hash, node_hash
from .pruned import Run
from .stored_bytes import StoredBatch, first_line_in
from .tree import BLOCK_LEAVES

# Height above the leaves, and place among the branches of that height
Branch = tuple[int, int]


def kept_hashes(connection: duckdb.DuckDBPyConnection, batch_key: int) -> dict[Branch, bytes]:
    """Return the hashes that are kept of what was pruned of a batch."""
    rows = connection.execute(
        "select height, place, hash from pruned_hashes where batch_key = ?", [batch_key]
    ).fetchall()
    return {(height, place): bytes.fromhex(text) for height, place, text in rows}


def kept_root(connection: duckdb.DuckDBPyConnection, batch: StoredBatch) -> str | None:
    """Return the root of a batch of which lines were pruned; None where it has none."""
    if batch.root is not None:
        return batch.root
    row = connection.execute(
        "select root from pruned_batches where batch_key = ?", [batch.batch_key]
    ).fetchone()
    return None if row is None else str(row[0])


def leaves_of(batch: StoredBatch, before: StoredBatch | None, runs: Iterable[Run]) -> list[Run]:
    """Return the places, from 0, of the leaves of runs of lines in a batch."""
    first = first_line_in(batch, before)
    return [
        (max(begin, first) - first, min(end, batch.last_line_no) - first)
        for begin, end in runs
        if end >= first and begin <= batch.last_line_no
    ]


class PrunedTree:
    """The hash tree of a batch of which lines are missing.

    Args:
        batch: the batch.
        leaf_count: leaves that it had.
        kept: hashes of branches without their leaves.
    """

    def __init__(self, batch: StoredBatch, leaf_count: int, kept: Mapping[Branch, bytes]) -> None:
        self._batch = batch
        self._leaf_count = leaf_count
        self._hashes = dict(kept)
        self._height = (leaf_count - 1).bit_length()
        self._block = -1
        self._nonces = b""

    def add(self, place: int, leaf: bytes) -> None:
        """Take what stands of a line in the batch; places from 0, in order."""
        block, at = divmod(place, BLOCK_LEAVES)
        if block != self._block:
            self._block, self._nonces = block, self._batch.nonces(block)
        nonce = self._nonces[at * NONCE_BYTES : (at + 1) * NONCE_BYTES]
        self._hashes[0, place] = leaf_hash(nonce, leaf)

    def root(self) -> bytes | None:
        """Return the root; None where a leaf is missing of which no hash is kept."""
        return self.hash_of((self._height, 0))

    def hash_of(self, branch: Branch) -> bytes | None:
        """Return the hash of a branch; None where a leaf of it is missing."""
        found = self._hashes.get(branch)
        if found is not None or not branch[0]:
            return found
        left, right = _halves(branch)
        found = self.hash_of(left)
        if found is not None and _first_leaf(right) < self._leaf_count:
            beside = self.hash_of(right)
            found = None if beside is None else node_hash(found, beside)
        return found

    def covering(self, runs: Iterable[Run]) -> Iterator[Branch]:
        """Yield the largest branches that hold leaves of the runs, and no others."""
        for first, last in runs:
            yield from self._covering((self._height, 0), first, last)

    def _covering(self, branch: Branch, first: int, last: int) -> Iterator[Branch]:
        begin = _first_leaf(branch)
        end = min(begin + (1 << branch[0]), self._leaf_count) - 1
        if begin > last or end < first:
            return
        if first <= begin and end <= last:
            yield branch
            return
        for half in _halves(branch):
            yield from self._covering(half, first, last)


def _halves(branch: Branch) -> tuple[Branch, Branch]:
    height, place = branch
    return (height - 1, 2 * place), (height - 1, 2 * place + 1)


def _first_leaf(branch: Branch) -> int:
    return branch[1] << branch[0]
