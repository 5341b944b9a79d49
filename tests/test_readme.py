"""Everything that the README shows is run, and prints what it shows."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mailsql.table_list import tables
from tests.conftest import install_shell

pytestmark = pytest.mark.newest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_the_consoles_print_what_they_show(tmp_path):
    shutil.copytree(ROOT / "sample_logs", tmp_path / "sample_logs")
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "duckdb").symlink_to(install_shell("newest", tmp_path))
    (programs / "mailsql").write_text(f"#!{sys.executable}\nfrom mailsql.cli import main\nmain()\n")
    (programs / "mailsql").chmod(0o755)
    environment = os.environ | {"TZ": "Asia/Tokyo", "PATH": f"{programs}:{os.environ['PATH']}"}
    shown = re.findall(r"^```console\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    assert len(shown) == 3
    for console in shown:
        for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", console, re.MULTILINE):
            done = subprocess.run(
                command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True
            )
            assert (done.stdout, done.stderr) == (expected, ""), command


def test_the_targets_and_commands_that_it_names_exist():
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"^    make (\w+)$", README, re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
    helped = subprocess.run(
        [sys.executable, "-c", "from mailsql.cli import main; main()", "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    commands = set(re.findall(r"^\| `mailsql (\w+)", README, re.MULTILINE))
    offered = set(re.findall(r"^  (\w+)  ", helped.partition("Commands:")[2], re.MULTILINE))
    assert commands == offered


def test_the_tables_that_it_names_are_those_there_are():
    named = set(
        re.findall(r"`(\w+)`", "\n".join(re.findall(r"^\| (`\w.*?) \|", README, re.MULTILINE)))
    )
    read = {
        table.view or name
        for name, table in tables().items()
        if table.holds in ("facts", "lines", "loads") and not grain(name).endswith("(internal)")
    }
    assert named == read


def grain(table):
    """The first line of a table's file."""
    return (ROOT / "sql" / "tables" / f"{table}.sql").read_text().partition("\n")[0]
