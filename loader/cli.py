"""The command line: arguments in, one call, text out."""

from __future__ import annotations

import io
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from typing import Annotated, Any, NoReturn

import duckdb
import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TransferSpeedColumn,
)
from typer.core import TyperGroup

from .backup import back_up
from .charts import can_draw
from .check import Finding, check_lines, check_rows, findings_json, run_checks
from .check_forms import examine_directory
from .completion import (
    complete_host,
    complete_log,
    complete_report,
    complete_source,
    complete_zone,
)
from .config import (
    VARIABLES,
    ZONE_VARIABLE,
    Config,
    defaults_of,
    describe_config,
    in_force,
    read_config,
)
from .database import WAIT_SECONDS, check_encoded, database_error, open_database, speaking_of
from .derive_again import check_tables
from .erase import erase as erase_address
from .errors import DatabaseError, HeldError, Interrupted, MailsqlError, UsageError
from .explain import explain as explain_lines
from .explain import explain_json, explain_text
from .export import FileFormat, Style, manifest_hash
from .export import export as write_export
from .follow import follow as follow_logs
from .forget import forget as forget_log
from .ingest import LoadedSource, LoadOptions, read_options
from .ingest import load as load_logs
from .language import Language, read_texts
from .memory import MIB, read_memory
from .objects import __version__
from .openmetrics import status_openmetrics
from .options import (
    DEFAULT_DB,
    Db,
    FormatOption,
    GroupReadable,
    KeepDomains,
    KeepNetworks,
    LanguageOption,
    Limit,
    LocalDomains,
    MemoryOption,
    OutputOption,
    OwnFormsOption,
    Pseudonymize,
    Since,
    StatusFormatOption,
    TextFormatOption,
    ThresholdsOption,
    Until,
    UsualKeepDomains,
    UsualKeepNetworks,
    UsualPseudonymize,
    Wait,
    Zone,
)
from .output import (
    Format,
    StatusFormat,
    TextFormat,
    narrate,
    tell_error,
    write,
    write_bytes,
    write_rows,
)
from .page import MOST_ROWS, TOP, read_page
from .page_html import page_html
from .page_mail import page_message
from .page_text import page_text
from .page_words import read_page_words, row_words
from .period import PERIOD_HELP, read_period, read_time
from .private import created_with, file_mode
from .prune import count_prunable
from .prune import prune as prune_database
from .pseudonymized import has_pseudonyms
from .pseudonymized_copy import pseudonymized_copy, told_of
from .pseudonyms import KEY_HINT, Keeping, Pseudonyms, read_key
from .reading import check_reading, open_reading
from .reparse import derive_anew
from .report import list_reports, run_report
from .results import count_rows, engine_words, name_hint, write_result
from .retention import SAMPLE as RETENTION_SAMPLE
from .retention import read_cutoffs
from .room import BYTES_PER_MB, is_full, no_room, tells_full, writing
from .scope import Scope, set_local_domains, set_period
from .search import MOST_TERMS, read_term, suggest
from .selection import Who
from .snapshot import open_snapshot
from .sources import STANDARD_INPUT
from .statements import quote_identifier
from .status import describe_load, describe_status, status_json
from .stored_bytes import check_stream, stream_bytes
from .thresholds import read_thresholds, set_thresholds
from .trace import search, trace_json, trace_text
from .verify_export import verify_export
from .visible import one_line

HELP_OPTIONS = ("-h", "--help")
IS_HELP = "mailsql.is_help"


class _Commands(TyperGroup):
    """Knows whether help is asked for, which a settings file that is broken must not deny."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.meta[IS_HELP] = any(
            word in HELP_OPTIONS for word in takewhile(lambda word: word != "--", args)
        )
        rest: list[str] = super().parse_args(ctx, args)
        return rest


app = typer.Typer(
    help="Postfix and Dovecot logs as DuckDB tables: find any mail, and prove it, in SQL.",
    no_args_is_help=True,
    cls=_Commands,
    context_settings={"help_option_names": list(HELP_OPTIONS)},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

forms_app = typer.Typer(
    help="Forms of your own: pages that say what the lines of your daemons mean.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(forms_app, name="forms")

INTERRUPTED_HINT = "a load continues where it stopped when it is run again"


def _show_version(is_asked: bool) -> None:
    if is_asked:
        write(f"mailsql {__version__}, DuckDB {duckdb.__version__}\n")
        raise typer.Exit


@app.callback()
def _common(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Version.")
    ] = False,
) -> None:
    try:
        context.obj = read_config(os.environ)
    except UsageError:
        if not context.meta[IS_HELP]:
            raise
        context.obj = Config(None, "default", is_there=False, values={})
    assert isinstance(context.command, TyperGroup)
    context.default_map = defaults_of(context.command.commands, context.obj)


@app.command()
def load(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH", help="Logs, directories, journal, or -.")
    ],
    db: Db = DEFAULT_DB,
    year: Annotated[
        int | None,
        typer.Option(
            min=1970, max=2200, metavar="YEAR", help="Year of the first stamp without one."
        ),
    ] = None,
    timezone: Annotated[
        str | None,
        typer.Option(
            metavar="ZONE",
            autocompletion=complete_zone,
            help="Zone of stamps without one, as Asia/Tokyo.",
        ),
    ] = None,
    host: Annotated[
        str | None, typer.Option(metavar="HOST", help="Host of lines that name none.")
    ] = None,
    dovecot_prefix: Annotated[
        str | None,
        typer.Option(
            metavar="PREFIX", help="mail_log_prefix of Dovecot, where it is no usual one."
        ),
    ] = None,
    own_forms: OwnFormsOption = None,
    batch_mb: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1024,
            metavar="MB",
            help="Megabytes read at once; by memory and room if none.",
        ),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, max=1024, metavar="CORES", help="Cores to use.")
    ] = None,
    memory: MemoryOption = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also text of which no line begins as in a log.")
    ] = False,
    once: Annotated[
        bool,
        typer.Option("--once", help="Each line stands in these logs twice: count it once."),
    ] = False,
    prove: Annotated[
        bool,
        typer.Option(
            "--prove", help="Also a hash tree, so that one line can be proven without the others."
        ),
    ] = False,
    key_file: UsualPseudonymize = None,
    keep_domains: UsualKeepDomains = False,
    keep_networks: UsualKeepNetworks = False,
    wait: Wait = WAIT_SECONDS,
    later: Annotated[
        bool,
        typer.Option("--later", help="If it is held still, leave it to the next load, and exit 0."),
    ] = False,
    is_following: Annotated[
        bool,
        typer.Option(
            "--follow",
            help="Go on with what comes, through rotations, until SIGTERM; SIGHUP looks anew.",
        ),
    ] = False,
    group_readable: GroupReadable = False,
    language: LanguageOption = Language.EN,
) -> None:
    """Load logs, plain or compressed; only what is new in them is added."""
    allowed = read_memory(memory)
    batch_bytes = None if batch_mb is None else batch_mb * MIB
    pseudonyms = _pseudonyms(key_file, keep_domains, keep_networks)
    if pseudonyms is not None and dovecot_prefix is not None:
        raise UsageError(
            "--pseudonymize, and --dovecot-prefix",
            "either: users are not found in a prefix of one's own",
        )
    if is_following:
        _check_followed(paths, later)
        options = read_options(
            year=year,
            timezone=timezone,
            host=host,
            dovecot_prefix=dovecot_prefix,
            forms=own_forms,
            batch_bytes=batch_bytes,
            threads=threads,
            memory=allowed,
            force=force,
            prove=prove,
            once=once,
            pseudonyms=pseudonyms,
            mode=file_mode(group_readable),
        )
        _follow(paths, db, options, language)
        return
    if later and STANDARD_INPUT in paths:
        raise UsageError("--later: standard input comes only once", "save it as a file, load that")
    summary = ""

    def summarize(connection: duckdb.DuckDBPyConnection, loaded: Sequence[LoadedSource]) -> None:
        nonlocal summary
        if any(source.is_read for source in loaded):
            summary = describe_load(connection, loaded, db, language)

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
            with speaking_of(db):
                loaded = load_logs(
                    paths,
                    db,
                    now=datetime.now(UTC),
                    clock=lambda: datetime.now(UTC),
                    year=year,
                    timezone=timezone,
                    host=host,
                    dovecot_prefix=dovecot_prefix,
                    forms=own_forms,
                    batch_bytes=batch_bytes,
                    threads=threads,
                    memory=allowed,
                    progress=lambda count: bar.update(task, advance=count),
                    force=force,
                    prove=prove,
                    once=once,
                    pseudonyms=pseudonyms,
                    mode=file_mode(group_readable),
                    wait_seconds=wait,
                    on_wait=narrate,
                    on_update=narrate,
                    on_end=summarize,
                )
        except KeyboardInterrupt as error:
            raise Interrupted("interrupted", INTERRUPTED_HINT) from error
        except HeldError as error:
            if not later:
                raise
            narrate(f"{one_line(str(error))}; the next load has everything")
            return
    if summary:
        write(summary)
    faults = [source.fault for source in loaded if source.fault is not None]
    for fault in faults[:-1]:
        tell_error(fault)
    if faults:
        raise faults[-1]


def _pseudonyms(key_file: Path | None, domains: bool, networks: bool) -> Pseudonyms | None:
    """The pseudonyms that are asked for.

    Raises:
        UsageError: the key cannot be used, or something is to stay in clear that would anyway.
    """
    if key_file is not None:
        return read_key(key_file, Keeping(domains, networks))
    if domains or networks:
        option = "--keep-domains" if domains else "--keep-networks"
        raise UsageError(f"{option}: without --pseudonymize all stays", KEY_HINT)
    return None


def _check_followed(paths: list[str], later: bool) -> None:
    """Refuse what does not go with following.

    Raises:
        UsageError: something does not.
    """
    if STANDARD_INPUT in paths:
        raise UsageError("--follow: standard input has no name to follow", "name logs or folders")
    if later:
        raise UsageError(
            "--follow, and --later", "either: who follows leaves nothing to a later load"
        )


def _follow(paths: list[str], db: Path, options: LoadOptions, language: Language) -> None:
    """Load what is in logs and what comes, until a signal ends it.

    Raises:
        Interrupted: the user did not want to wait for the end of a batch.
    """
    try:
        follow_logs(
            paths,
            db,
            options,
            clock=lambda: datetime.now(UTC),
            environ=os.environ,
            tell=narrate,
            tell_error=tell_error,
            language=language,
        )
    except KeyboardInterrupt as error:
        raise Interrupted("interrupted", INTERRUPTED_HINT) from error


@app.command()
def query(
    sql: Annotated[str | None, typer.Argument(metavar="SQL", help="One SQL statement.")] = None,
    db: Db = DEFAULT_DB,
    file: Annotated[
        Path | None, typer.Option("-f", "--file", metavar="FILE", help="Read SQL from here.")
    ] = None,
    parameters: Annotated[
        list[str] | None,
        typer.Option("-p", "--param", metavar="NAME=VALUE", help="Value of $NAME in the SQL."),
    ] = None,
    tables: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="TABLE=FILE.csv", help="Read a CSV file as a table."),
    ] = None,
    form: FormatOption = Format.TABLE,
    limit: Limit = None,
    output: OutputOption = None,
    group_readable: GroupReadable = False,
    timezone: Zone = None,
    local_domains: LocalDomains = None,
    thresholds: ThresholdsOption = None,
    memory: MemoryOption = None,
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
    _check_output(output, db)
    values: dict[str, object] = dict(_named(parameters, "-p NAME=VALUE"))
    files = {name: Path(file) for name, file in _named(tables, "--with TABLE=FILE.csv")}
    mode = file_mode(group_readable)
    allowed = read_memory(memory)
    with open_reading(db, timezone=timezone, tables=files, memory=allowed) as connection:
        set_local_domains(connection, _domains(local_domains))
        set_thresholds(connection, read_thresholds(thresholds))
        try:
            check_reading(connection, sql or "")
            result = connection.execute(sql or "", values or None)
            write_result(
                result,
                form,
                output,
                mode,
                limit=limit,
                count=lambda: count_rows(connection, sql or "", values),
            )
        except duckdb.Error as error:
            check_encoded(error)
            message, detail = engine_words(error)
            raise UsageError(message, name_hint(error), detail) from error


def _check_output(output: Path | None, db: Path) -> None:
    """Refuse to write over the database.

    Raises:
        UsageError: the output is the database, or its log.
    """
    ours = (db.resolve(), Path(f"{db}.wal").resolve())
    if output is not None and output.resolve() in ours:
        raise UsageError(f"{output}: is the database", "name another file")


def _named(given: list[str] | None, form: str) -> list[tuple[str, str]]:
    """Take NAME=VALUE apart.

    Raises:
        UsageError: one is none.
    """
    for each in given or []:
        if not each.partition("=")[0] or "=" not in each:
            raise UsageError(f"{each}: no {form.split()[1]}", form)
    return [(each.partition("=")[0], each.partition("=")[2]) for each in given or []]


@app.command()
def report(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            autocompletion=complete_report,
            help="Which report; without it, the page of them all.",
        ),
    ] = None,
    db: Db = DEFAULT_DB,
    since: Since = None,
    until: Until = None,
    is_list: Annotated[bool, typer.Option("--list", help="List the reports.")] = False,
    host: Annotated[
        str | None,
        typer.Option(metavar="HOST", autocompletion=complete_host, help="Only this mail server."),
    ] = None,
    domain: Annotated[
        str | None,
        typer.Option(metavar="DOMAIN", help="Only senders, recipients or users of this domain."),
    ] = None,
    local_domains: LocalDomains = None,
    thresholds: ThresholdsOption = None,
    top: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MOST_ROWS,
            metavar="ROWS",
            help=f"Rows of each list of the page; {TOP} if none is given.",
        ),
    ] = None,
    language: LanguageOption = Language.EN,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the page as HTML to a file.")
    ] = None,
    mail: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="Write the page as a message to an address, for sendmail -t."
        ),
    ] = None,
    form: FormatOption = Format.TABLE,
    limit: Limit = None,
    fails_if_rows: Annotated[
        bool,
        typer.Option("--fail-if-rows", help="Exit 1 if the report has rows: for alerts."),
    ] = False,
    output: OutputOption = None,
    group_readable: GroupReadable = False,
    timezone: Zone = None,
    memory: MemoryOption = None,
) -> None:
    """Print the page of a period (yesterday, if none is given), or run a saved report."""
    for file in (output, html):
        _check_output(file, db)
    mode = file_mode(group_readable)
    is_page = name is None and not is_list
    _check_page_options(is_page, {"--top": top, "--html": html, "--mail": mail})
    if is_page and (form is not Format.TABLE or limit is not None or fails_if_rows):
        raise UsageError(
            "the page is no table: no --format, no --limit, no --fail-if-rows",
            "--html, --mail, --top; or name a report",
        )
    _check_html(html, output, is_mail=mail is not None)
    scope = Scope(host, _domain(domain), _domains(local_domains))
    now = datetime.now(UTC)
    allowed = read_memory(memory)
    with open_reading(db, timezone=timezone, memory=allowed) as connection:
        if is_list:
            if name is not None:
                raise UsageError("--list, and a report", "either of them")
            listed = list_reports(connection, language if form is Format.TABLE else Language.EN)
            write_rows(["report", "what"], listed, form, output, mode, language=language)
            return
        set_thresholds(connection, read_thresholds(thresholds))
        if name is None:
            words = read_page_words(connection, language)
            page = read_page(
                connection,
                words,
                scope,
                since,
                until,
                top=top or TOP,
                now=now,
                has_charts=html is not None and can_draw(),
            )
            if html is not None:
                write(page_html(page), html, mode)
            if mail is not None:
                write(page_message(page, mail, now=now), output, mode)
            elif html is None:
                write(page_text(page), output, mode)
            return
        # The engine would drop the report for what is asked after it
        shown_row = (
            None
            if language is Language.EN
            else row_words(read_page_words(connection, language), name)
        )
        has_rows = write_result(
            run_report(connection, name, since, until, scope, now=now),
            form,
            output,
            mode,
            limit=limit,
            count=lambda: count_rows(connection, f"from reports.{quote_identifier(name)}"),
            is_fitted=True,
            language=language,
            shown_row=shown_row,
        )
    if has_rows and fails_if_rows:
        raise typer.Exit(1)


def _check_html(html: Path | None, output: Path | None, *, is_mail: bool) -> None:
    """Refuse files that would be written over, or not at all.

    Raises:
        UsageError: the page as HTML has no file of its own, or nothing is left for the output.
    """
    if html is None:
        return
    if str(html) == "-":
        raise UsageError("--html -: no file", "--html FILE")
    if output is None:
        return
    if not is_mail:
        raise UsageError("--html and --output: the page goes to one of them", "leave out --output")
    if html.resolve() == output.resolve():
        raise UsageError(f"{html}: for both --html and --output", "name two files")


def _domains(text: str | None) -> tuple[str, ...] | None:
    """Return the domains of a list with commas."""
    if text is None:
        return None
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _domain(text: str | None) -> str | None:
    """Return a domain as addresses end in it.

    Raises:
        UsageError: there is none.
    """
    if text is None:
        return None
    domain = text.strip().removeprefix("@").removesuffix(".")
    if not domain:
        raise UsageError(f"--domain '{text}': no domain", "--domain example.com")
    return domain


def _check_page_options(is_page: bool, options: dict[str, object]) -> None:
    """Refuse options of the page where there is none.

    Raises:
        UsageError: one is given.
    """
    given = [option for option, value in options.items() if value is not None]
    if given and not is_page:
        raise UsageError(f"{given[0]} is of the page", "mailsql report without a name")


@app.command()
def trace(
    terms: Annotated[
        list[str],
        typer.Argument(
            metavar="TERM [TERM]",
            help="Queue id, message-id (or message-id=<...>, which looks for nothing else), "
            "subject=WORDS, address, @domain, local@, login name, mailbox user, or client "
            "(address, network, name, .domain); two are from and to.",
        ),
    ],
    db: Db = DEFAULT_DB,
    since: Since = None,
    until: Until = None,
    limit: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="COUNT",
            help="The newest so many; more messages than that become a list. 0 for all.",
        ),
    ] = 20,
    language: LanguageOption = Language.EN,
    with_lines: Annotated[bool, typer.Option("--lines", help="Show the log lines too.")] = False,
    form: TextFormatOption = TextFormat.TEXT,
    timezone: Zone = None,
) -> None:
    """Tell the way of each message that a term names, step by step, and what has no message."""
    if len(terms) > MOST_TERMS:
        raise UsageError(f"{len(terms)} terms", "one, or two: from and to")
    wanted = [read_term(term) for term in terms]
    with open_reading(db, timezone=timezone) as connection:
        set_period(connection, read_period(connection, since, until, datetime.now(UTC)))
        found = search(connection, wanted, limit)
        if found.is_empty:
            raise MailsqlError(
                f"{' -> '.join(terms)}: no message found", suggest(wanted, since or until)
            )
        tell = trace_json if form is TextFormat.JSON else trace_text
        for piece in tell(connection, found, language, with_lines=with_lines):
            write(piece)


@app.command()
def explain(
    context: typer.Context,
    lines: Annotated[
        list[str], typer.Argument(metavar="LINE", help="A line in quotes, or - for standard input.")
    ],
    year: Annotated[
        int | None,
        typer.Option(min=1970, max=2200, metavar="YEAR", help="Year of stamps without one."),
    ] = None,
    timezone: Annotated[
        str | None,
        typer.Option(
            metavar="ZONE",
            autocompletion=complete_zone,
            help="Zone of stamps without one, and of times shown.",
        ),
    ] = None,
    own_forms: OwnFormsOption = None,
    language: LanguageOption = Language.EN,
    form: TextFormatOption = TextFormat.TEXT,
) -> None:
    """Tell what mailsql reads in a line of a log: each value, its place, and what it means."""
    text = sys.stdin.buffer.read() if lines == ["-"] else os.fsencode("\n".join(lines))
    given = [line for line in text.split(b"\n") if line.strip()]
    if not given:
        raise UsageError("no line", "mailsql explain 'LINE', or - for standard input")
    tell = explain_json if form is TextFormat.JSON else explain_text
    found = explain_lines(
        given,
        now=datetime.now(UTC),
        year=year,
        timezone=timezone,
        shown_timezone=timezone or in_force(context.obj, os.environ, ZONE_VARIABLE),
        forms=own_forms,
    )
    for number, one in enumerate(found):
        rule = "\n" if number and form is TextFormat.TEXT else ""
        write(rule + tell(one, language))


@forms_app.command("check")
def check_forms(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Directory of the pages.")],
) -> None:
    """Say what is wrong with pages, or what their forms read in their samples."""
    found = examine_directory(directory, now=datetime.now(UTC))
    write("".join(f"{one_line(line)}\n" for line in found.told))
    if found.fault_count:
        raise MailsqlError(
            f"{directory}: {found.fault_count} of the forms cannot be used as they are",
            "docs/forms.md tells what a form may say",
        )


@app.command()
def lines(
    file_key: Annotated[
        int,
        typer.Argument(
            metavar="FILE_KEY", autocompletion=complete_log, help="Key of the log, as in status."
        ),
    ],
    db: Db = DEFAULT_DB,
    output: OutputOption = None,
    group_readable: GroupReadable = False,
) -> None:
    """Write a log as it was loaded, byte for byte."""
    _check_output(output, db)
    with open_reading(db) as connection:
        check_stream(connection, file_key)
        write_bytes(stream_bytes(connection, file_key), output, file_mode(group_readable))


@app.command()
def export(
    directory: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="New, empty, or of an earlier export, which is replaced."
        ),
    ],
    logs: Annotated[
        list[str] | None,
        typer.Argument(metavar="[LOG]...", help="With --verify: the original logs."),
    ] = None,
    db: Db = DEFAULT_DB,
    address: Annotated[
        list[str] | None,
        typer.Option(help="Mail from or to this address or login; may be repeated."),
    ] = None,
    domain: Annotated[str | None, typer.Option(help="Mail from or to this domain.")] = None,
    host: Annotated[str | None, typer.Option(help="Only this mail server.")] = None,
    since: Since = None,
    until: Until = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            autocompletion=complete_source,
            help="Only this table or report; reports.NAME is always a report.",
        ),
    ] = None,
    timezone: Annotated[
        str | None,
        typer.Option(
            metavar="ZONE",
            envvar=ZONE_VARIABLE,
            autocompletion=complete_zone,
            help="Zone of --since and --until; the system's if none.",
        ),
    ] = None,
    local_domains: LocalDomains = None,
    file_format: Annotated[
        FileFormat, typer.Option("--format", help="How tables and reports are written.")
    ] = FileFormat.CSV,
    is_excel: Annotated[
        bool, typer.Option("--excel", help="CSV with a byte order mark, for Excel.")
    ] = False,
    created_at: Annotated[
        str | None, typer.Option(help="Time that the manifest tells instead of now.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--sign", metavar="KEY", help="SSH key to sign the manifest.")
    ] = None,
    key_file: Pseudonymize = None,
    keep_domains: KeepDomains = False,
    keep_networks: KeepNetworks = False,
    is_verified: Annotated[
        bool, typer.Option("--verify", help="Write nothing: verify the export in DIR.")
    ] = False,
    allowed_signers: Annotated[
        Path | None,
        typer.Option(help="With --verify: who may have signed it (ssh-keygen's list)."),
    ] = None,
    own_forms: Annotated[
        Path | None,
        typer.Option(
            "--forms", metavar="DIR", help="With --verify: pages of the site that the logs need."
        ),
    ] = None,
    group_readable: GroupReadable = False,
    memory: MemoryOption = None,
    language: LanguageOption = Language.EN,
) -> None:
    """Write mail, tables and reports for auditors, with a manifest of hashes; times are UTC."""
    if is_verified:
        _verify_export(directory, logs or [], allowed_signers, own_forms)
        return
    if logs or allowed_signers is not None or own_forms is not None:
        raise UsageError(
            "logs, signers and forms are for --verify", "mailsql export --verify DIR LOG..."
        )
    _check_output(directory, db)
    allowed = read_memory(memory)
    pseudonyms = _pseudonyms(key_file, keep_domains, keep_networks)
    who = Who(tuple(address or ()), domain, host, _domains(local_domains))
    with ExitStack() as opened:
        source = db
        if pseudonyms is not None:
            who = told_of(who, pseudonyms)
            if not has_pseudonyms(db, pseudonyms):
                progress = opened.enter_context(_progress())
                source = opened.enter_context(
                    pseudonymized_copy(
                        db,
                        _existing_parent(directory),
                        pseudonyms,
                        narrate,
                        progress=progress,
                        memory=allowed,
                    )
                )
        opened.enter_context(created_with(file_mode(group_readable)))
        connection = opened.enter_context(
            open_reading(source, timezone="UTC", export_directory=directory, memory=allowed)
        )
        opened.enter_context(writing(directory))
        rows = write_export(
            connection,
            directory,
            now=datetime.now(UTC),
            who=who,
            since=since,
            until=until,
            timezone=timezone,
            only=only,
            style=Style(file_format, is_excel, language, group_readable),
            created_at=created_at,
            key=key,
            pseudonyms=pseudonyms if source != db else None,
        )
    write_rows(["file", "rows"], list(rows.items()), language=language)
    narrate(f"written to {directory}, with manifest.json, of which the SHA-256 is")
    narrate(manifest_hash(directory))
    narrate("keep it elsewhere, or give it with the export; sha256sum manifest.json tells it again")


def _existing_parent(path: Path) -> Path:
    """The nearest directory above a path that is there."""
    return next(parent for parent in path.absolute().parents if parent.is_dir())


def _verify_export(
    directory: Path, logs: list[str], allowed_signers: Path | None, own_forms: Path | None
) -> None:
    """Tell what is wrong with an export.

    Raises:
        MailsqlError: something is.
    """
    found = 0
    for fault in verify_export(
        directory, logs, allowed_signers, narrate, now=datetime.now(UTC), forms=own_forms
    ):
        write(f"{fault}\n")
        found += 1
    if found:
        raise MailsqlError(
            f"{directory}: {found:,} faults", "ask who gave it for another, or for the logs"
        )
    narrate("compare the SHA-256 with the one that you were told: the manifest proves itself by it")


@app.command()
def status(
    db: Db = DEFAULT_DB,
    language: LanguageOption = Language.EN,
    form: StatusFormatOption = StatusFormat.TEXT,
    output: OutputOption = None,
    group_readable: GroupReadable = False,
    timezone: Zone = None,
) -> None:
    """Show what is loaded, and how much of it is understood."""
    _check_output(output, db)
    now = datetime.now(UTC)
    with open_reading(db, timezone=timezone) as connection:
        if form is StatusFormat.JSON:
            text = status_json(connection, now)
        elif form is StatusFormat.OPENMETRICS:
            text = status_openmetrics(connection, now)
        else:
            text = describe_status(connection, language)
        write(text, output, file_mode(group_readable))


@app.command()
def check(
    db: Db = DEFAULT_DB,
    is_quick: Annotated[
        bool, typer.Option("--quick", help="Do not derive the rows again from the lines.")
    ] = False,
    directory: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Directory to derive rows in; the database's if none."),
    ] = None,
    memory: MemoryOption = None,
    language: LanguageOption = Language.EN,
    form: TextFormatOption = TextFormat.TEXT,
) -> None:
    """Verify that lines are as they were loaded, and that all rows are what the lines say."""
    findings: list[Finding] = []
    keep = findings.append if form is TextFormat.JSON else None
    allowed = read_memory(memory)
    with open_reading(db, memory=allowed) as connection:
        check_tables(connection, "mail", str(db))
        failures = run_checks(connection, narrate, language, keep)
        failures += check_lines(connection, narrate, language, keep)
    if not is_quick:
        with _progress() as progress:
            failures += check_rows(
                db,
                directory or db.absolute().parent,
                narrate,
                progress=progress,
                language=language,
                keep=keep,
                memory=allowed,
            )
    if form is TextFormat.JSON:
        write(findings_json(findings))
    if failures:
        raise MailsqlError(
            f"{failures} of the checks failed",
            "compare with the logs; if nobody changed the database, please report this as a bug",
        )


@app.command()
def reparse(
    db: Db = DEFAULT_DB,
    wait: Wait = WAIT_SECONDS,
    memory: MemoryOption = None,
) -> None:
    """Derive all rows again from the stored lines, as this version of mailsql reads them."""
    allowed = read_memory(memory)
    with _progress() as progress:
        line_count = derive_anew(
            db, narrate, wait_seconds=wait, on_wait=narrate, progress=progress, memory=allowed
        )
    narrate(f"{db}: all rows are derived again from {line_count:,} lines")


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show on a terminal how far a command is: what it does, how much of how much."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        tasks: dict[str, TaskID] = {}

        def tell(what: str, total: int, done: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done)

        yield tell


@app.command()
def forget(
    log: Annotated[
        str,
        typer.Argument(
            metavar="LOG",
            autocompletion=complete_log,
            help="Key or path of the log, as in status.",
        ),
    ],
    db: Db = DEFAULT_DB,
    wait: Wait = WAIT_SECONDS,
) -> None:
    """Forget a log, as if it had never been loaded."""
    gone = forget_log(db, log, narrate, now=datetime.now(UTC), wait_seconds=wait, on_wait=narrate)
    write(f"{one_line(gone.path)}: forgotten, {gone.line_count:,} lines\n")
    for path in gone.kept:
        write(f"{one_line(path)}: kept, with the beginning that it shared\n")


@app.command()
def prune(
    context: typer.Context,
    before: Annotated[
        str | None,
        typer.Option(
            "--before",
            metavar="TIME",
            help="What was logged before; untold, what is older than [retention] of the "
            f"configuration lets it be. {PERIOD_HELP}",
        ),
    ] = None,
    lines_only: Annotated[
        bool, typer.Option("--lines", help="Only the lines: what they told stays in the tables.")
    ] = False,
    is_dry: Annotated[bool, typer.Option("--dry-run", help="Only tell what would go.")] = False,
    db: Db = DEFAULT_DB,
    timezone: Zone = None,
    wait: Wait = WAIT_SECONDS,
    memory: MemoryOption = None,
    form: FormatOption = Format.TABLE,
    language: LanguageOption = Language.EN,
) -> None:
    """Remove what was logged before a time, but what goes on after it, and give the space back."""
    now = datetime.now(UTC)
    allowed = read_memory(memory)
    retention = context.obj.retention
    if before is None and retention is None:
        raise UsageError(
            "prune: neither --before nor [retention] in the configuration file says what goes",
            f"retention = {RETENTION_SAMPLE}",
        )
    if before is None and lines_only:
        raise UsageError("--lines is for --before", "[retention] has an age of lines")
    with open_reading(db, timezone=timezone, memory=allowed) as connection:
        cutoffs: dict[str, datetime] | None = None
        if before is not None:
            moment = read_time(connection, before, now)
        else:
            ends = read_cutoffs(connection, retention, now)
            moment, cutoffs, lines_only = ends.lines, dict(ends.tables), True
        if is_dry:
            found = count_prunable(connection, moment, lines_only=lines_only, cutoffs=cutoffs)
            times = dict.fromkeys(found.rows, moment) | (cutoffs or {})
            told = [("lines", moment, found.line_count)]
            told += [(name, times[name], count) for name, count in found.rows.items()]
            write_rows(["what", "before", "row_count"], told, form, language=language)
            return
    with _progress() as progress:
        gone = prune_database(
            db,
            moment,
            narrate,
            now=now,
            lines_only=lines_only,
            cutoffs=cutoffs,
            wait_seconds=wait,
            on_wait=narrate,
            progress=progress,
            memory=allowed,
        )
    if not gone.line_count and not gone.row_count:
        since = f"before {moment:%Y-%m-%d %H:%M}" if before is not None else "as old as that"
        narrate(f"{db}: nothing to prune {since}; it stays as it is")
        return
    room = gone.byte_count / BYTES_PER_MB
    given_back = f", {room:,.1f} MB given back" if room > 0 else ""
    narrate(f"{db}: {gone.line_count:,} lines and {gone.row_count:,} rows pruned{given_back}")


@app.command()
def erase(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="As alice@example.com.")],
    db: Db = DEFAULT_DB,
    wait: Wait = WAIT_SECONDS,
    memory: MemoryOption = None,
    form: FormatOption = Format.TABLE,
    output: OutputOption = None,
    group_readable: GroupReadable = False,
    language: LanguageOption = Language.EN,
) -> None:
    """Put a name that is kept nowhere in the place of an address, and tell what was changed."""
    _check_output(output, db)
    allowed = read_memory(memory)
    with _progress() as progress:
        gone = erase_address(
            db,
            address,
            narrate,
            now=datetime.now(UTC),
            memory=allowed,
            wait_seconds=wait,
            on_wait=narrate,
            progress=progress,
        )
    words = read_texts("erase", language)
    if not gone.rows:
        narrate(words.say("nowhere", database=db, address=address))
        return
    told = [(table, column, count) for (table, column), count in sorted(gone.rows.items())]
    names = ["table_name", "column_name", "row_count"]
    write_rows(names, told, form, output, file_mode(group_readable), language=language)
    for path, count in gone.lines.items():
        narrate(words.say("line" if count == 1 else "lines", path=one_line(path), count=count))
    narrate(words.say("done", database=db, pseudonym=gone.pseudonym))


@app.command()
def backup(
    copy: Annotated[Path, typer.Argument(metavar="FILE", help="The copy, a new file.")],
    db: Db = DEFAULT_DB,
    wait: Wait = WAIT_SECONDS,
) -> None:
    """Copy the database, as it stands between two loads, to a new file."""
    byte_count = back_up(db, copy, wait_seconds=wait, on_wait=narrate)
    narrate(f"{copy}: a copy of {db}, {byte_count:,} bytes")


@app.command()
def config(
    context: typer.Context,
    db: Db = DEFAULT_DB,
    timezone: Zone = None,
    language: LanguageOption = Language.EN,
    local_domains: LocalDomains = None,
    thresholds: ThresholdsOption = None,
    memory: MemoryOption = None,
    pseudonymize: UsualPseudonymize = None,
    keep_domains: UsualKeepDomains = False,
    keep_networks: UsualKeepNetworks = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show the settings in force, and where they are from: option, environment, file, default."""
    file: Config = context.obj
    given = (
        *(db, timezone, language, local_domains, thresholds, memory),
        *(pseudonymize, str(keep_domains).lower(), str(keep_networks).lower()),
    )
    values = dict(zip(VARIABLES, given, strict=True))
    # Parameters have the names of their keys
    sources = {key: _source(context, "language" if key == "lang" else key) for key in VARIABLES}
    rows = describe_config(file, values, sources)
    write_rows(["setting", "value", "source"], rows, form, language=language)
    if not file.is_there:
        narrate("there is no configuration file yet" if file.path else "there is no home directory")


def _source(context: typer.Context, parameter: str) -> str:
    """Where the value of a parameter is from, in the words of the manual."""
    source = context.get_parameter_source(parameter)
    words = {"COMMANDLINE": "option", "ENVIRONMENT": "environment", "DEFAULT_MAP": "file"}
    return words.get(source.name if source else "", "default")


@app.command()
def shell(
    db: Db = DEFAULT_DB,
    is_writing: Annotated[
        bool, typer.Option("--write", help="Open it for writing; no load works meanwhile.")
    ] = False,
    is_snapshot: Annotated[
        bool,
        typer.Option(
            "--snapshot", help="Open a copy, so that loads go on; it is removed at the end."
        ),
    ] = False,
) -> None:
    """Open the database in the DuckDB shell, for reading unless told otherwise."""
    program = shutil.which("duckdb")
    if program is None:
        raise DatabaseError("duckdb: the DuckDB shell is not installed", "pip install duckdb-cli")
    if is_snapshot:
        raise typer.Exit(open_snapshot(program, db, is_writing=is_writing))
    open_database(db).close()
    sys.stdout.flush()
    os.execv(program, [program, *([] if is_writing else ["-readonly"]), str(db)])


def _run() -> None:
    """Run a command; what a user can cause ends as a MailsqlError."""
    try:
        app()
    except (RuntimeError, UnicodeError) as error:
        # DuckDB's own word for Ctrl-C during a statement
        if isinstance(error, RuntimeError) and "interrupted" in str(error).lower():
            raise Interrupted("interrupted", INTERRUPTED_HINT) from error
        # The engine has several words for text that it cannot take
        if any("\udc80" <= character <= "\udcff" for character in "".join(sys.argv)):
            raise UsageError("what was given is not UTF-8", "write it in UTF-8") from error
        raise
    except duckdb.Error as error:
        # What the engine writes by itself is what does not fit into memory
        is_about_room = tells_full(str(error))
        raise database_error("temporary files" if is_about_room else "DuckDB", error) from error
    except OSError as error:
        if is_full(error):
            raise no_room(error.filename or "output") from error
        raise MailsqlError(f"{error.filename or 'output'}: {error.strerror or error}") from error


def main() -> NoReturn:
    """Run a command; end with its exit code."""
    # Who reads the output and wants no more ends us, as any other program
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        _run()
    except MailsqlError as error:
        tell_error(error)
        sys.exit(error.exit_code)
    sys.exit(0)
