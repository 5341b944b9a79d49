"""What stands at the end of a line: blanks mean nothing, and a word that is missing takes nothing
with it that was read before it."""

import json
from typing import Any

import pytest

from tests.test_lines import FAMILIES, read_samples, rows_of_lines

# A longer line may be cut off: its length tells, and not only its text
LONGEST = 470
# Rows that their own line tells alone
OWN_ROWS = (
    "auth_events",
    "deliveries",
    "logins",
    "mailbox_deliveries",
    "mailbox_events",
    "notices",
    "rejections",
    "submissions",
)


@pytest.mark.parametrize("blanks", ["", " ", "  "], ids=["none", "one", "two"])
@pytest.mark.parametrize("family", FAMILIES, ids=lambda path: path.stem)
def test_blanks_at_the_end_mean_nothing(family, blanks, loaded):
    samples = [sample for sample in read_samples(family) if len(sample[1]) < LONGEST]
    lines = [line for _, line in samples]
    ends = [line.rstrip(" ") + blanks for line in lines]
    found = rows_of_lines(loaded("".join(line + "\n" for line in ends), year=2026))
    expected = rows_of_lines(loaded("".join(line + "\n" for line in lines), year=2026))
    for number, line in enumerate(lines, start=1):
        assert found[number] == expected[number], line
