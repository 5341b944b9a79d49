"""What may stand around a line of a mail log, by name; SQL takes it off (ingest/wrappings)."""

from __future__ import annotations

import csv
import io
from importlib.resources import files

from .language import Language, read_texts


def known_wrappings() -> dict[str, str]:
    """Return the names of all wrappings that are known, with a line in each."""
    words = files("mailsql.sql").joinpath("words", "wrappings.csv")
    rows = csv.DictReader(io.StringIO(words.read_text(encoding="utf-8")))
    return {row["wrapping"]: row["example"] for row in rows}


def name_wrappings(language: Language = Language.EN) -> str:
    """Return what a log may look like, as a sentence."""
    return read_texts("summary", language).say("known", names=", ".join(known_wrappings()))
