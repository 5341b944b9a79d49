"""The command line: arguments in, one call, text out."""

from __future__ import annotations

import io
import os
import shutil
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import duckdb
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from .check import run_checks
from .database import __version__, open_database
from .errors import DatabaseError, Interrupted, MailsqlError, UsageError
from .export import export as export_csv
from .ingest import BATCH_BYTES
from .ingest import load as load_logs
from .output import Format, narrate, write, write_rows
from .report import list_reports, run_report
from .status import describe_load, describe_status
from .trace import Language, describe_messages

app = typer.Typer(
    help="Postfix and Dovecot logs as DuckDB tables: find any mail, and prove it, in SQL.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Db = Annotated[Path, typer.Option("--db", envvar="MAILSQL_DB", help="The DuckDB file.")]
FormatOption = Annotated[Format, typer.Option("--format", help="How rows are written.")]
OutputOption = Annotated[Path | None, typer.Option("--output", help="File instead of stdout.")]
Since = Annotated[str | None, typer.Option("--since", help="From this time on, as 2026-02-03.")]
Until = Annotated[str | None, typer.Option("--until", help="Before this time.")]
Zone = Annotated[
    str | None,
    typer.Option("--timezone", help="Zone that times are shown in; the system's if none."),
]
DEFAULT_DB = Path("mail.duckdb")
INTERRUPTED_HINT = "a load continues where it stopped when it is run again"


def _show_version(is_asked: bool) -> None:
    if is_asked:
        write(f"mailsql {__version__}, DuckDB {duckdb.__version__}\n")
        raise typer.Exit


@app.callback()
def _common(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Version.")
    ] = False,
) -> None:
    pass


@app.command()
def load(
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Logs, directories, or -.")],
    db: Db = DEFAULT_DB,
    year: Annotated[
        int | None, typer.Option(min=1970, max=2200, help="Year of the first stamp without one.")
    ] = None,
    timezone: Annotated[
        str | None, typer.Option(help="Zone of stamps without one, as Asia/Tokyo.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Host of lines that name none.")] = None,
    dovecot_prefix: Annotated[
        str | None, typer.Option(help="mail_log_prefix of Dovecot, where it is no usual one.")
    ] = None,
    batch_mb: Annotated[
        int, typer.Option(min=1, max=1024, help="Megabytes read at once.")
    ] = BATCH_BYTES // 2**20,
    threads: Annotated[int | None, typer.Option(min=1, max=1024, help="Cores to use.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also text of which no line begins as in a log.")
    ] = False,
) -> None:
    """Load logs, plain or compressed; only what is new in them is added."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        total = None
        with suppress(OSError):
            total = sum(Path(path).stat().st_size for path in paths if Path(path).is_file())
        task = bar.add_task("loading", total=total or None)
        try:
            loaded = load_logs(
                paths,
                db,
                now=datetime.now(UTC),
                year=year,
                timezone=timezone,
                host=host,
                dovecot_prefix=dovecot_prefix,
                batch_bytes=batch_mb * 2**20,
                threads=threads,
                progress=lambda count: bar.update(task, advance=count),
                force=force,
            )
        except KeyboardInterrupt as error:
            raise Interrupted("interrupted", INTERRUPTED_HINT) from error
    if any(source.is_read for source in loaded):
        with open_database(db) as connection:
            connection.execute("set enable_external_access = false")
            write(describe_load(connection, loaded, db))
    faults = [source.fault for source in loaded if source.fault is not None]
    for fault in faults[:-1]:
        _narrate_error(fault)
    if faults:
        raise faults[-1]


@app.command()
def query(
    sql: Annotated[str | None, typer.Argument(metavar="SQL", help="One SQL statement.")] = None,
    db: Db = DEFAULT_DB,
    file: Annotated[Path | None, typer.Option("-f", "--file", help="Read SQL from here.")] = None,
    form: FormatOption = Format.TABLE,
    output: OutputOption = None,
    timezone: Zone = None,
) -> None:
    """Run SQL on the database, which it cannot change."""
    if (sql is None) == (file is None):
        raise UsageError("query needs SQL, or -f FILE", "mailsql query 'select * from messages'")
    if file is not None:
        try:
            sql = file.read_text(encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{file}: {error.strerror}", "name a readable SQL file") from error
        except UnicodeDecodeError as error:
            raise UsageError(f"{file}: not UTF-8", "name a readable SQL file") from error
    with open_database(db, timezone=timezone) as connection:
        # Nothing but the database: no files, no network
        connection.execute("set enable_external_access = false")
        try:
            result = connection.execute(sql or "")
            names = [column[0] for column in result.description or []] if result else []
            rows = result.fetchall() if names else []
        except duckdb.Error as error:
            message = str(error).splitlines()[0]
            raise UsageError(message, "mailsql query 'show tables' lists what there is") from error
        if not names:
            raise UsageError("no statement that returns rows", "mailsql query 'show tables'")
        write_rows(names, rows, form, output)


@app.command()
def report(
    name: Annotated[str | None, typer.Argument(help="Which report; without it, the list.")] = None,
    db: Db = DEFAULT_DB,
    since: Since = None,
    until: Until = None,
    form: FormatOption = Format.TABLE,
    output: OutputOption = None,
    timezone: Zone = None,
) -> None:
    """Run a saved report, or list them."""
    with open_database(db, timezone=timezone) as connection:
        if name is None:
            write_rows(["report", "what"], list_reports(connection), form, output)
            return
        result = run_report(connection, name, since, until)
        names = [column[0] for column in result.description or []]
        write_rows(names, result.fetchall(), form, output)


@app.command()
def trace(
    term: Annotated[str, typer.Argument(help="Queue id, message-id, address or login name.")],
    db: Db = DEFAULT_DB,
    language: Annotated[Language, typer.Option("--lang", help="Language.")] = Language.EN,
    with_lines: Annotated[bool, typer.Option("--lines", help="Show the log lines too.")] = False,
    timezone: Zone = None,
) -> None:
    """Tell the way of each message of a queue id, message-id, address or user, step by step."""
    if not term.strip("<> "):
        raise UsageError("trace needs something to look for", "a queue id, message-id or address")
    with open_database(db, timezone=timezone) as connection:
        text = describe_messages(connection, term, language, with_lines=with_lines)
    if not text:
        raise MailsqlError(
            f"{term}: no message found",
            "a queue id, a message-id, a whole address, or a login name; mailsql status shows "
            "which period is loaded",
        )
    write(text)


@app.command()
def export(
    directory: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="New, empty, or of an earlier export, which is replaced."
        ),
    ],
    db: Db = DEFAULT_DB,
    since: Since = None,
    until: Until = None,
    only: Annotated[list[str] | None, typer.Option(help="Only this table or report.")] = None,
) -> None:
    """Write tables and reports as CSV for auditors, with a manifest of hashes."""
    with open_database(db) as connection:
        rows = export_csv(
            connection, directory, now=datetime.now(UTC), since=since, until=until, only=only
        )
    write_rows(["file", "rows"], list(rows.items()))
    narrate(f"written to {directory}, with manifest.json")


@app.command()
def status(db: Db = DEFAULT_DB, timezone: Zone = None) -> None:
    """Show what is loaded, and how much of it is understood."""
    with open_database(db, timezone=timezone) as connection:
        write(describe_status(connection))


@app.command()
def check(db: Db = DEFAULT_DB) -> None:
    """Verify that the tables agree with the lines and with each other."""
    with open_database(db) as connection:
        failures = run_checks(connection, narrate)
    if failures:
        raise MailsqlError(f"{failures} of the checks found rows", "please report this as a bug")


@app.command()
def shell(db: Db = DEFAULT_DB) -> None:
    """Open the database in the DuckDB shell."""
    program = shutil.which("duckdb")
    if program is None:
        raise DatabaseError("duckdb: the DuckDB shell is not installed", "pip install duckdb-cli")
    open_database(db).close()
    sys.stdout.flush()
    os.execv(program, [program, str(db)])


def _run() -> None:
    """Run a command; what a user can cause ends as a MailsqlError."""
    try:
        app()
    except RuntimeError as error:
        # DuckDB's own word for Ctrl-C during a statement
        if "interrupted" not in str(error).lower():
            raise
        raise Interrupted("interrupted", INTERRUPTED_HINT) from error
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        hint = "look for room on the disk of the database, and of temporary files"
        raise DatabaseError(str(error).splitlines()[0], hint) from error
    except OSError as error:
        raise MailsqlError(f"{error.filename or 'output'}: {error.strerror or error}") from error


def _narrate_error(error: MailsqlError) -> None:
    narrate(f"mailsql: {error}")
    if error.hint:
        narrate(f"try: {error.hint}")


def main() -> NoReturn:
    """Run a command; end with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        _run()
    except MailsqlError as error:
        _narrate_error(error)
        sys.exit(error.exit_code)
    sys.exit(0)
