"""Commands that read change nothing, and read and write no other file; query, its parameters and
tables; the shell and its snapshot."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from mailsql.errors import MailsqlError
from mailsql.objects import write_objects
from mailsql.reading import check_reading, open_reading
from tests.command_server import run_command
from tests.conftest import load
from tests.test_cli import LINE, SAMPLES, mailsql

pytestmark = pytest.mark.newest

SECRET = "correct horse battery staple"
# Every way out that is known of: {db} is the file, {out} one that must not come to be, {secret} one
# that must not be read
WAYS_OUT = """
delete from messages
update messages set sender = 'x'
insert into messages (message_key, instance, queue_id, activation_count) values (1, 'x', 'y', 0)
truncate messages
drop table messages
alter table messages add column x integer
create table x as select 1
create view x as select 1
create macro x() as 1
create schema x
create sequence x
create index x on messages (queue_id)
create type x as enum ('a')
comment on table messages is 'x'
merge into messages using (select 1) on false when not matched then insert default values
with x as (select 1) delete from messages
copy messages to '{out}'
copy (select 1) to '{out}'
copy (select 1) to '{out}' (format parquet)
copy (select 1) to '{db}'
copy (select 1) to '{db}.wal'
copy (select 1) to '{db}.tmp/x'
copy (pivot (select 1 as a, 2 as b) on a using sum(b)) to '{out}'
copy (pivot (select 1 as a, 2 as b) on a using sum(b)) to '{db}.wal'
copy messages from '{secret}'
copy (select 1) to '/dev/stdout'
explain analyze copy (select 1) to '{out}'
explain analyze copy (select 1) to '{db}.wal'
explain /* x */ analyze copy (select 1) to '{db}.wal'
explain (analyze) copy (select 1) to '{db}.wal'
explain analyze explain analyze copy (select 1) to '{db}.wal'
/* x */ explain analyze copy (select 1) to '{db}.wal'
prepare q as copy (select 1) to '{db}.wal'
execute q
deallocate q
attach '{db}' as w
attach '{db}' as w (read_only)
attach '{out}' as w
attach ':memory:' as w
attach 'https://example.com/x.duckdb' as w
detach mail
use memory
use memory; detach mail; attach '{db}' as w; delete from w.messages; select 1
use temp
begin
begin; delete from messages; commit; select 1
commit
checkpoint
force checkpoint
call checkpoint()
vacuum
vacuum analyze
analyze
export database '{out}'
import database '{out}'
install httpfs
load httpfs
install '{secret}'
load '{secret}'
pragma enable_profiling
pragma profiling_output = '{out}'
pragma enable_logging
pragma disable_checkpoint_on_shutdown
set enable_external_access = true
set lock_configuration = false
set profiling_output = '{out}'
set enable_profiling = 'json'
set threads = 1
set memory_limit = '1TB'
set temp_directory = '{out}'
set home_directory = '{out}'
set secret_directory = '{out}'
set extension_directory = '{out}'
set allowed_directories = ['/']
set log_query_path = '{out}'
set search_path = 'temp'
set variable x = 1
set schema reports
set global access_mode = 'read_write'
reset threads
call enable_logging()
call enable_logging(storage = 'file')
call enable_logging(storage = 'file', storage_path = '{out}')
select * from enable_logging(storage = 'file', storage_path = '{out}')
from system.main.enable_logging(storage = 'file', storage_path = '{out}')
from "enable_logging"(storage = 'file', storage_path = '{out}')
from query('from enable_' || 'logging(storage = ''file'', storage_path = ''{out}'')')
select (select count(*) from enable_logging(storage = 'stdout'))
from disable_logging()
call enable_profiling(save_location = '{out}')
from enable_profiling(save_location = '{out}')
create secret s (type s3, key_id 'x', secret 'y')
create persistent secret s (type s3, key_id 'x', secret 'y')
from duckdb_secrets()
from which_secret('s3://x', 's3')
from read_text('{secret}')
from read_blob('{secret}')
from read_csv('{secret}')
from read_csv_auto('{secret}')
from read_json('{secret}')
from read_json_objects('{secret}')
from read_ndjson_objects('{secret}')
from read_parquet('{secret}')
from parquet_scan('{secret}')
from parquet_metadata('{secret}')
from parquet_schema('{secret}')
from sniff_csv('{secret}')
from '{secret}'
from '{secret}' limit 1
from glob('/etc/*')
from read_text('/dev/stdin')
from read_text('/proc/self/environ')
from read_text('https://example.com/')
from query('from read_text(''{secret}'')')
select (select content from read_text('{secret}'))
from json_execute_serialized_sql(json_serialize_sql('from read_text(''{secret}'')'))
describe from read_text('{secret}')
summarize from read_text('{secret}')
explain analyze from read_text('{secret}')
pivot (from read_text('{secret}')) on filename using count(*)
select * from values_of_this_process
select 1; select 2
select 1; delete from messages
""".strip().splitlines()


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """A database of the samples that is not called mail."""
    path = tmp_path_factory.mktemp("reading") / "other.duckdb"
    load([SAMPLES], path, timezone="Asia/Tokyo")
    return path


def state(directory: Path) -> dict[str, str]:
    """Names and hashes of all files below a directory."""
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in directory.rglob("*")
        if path.is_file()
    }


def test_enough_ways_out_are_tried():
    assert len(WAYS_OUT) == len(set(WAYS_OUT)) >= 60


def run(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple]:
    """Run SQL as mailsql query does."""
    check_reading(connection, sql)
    return connection.execute(sql).fetchall()


@pytest.mark.parametrize("way", WAYS_OUT)
def test_a_query_finds_no_way_out(database, tmp_path, way):
    secret, out = tmp_path / "secret.txt", tmp_path / "out"
    secret.write_text(SECRET)
    values_of_this_process = duckdb.sql("select 1 as n")
    before = state(database.parent)
    sql = way.replace("{db}", str(database)).replace("{out}", str(out))
    sql = sql.replace("{secret}", str(secret))
    with open_reading(database) as connection:
        with pytest.raises((MailsqlError, duckdb.Error)) as refused:
            run(connection, sql)
        assert SECRET not in str(refused.value)
        assert connection.execute("select count(*) from messages").fetchone() == (6,)
    assert values_of_this_process is not None
    assert not out.exists()
    assert state(database.parent) == before


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select 1", [(1,)]),
        ("  -- what\n (select 1)", [(1,)]),
        ("from range(2)", [(0,), (1,)]),
        ("values (1)", [(1,)]),
        ("with x as (select 1 as n) from x", [(1,)]),
        ("pivot (select 1 as a, 2 as b) on a using sum(b)", [(2,)]),
        ("from (pivot (select 1 as a, 2 as b) on a using sum(b))", [(2,)]),
        ("select 1 as disable_logging where 'enable_logging()' <> ''", [(1,)]),
    ],
)
def test_a_query_that_reads_is_run(database, sql, expected):
    with open_reading(database) as connection:
        assert run(connection, sql) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "summarize messages",
        "describe messages",
        "describe select 1",
        "show tables",
        "show all tables",
        "explain from messages",
        "explain analyze from messages",
        "explain (analyze, format json) from messages",
        "unpivot (select 1 as a, 2 as b) on a, b",
        "table messages",
        "select getvariable('since')",
        "from flow('A123B45678C')",
        "from reports.traffic_per_day",
    ],
)
def test_what_describes_and_explains_is_run(database, sql):
    with open_reading(database) as connection:
        assert run(connection, sql)


SPIES = {
    "reports.spy": "create view reports.spy as select content from read_text('{secret}')",
    "log_lines": "create or replace view log_lines as select line_key, 1 as file_key, "
    "1 as line_no, logged_at, content as host, program, pid, queue_id, kind, content as line "
    "from raw_lines, read_text('{secret}')",
    "lines_by_kind": "create or replace view lines_by_kind as select content as kind, "
    "1 as line_count, 1 as line_percent from read_text('{secret}')",
    "trace": "create or replace macro logins_named(term) as table select 1 as line_key, "
    "null::timestamptz as logged_at from read_text('{secret}')",
    "told": "create or replace macro rejections_named(term) as table select 1 as line_key, "
    "null::timestamptz as logged_at; create or replace macro rejections_of(keys) as table select "
    "null::timestamptz as logged_at, content as host, content as client, content as sender, "
    "content as recipient, content as detail, content as detail_ja, 1 as line_key "
    "from read_text('{secret}')",
    "in_period": "create or replace macro in_period(moment) as "
    "(select content <> '' from read_text('{secret}'))",
}


@pytest.fixture(scope="module")
def loaded_line(tmp_path_factory):
    """A database of one line."""
    here = tmp_path_factory.mktemp("line")
    (here / "mail.log").write_text(LINE)
    mailsql("load", "mail.log", cwd=here)
    return here / "mail.duckdb"


def run_quietly(cwd: Path, *arguments: str) -> None:
    """Run a command, which may fail, but tells nothing of a secret."""
    done = run_command([*arguments], cwd, os.environ)
    told = (done.stdout + done.stderr).decode()
    assert SECRET not in told
    assert "Traceback" not in told


@pytest.mark.parametrize("spy", SPIES)
def test_a_database_of_somebody_else_reads_no_file(tmp_path, loaded_line, spy):
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)
    shutil.copy(loaded_line, tmp_path)
    with duckdb.connect(str(tmp_path / "mail.duckdb")) as connection:
        connection.execute(SPIES[spy].replace("{secret}", str(secret)))
    (tmp_path / "mail.log").write_text(LINE * 2)
    commands = [
        ["load", "mail.log"],
        ["report", "spy"],
        ["report", "traffic_per_day"],
        ["status"],
        ["trace", "x@example.com"],
        ["check"],
        ["lines", "1"],
        ["export", "out"],
        ["query", "from log_lines"],
    ]
    for command in commands:
        run_quietly(tmp_path, *command)
    for written in tmp_path.rglob("out/*"):
        assert SECRET not in written.read_text()


SHADOWS = {
    "current_database": "() as (select content from read_text('{secret}'))",
    "current_setting": "(name) as (select content from read_text('{secret}'))",
    "duckdb_tables": "() as table select 'mail' as database_name, content as schema_name, "
    "'mailsql_database' as table_name from read_text('{secret}')",
    "duckdb_columns": "() as table select 'traffic_per_day' as table_name, content as column_name, "
    "'reports' as schema_name, 'mail' as database_name from read_text('{secret}')",
    "duckdb_views": "() as table select content as sql from read_text('{secret}')",
    "duckdb_functions": "() as table select content as macro_definition from read_text('{secret}')",
    "list_contains": "(a, b) as (select content <> '' from read_text('{secret}'))",
    "count": "(a) as (select content from read_text('{secret}'))",
    "read_csv": "(a, header := true) as table select content from read_text('{secret}')",
}


@pytest.mark.parametrize("shadow", [*SHADOWS, "mailsql_database"])
@pytest.mark.parametrize("version", ["0.0.1", None])
def test_nothing_of_a_database_runs_before_the_door_is_shut(tmp_path, loaded_line, shadow, version):
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)
    (tmp_path / "some.csv").write_text("a\n1\n")
    shutil.copy(loaded_line, tmp_path / "other.duckdb")
    with duckdb.connect(str(tmp_path / "other.duckdb")) as connection:
        if version is not None:
            connection.execute("update mailsql_database set mailsql_version = ?", [version])
        if shadow == "mailsql_database":
            connection.execute("drop table mailsql_database")
            connection.execute("create schema x; create table x.mailsql_database (a integer)")
            connection.execute(
                "create view mailsql_database as select 99 as schema_version, "
                f"content as mailsql_version from read_text('{secret}')"
            )
        else:
            definition = SHADOWS[shadow].replace("{secret}", str(secret))
            connection.execute(f"create macro {shadow}{definition}")
    (tmp_path / "mail.log").write_text(LINE * 2)
    for command in (
        ["status"],
        ["query", "from some", "--with", "some=some.csv"],
        ["load", "mail.log"],
    ):
        run_quietly(tmp_path, *command, "--db", "other.duckdb")


@pytest.mark.skipif(int(duckdb.__version__[0]) >= 2, reason="the lock binds functions too")
@pytest.mark.parametrize(
    "sql",
    [
        "create view reports.spy as from enable_logging(storage = 'file', storage_path = '/x')",
        "create view spy as from query('from enable_' || 'logging()')",
        "create macro spy() as table from enable_logging()",
    ],
)
def test_a_view_that_changes_settings_is_named(tmp_path, sql):
    database = tmp_path / "mail.duckdb"
    with duckdb.connect(str(database)) as connection:
        write_objects(connection)
        connection.execute(sql)
    _, err = mailsql("status", cwd=tmp_path, code=4)
    assert "spy calls " in err
    assert "try: drop " in err


def test_a_query_takes_values_and_tables(database, tmp_path):
    (tmp_path / "nets[1].csv").write_text("network,country\n192.0.2.0/24,=1\n")
    out, _ = mailsql(
        "query",
        "select queue_id, country from messages, nets where queue_id = $id and size_bytes > $n",
        *("-p", "id=A123B45678C", "-p", "n=10", "--with", "nets=nets[1].csv"),
        *("--db", str(database), "--format", "jsonl"),
        cwd=tmp_path,
    )
    assert out == '{"queue_id": "A123B45678C", "country": "=1"}\n'
    for wrong, told in {
        "nets": "nets: no TABLE=FILE.csv",
        "a b=nets[1].csv": "a b: no name for a table",
        "nets=none.csv": "none.csv: no such file",
    }.items():
        arguments = ["query", "select 1", "--with", wrong, "--db", str(database)]
        _, err = mailsql(*arguments, cwd=tmp_path, code=2)
        assert err.startswith(f"mailsql: {told}\ntry: ")
    _, err = mailsql("query", "select $nothing", "--db", str(database), cwd=tmp_path, code=2)
    assert "nothing" in err


def test_a_snapshot_is_opened_beside_a_load_and_leaves_nothing(tmp_path):
    (tmp_path / "mail.log").write_text(LINE)
    mailsql("load", "mail.log", cwd=tmp_path)
    (tmp_path / "mail.log").write_text(LINE * 2)
    fake = tmp_path / "bin" / "duckdb"
    fake.parent.mkdir()
    fake.write_text(
        f"#!{sys.executable}\n"
        "import duckdb, subprocess, sys\n"
        "with duckdb.connect(sys.argv[-1], read_only=True) as copy:\n"
        "    load = [sys.executable, '-c', 'from mailsql.cli import main; main()', 'load',"
        " 'mail.log']\n"
        "    print(subprocess.run(load, capture_output=True).returncode)\n"
        "    print(copy.execute('select count(*) from log_lines').fetchone()[0], sys.argv[1])\n"
        "sys.exit(7)\n"
    )
    fake.chmod(0o755)
    before = {path.name for path in tmp_path.iterdir()}
    done = subprocess.run(
        [sys.executable, "-c", "from mailsql.cli import main; main()", "shell", "--snapshot"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | {"PATH": f"{fake.parent}:/usr/bin:/bin"},
    )
    assert (done.stdout, done.returncode) == ("0\n1 -readonly\n", 7), done.stderr
    assert {path.name for path in tmp_path.iterdir()} == before
