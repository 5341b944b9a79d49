"""What the morning page says around the figures of the reports, in each language."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from .language import Language, Texts, read_texts
from .page_parts import PARTS, SUSPICIONS, Unit
from .words import read_words


@dataclass(frozen=True)
class PageWords(Texts):
    """The words of a language: texts as in sql/words/page.csv.

    Attributes:
        causes: words of the view causes, by cause.
        states: words of the view message_states, by state.
    """

    causes: dict[str, str]
    states: dict[str, str]

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
        texts=read_texts("page", language).texts,
        causes={
            row["cause"]: row["cause_ja" if is_ja else "cause"] for row in read_words("causes")
        },
        states=dict(
            connection.execute(
                f"select state, {'state_ja' if is_ja else 'state'} from main.message_states"
            ).fetchall()
        ),
    )


def row_words(
    words: PageWords, report: str
) -> Callable[[Sequence[str], tuple[Any, ...]], tuple[Any, ...]]:
    """Return what gives the words that the page has in the place of the values of a report's row.

    Of a report that is not on the page, values stay as they are.
    """
    kinds = {
        name: part.words.get(name, "term")
        for part in (SUSPICIONS, *PARTS)
        if part.report == report
        for name, unit in part.columns.items()
        if unit is Unit.WORD
    }

    def worded(names: Sequence[str], row: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(
            words.name(kinds[name], value) if name in kinds else value
            for name, value in zip(names, row, strict=True)
        )

    return worded
