"""Pages of docs -> what they show: commands and SQL, and what these print; run and compared.

A block of `console` holds commands behind `$ ` with what they print; a block of `sql` is followed
by a block of `text`, its answer.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mailsql import explain
from mailsql.cli import app
from tests.conftest import NOW

BLOCK = re.compile(
    r"^```console\n(?P<console>.*?)^```\n|^```sql\n(?P<sql>.*?)^```\n\n```text\n(?P<text>.*?)^```\n",
    re.DOTALL | re.MULTILINE,
)
COMMAND = re.compile(r"^\$ (?P<command>.*)\n(?P<printed>(?:(?!\$ ).*\n)*)", re.MULTILINE)
ZONE = "Asia/Tokyo"
# From a command to what it prints, or from SQL to its rows
Answer = Callable[[str], str]
# Commands that show or read times; the pages are written in a shell of that zone
OF_A_ZONE = ("load", "query", "report", "trace", "explain", "status")
TAKE = explain._explain


@cache
def _explained(
    line: bytes, year: int | None, timezone: str | None, shown_timezone: str | None
) -> explain.Explanation:
    """What is read in a line: a load of its own, for both languages."""
    return TAKE(line, NOW, year, timezone, shown_timezone, None)


def run(command: str) -> str:
    """Run a command of a page, and return what it prints, of which head may show the beginning."""
    command, _, count = command.partition(" | head -n ")
    if count:
        return "".join(run(command).splitlines(keepends=True)[: int(count)])
    words = shlex.split(command)
    if words[0] != "mailsql":
        return subprocess.run(
            command, shell=True, check=True, capture_output=True, text=True
        ).stdout
    zone = ["--timezone", ZONE] if words[1] in OF_A_ZONE and "--timezone" not in words else []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            explain,
            "_explain",
            lambda line, _, year, timezone, shown, forms: _explained(line, year, timezone, shown),
        )
        done = CliRunner().invoke(app, [words[1], *zone, *words[2:]], catch_exceptions=False)
    assert done.exit_code == 0, f"{command}: {done.output}"
    return done.output


def page_as_run(page: Path, run_command: Answer, answer: Answer) -> str:
    """Return a page with what its commands print now, and what its SQL answers."""

    def block(found: re.Match[str]) -> str:
        if found["sql"] is not None:
            return f"```sql\n{found['sql']}```\n\n```text\n{answer(found['sql'])}```\n"
        shown = COMMAND.sub(lambda each: f"$ {each[1]}\n{run_command(each[1])}", found["console"])
        return f"```console\n{shown}```\n"

    return BLOCK.sub(block, page.read_text(encoding="utf-8"))


def assert_shown(page: Path, run_command: Answer, answer: Answer) -> None:
    """A page shows what its commands print; MAILSQL_GOLDEN=1 writes that into it."""
    shown = page.read_text(encoding="utf-8")
    assert len(BLOCK.findall(shown)) == len(
        re.findall(r"^```(?:console|sql)$", shown, re.MULTILINE)
    )
    text = page_as_run(page, run_command, answer)
    if os.environ.get("MAILSQL_GOLDEN"):
        page.write_text(text, encoding="utf-8")
    assert page.read_text(encoding="utf-8") == text
