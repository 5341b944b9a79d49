"""The words of `mailsql explain` around what a line says, in each language."""

from __future__ import annotations

from dataclasses import dataclass

from .trace_words import Language


@dataclass(frozen=True)
class Words:
    """What is said in one language.

    Attributes:
        head: names for what stands at the head of a line, by column of log_lines.
        unread: above the place where reading stopped.
        reasons: why it stopped there, by log_lines.unread.
        incomplete: where nothing follows.
    """

    head: dict[str, str]
    unread: str
    reasons: dict[str, str]
    incomplete: str


WORDS = {
    Language.EN: Words(
        head={
            "logged_at": "time",
            "host": "host",
            "program": "program",
            "pid": "process",
            "queue_id": "queue id",
        },
        unread="Read up to the mark; {reason}:",
        reasons={
            "new key": "a key follows that mailsql does not know",
            "new text": "words follow that mailsql does not know",
            "cut": "the line was cut off",
            "masked": "something was masked by hand or by a program",
            "undecidable": "a value imitates what follows it",
            "out of range": "a number is too large",
        },
        incomplete="Something is missing, or cannot be told apart.",
    ),
    Language.JA: Words(
        head={
            "logged_at": "時刻",
            "host": "ホスト",
            "program": "プログラム",
            "pid": "プロセスID",
            "queue_id": "キューID",
        },
        unread="印の手前まで読み取りました。{reason}。",
        reasons={
            "new key": "その先に mailsql の知らないキーがあります",
            "new text": "その先に mailsql の知らない文言があります",
            "cut": "行が途中で切れています",
            "masked": "伏せ字にされた部分があります",
            "undecidable": "値が後続の項目をまねているため、区切りを決められません",
            "out of range": "数値が大きすぎます",
        },
        incomplete="何かが足りないか、区切りを決められません。",
    ),
}
