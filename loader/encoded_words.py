"""A header with encoded words (RFC 2047) -> its text in clear.

The engine knows UTF-8 alone; Python has the charsets of the world's mail.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import NamedTuple

WORD = re.compile(r"=\?([A-Za-z0-9_-]+)(?:\*[A-Za-z0-9-]+)?\?([BbQq])\?([^?\s]*)\?=")
# Where a header was folded Postfix writes ?
FOLDING = re.compile(r"\??\s*")
# What breaks lines, turns the direction of writing, or cannot be seen
HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")
# Charsets of mail, and the codec for each: where programs write more than its standard has under
# its name, the one that reads both
CODECS = {
    **{name: name for name in ("utf-8", "us-ascii", "koi8-r", "koi8-u", "euc-jp", "gb18030")},
    **{f"iso-8859-{part}": f"iso-8859-{part}" for part in range(1, 17) if part != 12},
    **{f"windows-{page}": f"cp{page}" for page in (874, *range(1250, 1259))},
    **{name: name for name in ("iso-2022-jp", "iso-2022-jp-2", "iso-2022-kr", "big5-hkscs")},
    **dict.fromkeys(("shift_jis", "shift-jis", "x-sjis", "windows-31j", "cp932"), "cp932"),
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987"), "cp949"),
    **dict.fromkeys(("gb2312", "gbk"), "gb18030"),
    "utf8": "utf-8",
    "ascii": "us-ascii",
    "big5": "cp950",
    "tis-620": "tis-620",
}


class _Run(NamedTuple):
    """Encoded words side by side that are read as one: a character may begin in one of them and
    end in the next.

    Attributes:
        gap: what stands before them.
        raw: they as they stand there.
        charset: of all of them, in small letters.
        data: their bytes; None if they are none of their encoding.
    """

    gap: str
    raw: str
    charset: str
    data: bytes | None

    def text(self) -> str | None:
        """Return what they stand for, None if it is not known or not printable."""
        codec = CODECS.get(self.charset)
        if codec is None or self.data is None:
            return None
        try:
            text = self.data.decode(codec)
        except UnicodeDecodeError:
            return None
        return None if HIDDEN.search(text) else text


def clear_text(header: str) -> str:
    """Return a header with its encoded words in clear; what cannot be read stays as it is."""
    runs: list[_Run] = []
    end = 0
    for word in WORD.finditer(header):
        run = _Run(header[end : word.start()], word[0], word[1].lower(), _bytes(word[2], word[3]))
        end = word.end()
        last = runs[-1] if runs else None
        if (
            last is not None
            and last.data is not None
            and run.data is not None
            and last.charset == run.charset
            and FOLDING.fullmatch(run.gap)
        ):
            joined = last.raw + run.gap + run.raw
            runs[-1] = _Run(last.gap, joined, run.charset, last.data + run.data)
        else:
            runs.append(run)
    shown: list[str] = []
    is_clear = False
    for run in runs:
        text = run.text()
        # Blanks between two words in clear are none
        if not (is_clear and text is not None and FOLDING.fullmatch(run.gap)):
            shown.append(run.gap)
        is_clear = text is not None
        shown.append(run.raw if text is None else text)
    return "".join([*shown, header[end:]])


def _bytes(encoding: str, text: str) -> bytes | None:
    if encoding in "Qq":
        plain = text.replace("_", " ").encode()
        return re.sub(rb"=([0-9A-Fa-f]{2})", lambda found: bytes.fromhex(found[1].decode()), plain)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
