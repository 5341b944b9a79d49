"""Writes docs/ingest.md anew: who makes what in sql/ingest, who reads it, and in which order.

`make steps` runs it. Names are read from the text of the statements; the glossary above the marked
place is written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, takewhile
from pathlib import Path

from mailsql.statements import sql_texts
from mailsql.table_list import tables

MAP = Path(__file__).parent.parent / "docs" / "ingest.md"
MARK = "<!-- From here on `make steps` writes what is in sql/ingest -->\n"
MAKING = re.compile(r"\bcreate or replace temp (table|view|type|macro) (\w+)")
WRITING = re.compile(r"\b(?:insert into|delete from|update) (\w+)")
READING = re.compile(r"\b(?:from|join|using) (\w+)\b(?! ?\()")
NAMING = re.compile(r"\b(\w+)(?: ?\([\w, ]+\))? as (?:materialized )?\(")
NO_CODE = re.compile(r"'(?:[^']|'')*'|--[^\n]*")
# A line of a log, as an example
EXAMPLE = re.compile(r"-- (?:[A-Z][a-z]{2} [ \d]\d \d\d:|\d{4}-\d\d-\d\d|\{|<\d)")
# What Python makes: of a piece, and of an error
OF_PYTHON = ("batch", "failure")

WRAPPED = ("wrappings", "batch_lines")
LINES = ("batch_lines", "stampless_lines", "other_text", "1_lines")
COPIES = ("2_copies/1", "2_copies/2_contested_seconds")
STORED = ("5_parse", "6_link", "7_store", "8_relate", "9_repeats/1_repeats_again")
RELATED = ("9_families", "9_mailboxes", "9_events", "9_repeats/2", "9_repeats/3", "9_loaded")
ENDED = (*RELATED, "doubled_lines", "hostless_lines", "foreign_text")
# The ways of pieces through sql/ingest (loader/derive.py), each by the beginnings of its files
ROADS = {
    "new lines": (
        *("0_macros", "0_empty", "read_lines", *LINES, *COPIES),
        *("2_order", "4_earlier", *STORED, *ENDED),
    ),
    "lines of one's own forms": (
        *("0_macros", "0_empty", "read_lines", *LINES, *COPIES, "2_order", "4_earlier"),
        *("5_parse", "6_link", "site/1", "7_store", "8_relate", "9_repeats/1_repeats_again"),
        *(*RELATED, "site/2", "site/3"),
    ),
    "wrapped lines": (
        *("0_macros", "0_empty", "read_lines", "batch_lines", *WRAPPED, "line_pieces", *LINES),
        *(*COPIES, "2_order", "4_earlier", *STORED, *ENDED),
    ),
    "late lines": (
        *("0_macros", "0_empty", "read_lines", *LINES, *COPIES, "2_order"),
        *("3_late/1_touching_lines", "3_late/2_postfix", "3_late/3_dovecot/1_work_lines"),
        *("5_parse/dovecot/0", "5_parse/dovecot/1", "5_parse/dovecot/2", "5_parse/dovecot/3_d"),
        *("5_parse/dovecot/3_s", "3_late/3_dovecot/2", "3_late/3_dovecot/3_sessions"),
        *("3_late/4_read_lines", *LINES, "4_earlier", *STORED, *ENDED),
    ),
    "copies": (
        *("0_macros", "0_empty", "read_lines", *LINES, *COPIES),
        *("2_copies/3_plain", *WRAPPED, "2_copies/3_tellings", "2_copies/4_events"),
        "2_copies/5_copied",
        *("2_copies/6", "removed_lines", "2_copies/7", "2_copies/8", *LINES, "2_copies/9"),
        *("2_order", "3_late/0_removed_lines", *LINES, "3_late/1_touching_lines"),
        *("3_late/4_read_lines", *LINES, "4_earlier", *STORED, *ENDED),
    ),
    "copies alone": (
        *("0_macros", "0_empty", "read_lines", *LINES, *COPIES, "2_copies/3_plain"),
        *("2_copies/3_tellings", "2_copies/4_events", "2_copies/5_copied", "7_store/raw_lines"),
        *("7_store/longest_lines", "7_store/log_files", "7_store/rotations", "9_loaded"),
    ),
    "forgotten lines": (
        *("0_macros", "0_empty", "gone_lines/1", "removed_lines", "gone_lines/2", "no_lines"),
        *(*LINES, *COPIES, "2_order", "3_late/0_removed_lines", *LINES, "3_late/1_touching_lines"),
        *("3_late/4_read_lines", *LINES, "4_earlier", *STORED, *ENDED),
    ),
    "lines derived again": (
        *("0_macros", "0_empty", "stored_lines", *LINES, *COPIES),
        *("2_order", "4_earlier", *STORED, *ENDED),
    ),
    "lines between pruned ones derived again": (
        *("0_macros", "0_empty", "stored_keys", "stored_parts", *LINES, *COPIES),
        *("2_order", "4_earlier", *STORED, *ENDED),
    ),
    "lines on which a step fails": (
        *("0_macros", "read_lines", "failed_lines", "unread_state", "7_store/log_files"),
        "9_loaded",
    ),
    "messages of an older mailsql": (
        *("0_macros", "0_empty", "untold_messages", "2_order/1_file_ranks"),
        *("8_relate/1_related_messages", "8_relate/5", "8_relate/6", "8_relate/7"),
        *("9_families", "9_mailboxes", "9_events"),
    ),
    "last times of messages of an older mailsql": ("0_macros", "last_times"),
}


@dataclass
class Part:
    """What a file does with one thing.

    Attributes:
        name: what it makes.
        sort: table, view, type or macro.
        comment: what stands above it.
    """

    name: str
    sort: str
    comment: str


@dataclass
class Script:
    """What is read in an SQL file.

    Attributes:
        name: below sql/ingest, without its suffix.
        comment: its first one.
        parts: what it makes, in order.
        uses: names that it reads or writes, each with what it had made before.
        reads: names that it reads.
        writes: names into which it writes.
    """

    name: str
    comment: str
    parts: list[Part] = field(default_factory=list)
    uses: list[tuple[str, frozenset[str]]] = field(default_factory=list)
    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)


def scripts() -> dict[str, Script]:
    """All files of sql/ingest in path order."""
    return {name: read_script(name, text) for name, text in sql_texts("ingest")}


def read_script(name: str, text: str) -> Script:
    """Read which names the statements of a file make, read and write."""
    script = Script(name, comment_of(text))
    made: set[str] = set()
    for statement in statements(text):
        code = NO_CODE.sub("", statement)
        inner = {found[1] for found in NAMING.finditer(code)}
        making = MAKING.search(code)
        own = making[2] if making else None
        reads = {found[1] for found in READING.finditer(code)} - inner - {"select"}
        writes = {found[1] for found in WRITING.finditer(code)}
        script.uses += [(used, frozenset(made)) for used in sorted(reads | writes)]
        script.reads |= reads - ({own} if own else set())
        script.writes |= writes
        if making:
            made.add(making[2])
            script.parts.append(Part(making[2], making[1], comment_of(statement, -1)))
    return script


def statements(text: str) -> Iterator[str]:
    """Cut at semicolons that end a line of code."""
    yield from (part + ";" for part in re.split(r";\n", text) if part.strip())


def comment_of(text: str, block: int = 0) -> str:
    """A block of the comments that a text begins with, up to the first example, as one line.

    block: 0 is the first one, -1 that which stands right above the code.
    """
    blocks: list[list[str]] = [[]]
    for line in text.strip().splitlines():
        if not line:
            blocks.append([])
        elif line.startswith("-- "):
            blocks[-1].append(line)
        else:
            break
    told = takewhile(lambda line: not EXAMPLE.match(line), blocks[block])
    return " ".join(line.removeprefix("-- ") for line in told)


def road(name: str, found: dict[str, Script]) -> list[Script]:
    """The files of a road, in order."""
    return [
        script
        for beginning in ROADS[name]
        for script in found.values()
        if script.name == beginning or script.name.startswith(beginning)
    ]


def known_names(found: dict[str, Script]) -> set[str]:
    """All that some file makes but macros, which are looked up when they are used."""
    return {part.name for script in found.values() for part in script.parts if part.sort != "macro"}


def read_too_early(scripts_in_order: Sequence[Script], known: set[str]) -> list[str]:
    """What files of a road use before it is made there."""
    made: set[str] = set(OF_PYTHON)
    early = []
    for script in scripts_in_order:
        early += [
            f"{script.name} uses {name}, which nothing made before it"
            for name, before in script.uses
            if name in known and name not in made | before
        ]
        made |= {part.name for part in script.parts}
    return early


def written_map(found: dict[str, Script]) -> str:
    """The part of docs/ingest.md that is told by the files."""
    readers: dict[str, list[str]] = {}
    writers: dict[str, list[str]] = {}
    for script in found.values():
        for name in script.reads:
            readers.setdefault(name, []).append(script.name)
        for name in script.writes:
            writers.setdefault(name, []).append(script.name)
    text = "\n## Steps\n"
    for folder, group in groupby(found.values(), lambda script: script.name.partition("/")[0]):
        if folder == "0_macros":
            continue
        text += f"\n### {folder}\n\n| file | makes | what is in it | read by |\n|---|---|---|---|\n"
        for script in group:
            file = f"`{script.name.removeprefix(folder + '/')}`"
            for part in script.parts:
                comment = part.comment or script.comment
                text += row(file, f"`{part.name}`", comment, listed(readers.get(part.name, [])))
                file = ""
            if not script.parts:
                into = ", ".join(f"`{name}`" for name in sorted(script.writes))
                text += row(file, f"rows of {into}" if into else "", script.comment, "")
    text += "\n## Tables\n\n| table | written by | read by |\n|---|---|---|\n"
    for name in tables():
        text += row(f"`{name}`", listed(writers.get(name, [])), listed(readers.get(name, [])))
    return text


def row(*cells: str) -> str:
    """A row of a table of Markdown."""
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


def listed(names: Sequence[str]) -> str:
    """Names of files, those of a folder together."""
    folders = groupby(dict.fromkeys(names), lambda name: name.rpartition("/")[0])
    return "; ".join(
        f"`{folder}`: {', '.join(name.rpartition('/')[2] for name in group)}"
        if folder
        else ", ".join(f"`{name}`" for name in group)
        for folder, group in folders
    )


def whole_map() -> str:
    """The text of docs/ingest.md as it should be."""
    return MAP.read_text().partition(MARK)[0] + MARK + written_map(scripts())


def write_map() -> None:
    """Write docs/ingest.md anew, behind its mark."""
    MAP.write_text(whole_map())
