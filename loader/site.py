"""Forms of one's own in a database: kept as pages, explained in line_kinds, shown by views.

A view of the schema `site` reads its columns in the lines when it is asked, so that it always says
what the lines say. What else the user has there is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import duckdb

from .errors import DatabaseError, UsageError
from .forms import Form, FormError
from .line_kinds import write_kinds
from .own_columns import Reading, readings, select_columns
from .own_forms import FAMILY, HEAD_COLUMNS, OwnForms, compile_pages, is_pattern
from .statements import quote_identifier, quote_text

# Tells views that mailsql made from the user's own
MADE = "a view that mailsql makes of forms of one's own"
HEAD_COMMENTS = {
    "line_key": "The line (log_lines)",
    "logged_at": "When it was written",
    "host": "Host that wrote it",
    "program": "Program, as the line names it",
    "pid": "Process id",
    "queue_id": "Postfix queue id in it",
    "kind": "Its kind (line_kinds)",
    "occurrences": "How often it came, as syslog says",
}


@dataclass
class _Table:
    """A view of the schema site, and what its columns are read in."""

    name: str
    grain: str
    kinds: list[str] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    readings: list[Reading] = field(default_factory=list)


def keep_forms(connection: duckdb.DuckDBPyConnection, forms: OwnForms) -> bool:
    """Keep pages in the database, each content once; return whether they were not the latest.

    Raises:
        UsageError: a view of theirs would take the place of something that is the user's.
        DatabaseError: what is kept already cannot be used.
    """
    latest = connection.execute(
        "select forms_sha256, told_no from site_forms order by told_no desc limit 1"
    ).fetchone()
    if latest is not None and latest[0] == forms.sha256:
        return False
    told_no = latest[1] + 1 if latest else 1
    connection.execute("begin")
    try:
        connection.execute("delete from site_forms where forms_sha256 = ?", [forms.sha256])
        for page, text in forms.pages:
            connection.execute(
                "insert into site_forms values (?, ?, ?, ?)", [forms.sha256, told_no, page, text]
            )
        show_site(connection)
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")
    return True


def drop_unused_forms(connection: duckdb.DuckDBPyConnection) -> None:
    """Forget pages that no line is read with, and what was made of them."""
    unused = connection.execute(
        "select distinct forms_sha256 from site_forms where forms_sha256 not in "
        "(select forms_sha256 from stream_settings where forms_sha256 is not null)"
    ).fetchall()
    if unused:
        connection.execute("begin")
        for (sha256,) in unused:
            connection.execute("delete from site_forms where forms_sha256 = ?", [sha256])
        show_site(connection)
        connection.execute("commit")


def kept_forms(connection: duckdb.DuckDBPyConnection, sha256: str) -> OwnForms:
    """Return forms that are kept, checked anew.

    Raises:
        DatabaseError: they are not there, or not as they were told.
    """
    pages = connection.execute(
        "select page, text from site_forms where forms_sha256 = ? order by page", [sha256]
    ).fetchall()
    try:
        forms = compile_pages(tuple((str(page), str(text)) for page, text in pages))
    except FormError as error:
        raise DatabaseError(
            f"forms of one's own that are kept in the database cannot be used: {error}",
            "load the logs into a new database",
        ) from error
    if forms.sha256 != sha256:
        raise DatabaseError(
            "forms of one's own that are kept in the database are not as they were told",
            "load the logs into a new database",
        )
    return forms


def site_tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the names of the views that mailsql made in the schema site."""
    found = connection.execute(
        "select view_name from system.main.duckdb_views() where schema_name = ? "
        "and system.main.lower(database_name) = system.main.lower(system.main.current_database()) "
        "and system.main.contains(comment, ?) order by view_name",
        [FAMILY, MADE],
    ).fetchall()
    return [str(name) for (name,) in found]


def show_site(connection: duckdb.DuckDBPyConnection) -> None:
    """Make line_kinds and the views of the schema site what the pages that are kept say.

    Raises:
        UsageError: a view would take the place of something that is the user's.
        DatabaseError: the pages cannot be used.
    """
    told = [
        kept_forms(connection, str(sha256))
        for (sha256,) in connection.execute(
            "select forms_sha256 from site_forms group by forms_sha256 "
            "order by max(told_no) desc, forms_sha256"
        ).fetchall()
    ]
    connection.execute("delete from line_kinds where family = ?", [FAMILY])
    if told:
        with duckdb.connect() as engine:
            write_kinds(connection, _explained(told), lambda one: is_pattern(engine, one))
    tables = _tables(told)
    ours = site_tables(connection)
    for name in ours:
        connection.execute(f"drop view {FAMILY}.{quote_identifier(name)}")
    if tables:
        connection.execute(f"create schema if not exists {FAMILY}")
    for table in tables.values():
        _show(connection, table)


def _explained(told: Sequence[OwnForms]) -> list[Form]:
    """Forms of all kinds; those told last explain a kind that several explain."""
    explained: dict[str, int] = {}
    found: list[Form] = []
    for number, forms in enumerate(told):
        for form in forms.kinds:
            if explained.setdefault(form.kind, number) == number:
                found.append(form)
    return found


def _tables(told: Sequence[OwnForms]) -> dict[str, _Table]:
    """What is shown, by its name: the forms told last say it, and earlier ones what they lack."""
    tables: dict[str, _Table] = {}
    of_kinds: dict[str, str] = {}
    for form in _explained(told):
        if "table" in form.words:
            name = form.words["table"].removeprefix(f"{FAMILY}.")
            of_kinds[form.kind] = name
            table = tables.setdefault(name, _Table(name, form.words["meaning_en"]))
            table.kinds.append(form.kind)
    for forms in told:
        for one in forms.forms:
            if one.form.kind in of_kinds:
                table = tables[of_kinds[one.form.kind]]
                for column, reading in one.columns.items():
                    table.columns.setdefault(column, reading)
                for column, comment in one.comments.items():
                    table.comments.setdefault(column, comment)
                table.readings += [
                    reading for reading in readings(one.form) if reading not in table.readings
                ]
    return tables


def _show(connection: duckdb.DuckDBPyConnection, table: _Table) -> None:
    view = f"{FAMILY}.{quote_identifier(table.name)}"
    taken = connection.execute(
        "select 1 from system.main.duckdb_columns() where schema_name = ? "
        "and system.main.lower(database_name) = system.main.lower(system.main.current_database()) "
        "and system.main.lower(table_name) = ? limit 1",
        [FAMILY, table.name],
    ).fetchone()
    if taken is not None:
        raise UsageError(
            f"{FAMILY}.{table.name}: there is a table or view of yours that is called so",
            "rename it, or call the table of the form otherwise",
        )
    head = ", ".join(
        f"{'raw_lines' if name in RAW_COLUMNS else 'read'}.{name}" for name in HEAD_COLUMNS
    )
    columns = "".join(f", read.{quote_identifier(name)}" for name in table.columns)
    kinds = ", ".join(map(quote_text, table.kinds))
    connection.execute(
        f"create view {view} as select {head}{columns} "
        f"from ({select_columns(table.readings, table.columns)}) as read "
        "inner join main.raw_lines on read.line_key = raw_lines.line_key "
        f"where read.kind in ({kinds}) and raw_lines.copy_of is null"
    )
    connection.execute(f"comment on view {view} is {quote_text(f'{table.grain} ({MADE})')}")
    for name, comment in _column_comments(table).items():
        connection.execute(
            f"comment on column {view}.{quote_identifier(name)} is {quote_text(comment)}"
        )


RAW_COLUMNS = ("logged_at", "host", "program", "pid", "queue_id")


def _column_comments(table: _Table) -> Mapping[str, str]:
    told = {
        name: table.comments.get(name, f"Read as {reading} (forms of one's own)")
        for name, reading in table.columns.items()
    }
    return {**HEAD_COMMENTS, **told}
