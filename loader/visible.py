"""Text of strangers -> text that no terminal takes for more than text."""

from __future__ import annotations

import re
import unicodedata

# Control, direction and line-breaking characters, and halves of characters
UNSHOWN = ("Cc", "Cf", "Cs", "Zl", "Zp")
# A word of letters, or one character of Japanese, with what does not begin or end a line
UNPARTED = re.compile(
    r"[(「『]*(?:[\x21-\x7e]+|[^\x21-\x7e])[、。)」』ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ,.:;!?]*"
)


def visible(text: str) -> str:
    """Return text with control, direction and line-breaking characters written as escapes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        if character == "\n" or unicodedata.category(character) not in UNSHOWN
        else f"\\u{ord(character):04x}"
        for character in text
    )


def one_line(text: str) -> str:
    """Return visible text without line ends, for what must stay within its line."""
    return visible(text).replace("\n", "\\n")


def columns_of(text: str) -> int:
    """Return how many columns of a terminal a text takes: East Asian wide characters take two."""
    if text.isascii():
        return len(text)
    return sum(
        (1 + (unicodedata.east_asian_width(character) in "WF"))
        * (not unicodedata.combining(character))
        for character in text
    )


def folded(text: str, width: int) -> str:
    """Return a text in lines of so many columns at most, as far as what must not part allows."""
    lines = [""]
    for piece in UNPARTED.findall(text):
        if columns_of(lines[-1] + piece.rstrip()) > width:
            lines[-1] = lines[-1].rstrip()
            lines.append(piece.lstrip())
        else:
            lines[-1] += piece
    return "\n".join(lines).rstrip()
