"""What a database knows of the pseudonyms of its logs: which key made them, and how places in a log
with pseudonyms are to be found in the log itself.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from .errors import UsageError
from .pseudonyms import Pseudonyms
from .reading import open_reading
from .rewritten_stream import Place, RewrittenStream

OPTION = "--pseudonymize KEYFILE"


def check_pseudonyms(
    connection: duckdb.DuckDBPyConnection, pseudonyms: Pseudonyms | None, database: Path
) -> None:
    """Refuse pseudonyms that are not those of the logs in a database, for nothing would join.

    Raises:
        UsageError: its logs have others, or none, or only they have some.
    """
    found = connection.execute(
        "select distinct pseudonym_key, pseudonyms_keep from log_files"
    ).fetchall()
    told = (None, None) if pseudonyms is None else (pseudonyms.fingerprint, str(pseudonyms.keeping))
    for key, kept in found:
        if (key, kept) == told:
            continue
        if key is None:
            raise UsageError(
                f"{database}: its logs are in clear", f"{OPTION} is for a database of its own"
            )
        if pseudonyms is None:
            raise UsageError(
                f"{database}: its logs have pseudonyms, of the key {key}", f"load with {OPTION}"
            )
        if key != told[0]:
            raise UsageError(
                f"{database}: its logs have pseudonyms of the key {key}, not of {told[0]}",
                "name the file of that key; another key is for a database of its own",
            )
        options = " ".join(f"--keep-{name}" for name in kept.split(",") if name)
        raise UsageError(
            f"{database}: its logs keep {kept or 'nothing'} in clear, not {told[1] or 'nothing'}",
            f"load with {OPTION} {options}".rstrip(),
        )


def has_pseudonyms(database: Path, pseudonyms: Pseudonyms) -> bool:
    """Return whether the logs of a database have these pseudonyms; else they are in clear.

    Raises:
        UsageError: they have others.
        DatabaseError: it cannot be opened.
    """
    with open_reading(database) as connection:
        row = connection.execute(
            "select 1 from log_files where pseudonym_key is not null limit 1"
        ).fetchone()
        if row is not None:
            check_pseudonyms(connection, pseudonyms, database)
    return row is not None


def keep_pseudonyms(
    connection: duckdb.DuckDBPyConnection, file_key: int, pseudonyms: Pseudonyms
) -> None:
    """Keep which pseudonyms a stream has."""
    connection.execute(
        "update log_files set pseudonym_key = ?, pseudonyms_keep = ? where file_key = ?",
        [pseudonyms.fingerprint, str(pseudonyms.keeping), file_key],
    )


def keep_places(
    connection: duckdb.DuckDBPyConnection, file_key: int, stream: RewrittenStream
) -> None:
    """Keep where a stream goes on, of which a batch was stored, in the log itself."""
    row = connection.execute(
        "select loaded_bytes, tail_bytes from log_files where file_key = ?", [file_key]
    ).fetchone()
    assert row is not None
    loaded_bytes, tail_bytes = row
    resumed = stream.place_before(loaded_bytes - tail_bytes)
    connection.execute(
        "update log_files set original_bytes = ?, resumed_byte = ?, original_resumed_byte = ? "
        "where file_key = ?",
        [
            stream.place_before(loaded_bytes).original,
            resumed.told,
            resumed.original,
            file_key,
        ],
    )


def go_to_places(
    connection: duckdb.DuckDBPyConnection, file_key: int, stream: RewrittenStream
) -> None:
    """Let a log be read from shortly before the place where a stream goes on that it may be."""
    row = connection.execute(
        "select resumed_byte, original_resumed_byte, loaded_bytes, original_bytes from log_files "
        "where file_key = ? and original_bytes is not null",
        [file_key],
    ).fetchone()
    if row is not None:
        resumed, loaded = Place(*row[:2]), Place(*row[2:])
        stream.begin_at(resumed)
        if loaded > resumed:
            stream.remember(loaded)
