"""The generator writes the same bytes for the same seed, and the comparison runs."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench.generate import generate

pytestmark = pytest.mark.newest

ROOT = Path(__file__).parent.parent


def test_the_generator_is_deterministic():
    digests = set()
    for _ in range(2):
        text = "\n".join(generate(2000, "rfc3339", seed=5, long_ids=True))
        digests.add(hashlib.sha256(text.encode()).hexdigest())
    assert len(digests) == 1
    assert list(generate(10, seed=1)) != list(generate(10, seed=2))


def test_every_generated_line_is_understood(loaded):
    connection = loaded("".join(line + "\n" for line in generate(3000, per_second=3)))
    unknown = connection.execute("select line from log_lines where kind = 'unknown'").fetchall()
    assert unknown == []


def test_the_cost_of_answers_is_printed(tmp_path):
    command = [sys.executable, "-m", "bench.answers", "3000", "--runs", "1"]
    done = subprocess.run(
        [*command, "--data", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for words in ("3,000 lines", "F: select 1", "message_flow, by queue_id", "trace, not found"):
        assert words in done.stdout


def test_the_comparison_prints_lines_per_second_memory_and_size(tmp_path):
    command = [sys.executable, "-m", "bench.compare", "2000", "--runs", "1"]
    command += ["--peer", "copy=cp {log} {out}", "--peer", "broken=false"]
    done = subprocess.run(
        [*command, "--data", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for words in ("bsd: 2,000 lines", "rfc3339: 2,000 lines", "2 threads", "storage floor"):
        assert words in done.stdout
    assert (
        re.findall(r"^broken +failed$", done.stdout, re.MULTILINE)
        == ["broken".ljust(26) + "  failed"] * 2
    )


@pytest.mark.long
def test_how_far_behind_following_is_is_printed():
    command = [sys.executable, "-m", "bench.follow", "--seconds", "2", "--single", "1"]
    done = subprocess.run(
        [*command, "--per-second", "50"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for words in ("idle: ", "one line: found after ", "50 lines/s: "):
        assert words in done.stdout
