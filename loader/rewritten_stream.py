"""The bytes of a log -> those of the same log with pseudonyms, which is then the log to all others:
what is known, cut, hashed and stored of it.

Places in it are not those in the log itself; where lines begin in both is remembered now and then.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from .decompress import DamagedDataError
from .journalctl import JournalStream
from .rewriting import Rewriter
from .sources import ByteStream, ComesOnce, StandardInput

PIECE_BYTES = 262144
# The reader of batches refuses a longer line
LONGEST_LINE_BYTES = 67108864


class Place(NamedTuple):
    """Where a line begins.

    Attributes:
        told: bytes of the log with pseudonyms before it.
        original: bytes of the log itself before it.
    """

    told: int
    original: int


BEGINNING = Place(0, 0)


class RewrittenStream:
    """A log with pseudonyms.

    Attributes:
        rewriter: that makes it.
    """

    def __init__(self, stream: ByteStream, rewriter: Rewriter) -> None:
        self.rewriter = rewriter
        self._stream = stream
        self._places = [BEGINNING]
        self._given = b""
        # What of the next line was read
        self._rest = b""
        self._place = BEGINNING
        self._position = 0
        self._is_over = False
        self._damage: DamagedDataError | None = None

    def read(self, count: int) -> bytes:
        """Return the next bytes, fewer only at the end."""
        parts = []
        while count > 0 and (part := self.read_lines()[:count]):
            parts.append(part)
            count -= len(part)
            self._position += len(part)
        return b"".join(parts)

    def read_lines(self) -> bytes:
        """Return what stands before the next place, without passing over it; nothing at the end."""
        if self._position == self._place.told:
            self._fill()
        return self._given[len(self._given) - (self._place.told - self._position) :]

    def seek(self, position: int) -> object:
        """Go on reading at a place."""
        if position < self._position:
            near = self._places[max(0, bisect_right(self._places, (position, 2**63)) - 1)]
            self._go_to(near if near.told <= position else BEGINNING)
        while self._position < position and (skipped := self.read_lines()):
            self._position += min(len(skipped), position - self._position)
        return self._position

    def begin_at(self, place: Place) -> None:
        """Go on reading where a line is known to begin; what was remembered is forgotten."""
        self._places = [place]
        self._go_to(place)

    def remember(self, place: Place) -> None:
        """Remember where a line begins, behind all that was remembered."""
        self._places.append(place)

    def place_before(self, position: int) -> Place:
        """Return the last place that is remembered up to a position."""
        return self._places[max(0, bisect_right(self._places, (position, 2**63)) - 1)]

    def _go_to(self, place: Place) -> None:
        self._stream.seek(place.original)
        self._given = self._rest = b""
        self._place = place
        self._position = place.told
        self._is_over = False
        self._damage = None

    def _fill(self) -> None:
        """Rewrite the next lines; the last one of the log may lack its end."""
        if self._damage is not None:
            raise self._damage
        lines = b""
        while not lines and not self._is_over:
            try:
                read = self._stream.read(PIECE_BYTES)
            except DamagedDataError as error:
                self._damage, read = error, b""
            self._is_over = not read
            self._rest += read
            is_end = self._is_over or len(self._rest) > LONGEST_LINE_BYTES
            end = len(self._rest) if is_end else self._rest.rfind(b"\n") + 1
            lines, self._rest = self._rest[:end], self._rest[end:]
        if self._damage is not None:
            raise self._damage
        self._given = self.rewriter.rewrite(lines)
        self._place = Place(self._place.told + len(self._given), self._place.original + len(lines))
        if lines and self._place.told > self._places[-1].told:
            self._places.append(self._place)


class RewrittenInput(ComesOnce, RewrittenStream):
    """Standard input with pseudonyms, which comes only once."""

    def __init__(self, stream: StandardInput, rewriter: Rewriter) -> None:
        ComesOnce.__init__(self)
        RewrittenStream.__init__(self, stream, rewriter)

    def read(self, count: int) -> bytes:
        """Return the next bytes, fewer only at the end."""
        returned = self._returned.read(count)
        return returned + RewrittenStream.read(self, count - len(returned))


def rewritten(stream: ByteStream, rewriter: Rewriter) -> ByteStream:
    """Return a log with pseudonyms."""
    if isinstance(stream, JournalStream):
        # Its places are cursors of entries, which are the same with pseudonyms
        stream.rewriter = rewriter
        return stream
    if isinstance(stream, StandardInput):
        return RewrittenInput(stream, rewriter)
    return RewrittenStream(stream, rewriter)


class WholeLines:
    """Gives a stream with pseudonyms in pieces that end where its lines are remembered to begin."""

    def __init__(self, stream: RewrittenStream) -> None:
        self._stream = stream

    def read(self, _count: int, /) -> bytes:
        """Return the next lines, however many bytes they are; nothing at the end."""
        return self._stream.read(len(self._stream.read_lines()))

    def seek(self, position: int) -> object:
        """Go on reading at a place."""
        return self._stream.seek(position)
