"""Real Postfix and Dovecot write logs; the tables say what the ledger says.

The live runs are driven by `make e2e`; one run that was kept is compared by every `make test`.
MAILSQL_E2E_KEEP names a folder that gets the logs, ledgers and databases of the live runs;
MAILSQL_GOLDEN=1 makes them the run that is kept (sample_logs/live)."""

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

import mailsql
from mailsql.check import run_checks
from mailsql.status import describe_load
from tests.conftest import assert_derived_alike, load, rows_of_lines
from tests.documented import differing_figures, documented
from tests.e2e.compare import KEYS, differences, unknown_lines
from tests.e2e.flow import crossing_differences, fact_differences, flow_differences
from tests.e2e.installation import NoDaemonsError, daemons_root
from tests.e2e.ledger import Ledger
from tests.e2e.recording import read_recorded, record
from tests.e2e.rig import FILES, SYSLOG
from tests.e2e.states import state_differences
from tests.e2e.traffic import Run, drive
from tests.summaries import (
    logwatch_numbers,
    missing_programs,
    pflogsumm_numbers,
    pflogsumm_text,
)


@dataclass(frozen=True)
class LogSet:
    """Logs that are loaded into one database.

    Attributes:
        style: of the run.
        names: of the logs.
        host: of logs that name none.
        is_kept: whether they become samples.
    """

    style: str
    names: tuple[str, ...]
    host: str | None
    is_kept: bool


# What Debian's rules for rsyslog write of each line, with the stamps of today and of before
DEBIANS_LOGS = tuple(
    f"{folder}{name}"
    for name in ("mail.warn", "mail.err", "mail.info", "mail.log", "syslog")
    for folder in ("bsd/", "")
)
LOG_SETS = {
    "bsd": LogSet("syslog", ("bsd/mail.log", "postfix-out.log"), None, False),
    "rfc3339": LogSet("syslog", ("mail.log", "postfix-out.log"), None, True),
    # Every line of the run in two to six files, mail.warn first
    "debian": LogSet("syslog", (*DEBIANS_LOGS, "postfix-out.log"), None, False),
    "files": LogSet("files", ("postfix.log", "postfix-out.log", "dovecot.log"), "mx", True),
}
ORIGINS = [
    *(pytest.param("live", name, marks=pytest.mark.e2e, id=f"live-{name}") for name in LOG_SETS),
    *(
        pytest.param("recorded", name, id=f"recorded-{name}")
        for name, log_set in LOG_SETS.items()
        if log_set.is_kept
    ),
]
in_each = pytest.mark.parametrize(("origin", "name"), ORIGINS)


@dataclass(frozen=True)
class Loaded:
    """A run whose logs are loaded."""

    ledger: Ledger
    connection: duckdb.DuckDBPyConnection
    logs: tuple[Path, ...]


def root_of_live_run() -> Path:
    """The root that the daemons see; without one, the test is skipped, and fails where CI=true."""
    try:
        return daemons_root()
    except NoDaemonsError as error:
        # Nobody reads there why a test was skipped
        refuse = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        refuse(f"no live run: {error}")


@pytest.fixture(scope="module")
def runs() -> Iterator[dict[str, Run]]:
    root = root_of_live_run()
    kept = Path(os.environ.get("MAILSQL_E2E_KEEP") or tempfile.mkdtemp(prefix="mailsql-kept-"))
    kept.mkdir(parents=True, exist_ok=True)
    roots = [Path(tempfile.mkdtemp(prefix="mailsql-", dir=root / "tmp")) for _ in range(2)]
    try:
        found = drive(dict(zip((SYSLOG, FILES), roots, strict=True)), kept)
        if os.environ.get("MAILSQL_GOLDEN"):
            for log_set in LOG_SETS.values():
                if log_set.is_kept:
                    record(log_set.style, found[log_set.style].logs, log_set.names)
        yield found
    finally:
        for root in roots:
            shutil.rmtree(root, ignore_errors=True)
        if "MAILSQL_E2E_KEEP" not in os.environ:
            shutil.rmtree(kept, ignore_errors=True)


@pytest.fixture(scope="module")
def loaded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str, str], Loaded]]:
    """Load a set of logs when it is first asked for."""
    found: dict[tuple[str, str], Loaded] = {}

    def load_set(origin: str, name: str) -> Loaded:
        if (origin, name) not in found:
            log_set = LOG_SETS[name]
            if origin == "live":
                run = request.getfixturevalue("runs")[log_set.style]
                logs, ledger, year = run.logs, run.ledger, None
                database = run.logs / f"{name}.duckdb"
            else:
                logs, ledger = read_recorded(log_set.style)
                year = int(ledger.of("messages")[0]["queued_at"]["at_least"][:4])
                database = tmp_path_factory.mktemp("recorded") / f"{name}.duckdb"
            paths = tuple(logs / log for log in log_set.names)
            for path in paths:
                load([path], database, host=log_set.host, year=year)
            connection = mailsql.open_database(database)
            connection.execute("set TimeZone = 'UTC'")
            found[origin, name] = Loaded(ledger, connection, paths)
        return found[origin, name]

    yield load_set
    for each in found.values():
        each.connection.close()


@in_each
@pytest.mark.parametrize("table", KEYS)
def test_a_table_holds_what_happened_and_nothing_else(origin, name, table, loaded):
    run = loaded(origin, name)
    entries = run.ledger.of(table)
    assert entries
    found = differences(run.connection, table, entries)
    assert not found, "\n\n".join([f"{len(found)} differences", *found])


@in_each
def test_the_flow_of_a_message_has_the_steps_that_it_went(origin, name, loaded):
    run = loaded(origin, name)
    assert flow_differences(run.connection, run.ledger) == []


@in_each
def test_the_steps_of_a_flow_tell_when_and_what(origin, name, loaded):
    run = loaded(origin, name)
    assert fact_differences(run.connection, run.ledger) == []


def test_a_fact_that_no_step_tells_is_found(loaded):
    run = loaded("recorded", "rfc3339")
    changed = Ledger()
    changed.entries = [
        entry | {"reply": "250 something else"} if entry["table"] == "deliveries" else entry
        for entry in run.ledger.entries
    ]
    told = fact_differences(run.connection, changed)
    assert len(told) == len(run.ledger.of("deliveries"))


@in_each
def test_the_state_of_a_message_is_what_became_of_it(origin, name, loaded):
    run = loaded(origin, name)
    assert state_differences(run.connection, run.ledger) == []


@pytest.mark.newest
@in_each
def test_a_flow_goes_on_in_the_messages_that_came_of_it(origin, name, loaded):
    run = loaded(origin, name)
    assert crossing_differences(run.connection, run.ledger) == []


@in_each
def test_postfix_and_dovecot_name_the_same_lmtp_transactions(origin, name, loaded):
    accepted, stored = (
        {session for (session,) in loaded(origin, name).connection.execute(query).fetchall()}
        for query in (
            "select regexp_extract(reply, ' (\\S+) Saved$', 1) from deliveries "
            "where agent = 'lmtp' and status = 'sent'",
            "select session_id from mailbox_deliveries "
            "where agent = 'lmtp' and session_id is not null and action <> 'quota full'",
        )
    )
    assert accepted
    # A customised prefix of Dovecot may leave the transaction out
    assert stored == (set() if name == "files" else accepted)


@pytest.mark.newest
@in_each
def test_the_parts_of_a_delay_add_up(origin, name, loaded):
    wrong = (
        loaded(origin, name)
        .connection.execute(
            "select queue_id, delay_seconds from deliveries where not coalesce(abs("
            "before_qmgr_seconds + in_qmgr_seconds + connection_seconds + transmission_seconds "
            "- delay_seconds) <= 0.05 + delay_seconds * 0.1, false)"
        )
        .fetchall()
    )
    assert wrong == []


@in_each
def test_every_line_has_a_known_kind(origin, name, loaded):
    assert unknown_lines(loaded(origin, name).connection) == []


@in_each
def test_the_checks_find_nothing(origin, name, loaded):
    told: list[str] = []
    assert run_checks(loaded(origin, name).connection, told.append) == 0, "\n".join(told)


def lines_of(log: Path) -> list[str]:
    return log.read_text().splitlines()


@pytest.mark.e2e
@pytest.mark.parametrize(
    "names",
    [
        ["mail.log", "mail.info", "mail.warn", "mail.err", "syslog"],
        ["bsd/syslog", "bsd/mail.warn", "mail.err", "bsd/mail.log", "mail.log", "mail.warn"],
    ],
    ids=["at once", "one by one"],
)
def test_debians_logs_tell_what_mail_log_tells(names, loaded, runs, tmp_path, request):
    # mail.log alone
    loaded("live", "rfc3339")
    logs = runs["syslog"].logs
    read = lines_of(logs / "mail.log") + lines_of(logs / "postfix-out.log")
    paths = [logs / name for name in (*names, "postfix-out.log")]
    database = tmp_path / "mail.duckdb"
    calls = [paths] if "at once" in request.node.name else [[path] for path in paths]
    told = [source for call in calls for source in load(call, database)]
    assert [source.fault for source in told if source.fault] == []

    assert rows_of_mail(database, read) == rows_of_mail(logs / "rfc3339.duckdb", read)
    assert_derived_alike(database)
    with mailsql.open_database(database) as connection:
        checked: list[str] = []
        assert run_checks(connection, checked.append) == 0, "\n".join(checked)
        stored = connection.execute("select line, copy_of is not null from log_lines").fetchall()
        summary = describe_load(connection, told, database)
    assert len(stored) == sum(source.line_count for source in told)
    for path in paths:
        assert not Counter(lines_of(path)) - Counter(line for line, _ in stored), path
    copies = sum(is_copy for _, is_copy in stored)
    assert f"{copies:,}  copies of others" in summary
    warnings = len(lines_of(logs / "mail.warn"))
    assert f"mail.warn: {warnings} lines, all of them copies of lines in {logs}/mail.log" in summary


def rows_of_mail(database: Path, lines: list[str]) -> dict[str, list[tuple]]:
    """The rows of all tables, and of the lines those that are of mail."""
    rows = rows_of_lines(database, lines)
    rows["log_lines"] = [row for row in rows["log_lines"] if row[0]]
    return rows


@pytest.mark.parametrize("table", KEYS)
def test_a_difference_is_told_with_entry_row_and_lines(table, loaded):
    run = loaded("recorded", "rfc3339")
    first, *others = run.ledger.of(table)
    time_column = next(
        (name for name in first if isinstance(first[name], dict) and "at_least" in first[name]),
        None,
    )
    changes = {"reason": "something else"} if time_column is None else {time_column: "never"}

    changed = differences(run.connection, table, [first | changes, *others])
    assert len(changed) == 1
    for part in ("differs in", "  entry: ", "  row:   ", "  line:  "):
        assert part in changed[0]

    missing = differences(run.connection, table, others)
    assert any("a row without entry" in told for told in missing)

    doubled = differences(run.connection, table, [first, *others, first])
    assert any("an entry without row" in told for told in doubled)


@pytest.mark.parametrize(
    ("in_ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)]
)
def test_a_live_run_that_cannot_be_is_a_failure_in_ci(monkeypatch, in_ci, outcome):
    def refuse() -> Path:
        raise NoDaemonsError("no root")

    monkeypatch.setattr("tests.e2e.test_e2e.daemons_root", refuse)
    monkeypatch.setenv("CI", in_ci)
    with pytest.raises(outcome, match="no live run: no root"):
        root_of_live_run()


@pytest.mark.e2e
@pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {missing_programs()}")
def test_pflogsumm_and_logwatch_print_the_documented_numbers(
    loaded: Callable[[str, str], Loaded],
) -> None:
    found = loaded("live", "rfc3339")
    printed = logwatch_numbers([log.read_text(errors="replace") for log in found.logs])
    rows = documented("logwatch, Postfix") + documented("logwatch, Dovecot")
    assert differing_figures(found.connection, rows, printed.totals) == {}
    summary = pflogsumm_numbers(pflogsumm_text(list(found.logs)))
    totals = {title: number for title, (number, _) in summary.items()}
    rows = documented("pflogsumm's totals")
    assert differing_figures(found.connection, rows, totals) == {}
