"""Whether all that names the version names the same one, and whether it has been released.

`python -m tests.release` prints it (make release-check); exit code 1 where a release is not ready.
"""

import re
import sys
import tomllib
from pathlib import Path

from typer.testing import CliRunner

from mailsql.cli import app

ROOT = Path(__file__).parent.parent
PROJECT = "pyproject.toml"
# The first version that a file names, and the day or distribution behind it
CHANGES = re.compile(r"^## (?P<version>\S+), (?P<state>.+)$", re.M)
PAGE = re.compile(r'^\.TH MAILSQL 1 (?P<state>\S+) "mailsql (?P<version>\S+)"', re.M)
# Behind the hyphen stands the number of the package
DEBIAN = re.compile(r"^mailsql \((?P<version>[^)-]+)-[^)]+\) (?P<state>\S+);", re.M)
PROGRAM = re.compile(r"^mailsql (?P<version>[^\s,]+), (?P<state>.+)$", re.M)


def places(root: Path) -> dict[str, tuple[str, str]]:
    """Return the version that each place names, and what it says of it.

    Raises:
        ValueError: a place names none.
    """
    project = tomllib.loads((root / PROJECT).read_text(encoding="utf-8"))["project"]
    found = {PROJECT: (project["version"], "")}
    for name, pattern in (
        ("CHANGELOG.md", CHANGES),
        ("docs/mailsql.1", PAGE),
        ("packaging/debian/changelog", DEBIAN),
    ):
        found[name] = _first(name, pattern, (root / name).read_text(encoding="utf-8"))
    said = CliRunner().invoke(app, ["--version"]).stdout
    found["mailsql --version"] = _first("mailsql --version", PROGRAM, said)
    return found


def faults(found: dict[str, tuple[str, str]]) -> list[str]:
    """Return what names another version than pyproject.toml."""
    expected, _ = found[PROJECT]
    return [
        f"{name} says {version}, {PROJECT} {expected}"
        for name, (version, _) in found.items()
        if version != expected
    ]


def unreleased(found: dict[str, tuple[str, str]]) -> list[str]:
    """Return the places that say that the version is not released."""
    return [
        f"{name} says {state}"
        for name, (_, state) in found.items()
        if state.lower() == "unreleased"
    ]


def _first(name: str, pattern: re.Pattern[str], text: str) -> tuple[str, str]:
    match = pattern.search(text)
    if match is None:
        raise ValueError(f"{name} names no version")
    return match["version"], match["state"]


def main() -> int:
    """Print the versions, and what is wrong with them."""
    try:
        found = places(ROOT)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    for name, (version, state) in found.items():
        print(f"{name:28}{version:10}{state}".rstrip())
    wrong = faults(found) + unreleased(found)
    for fault in wrong:
        print(fault, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
