"""journalctl -o export -> the lines that journalctl -o json writes of the same entries.

An entry is its fields, a line each, and an empty line. A value with a newline or another control
character stands behind its length, so that nothing in it can end a field or an entry: lines could
not tell.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

BEGINNING = b"__CURSOR="
# As journalctl does with longer ones, only their name is kept
LONGEST_VALUE = 65536
LENGTH_BYTES = 8
# No line is longer, nor any value (DATA_SIZE_MAX of systemd)
LONGEST_LINE = 16 * 1048576
LONGEST_DATA = 768 * 1048576


class BrokenEntryError(ValueError):
    """The entries cannot be read any further."""


def as_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield entries as lines of JSON; what does not begin with an entry, as it is.

    Args:
        pieces: a stream of bytes.

    Raises:
        BrokenEntryError: what follows is no entry, or breaks off.
    """
    pieces = iter(pieces)
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= len(BEGINNING):
            break
    entries = _Entries() if head.startswith(BEGINNING) else None
    yield entries.add(head) if entries else head
    for piece in pieces:
        yield entries.add(piece) if entries else piece
    if entries:
        yield entries.end()


class _Entries:
    """What has been read of the entry at hand."""

    def __init__(self) -> None:
        self._rest = b""
        self._fields: dict[str, list[str | list[int] | None]] = {}
        # Bytes to pass over: the rest of a long value
        self._skipped = 0

    def add(self, piece: bytes) -> bytes:
        """Return the entries that end in a piece, as lines."""
        if self._skipped:
            passed = min(self._skipped, len(piece))
            self._skipped -= passed
            piece = piece[passed:]
        data = self._rest + piece
        lines: list[str] = []
        place = 0
        while (end := data.find(b"\n", place)) >= 0:
            name, is_text, value = data[place:end].partition(b"=")
            if is_text:
                self._keep(name, value)
            elif not name:
                lines += self._line()
            else:
                begin = end + 1 + LENGTH_BYTES
                if len(data) < begin:
                    break
                length = int.from_bytes(data[end + 1 : begin], "little")
                if length > LONGEST_DATA:
                    raise BrokenEntryError("a field of a journal entry has no length")
                end = begin + length
                if length > LONGEST_VALUE:
                    self._fields.setdefault(_text(name), []).append(None)
                    self._skipped = max(0, end + 1 - len(data))
                elif len(data) <= end:
                    break
                else:
                    self._keep(name, data[begin:end])
            place = end + 1
        self._rest = data[place:]
        if len(self._rest) > LONGEST_LINE:
            raise BrokenEntryError("a field of a journal entry has no end")
        return "".join(lines).encode()

    def end(self) -> bytes:
        """Return the last entry, which journalctl ends with an empty line as well.

        Raises:
            BrokenEntryError: it breaks off.
        """
        if self._rest or self._skipped or self._fields:
            raise BrokenEntryError("it breaks off")
        return b""

    def _keep(self, name: bytes, value: bytes) -> None:
        kept = self._fields.setdefault(_text(name), [])
        if len(value) > LONGEST_VALUE:
            kept.append(None)
            return
        try:
            kept.append(value.decode())
        except UnicodeDecodeError:
            kept.append(list(value))

    def _line(self) -> Iterator[str]:
        """Yield the entry as a line, and begin the next one."""
        if self._fields:
            entry = {
                name: values[0] if len(values) == 1 else values
                for name, values in self._fields.items()
            }
            yield json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n"
            self._fields = {}


def _text(name: bytes) -> str:
    return name.decode("utf-8", "replace")
