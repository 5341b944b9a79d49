"""Batches -> a chain of hashes in the order of loading: its last value stands for all of them.

Of a batch that is forgotten its commitment stays, which tells nothing without the salt.
"""

from __future__ import annotations

import hashlib

import duckdb

BEGINNING = bytes(32)


def commit_to(salt: bytes, *told: int | str | None) -> bytes:
    """Return the hash that stands for a batch in the chain.

    Args:
        salt: of the batch; without it nothing can be guessed from the hash.
        told: what load_batches tells of it: file_key, first_byte, last_byte, first_line_no,
            last_line_no, torn_bytes, sha256, root. A stream is told by its number, for its first
            bytes are what is hashed, and its path changes.
    """
    text = ",".join("" if value is None else str(value) for value in told)
    return hashlib.sha256(salt + text.encode()).digest()


def next_link(previous: bytes, commitment: bytes) -> bytes:
    """Return the value of the chain behind a batch."""
    return hashlib.sha256(b"\2" + previous + commitment).digest()


def unhex(text: str) -> bytes:
    """Return the bytes of a hexadecimal text; of what was changed to another, any."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        return text.encode()


def last_link(connection: duckdb.DuckDBPyConnection) -> tuple[int, bytes]:
    """Return the key of the last batch that was ever loaded, 0 if none was, and the chain there."""
    last_key, chain = 0, BEGINNING
    kept = connection.execute(
        "select batch_key, chain from load_batches order by batch_key desc limit 1"
    ).fetchone()
    if kept is not None:
        last_key, chain = int(kept[0]), unhex(kept[1])
    forgotten = connection.execute(
        "select batch_key, commitment from forgotten_batches where batch_key > ? "
        "order by batch_key",
        [last_key],
    ).fetchall()
    for batch_key, commitment in forgotten:
        last_key, chain = int(batch_key), next_link(chain, unhex(commitment))
    return last_key, chain
