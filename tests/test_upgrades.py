"""Databases of an older mailsql live on, the user's views too; what stands in the way is said."""

import shutil
from pathlib import Path

import duckdb
import pytest

from bench.generate import generate
from mailsql import objects
from mailsql.database import open_database
from mailsql.errors import DatabaseError, OutdatedError
from mailsql.reparse import derive_anew
from mailsql.table_list import tables
from tests.conftest import load
from tests.test_schemas import write_older

HERE = Path(__file__).parent
FIRST, SECOND = sorted((HERE.parent / "sample_logs").glob("maillog-*"))
OWN = """
create schema own;
create schema reports;
create view log_lines as select * from raw_lines;
comment on view log_lines is 'One row per line';
create view own.z_last as select * from main.raw_lines;
create view a_first as select * from own.z_last where queue_id is not null;
create view own."all kinds" (word, family) as select kind, family from line_kinds;
create view reports.everything as select * from log_lines order by line_key;
create table own.gone as select 1 as n;
create view own.of_gone as select * from own.gone;
drop table own.gone;
comment on view own.z_last is 'mine''s';
comment on column own.z_last.kind is 'kind of mine';
"""
BYGONE = "update raw_lines set kind = 'bygone' where line_key & 1023 = 5"
VIEWS = ("a_first", 'own."all kinds"', "own.z_last", "reports.everything")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A database of schema 7 with views of the user's, and one of the same log by this mailsql."""
    place = tmp_path_factory.mktemp("upgrades")
    load([FIRST], place / "new.duckdb")
    write_older(place / "new.duckdb", place / "mail.duckdb", HERE / "schema_7.sql", 7)
    with duckdb.connect(str(place / "mail.duckdb")) as connection:
        connection.execute(OWN)
    return place


@pytest.fixture
def older(made, tmp_path):
    """A copy of the older one that may be changed."""
    return Path(shutil.copy(made / "mail.duckdb", tmp_path / "mail.duckdb"))


def change(database, sql):
    with duckdb.connect(str(database)) as connection:
        connection.execute(sql)


def update(database):
    """Open it for writing; return what is said of that."""
    said = []
    open_database(database, read_only=False, on_update=said.append).close()
    return said


def derive(database):
    """Derive its rows again, as reparse does."""
    derive_anew(database, lambda _: None)


def is_refused(database, action):
    """Whether an action ends in one line, with what to try."""
    with pytest.raises(DatabaseError) as caught:
        action(database)
    assert str(caught.value).startswith(f"{database}: ")
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    return str(caught.value)


def columns_of(connection, view):
    return [column[0] for column in connection.execute(f"from {view} limit 0").description]


def check_views(database):
    """The user's views have the columns that there are now, and their comments."""
    with open_database(database) as connection:
        lines = columns_of(connection, "raw_lines")
        assert columns_of(connection, "own.z_last") == columns_of(connection, "a_first") == lines
        assert "unread" in columns_of(connection, "reports.everything")
        assert columns_of(connection, 'own."all kinds"') == ["word", "family"]
        for view in VIEWS:
            assert connection.execute(f"select count(*) > 0 from {view}").fetchone() == (True,)
        assert connection.execute(
            "select comment from duckdb_views() where view_name = 'z_last' "
            "union all select comment from duckdb_columns() "
            "where table_name = 'z_last' and column_name = 'kind'"
        ).fetchall() == [("mine's",), ("kind of mine",)]


def test_the_users_views_and_kinds_are_those_of_now(older, made, monkeypatch):
    csv = older.with_name("a.csv")
    csv.write_text("a\n1\n")
    change(older, f"create view own.elsewhere as select * from read_csv('{csv}')")
    csv.write_text("a,b\n1,2\n")

    def dies(_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(objects, "write_views_of_user", dies)
        with pytest.raises(KeyboardInterrupt):
            update(older)
    # Killed in between, it is done again
    update(older)
    check_views(older)
    with open_database(older) as found, open_database(made / "new.duckdb") as expected:
        kinds = "from line_kinds order by kind"
        assert found.execute(kinds).fetchall() == expected.execute(kinds).fetchall()
        # No other file is read
        known = "select column_name from duckdb_columns() where table_name = 'elsewhere'"
        assert found.execute(known).fetchall() == [("a",)]
        assert found.execute(
            "select count(*) from duckdb_views() where view_name in ('of_gone', 'elsewhere')"
        ).fetchone() == (2,)


@pytest.mark.newest
def test_columns_that_are_new_are_said_once(older):
    assert update(older) == [
        f"{older}: columns are new since mailsql 0.0.1: messages.subject, "
        "raw_lines.unread; "
        "rows of before have values there after mailsql reparse"
    ]
    assert update(older) == []


@pytest.mark.newest
@pytest.mark.parametrize(
    "asked",
    [
        "select logged_at, recipient, own_outcome from deliveries order by all",
        "select message_key, queue_id, last_logged_at from messages order by all",
    ],
)
def test_a_new_column_that_others_or_lines_tell_is_filled(older, made, asked):
    update(older)
    found = []
    for database in (older, made / "new.duckdb"):
        with open_database(database) as connection:
            found.append(connection.execute(asked).fetchall())
    assert found[0] == found[1] != []


@pytest.mark.newest
@pytest.mark.parametrize(
    "sql",
    [
        "alter table deliveries alter delay_seconds type varchar",
        "alter table messages add column former integer default 1; "
        "alter table messages alter former set not null; "
        "alter table messages alter former drop default",
        "alter table messages drop column origin",
        BYGONE,
        "insert into open_lines (part, line_key, kind, body, may_be_cut, expires_at) "
        "values ('x', 1, 'bygone', '', false, now())",
    ],
)
def test_what_cannot_be_brought_up_to_date_is_told_apart(older, sql):
    change(older, sql)
    before = older.read_bytes()
    with pytest.raises(OutdatedError):
        update(older)
    assert "derives all rows again" in OutdatedError("x").hint
    assert older.read_bytes() == before


def test_load_derives_again_what_cannot_be_brought_up_to_date(older, made):
    change(
        older,
        "alter table deliveries alter delay_seconds type varchar; "
        f"alter table messages drop column origin; {BYGONE}",
    )
    said = []
    load([FIRST], older, on_update=said.append)
    (told,) = said
    assert told.startswith(f"{older}: its tables are those of an older mailsql (0.0.1; ")
    assert ": deriving all rows again, in " in told
    check_views(older)
    with open_database(older) as found, open_database(made / "new.duckdb") as expected:
        for name, table in tables().items():
            if table.is_derived:
                rows = f"from {name} order by all"
                assert found.execute(rows).fetchall() == expected.execute(rows).fetchall(), name
    load([SECOND], older, on_update=said.append)
    assert len(said) == 1


@pytest.mark.newest
@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("create table unread_shapes (n integer)", "unread_shapes"),
        ("create view unread_shapes as select 1 as n", "unread_shapes is a view of yours"),
        (
            "create view reports.unread_lines_by_shape as select 1 as n",
            "reports.unread_lines_by_shape is a view of yours",
        ),
    ],
)
def test_what_is_called_like_something_of_ours_is_kept_and_said(older, sql, told):
    change(older, sql)
    assert told in is_refused(older, update)


@pytest.mark.newest
@pytest.mark.parametrize(
    ("sql", "action"),
    [
        ("alter table load_batches alter sha256 type blob", derive),
        ("alter table raw_lines alter line type blob", derive),
        ("alter table raw_lines rename to kept; create view raw_lines as from kept", update),
    ],
)
def test_lines_that_cannot_be_read_are_left_alone(older, sql, action):
    change(older, sql)
    before = older.read_bytes()
    is_refused(older, action)
    assert older.read_bytes() == before
    assert [path.name for path in older.parent.iterdir()] == ["mail.duckdb"]


@pytest.mark.newest
@pytest.mark.parametrize("is_killed", [False, True])
def test_a_small_log_is_added_to_large_tables_that_got_a_column(tmp_path, monkeypatch, is_killed):
    """Row groups of small logs hold fewer rows than the last one of the table does."""
    monkeypatch.setattr("mailsql.derive.SMALL_ROW_GROUP_ROWS", 2048)
    monkeypatch.setattr("mailsql.derive.SMALL_BYTES", 100_000)
    lines = [line + "\n" for line in generate(31_000, "rfc3339", seed=9)]
    log, later, database = (tmp_path / name for name in ("mail.log", "later.log", "mail.duckdb"))
    log.write_text("".join(lines[:30_700]))
    later.write_text("".join(lines[30_700:]))
    load([log], database)
    with open_database(database, read_only=False) as connection:
        connection.execute("alter table messages drop column last_logged_at")
        connection.execute("checkpoint")
        if is_killed:
            # As it is when it dies behind the commit
            connection.execute("pragma disable_checkpoint_on_shutdown")
            connection.execute("alter table messages add column last_logged_at timestamptz")
        connection.execute("update mailsql_database set mailsql_version = '0.0.1'")
    assert database.with_name("mail.duckdb.wal").exists() == is_killed
    load([later], database)
    with open_database(database) as connection:
        assert connection.execute("select count(*) from raw_lines").fetchone() == (31_000,)
