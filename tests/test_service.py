"""What docs/service.md and the units of systemd say is what the commands take."""

import re
import shlex
from configparser import ConfigParser
from pathlib import Path

import pytest
import typer

from mailsql.cli import app
from mailsql.service import tell_service_manager

pytestmark = pytest.mark.newest

ROOT = Path(__file__).parent.parent
UNITS = ROOT / "packaging" / "systemd"
GUIDE = (ROOT / "docs" / "service.md").read_text()


def unit(name: str) -> ConfigParser:
    """A unit; of settings that stand there several times the last."""
    read = ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    read.optionxform = str  # type: ignore[assignment]
    read.read_string((UNITS / name).read_text())
    return read


def check_command(words: list[str]) -> None:
    """A command of mailsql is understood, with all that is given to it."""
    command = typer.main.get_command(app).commands[words[1]]
    command.make_context(words[1], words[2:])


@pytest.mark.parametrize(
    "name", ["mailsql.service", "mailsql-load.service", "mailsql-prune.service"]
)
def test_units_start_what_there_is(name):
    service = unit(name)["Service"]
    words = shlex.split(service["ExecStart"])
    assert words[0] == "/usr/bin/mailsql"
    check_command(words)
    follows = "--follow" in words
    assert (service["Type"] == "notify") is follows
    assert ("ExecReload" in service) is follows
    # What is allowed again stands behind what is refused
    assert service["SystemCallFilter"] == "@chown"


def test_the_guide_names_the_units_and_commands_that_there_are():
    for name in set(re.findall(r"\bmailsql(?:-load|-prune)?\.(?:service|timer)\b", GUIDE)):
        assert (UNITS / name).exists(), name
    commands = [line for line in re.findall(r"^    (.*)$", GUIDE, re.M) if "mailsql " in line]
    checked = 0
    for line in commands:
        found = re.search(r"mailsql (?:load|status|report|check|lines|prune)\b[^|>&]*", line)
        if found is not None:
            check_command(shlex.split(found[0]))
            checked += 1
    assert checked == 8


def test_nobody_is_told_where_nobody_listens(tmp_path):
    tell_service_manager({}, "READY=1")
    tell_service_manager({"NOTIFY_SOCKET": str(tmp_path / "none")}, "READY=1")
    tell_service_manager({"NOTIFY_SOCKET": "vsock:2:1234"}, "READY=1")
