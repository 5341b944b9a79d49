"""Contract 4: killed at any moment, the next load continues and the result is as if undisturbed."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.generate import generate
from tests.conftest import load, rows_without_keys

pytestmark = pytest.mark.newest

LOADER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
import mailsql
print("ready", flush=True)
mailsql.load(sys.argv[2:], Path(sys.argv[1]), now=datetime(2026, 11, 24, tzinfo=UTC),
             timezone="UTC", batch_bytes=20000)
print("done", flush=True)
"""


def start(database: Path, *logs: Path) -> subprocess.Popen[str]:
    """Start a load that commits after each small batch."""
    command = [sys.executable, "-c", LOADER, str(database), *map(str, logs)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


@pytest.mark.parametrize("kill_count", [4, pytest.param(40, marks=pytest.mark.long)])
def test_a_load_killed_again_and_again_ends_like_an_undisturbed_one(tmp_path, kill_count):
    log = tmp_path / "mail.log"
    log.write_text("".join(line + "\n" for line in generate(30_000, seed=3, per_second=3)))
    undisturbed, killed = tmp_path / "undisturbed.duckdb", tmp_path / "killed.duckdb"
    load([log], undisturbed)
    chance = random.Random(11)
    starts = {str(log): 0}
    expected = rows_without_keys(undisturbed, starts)
    kills = 0
    while kills < kill_count:
        process = start(killed, log)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0.05, 1.6))
        os.kill(process.pid, signal.SIGKILL)
        if process.wait() == -signal.SIGKILL:
            kills += 1
            continue
        # It came to its end in between: once more from the beginning
        assert rows_without_keys(killed, starts) == expected
        killed.unlink()
    load([log], killed)
    assert rows_without_keys(killed, starts) == expected
