"""The words of `mailsql trace` around the sentences of the database, in each language."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .search import Kind


class Language(StrEnum):
    """Language of the sentences."""

    EN = "en"
    JA = "ja"


@dataclass(frozen=True)
class Words:
    """What is said in one language.

    Attributes:
        suffix: of the columns of the database in this language.
        heading: of a message.
        on_host: where it was.
        relation: what it is to another one.
        no_time: in the place of a time.
        sections: headings of what has no message.
        newest: behind a heading, where not all are shown.
        hits: above the list of messages, where there are too many to tell each.
        columns: of that list: time, from, to, how it ended, queue id.
    """

    suffix: str
    heading: str
    on_host: str
    relation: str
    no_time: str
    sections: dict[Kind, str]
    newest: str
    hits: str
    columns: tuple[str, str, str, str, str]


WORDS = {
    Language.EN: Words(
        suffix="",
        heading="Message {queue_id}{on_host}{relation}",
        on_host=" on {host}",
        relation=", {relation}",
        no_time="no time",
        sections={
            Kind.REJECTIONS: "Without a queue id",
            Kind.LOGINS: "Logins",
            Kind.MAILBOX_EVENTS: "In mailboxes",
        },
        newest=" (the newest {shown:,} of {total:,}; --limit, --since and --until choose)",
        hits="{total:,} messages, of which these are the newest {shown:,}. To narrow it: --since, "
        "--until, a second\nterm (the recipient), or one queue id; to see more: --limit.",
        columns=("time", "from", "to", "how it ended", "queue id"),
    ),
    Language.JA: Words(
        suffix="_ja",
        heading="キューID {queue_id}{on_host}{relation}",
        on_host="({host})",
        relation="、{relation}",
        no_time="時刻不明",
        sections={
            Kind.REJECTIONS: "キューIDが付く前の判定",
            Kind.LOGINS: "ログイン",
            Kind.MAILBOX_EVENTS: "メールボックスでの操作",
        },
        newest="(全 {total:,} 件のうち新しい {shown:,} 件。--limit、--since、--until で選べます)",
        hits="{total:,} 件のメールのうち、新しい {shown:,} 件です。--limit で件数を変えられます。\n"
        "--since、--until、2 番目の語(宛先)、またはキューIDで絞り込めます。",
        columns=("時刻", "差出人", "宛先", "結果", "キューID"),
    ),
}
