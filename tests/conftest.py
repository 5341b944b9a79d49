"""What the tests share: loading into a fresh database, and tables without their keys."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, settings

import mailsql
from mailsql.check import check_rows
from mailsql.derive_again import compared_tables

# The wheels of 1.4 before .post1 lack the execute bit
SHELLS = {"1.4": "duckdb-cli>=1.4.4.post1,<1.5", "newest": "duckdb-cli"}
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
# Rows that the lines and their order give, however the lines were cut into logs
KEYED_TABLES = tuple(
    table
    for table in compared_tables()
    if table not in ("log_files", "raw_lines", "latest_lines", "longest_lines", "line_kinds")
)

# How many examples a property is tried with: by `make test`, and by `make long` (EXAMPLES=100)
settings.register_profile(
    "quick", max_examples=4, deadline=None, suppress_health_check=list(HealthCheck)
)
settings.register_profile(
    "long",
    settings.get_profile("quick"),
    max_examples=int(os.environ.get("MAILSQL_EXAMPLES", "100")),
)
settings.load_profile("quick")


def pytest_configure(config: pytest.Config) -> None:
    """Give all processes of a run Ctrl-C, and one cache of its own, which does not outlive it."""
    if hasattr(config, "workerinput"):
        return
    # A shell that runs the tests in the background lets them, and what they start, ignore it
    signal.signal(signal.SIGINT, signal.default_int_handler)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    os.environ.setdefault("PIP_CACHE_DIR", str(cache / "pip"))
    own = tempfile.mkdtemp(prefix="mailsql-tests-")
    os.environ["XDG_CACHE_HOME"] = own
    config.add_cleanup(lambda: shutil.rmtree(own, ignore_errors=True))


def load(paths: list[Path], database: Path, **options: Any) -> list[Any]:
    """Load logs with a fixed clock, in UTC unless told otherwise."""
    options = {"now": NOW, "timezone": "UTC"} | options
    return mailsql.load([str(path) for path in paths], database, **options)


def install_shell(version: str, directory: Path) -> Path:
    """Install a DuckDB shell below a directory and return the program, not its Python wrapper."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    command = [*pip, "--target", str(directory / "lib"), SHELLS[version]]
    subprocess.run(command, check=True, capture_output=True)
    programs = [path for path in (directory / "lib").rglob("duckdb") if path.is_file()]
    return max(programs, key=lambda path: path.stat().st_size)


@pytest.fixture
def loaded(tmp_path: Path) -> Iterator[Callable[..., duckdb.DuckDBPyConnection]]:
    """Load text as one log and open the result."""
    opened: list[duckdb.DuckDBPyConnection] = []

    def load_text(text: str | bytes, **options: Any) -> duckdb.DuckDBPyConnection:
        log = tmp_path / f"mail{len(opened)}.log"
        log.write_bytes(text if isinstance(text, bytes) else text.encode())
        database = tmp_path / f"mail{len(opened)}.duckdb"
        load([log], database, **options)
        connection = mailsql.open_database(database)
        connection.execute("set TimeZone = 'UTC'")
        opened.append(connection)
        return connection

    yield load_text
    for connection in opened:
        connection.close()


def columns(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    """Names of the columns of a table."""
    described = connection.execute(f"select * from {table} limit 0").description
    return [column[0] for column in described or []]


def rows_without_keys(database: Path, starts: dict[str, int]) -> dict[str, list[tuple[Any, ...]]]:
    """All derived rows, each key replaced by the place of its line in the uncut log.

    starts: for each path of a part of the log, how many lines come before it.
    """
    with mailsql.open_database(database) as connection:
        connection.execute("create temp table starts (path varchar, start bigint)")
        connection.executemany("insert into starts values (?, ?)", list(starts.items()))
        connection.execute(
            "create temp macro place(line_key) as (select start from starts inner join log_files "
            "using (path) where file_key = line_key >> 32) + (line_key & 4294967295)"
        )
        return placed_rows(connection)


def rows_of_lines(database: Path, lines: list[str]) -> dict[str, list[tuple[Any, ...]]]:
    """All derived rows, each key replaced by the place of its line among lines, no two alike."""
    with mailsql.open_database(database) as connection:
        connection.execute(
            "create temp table places as select line_key, "
            "list_position(?::varchar[], line) as place from raw_lines",
            [lines],
        )
        connection.execute(
            "create temp macro place(key) as (select place from places where line_key = key)"
        )
        return placed_rows(connection)


def placed_rows(connection: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[Any, ...]]]:
    """All derived rows and the lines that count; the macro place says what stands for keys."""
    connection.execute("set TimeZone = 'UTC'")
    found = {}
    for table in KEYED_TABLES:
        shown = [
            f"place({name}) as {name}" if name.endswith("_key") else name
            for name in columns(connection, table)
        ]
        found[table] = connection.execute(
            f"select {', '.join(shown)} from {table} order by 1"
        ).fetchall()
    found["log_lines"] = connection.execute(
        "select place(line_key), logged_at, host, program, pid, queue_id, kind, line "
        "from log_lines where copy_of is null order by 1"
    ).fetchall()
    return found


def assert_derived_alike(database: Path) -> None:
    """All rows are what is derived again from the lines."""
    said: list[str] = []
    with tempfile.TemporaryDirectory() as place:
        assert check_rows(database, Path(place), said.append) == 0, "\n".join(said)
