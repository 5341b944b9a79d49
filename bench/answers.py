"""Asks a database of a generated log what people ask, and prints what each answer costs.

Whole commands are timed by the operating system's accounting, beside F, the cost of a command that
asks for nothing, and beside grep counting the same word in the log.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import duckdb

from bench.compare import MIB, Run, load_command, timed, write_log
from mailsql.statements import quote_text

NOWHERE = "nobody@nowhere.example"


@dataclass(frozen=True)
class Question:
    """What somebody asks.

    Attributes:
        name: of the row.
        arguments: of mailsql.
        word: that grep counts, if grep could help.
    """

    name: str
    arguments: list[str]
    word: str | None = None


def known_words(database: Path) -> dict[str, str]:
    """Return a queue id, message-id, sender and so on from the middle of a database."""
    with duckdb.connect(str(database), read_only=True) as connection:
        found = connection.execute(
            "select messages.message_key::varchar as message_key, messages.queue_id, message_id, "
            "sender, recipient, connections.client_ip from messages "
            "inner join deliveries using (message_key) "
            "inner join connections using (connection_key) "
            "where message_id is not null and sender <> '' and connections.client_ip is not null "
            "and message_key >= (select quantile_disc(message_key, 0.5) from messages) "
            "order by message_key limit 1"
        )
        names = [column[0] for column in found.description or []]
        row = found.fetchone()
        users = {
            name: connection.execute(query).fetchone()
            for name, query in (
                ("user", "select username from pop3_sessions limit 1"),
                ("login", "select sasl_username from messages where sasl_username <> '' limit 1"),
            )
        }
    assert row is not None
    told = {name: str(user[0]) for name, user in users.items() if user is not None}
    return dict(zip(names, map(str, row), strict=True)) | told


def questions(known: dict[str, str]) -> list[Question]:
    """Return what is asked of these words."""
    queue_id, message_id = known["queue_id"], known["message_id"]
    views = {
        "message_flow": "queue_id",
        "recipient_outcomes": "queue_id",
        "mailbox_steps": "queue_id",
        "delivery_outcomes": "message_key",
    }
    asked = [Question("F: select 1", ["query", "select 1"])]
    for view, column in views.items():
        sql = f"from {view} where {column} = {quote_text(known[column])}"
        asked.append(Question(f"{view}, by {column}", ["query", sql], queue_id))
    for macro, found, term, word in (
        ("flow", "by queue id", queue_id, queue_id),
        ("trace", "by message-id=", f"message-id=<{message_id}>", message_id),
        ("trace", "by message-id", message_id, message_id),
        ("trace", "not found", NOWHERE, NOWHERE),
    ):
        sql = f"from {macro}({quote_text(term)})"
        asked.append(Question(f"{macro}(), {found}", ["query", sql], word))
    terms = {
        "queue id": queue_id,
        "message-id=": f"message-id=<{message_id}>",
        "message-id": message_id,
        "sender": known["sender"],
        "recipient": known["recipient"],
        "login": known["login"],
        "client address": known["client_ip"],
        "mailbox user": known["user"],
        "not found": NOWHERE,
    }
    for name, term in terms.items():
        word = message_id if name == "message-id=" else term
        asked.append(Question(f"trace, {name}", ["trace", term], word))
    return [*asked, Question("status", ["status"])]


def cost(command: list[str], runs: int) -> Run:
    """Return the median cost of some runs of a command, whether it finds something or not."""
    done = [timed(command, codes=(0, 1)) for _ in range(runs)]
    return Run(
        statistics.median(run.wall_seconds for run in done),
        statistics.median(run.cpu_seconds for run in done),
        max(run.peak_bytes for run in done),
    )


def answer(lines: int, directory: Path, runs: int) -> None:
    """Print one table for a log of some lines."""
    log, database = directory / f"bsd-{lines}.log", directory / f"answers-{lines}.duckdb"
    write_log(log, lines, "bsd")
    if not database.exists():
        timed(load_command(log, database, 2))
    program = [sys.executable, "-c", "from mailsql.cli import main; main()"]
    print(f"\n{lines:,} lines, median of {runs}\n")
    print(f"{'':34}{'CPU s':>8}{'above F':>9}{'peak MiB':>10}{'grep -c CPU s':>15}")
    base = None
    # In a process of its own: a child's peak memory begins at that of its parent
    with ProcessPoolExecutor(max_workers=1) as reader:
        known = reader.submit(known_words, database).result()
    for question in questions(known):
        found = cost([*program, *question.arguments, "--db", str(database)], runs)
        base = base or found
        grep = ""
        if question.word is not None:
            counted = cost(["grep", "-c", "-F", question.word, str(log)], runs)
            grep = f"{counted.cpu_seconds:.2f}"
        print(
            f"{question.name:34}{found.cpu_seconds:8.2f}"
            f"{found.cpu_seconds - base.cpu_seconds:9.2f}{found.peak_bytes / MIB:10.0f}{grep:>15}"
        )


def main() -> None:
    """Ask for each size of log."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lines", type=int, nargs="*", default=[2_000_000, 20_000_000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--data", type=Path, help="directory that keeps logs and databases")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        directory = given.data or Path(temporary)
        directory.mkdir(parents=True, exist_ok=True)
        for lines in given.lines:
            answer(lines, directory, given.runs)


if __name__ == "__main__":
    main()
