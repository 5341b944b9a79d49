"""The list of tables: each table is in it, what it says is true, and nothing half is accepted."""

import re
from pathlib import Path

import pytest

import mailsql
from mailsql.check import run_checks
from mailsql.forms import kind_rows
from mailsql.statements import sql_files
from mailsql.table_list import read_tables, tables

pytestmark = pytest.mark.newest

ROOT = Path(__file__).parent.parent
HOLDS = {"facts", "lines", "state", "loads", "words", "file"}
MADE = re.compile(r"create table if not exists (\w+) \(")
PLACED = "Every line of which the place is a table with a row per line has its row there"
# A line that no log holds
NO_LINE = 9 * 2**32 + 1
VALUES = {"VARCHAR": "'x'", "BOOLEAN": "false", "TIMESTAMP WITH TIME ZONE": "now()"}
# Of each table that holds facts: its row, and the line of it, have this key
KEYS = {
    table.name: 2**32 + place
    for place, table in enumerate(
        (table for table in tables().values() if table.holds == "facts"), start=1
    )
}


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """A database with one row in each table that holds facts, and the line of each."""
    path = tmp_path_factory.mktemp("rows") / "mail.duckdb"
    with mailsql.open_database(path, read_only=False) as connection:
        for name, key in KEYS.items():
            table = tables()[name]
            told = dict.fromkeys([*table.key, table.line_column, table.placed], key)
            told[table.events] = 1
            told |= {column: KEYS[target] for column, target in table.leads_to.items()}
            insert(connection, name, told)
            placed = "select min(kind) from line_kinds where place = ?"
            (kind,) = connection.execute(placed, [name]).fetchone()
            insert(connection, "raw_lines", {"line_key": key, "kind": f"'{kind or 'foreign'}'"})
        insert(
            connection,
            "log_files",
            {"file_key": 1, "loaded_lines": len(KEYS), "loaded_bytes": 9},
        )
        insert(
            connection,
            "load_batches",
            {"batch_key": 1, "file_key": 1, "first_byte": 0, "last_byte": 8}
            | {"first_line_no": 1, "last_line_no": len(KEYS)},
        )
        connection.execute("update connections set message_count = 1, rejection_count = 1")
    return path


def insert(connection, table, told):
    """Insert a row in which nothing is NULL that must not be."""
    columns = connection.execute(
        "select column_name, data_type, is_nullable from duckdb_columns() "
        "where table_name = ? and database_name = 'mail' order by column_index",
        [table],
    ).fetchall()
    values = [
        str(told.get(column, "null" if is_nullable else VALUES.get(kind, "1")))
        for column, kind, is_nullable in columns
    ]
    connection.execute(f"insert into {table} values ({', '.join(values)})")


@pytest.fixture(scope="module")
def columns(database):
    """The columns of each table, with their types and comments."""
    with mailsql.open_database(database) as connection:
        found = connection.execute(
            "select table_name, column_name, data_type, comment from duckdb_columns() "
            "where schema_name = 'main' and database_name = 'mail' order by all"
        ).fetchall()
    named = {table: {} for table, *_ in found}
    for table, column, kind, comment in found:
        named[table][column] = (kind, comment)
    return named


@pytest.fixture
def changed(database):
    """The database, of which no change stays."""
    with mailsql.open_database(database, read_only=False) as connection:
        connection.execute("begin")
        yield connection
        connection.execute("rollback")


def test_each_table_has_its_file_and_is_in_the_list():
    files = {file.name.removesuffix(".sql"): file.read_text() for file in sql_files("tables")}
    assert set(files) == set(tables()), "sql/tables: a file without its place in tables.toml"
    assert {name: MADE.findall(text) for name, text in files.items()} == {
        name: [name] for name in files
    }


@pytest.mark.parametrize("table", tables().values(), ids=lambda table: table.name)
def test_what_is_said_of_a_table_is_whole(table):
    assert table.holds in HOLDS
    assert table.key
    assert bool(table.time) != bool(table.not_exported), "exported by a time, or why not"
    is_compared = table.is_derived or table.name == "log_files"
    assert is_compared or table.not_compared, "compared, or why not"
    assert set(table.leads_to.values()) <= set(tables())
    of_facts = (table.placed, table.leads_to, table.events, table.time, table.counted)
    assert table.holds == "facts" or not any(of_facts)
    assert (table.stream is None) or table.holds == "loads"


@pytest.mark.parametrize("name", tables())
def test_its_columns_are_there_and_explained(name, columns):
    table = tables()[name]
    named = [
        *table.key,
        *table.leads_to,
        *filter(None, (table.line, table.placed, table.events, table.stream)),
        *re.findall(r"\w+_at\b", table.time or ""),
    ]
    assert set(named) <= set(columns[name])
    assert [column for column, (_, comment) in columns[name].items() if not comment] == []
    of_lines = [
        *([table.key[0]] if table.is_keyed_by_line else []),
        *table.leads_to,
        *filter(None, (table.line, table.placed)),
    ]
    assert {column: columns[name][column][0] for column in of_lines} == dict.fromkeys(
        of_lines, "BIGINT"
    )
    assert all(
        columns[name][column][0] in ("INTEGER", "BIGINT") for column in [table.events] if column
    )
    if table.holds == "loads":
        assert ("file_key" in columns[name]) <= (table.stream == "file_key")


def test_kinds_have_their_place_in_tables_that_say_so():
    # Column 3 of line_kinds; a connection and a message are of many lines
    places = {row[3] for row in kind_rows()}
    listed = {table.name for table in tables().values() if table.placed}
    assert listed <= places
    of_many_lines = {"connections", "messages"}
    assert (places & set(tables())) - of_many_lines == listed


def test_what_syslog_repeats_counts_where_the_list_says_so():
    ingest = ROOT / "sql" / "ingest"
    counting = {table.name: table.events for table in tables().values() if table.events}
    updated = re.findall(
        r"^update (\w+)\nset (\w+) = occurrences_again",
        (ingest / "9_repeats" / "3_occurrences.sql").read_text(),
        re.MULTILINE,
    )
    assert dict(updated) == counting
    asked = (ingest / "1_lines" / "9_repeats.sql").read_text().partition("place in (")[2]
    assert set(re.findall(r"'(\w+)'", asked)) == set(counting)


def failed(connection):
    """The claims of the checks that found something."""
    said = []
    run_checks(connection, said.append)
    return [text.removeprefix("FAIL ") for text in said if text.startswith("FAIL")]


def test_the_checks_find_nothing_where_nothing_was_changed(changed):
    assert failed(changed) == []


@pytest.mark.parametrize("name", KEYS)
def test_the_checks_find_what_is_wrong_in_a_table(name, changed):
    table = tables()[name]
    columns = {table.line_column: "Every row leads to the line that it comes from"}
    if table.placed:
        columns[table.placed] = PLACED
    columns |= dict.fromkeys(table.leads_to, "What a row leads to is there")
    for column, claim in columns.items():
        changed.execute(f"update {name} set {column} = {NO_LINE}")
        assert claim in failed(changed), column
        changed.execute(f"update {name} set {column} = {KEYS[table.leads_to.get(column, name)]}")
    changed.execute(f"insert into {name} from {name}")
    assert ("Every row of a table has a key of its own" in failed(changed)) == (len(table.key) == 1)


@pytest.mark.parametrize(
    "text",
    [
        '[x]\nholds = "facts"\nkey = ["x_key"]\nkeys = 1\n',
        '[x]\nkey = ["x_key"]\n',
    ],
)
def test_a_field_that_is_none_or_missing_is_refused(text):
    with pytest.raises(TypeError):
        read_tables(text)
