"""What the morning page says around the figures of the reports, in each language."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from .trace_words import Language
from .words import read_words


@dataclass(frozen=True)
class PageWords:
    """The words of a language.

    Attributes:
        language: which.
        texts: by key, as in sql/words/page.csv.
        causes: words of the view causes, by cause.
        states: words of the view message_states, by state.
    """

    language: Language
    texts: dict[str, str]
    causes: dict[str, str]
    states: dict[str, str]

    def say(self, key: str, **facts: object) -> str:
        """Return a text with facts in their places."""
        return self.texts[key].format(**facts)

    def name(self, kind: str, word: object) -> str:
        """Return a word of a report, which is of a kind, in this language; others as they are."""
        text = (
            "null" if word is None else str(word).lower() if isinstance(word, bool) else str(word)
        )
        if kind == "cause":
            return self.causes.get(text, text)
        if kind == "state" and text in self.states:
            return self.states[text]
        for key in (f"{kind}.{text}", f"term.{text}"):
            if key in self.texts:
                return self.texts[key]
        return "" if word is None else text


def read_page_words(connection: duckdb.DuckDBPyConnection, language: Language) -> PageWords:
    """Return the words of a language; those of causes and states stand in the database."""
    is_ja = language is Language.JA
    return PageWords(
        language=language,
        texts={row["key"]: row[language.value] for row in read_words("page")},
        causes={
            row["cause"]: row["cause_ja" if is_ja else "cause"] for row in read_words("causes")
        },
        states=dict(
            connection.execute(
                f"select state, {'state_ja' if is_ja else 'state'} from main.message_states"
            ).fetchall()
        ),
    )
