"""A stream of bytes -> batches of whole lines as text that any terminal and SQL engine bears.

Lines are counted and offsets taken in the bytes as they stand in the stream. The text holds no
control character but tabs and newlines, so others can mark what they like in it. How lines end
stands beside it.
"""

from __future__ import annotations

import hashlib
import mmap
import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import cycle, groupby
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from .decompress import DamagedDataError
from .encoding import encode_text
from .errors import InputError, MailsqlError
from .sources import ByteStream
from .tree import SALT_BYTES, LineTree

# Stands for an empty line, which the CSV reader would skip
EMPTY_LINE = b"\x02"
# `in` takes twice as long
_NEWLINES = re.compile(rb"\n\n")
CHUNK_BYTES = 1048576
LONGEST_LINE_BYTES = 67108864
LONG_LINE_BYTES = 2097152
TAIL_BYTES = 1024


@dataclass(frozen=True)
class BatchFile:
    """What a batch is kept in while it is loaded: files without a name, which nobody else can open.

    Attributes:
        text: what the engine reads.
        endings: what the engine reads, of runs of lines that do not end in LF: places of the first
            and of the last, from 0, -1 being the line before the batch; crlf or none.
        raw: the bytes as they stand in the stream, where that is not what the text holds.
    """

    text: IO[bytes]
    endings: IO[bytes]
    raw: IO[bytes]

    @property
    def path(self) -> str:
        """Where this process finds the text."""
        return f"/dev/fd/{self.text.fileno()}"

    @property
    def endings_path(self) -> str:
        """Where this process finds the endings."""
        return f"/dev/fd/{self.endings.fileno()}"


@contextmanager
def open_batch_files() -> Iterator[tuple[BatchFile, BatchFile]]:
    """Open the files of two batches: one is filled while the other is loaded.

    Raises:
        MailsqlError: files without a name have no path here, for /proc is not there.
    """
    with ExitStack() as stack:
        first, second = (
            BatchFile(*[stack.enter_context(TemporaryFile(prefix="mailsql-")) for _ in range(3)])
            for _ in range(2)
        )
        if not Path(first.path).exists():
            raise MailsqlError(
                "/proc: not mounted, so that the engine cannot read what is loaded",
                "mount -t proc proc /proc, or let the container or the service see it",
            )
        yield first, second


@dataclass(frozen=True)
class Batch:
    """Whole lines that follow each other in a stream.

    Attributes:
        file: its lines in UTF-8, each with its newline, empty ones as EMPTY_LINE.
        raw_start: where its bytes begin in raw.
        is_plain: whether the text is what stands in the stream, so that nothing is in file.raw.
        torn: what stood before the first byte when the stream ended there, without newline.
        ended_bytes: of the batch, which only end that line: then it was whole, else it stands in
            the text as the beginning of the first line.
        first_byte: offset of the first byte in the uncompressed stream.
        byte_count: bytes, newlines included.
        line_count: lines, one that goes on included.
        sha256: of those bytes.
        salt: of its hashes, in hexadecimal.
        root: of the tree of its lines, in hexadecimal; None where none is made.
        tail: the last bytes, at most TAIL_BYTES.
        longest_line_bytes: no line of the text is longer.
    """

    file: BatchFile
    raw_start: int
    is_plain: bool
    torn: bytes
    ended_bytes: int
    first_byte: int
    byte_count: int
    line_count: int
    sha256: str
    salt: str
    root: str | None
    tail: bytes
    longest_line_bytes: int

    @property
    def raw(self) -> IO[bytes]:
        """The file that holds its bytes as they stand in the stream."""
        return self.file.text if self.is_plain else self.file.raw

    @property
    def goes_on(self) -> bool:
        """Whether the beginning of the first line was loaded before, as a line."""
        return bool(self.torn) and not self.ended_bytes


@dataclass(frozen=True)
class _Run:
    """Lines from a place on that end alike: lf, crlf or none."""

    first_place: int
    ending: str


class _Writer:
    """Writes one batch into the text of a file, piece by piece."""

    def __init__(
        self,
        file: BatchFile,
        first_byte: int,
        torn: bytes,
        is_proven: bool,
        raw_start: int | None = None,
    ) -> None:
        self.file = file
        self.raw_start = raw_start or 0
        # What is in file.raw already is not kept again
        self._keeps_raw = raw_start is None
        self.is_plain = self._keeps_raw
        self.first_byte = first_byte
        self.torn = torn
        self.ended_bytes = 0
        self.byte_count = 0
        self.line_count = 0
        self._digest = hashlib.sha256()
        self._salt = secrets.token_bytes(SALT_BYTES)
        self._tree = LineTree(self._salt) if is_proven else None
        self._run = _Run(0, "lf")
        self._tail = b""
        self._longest = LONG_LINE_BYTES
        for kept in (file.text, file.endings, *([file.raw] if self._keeps_raw else [])):
            kept.seek(0)
            kept.truncate()

    def add(self, data: bytes) -> None:
        """Take whole lines; only the last of a batch may lack its newline."""
        text = data
        if self.torn and not self.byte_count:
            self.ended_bytes = _line_end_length(self.torn, data)
            text = data[self.ended_bytes :] if self.ended_bytes else self.torn + data
            if self.ended_bytes == len(b"\r\n"):
                self.file.endings.write(b"-1,-1,crlf\n")
        cleaned = clean_text(text) if text else b""
        if self.is_plain and cleaned != data:
            self._part_from_text()
        if self._keeps_raw and not self.is_plain:
            self.file.raw.write(data)
        if text:
            self._count_lines(text)
            self.file.text.write(cleaned)
            if _has_long_line(text):
                self._longest = max(self._longest, len(cleaned))
        self._digest.update(data)
        if self._tree is not None:
            self._tree.add(leaves_of(data))
        self.byte_count += len(data)
        self._tail = (self._tail + data[-TAIL_BYTES:])[-TAIL_BYTES:]

    def _part_from_text(self) -> None:
        """Keep what stands in the stream beside the text, which is another one from here on."""
        self.is_plain = False
        _copy(self.file.text, self.file.raw)

    def _count_lines(self, text: bytes) -> None:
        """Count lines, and write down where they end otherwise than the one before them."""
        for ending, count in _endings(text):
            if ending != self._run.ending:
                self._end_run(self.line_count)
                self._run = _Run(self.line_count, ending)
            self.line_count += count

    def _end_run(self, place: int) -> None:
        """Write the run that ends before a line, if it is to be told."""
        first, ending = self._run.first_place, self._run.ending
        if ending != "lf":
            self.file.endings.write(f"{first},{place - 1},{ending}\n".encode())

    def finish(self) -> Batch:
        """Return the batch."""
        self._end_run(self.line_count)
        for kept in (self.file.endings, self.file.text, self.file.raw):
            kept.flush()
        return Batch(
            self.file,
            self.raw_start,
            self.is_plain,
            self.torn,
            self.ended_bytes,
            self.first_byte,
            self.byte_count,
            self.line_count,
            self._digest.hexdigest(),
            self._salt.hex(),
            None if self._tree is None else self._tree.finish()[0].hex(),
            self._tail,
            self._longest,
        )


def read_batches(
    stream: ByteStream,
    begun: bytes,
    first_byte: int,
    batch_bytes: int,
    is_closed: bool,
    name: str,
    files: Sequence[BatchFile],
    torn: bytes = b"",
    is_proven: bool = False,
) -> Iterator[Batch | bytes]:
    """Cut a stream at line ends.

    A last line that waits for its newline comes as bytes.

    Args:
        stream: positioned behind begun.
        begun: what was read of the stream already, from first_byte on.
        first_byte: offset at which the first batch begins.
        batch_bytes: size of a batch; a longer line makes a longer batch.
        is_closed: whether a last line without newline is whole, or waits for the next load.
        name: for errors.
        files: for the batches, in turn; a batch is gone when as many others have been read.
        torn: what stands before first_byte of a line of which the end was not there.
        is_proven: whether a hash tree is made of the lines of each batch.

    Raises:
        InputError: a line is longer than 64 MiB.
        DamagedDataError: the stream ends in a damage; its whole lines came as batches.
    """
    rest = begun
    damage: DamagedDataError | None = None
    is_over = False
    in_turn = cycle(files)
    while not is_over:
        writer = _Writer(next(in_turn), first_byte, torn, is_proven)
        while not is_over and (writer.byte_count < batch_bytes or not writer.line_count):
            try:
                read = stream.read(min(CHUNK_BYTES, batch_bytes))
            except DamagedDataError as error:
                damage, read = error, b""
            is_over = not read
            data = rest + read
            is_whole = is_closed and is_over and damage is None
            end = len(data) if is_whole else data.rfind(b"\n") + 1
            rest = data[end:]
            if len(rest) > LONGEST_LINE_BYTES:
                raise InputError(f"{name}: a line of more than 64 MiB, not a log")
            if end:
                writer.add(data[:end])
        if writer.line_count:
            batch = writer.finish()
            yield batch
            first_byte += batch.byte_count
            torn = b""
    if damage is not None:
        raise damage
    if rest:
        yield rest


def cut_in_two(batch: Batch) -> Iterator[Batch]:
    """Yield the halves of a batch of several lines; each is gone when the next is asked for."""
    if batch.is_plain:
        _copy(batch.file.text, batch.file.raw)
    with mmap.mmap(batch.file.raw.fileno(), 0, access=mmap.ACCESS_READ) as raw:
        start, end = batch.raw_start, batch.raw_start + batch.byte_count
        middle = (start + end) // 2
        begun = start + batch.ended_bytes
        cut = raw.rfind(b"\n", begun, middle) + 1 or raw.find(b"\n", max(begun, middle), end) + 1
        for half_start, half_end, torn in ((start, cut, batch.torn), (cut, end, b"")):
            first_byte = batch.first_byte + half_start - start
            is_proven = batch.root is not None
            writer = _Writer(batch.file, first_byte, torn, is_proven, half_start)
            writer.add(raw[half_start:half_end])
            yield writer.finish()


def _copy(text: IO[bytes], raw: IO[bytes]) -> None:
    """Let a file begin with all that another one holds."""
    text.seek(0)
    shutil.copyfileobj(text, raw)
    raw.flush()


def last_line(batch: Batch) -> bytes:
    """Return the last line of a batch as it stands in the stream, without its newline."""
    with mmap.mmap(batch.raw.fileno(), 0, access=mmap.ACCESS_READ) as raw:
        end = batch.raw_start + batch.byte_count
        end -= raw[end - 1 : end] == b"\n"
        return raw[raw.rfind(b"\n", batch.raw_start, end) + 1 : end]


def _line_end_length(torn: bytes, data: bytes) -> int:
    """How many bytes of what follows a torn line only end it."""
    if data.startswith(b"\r\n"):
        return 2
    return int(data.startswith(b"\n") and not torn.endswith(b"\r"))


def _has_long_line(data: bytes) -> bool:
    """Whether a stretch of half the length of a long line has no line end in it."""
    step = LONG_LINE_BYTES // 2
    return any(data.find(b"\n", at, at + step) < 0 for at in range(0, len(data) - step, step))


def leaves_of(data: bytes) -> list[bytes]:
    """Return lines, each with its newline, which only the last may lack."""
    *lines, rest = data.split(b"\n")
    leaves = [line + b"\n" for line in lines]
    return [*leaves, rest] if rest else leaves


def _endings(text: bytes) -> Iterator[tuple[str, int]]:
    """Yield how runs of whole lines end, and how many lines they are."""
    line_count = text.count(b"\n")
    crlf_count = text.count(b"\r\n") if b"\r" in text else 0
    if crlf_count in (0, line_count):
        if line_count:
            yield "crlf" if crlf_count else "lf", line_count
    else:
        lines = text.split(b"\n")[:-1]
        for is_crlf, run in groupby(lines, key=lambda line: line.endswith(b"\r")):
            yield "crlf" if is_crlf else "lf", len(list(run))
    if not text.endswith(b"\n"):
        yield "none", 1


def clean_text(data: bytes) -> bytes:
    """Return whole lines as the text that the engine reads."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    data = encode_text(data)
    if data.startswith(b"\n") or _NEWLINES.search(data):
        lines = data.split(b"\n")
        data = b"\n".join([line or EMPTY_LINE for line in lines[:-1]] + lines[-1:])
    return data if data.endswith(b"\n") else data + b"\n"
