"""The journal of systemd, by journalctl: what stands behind an entry, as lines; and whether
anything does.

An entry is known by its cursor. Only what mail daemons wrote is asked for.
"""

from __future__ import annotations

import fcntl
import io
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from .decompress import JOURNAL_EXPORT, DamagedDataError
from .errors import InputError
from .journal import BrokenEntryError, as_lines
from .rewriting import Rewriter

JOURNAL = "journal"
PLACE_PREFIX = "journal:"
PROGRAM = "journalctl"
# The facility mail (syslog(3)); the services, whatever facility they are told to use; and what
# journald says of lines that it dropped (SD_MESSAGE_JOURNAL_DROPPED of sd-messages(3))
MATCHES = (
    "SYSLOG_FACILITY=2",
    "+",
    "_SYSTEMD_UNIT=postfix.service",
    "_SYSTEMD_UNIT=postfix@-.service",
    "_SYSTEMD_UNIT=dovecot.service",
    "+",
    "MESSAGE_ID=a596d6fe7bfa4994828e72309e95d61e",
)
# What is read, and who wrote it; cursor, times and boot always come
FIELDS = (
    *("MESSAGE", "MESSAGE_ID", "PRIORITY", "SYSLOG_FACILITY", "SYSLOG_IDENTIFIER", "SYSLOG_PID"),
    *("_HOSTNAME", "_PID", "_UID", "_COMM", "_SYSTEMD_UNIT", "_TRANSPORT"),
    *("_SOURCE_REALTIME_TIMESTAMP", "CONTAINER_ID", "CONTAINER_ID_FULL", "CONTAINER_NAME"),
)
READ_BYTES = 1048576
SAID_BYTES = 4096
# Of journalctl, where it leaves out what the user may not see, or finds nothing at all
NOT_ALL = ("not seeing messages from", "insufficient permissions")
NONE_THERE = "No journal files were found"
# Between two attempts at what failed
RETRY_SECONDS = 30.0


class JournalError(DamagedDataError):
    """Entries cannot be read any further, now."""

    def __init__(self, message: str) -> None:
        super().__init__(message, JOURNAL_EXPORT, 0)


def names_journal(path: str) -> bool:
    """Whether an argument names a journal: this machine's, or one in a place."""
    return path == JOURNAL or path.startswith(PLACE_PREFIX)


def entry_cursor(line: bytes) -> str:
    """Return the cursor of an entry as a line."""
    return str(json.loads(line)["__CURSOR"])


def is_same_entry(one: str, other: str) -> bool:
    """Whether two cursors are of one entry (systemd, Journal Export Formats).

    Numbers within a file are others when journald has moved the entry to another file.
    """
    parts, others = _parts(one), _parts(other)
    if parts.get("s") == others.get("s"):
        return parts == others
    names = ("b", "m", "t", "x")
    return [parts.get(name) for name in names] == [others.get(name) for name in names]


def _parts(cursor: str) -> dict[str, str]:
    return {name: value for name, _, value in (part.partition("=") for part in cursor.split(";"))}


def _time(cursor: str) -> datetime:
    """Return when an entry was written."""
    return datetime.fromtimestamp(int(_parts(cursor)["t"], 16) / 1e6, UTC)


def _command(journal: str, *options: str) -> list[str]:
    place = journal.removeprefix(PLACE_PREFIX)
    where = []
    if journal != JOURNAL:
        where = [f"--{'directory' if Path(place).is_dir() else 'file'}={place}"]
    return [PROGRAM, *where, "--no-pager", *options, *MATCHES]


def _start(command: list[str], said: int) -> subprocess.Popen[bytes]:
    """Start journalctl, so that Ctrl-C on the terminal does not end it in the middle of an entry.

    Raises:
        OSError: it cannot be started.
    """
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=said,
        env={**os.environ, "LC_ALL": "C"},
        start_new_session=True,
    )


class JournalStream:
    """The entries behind one of a journal, each as a line of JSON.

    Attributes:
        cursor: of the entry that was read last; None where there was none.
        gap: times of the entry behind which was to be read, which is not there any more, and of the
            first one that is.
        rewriter: gives the lines pseudonyms; None: they stay as they are.
    """

    def __init__(self, journal: str, cursor: str | None) -> None:
        self.cursor = cursor
        self.gap: tuple[datetime, datetime] | None = None
        self.rewriter: Rewriter | None = None
        self._journal = journal
        self._said = os.memfd_create(PROGRAM)
        # The entry itself is asked for, too: whether it comes tells whether it is still there
        behind = [] if cursor is None else [f"--cursor={cursor}"]
        fields = f"--output-fields={','.join(FIELDS)}"
        command = _command(journal, "--output=export", fields, *behind)
        try:
            self._process = _start(command, self._said)
        except FileNotFoundError as error:
            os.close(self._said)
            raise InputError(
                f"{journal}: {PROGRAM} is not installed",
                f"the journal is read by {PROGRAM}, which is part of systemd",
            ) from error
        self._lines = self._read_lines()
        self._rest = b""
        self._fault: JournalError | None = None

    def read(self, count: int, /) -> bytes:
        """Return the next bytes, fewer only at the end.

        Raises:
            InputError: the journal cannot be read.
            JournalError: not to its end.
        """
        parts = [self._rest]
        size = len(self._rest)
        while size < count and self._fault is None:
            try:
                lines = next(self._lines, b"")
            except JournalError as error:
                # Told when what came before it was read
                self._fault = error
                break
            if not lines:
                break
            parts.append(lines)
            size += len(lines)
        if not size and self._fault is not None:
            raise self._fault
        data = b"".join(parts)
        self._rest = data[count:]
        return data[:count]

    def seek(self, position: int, /) -> object:
        """Refuse: what comes again is asked for by its cursor.

        Raises:
            io.UnsupportedOperation: always.
        """
        raise io.UnsupportedOperation("seek")

    def close(self) -> None:
        """End journalctl, wherever it is."""
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        os.close(self._said)

    def _read_lines(self) -> Iterator[bytes]:
        """Yield lines behind the entry that was loaded last."""
        loaded = self.cursor
        try:
            for lines in as_lines(self._pieces()):
                if not lines:
                    continue
                rest = lines
                if loaded is not None:
                    first, _, behind = lines.partition(b"\n")
                    cursor = entry_cursor(first)
                    if is_same_entry(cursor, loaded):
                        rest = behind
                    else:
                        self.gap = _time(loaded), _time(cursor)
                    loaded = None
                if rest:
                    self.cursor = entry_cursor(rest[:-1].rpartition(b"\n")[2])
                    yield rest if self.rewriter is None else self.rewriter.rewrite(rest)
        except BrokenEntryError as error:
            self._check_end()
            raise JournalError(str(error)) from error

    def _pieces(self) -> Iterator[bytes]:
        """Yield what journalctl writes."""
        assert self._process.stdout is not None
        while piece := os.read(self._process.stdout.fileno(), READ_BYTES):
            self._check_said()
            yield piece
        self._check_end()

    def _check_said(self) -> str:
        """Return what journalctl has said so far.

        Raises:
            InputError: it leaves out what this user may not see, or nothing is there.
        """
        said = os.pread(self._said, SAID_BYTES, 0).decode(errors="replace")
        if any(words in said for words in NOT_ALL):
            raise InputError(
                f"{self._journal}: this user may not read all of it",
                "the groups systemd-journal and adm may",
            )
        if NONE_THERE in said:
            raise InputError(
                f"{self._journal}: no journal is there", "journalctl --header tells what there is"
            )
        return said

    def _check_end(self) -> None:
        """Look how journalctl ended.

        Raises:
            InputError: as _check_said.
            JournalError: it failed.
        """
        status = self._process.wait()
        said = self._check_said().strip().splitlines()
        if status:
            what = said[-1] if said else f"ended with {status}"
            raise JournalError(f"{PROGRAM}: {what}")


class JournalNews:
    """Whether there are entries that are not loaded, told by a journalctl that waits for them.

    Attributes:
        journal: as it was named.
        waiting_bytes: what it has told of since the last load.
    """

    def __init__(self, journal: str) -> None:
        self.journal = journal
        self.waiting_bytes = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at: float | None = None
        # When to look into the journal whatever was seen, by the monotonic clock
        self._look_at: float | None = 0.0
        self._seen: str | None = None
        self._loaded: str | None = None
        self._rest = b""

    def look(self) -> bool:
        """Return whether there may be entries that are not loaded."""
        if self._process is None:
            self._restart()
        self._drain()
        if self._look_at is not None:
            return time.monotonic() >= self._look_at
        if self._seen is None:
            return False
        return self._loaded is None or not is_same_entry(self._seen, self._loaded)

    def loaded(self, cursor: str | None) -> None:
        """Note the entry that was loaded last, if there is any."""
        self._look_at = None
        self._loaded = cursor
        self.waiting_bytes = 0

    def failed(self) -> None:
        """Note that the journal could not be loaded, so that it is tried again."""
        self._look_at = time.monotonic() + RETRY_SECONDS

    def look_anew(self) -> None:
        """Have the journal looked into, whatever was seen."""
        self._look_at = 0.0

    def close(self) -> None:
        """End journalctl."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None

    def _restart(self) -> None:
        """Start journalctl, unless that was tried just before; the journal is looked into then."""
        now = time.monotonic()
        if self._started_at is not None and now - self._started_at < RETRY_SECONDS:
            return
        self._started_at = now
        self._look_at = 0.0
        self._rest = b""
        # With the last entry that is there: nothing comes between a load and the beginning of this
        options = ("--follow", "--lines=1", "--output=json", "--output-fields=MESSAGE")
        command = _command(self.journal, *options)
        # What keeps it from being started is told by the load
        with suppress(OSError):
            self._process = _start(command, subprocess.DEVNULL)
            assert self._process.stdout is not None
            os.set_blocking(self._process.stdout.fileno(), False)
            fcntl.fcntl(self._process.stdout.fileno(), fcntl.F_SETPIPE_SZ, READ_BYTES)

    def _drain(self) -> None:
        """Read what journalctl has told; keep the last cursor."""
        if self._process is None or self._process.stdout is None:
            return
        try:
            while piece := os.read(self._process.stdout.fileno(), READ_BYTES):
                self.waiting_bytes += len(piece)
                *lines, self._rest = (self._rest + piece).split(b"\n")
                if lines:
                    self._seen = entry_cursor(lines[-1])
        except BlockingIOError:
            return
        self.close()
