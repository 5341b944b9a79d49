"""The SQL files of sql/ -> tables, words, macros, views and reports of a database.

An empty database with all of them is kept as a template (XDG Base Directory: a cache), for a copy
takes a tenth of the time that creating them does.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version as installed_version
from importlib.resources.abc import Traversable
from itertools import takewhile
from pathlib import Path

import duckdb

from .forms import forms_bytes, read_forms
from .line_kinds import write_kinds
from .private import OWNER_ONLY, created_with
from .site import show_site
from .statements import quote_identifier, quote_text, run_sql, sql_files
from .words import read_words, with_words

__version__ = installed_version("mailsql")

SCHEMA_VERSION = 9
# The oldest schema whose tables lack nothing but columns at their end
OLDEST_SCHEMA = 4
KEPT_TEMPLATES = 4
# In a macro: the text of a view in the place of the view
VIEW_TEXT = re.compile(r"select \* from text_of\.(?P<view>\w+)")
NUMBER = re.compile(r"^\d+_")


def write_objects(connection: duckdb.DuckDBPyConnection) -> None:
    """Create or replace every object of sql/ in one transaction; rows and their tables stay."""
    connection.execute("begin")
    _drop_former_views(connection)
    _add_columns(connection)
    for file in sql_files("tables"):
        _create(connection, file, "table")
    connection.execute("delete from line_kinds")
    write_kinds(connection, read_forms())
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
    show_site(connection)
    connection.execute("delete from mailsql_database")
    connection.execute(
        "insert into mailsql_database values (?, ?, ?, ?)",
        [SCHEMA_VERSION, __version__, duckdb.__version__, objects_hash()],
    )
    connection.execute("commit")


def _drop_former_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Make room for tables that were views in an older mailsql."""
    tables = [file.name.removesuffix(".sql") for file in sql_files("tables")]
    for (view,) in connection.execute(
        "select view_name from system.main.duckdb_views() where schema_name = 'main' "
        "and database_name = system.main.current_database() "
        "and system.main.list_contains(?, view_name)",
        [tables],
    ).fetchall():
        connection.execute(f"drop view main.{quote_identifier(view)}")


def _add_columns(connection: duckdb.DuckDBPyConnection) -> None:
    """Give tables that are there the columns of sql/tables that they lack, at their end."""
    found = _columns(connection)
    if not found:
        return
    with duckdb.connect() as empty:
        run_sql(empty, "tables")
        ours = _columns(empty)
    for table in ours.keys() & found.keys():
        for column, definition in ours[table].items():
            if column not in found[table]:
                connection.execute(
                    f"alter table main.{quote_identifier(table)} "
                    f"add column {quote_identifier(column)} {definition}"
                )


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Tables of the database: their columns in order, each with its type and default as SQL."""
    tables: dict[str, dict[str, str]] = {}
    for table, column, definition in connection.execute(
        "select table_name, column_name, "
        "system.main.concat_ws(' default ', data_type, column_default) "
        "from system.main.duckdb_columns() "
        "where schema_name = 'main' and database_name = system.main.current_database() "
        "order by table_oid, column_index"
    ).fetchall():
        tables.setdefault(table, {})[column] = definition
    return tables


def _comment_reports(connection: duckdb.DuckDBPyConnection) -> None:
    """Say what the columns of mailsql's reports hold; most stand in several reports."""
    ours = [file.name.removesuffix(".sql") for file in sql_files("reports")]
    columns = connection.execute(
        "select table_name, column_name from system.main.duckdb_columns() "
        "where schema_name = 'reports' and database_name = system.main.current_database()"
    ).fetchall()
    comments = {row["column"]: row["comment"] for row in read_words("report_columns")}
    for report, column in columns:
        if report not in ours:
            continue
        connection.execute(
            f"comment on column reports.{quote_identifier(report)}.{quote_identifier(column)} "
            f"is {quote_text(comments[column])}"
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


def copy_template(path: Path, build: Callable[[Path], None], mode: int) -> bool:
    """Make a new database a copy of the template, whole or not at all; return whether it is one.

    Args:
        path: of the new database; what is there is left alone.
        build: creates a database with all objects at a path.
        mode: of the new file.
    """
    try:
        template = _find_template(build)
        if template is None:
            return False
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        whole = Path(name)
        try:
            with os.fdopen(handle, "wb") as target, template.open("rb") as source:
                shutil.copyfileobj(source, target)
            whole.chmod(mode)
            os.link(whole, path)
        finally:
            whole.unlink()
    except OSError:
        # No room or no right to keep one, a file system without links, or the path exists
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
    digest = hashlib.sha256(f"{SCHEMA_VERSION} {__version__} {duckdb.__version__}".encode())
    folders = ("tables", "macros", "views", "table_macros", "reports")
    for file in [file for place in folders for file in sql_files(place)]:
        digest.update(f"\0{file.name}\0".encode() + file.read_bytes())
    digest.update(forms_bytes())
    for name in ("report_columns", "causes", "status_codes"):
        digest.update(repr(read_words(name)).encode())
    return digest.hexdigest()[:32]
