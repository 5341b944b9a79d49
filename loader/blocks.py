"""A stream of bytes -> batches of whole lines as text that any terminal and SQL engine bears.

Lines are counted and offsets taken in the bytes as they stand in the stream. The text holds no
control character but tabs and newlines, so others can mark what they like in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from tempfile import NamedTemporaryFile
from typing import IO, BinaryIO

from .errors import InputError

# Stands for an empty line, which the CSV reader would skip
EMPTY_LINE = b"\x02"
CHUNK_BYTES = 1048576
LONGEST_LINE_BYTES = 67108864
LONG_LINE_BYTES = 2097152
CONTROL_BYTES = bytes([*range(0, 9), *range(11, 32), 127])
_VISIBLE = {code: f"\\x{code:02x}" for code in [*range(0, 9), *range(11, 32), *range(127, 160)]}


@dataclass(frozen=True)
class Batch:
    """Whole lines that follow each other in a stream.

    Attributes:
        text: temporary file of the lines in UTF-8, each with its newline, empty ones as
            EMPTY_LINE; it goes when it is closed. None where there are no lines.
        first_byte: offset of the first byte in the uncompressed stream.
        byte_count: bytes, newlines included.
        line_count: lines.
        sha256: of those bytes.
        tail: the last bytes, at most 1,024.
        longest_line_bytes: no line of the text is longer.
    """

    text: IO[bytes] | None
    first_byte: int
    byte_count: int
    line_count: int
    sha256: str
    tail: bytes
    longest_line_bytes: int


def read_batches(
    stream: BinaryIO, begun: bytes, first_byte: int, batch_bytes: int, is_closed: bool, name: str
) -> Iterator[Batch]:
    """Cut a stream at line ends.

    A last line that waits for its newline comes as a batch of no lines.

    Args:
        stream: positioned behind begun.
        begun: what was read of the stream already, from first_byte on.
        first_byte: offset at which the first batch begins.
        batch_bytes: size of a batch; a longer line makes a longer batch.
        is_closed: whether a last line without newline is whole, or waits for the next load.
        name: for errors.

    Raises:
        InputError: a line is longer than 64 MiB.
    """
    rest = begun
    is_over = False
    while not is_over:
        text = NamedTemporaryFile(prefix="mailsql-", suffix=".txt")  # noqa: SIM115
        digest = hashlib.sha256()
        byte_count = line_count = 0
        longest = LONG_LINE_BYTES
        tail = b""
        while byte_count < batch_bytes and not is_over:
            read = stream.read(min(CHUNK_BYTES, batch_bytes))
            is_over = not read
            data = rest + read
            end = len(data) if is_closed and is_over else data.rfind(b"\n") + 1
            rest = data[end:]
            if len(rest) > LONGEST_LINE_BYTES:
                raise InputError(f"{name}: a line of more than 64 MiB, not a log")
            if not end:
                continue
            data = data[:end]
            cleaned = _clean_text(data)
            text.write(cleaned)
            digest.update(data)
            byte_count += end
            line_count += data.count(b"\n") + (not data.endswith(b"\n"))
            tail = (tail + data)[-1024:]
            if _has_long_line(data):
                longest = max(longest, len(cleaned))
        text.flush()
        if line_count:
            sha256 = digest.hexdigest()
            yield Batch(text, first_byte, byte_count, line_count, sha256, tail, longest)
            first_byte += byte_count
    if rest:
        yield Batch(None, first_byte, len(rest), 0, "", b"", 0)


def _has_long_line(data: bytes) -> bool:
    """Whether a stretch of half the length of a long line has no line end in it."""
    step = LONG_LINE_BYTES // 2
    return any(data.find(b"\n", at, at + step) < 0 for at in range(0, len(data) - step, step))


def _clean_text(data: bytes) -> bytes:
    r"""Return whole lines as UTF-8 without control characters, what is unreadable as \xNN."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    if not data.isascii() or len(data.translate(None, CONTROL_BYTES)) < len(data):
        data = data.decode("utf-8", "backslashreplace").translate(_VISIBLE).encode()
    if data.startswith(b"\n") or b"\n\n" in data:
        lines = data.split(b"\n")
        data = b"\n".join([line or EMPTY_LINE for line in lines[:-1]] + lines[-1:])
    return data if data.endswith(b"\n") else data + b"\n"
