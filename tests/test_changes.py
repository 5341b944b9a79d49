"""What was changed in a database since it was loaded is found, batch by batch."""

import shutil
from pathlib import Path

import duckdb
import pytest

import mailsql
from mailsql.chain import last_link
from mailsql.changes import Change, changed_batches
from mailsql.stored_bytes import stored_batches
from tests.conftest import load

pytestmark = pytest.mark.newest

LINE = "Feb  3 09:15:40 mx1 postfix/smtpd[{}]: connect from c.example.net[192.0.2.7]\r\n"
TEXT = "".join(LINE.format(number) for number in range(100, 140)) + "a \\x07 \x07 b\n" + "torn"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """Seven batches of six lines; the last line is torn there, and goes on in the eighth."""
    directory = tmp_path_factory.mktemp("changes")
    log, other, database = (directory / name for name in ("mail.log", "b.log", "mail.duckdb"))
    lines = TEXT.splitlines(keepends=True)
    for end in range(6, 43, 6):
        log.write_text("".join(lines[:end]), newline="")
        # A torn line waits in a log that may go on
        log = log.rename(directory / "mail.log.1") if end == 42 else log
        load([log], database, prove=True)
    log.write_text(TEXT + " no longer\n", newline="")
    other.write_text(LINE.format(1), newline="")
    load([log], database)
    load([other], database)
    with mailsql.open_database(database) as connection:
        batches = [*stored_batches(connection)]
        assert [(batch.first_line_no, batch.last_line_no) for batch in batches] == [
            *((first, first + 5) for first in range(1, 38, 6)),
            (42, 42),
            (1, 1),
        ]
        assert [batch.torn_bytes for batch in batches] == [0] * 7 + [4, 0]
        assert [*changed_batches(connection)] == []
    return database


@pytest.fixture
def database(loaded, tmp_path):
    """A copy, to be changed."""
    return Path(shutil.copy(loaded, tmp_path))


KEY = 2**32
CHANGES = [
    ("update raw_lines set line = replace(line, '192', '193') where line_key = {20}", {4: "lines"}),
    # Texts that stand for the same bytes, but are not what was stored
    (
        "update raw_lines set line = replace(line, 'con', '\\x63on') where line_key = {1}",
        {1: "lines"},
    ),
    (
        "update raw_lines set line = 'a \\\\x07 ' || chr(7) || ' b' where line_key = {41}",
        {7: "lines"},
    ),
    ("update raw_lines set line = 'a \\x07 \\x07 b' where line_key = {41}", {7: "lines"}),
    ("delete from raw_lines where line_key = {7}", {2: "lines"}),
    ("delete from raw_lines where line_key between {7} and {12}", {2: "lines"}),
    ("update raw_lines set line = line || chr(10) || 'x' where line_key = {3}", {1: "lines"}),
    (
        "update raw_lines set line_key = line_key + 1 where line_key = {42}",
        {7: "lines", 8: "lines", None: "batch"},
    ),
    (
        "insert into raw_lines select * replace ({43} as line_key) from raw_lines "
        "where line_key = {5}",
        {None: "batch"},
    ),
    # The first four bytes of this line stand in one batch, the others in the next
    ("update raw_lines set line = 'turn no longer' where line_key = {42}", {7: "lines"}),
    ("update raw_lines set line = 'torn no more' where line_key = {42}", {8: "lines"}),
    (
        "update line_endings set last_line_key = last_line_key - 1 where first_line_key = {1}",
        {1: "lines"},
    ),
    ("delete from line_endings where first_line_key = {7}", {2: "lines"}),
    ("update load_batches set sha256 = 'x' where batch_key = 3", {3: "lines chain"}),
    ("update load_batches set root = 'x' where batch_key = 3", {3: "root chain"}),
    ("update load_batches set root = null where batch_key = 3", {3: "chain"}),
    ("update load_batches set salt = 'x' where batch_key = 3", {3: "root chain"}),
    ("update load_batches set chain = 'x' where batch_key = 3", {3: "chain", 4: "chain"}),
    (
        "update load_batches set torn_bytes = 3 where batch_key = 8",
        {7: "lines", 8: "lines chain"},
    ),
    ("delete from load_batches where batch_key = 3", {4: "chain"}),
    ("delete from load_batches where batch_key = 9", {None: "batch"}),
    ("delete from load_batches where batch_key >= 7", {None: "batch"}),
]


@pytest.mark.parametrize(("change", "expected"), CHANGES)
def test_a_change_is_found_in_its_batch(database, change, expected):
    with mailsql.open_database(database, read_only=False) as connection:
        connection.execute(change.format(*(KEY + number for number in range(50))))
        found = {one.batch_key: " ".join(one.differs) for one in changed_batches(connection)}
    assert found == expected


def test_a_change_tells_the_log_and_the_lines(database):
    with mailsql.open_database(database, read_only=False) as connection:
        connection.execute("delete from raw_lines where line_key = ?", [KEY + 7])
        (found,) = changed_batches(connection)
    assert found == Change(found.path, 2, 7, 12, ("lines",))
    assert found.path.endswith("/mail.log.1")


def test_who_rewrites_lines_hashes_and_chain_is_given_away_by_the_last_value_alone(
    tmp_path, database
):
    forged = tmp_path / "forged.duckdb"
    log = tmp_path / "mail.log.1"
    log.write_text(TEXT.replace("192.0.2.7", "192.0.2.8") + " no longer\n", newline="")
    load([log], forged)
    chains = []
    for path in (database, forged):
        with mailsql.open_database(path) as connection:
            assert [*changed_batches(connection)] == []
            chains.append(last_link(connection)[1])
    assert chains[0] != chains[1]


def test_the_chain_goes_on_over_forgotten_batches(database, tmp_path):
    with mailsql.open_database(database, read_only=False) as connection:
        last = last_link(connection)
        for batch in stored_batches(connection):
            connection.execute(
                "insert into forgotten_batches values (?, ?, now())",
                [batch.batch_key, batch.commitment.hex()],
            )
        for table in ("load_batches", "log_files", "raw_lines", "line_endings"):
            connection.execute(f"delete from {table}")
        assert last_link(connection) == last
        assert [*changed_batches(connection)] == []
    log = tmp_path / "third.log"
    log.write_text(LINE.format(77) * 3, newline="")
    load([log], database)
    with mailsql.open_database(database, read_only=False) as connection:
        assert [batch.batch_key for batch in stored_batches(connection)] == [10]
        assert [*changed_batches(connection)] == []
        connection.execute("delete from forgotten_batches where batch_key = 2")
        assert [change.differs for change in changed_batches(connection)] == [("chain",)]


def test_of_a_line_with_a_number_far_behind_only_its_block_is_read(loaded, tmp_path, monkeypatch):
    database = Path(shutil.copy(loaded, tmp_path / "mail.duckdb"))
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            "insert into raw_lines select * replace (line_key | 4294967295 as line_key) "
            "from raw_lines where line_key = 4294967297"
        )
    blocks = []
    read = mailsql.stored_bytes._original_lines
    monkeypatch.setattr(
        "mailsql.stored_bytes._original_lines", lambda texts: blocks.append(texts) or read(texts)
    )
    with mailsql.open_database(database) as connection:
        changes = [*changed_batches(connection)]
    assert [(change.first_line_no, change.differs) for change in changes] == [
        (4294967295, ("batch",))
    ]
    assert len(blocks) < 10


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ("identity_sha256 = tail_sha256", ("beginning",)),
        ("identity_bytes = 1", ("beginning",)),
        ("tail_sha256 = identity_sha256", ("tail",)),
        ("tail_bytes = 1", ("tail",)),
    ],
)
def test_what_a_later_load_knows_a_log_by_is_checked(database, change, differs):
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"update log_files set {change} where file_key = 1")
    with mailsql.open_database(database) as connection:
        found = [(change.path[-5:], change.differs) for change in changed_batches(connection)]
    assert found == [("log.1", differs)]


def test_a_line_that_waits_for_its_end_is_no_change(tmp_path):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    log.write_text(LINE.format(1) + "Feb  3 09:15:41 mx1 postfix/smtpd[1]: conn", newline="")
    load([log], database)
    with mailsql.open_database(database) as connection:
        assert [*changed_batches(connection)] == []
