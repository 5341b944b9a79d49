"""The container file copies what there is, and starts mailsql as a user without rights."""

import json
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.newest

ROOT = Path(__file__).parent.parent
KNOWN = {
    *("FROM", "COPY", "RUN", "ENV", "VOLUME", "WORKDIR", "USER"),
    *("STOPSIGNAL", "ENTRYPOINT", "CMD"),
}


@pytest.fixture(scope="module")
def steps():
    """Each stage as its instructions with what they say."""
    text = (ROOT / "packaging" / "container" / "Containerfile").read_text()
    stages = []
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        if line and not line.startswith("#"):
            name, _, rest = line.partition(" ")
            stages += [[]] if name == "FROM" else []
            stages[-1].append((name, rest))
    return stages


def test_instructions_are_known_and_what_is_copied_is_there(steps):
    assert {name for stage in steps for name, _ in stage} <= KNOWN
    copied = set()
    for name, rest in steps[0]:
        if name == "COPY":
            *sources, _ = rest.split()
            copied |= set(sources)
    assert all((ROOT / source).exists() for source in copied)
    # What tests/test_packaging.py makes a wheel of
    assert copied == {
        *("loader", "sql", "docs/mailsql.1", "pyproject.toml", "setup.py", "README.md", "LICENSE")
    }


def test_it_ends_as_a_user_without_rights_who_owns_the_volume(steps):
    last = dict(steps[-1])
    values = dict(rest.split("=", 1) for name, rest in steps[-1] if name == "ENV")
    runs = [rest for name, rest in steps[-1] if name == "RUN"]
    assert int(last["USER"]) > 0
    assert f"--uid {last['USER']} " in runs[0]
    assert values["MAILSQL_DB"] == f"{last['VOLUME']}/mail.duckdb"
    assert f"-o mailsql -g mailsql {last['VOLUME']}" in runs[1]
    assert json.loads(last["ENTRYPOINT"]) == ["mailsql"]
    assert values["PATH"].startswith("/opt/mailsql/bin:")
