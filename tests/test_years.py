"""In which year a stamp without one is (0_macros/years.sql has the cases)."""

import os
from datetime import UTC, datetime

import duckdb
import pytest

from tests.conftest import assert_derived_alike, load

CASES = {
    "this year": ("Nov 30, Dec  1", "2026-12-02", None, [2026, 2026]),
    "New Year": ("Dec 31, Jan  1", "2027-01-02", None, [2026, 2027]),
    "the last is not after the file": ("Dec 31, Jan  1", "2026-12-02", None, [2025, 2026]),
    "29 February": ("Feb 29", "2026-12-02", None, [2024]),
    "29 February after the 28th": ("Feb 28, Feb 29", "2026-12-02", None, [2024, 2024]),
    "29 February comes later": ("Jan 30, Feb 29", "2026-12-02", None, [2024, 2024]),
    "29 February after New Year": ("Dec 31, Feb 29", "2026-12-02", None, [2023, 2024]),
    "January came late": ("Mar  1, Jan 31, Mar  2", "2026-03-03", None, [2026] * 3),
    "often late": ("Mar  1, Jan 31, Mar  2, Jan 30, Mar  3", "2026-03-03", None, [2026] * 5),
    "silent until January": ("Mar  1, Jan 31", "2027-02-01", None, [2026, 2027]),
    "a month back": ("Mar  1, Feb 28, Mar  1", "2026-03-03", None, [2026] * 3),
    "December came late": ("Jan  1, Dec 31, Jan  1", "2027-01-02", None, [2027, 2026, 2027]),
    "told": ("Dec 31, Jan  1", "2026-12-02", 2019, [2019, 2020]),
    "two years": ("Jun  1, Dec  1, Jun  1, Dec  1", "2026-12-02", None, [2025, 2025, 2026, 2026]),
}


def years(database) -> list[int]:
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        rows = connection.execute(
            "select year(logged_at) from raw_lines order by line_key"
        ).fetchall()
    return [year for (year,) in rows]


def write(path, stamps: list[str], day: str):
    """A log of one line for each stamp, last changed on a day."""
    path.write_text(
        "".join(
            f"{stamp} 12:00:00 mx1 postfix/smtpd[1]: connect from a[192.0.2.1]\n"
            for stamp in stamps
        )
    )
    moment = datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()
    os.utime(path, (moment, moment))


@pytest.mark.parametrize("case", CASES)
def test_the_year_is_chosen_for_the_whole_log(case, tmp_path):
    stamps, changed, told, expected = CASES[case]
    write(tmp_path / "mail.log", stamps.split(", "), changed)
    load([tmp_path / "mail.log"], tmp_path / "mail.duckdb", year=told)
    assert years(tmp_path / "mail.duckdb") == expected
    assert_derived_alike(tmp_path / "mail.duckdb")


@pytest.mark.usefixtures("small_head")
@pytest.mark.parametrize("case", CASES)
def test_the_year_does_not_depend_on_the_cutting(case, tmp_path):
    stamps, changed, told, expected = CASES[case]
    write(tmp_path / "mail.log", stamps.split(", "), changed)
    load([tmp_path / "mail.log"], tmp_path / "mail.duckdb", year=told, batch_bytes=1)
    assert years(tmp_path / "mail.duckdb") == expected
    assert_derived_alike(tmp_path / "mail.duckdb")


def test_each_load_judges_by_the_time_of_the_log_then(tmp_path):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    stamps = ["Mar  1", "Jan 31", "Mar  2"]
    write(log, stamps, "2026-03-03")
    load([log], database)
    stamps.append("Jan 31")
    write(log, stamps, "2027-02-01")
    load([log], database)
    stamps += ["Mar  1", "Feb  3"]
    write(log, stamps, "2027-03-02")
    load([log], database)
    assert years(database) == [2026, 2026, 2026, 2027, 2027, 2027]
    assert_derived_alike(database)


def test_parts_of_a_rotation_agree_where_their_times_are_lost(tmp_path):
    write(tmp_path / "mail.log.3", ["May 20", "Jun  5"], "2027-06-10")
    write(tmp_path / "mail.log.2", ["Jun  5", "Jun 20"], "2027-06-10")
    write(tmp_path / "mail.log.1", ["Jun 20", "Jul  3"], "2027-06-10")
    load([tmp_path / f"mail.log.{part}" for part in (1, 2, 3)], tmp_path / "mail.duckdb")
    assert years(tmp_path / "mail.duckdb") == [2026] * 6


def test_a_clock_that_was_not_set_yet_dates_no_older_part(tmp_path):
    write(tmp_path / "mail.log.2", ["Nov 20", "Nov 21"], "2026-11-22")
    write(tmp_path / "mail.log.1", ["Jan  1", "Nov 22", "Nov 23"], "2026-11-23")
    # Both were changed on the same day
    write(tmp_path / "mail.log", ["Jan  2", "Nov 23", "Nov 23"], "2026-11-23")
    load([tmp_path / f"mail.log{part}" for part in (".2", ".1", "")], tmp_path / "mail.duckdb")
    assert years(tmp_path / "mail.duckdb") == [2026] * 8
