"""A compressed file, or one of journal entries -> its bytes, up to the place where it is damaged,
which is then told.

Python's own readers of bzip2 and xz take a later stream with a damaged head for the end of the
file; here nothing but NULs may stand between and behind streams.
"""

from __future__ import annotations

import bz2
import lzma
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from .journal import BEGINNING, BrokenEntryError, as_lines

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

JOURNAL_EXPORT = "journal export"
# How files begin. Of bzip2 its first block or, of an empty one, its end; of zstd a frame, or one to
# skip (pzstd); of old lzma files the properties that every encoder writes, a dictionary of 4 KiB or
# more, a length that is unknown or below 1 TiB, and the first byte of what is encoded
BEGINNINGS = {
    "gzip": re.compile(rb"\x1f\x8b\x08"),
    "bzip2": re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"),
    "xz": re.compile(rb"\xfd7zXZ\x00"),
    "zstd": re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"),
    "lzma": re.compile(
        rb"\]\0(?:[\x10\x18\x20\x30\x40\x60\x80\xc0]\0\0|[\0\x80](?!\0\0).[\0-\x60])"
        rb"(?:\xff{8}|.{5}\0{3})\0",
        re.DOTALL,
    ),
    JOURNAL_EXPORT: re.compile(BEGINNING),
}
BEGINNING_BYTES = 14
PACKED_BYTES = 65536
# A few bytes may become gigabytes
UNPACKED_BYTES = 1048576
_DECODERS: dict[str, Callable[[], Any]] = {
    "gzip": lambda: zlib.decompressobj(31),
    "bzip2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ),
    # zstd --long=31 makes such windows
    "zstd": lambda: zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: 31}),
    "lzma": lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE),
}


class DamagedDataError(Exception):
    """A compressed file cannot be read any further.

    Attributes:
        compression: of the file, a word of BEGINNINGS.
        packed_bytes: of the file up to the piece in which the damage shows.
    """

    def __init__(self, message: str, compression: str, packed_bytes: int) -> None:
        super().__init__(message)
        self.compression = compression
        self.packed_bytes = packed_bytes


def compression_of(head: bytes) -> str | None:
    """Return how a file is compressed that begins so; None if it is not."""
    return next((name for name, begin in BEGINNINGS.items() if begin.match(head)), None)


def _decode(decoder: Any, piece: bytes) -> Iterator[bytes]:
    """Yield what a piece of one stream becomes, at most UNPACKED_BYTES at once."""
    yield decoder.decompress(piece, UNPACKED_BYTES)
    if hasattr(decoder, "unconsumed_tail"):
        while decoder.unconsumed_tail:
            yield decoder.decompress(decoder.unconsumed_tail, UNPACKED_BYTES)
    else:
        while not decoder.eof and not decoder.needs_input:
            yield decoder.decompress(b"", UNPACKED_BYTES)


def _unpack(packed: BinaryIO, compression: str, whole_until: int | None) -> Iterator[bytes]:
    """Yield the bytes of all streams of a file.

    Args:
        packed: the compressed file, at its beginning.
        compression: a word of BEGINNINGS.
        whole_until: from here on it is decoded byte by byte, for what a piece becomes before the
            damage in it is lost; None for never.

    Raises:
        DamagedDataError: what follows is damaged or missing.
    """
    decoder = None
    read_bytes = 0
    size = PACKED_BYTES
    while piece := packed.read(size):
        try:
            while piece:
                if decoder is None:
                    piece = piece.lstrip(b"\0")
                    if not piece:
                        break
                    decoder = _DECODERS[compression]()
                yield from _decode(decoder, piece)
                piece = b""
                if decoder.eof:
                    piece, decoder = decoder.unused_data, None
        except (zlib.error, lzma.LZMAError, zstd.ZstdError, OSError) as error:
            raise DamagedDataError(str(error), compression, read_bytes) from error
        read_bytes += size
        size = PACKED_BYTES if whole_until is None or read_bytes < whole_until else 1
    if decoder is not None:
        raise DamagedDataError("it breaks off", compression, read_bytes)


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield entries of a journal as lines, and all else as it is.

    Raises:
        DamagedDataError: what follows is no entry, or breaks off.
    """
    try:
        yield from as_lines(pieces)
    except BrokenEntryError as error:
        # All before it has been told
        raise DamagedDataError(str(error), JOURNAL_EXPORT, sys.maxsize) from error


class DecompressedFile:
    """The bytes of a compressed file, read in order; going back begins anew."""

    def __init__(self, path: Path, compression: str) -> None:
        self.compression = compression
        self._damage: DamagedDataError | None = None
        # Kept: a rotation puts another file at the path
        self._packed = path.open("rb")
        self._begin(None)

    def _begin(self, whole_until: int | None) -> None:
        self._packed.seek(0)
        if self.compression == JOURNAL_EXPORT:
            unpacked = iter(lambda: self._packed.read(PACKED_BYTES), b"")
        else:
            unpacked = _unpack(self._packed, self.compression, whole_until)
        self._pieces = _lines(unpacked)
        self._rest = b""
        self._position = 0

    def read(self, count: int) -> bytes:
        """Return the next bytes, fewer only at the end or before a damage.

        Raises:
            DamagedDataError: nothing can be read before the damage.
        """
        parts = []
        missing = count
        while missing > 0:
            if not self._rest and not self._refill():
                break
            part = self._rest[:missing]
            self._rest = self._rest[missing:]
            self._position += len(part)
            missing -= len(part)
            parts.append(part)
        if self._damage is not None and not parts and count:
            raise self._damage
        return b"".join(parts)

    def _refill(self) -> bool:
        """Decode more; False at the end and at a damage."""
        if self._damage is not None:
            return False
        try:
            self._rest = next((piece for piece in self._pieces if piece), b"")
        except DamagedDataError as damage:
            self._read_up_to(damage)
        return bool(self._rest)

    def _read_up_to(self, damage: DamagedDataError) -> None:
        """Decode what is behind the position once more, up to the very damage."""
        delivered = self._position
        self._begin(damage.packed_bytes)
        rest = bytearray()
        seen = 0
        try:
            for piece in self._pieces:
                rest += piece[max(0, delivered - seen) :]
                seen += len(piece)
        except DamagedDataError as error:
            self._damage = error
        self._rest = bytes(rest)
        self._position = delivered

    def seek(self, position: int) -> None:
        """Go on reading at a place, or at the end if that comes before it.

        Raises:
            DamagedDataError: the damage comes before it.
        """
        if position < self._position:
            self._damage = None
            self._begin(None)
        while (missing := position - self._position) > 0 and self.read(min(missing, 1048576)):
            pass

    def close(self) -> None:
        """Close the file."""
        self._packed.close()
