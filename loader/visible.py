"""Text of strangers -> text that no terminal takes for more than text."""

from __future__ import annotations

import unicodedata

# Control, direction and line-breaking characters, and halves of characters
UNSHOWN = ("Cc", "Cf", "Cs", "Zl", "Zp")


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
