"""Pieces of lines -> rows: a piece runs through sql/ingest, and its rows are committed together.

A piece of which a line makes a step fail is cut in two until that line is found. Where the lines
come from, and what is kept of their coming, the piece knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb

from .database import ROW_GROUP_ROWS, WAIT_SECONDS, attach_stored, open_database, set_timezone
from .encoded_words import clear_text
from .kinds import own_expressions
from .memory import Memory, usual_memory
from .own_forms import OwnForms
from .private import OWNER_ONLY
from .room import SPILL_LIMIT, tells_full
from .settings import Settings, Stretch, set_prefixes
from .site import keep_forms, kept_forms, show_site
from .spans import make_span_macro
from .statements import quote_text, run_sql, run_told
from .steps import Steps

# A checkpoint after every piece would write partly filled row groups again and again
CHECKPOINT_THRESHOLD = "1GB"
# A row group that is not full is written anew when rows are added. What is added in small pieces
# goes into small ones; small ones only would make a database a fifth larger
SMALL_BYTES = 8388608
SMALL_ROW_GROUP_ROWS = 8192
# Of temporary tables with one row group, that one thread reads, a second one gets nothing
ONE_THREAD_BYTES = 1048576
# Finding one line takes some fifteen small pieces: when so many of a stream have failed, what
# fails is kept in larger ones
SOUGHT_LINES = 100
PIECE_LINES = 10_000
# What is told of related messages when their links are known
STATED = (
    "8_relate/1_related_messages.sql",
    "8_relate/5_touched_messages.sql",
    "8_relate/6_states.sql",
    "8_relate/7_family_seeds.sql",
)
LINKED = ("5_parse", "6_link")
STORED = ("7_store", "8_relate", "9_repeats/1_repeats_again.sql")
# Where there is what they are about
RELATED = {
    "9_families": "family_seeds",
    "9_mailboxes": "mailbox_deliveries",
    "9_events": "mailbox_events",
}
# Where each text stands once, and no copy, nothing is one
TOLD_AGAIN = (
    "(select second_id from tellings group by second_id, text_hash "
    "having count(*) > 1 or count(copy_of) > 0)"
)
REPEATED = ("9_repeats/2_line_repeats.sql", "9_repeats/3_occurrences.sql")
# Where all new lines are copies of lines that count
COPIES_STORED = (
    "7_store/raw_lines.sql",
    "7_store/longest_lines.sql",
    "7_store/log_files.sql",
    "7_store/rotations.sql",
)


@dataclass(frozen=True)
class Target:
    """The database that rows go into, and what may be read meanwhile.

    Attributes:
        database: the DuckDB file; created if missing.
        threads: of the engine; if None one per core, or one where little is new.
        readable: paths of the only files that may be read.
        stored: a database that is attached for reading as `stored`, or None.
        mode: of the database if it is created.
        wait_seconds: for how long to wait where another process holds it.
        on_wait: told who holds it when waiting begins.
        on_update: told what rows of an older mailsql lack.
        coming: names and bytes of the logs whose new lines are to be stored (log_files); None where
            it may be all of the database.
        memory: what may be taken.
    """

    database: Path
    threads: int | None = None
    readable: Sequence[str] = ()
    stored: Path | None = None
    mode: int = OWNER_ONLY
    wait_seconds: float = WAIT_SECONDS
    on_wait: Callable[[str], None] | None = None
    on_update: Callable[[str], None] | None = None
    coming: Mapping[str, int] | None = None
    memory: Memory = field(default_factory=usual_memory)


@dataclass(frozen=True)
class Piece:
    """Lines that follow each other in a stream and are read with the same settings.

    Attributes:
        file_key: the stream (log_files).
        first_line_no: the first line.
        line_count: lines.
        settings: what they are read with.
        date_before: of the last line before the stream's first, where that is a branch.
    """

    file_key: int
    first_line_no: int
    line_count: int
    settings: Settings
    date_before: date | None

    @property
    def removed_keys(self) -> tuple[int, int] | None:
        """First and last line that are taken out before: what others say is told without them."""
        return None

    @property
    def identity(self) -> tuple[str | None, str | None, int | None]:
        """SHA-256 of its stream's first bytes, rotation and branch_of (log_files), where told."""
        return None, None, None

    @property
    def is_once(self) -> bool:
        """Whether it is told now that each line of its stream stands there twice (log_files)."""
        return False

    @property
    def year_source(self) -> str | None:
        """What tells the year of its stream's first stamp without one (log_files), where told."""
        return None

    @property
    def first_byte(self) -> int | None:
        """Where it begins in the uncompressed stream; None where that is not asked again."""
        return None

    def log_days(self) -> list[tuple[str, int]]:
        """Return the days of stamps without a year in its stream, from here on (sources)."""
        return []

    def show(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make its lines the view read_lines."""
        raise NotImplementedError

    def halves(self) -> Iterator[Piece]:
        """Cut it in two; the first half is gone when the second is asked for."""
        raise NotImplementedError

    def judge_text(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Refuse it for how its lines (batch_lines) look.

        Raises:
            InputError: it is refused.
        """

    def begin(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Write what its rows need, in their transaction, before them."""

    def end(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Write what is kept of its coming, in the transaction of its rows, behind them."""


@dataclass(frozen=True)
class RemovedLines(Piece):
    """No line, and some that are taken out.

    Attributes:
        keys: of the first and the last one that is taken out.
    """

    keys: tuple[int, int]

    @property
    def removed_keys(self) -> tuple[int, int] | None:
        """First and last line that are taken out before: what others say is told without them."""
        return self.keys

    def show(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make no line the view read_lines."""
        run_sql(connection, "ingest/no_lines.sql")


class Deriver:
    """Derives the rows of one piece after another over one connection.

    Attributes:
        target: the database.
        connection: to it; another one after the engine was lost.
        on_share: told which share of a piece is done, of the time that a large one takes.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.on_share: Callable[[float], None] = _ignore
        self.connection = _connect(target)
        self._has_macros = False
        self._is_writing = False
        self._peels = False
        self._own_forms: OwnForms | None = None
        system = self.connection.execute(
            "select system.main.current_setting('TimeZone')"
        ).fetchone()
        assert system is not None
        self.system_timezone = str(system[0])
        if self._is_any("messages where root_key is null") or self._is_any(
            "mailbox_events where is_client_named is null"
        ):
            self._tell_older_messages()

    def prepare(self, stretch: Stretch) -> None:
        """Make the session read lines as those from a line of a stream on are."""
        self._make_macros()
        set_timezone(self.connection, stretch.settings.timezone)
        set_prefixes(self.connection, stretch)
        sha256 = stretch.settings.forms_sha256
        self._own_forms = kept_forms(self.connection, sha256) if sha256 is not None else None

    def keep_forms(self, forms: OwnForms) -> None:
        """Keep forms of one's own in the database, before lines are read with them.

        Raises:
            UsageError: a view of theirs would take the place of something that is the user's.
        """
        if keep_forms(self.connection, forms):
            self._name_kinds()

    def show_site(self) -> None:
        """Explain and show what the forms of one's own say that the database was given.

        Raises:
            DatabaseError: they cannot be used.
        """
        show_site(self.connection)
        self._name_kinds()

    def _make_macros(self) -> None:
        """Make what lines are read with; where there are none, the time that it takes is saved."""
        if not self._has_macros:
            run_sql(self.connection, "ingest/0_macros")
            self._has_macros = True

    def _name_kinds(self) -> None:
        if self._has_macros:
            run_sql(self.connection, "ingest/0_macros/enumerations.sql")

    def derive(self, piece: Piece, failed_steps: list[str]) -> Iterator[Piece]:
        """Store the rows of a piece, and yield it; or else the parts that it was stored in.

        Where a step fails on a line, all others are derived, and the line is kept as it is.

        Args:
            piece: of a stretch that was prepared for.
            failed_steps: of the lines of its stream that failed; those of the piece are added.

        Raises:
            InputError: the piece was refused.
            duckdb.Error: something failed that no line is to blame for.
        """
        try:
            self.store(piece)
        except duckdb.Error as error:
            step = _failed_step(error)
            if step is None:
                raise
            self.roll_back()
            if isinstance(error, duckdb.InternalException | duckdb.FatalException):
                # They leave nothing that can be worked with
                self.connection.close()
                self.connection = _connect(self.target)
                self._has_macros = False
                self.prepare(Stretch(piece.file_key, piece.first_line_no, piece.settings))
            is_sought = len(failed_steps) < SOUGHT_LINES
            is_memory_short = isinstance(error, duckdb.OutOfMemoryException)
            if is_memory_short and not is_sought:
                # So many lines are not to blame for it
                raise
            if piece.line_count > (1 if is_sought else PIECE_LINES):
                for half in piece.halves():
                    yield from self.derive(half, failed_steps)
                return
            self._store_failed(piece, step, str(error).partition("\n")[0])
            failed_steps += [step] * piece.line_count
        yield piece

    def is_doubled(self) -> bool:
        """Return whether nearly all lines of the piece derived last stand there twice."""
        run_sql(self.connection, "ingest/doubled_lines.sql")
        return self._is_any("doubled_lines")

    def named_host(self) -> str | None:
        """Return the host that lines of the piece derived last are of, which name none.

        It is the one whose loaded lines say the same in the same seconds.
        """
        if not self._is_any("lines where host is null and is_new and logged_at is not null"):
            return None
        run_sql(self.connection, "ingest/hostless_lines.sql")
        found = self.connection.execute("select host from hostless_lines limit 1").fetchone()
        return None if found is None else str(found[0])

    def first_foreign_line(self) -> str | None:
        """Return the first line of the piece derived last, if no form has told what it is."""
        if self._own_forms is not None and self._is_any("told_site_lines where is_own"):
            return None
        run_sql(self.connection, "ingest/foreign_text.sql")
        found = self.connection.execute("select line from foreign_text").fetchone()
        return None if found is None else str(found[0])

    def keep_settings(self, piece: Piece) -> None:
        """Write what is kept of a piece without lines: where its stream is found, its settings."""
        self._describe(piece)
        self._begin()
        piece.begin(self.connection)
        for file in ("unread_state.sql", "9_loaded/stream_settings.sql"):
            run_sql(self.connection, f"ingest/{file}")
        self._commit()

    def roll_back(self) -> None:
        """Undo the open transaction, if there is one."""
        self._is_writing = False
        # What takes wrappings off may have been made in it
        self._peels = False
        try:
            self.connection.execute("rollback")
        except duckdb.Error:
            # None was open, or its failure has ended it
            return

    def store(self, piece: Piece) -> None:
        """Derive the rows of a piece and commit them with what is kept of it, all or nothing.

        Raises:
            InputError: the piece was refused.
            duckdb.Error: a step failed.
        """
        self._write(piece)
        self._commit()

    def _write(self, piece: Piece) -> None:
        """Derive the rows of a piece and write them, in a transaction that is left open.

        Up to 6_link nothing is stored, for temp tables are read by one thread only until the
        transaction that filled them is committed; but rows that go must go before.
        """
        self._describe(piece)
        run_sql(self.connection, "ingest/0_empty")
        if piece.removed_keys is not None:
            self._begin()
            self._take_lines_out(*piece.removed_keys)
        piece.show(self.connection)
        self._cut_lines()
        self.on_share(0.1)
        piece.judge_text(self.connection)
        self._look_ahead(piece)
        Steps(self.connection).run("ingest/1_lines")
        self.on_share(0.25)
        self._find_copies()
        is_told = self._is_any("changed_lines") or self._is_any("removed_lines")
        if is_told:
            run_sql(self.connection, "ingest/2_order")
            self._read_late_hosts_again()
            run_sql(self.connection, "ingest/4_earlier")
            steps = Steps(self.connection, self._kinds("lines", "earlier_lines"))
            for place in LINKED:
                steps.run(f"ingest/{place}")
            if steps.may_hold("cleanup_checks"):
                self._read_subjects()
        if self._own_forms is not None:
            self._tell_own_kinds(self._own_forms)
        self.on_share(0.5)
        self._begin()
        piece.begin(self.connection)
        if is_told:
            for place in STORED:
                steps.run(f"ingest/{place}")
            self.on_share(0.9)
            self._relate(steps)
            for place in REPEATED:
                steps.run(f"ingest/{place}")
        else:
            for place in COPIES_STORED:
                run_sql(self.connection, f"ingest/{place}")
        if self._own_forms is not None:
            run_sql(self.connection, "ingest/site/2_site_lines.sql")
        if is_told and self._is_any("site_lines"):
            run_sql(self.connection, "ingest/site/3_queue_events.sql")
        piece.end(self.connection)

    def _tell_own_kinds(self, forms: OwnForms) -> None:
        """Ask forms of one's own where mailsql's told no kind, or stopped reading."""
        run_told(
            self.connection,
            "ingest/site/1_told_lines.sql",
            own_expressions(forms.kinds, forms.further),
        )

    def _read_subjects(self) -> None:
        """Put subjects in clear (clear_subjects)."""
        encoded = self.connection.execute(
            "select distinct subject_text(content) from cleanup_checks "
            "where stage = 'header' and content ilike 'subject:%=?%'"
        ).fetchall()
        if encoded:
            self.connection.execute(
                "insert into clear_subjects "
                "select unnest(?::struct(text varchar, clear_text varchar)[], recursive := true)",
                [[{"text": text, "clear_text": clear_text(text)} for (text,) in encoded]],
            )

    def _look_ahead(self, piece: Piece) -> None:
        """Tell SQL the days of the whole log where the first of its stamps have no year."""
        is_guessed = self._is_any(
            "batch where last_local_date is null and given_year is null"
        ) and self._is_any("batch_lines where style in ('bsd', 'bsd_fraction')")
        self.connection.execute(
            "set variable log_days = ?::struct(stamp varchar, line_count bigint)[]",
            [[{"stamp": stamp, "line_count": count} for stamp, count in piece.log_days()]]
            if is_guessed
            else [[]],
        )

    def _cut_lines(self) -> None:
        """Find stamp, header and text of the lines to be read (batch_lines)."""
        run_sql(self.connection, "ingest/batch_lines.sql")
        if self._learn_wrappings("batch_lines where is_wrapped"):
            run_sql(self.connection, "ingest/batch_lines.sql")
        if self._peels and (
            self._is_any("batch_lines where is_wrapped and begins_pieces(line)")
            or self._is_any("raw_lines where kind = 'line_piece'")
        ):
            run_sql(self.connection, "ingest/line_pieces.sql")
            if self._is_any("line_pieces"):
                run_sql(self.connection, "ingest/batch_lines.sql")
        if self._is_any("batch_lines where style is null and header is not null"):
            run_sql(self.connection, "ingest/stampless_lines.sql")

    def _learn_wrappings(self, wrapped: str) -> bool:
        """Take off from now on what stands around lines, if something does around one of some.

        Most logs have no such line, and are loaded without planning all that may stand there.
        """
        if self._peels or not self._is_any(wrapped):
            return False
        run_sql(self.connection, "ingest/wrappings")
        self._peels = True
        return True

    def _relate(self, steps: Steps) -> None:
        """Tell what the touched messages have to do with others, and with mailboxes."""
        for place, rows in RELATED.items():
            if self._is_any(rows):
                steps.run(f"ingest/{place}")

    def _kinds(self, *tables: str) -> frozenset[str]:
        """Return the kinds of the lines in some temporary tables."""
        selects = " union ".join(f"select distinct kind from {table}" for table in tables)
        return frozenset(kind for (kind,) in self.connection.execute(selects).fetchall())

    def _tell_older_messages(self) -> None:
        """Tell what became of messages of which an older mailsql did not tell it."""
        self._make_macros()
        self._begin()
        for place in ("0_empty", "untold_messages.sql", "2_order/1_file_ranks.sql", *STATED):
            run_sql(self.connection, f"ingest/{place}")
        self._relate(Steps(self.connection))
        self._commit()

    def _find_copies(self) -> None:
        """Find out which lines count where several logs tell the same; whose rows go, or come."""
        steps = Steps(self.connection)
        for step in ("1_stream_state.sql", "1_touched_seconds.sql"):
            steps.run(f"ingest/2_copies/{step}")
        make_span_macro(self.connection, "is_touched", "touched_spans")
        steps.run("ingest/2_copies/2_contested_seconds.sql")
        if not self._is_any("contested_seconds"):
            return
        run_sql(self.connection, "ingest/2_copies/3_plain")
        if self._is_any("contested_seconds"):
            self._learn_wrappings("contested_lines where is_wrapped(line)")
            run_sql(self.connection, "ingest/2_copies/3_tellings.sql")
            if self._is_any(TOLD_AGAIN):
                run_sql(self.connection, "ingest/2_copies/4_events")
        if not self._is_any("copy_choices"):
            return
        run_sql(self.connection, "ingest/2_copies/5_copied")
        if self._is_any("copy_choices where is_stored and stored_copy_of is null and copy_of > 0"):
            self._begin()
            for step in (
                "2_copies/6_demoted_keys.sql",
                "removed_lines.sql",
                "2_copies/7_demoted_lines.sql",
            ):
                run_sql(self.connection, f"ingest/{step}")
        if self._is_any("copy_choices where stored_copy_of > 0 and copy_of is null"):
            self._read_again("2_copies/8_promoted_lines.sql")
            run_sql(self.connection, "ingest/2_copies/9_promoted_rows.sql")

    def _read_late_hosts_again(self) -> None:
        """Read what late lines may change, and lines that are gone."""
        found = self.connection.execute("select distinct family from late_hosts").fetchall()
        families = {family for (family,) in found}
        if not families:
            return
        if self.connection.execute("select count(*) from removed_lines").fetchone() != (0,):
            self._read_again("3_late/0_removed_lines.sql")
        steps = Steps(self.connection, self._kinds("lines"))
        steps.run("ingest/3_late/1_touching_lines.sql")
        if "postfix" in families:
            steps.run("ingest/3_late/2_postfix")
        if "dovecot" in families:
            for place in (
                "3_late/3_dovecot/1_work_lines.sql",
                "5_parse/dovecot/0_dovecot_lines.sql",
                "5_parse/dovecot/1_login_lines.sql",
                "5_parse/dovecot/2_login_elements.sql",
                "5_parse/dovecot/3_dovecot_logins.sql",
                "5_parse/dovecot/3_session_ends.sql",
                "3_late/3_dovecot/2_touching_sessions.sql",
            ):
                steps.run(f"ingest/{place}")
            if steps.may_hold("touching_sessions"):
                steps.run("ingest/3_late/3_dovecot/3_sessions")
        self._read_again("3_late/4_read_lines.sql")

    def _read_again(self, place: str) -> None:
        """Add lines that are stored, or were, to those at hand."""
        run_sql(self.connection, f"ingest/{place}")
        self._cut_lines()
        Steps(self.connection).run("ingest/1_lines")

    def _is_any(self, rows: str) -> bool:
        """Return whether there is a row."""
        found = self.connection.execute(f"select exists(from {rows})").fetchone()
        return found == (True,)

    def _begin(self) -> None:
        """Begin a transaction, if none is open."""
        if not self._is_writing:
            self.connection.execute("begin")
            self._is_writing = True

    def _commit(self) -> None:
        self.connection.execute("commit")
        self._is_writing = False

    def _store_failed(self, piece: Piece, step: str, error: str) -> None:
        """Keep lines on which a step failed, and say so."""
        if piece.removed_keys is not None:
            self._write(
                RemovedLines(
                    piece.file_key,
                    piece.first_line_no,
                    0,
                    piece.settings,
                    piece.date_before,
                    piece.removed_keys,
                )
            )
        self._begin()
        self._describe(piece)
        piece.begin(self.connection)
        self.connection.execute(
            "create or replace temp table failure as select ?::varchar as step, "
            "?::varchar as error",
            [step, error],
        )
        piece.show(self.connection)
        for file in ("failed_lines.sql", "unread_state.sql", "7_store/log_files.sql"):
            run_sql(self.connection, f"ingest/{file}")
        piece.end(self.connection)
        self._commit()

    def _take_lines_out(self, first_key: int, last_key: int) -> None:
        """Take lines out of the database; what they said decides what is derived again."""
        self.connection.execute("set variable first_gone_key = ?", [first_key])
        self.connection.execute("set variable last_gone_key = ?", [last_key])
        for step in ("gone_lines/1_gone_keys", "removed_lines", "gone_lines/2_gone_lines"):
            run_sql(self.connection, f"ingest/{step}.sql")

    def _describe(self, piece: Piece) -> None:
        """Tell SQL what it works on."""
        settings = piece.settings
        identity_sha256, rotation, branch_of = piece.identity
        first_key = piece.file_key * 2**32 + piece.first_line_no
        self.connection.execute("set variable first_loaded_key = ?", [first_key])
        # Nothing of the stream is loaded behind it yet
        last_key = (piece.file_key + 1) * 2**32 - 1
        self.connection.execute("set variable last_loaded_key = ?", [last_key])
        self.connection.execute(
            "create or replace temp table batch as select told.file_key, "
            "?::bigint as first_line_key, ?::bigint as first_byte, ?::varchar as default_host, "
            "?::integer as given_year, ?::date as reference_date, ?::varchar as timezone, "
            "?::varchar as dovecot_prefix, ?::varchar as forms_sha256, "
            "known.first_logged_at, known.last_logged_at, "
            "coalesce(known.last_local_date, ?::date) as last_local_date, "
            "coalesce(known.identity_sha256, ?::varchar) as identity_sha256, "
            "rotation_now(known.rotation, told.grown_under) as rotation, "
            "known.path is not null and rotation_now(known.rotation, told.grown_under) "
            "is distinct from known.rotation as is_moved, "
            "coalesce(known.branch_of, ?::integer) as branch_of, "
            "coalesce(known.year_source, parents.year_source, ?::varchar) as year_source, "
            "coalesce(known.is_once, false) or ? as is_once, "
            "? and not coalesce(known.is_once, false) as is_once_anew "
            "from (select ?::integer as file_key, ?::varchar as grown_under) as told "
            "left join log_files as known using (file_key) "
            "left join log_files as parents on parents.file_key = ?::integer",
            [
                first_key,
                piece.first_byte,
                settings.host,
                settings.year,
                settings.reference_date,
                settings.timezone,
                settings.dovecot_prefix,
                settings.forms_sha256,
                piece.date_before,
                identity_sha256,
                branch_of,
                piece.year_source,
                piece.is_once,
                piece.is_once,
                piece.file_key,
                rotation,
                branch_of,
            ],
        )


def _ignore(_share: float) -> None:
    """Tell nobody how much is done."""


def _connect(target: Target) -> duckdb.DuckDBPyConnection:
    """Open the database for ingest: nothing in it can make a load read any other file."""

    def shut(connection: duckdb.DuckDBPyConnection) -> None:
        if target.stored is not None:
            attach_stored(connection, target.stored, target.wait_seconds, target.on_wait)
        paths = ", ".join(quote_text(path) for path in target.readable)
        connection.execute(f"set allowed_paths = [{paths}]")
        connection.execute("set enable_external_access = false")

    def opened(row_group_rows: int) -> duckdb.DuckDBPyConnection:
        return open_database(
            target.database,
            read_only=False,
            mode=target.mode,
            wait_seconds=target.wait_seconds,
            on_wait=target.on_wait,
            shut=shut,
            on_update=target.on_update,
            row_group_rows=row_group_rows,
        )

    threads = target.threads
    if target.coming is None:
        connection = opened(ROW_GROUP_ROWS)
    else:
        connection = opened(SMALL_ROW_GROUP_ROWS)
        new_bytes = _new_bytes(connection, target.coming)
        # Only attaching tells the engine
        if new_bytes > SMALL_BYTES:
            connection.close()
            connection = opened(ROW_GROUP_ROWS)
        elif new_bytes <= ONE_THREAD_BYTES and threads is None:
            threads = 1
    try:
        if threads is not None:
            connection.execute(f"set threads = {threads:d}")
        connection.execute(f"set memory_limit = '{target.memory.engine_limit}'")
        connection.execute(f"set checkpoint_threshold = '{CHECKPOINT_THRESHOLD}'")
        connection.execute("set enable_progress_bar = false")
        # The engine thinks that there are few rows where there are many
        connection.execute("set asof_loop_join_threshold = 0")
        connection.execute(
            "set variable dovecot_prefixes = map([]::integer[], "
            "[]::struct(first_line_no bigint, pattern varchar, rewrite varchar)[][])"
        )
    except BaseException:
        connection.close()
        raise
    return connection


def _new_bytes(connection: duckdb.DuckDBPyConnection, coming: Mapping[str, int]) -> int:
    """About how many bytes of some logs are not loaded; a log that was renamed counts as new."""
    loaded = dict(
        connection.execute(
            "select path, max(loaded_bytes) from log_files "
            "where path in (select unnest(?::varchar[])) group by path",
            [list(coming)],
        ).fetchall()
    )
    return sum(max(0, size - loaded.get(name, 0)) for name, size in coming.items())


def _failed_step(error: duckdb.Error) -> str | None:
    """Return the SQL file that failed on what a line holds; None where something else is wrong."""
    is_of_a_line = isinstance(
        error,
        duckdb.DataError
        | duckdb.IntegrityError
        | duckdb.InvalidInputException
        | duckdb.InternalException
        | duckdb.FatalException
        # What a few lines become may be more than all others
        | duckdb.OutOfMemoryException,
    )
    if not is_of_a_line or (tells_full(str(error)) and SPILL_LIMIT not in str(error)):
        return None
    return next(iter(getattr(error, "__notes__", [])), None)
