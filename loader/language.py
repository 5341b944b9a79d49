"""The languages that words for people are in, and the words of a file of sql/words in one of them.

What programs read (CSV, JSON, names of columns, values) is the same in every language.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from .words import read_words


class Language(StrEnum):
    """Language of words and sentences."""

    EN = "en"
    JA = "ja"

    @property
    def suffix(self) -> str:
        """Of the columns of the database that are in this language."""
        return "" if self is Language.EN else f"_{self}"


@dataclass(frozen=True)
class Texts:
    """The texts of a file in one language.

    Attributes:
        language: which.
        texts: by key.
    """

    language: Language
    texts: dict[str, str]

    def say(self, key: str, **facts: object) -> str:
        """Return a text with facts in their places."""
        return self.texts[key].format(**facts)


@cache
def read_texts(name: str, language: Language) -> Texts:
    """Return the texts of a file of sql/words with the columns key, en and ja."""
    return Texts(language, {row["key"]: row[language] for row in read_words(name)})
