"""Paths -> log streams in time order, opened as bytes: which files are logs, how they are
compressed, whether they can still grow, and the date that dates their stamps.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Protocol

from .decompress import (
    BEGINNING_BYTES,
    JOURNAL_EXPORT,
    DamagedDataError,
    DecompressedFile,
    compression_of,
)
from .errors import InputError
from .journalctl import JournalStream, names_journal
from .room import is_full

STANDARD_INPUT = "-"
LOG_NAME = re.compile(r"(?:^|[._-])(?:mail|maillog|postfix|dovecot)", re.IGNORECASE)
# Debian's syslog writes these lines to mail.log as well
REPEATED_NAME = re.compile(r"^mail\.(?:err|warn|info)(?:$|\.)")
# Databases stand beside the logs, mail.duckdb as mailsql's own default
DATABASE_NAME = re.compile(r"\.(?:duckdb|db)(?:\.wal)?$")
ROTATED = re.compile(
    r"^(?P<base>.*?)[._-](?:(?P<number>\d{1,3})|(?P<date>\d{4}-?\d{2}-?\d{2})(?:[-_T]?\d{2,6})?)$"
)
# Numbers as logrotate and newsyslog give them, descending in time; other tools count upwards
TELLS_AGE = re.compile(r"\.(?:0|[1-9]\d{0,2})$|[._-]\d{4}-?\d{2}-?\d{2}(?:[-_T]?\d{2,6})?$")
# Between parts of one rotated log
LONGEST_SILENCE = timedelta(days=31)
# Stamps are of the year that puts them nearest to the day in a name
HALF_YEAR = timedelta(days=183)
COMPRESSED_SUFFIX = re.compile(r"\.(?:gz|bz2|xz|zst|lzma)$")
# Control characters that no text holds; NUL is left out, for a crash leaves runs of it in logs
BINARY_BYTES = bytes([*range(1, 8), *range(14, 27), *range(28, 32), 127])
SNIFFED_BYTES = 65536
# Of syslog, at the beginning of a line, or behind a name that docker or Kubernetes gives it
YEARLESS_STAMP = re.compile(
    rb"^(?:[\w.@-]+ +\| *|\[[^]\n]*\] *|\{\"log\":\")?(?:<\d+>)?"
    rb"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +(\d{1,2}) \d\d:",
    re.MULTILINE,
)
# What is looked at whole at the beginning of a log, and of each later piece
FIRST_LINES_BYTES = 1048576
SAMPLED_BYTES = 1024
# Of the bytes of a log to those of it compressed
TYPICAL_RATIO = 10


class ByteStream(Protocol):
    """Bytes of a log, uncompressed."""

    def read(self, count: int, /) -> bytes:
        """Return the next bytes, fewer only at the end."""
        ...

    def seek(self, position: int, /) -> object:
        """Go on reading at a place; standard input cannot."""
        ...


@dataclass(frozen=True)
class Source:
    """A log as the user named it.

    Attributes:
        path: the file, or None for standard input and journals.
        compression: a word of decompress.BEGINNINGS, or None; of standard input it is not known
            yet.
        is_closed: nothing is appended any more, so a last line without newline is whole.
        reference_date: day of its last change, or half a year after the day in its name if that is
            earlier; most of the last stamps without a year are not after it.
        date_source: what tells that day: file time, file name, next part (of its rotation) or
            load time.
        rotation: what the parts of one rotated log have in common: folder and base name of the
            path; None for standard input.
        descriptor: an open file to read it from, where nothing is at the path any more, or
            something else.
        must_go_on: nobody named it, but the log of which it is a part: it is loaded only if it
            continues what is loaded of that.
        journal: a journal of systemd, as it was named; it has no path.
    """

    path: Path | None
    compression: str | None
    is_closed: bool
    reference_date: date
    date_source: str
    rotation: str | None
    descriptor: int | None = None
    must_go_on: bool = False
    journal: str | None = None

    @property
    def name(self) -> str:
        r"""The path as shown and stored; bytes of it that are no UTF-8 as \xNN."""
        if self.journal is not None:
            return self.journal
        if self.path is None:
            return STANDARD_INPUT
        return _shown_path(self.path)

    @property
    def byte_count(self) -> int | None:
        """About how many bytes it has uncompressed; None where that is not known, as of a pipe."""
        if self.journal is not None:
            return None
        try:
            found = Path("/dev/fd/0" if self.path is None else self.path).stat()
        except OSError:
            return None
        if not stat.S_ISREG(found.st_mode):
            return None
        return found.st_size * (1 if self.compression is None else TYPICAL_RATIO)


def find_sources(paths: Sequence[str], today: date) -> tuple[list[Source], dict[str, InputError]]:
    """Return the logs under the given paths, older parts of a rotated log first, and the faults.

    Args:
        paths: files, directories, journals, or "-" for standard input.
        today: dates the stamps of standard input.

    Returns:
        The logs; and for each path that does not exist, is no file, cannot be read or holds no
        mail log, why.
    """
    files, faults = find_files(
        [given for given in paths if given != STANDARD_INPUT and not names_journal(given)]
    )
    unique = sorted({file.resolve(): file for file in files}.values(), key=_age_order)
    sources = []
    for file in unique:
        try:
            sources.append(_describe(file))
        except OSError as error:
            faults[str(file)] = _unreadable(str(file), error)
    sources = _in_order(sources)
    named = dict.fromkeys(given for given in paths if names_journal(given))
    sources += [journal_source(journal, today) for journal in named]
    if STANDARD_INPUT in paths:
        sources.append(Source(None, None, True, today, "load time", None))
    return sources, faults


def journal_source(journal: str, today: date) -> Source:
    """Return a journal of systemd."""
    return Source(None, JOURNAL_EXPORT, True, today, "load time", None, journal=journal)


def find_files(paths: Sequence[str]) -> tuple[list[Path], dict[str, InputError]]:
    """Return the files under the given paths, and why there are none, for each that has none."""
    files: list[Path] = []
    faults: dict[str, InputError] = {}
    for given in paths:
        try:
            files += _find_files(given)
        except InputError as error:
            faults[given] = error
        except OSError as error:
            faults[given] = _unreadable(given, error)
    return files, faults


def may_grow(path: Path) -> bool:
    """Whether a name is that of a log which is still written, not that of a part rotated away."""
    stem = COMPRESSED_SUFFIX.sub("", path.name)
    return stem == path.name and ROTATED.match(stem) is None


def rotated_parts(path: Path) -> list[Path]:
    """Return what stands beside a log and is called like a part of it that was rotated away."""
    found = []
    for beside in path.parent.iterdir():
        if beside.name.startswith(path.name):
            rotated = ROTATED.match(COMPRESSED_SUFFIX.sub("", beside.name))
            if rotated and rotated["base"] == path.name:
                found.append(beside)
    return found


def held_source(path: Path, descriptor: int, *, is_closed: bool) -> Source:
    """Return a log that is open, and no longer to be found where it was."""
    changed = datetime.fromtimestamp(os.fstat(descriptor).st_mtime).date()
    folder, base, *_ = _age_order(Path(_shown_path(path)).absolute())
    rotation = str(Path(folder, base))
    return Source(path, None, is_closed, changed, "file time", rotation, descriptor)


def _in_order(sources: list[Source]) -> list[Source]:
    """Date parts of one rotated log so that none goes on behind the beginning of the next one.

    Files that were copied have lost the times that tell their years: a part was not changed before
    the next one, if that follows it by its name and by its stamps.
    """
    ordered: list[Source] = []
    for source in reversed(sources):
        later = ordered[-1] if ordered else None
        if (
            later is not None
            and source.rotation == later.rotation
            and _tells_age(source)
            and (_tells_age(later) or _age_order(Path(later.name))[2])
            and source.reference_date >= later.reference_date
        ):
            begin = _ordinary_day(_days_of(later, FIRST_LINES_BYTES), later.reference_date)
            if begin is not None and begin < source.reference_date:
                end = _ordinary_day(_days_of(source, None)[::-1], begin)
                if end is not None and begin - end <= LONGEST_SILENCE:
                    source = replace(source, reference_date=begin, date_source="next part")
        ordered.append(source)
    return ordered[::-1]


def _tells_age(source: Source) -> bool:
    """Whether the name says how old a part of a rotated log is."""
    return TELLS_AGE.search(COMPRESSED_SUFFIX.sub("", source.name)) is not None


def _ordinary_day(runs: list[tuple[str, int]], reference: date) -> date | None:
    """Return the day in the middle of the first two of a hundred lines, or of the first three.

    Fewer may be of a clock that was not set. Each is taken for the latest day of its name that is
    not after a reference, of which the zone may differ by a day.
    """
    wanted = max(3, sum(count for _, count in runs) // 50)
    days: list[date] = []
    for stamp, count in runs:
        day = _latest_day(stamp, reference + timedelta(days=1))
        if day is not None:
            days += [day] * min(count, wanted - len(days))
    return sorted(days)[(len(days) - 1) // 2] if days else None


def _latest_day(stamp: str, last: date) -> date | None:
    for year in range(last.year, last.year - 9, -1):
        with suppress(ValueError):
            found = datetime.strptime(f"{year} {stamp}", "%Y %b %d").date()
            if found <= last:
                return found
    return None


def log_days(stream: ByteStream) -> list[tuple[str, int]]:
    """Return the days of stamps without a year, as they follow each other in a stream.

    The first MiB is looked at line by line, then the beginning of every 64 KiB, and the end.

    Args:
        stream: positioned at the beginning of a line.

    Returns:
        Month and day, as a stamp begins ("Feb  3"), and how many lines begin so.
    """
    runs: list[tuple[str, int]] = []

    def add(piece: bytes) -> None:
        stamps = (
            f"{month.decode()} {day.decode():>2}" for month, day in YEARLESS_STAMP.findall(piece)
        )
        for stamp, same in groupby(stamps):
            before = runs.pop()[1] if runs and runs[-1][0] == stamp else 0
            runs.append((stamp, before + sum(1 for _ in same)))

    last = b""
    # A damage is told when the log is loaded
    with suppress(DamagedDataError):
        add(stream.read(FIRST_LINES_BYTES))
        while piece := stream.read(SNIFFED_BYTES):
            add(last[:SAMPLED_BYTES])
            # A line that began before may hold anything
            last = piece[piece.find(b"\n") + 1 or len(piece) :]
    add(last)
    return runs


def _days_of(source: Source, byte_count: int | None) -> list[tuple[str, int]]:
    """Return log_days of a log, or of its beginning."""
    with suppress(InputError, DamagedDataError), open_source(source) as stream:
        return log_days(stream if byte_count is None else io.BytesIO(stream.read(byte_count)))
    return []


def _find_files(given: str) -> list[Path]:
    path = Path(given)
    if path.is_dir():
        return _logs_in_directory(path)
    if path.is_file():
        return [path]
    if path.exists():
        raise InputError(f"{given}: not a regular file", "pipe it in and name -")
    raise InputError(f"{given}: no such file", "check the path; a directory works as well")


class ComesOnce(ABC):
    """A stream that comes once; what was read of it can be given back."""

    def __init__(self) -> None:
        self._returned: IO[bytes] = io.BytesIO()

    @abstractmethod
    def read(self, count: int) -> bytes:
        """Return the next bytes, fewer only at the end."""

    def give_back(self, file: IO[bytes]) -> None:
        """Read what follows in a file once more, before what comes."""
        self._returned = file

    def seek(self, position: int) -> object:
        """Refuse: nothing comes twice.

        Raises:
            io.UnsupportedOperation: always.
        """
        raise io.UnsupportedOperation("seek")


class StandardInput(ComesOnce):
    """Standard input, read past the buffer of sys.stdin, whose lock a waiting thread would hold.

    If it is compressed, all of it goes into a file first, so that a damage is found as in a file.
    """

    def __init__(self, packed: IO[bytes]) -> None:
        super().__init__()
        self._packed = packed
        self._stream: DecompressedFile | io.FileIO | None = None

    def read(self, count: int) -> bytes:
        """Return the next bytes, fewer only at the end."""
        parts = [self._returned.read(count)]
        count -= len(parts[0])
        stream = self._stream or self._begin()
        # What told whether it is compressed was given back
        parts.append(self._returned.read(count))
        count -= len(parts[-1])
        while count > 0 and (part := stream.read(count)):
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def _begin(self) -> DecompressedFile | io.FileIO:
        """Look at its first bytes."""
        raw = io.FileIO(0, closefd=False)
        self._stream = raw
        head = b""
        while len(head) < BEGINNING_BYTES and (part := raw.read(BEGINNING_BYTES - len(head))):
            head += part
        compression = compression_of(head)
        if compression is None:
            self._returned = io.BytesIO(head)
            return raw
        self._packed.write(head)
        shutil.copyfileobj(raw, self._packed)
        self._packed.flush()
        self._stream = DecompressedFile(Path(f"/dev/fd/{self._packed.fileno()}"), compression)
        return self._stream

    def close(self) -> None:
        """Close what was opened; standard input itself stays open."""
        if self._stream is not None:
            self._stream.close()


@contextmanager
def open_source(source: Source, cursor: str | None = None) -> Iterator[ByteStream]:
    """Open a log for reading its uncompressed bytes; a journal, those behind an entry.

    Raises:
        InputError: it cannot be opened or read.
    """
    try:
        if source.journal is not None:
            with closing(JournalStream(source.journal, cursor)) as entries:
                yield entries
        elif source.path is None:
            with TemporaryFile() as packed, closing(StandardInput(packed)) as stream:
                yield stream
        elif source.compression is not None:
            with closing(DecompressedFile(source.path, source.compression)) as unpacked:
                yield unpacked
        else:
            path = source.path
            if source.descriptor is not None:
                # Opened anew, so that it is read from its beginning
                path = Path(f"/dev/fd/{source.descriptor}")
            with path.open("rb") as stream:
                yield stream
    except OSError as error:
        # Of the temporary files: no log is to blame
        if is_full(error):
            raise
        raise _unreadable(source.name, error) from error


def _unreadable(name: str, error: OSError) -> InputError:
    may_not = isinstance(error, PermissionError)
    hint = "run as a user who may read it, or with sudo" if may_not else "check path and disk"
    return InputError(f"{name}: {error.strerror or error}", hint)


def check_text(head: bytes, name: str) -> None:
    """Refuse bytes that are no text.

    Raises:
        InputError: more than one byte in fifty is a control character.
    """
    text = head.replace(b"\0", b"")
    if len(text.translate(None, BINARY_BYTES)) < len(text) * 0.98:
        raise InputError(f"{name}: binary data, not a log", "name text logs, plain or compressed")


def _logs_in_directory(directory: Path) -> list[Path]:
    names = [
        path
        for path in directory.iterdir()
        if path.is_file() and LOG_NAME.search(path.name) and not DATABASE_NAME.search(path.name)
    ]
    logs = [path for path in names if not REPEATED_NAME.search(path.name)] or names
    if not logs:
        raise InputError(
            f"{directory}: no mail logs in this directory",
            "name the files; in a directory, names with mail, postfix or dovecot are taken",
        )
    return logs


def _age_order(path: Path) -> tuple[str, str, int, str, int]:
    """Sort key: parts of one rotated log from the oldest to the one still written."""
    stem = COMPRESSED_SUFFIX.sub("", path.name)
    rotated = ROTATED.match(stem)
    if not rotated:
        return str(path.parent), stem, 1, "", 0
    day = (rotated["date"] or "").replace("-", "")
    return str(path.parent), rotated["base"], 0, day, -int(rotated["number"] or 0)


def _describe(path: Path) -> Source:
    with path.open("rb") as stream:
        head = stream.read(BEGINNING_BYTES)
    changed = datetime.fromtimestamp(path.stat().st_mtime).date()
    compression = compression_of(head)
    rotated = ROTATED.match(COMPRESSED_SUFFIX.sub("", path.name))
    reference_date, date_source = changed, "file time"
    if rotated and rotated["date"]:
        try:
            named = datetime.strptime(rotated["date"].replace("-", ""), "%Y%m%d").date()
            # It may be the beginning of a period, and a log may grow on under it; the time of the
            # file says until when, unless it was copied
            reference_date = min(max(named, changed), named + HALF_YEAR)
            date_source = "file name"
        except ValueError:
            rotated = None
    folder, base, *_ = _age_order(Path(_shown_path(path)).absolute())
    is_closed = bool(compression or rotated)
    return Source(
        path, compression, is_closed, reference_date, date_source, str(Path(folder, base))
    )


def _shown_path(path: Path) -> str:
    return os.fsencode(path).decode("utf-8", "backslashreplace")
