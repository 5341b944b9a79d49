"""A database that is read: the door is shut, so that neither a query nor a view of the file changes
anything or reads another file.

The file itself is open read-only by then (open_database); here go external access, the
configuration, and whatever in SQL is no reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from itertools import pairwise
from pathlib import Path

import duckdb

from .database import WAIT_SECONDS, open_database, speaking_of
from .errors import DatabaseError, UsageError
from .memory import Memory, usual_memory
from .private import OWNER_ONLY, beside, created_with
from .statements import quote_identifier, quote_text

# Functions that change settings, and those that run SQL made of text, in which these could hide.
# Since version 2 the locked configuration binds them too
SETTING_FUNCTIONS = re.compile(
    r"(?:enable|disable)_(?:logging|profil(?:e|ing))|truncate_duckdb_logs|query"
    r"|json_execute_serialized_sql"
)
SPILL = "spill.tmp"
READING = {
    duckdb.StatementType.SELECT,
    duckdb.StatementType.EXPLAIN,
    # PIVOT, which is several statements for the engine
    duckdb.StatementType.MULTI,
}
READING_WORDS = {
    *("pivot", "unpivot", "with", "select", "from", "values", "table"),
    *("describe", "summarize", "show", "desc", "("),
}
EXPLAINED = re.compile(r"explain\b\s*(?:analyze\b|\([^()]*\))?", re.IGNORECASE)
TABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@contextmanager
def open_reading(
    path: Path,
    *,
    timezone: str | None = None,
    tables: dict[str, Path] | None = None,
    export_directory: Path | None = None,
    memory: Memory | None = None,
    wait_seconds: float = WAIT_SECONDS,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database for commands that read; it can change nothing and read no other file.

    Args:
        path: the DuckDB file.
        timezone: IANA name of the zone that times are shown in; the system's if None.
        tables: CSV files that are read before the door is shut, by the name of the table.
        export_directory: the one place that may be written to, and read.
        memory: that may be taken; a share of the machine's if None.
        wait_seconds: for how long to wait where another process writes to it.

    Raises:
        UsageError: the time zone is not known, or a CSV file cannot be read.
        DatabaseError: as open_database; or a view of the file changes settings.
    """

    def shut(connection: duckdb.DuckDBPyConnection) -> None:
        for name, file in (tables or {}).items():
            _read_table(connection, name, file)
        if export_directory is not None:
            connection.execute(
                f"set allowed_directories = [{quote_text(str(export_directory.absolute()))}]"
            )
            # What does not fit into memory goes where whoever exports may write
            spill = export_directory.absolute() / SPILL
            connection.execute(f"set temp_directory = {quote_text(str(spill))}")
        limit = (memory or usual_memory()).engine_limit
        connection.execute(f"set memory_limit = '{limit}'")
        connection.execute("set enable_external_access = false")

    connection = open_database(path, timezone=timezone, wait_seconds=wait_seconds, shut=shut)
    try:
        lock_settings(connection, path)
        # What does not fit into memory goes beside the database, for those who may read that; an
        # export has a place and a mode of its own
        private = nullcontext() if export_directory else created_with(beside(path, OWNER_ONLY))
        with private, speaking_of(path):
            yield connection
    finally:
        connection.close()


def lock_settings(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Let nothing that is read from now on change a setting.

    Raises:
        DatabaseError: a view or a macro of the file would.
    """
    if not _lock_binds_functions():
        _check_views(connection, path)
    connection.execute("set lock_configuration = true")


def _lock_binds_functions() -> bool:
    return int(duckdb.__version__.split(".")[0]) >= 2


def _read_table(connection: duckdb.DuckDBPyConnection, name: str, file: Path) -> None:
    """Read a CSV file with a header into a temporary table."""
    if not TABLE_NAME.fullmatch(name):
        raise UsageError(
            f"{name}: no name for a table", "letters, digits and _, as in --with networks=nets.csv"
        )
    if not file.is_file():
        raise UsageError(f"{file}: no such file", "--with TABLE=FILE.csv reads a CSV file")
    # The engine takes a name with such characters for a pattern
    literal = re.sub(r"([*?\[\]])", r"[\1]", str(file))
    try:
        connection.execute(
            f"create temp table {quote_identifier(name)} as "
            "from system.main.read_csv(?, header = true)",
            [literal],
        )
    except (duckdb.Error, UnicodeError) as error:
        said = str(error).splitlines()[0]
        raise UsageError(
            f"{file}: cannot be read as CSV ({said})", "a header, commas, quotes (RFC 4180), UTF-8"
        ) from error


def _check_views(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Refuse a file whose views or macros change settings.

    Raises:
        DatabaseError: one does.
    """
    stored = connection.execute(
        "select schema_name, view_name, sql from system.main.duckdb_views() where not internal "
        "union all select schema_name, function_name, macro_definition "
        "from system.main.duckdb_functions() where not internal and macro_definition is not null"
    ).fetchall()
    for schema, name, sql in stored:
        function = _setting_function(sql)
        if function is not None:
            raise DatabaseError(
                f"{path}: {schema}.{name} calls {function}, which does not only read",
                f"drop {schema}.{name} in the DuckDB shell (mailsql shell --write)",
            )


def _setting_function(sql: str) -> str | None:
    """Return the first function in SQL that changes settings, if there is one."""
    if not SETTING_FUNCTIONS.search(sql.lower()):
        return None
    words = [word.strip().strip('"').lower() for word in _words(sql)]
    for word, behind in pairwise(words):
        if behind.startswith("(") and SETTING_FUNCTIONS.fullmatch(word):
            return word
    return None


def _words(sql: str) -> list[str]:
    """Cut SQL where the engine does, without comments; each piece up to the next one."""
    text = sql.encode()
    starts = [start for start, kind in duckdb.tokenize(sql) if kind != duckdb.token_type.comment]
    return [text[start:end].decode() for start, end in pairwise([*starts, len(text)])]


def check_reading(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Refuse SQL that is not one statement which reads.

    Raises:
        UsageError: it is none, several, or one that could change something.
        duckdb.Error: it cannot be parsed.
    """
    try:
        sql.encode()
    except UnicodeEncodeError as error:
        raise UsageError("the SQL is not UTF-8", "write it in UTF-8") from error
    # The connection's own parser: the module's would read files (IMPORT DATABASE)
    statements = connection.extract_statements(sql)
    if not statements:
        raise UsageError("no statement", "mailsql query 'show tables' lists what there is")
    # A PIVOT is several statements without a text of their own in DuckDB 1.4
    if len(statements) > 1 and any(statement.query.strip() for statement in statements):
        raise UsageError(f"{len(statements)} statements", "one at a time; for more, mailsql shell")
    kind = statements[-1].type
    refused = UsageError(
        "not a statement that reads", "select, from, pivot, describe, summarize, show or explain"
    )
    if kind not in READING:
        raise refused
    words = _words(sql)
    # DuckDB 1.4 leaves comments out of its list: they stand behind a word
    found = re.match(r"\w+|\(", words[0])
    first = found[0].lower() if found else ""
    if first == "explain":
        check_reading(connection, EXPLAINED.sub("", "".join(words), count=1))
    elif kind == duckdb.StatementType.MULTI and first not in READING_WORDS:
        raise refused
    if not _lock_binds_functions():
        function = _setting_function(sql)
        if function is not None:
            raise UsageError(f"{function}: not a function that reads", "mailsql shell has them all")
