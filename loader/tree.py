"""The lines of a batch -> a hash tree, as they come: memory is a hash per thousand lines.

The shape is that of RFC 6962: neighbours are paired level by level, and one without a neighbour
goes up as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from .proof import NONCE_BYTES, leaf_hash, node_hash

# A power of two: blocks are whole branches
BLOCK_LEAVES = 1024
SALT_BYTES = 32


def block_nonces(salt: bytes, block: int) -> bytes:
    """Return the nonces of a block of leaves, one behind the other."""
    seed = salt + block.to_bytes(8, "big")
    return hashlib.shake_256(seed).digest(NONCE_BYTES * BLOCK_LEAVES)


class LineTree:
    """Takes leaves in their order; knows the root when all are there.

    Args:
        salt: that the nonces are derived from; who knows one nonce knows nothing of the others.
        wanted: place of the leaf that the path is asked of, from 0; None if of none.

    Attributes:
        leaf_count: leaves so far.
        nonce: of the leaf that is wanted.
    """

    def __init__(self, salt: bytes, wanted: int | None = None) -> None:
        self.leaf_count = 0
        self.nonce = b""
        self._salt = salt
        self._wanted = wanted
        self._nonces = b""
        self._block: list[bytes] = []
        self._roots: list[bytes] = []
        self._path: list[bytes] = []

    def add(self, leaves: Sequence[bytes]) -> None:
        """Take lines, or parts of lines."""
        at = 0
        while at < len(leaves):
            begun = len(self._block)
            if not begun:
                self._nonces = block_nonces(self._salt, len(self._roots))
            part = leaves[at : at + BLOCK_LEAVES - begun]
            self._block += [
                leaf_hash(self._nonce(place), leaf) for place, leaf in enumerate(part, begun)
            ]
            at += len(part)
            self.leaf_count += len(part)
            if len(self._block) == BLOCK_LEAVES:
                self._end_block()

    def finish(self) -> tuple[bytes, list[bytes]]:
        """Return the root, and the path from the wanted leaf up to it."""
        if self._block:
            self._end_block()
        block = None if self._wanted is None else self._wanted // BLOCK_LEAVES
        root, path = _climb(self._roots, block)
        return root, self._path + path

    def _end_block(self) -> None:
        place = None
        if self._wanted is not None and self._wanted // BLOCK_LEAVES == len(self._roots):
            place = self._wanted % BLOCK_LEAVES
            self.nonce = self._nonce(place)
        root, path = _climb(self._block, place)
        self._path += path
        self._roots.append(root)
        self._block = []

    def _nonce(self, place: int) -> bytes:
        return self._nonces[place * NONCE_BYTES : (place + 1) * NONCE_BYTES]


def _climb(level: Sequence[bytes], place: int | None) -> tuple[bytes, list[bytes]]:
    """Return what nodes come to, and the path from one of them up."""
    path: list[bytes] = []
    while len(level) > 1:
        if place is not None:
            # The one without a neighbour has none in its path either
            path += level[place ^ 1 : (place ^ 1) + 1]
            place //= 2
        alone = level[-1:] if len(level) % 2 else []
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [*(node_hash(left, right) for left, right in pairs), *alone]
    return level[0], path
