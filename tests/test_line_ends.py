"""What stands at the end of a line: blanks mean nothing, and a word that is missing takes nothing
with it that was read before it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import on_host
from tests.test_lines import FAMILIES, read_samples, rows_of_lines

pytestmark = pytest.mark.newest

# A longer line may be cut off: its length tells, and not only its text
LONGEST = 470
# What strangers imitate in whole lines is not told apart in cut ones; JSON that is cut is none
OF_DAEMONS = [family for family in FAMILIES if family.stem not in ("hostile", "wrappings")]
# A load costs about the same for one family or many; but where a line is wrapped, all are unwrapped
TOGETHER = {
    "of daemons": OF_DAEMONS,
    "hostile": [family for family in FAMILIES if family.stem == "hostile"],
    "wrappings": [family for family in FAMILIES if family.stem == "wrappings"],
}
# An id counts only where it stands at the end of a reply
NEEDS_THE_END = {"remote_queue_id", "remote_session_id"}
# The last word says what these lines tell
TOLD_BY_THE_LAST_WORD = (
    ": Mailbox Projects: Mailbox",
    ": expunged:",
    ",, TLS:",
    ", session=<IQdzOm5Xy8PAAAIK>:",
    # A text that came again ends in a bracket
    ": Password",
    " secs): user=<>, rip=203.0.113.9,",
)
Loader = Callable[..., duckdb.DuckDBPyConnection]
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


def read_together(families: list[Path]) -> list[tuple[str | None, str]]:
    """The samples of families, which the hosts of each keep apart."""
    return [
        (on_host(number, expected or "{}"), on_host(number, line))
        for number, family in enumerate(families)
        for expected, line in read_samples(family)
        if len(line) < LONGEST
    ]


def read_rows(lines: list[str], loaded: Loader) -> dict[int, dict[str, Any]]:
    """What is read of the lines of a log."""
    return rows_of_lines(loaded("".join(line + "\n" for line in lines), year=2026))


@pytest.mark.parametrize("families", TOGETHER)
def test_blanks_at_the_end_mean_nothing(families, loaded):
    samples = read_together(TOGETHER[families])
    lines = [line for _, line in samples]
    expected = read_rows(lines, loaded)
    for turn in range(2):
        # What goes on in another line does not end
        ends = [
            line
            if '"kind": "line_piece"' in told
            # Other ends than the sample's
            else line.rstrip(" ") + (("", "  ") if line.endswith(" ") else (" ", "  "))[turn]
            for told, line in samples
        ]
        found = read_rows(ends, loaded)
        for number, line in enumerate(ends, start=1):
            assert found[number] == expected[number], line


def read_before(value: Any, kept: str, cut_word: str) -> bool:
    """Whether a value stands in what is left of a line alone."""
    return (
        isinstance(value, str | int)
        and not isinstance(value, bool)
        and str(value) in kept
        and str(value) not in cut_word
    )


def test_a_last_word_that_is_missing_takes_nothing_with_it(loaded):
    samples = read_together(OF_DAEMONS)
    cut = [line.rsplit(" ", 1) for _, line in samples]
    found = read_rows([kept for kept, _ in cut], loaded)
    lost = []
    for number, (expected, _) in enumerate(samples, start=1):
        kept, cut_word = cut[number - 1]
        for table, row in json.loads(expected).items():
            if table in OWN_ROWS and not kept.endswith(TOLD_BY_THE_LAST_WORD):
                got = found[number].get(table, {})
                lost += [
                    (table, name, value, kept)
                    for name, value in row.items()
                    if name not in NEEDS_THE_END
                    and read_before(value, kept.split(": ", 1)[-1], cut_word)
                    # A comma before the next field may be the value's
                    and got.get(name) not in (value, f"{value},")
                ]
    assert not lost, "\n".join(map(str, lost))
