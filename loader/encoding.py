r"""The bytes of lines <-> text that any terminal and SQL engine bears, byte for byte.

Bytes that are no UTF-8 and control characters, but for tabs, become \xNN. So that nothing else can
look like that, backslashes before an x are doubled; all other text stands as it is.
"""

from __future__ import annotations

import re

CONTROL_BYTES = bytes([*range(0, 9), *range(11, 32), 127])
# By code point; what surrogateescape makes of a byte stands 0xdc00 above it (PEP 383)
_ESCAPES = (
    {code: f"\\x{code:02x}" for code in CONTROL_BYTES}
    | {code: f"\\xc2\\x{code:02x}" for code in range(128, 160)}
    | {0xDC00 + code: f"\\x{code:02x}" for code in range(128, 256)}
)
# Searching for each of them is half the work of translating
_CONTROLS = [bytes([code]) for code in CONTROL_BYTES]
_BACKSLASHES = re.compile(r"(?<!\\)\\++(?=[x\x00-\x08\x0b-\x1f\x7f-\x9f\udc80-\udcff])")
_ESCAPED = re.compile(rb"(?<!\\)(\\++)x([0-9a-f]{2})?")


def encode_text(data: bytes) -> bytes:
    r"""Return the text of lines as UTF-8; newlines stay."""
    # Two bytes are looked for ten times as slowly as one
    is_escaped = b"\\" in data and b"\\x" in data
    if data.isascii() and not is_escaped and not any(code in data for code in _CONTROLS):
        return data
    text = data.decode("utf-8", "surrogateescape")
    if "\\" in text:
        text = _BACKSLASHES.sub(lambda run: run[0] * 2, text)
    return text.translate(_ESCAPES).encode()


def decode_text(text: bytes) -> bytes:
    r"""Return the bytes that a text stands for; of one that stands for none, any."""
    if b"\\x" not in text:
        return text
    return _ESCAPED.sub(_original, text)


def _original(escape: re.Match[bytes]) -> bytes:
    backslashes, digits = escape[1], escape[2] or b""
    kept = backslashes[: len(backslashes) // 2]
    if len(backslashes) % 2 == 0:
        return kept + b"x" + digits
    return kept + bytes.fromhex(digits.decode())
