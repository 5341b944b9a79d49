"""What was logged before a day goes and stays away; what goes on after it is whole and proven."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from bench.generate import generate
from mailsql.chain import last_link
from mailsql.changes import changed_batches
from mailsql.check import run_checks
from mailsql.cli import app
from mailsql.database import open_database
from mailsql.errors import DatabaseError, MailsqlError
from mailsql.forget import forget
from mailsql.prover import prove_line
from mailsql.prune import prune
from mailsql.reparse import derive_anew
from mailsql.status import describe_status, status_json
from mailsql.stored_bytes import stream_bytes
from mailsql.table_list import tables
from tests.conftest import NOW, assert_derived_alike, load

pytestmark = pytest.mark.newest

FACTS = [table for table in tables().values() if table.holds == "facts"]
LINE_COUNT = 600
# Facts that earlier lines of others tell of a row
FROM_BEFORE = {"is_tls", "is_client_named"}


def rows(database):
    """Rows of all tables of facts, by table and the first column of the key."""
    found = {}
    with open_database(database, timezone="UTC") as connection:
        for table in FACTS:
            cursor = connection.execute(f"from {table.name} order by all")
            names = [column[0] for column in cursor.description]
            place = names.index(table.key[0])
            shown = [at for at, name in enumerate(names) if name not in FROM_BEFORE]
            found[table.name] = [
                (row[place], tuple(row[at] for at in shown)) for row in cursor.fetchall()
            ]
    return found


def ask(database, sql, *values):
    with open_database(database, timezone="UTC") as connection:
        return connection.execute(sql, [*values]).fetchall()


def gone_keys(database):
    runs = ask(database, "select first_line_key, last_line_key from pruned_lines")
    return {key for first, last in runs for key in range(first, last + 1)}


def is_proven(database):
    """Checks find nothing, and lines are as they were loaded."""
    with open_database(database) as connection:
        said = []
        assert run_checks(connection, said.append) == 0, said
        assert list(changed_batches(connection)) == []
    return said


def is_right(database):
    """Checks find nothing, and rows are what is derived again."""
    said = is_proven(database)
    assert_derived_alike(database)
    return said


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A log in two parts, a database of all of it, and the time at its middle."""
    place = tmp_path_factory.mktemp("prune")
    lines = [line + "\n" for line in generate(LINE_COUNT, seed=3, per_second=2)]
    (place / "mail.log").write_text("".join(lines))
    load([place / "mail.log"], place / "whole.duckdb", batch_bytes=40_000, prove=True)
    ((first, last),) = ask(
        place / "whole.duckdb", "select min(logged_at), max(logged_at) from raw_lines"
    )
    return place, first + (last - first) / 2


@pytest.fixture(scope="module")
def pruned(made):
    place, middle = made
    shutil.copy(place / "whole.duckdb", place / "pruned.duckdb")
    result = prune(place / "pruned.duckdb", middle, lambda _: None, now=NOW)
    assert result.line_count == len(gone_keys(place / "pruned.duckdb"))
    return place / "pruned.duckdb"


def session(minute, pid, first, second, end):
    """Lines of a session with two messages, of which the second is delivered at another minute."""
    told = [
        (minute, f"smtpd[{pid}]: connect from c.example.net[192.0.2.1]"),
        (minute, f"smtpd[{pid}]: {first}: client=c.example.net[192.0.2.1]"),
        (minute, f"cleanup[7]: {first}: message-id=<{first}@example.net>"),
        (minute, f"qmgr[9]: {first}: from=<a@example.net>, size=1, nrcpt=1 (queue active)"),
        (minute, f"smtpd[{pid}]: {second}: client=c.example.net[192.0.2.1]"),
        (minute, f"qmgr[9]: {second}: from=<b@example.net>, size=1, nrcpt=1 (queue active)"),
        (minute, f"smtpd[{pid}]: disconnect from c.example.net[192.0.2.1] mail=2 commands=2"),
        (minute, f"qmgr[9]: {first}: removed"),
        (end, f"qmgr[9]: {second}: removed"),
    ]
    return [(at, f"2026-01-01T10:{at:02}:00+00:00 mx1 postfix/{text}\n") for at, text in told]


def test_other_messages_of_a_connection_that_is_over_go(tmp_path):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    lines = session(0, 50, "A10000", "A20000", 30) + session(1, 51, "B10000", "B20000", 2)
    log.write_text("".join(text for _, text in sorted(lines, key=lambda line: line[0])))
    load([log], database)
    middle = datetime(2026, 1, 1, 10, 20, tzinfo=UTC)
    told = "select message_count from connections order by all"
    # Lines alone first: then rows of pruned lines count, too
    prune(database, middle, lambda _: None, now=NOW, lines_only=True)
    assert len(ask(database, "from raw_lines")) == 5
    assert ask(database, told) == [(2,), (2,)]
    is_proven(database)
    prune(database, middle, lambda _: None, now=NOW)
    assert ask(database, "select queue_id from messages") == [("A20000",)]
    assert ask(database, told) == [(1,)]
    is_proven(database)


def test_lines_of_the_connections_around_one_that_goes_on_go(tmp_path):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    around = session(0, 50, "B10000", "B20000", 0)
    lines = around + session(0, 50, "A10000", "A20000", 30)[:-1] + around[:1] + around[6:7]
    log.write_text("".join(text for _, text in lines))
    load([log], database)
    before = rows(database)
    prune(database, datetime(2026, 1, 2, tzinfo=UTC), lambda _: None, now=NOW, lines_only=True)
    assert rows(database) == before
    # What is in the queue, and its connection
    kept = ask(database, "select line from raw_lines where kind like 'smtpd%' order by line_key")
    assert [text.rpartition("smtpd[50]: ")[2] for (text,) in kept] == [
        "connect from c.example.net[192.0.2.1]",
        "A20000: client=c.example.net[192.0.2.1]",
        "disconnect from c.example.net[192.0.2.1] mail=2 commands=2",
    ]


@pytest.mark.long
def test_rows_of_a_connection_without_its_lines_count_what_is_left(tmp_path):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    log.write_text("".join(text for _, text in session(0, 50, "A10000", "A20000", 30)))
    load([log], database)
    prune(database, datetime(2026, 1, 2, tzinfo=UTC), lambda _: None, now=NOW, lines_only=True)
    middle = datetime(2026, 1, 1, 10, 20, tzinfo=UTC)
    prune(database, middle, lambda _: None, now=NOW)
    assert ask(database, "select queue_id from messages") == [("A20000",)]
    assert ask(database, "select message_count from connections") == [(1,)]
    is_right(database)


@pytest.fixture
def copy(pruned, tmp_path):
    return Path(shutil.copy(pruned, tmp_path / "mail.duckdb"))


def test_what_is_left_is_what_was_there_without_what_went(made, pruned):
    place, middle = made
    before, after, gone = rows(place / "whole.duckdb"), rows(pruned), gone_keys(pruned)
    for table in before:
        assert after[table] == [row for row in before[table] if row[0] not in gone], table
    told = is_right(pruned)
    assert any(f"{len(gone):,} lines were pruned" in text for text in told)
    # What was logged before and is still there goes on, or may
    late = ask(
        pruned,
        "select count(*) filter (logged_at < ?), count(*) filter (logged_at >= ?) from raw_lines",
        middle,
        middle,
    )[0]
    assert 0 < late[0] < 200
    assert (
        late[1]
        == ask(
            place / "whole.duckdb", "select count(*) from raw_lines where logged_at >= ?", middle
        )[0][0]
    )


def test_messages_that_go_on_are_whole_and_unfinished_ones_stay(made, pruned):
    place, middle = made
    kept = {key for key, _ in rows(pruned)["messages"]}
    going_on = ask(
        place / "whole.duckdb",
        "select distinct message_key from messages left join deliveries using (message_key) "
        "where removed_at is null and state in ('in queue', 'on hold', 'arriving') "
        "or removed_at >= $1 or deliveries.logged_at >= $1 or queued_at >= $1",
        middle,
    )
    assert {key for (key,) in going_on} <= kept
    told = (
        "select line_key, step from message_flow "
        "where message_key in (select unnest(?)) order by all"
    )
    keys = sorted(kept)
    assert ask(pruned, told, keys) == ask(place / "whole.duckdb", told, keys)


def test_the_same_log_loaded_again_adds_nothing(made, copy):
    place, _ = made
    before = rows(copy)
    assert [one.line_count for one in load([place / "mail.log"], copy)] == [0]
    # A part of it, or one that is cut off, neither
    part = copy.with_name("part.log")
    part.write_text("".join((place / "mail.log").read_text().splitlines(keepends=True)[:400]))
    assert [one.line_count for one in load([part], copy)] == [0]
    assert rows(copy) == before


def test_another_log_that_begins_like_a_pruned_one_is_loaded(tmp_path):
    def lines(month, first, count):
        numbers = range(first, first + count)
        return [
            f"2026-{month:02}-01T09:00:{no:02}Z mx1 postfix/smtpd[9]: x{no}\n" for no in numbers
        ]

    def added(*parts):
        log.write_text("".join(line for part in parts for line in part))
        return load([log], database)[0].line_count

    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    old, late, new = lines(1, 0, 10), lines(2, 10, 2), lines(3, 20, 30)
    added(old, late)
    prune(database, datetime(2026, 1, 20, tzinfo=UTC), lambda _: None, now=NOW)
    # The same, or a part of it
    assert [added(old, late), added(old[:5]), added(old, late[:1])] == [0, 0, 0]
    # Another one: it is of another time, or has as much
    assert added(old[:4], new[:1]) == 5
    assert added(lines(1, 0, 1), lines(1, 31, 20)) == 20
    # One that shares more than what was pruned
    assert added(old, late[:1], new) == 30
    is_proven(database)


@pytest.mark.long
def test_a_log_that_goes_on_is_read_as_if_all_was_there(made, tmp_path):
    place, middle = made
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    text = (place / "mail.log").read_text().splitlines(keepends=True)
    log.write_text("".join(text[: LINE_COUNT * 3 // 4]))
    load([log], database)
    prune(database, middle, lambda _: None, now=NOW)
    log.write_text("".join(text))
    load([log], database)
    whole, gone = rows(place / "whole.duckdb"), gone_keys(database)
    after = rows(database)
    for table in whole:
        assert after[table] == [row for row in whole[table] if row[0] not in gone], table
    is_right(database)


@pytest.mark.long
def test_lines_alone_go_and_their_rows_later(made, tmp_path):
    place, middle = made
    database = Path(shutil.copy(place / "whole.duckdb", tmp_path / "mail.duckdb"))
    before = rows(database)
    result = prune(database, middle, lambda _: None, now=NOW, lines_only=True)
    assert result.line_count > LINE_COUNT / 3
    assert result.row_count == 0
    assert rows(database) == before
    derive_anew(database, lambda _: None)
    assert rows(database) == before
    prune(database, middle, lambda _: None, now=NOW)
    after = rows(database)
    assert len(after["messages"]) < len(before["messages"]) * 2 / 3
    gone = {
        key
        for first, last in ask(
            database, "select first_line_key, last_line_key from pruned_lines where not has_rows"
        )
        for key in range(first, last + 1)
    }
    for table in before:
        assert after[table] == [row for row in before[table] if row[0] not in gone], table
    is_right(database)
    assert [what for (what,) in ask(database, "select what from prunings order by batch_key")] == [
        "lines",
        "rows",
    ]


@pytest.mark.long
def test_lines_alone_go_and_the_rows_of_some_of_them_later(made, tmp_path):
    place, middle = made
    database = Path(shutil.copy(place / "whole.duckdb", tmp_path / "mail.duckdb"))
    prune(database, middle, lambda _: None, now=NOW, lines_only=True)
    prune(database, middle - timedelta(minutes=1), lambda _: None, now=NOW)
    adjacent = (
        "select count(*) from pruned_lines as one "
        "semi join pruned_lines as next on one.last_line_key + 1 = next.first_line_key"
    )
    assert ask(database, adjacent) != [(0,)]
    is_proven(database)


@pytest.mark.long
def test_more_is_pruned_later(made, copy):
    place, middle = made
    prune(copy, middle + timedelta(minutes=1), lambda _: None, now=NOW)
    before, after, gone = rows(place / "whole.duckdb"), rows(copy), gone_keys(copy)
    for table in before:
        assert after[table] == [row for row in before[table] if row[0] not in gone], table
    is_right(copy)


@pytest.mark.parametrize(
    "sql",
    [
        "update raw_lines set line = line || '!' where line_key = "
        "(select max(line_key) from raw_lines where line_key < "
        "(select max(first_line_key) from pruned_lines))",
        "delete from raw_lines where line_key = (select max(line_key) from raw_lines)",
        "update pruned_lines set last_line_key = last_line_key + 1 "
        "where first_line_key = (select max(first_line_key) from pruned_lines)",
        "update pruned_hashes set hash = repeat('0', 64) "
        "where place = (select max(place) from pruned_hashes)",
        "update prunings set line_count = 1",
        "delete from prunings; delete from pruned_lines",
        "delete from forgotten_batches",
    ],
)
def test_what_is_changed_afterwards_is_found(copy, sql):
    with duckdb.connect(str(copy)) as connection:
        connection.execute(sql)
    with open_database(copy) as connection:
        assert list(changed_batches(connection))


def test_lines_that_were_changed_are_not_pruned_over(made, tmp_path):
    place, middle = made
    database = Path(shutil.copy(place / "whole.duckdb", tmp_path / "mail.duckdb"))
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            "update raw_lines set line = 'x' where logged_at = ?",
            [
                ask(
                    place / "whole.duckdb",
                    "select max(logged_at) from raw_lines where logged_at < ?",
                    middle,
                )[0][0]
            ],
        )
    before = database.read_bytes()
    with pytest.raises(DatabaseError, match="not as they were loaded"):
        prune(database, middle, lambda _: None, now=NOW)
    assert database.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["mail.duckdb"]


def test_what_is_not_there_any_more_is_said(copy):
    (key,) = ask(copy, "select min(line_key) from raw_lines")[0]
    with open_database(copy) as connection:
        with pytest.raises(DatabaseError, match=r"lines .* of log 1 were pruned"):
            list(stream_bytes(connection, 1))
        with pytest.raises(MailsqlError, match="of its batch were pruned"):
            prove_line(connection, key)


@pytest.mark.long
def test_a_pruned_log_is_forgotten(made, copy):
    place, _ = made
    with open_database(copy) as connection:
        before = last_link(connection)
    assert forget(copy, "1", lambda _: None, now=NOW).line_count < LINE_COUNT
    assert not any(rows(copy).values())
    with open_database(copy) as connection:
        assert last_link(connection)[0] == before[0] + 1
    assert load([place / "mail.log"], copy)[0].line_count == LINE_COUNT
    is_right(copy)


@pytest.mark.long
def test_no_row_of_a_pruned_line_leads_to_a_forgotten_log(tmp_path):
    database, head = tmp_path / "mail.duckdb", "2026-01-01T10:00:00+00:00 mx1 postfix/"
    peer, qmgr = "c.example.net[192.0.2.1]", f"{head}qmgr[9]"
    logs = [
        [
            f"{head}smtpd[5]: connect from {peer}",
            f"{head}smtpd[5]: A10000: client={peer}",
            f"{qmgr}: A10000: from=<a@example.net>, size=1, nrcpt=1 (queue active)",
        ],
        [
            f"{head}smtp[6]: A10000: to=<b@example.org>, relay=mx.example.org[198.51.100.1]:25, "
            "delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)",
            f"{qmgr}: A10000: removed",
            f"{head}smtpd[5]: A20000: client={peer}",
            f"{qmgr}: A20000: from=<a@example.net>, size=1, nrcpt=1 (queue active)",
            f"{qmgr}: A20000: removed",
            f"{head}smtpd[5]: disconnect from {peer} mail=2 commands=2",
        ],
    ]
    for number, lines in enumerate(logs):
        path = tmp_path / f"mail{number}.log"
        path.write_text("".join(line + "\n" for line in lines))
        load([path], database)
    prune(database, datetime(2026, 2, 1, tzinfo=UTC), lambda _: None, now=NOW, lines_only=True)
    assert ask(database, "from raw_lines") == []
    assert len(ask(database, "from deliveries semi join messages using (message_key)")) == 1
    forget(database, "1", lambda _: None, now=NOW)
    assert ask(database, "select queue_id, connection_key from messages") == [("A20000", None)]
    assert ask(database, "from deliveries") == []
    is_proven(database)


@pytest.mark.long
def test_the_year_of_stamps_is_known_behind_what_was_pruned(tmp_path):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    head = "mx1 postfix/smtpd[9]: warning: x"
    days = ["Nov  3", "Dec 30", "Jan  2", "Mar  9", "Nov 20", "Jan  5"]
    log.write_text("".join(f"{day} 09:00:00 {head}{no}\n" for no, day in enumerate(days)))
    load([log], database, year=2023)
    years = "select year(logged_at), month(logged_at) from raw_lines order by line_key"
    told = ask(database, years)
    assert [year for year, _ in told] == [2023, 2023, 2024, 2024, 2024, 2025]
    prune(database, datetime(2024, 12, 1, tzinfo=UTC), lambda _: None, now=NOW)
    assert ask(database, years) == told[5:]
    prune(database, datetime(2025, 12, 1, tzinfo=UTC), lambda _: None, now=NOW)
    with log.open("a") as file:
        file.write(f"Feb  1 09:00:00 {head}\n")
    load([log], database)
    assert ask(database, years) == [(2025, 2)]
    is_right(database)


def test_killed_or_failing_the_old_file_is_whole(copy, monkeypatch):
    before = copy.read_bytes()

    def dies(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("mailsql.prune.add_pruning", dies)
    with pytest.raises(KeyboardInterrupt):
        prune(copy, datetime(2030, 1, 1, tzinfo=UTC), lambda _: None, now=NOW)
    assert copy.read_bytes() == before
    assert [path.name for path in copy.parent.iterdir()] == ["mail.duckdb"]


def test_it_is_a_command_and_status_tells_of_it(made, copy):
    with open_database(copy) as connection:
        told = [row["what"] for row in json.loads(status_json(connection, NOW))["prunings"]]
        assert told == ["rows"]
        assert "What was pruned" in describe_status(connection)
    before = copy.read_bytes()
    # Of what is gone already, and of what never was
    for day in (f"{made[1]:%Y-%m-%d %H:%M:%S.%f}", "2020-01-01"):
        command = ["prune", "--before", day, "--timezone", "UTC", "--db", str(copy)]
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 0
        assert "nothing to prune before" in result.stderr
    assert copy.read_bytes() == before
