"""Tables and reports -> files and a manifest with which an auditor can prove each row.

The database may be from somebody else, and the directory shared: names of reports become safe file
names, and only files that the manifest of an earlier export names are written over or removed.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb

from .database import set_timezone
from .erased import erased_in
from .errors import UsageError
from .export_proofs import ProofCounts, write_proofs
from .export_readme import readme
from .language import Language
from .objects import __version__
from .output import APOSTROPHE, FORMULA, spreadsheet_safe
from .outside import find_outside
from .own_forms import FAMILY
from .period import Period, read_period, read_time
from .portions import has_portions, run_in_portions
from .private import directory_mode, file_mode
from .pruned import changed_runs, count_in, lines_left, pruned_runs
from .pseudonyms import Pseudonyms
from .reading import SPILL
from .report import execute_report, list_reports
from .scope import Scope, check_limits, set_period
from .selection import (
    EVERYBODY,
    Who,
    answers_of,
    choose_all,
    choose_named,
    rows_of,
    set_who,
    site_rows_of,
)
from .signature import NAMESPACE, SUFFIX, check_key, sign
from .site import site_tables
from .statements import quote_identifier, quote_text
from .stored_bytes import stored_batches
from .table_list import tables

MANIFEST = "manifest.json"
SIGNATURE = MANIFEST + SUFFIX
DICTIONARY = "dictionary.csv"
PROOFS = "proofs.jsonl"
README = "README.txt"
SCRIPT = "verify.py"
# Files that are no table or report
COMPANIONS = (DICTIONARY, PROOFS, README, SCRIPT)
# Becomes the manifest when it is whole
DRAFT = "manifest.json.new"
LONGEST_STEM = 180
DIGEST_LENGTH = 16
PIECE_BYTES = 2**20
BYTE_ORDER_MARK = "\ufeff".encode()
LINE_COLUMNS = {
    "log_path": "Where the log was last seen",
    "log_file_key": "The log: file_key of the manifest",
    "log_line_no": "Number of the line in that log, from 1",
}
# Types whose text is no stranger's
SAFE_TYPES = frozenset(
    {
        "boolean",
        "tinyint",
        "smallint",
        "integer",
        "bigint",
        "hugeint",
        "utinyint",
        "usmallint",
        "uinteger",
        "ubigint",
        "uhugeint",
        "decimal",
        "float",
        "double",
        "date",
        "time",
        "timestamp",
        "timestamp with time zone",
    }
)


class FileFormat(StrEnum):
    """How tables and reports are written."""

    CSV = "csv"
    PARQUET = "parquet"


@dataclass(frozen=True)
class Source:
    """What one file is written from.

    Attributes:
        schema: main for tables and views, site for rows of one's own forms, reports for reports.
        name: of the table or view.
        file: name of the file.
        is_usual: whether it is written unless others are asked for.
    """

    schema: str
    name: str
    file: str
    is_usual: bool


@dataclass(frozen=True)
class Style:
    """How the files are written.

    Attributes:
        format: of tables and reports.
        is_excel: whether CSV files begin with a byte order mark, by which Excel knows UTF-8.
        language: of README.txt.
        group_readable: whether the group may read what is created; else only the owner.
    """

    format: FileFormat = FileFormat.CSV
    is_excel: bool = False
    language: Language = Language.EN
    group_readable: bool = False


PLAIN = Style()


def export(
    connection: duckdb.DuckDBPyConnection,
    directory: Path,
    *,
    now: datetime,
    who: Who = EVERYBODY,
    since: str | None = None,
    until: str | None = None,
    timezone: str | None = None,
    only: list[str] | None = None,
    style: Style = PLAIN,
    created_at: str | None = None,
    key: Path | None = None,
    pseudonyms: Pseudonyms | None = None,
) -> dict[str, int]:
    """Write files and manifest.json into a directory; return the rows of each table and report.

    Rows end in the log file and line number that they come from; the manifest holds the hash of
    every file and of every batch of every log. The same data gives the same bytes, but for
    created_at. An export that did not come to its end says so in its manifest, and is replaced like
    any other.

    Args:
        connection: an open mailsql database whose time zone is UTC; all that it must be able to
            write to is the directory, by its absolute path.
        directory: created if missing; must be empty, or hold an earlier export.
        now: current time.
        who: whose mail, with all that belongs to it; without address and domain all rows.
        since: from this time on, in words (read_period).
        until: before this time.
        timezone: IANA name of the zone of these words; the system's if None.
        only: the tables, views and reports to write; the usual ones if None. A name that a table
            and a report share means the table; reports.NAME is always a report.
        style: how the files are written.
        created_at: what the manifest says instead of now, in words.
        key: file of an SSH key that signs the manifest; None: it is not signed.
        pseudonyms: those of a database that is made for the export of one in clear
            (pseudonymized_copy). Hashes of what is in clear are left out then, for who guesses
            it could verify it.

    Raises:
        UsageError: the directory holds something else, a name, a time, the zone, the host or the
            key is not known, or a report does not run any more.
    """
    if key is not None:
        check_key(key)
    period, told = _read_times(since, until, timezone, created_at, now)
    variables = set_who(connection, who)
    chosen = _choose(_sources(connection, who, style.format), only)
    earlier = _prepare(directory, chosen, style)
    set_period(connection, period)
    preparation = _prepare_rows(connection, who, chosen)
    head: dict[str, Any] = {
        "mailsql_version": __version__,
        "duckdb_version": duckdb.__version__,
        **told,
        "asked": variables | {"since": since, "until": until, "only": only},
        "times_in_files": "UTC",
        "format": style.format.value,
        **_csv_manner(style),
        "pseudonyms": None
        if pseudonyms is None
        else {"key": pseudonyms.fingerprint, "kept": str(pseudonyms.keeping)},
        "formula": FORMULA.pattern,
        "signature": {"file": SIGNATURE, "namespace": NAMESPACE} if key is not None else None,
        "variables": variables | {bound: told[bound] for bound in ("since", "until")},
        "preparation": preparation,
    }
    entries: dict[str, dict[str, Any]] = {
        source.file: {"schema": source.schema, "name": source.name} for source in chosen
    }
    unfinished = dict.fromkeys(earlier) | entries | {name: {} for name in COMPANIONS}
    _write_manifest(directory, head | {"complete": False, "files": unfinished}, style)
    for name in earlier - {*entries, *COMPANIONS}:
        (directory / name).unlink()
    (directory / SIGNATURE).unlink(missing_ok=True)
    columns = []
    for source in chosen:
        path = directory / source.file
        _create(path, style.group_readable)
        sql, names = _sql_of(connection, source, who, style.format)
        entries[source.file]["sql"] = sql
        entries[source.file]["rows"] = _copy(connection, source, sql, path, style)
        columns += _columns_of(connection, source, names)
    outside = find_outside(connection, who, [source.name for source in chosen])
    rows = {name: entry["rows"] for name, entry in entries.items()}
    is_in_clear = pseudonyms is None
    proofs = _write_proofs(connection, directory / PROOFS, chosen, style, is_in_clear)
    if proofs is not None and proofs.proven:
        entries[PROOFS] = {"rows": proofs.proven}
    else:
        (directory / PROOFS).unlink(missing_ok=True)
    whole = head | {
        "complete": True,
        "outside_the_period": [found.to_json() for found in outside],
        "proofs": None
        if proofs is None
        else {"proven": proofs.proven, "unproven": proofs.unproven},
        "files": entries,
        "logs": _logs(connection) if is_in_clear else _without_hashes(_logs(connection)),
        "forgotten_batches": _forgotten(connection),
    }
    _write(directory / DICTIONARY, _dictionary(columns, style), style)
    _write(directory / README, readme(whole, outside, style.language).encode(), style)
    _write(directory / SCRIPT, files("mailsql").joinpath(SCRIPT).read_bytes(), style)
    entries |= {name: {} for name in (DICTIONARY, README, SCRIPT)}
    for name, entry in entries.items():
        with (directory / name).open("rb") as written:
            entry["sha256"] = hashlib.file_digest(written, "sha256").hexdigest()
        entry["bytes"] = (directory / name).stat().st_size
    _write_manifest(directory, whole, style)
    if key is not None:
        sign(directory / MANIFEST, key)
        (directory / SIGNATURE).chmod(file_mode(style.group_readable))
    return rows


def manifest_hash(directory: Path) -> str:
    """Return the SHA-256 of the manifest of an export, which stands for all of it."""
    return hashlib.sha256((directory / MANIFEST).read_bytes()).hexdigest()


def _csv_manner(style: Style) -> dict[str, Any]:
    """What the manifest says of how CSV files are written."""
    if style.format is not FileFormat.CSV:
        return {}
    return {
        "csv": "RFC 4180: UTF-8, comma, quotes doubled, lines end in CR LF, a header",
        "byte_order_mark": style.is_excel,
        "spreadsheet_guard": "text, and names of columns, that a spreadsheet may run as a formula "
        "have an apostrophe in front: those that match the pattern formula",
    }


def _prepare_rows(
    connection: duckdb.DuckDBPyConnection, who: Who, chosen: list[Source]
) -> list[str]:
    """Choose rows and lines; return the statements that did, and those that files are made with."""
    guard = (
        "create or replace temp macro guarded(text) as case when system.main.regexp_matches(text, "
        f"{quote_text(FORMULA.pattern)}) then system.main.concat({quote_text(APOSTROPHE)}, text) "
        "else text end"
    )
    connection.execute(guard)
    if who.is_named:
        return [guard, *choose_named(connection)]
    answers = [source.name for source in chosen if source.schema == "main"]
    return [guard, *choose_all(connection, answers)]


def _sources(
    connection: duckdb.DuckDBPyConnection, who: Who, file_format: FileFormat
) -> dict[str, Source]:
    """All that can be exported, by its name; others than tables by SCHEMA.NAME.

    Reports and rows of one's own forms are of everybody, so there are none where somebody's mail is
    asked for.
    """
    found = {}
    taken = {MANIFEST, *(name.lower() for name in COMPANIONS)}
    tables_there = [
        (table.name, table.time is not None or who.is_named)
        for table in tables().values()
        if table.time is not None or table.by_address
    ]
    answers = [(name, who.is_named) for name in answers_of(who)]
    listed = [("main", name, is_usual) for name, is_usual in [*tables_there, *answers]]
    listed += [(FAMILY, name, True) for name in site_tables(connection)]
    if not who.is_named:
        listed += [
            ("reports", name, True)
            for name, _ in list_reports(connection)
            if _is_of_host(connection, name, who)
        ]
    exported = [name for name, _ in [*tables_there, *answers]]
    for schema, name, is_usual in listed:
        is_report = schema == "reports"
        # What could be taken for a table, or for a report that could
        is_shared = name.lower() in exported or name.lower().startswith("reports.")
        whole = name if schema == "main" else f"{schema}.{name}"
        stem = name if is_report and not is_shared else whole
        file = _file_name(stem, taken, file_format)
        taken.add(file.lower())
        found[whole] = Source(schema, name, file, is_usual)
    return found


def _is_of_host(connection: duckdb.DuckDBPyConnection, report: str, who: Who) -> bool:
    """Whether a report can be limited to the host asked for, if one is."""
    if who.host is None:
        return True
    try:
        check_limits(connection, report, Scope(host=who.host))
    except UsageError:
        return False
    return True


def _file_name(name: str, taken: set[str], file_format: FileFormat) -> str:
    """A file name for a table or report that no system reads as a path, unlike those taken."""
    stem = re.sub(
        r"^\.|[^A-Za-z0-9_.-]",
        lambda odd: "".join(f"%{byte:02X}" for byte in odd[0].encode()),
        name,
    )
    if len(stem) > LONGEST_STEM or f"{stem}.{file_format}".lower() in taken:
        digest = hashlib.sha256(name.encode()).hexdigest()[:DIGEST_LENGTH]
        stem = f"{stem[:LONGEST_STEM]}-{digest}"
    return f"{stem}.{file_format}"


def _choose(sources: dict[str, Source], only: list[str] | None) -> list[Source]:
    """The sources asked for, each once.

    Raises:
        UsageError: a name is not known.
    """
    chosen = {}
    usual = [name for name, source in sources.items() if source.is_usual]
    for asked in usual if only is None else only:
        source = sources.get(asked) or sources.get(f"reports.{asked}")
        if source is None:
            raise UsageError(
                f"{asked}: nothing to export by that name", f"one of {', '.join(sources)}"
            )
        chosen[source.file] = source
    return list(chosen.values())


def _read_times(
    since: str | None,
    until: str | None,
    timezone: str | None,
    created_at: str | None,
    now: datetime,
) -> tuple[Period, dict[str, str | None]]:
    """The period that words name in a zone; what the manifest says of times, with their offsets.

    Raises:
        UsageError: a time or the zone is not known.
    """
    with duckdb.connect() as clock:
        if timezone is not None:
            set_timezone(clock, timezone)
        period = read_period(clock, since, until, now)
        created = now if created_at is None else read_time(clock, created_at, now)

        def there(moment: datetime | None) -> str | None:
            row = clock.execute("select ?::timestamptz", [moment]).fetchone()
            assert row is not None
            return None if row[0] is None else row[0].isoformat()

        zone = clock.execute("select current_setting('TimeZone')").fetchone()
        assert zone is not None
        return period, {
            "created_at": there(created),
            "since": there(period.since),
            "until": there(period.until),
            "timezone": zone[0],
        }


def _prepare(directory: Path, chosen: list[Source], style: Style) -> set[str]:
    """Make the directory if it is missing; return the files of the earlier export in it.

    Raises:
        UsageError: it holds something else, or cannot be named to the engine.
    """
    try:
        str(directory).encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"{directory}: not UTF-8", "name a new directory") from error
    try:
        directory.mkdir(mode=0o700, parents=True)
    except FileExistsError as error:
        if not directory.is_dir():
            raise UsageError(f"{directory}: not a directory", "name a new directory") from error
    else:
        directory.chmod(directory_mode(file_mode(style.group_readable)))
    present = {entry.name for entry in directory.iterdir()} - {DRAFT, SPILL}
    named = _named_files(directory / MANIFEST)
    if present and named is None:
        raise UsageError(f"{directory}: not empty, and no earlier export", "name a new directory")
    earlier = {
        name
        for name in present & (named or set())
        if stat.S_ISREG((directory / name).lstat().st_mode)
    }
    for name in [*(source.file for source in chosen), *COMPANIONS, SIGNATURE]:
        if name in present - earlier:
            raise UsageError(
                f"{directory / name}: not of an earlier export", "name a new directory"
            )
    return earlier


def _named_files(manifest: Path) -> set[str] | None:
    """Names of the files of the export that a manifest is of, or None if it is of none."""
    try:
        found = json.loads(manifest.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or "mailsql_version" not in found:
        return None
    named = found.get("files")
    if not isinstance(named, dict):
        return None
    is_signed = {SIGNATURE} if found.get("signature") else set()
    suffixes = tuple(f".{file_format}" for file_format in FileFormat)
    return is_signed | {name for name in named if name.endswith(suffixes) or name in COMPANIONS}


def _write_manifest(directory: Path, manifest: dict[str, Any], style: Style) -> None:
    """Replace the manifest as a whole; its mode stays."""
    draft = directory / DRAFT
    draft.unlink(missing_ok=True)
    _create(draft, style.group_readable)
    with suppress(FileNotFoundError):
        draft.chmod(stat.S_IMODE((directory / MANIFEST).stat().st_mode))
    draft.write_text(json.dumps(manifest, indent=2) + "\n", encoding="ascii")
    draft.replace(directory / MANIFEST)


def _create(path: Path, group_readable: bool) -> None:
    """Make an empty file, whatever the umask; one that is there is emptied and keeps its mode."""
    with suppress(FileNotFoundError):
        os.truncate(path, 0)
        return
    mode = file_mode(group_readable)
    created = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    os.fchmod(created, mode)
    os.close(created)


def _write(path: Path, content: bytes, style: Style) -> None:
    """Write a whole file; one that is there keeps its mode."""
    _create(path, style.group_readable)
    path.write_bytes(content)


def _run(connection: duckdb.DuckDBPyConnection, source: Source, sql: str) -> Any:
    """Run SQL over a table or report.

    Raises:
        UsageError: the report does not run any more.
    """
    if source.schema != "reports":
        return connection.execute(sql)
    return execute_report(connection, source.name, sql)


def _sql_of(
    connection: duckdb.DuckDBPyConnection, source: Source, who: Who, file_format: FileFormat
) -> tuple[str, list[tuple[str, str]]]:
    """The SQL whose rows are those of a file, and the names and types of its columns.

    Raises:
        UsageError: the report does not run any more.
    """
    rows = f"(from {source.schema}.{quote_identifier(source.name)})"
    order: list[str] = []
    if source.schema == "main":
        table = tables().get(source.name)
        if table is not None:
            rows = _with_line(rows_of(table, who), table.line_column)
            order = ["log_file_key", "log_line_no", *table.key]
        elif source.name == "recipient_outcomes":
            rows = f"({answers_of(who)[source.name]})"
            order = ["message_key", "recipient"]
        else:
            rows = _with_line(answers_of(who)[source.name], "line_key")
            is_flow = source.name == "message_flow"
            order = ["message_key", "step_no"] if is_flow else ["line_key"]
    elif source.schema == FAMILY:
        rows = _with_line(site_rows_of(source.name, who), "line_key")
        order = ["log_file_key", "log_line_no"]
    described = _run(connection, source, f"select * from {rows} as chosen limit 0").description
    columns = [(name, str(kind)) for name, kind, *_ in described]
    if file_format is FileFormat.CSV:
        shown = ", ".join(_guarded(name, kind.id) for name, kind, *_ in described)
    else:
        shown = "*"
    sql = f"select {shown} from {rows} as chosen"
    if order:
        sql += f" order by {', '.join(quote_identifier(column) for column in order)}"
    return sql, columns


def _with_line(rows: str, key: str) -> str:
    """SQL of rows with the log and the line that they come from."""
    line = quote_identifier(key)
    return (
        f"(select *, (select path from log_files where file_key = {line} >> 32) as log_path, "
        f"{line} >> 32 as log_file_key, {line} & 4294967295 as log_line_no {rows})"
    )


def _copy(
    connection: duckdb.DuckDBPyConnection, source: Source, sql: str, path: Path, style: Style
) -> int:
    """Write rows into a file that is there; return how many.

    Raises:
        UsageError: the report does not run any more.
    """
    options = r"format csv, header true, new_line '\r\n'"
    if style.format is FileFormat.PARQUET:
        options = "format parquet"
    rows = f"({sql})"
    if source.schema == "main" and has_portions(connection, sql):
        connection.execute(f"create or replace temp table portions as from {rows} limit 0")
        run_in_portions(connection, f"insert into temp.main.portions {sql}")
        rows = "temp.main.portions"
    # A temporary file in the place of the one that is there would have the mode of the umask
    copied = _run(
        connection,
        source,
        f"copy {rows} to {quote_text(str(path.absolute()))} ({options}, use_tmp_file false)",
    ).fetchone()
    assert copied is not None
    connection.execute("drop table if exists temp.main.portions")
    if style.format is FileFormat.CSV and style.is_excel:
        _mark(path)
    return int(copied[0])


def _mark(path: Path) -> None:
    """Put a byte order mark before a file, a piece at a time in memory."""
    with path.open("r+b") as file:
        moved, written = BYTE_ORDER_MARK, 0
        while piece := file.read(PIECE_BYTES):
            behind = file.tell()
            file.seek(written)
            written += file.write(moved)
            moved = piece
            file.seek(behind)
        file.seek(written)
        file.write(moved)


def _write_proofs(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    chosen: list[Source],
    style: Style,
    is_provable: bool,
) -> ProofCounts | None:
    """Write the proofs of the lines of the export; None if it holds no lines."""
    if not any(source.name == "log_lines" for source in chosen):
        return None
    if not is_provable:
        found = connection.execute("select count(*) from chosen_lines").fetchone()
        assert found is not None
        return ProofCounts(0, int(found[0]))
    _create(path, style.group_readable)
    with path.open("w", encoding="ascii") as file:
        return write_proofs(connection, file)


def _columns_of(
    connection: duckdb.DuckDBPyConnection, source: Source, columns: list[tuple[str, str]]
) -> list[tuple[str, str, str, str]]:
    """File, name, type and comment of the columns of a file."""
    comments = LINE_COLUMNS | dict(
        connection.execute(
            "select column_name, comment from system.main.duckdb_columns() "
            "where database_name = system.main.current_database() and schema_name = ? "
            "and table_name = ?",
            [source.schema, source.name],
        ).fetchall()
    )
    return [
        (source.file, name, kind, " ".join((comments.get(name) or "").split()))
        for name, kind in columns
    ]


def _dictionary(columns: list[tuple[str, str, str, str]], style: Style) -> bytes:
    """What each column of each file means, as CSV."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(["file", "column", "type", "comment"])
    writer.writerows([spreadsheet_safe(cell) for cell in row] for row in columns)
    return (BYTE_ORDER_MARK if style.is_excel else b"") + text.getvalue().encode()


def _guarded(name: str, kind: str) -> str:
    """SQL of a column whose text and name have an apostrophe in front where they may be a formula.

    Functions are those of the engine, whatever macros of their names the database holds.
    """
    column, shown = quote_identifier(name), quote_identifier(spreadsheet_safe(name))
    if kind in SAFE_TYPES:
        return f"{column} as {shown}"
    return f"temp.main.guarded(cast({column} as varchar)) as {shown}"


def _logs(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Each stream: copies, what it was read with, byte and line ranges and hashes of batches."""
    copies: dict[int, dict[str, int]] = {}
    for file_key, path, count in connection.execute(
        "select line_key >> 32, path, count(*) from raw_lines inner join log_files "
        "on copy_of >> 32 = log_files.file_key where copy_of is not null group by 1, 2 "
        "order by 1, 2"
    ).fetchall():
        copies.setdefault(file_key, {})[path] = count
    rows = connection.execute(
        "select file_key, path, identity_bytes, identity_sha256, branch_of, is_once, batch_key, "
        "first_byte, last_byte, first_line_no, last_line_no, "
        "case when torn_bytes > 0 then lag(last_line_no, 1, first_line_no) over "
        "(partition by file_key order by batch_key) else first_line_no end, "
        "torn_bytes, sha256, root, chain, committed_at, load_batches.mailsql_version "
        "from load_batches inner join log_files using (file_key) order by batch_key"
    ).fetchall()
    names = [
        *("batch_key", "first_byte", "last_byte", "first_line_no", "last_line_no"),
        *("tree_first_line_no", "torn_bytes", "sha256", "root", "chain"),
    ]
    settings = _settings(connection)
    commitments = {batch.batch_key: batch.commitment.hex() for batch in stored_batches(connection)}
    logs: dict[int, dict[str, Any]] = {}
    for file_key, path, identity_bytes, identity_sha256, branch_of, is_once, *batch in rows:
        log = logs.setdefault(
            file_key,
            {
                "file_key": file_key,
                "path": path,
                "identity_bytes": identity_bytes,
                "identity_sha256": identity_sha256,
                "branch_of": branch_of,
                "is_once": is_once,
                "settings": settings.get(file_key, []),
                "copies_of_lines_in": copies.get(file_key, {}),
                "batches": [],
            },
        )
        entry = dict(zip(names, batch, strict=False))
        entry["commitment"] = commitments[entry["batch_key"]]
        entry["committed_at"] = batch[len(names)].isoformat()
        entry["mailsql_version"] = batch[-1]
        log["batches"].append(entry)
    for file_key, runs in pruned_runs(connection).items():
        spans = [(run.first_line_no, run.last_line_no) for run in runs]
        logs[file_key]["pruned_line_count"] = count_in(spans)
    for file_key, key, kept in connection.execute(
        "select file_key, pseudonym_key, pseudonyms_keep from log_files "
        "where pseudonym_key is not null"
    ).fetchall():
        if file_key in logs:
            logs[file_key]["pseudonyms"] = {"key": key, "kept": kept}
    for file_key, log in logs.items():
        if erased := sorted(erased_in(connection, file_key)):
            log["erased_line_nos"] = erased
        runs = changed_runs(connection, file_key)
        for entry in log["batches"]:
            first, last = entry["tree_first_line_no"], entry["last_line_no"]
            # No proof of a single line leads to it
            if lines_left(runs, first, last) != [(first, last)]:
                entry["root"] = None
    return list(logs.values())


def _without_hashes(logs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each stream without what a guess of its lines could be compared with."""
    for log in logs:
        log["identity_sha256"] = None
        for batch in log["batches"]:
            batch["sha256"] = batch["root"] = None
    return logs


def _settings(connection: duckdb.DuckDBPyConnection) -> dict[int, list[dict[str, Any]]]:
    """What the lines of each stream were read with, stretch by stretch."""
    names = ["first_line_no", "host", "year", "timezone", "dovecot_prefix", "forms_sha256"]
    found: dict[int, list[dict[str, Any]]] = {}
    for file_key, *values in connection.execute(
        f"select file_key, {', '.join(names)} from stream_settings order by file_key, first_line_no"
    ).fetchall():
        found.setdefault(file_key, []).append(dict(zip(names, values, strict=True)))
    return found


def _forgotten(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """What is left in the chain of batches that were forgotten."""
    return [
        {"batch_key": batch_key, "commitment": commitment}
        for batch_key, commitment in connection.execute(
            "select batch_key, commitment from forgotten_batches order by batch_key"
        ).fetchall()
    ]
