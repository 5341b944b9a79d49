"""A line, its nonce and its path -> the root of the tree that it is a leaf of.

Needs nothing but this file and the standard library, so that a third person can do it. The tree is
that of RFC 6962, section 2.1, but for the nonce before each line: without it, lines that are not
shown could be guessed from their hashes.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

NONCE_BYTES = 16


@dataclass(frozen=True)
class LineProof:
    """What shows that a line, or the part of it that stands in one batch, was loaded as it is.

    Attributes:
        line: its bytes, with its line end.
        nonce: that was hashed with it, and tells nothing of the others.
        index: its place among the leaves of the batch, from 0.
        leaf_count: leaves of the batch.
        path: hashes of the other side, from the leaf up.
        root: of the tree (load_batches).
    """

    line: bytes
    nonce: bytes
    index: int
    leaf_count: int
    path: tuple[bytes, ...]
    root: bytes

    def to_json(self) -> str:
        """Return it as a JSON object; bytes are hexadecimal."""
        values = asdict(self) | {"path": [step.hex() for step in self.path]}
        return json.dumps(
            {
                name: value.hex() if isinstance(value, bytes) else value
                for name, value in values.items()
            }
        )

    @classmethod
    def from_json(cls, text: str) -> LineProof:
        """Return the proof that a JSON object is.

        Raises:
            ValueError: it is none.
        """
        try:
            told = json.loads(text)
            return cls(
                bytes.fromhex(told["line"]),
                bytes.fromhex(told["nonce"]),
                int(told["index"]),
                int(told["leaf_count"]),
                tuple(bytes.fromhex(step) for step in told["path"]),
                bytes.fromhex(told["root"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError("not the proof of a line") from error


def leaf_hash(nonce: bytes, line: bytes) -> bytes:
    """Hash of a line as a leaf."""
    return hashlib.sha256(b"\0" + nonce + line).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of two nodes as the one above them."""
    return hashlib.sha256(b"\1" + left + right).digest()


def verify(proof: LineProof) -> bool:
    """Return whether the line stands at its place below the root (RFC 9162, section 2.1.3.2)."""
    if not 0 <= proof.index < proof.leaf_count or len(proof.nonce) != NONCE_BYTES:
        return False
    place, last = proof.index, proof.leaf_count - 1
    node = leaf_hash(proof.nonce, proof.line)
    for step in proof.path:
        if not last:
            return False
        if place % 2 or place == last:
            node = node_hash(step, node)
            while place and not place % 2:
                place, last = place >> 1, last >> 1
        else:
            node = node_hash(node, step)
        place, last = place >> 1, last >> 1
    return not last and node == proof.root
