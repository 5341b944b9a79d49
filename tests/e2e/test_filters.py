"""Real filters behind real Postfix say of mail what the ledger says.

The live run is driven by `make e2e`; one run that was kept is compared by every `make test`.
MAILSQL_E2E_KEEP and MAILSQL_GOLDEN are as in test_e2e."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

import mailsql
from mailsql.check import run_checks
from tests.conftest import load
from tests.e2e.compare import unknown_lines
from tests.e2e.filters.compare import check_differences
from tests.e2e.filters.traffic import drive_filters
from tests.e2e.ledger import Entry, Ledger
from tests.e2e.recording import read_recorded, record
from tests.e2e.test_e2e import root_of_live_run

STYLE, LOG = "filters", "mail.log"


@dataclass(frozen=True)
class Loaded:
    """A run whose log is loaded."""

    ledger: Ledger
    connection: duckdb.DuckDBPyConnection


def drive(kept: Path) -> tuple[Path, Ledger]:
    """Drive a live run; where it is asked for, it becomes the one that is kept."""
    root = Path(tempfile.mkdtemp(prefix="mailsql-", dir=root_of_live_run() / "tmp"))
    try:
        logs, ledger = drive_filters(root, kept)
        if os.environ.get("MAILSQL_GOLDEN"):
            record(STYLE, logs, (LOG,))
        return logs, ledger
    finally:
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="module", params=[pytest.param("live", marks=pytest.mark.e2e), "recorded"])
def loaded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Loaded]:
    if request.param == "live":
        folder = os.environ.get("MAILSQL_E2E_KEEP") or tmp_path_factory.mktemp("kept")
        logs, ledger = drive(Path(folder))
    else:
        logs, ledger = read_recorded(STYLE)
    database = tmp_path_factory.mktemp("filters") / "mail.duckdb"
    load([logs / LOG], database)
    with mailsql.open_database(database) as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield Loaded(ledger, connection)


def test_message_checks_hold_what_the_filters_said_and_nothing_else(loaded):
    entries = loaded.ledger.of("message_checks")
    assert entries
    assert check_differences(loaded.connection, entries) == []


def test_every_filter_that_is_driven_has_its_say(loaded):
    said = {entry["program"] for entry in loaded.ledger.of("message_checks")}
    assert said == {
        *("amavis", "clamav-milter", "opendkim", "opendmarc"),
        *("policyd-spf", "postgrey", "smtpd", "spamd"),
    }


def test_every_line_of_mail_has_a_known_kind(loaded):
    assert unknown_lines(loaded.connection) == []


def test_the_checks_find_nothing(loaded):
    told: list[str] = []
    assert run_checks(loaded.connection, told.append) == 0, "\n".join(told)


def test_differences_are_told(loaded):
    first, *others = loaded.ledger.of("message_checks")
    other = differences_of(loaded, [first | {"result": "something else"}, *others])
    assert other == ["a row without entry", "an entry without row"]
    moved = differences_of(loaded, [first | {"message": "1"}, *others])
    assert moved == ["a row that no entry agrees with", "an entry that no row agrees with"]


def differences_of(run: Loaded, entries: list[Entry]) -> list[str]:
    """What differs, without the rows and entries."""
    found = check_differences(run.connection, entries)
    return sorted(text.partition(":")[0] for text in found)
