"""The manual page says what the help says now, and any formatter takes it without a warning."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from mailsql.cli import app
from mailsql.manual import DAY, EXAMPLES, manual, write_manual

pytestmark = pytest.mark.newest

PAGE = Path(__file__).parent.parent / "docs" / "mailsql.1"
FORMATTERS = {
    "man": ["man", "--warnings", "--local-file"],
    "groff": ["groff", "-man", "-ww", "-z"],
    "mandoc": ["mandoc", "-T", "lint", "-W", "warning"],
}


def test_the_page_is_what_the_help_says_now():
    page = PAGE.read_text()
    day = DAY.search(page)
    assert day is not None
    assert page == manual(day["day"]), "make man"


def test_it_names_every_command_and_option_that_the_help_lists():
    page = PAGE.read_text().replace("\\-", "-")
    sections = re.split(r'^\.SS "mailsql (\w+)"$', page.partition(".SH FILES")[0], flags=re.M)
    told = dict(zip(sections[1::2], sections[2::2], strict=True))
    commands = typer.main.get_command(app).commands
    assert list(told) == list(commands)
    for name in commands:
        shown = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "200"}).stdout
        options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", shown.partition("Options:")[2]))
        assert options - {"--help"} <= set(re.findall(r"--[a-z][a-z-]*", told[name])), name


def test_its_sections_are_those_of_a_manual_page_and_files_and_variables_are_told():
    page = PAGE.read_text()
    assert re.findall(r"^\.SH (.*)$", page, re.M) == [
        *("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS", "FILES", "ENVIRONMENT"),
        *("EXIT STATUS", "EXAMPLES", "SEE ALSO"),
    ]
    environment = page.partition(".SH ENVIRONMENT")[2].partition(".SH EXIT STATUS")[0]
    assert set(re.findall(r"MAILSQL_[A-Z_]+", page)) == set(
        re.findall(r"^\.B (MAILSQL_[A-Z_]+)$", environment, re.M)
    )


@pytest.mark.parametrize("formatter", FORMATTERS)
def test_formatters_take_it_without_a_warning(formatter):
    if shutil.which(formatter) is None:
        pytest.skip(f"{formatter} is not installed")
    done = subprocess.run([*FORMATTERS[formatter], str(PAGE)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    if formatter == "man":
        assert "EXIT STATUS" in re.sub(r".\x08", "", done.stdout)


@pytest.mark.parametrize("example", [example for _, example in EXAMPLES])
def test_its_examples_are_commands(example):
    _, *words = shlex.split(example.partition(" | ")[0])
    command = typer.main.get_command(app)
    if words[0] in command.commands:
        command.commands[words[0]].make_context(words[0], words[1:])
    else:
        assert words in (["--install-completion"],)


def test_its_date_is_that_of_its_last_change(tmp_path):
    page = tmp_path / "mailsql.1"
    write_manual(page, "2026-01-01")
    write_manual(page, "2026-02-02")
    assert page.read_text() == manual("2026-01-01")
    page.write_text(page.read_text() + ".SH MORE\n")
    write_manual(page, "2026-02-02")
    assert page.read_text() == manual("2026-02-02")
