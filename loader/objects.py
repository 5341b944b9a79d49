"""The SQL files of sql/ -> tables, words, macros, views and reports of a database.

An empty database with all of them is kept as a template (XDG Base Directory: a cache), for a copy
takes a tenth of the time that creating them does.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version as installed_version
from importlib.resources.abc import Traversable
from itertools import takewhile
from pathlib import Path

import duckdb

from .errors import DatabaseError, OutdatedError
from .forms import forms_bytes, read_forms
from .line_kinds import write_kinds
from .private import OWNER_ONLY, created_with
from .site import show_site
from .statements import quote_identifier, quote_text, run_sql, sql_files
from .table_list import tables
from .views_of_user import names_of_views, write_views_of_user
from .words import read_words, with_words

__version__ = installed_version("mailsql")

SCHEMA_VERSION = 11
# Of a new file; the engine's own are four times as large and end half empty where columns are short
BLOCK_BYTES = 65536
# The oldest schema of which lines, and where they come from, can be read
OLDEST_SCHEMA = 4
# New columns whose values other columns of the same row tell
FILLED = {
    "deliveries.own_outcome": "update main.deliveries set own_outcome = "
    "main.delivery_outcome(agent, status, reply, relay_ip)"
}
# New columns whose values stored lines tell, and what finds them out
TOLD_BY_LINES = {"messages.last_logged_at": "ingest/last_times.sql"}
KEPT_TEMPLATES = 4
# In a macro: the text of a view in the place of the view
VIEW_TEXT = re.compile(r"select \* from text_of\.(?P<view>\w+)")
NUMBER = re.compile(r"^\d+_")


def write_objects(connection: duckdb.DuckDBPyConnection) -> None:
    """Create or replace every object of sql/ in one transaction; rows and their tables stay."""
    connection.execute("begin")
    _write(connection, lambda _: None)
    _sign(connection)
    connection.execute("commit")


def bring_up_to_date(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Make the objects of an older mailsql those of this one, and write the user's views again.

    Killed at any moment, the next one does it once more.

    Args:
        connection: without access to other files: views are the user's, or a stranger's.

    Returns:
        Columns that rows of before have no value in.

    Raises:
        OutdatedError: the rows have to be derived again; nothing was changed.
        DatabaseError: a view of the user's has the name of one of mailsql's; nothing was changed.
    """
    connection.execute("begin")
    try:
        _check_names(connection)
        added = _write(connection, _check_rows)
    except BaseException:
        # The engine may have ended it already
        with suppress(duckdb.Error):
            connection.execute("rollback")
        raise
    connection.execute("commit")
    write_views_of_user(connection)
    connection.execute("begin")
    _sign(connection)
    connection.execute("commit")
    return [name for name in added if tables()[name.partition(".")[0]].holds in ("facts", "lines")]


def _write(
    connection: duckdb.DuckDBPyConnection, check: Callable[[duckdb.DuckDBPyConnection], None]
) -> list[str]:
    """Create or replace every object of sql/; return the columns that tables got.

    check: looks at the tables before views are made of them.
    """
    _drop_former_views(connection)
    added = _add_columns(connection)
    for file in sql_files("tables"):
        _create(connection, file, "table")
    connection.execute("delete from line_kinds")
    write_kinds(connection, read_forms())
    show_site(connection)
    check(connection)
    connection.execute("create schema if not exists reports")
    for file in sql_files("macros"):
        _create(connection, file, "macro")
    for file in sql_files("views"):
        _create(connection, file, "view")
    for file in sql_files("table_macros"):
        _create(connection, file, "macro table")
    for file in sql_files("reports"):
        _create(connection, file, "view", schema="reports")
    _comment_reports(connection)
    for column in FILLED.keys() & set(added):
        connection.execute(FILLED[column])
    for column in TOLD_BY_LINES.keys() & set(added):
        run_sql(connection, "ingest/0_macros")
        run_sql(connection, TOLD_BY_LINES[column])
    return [column for column in added if column not in FILLED.keys() | TOLD_BY_LINES.keys()]


def _sign(connection: duckdb.DuckDBPyConnection) -> None:
    """Say what wrote the objects."""
    connection.execute("delete from mailsql_database")
    connection.execute(
        "insert into mailsql_database values (?, ?, ?, ?)",
        [SCHEMA_VERSION, __version__, duckdb.__version__, objects_hash()],
    )


def _check_rows(connection: duckdb.DuckDBPyConnection) -> None:
    """Refuse tables into which rows of this mailsql cannot be written, or whose rows mean nothing.

    Raises:
        OutdatedError: a column is not what it is now, or a kind of line is none any more.
    """
    found = table_columns(connection)
    for table, ours in _own_columns().items():
        for name, column in found.get(table, {}).items():
            if (
                (column.kind, column.is_nullable) != (ours[name].kind, ours[name].is_nullable)
                if name in ours
                else not column.may_be_left_out
            ):
                raise OutdatedError(f"{table}.{name} is not what it is now")
        # Columns are added at the end
        if table in found and [name for name in found[table] if name in ours] != [*ours]:
            raise OutdatedError(f"the columns of {table} are not those of now")
    for table in ("raw_lines", "open_lines"):
        gone = connection.execute(
            f"select min(kind) from main.{table} anti join main.line_kinds using (kind)"
        ).fetchone()
        if gone is not None and gone[0] is not None:
            raise OutdatedError(f"{gone[0]} is no kind of line any more")


def _check_names(connection: duckdb.DuckDBPyConnection) -> None:
    """Refuse to write over a view of the user's that is called like one of mailsql's.

    Raises:
        DatabaseError: there is one; all of mailsql's have comments.
    """
    for schema, names in names_of_views().items():
        taken = connection.execute(
            "select view_name from system.main.duckdb_views() "
            "where database_name = system.main.current_database() and schema_name = ? "
            "and comment is null and system.main.list_contains(?, view_name) order by view_name",
            [schema, names],
        ).fetchall()
        if taken:
            raise DatabaseError(
                f"{schema}.{taken[0][0]} is a view of yours, and of this mailsql",
                f"rename yours: alter view {schema}.{quote_identifier(taken[0][0])} rename to ...",
            )


def _drop_former_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Make room for tables that were views in an older mailsql: none of lines or logs was."""
    facts = [table.name for table in tables().values() if table.holds == "facts"]
    for (view,) in connection.execute(
        "select view_name from system.main.duckdb_views() where schema_name = 'main' "
        "and database_name = system.main.current_database() "
        "and system.main.list_contains(?, view_name)",
        [facts],
    ).fetchall():
        connection.execute(f"drop view main.{quote_identifier(view)}")


def _add_columns(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Give tables that are there the columns of sql/tables that they lack; return these."""
    found = table_columns(connection)
    if not found:
        return []
    ours = _own_columns()
    added = []
    for table in ours.keys() & found.keys():
        for name, column in ours[table].items():
            if name not in found[table]:
                connection.execute(
                    f"alter table main.{quote_identifier(table)} "
                    f"add column {quote_identifier(name)} {column.definition}"
                )
                added.append(f"{table}.{name}")
    return sorted(added)


@dataclass(frozen=True)
class Column:
    """What is said of a column of a table.

    Attributes:
        kind: its type as SQL.
        default: what it holds where nothing is said, as SQL; None: NULL.
        is_nullable: whether it may be NULL.
    """

    kind: str
    default: str | None
    is_nullable: bool

    @property
    def definition(self) -> str:
        """What is added to a table; the engine adds no column that must not be NULL."""
        return self.kind if self.default is None else f"{self.kind} default {self.default}"

    @property
    def may_be_left_out(self) -> bool:
        """Whether a row can be written without it."""
        return self.is_nullable or self.default is not None


def table_columns(
    connection: duckdb.DuckDBPyConnection, database: str | None = None
) -> dict[str, dict[str, Column]]:
    """Tables of a database, the one in use if none is named, and their columns in order."""
    found: dict[str, dict[str, Column]] = {}
    for table, name, kind, default, is_nullable in connection.execute(
        "select table_name, column_name, data_type, column_default, is_nullable "
        "from system.main.duckdb_columns() "
        "where schema_name = 'main' "
        "and database_name = coalesce(?, system.main.current_database()) "
        "order by table_oid, column_index",
        [database],
    ).fetchall():
        found.setdefault(table, {})[name] = Column(kind, default, is_nullable)
    return found


@cache
def _own_columns() -> dict[str, dict[str, Column]]:
    """The columns of sql/tables."""
    with duckdb.connect() as empty:
        run_sql(empty, "tables")
        return table_columns(empty)


def _comment_reports(connection: duckdb.DuckDBPyConnection) -> None:
    """Say what the columns of mailsql's reports hold; most stand in several, and mean the same."""
    ours = [file.name.removesuffix(".sql") for file in sql_files("reports")]
    columns = connection.execute(
        "select table_name, column_name from system.main.duckdb_columns() "
        "where schema_name = 'reports' and database_name = system.main.current_database()"
    ).fetchall()
    comments = {row["column"]: row["comment"] for row in read_words("report_columns")}
    for report, column in columns:
        comment = comments.get(f"{report}.{column}", comments.get(column))
        if report not in ours or comment is None:
            continue
        connection.execute(
            f"comment on column reports.{quote_identifier(report)}.{quote_identifier(column)} "
            f"is {quote_text(comment)}"
        )


def _view_text(place: re.Match[str]) -> str:
    """The query of a view, to be read where other tables stand for those of the database."""
    for file in sql_files("views"):
        if file.name == f"{place['view']}.sql":
            text = file.read_text(encoding="utf-8")
            return text.partition(" as\n")[2].partition(";\n")[0]
    raise FileNotFoundError(place["view"])


def _create(
    connection: duckdb.DuckDBPyConnection, file: Traversable, kind: str, schema: str = "main"
) -> None:
    """Run a file and make what it begins with the comment of the object that it creates."""
    text = file.read_text(encoding="utf-8")
    connection.execute(VIEW_TEXT.sub(_view_text, with_words(text)))
    name = file.name.removesuffix(".sql")
    if kind.startswith("macro"):
        # Folders run in order of their files' numbers
        name = NUMBER.sub("", name)
    connection.execute(
        f"comment on {kind} {schema}.{quote_identifier(name)} is {quote_text(_described(text))}"
    )


def _described(text: str) -> str:
    """The comment that a file begins with, as one line."""
    lines = takewhile(lambda line: line.startswith("-- "), text.splitlines())
    told = [line.removeprefix("-- ") for line in lines]
    return " ".join(line for line in told if not line.startswith("noqa: "))


def copy_template(path: Path, build: Callable[[Path], None], mode: int) -> None:
    """Make a new database a copy of the template, whole or not at all; what is there stays.

    Where files have one name only, none is made.

    Args:
        path: of the new database.
        build: creates a database with all objects at a path.
        mode: of the new file.

    Raises:
        OSError: there is no room, or no right to make one.
        duckdb.Error: there is no template, and none of it can be built beside the path.
    """
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as place:
        whole = Path(place) / path.name
        if not _take_template(whole, build):
            build(whole)
        whole.chmod(mode)
        try:
            os.link(whole, path)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.EPERM, errno.EOPNOTSUPP):
                raise


def _take_template(whole: Path, build: Callable[[Path], None]) -> bool:
    """Copy the template; return whether there is one."""
    try:
        template = _find_template(build)
        if template is None:
            return False
        shutil.copyfile(template, whole)
    except (OSError, duckdb.Error):
        # No room or no right to keep one
        whole.unlink(missing_ok=True)
        return False
    return True


def _find_template(build: Callable[[Path], None]) -> Path | None:
    """Return the template for this engine and these objects, made if it is missing."""
    try:
        home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:
        # A user without a home
        return None
    folder = Path(home) / "mailsql"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.stat()
    if found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return None
    template = folder / f"template-{objects_hash()}.duckdb"
    if not template.exists():
        _forget_templates(folder)
        with tempfile.TemporaryDirectory(dir=folder) as place, created_with(OWNER_ONLY):
            made = Path(place) / template.name
            build(made)
            made.rename(template)
    return template


def _forget_templates(folder: Path) -> None:
    """Leave those of the engines and versions that were used last."""
    by_age = sorted(folder.glob("template-*"), key=lambda file: file.stat().st_mtime)
    for old in by_age[: -KEPT_TEMPLATES + 1]:
        with suppress(OSError):
            old.unlink()


def objects_hash() -> str:
    """Return a hash of all that decides what is in an empty database."""
    digest = hashlib.sha256(
        f"{SCHEMA_VERSION} {__version__} {duckdb.__version__} {BLOCK_BYTES}".encode()
    )
    folders = ("tables", "macros", "views", "table_macros", "reports")
    for file in [file for place in folders for file in sql_files(place)]:
        digest.update(f"\0{file.name}\0".encode() + file.read_bytes())
    digest.update(forms_bytes())
    for name in ("report_columns", "causes", "status_codes"):
        digest.update(repr(read_words(name)).encode())
    return digest.hexdigest()[:32]
