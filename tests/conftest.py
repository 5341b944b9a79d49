"""What the tests share: loading into a fresh database, and tables without their keys."""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

import mailsql
from mailsql.check import check_rows
from mailsql.config import FILE_VARIABLE, VARIABLES
from mailsql.table_list import tables

# The wheels of 1.4 before .post1 lack the execute bit
SHELLS = {"1.4": "duckdb-cli>=1.4.4.post1,<1.5", "newest": "duckdb-cli"}
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
# Rows that the lines and their order give, however the lines were cut into logs
KEYED_TABLES = tuple(sorted(table.name for table in tables().values() if table.holds == "facts"))

# How many examples a property is tried with: by `make test`, and by `make long` (EXAMPLES=100)
settings.register_profile(
    "quick", max_examples=3, deadline=None, suppress_health_check=list(HealthCheck)
)
settings.register_profile(
    "long",
    settings.get_profile("quick"),
    max_examples=int(os.environ.get("MAILSQL_EXAMPLES", "100")),
)
settings.load_profile("quick")
# Where an example is dear, all of it follows from one number: of values that are drawn one by one,
# hypothesis repeats many
SEEDS = st.integers(0, 2**32 - 1)
# How many rows of a table are told that are not as they should be
DIFFERING_ROWS = 5
# What host_count gives on average
HOSTS_OF_AN_EXAMPLE = 35


def with_cases(case_count: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A property whose examples hold some cases each needs fewer examples for as many cases."""
    examples = -(-settings().max_examples // case_count)
    return settings(max_examples=max(3, examples))


def of_hosts(test: Callable[..., None]) -> Callable[..., None]:
    """A property whose examples are of many hosts, each of which is a case of its own.

    Hosts have nothing to do with each other, and a load costs about the same for one or eighty.
    """
    return with_cases(HOSTS_OF_AN_EXAMPLE)(test)


def host_count(chance: random.Random) -> int:
    """How many hosts an example is of: few in every fourth, for what only a small log shows."""
    return chance.randint(*chance.choice([(1, 3), (4, 39), (40, 79), (40, 79)]))


def pytest_configure(config: pytest.Config) -> None:
    """Give all processes of a run Ctrl-C, a cache that does not outlive it, and no settings."""
    if hasattr(config, "workerinput"):
        return
    # A shell that runs the tests in the background lets them, and what they start, ignore it
    signal.signal(signal.SIGINT, signal.default_int_handler)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    os.environ.setdefault("PIP_CACHE_DIR", str(cache / "pip"))
    own = tempfile.mkdtemp(prefix="mailsql-tests-")
    os.environ["XDG_CACHE_HOME"] = os.environ["XDG_CONFIG_HOME"] = own
    for variable in (FILE_VARIABLE, *VARIABLES.values()):
        os.environ.pop(variable, None)
    config.add_cleanup(lambda: shutil.rmtree(own, ignore_errors=True))


def load(paths: list[Path], database: Path, **options: Any) -> list[Any]:
    """Load logs with a fixed clock, in UTC and with one thread unless told otherwise."""
    options = {"now": NOW, "timezone": "UTC", "threads": 1} | options
    return mailsql.load([str(path) for path in paths], database, **options)


def on_host(number: int, text: str) -> str:
    """Lines of mx1 as those of another host, which have nothing to do with them in one log."""
    return text.replace("mx1", f"m{number:02}")


@pytest.fixture(scope="session")
def samples_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of sample_logs/ that tests only read."""
    path = tmp_path_factory.mktemp("samples") / "mail.duckdb"
    load([Path(__file__).parent.parent / "sample_logs"], path, timezone="Asia/Tokyo")
    return path


def install_shell(version: str, directory: Path) -> Path:
    """Install a DuckDB shell below a directory and return the program, not its Python wrapper."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    command = [*pip, "--target", str(directory / "lib"), SHELLS[version]]
    subprocess.run(command, check=True, capture_output=True)
    programs = [path for path in (directory / "lib").rglob("duckdb") if path.is_file()]
    return max(programs, key=lambda path: path.stat().st_size)


@pytest.fixture
def small_head(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small logs are cut into batches, too."""
    monkeypatch.setattr("mailsql.ingest.SNIFFED_BYTES", 1)


@pytest.fixture
def loaded(tmp_path: Path) -> Iterator[Callable[..., duckdb.DuckDBPyConnection]]:
    """Load text as one log and open the result."""
    opened: list[duckdb.DuckDBPyConnection] = []

    def load_text(text: str | bytes, **options: Any) -> duckdb.DuckDBPyConnection:
        log = tmp_path / f"mail{len(opened)}.log"
        log.write_bytes(text if isinstance(text, bytes) else text.encode())
        os.utime(log, (NOW.timestamp(), NOW.timestamp()))
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
        paths = dict(connection.execute("select file_key, path from log_files").fetchall())
        return placed_rows(connection, lambda key: starts[paths[key >> 32]] + (key & 2**32 - 1))


def rows_of_lines(database: Path, lines: list[str]) -> dict[str, list[tuple[Any, ...]]]:
    """All derived rows, each key replaced by the place of its line among lines, no two alike.

    Other lines have the place 0.
    """
    places = {line: place for place, line in enumerate(lines, start=1)}
    with mailsql.open_database(database) as connection:
        found = dict(connection.execute("select line_key, line from raw_lines").fetchall())
        return placed_rows(connection, lambda key: places.get(found[key], 0))


def placed_rows(
    connection: duckdb.DuckDBPyConnection, place: Callable[[int], int]
) -> dict[str, list[tuple[Any, ...]]]:
    """All derived rows and the lines that count; place says what stands for a key."""
    connection.execute("set TimeZone = 'UTC'")
    shown = dict.fromkeys(KEYED_TABLES, "*") | {
        "log_lines": "line_key, logged_at, host, program, pid, queue_id, kind, line"
    }
    found = {}
    for table, names in shown.items():
        which = "where copy_of is null" if table == "log_lines" else ""
        cursor = connection.execute(f"select {names} from {table} {which}")
        are_keys = [column[0].endswith("_key") for column in cursor.description]
        rows = [
            tuple(
                place(value) if is_key and value is not None else value
                for is_key, value in zip(are_keys, row, strict=True)
            )
            for row in cursor.fetchall()
        ]
        found[table] = sorted(rows, key=lambda row: (row[0], repr(row)))
    return found


def assert_rows_alike(
    found: dict[str, list[tuple[Any, ...]]], expected: dict[str, list[tuple[Any, ...]]]
) -> None:
    """Tables hold the same rows; else some that differ are told, and which hosts they name."""
    if found == expected:
        return
    told, hosts = [], set()
    for table in expected:
        lost = Counter(map(repr, expected[table]))
        added = Counter(map(repr, found[table]))
        for sign, rows in (("-", lost - added), ("+", added - lost)):
            told += [f"{sign} {table} {row}" for row in [*rows][:DIFFERING_ROWS]]
            hosts |= {host for row in rows for host in re.findall(r"\bmx\d+\b(?!\[)", row)}
    pytest.fail("\n".join([f"Rows differ: {', '.join(sorted(hosts))}", *told]))


def assert_derived_alike(database: Path) -> None:
    """All rows are what is derived again from the lines."""
    said: list[str] = []
    with tempfile.TemporaryDirectory() as place:
        assert check_rows(database, Path(place), said.append) == 0, "\n".join(said)
