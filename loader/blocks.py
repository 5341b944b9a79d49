"""A stream of bytes -> batches of whole lines as text that any terminal and any SQL engine bears.

Lines are counted and offsets taken in the bytes as they stand in the stream.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from .errors import InputError

BLOCK_BYTES = 131072
LONGEST_LINE_BYTES = 67108864
CONTROL_BYTES = bytes([*range(0, 9), 11, 12, *range(14, 32), 127])
_VISIBLE = {code: f"\\x{code:02x}" for code in [*range(0, 9), *range(11, 32), *range(127, 160)]}


@dataclass(frozen=True)
class Batch:
    """Whole lines that follow each other in a stream.

    Attributes:
        blocks: the lines, joined by newlines, some hundred a block; none ends in a newline.
        first_byte: offset of the first byte in the uncompressed stream.
        byte_count: bytes, newlines included.
        line_count: lines.
        sha256: of those bytes.
        tail: the last bytes, at most 1,024.
    """

    blocks: list[str]
    first_byte: int
    byte_count: int
    line_count: int
    sha256: str
    tail: bytes


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
    while True:
        read = stream.read(batch_bytes)
        data = rest + read if rest else read
        end = len(data) if is_closed and not read else data.rfind(b"\n") + 1
        rest = data[end:]
        if len(rest) > LONGEST_LINE_BYTES:
            raise InputError(f"{name}: a line of more than 64 MiB, not a log")
        if end:
            data = data[:end] if rest else data
            yield Batch(
                blocks=list(_text_blocks(data)),
                first_byte=first_byte,
                byte_count=end,
                line_count=data.count(b"\n") + (not data.endswith(b"\n")),
                sha256=hashlib.sha256(data).hexdigest(),
                tail=data[-1024:],
            )
            first_byte += end
        if not read:
            if rest:
                yield Batch([], first_byte, len(rest), 0, "", b"")
            return


def _text_blocks(data: bytes) -> Iterator[str]:
    """Cut whole lines into blocks of text."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    has_control = len(data.translate(None, CONTROL_BYTES)) < len(data) or b"\r" in data
    is_ascii = data.isascii()
    last = len(data) - data.endswith(b"\n")
    start = 0
    while start <= last:
        end = last
        if last - start > BLOCK_BYTES:
            end = data.rfind(b"\n", start, start + BLOCK_BYTES)
            if end < 0:
                end = data.find(b"\n", start, last)
            if end < 0:
                end = last
        block = data[start:end]
        text = block.decode("ascii") if is_ascii else block.decode("utf-8", "backslashreplace")
        yield text.translate(_VISIBLE) if has_control or not is_ascii else text
        start = end + 1
