"""A database in clear -> one with pseudonyms, for a time: its lines are rewritten as load rewrites
them, and all rows are derived from these.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb

from .database import WAIT_SECONDS, attach_stored, open_database, speaking_of
from .derive import Deriver, Target
from .derive_again import Progress, check_tables, copy_loaded_tables, derive_stored
from .encoding import decode_text, encode_text
from .errors import DatabaseError, UsageError
from .memory import Memory, usual_memory
from .private import OWNER_ONLY, created_with
from .pseudonyms import Pseudonyms
from .rewriting import Rewriter
from .room import look_for_room
from .selection import Who

BLOCK_LINES = 10_000


@contextmanager
def pseudonymized_copy(
    database: Path,
    directory: Path,
    pseudonyms: Pseudonyms,
    tell: Callable[[str], None],
    *,
    wait_seconds: float = WAIT_SECONDS,
    progress: Progress | None = None,
    memory: Memory | None = None,
) -> Iterator[Path]:
    """Make a database with pseudonyms, and remove it at the end; of all that is in clear it has
    hashes and paths of logs only.

    Args:
        database: the DuckDB file, in clear; it is only read.
        directory: where the other is made.
        pseudonyms: what is written in the place of people, domains and addresses.
        tell: told what is done, and what is left out.
        wait_seconds: for how long to wait where another process writes to it.
        progress: told how far it is.
        memory: that may be taken; a share of the machine's if None.

    Raises:
        UsageError: its lines cannot be rewritten.
        HeldError: another process writes to it.
        DatabaseError: a table is none of mailsql's, lines were changed, or there is no room.
    """
    look_for_room(database, directory, "writing pseudonyms", tell)
    allowed = memory or usual_memory()
    with (
        tempfile.TemporaryDirectory(dir=directory, prefix=f".{database.name}-") as place,
        created_with(OWNER_ONLY),
        speaking_of(database),
    ):
        lines, made = Path(place) / "lines.duckdb", Path(place) / database.name
        with open_database(lines, read_only=False) as connection:
            connection.execute(f"set memory_limit = '{allowed.engine_limit}'")
            attach_stored(connection, database, wait_seconds)
            check_tables(connection, "stored", str(database))
            _check_prefixes(connection, database)
            copy_loaded_tables(connection)
            _rewrite_settings(connection, pseudonyms)
            _rewrite_lines(connection, Rewriter(pseudonyms))
        deriver = Deriver(Target(made, stored=lines, memory=allowed))
        try:
            copy_loaded_tables(deriver.connection)
            # What lines told that are not there cannot be rewritten
            deriver.connection.execute("update pruned_lines set has_rows = false")
            deriver.connection.execute(
                "update log_files set pseudonym_key = ?, pseudonyms_keep = ?",
                [pseudonyms.fingerprint, str(pseudonyms.keeping)],
            )
            deriver.show_site()
            derive_stored(deriver, progress)
        finally:
            deriver.connection.close()
        lines.unlink()
        yield made


def told_of(who: Who, pseudonyms: Pseudonyms) -> Who:
    """Return who is asked for by the names that pseudonyms have."""

    def address(text: str) -> str:
        local_part, at, domain = text.lower().rpartition("@")
        if not at:
            return pseudonyms.user(domain.encode()).decode()
        return pseudonyms.address(local_part.encode(), domain.encode()).decode()

    def name(text: str) -> str:
        return pseudonyms.host(text.lower().encode()).decode()

    return replace(
        who,
        addresses=tuple(map(address, who.addresses)),
        domain=None if who.domain is None else name(who.domain),
        host=None if who.host is None else name(who.host),
        local_domains=None if who.local_domains is None else tuple(map(name, who.local_domains)),
    )


def _check_prefixes(connection: duckdb.DuckDBPyConnection, database: Path) -> None:
    """Refuse lines in whose prefixes no user is found, as load does.

    Raises:
        UsageError: there are some.
    """
    row = connection.execute(
        "select path from stored.main.stream_settings inner join stored.main.log_files "
        "using (file_key) where dovecot_prefix is not null limit 1"
    ).fetchone()
    if row is not None:
        raise UsageError(
            f"{database}: {row[0]} was loaded with --dovecot-prefix",
            "users are not found in a prefix of one's own; forget that log in a copy (backup)",
        )


def _rewrite_settings(connection: duckdb.DuckDBPyConnection, pseudonyms: Pseudonyms) -> None:
    """Let lines that name no host be of the host that they would name."""
    hosts = connection.execute(
        "select distinct host from stream_settings where host is not null"
    ).fetchall()
    for (host,) in hosts:
        told = pseudonyms.host(host.encode()).decode()
        connection.execute("update stream_settings set host = ? where host = ?", [told, host])


def _rewrite_lines(connection: duckdb.DuckDBPyConnection, rewriter: Rewriter) -> None:
    """Copy lines from `stored` with pseudonyms, a block at a time in memory.

    Raises:
        DatabaseError: a line was changed so that it is none.
    """
    connection.execute("drop table main.raw_lines")
    connection.execute("create table main.raw_lines (line_key bigint, line varchar)")
    reading = connection.cursor()
    found = reading.execute("select line_key, line from stored.main.raw_lines order by line_key")
    while block := found.fetchmany(BLOCK_LINES):
        data = decode_text("\n".join(line for _, line in block).encode())
        lines = encode_text(rewriter.rewrite(data + b"\n")).decode().split("\n")[:-1]
        if len(lines) != len(block):
            raise DatabaseError(
                f"lines from {block[0][0]:,} on were changed since they were loaded",
                "mailsql check tells more",
            )
        connection.execute(
            "insert into main.raw_lines select unnest(?::bigint[]), unnest(?::varchar[])",
            [[key for key, _ in block], lines],
        )
