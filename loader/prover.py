"""A stored line -> what proves to a third person that it was loaded, without other lines."""

from __future__ import annotations

from itertools import chain, pairwise

import duckdb

from .errors import MailsqlError
from .proof import LineProof
from .pruned import changed_runs, lines_left
from .stored_bytes import (
    LineCursor,
    StoredBatch,
    batch_leaves,
    first_line_in,
    stored_batches,
    stored_lines,
)


def prove_line(connection: duckdb.DuckDBPyConnection, line_key: int) -> list[LineProof]:
    """Return the proof of a line; of a line that was torn between batches, those of its parts.

    Raises:
        MailsqlError: no log has the line, it was loaded without a tree, or was changed since.
    """
    file_key, line_no = divmod(line_key, 2**32)
    proofs = []
    before: StoredBatch | None = None
    for batch, behind in pairwise(chain(stored_batches(connection, file_key), [None])):
        assert batch is not None
        if first_line_in(batch, before) <= line_no <= batch.last_line_no:
            proofs.append(_prove_in(connection, batch, before, behind, line_no))
        before = batch
    if not proofs:
        raise MailsqlError(f"line {line_key}: no log has it", "line_key in log_lines tells a line")
    return proofs


def _prove_in(
    connection: duckdb.DuckDBPyConnection,
    batch: StoredBatch,
    before: StoredBatch | None,
    behind: StoredBatch | None,
    line_no: int,
) -> LineProof:
    """Prove what stands of a line in a batch."""
    if batch.root is None:
        raise MailsqlError(
            f"line {line_no:,} of log {batch.file_key}: loaded without a hash tree",
            "what is loaded with mailsql load --prove can be proven",
        )
    first = first_line_in(batch, before)
    gone = changed_runs(connection, batch.file_key)
    if lines_left(gone, first, batch.last_line_no) != [(first, batch.last_line_no)]:
        raise MailsqlError(
            f"line {line_no:,} of log {batch.file_key}: lines of its batch were pruned or changed",
            "mailsql check compares those that are left with the hash tree",
        )
    lines = stored_lines(connection, batch.file_key, first, batch.last_line_no)
    tree = batch.tree(wanted=line_no - first)
    proven = None
    for number, leaf in batch_leaves(LineCursor(lines), batch, before, behind):
        tree.add([leaf])
        if number == line_no:
            proven = leaf
    if proven is not None:
        root, path = tree.finish()
        if root.hex() == batch.root:
            return LineProof(
                proven, tree.nonce, line_no - first, tree.leaf_count, tuple(path), root
            )
    raise MailsqlError(
        f"line {line_no:,} of log {batch.file_key}: it, or another of its batch, was changed",
        "mailsql check tells more",
    )
