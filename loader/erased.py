"""Lines in which an address was erased: they are there, but not as they were loaded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import duckdb


def erased_in(connection: duckdb.DuckDBPyConnection, file_key: int) -> set[int]:
    """Return the numbers of the lines of a stream in which something was erased."""
    rows = connection.execute(
        "select line_key & 4294967295 from erased_lines where line_key >> 32 = ?", [file_key]
    ).fetchall()
    return {line_no for (line_no,) in rows}


def erased_otherwise(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, int]]:
    """Yield path and number of lines that were changed since something was erased in them."""
    rows = connection.execute(
        "select path, line_key & 4294967295, sha256, line from erased_lines "
        "inner join raw_lines using (line_key) "
        "inner join log_files on line_key >> 32 = log_files.file_key order by line_key"
    )
    while part := rows.fetchmany(10_000):
        for path, line_no, sha256, line in part:
            if text_sha256(line) != sha256:
                yield path, line_no


def text_sha256(line: str) -> str:
    """Return the hash of the text of a line."""
    return hashlib.sha256(line.encode()).hexdigest()
