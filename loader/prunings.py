"""What was pruned -> a link of the chain of hashes, so that nothing else can be missing later."""

from __future__ import annotations

import hashlib
from datetime import datetime

import duckdb

from .chain import last_link, unhex

NOTHING = b""
TABLES = ("prunings", "pruned_lines", "pruned_batches", "pruned_hashes", "erased_lines")
TIMES = ("pruned_at", "before", "first_logged_at", "last_logged_at")


def commitment_of_prunings(connection: duckdb.DuckDBPyConnection) -> bytes:
    """Return the hash over all that tells of pruned lines; NOTHING where none were."""
    digest = hashlib.sha256()
    is_any = False
    for table in TABLES:
        described = connection.execute(f"select * from {table} limit 0").description or []
        # Times as numbers: as text they follow the zone of the connection
        told = ", ".join(
            f"epoch_us({name})" if name in TIMES else f"{name}::varchar" for name, *_ in described
        )
        rows = connection.execute(f"select {told} from {table} order by all")
        digest.update(table.encode())
        while part := rows.fetchmany(10_000):
            is_any = True
            for row in part:
                digest.update(repr(row).encode())
    return digest.digest() if is_any else NOTHING


def last_pruning(connection: duckdb.DuckDBPyConnection) -> tuple[int | None, bytes] | None:
    """Return the key of the link that stands for all that was pruned, and what it commits to.

    None where the link is missing; NOTHING is committed to where nothing was pruned.
    """
    row = connection.execute("select max(batch_key) from prunings").fetchone()
    assert row is not None
    if row[0] is None:
        return None, NOTHING
    link = connection.execute(
        "select commitment from forgotten_batches where batch_key = ?", [row[0]]
    ).fetchone()
    return None if link is None else (int(row[0]), unhex(link[0]))


def add_pruning(
    connection: duckdb.DuckDBPyConnection,
    now: datetime,
    what: str,
    before: datetime | None,
    line_count: int,
    row_count: int,
) -> None:
    """Say that lines were pruned, and write the link that stands for all that was up to now.

    Args:
        connection: of the database, in which the lines are gone.
        now: current time.
        what: as in prunings.
        before: as in prunings.
        line_count: lines that went.
        row_count: rows that went.
    """
    batch_key = last_link(connection)[0] + 1
    connection.execute(
        "insert into prunings values (?, ?, ?, ?, ?, ?)",
        [batch_key, now, what, before, line_count, row_count],
    )
    connection.execute(
        "insert into forgotten_batches by name select ?::integer as batch_key, "
        "?::varchar as commitment, ?::timestamptz as forgotten_at",
        [batch_key, commitment_of_prunings(connection).hex(), now],
    )
