"""In which year a stamp without one is (0_macros/years.sql has the cases)."""

import io
import os
from datetime import UTC, datetime

import duckdb
import pytest

import mailsql
from mailsql.forget import forget
from mailsql.sources import log_days
from mailsql.status import describe_load
from tests.conftest import NOW, assert_derived_alike, load

pytestmark = pytest.mark.newest

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
    "a fast clock": ("Jul 20, Jul 20, Jul 28, Jul 25, Jul 25", "2026-07-25", None, [2026] * 5),
    "a fast clock is last": (
        "Jul 20, Jul 20, Jul 25, Jul 28",
        "2026-07-25",
        None,
        [2026] * 4,
    ),
    "a clock not set": ("Nov 20, Jan  1, Nov 21", "2026-11-22", None, [2026, 2027, 2026]),
    "a clock set later": ("Nov 20, Feb 14, Nov 21", "2026-11-22", None, [2026, 2027, 2026]),
    "two years": ("Jun  1, Dec  1, Jun  1, Dec  1", "2026-12-02", None, [2025, 2025, 2026, 2026]),
}


def years(database) -> list[int]:
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        rows = connection.execute(
            "select year(logged_at) from raw_lines order by line_key"
        ).fetchall()
    return [year for (year,) in rows]


def write(path, stamps: list[str], day: str, host: str = "mx1"):
    """A log of one line for each stamp, last changed on a day."""
    path.write_text(
        "".join(
            f"{stamp} 12:00:00 {host} postfix/smtpd[1]: connect from a[192.0.2.1]\n"
            for stamp in stamps
        )
    )
    moment = datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()
    os.utime(path, (moment, moment))


@pytest.mark.usefixtures("small_head")
@pytest.mark.parametrize("batch_bytes", [1_000_000, 1], ids=["whole", "cut"])
def test_the_year_is_chosen_for_the_whole_log(batch_bytes, tmp_path):
    """Each case is a log in a directory, and of a host, of its own."""
    database = tmp_path / "mail.duckdb"
    logs = {}
    for number, (case, (stamps, changed, told, _)) in enumerate(CASES.items()):
        log = tmp_path / case / "mail.log"
        log.parent.mkdir()
        write(log, stamps.split(", "), changed, host=f"mx{number}")
        logs.setdefault(told, []).append(log)
    for told, paths in logs.items():
        load(paths, database, year=told, batch_bytes=batch_bytes)
    with mailsql.open_database(database, timezone="UTC") as connection:
        found = connection.execute(
            "select host, list(year(logged_at) order by line_key) from raw_lines group by host"
        ).fetchall()
    hosts = {f"mx{number}": case for number, case in enumerate(CASES)}
    assert {hosts[host]: told for host, told in found} == {
        case: expected for case, (*_, expected) in CASES.items()
    }
    assert_derived_alike(database)


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


def test_files_that_are_no_chain_of_a_rotation_date_each_other_not(tmp_path):
    # split -d, two servers, split -d -a 1
    for names in (("mail.log.00", "mail.log.01", "mail.log.02"), ("mail-1", "mail-2"), "01"):
        folder = tmp_path / names[0]
        folder.mkdir()
        paths = [folder / (name if len(name) > 1 else f"mail.log.{name}") for name in names]
        for month, path in zip(("Apr", "May", "Jun"), paths, strict=False):
            write(path, [f"{month}  1"] * 2 + [f"{month} 30"] * 2, "2026-07-01")
        load(paths, folder / "mail.duckdb")
        assert set(years(folder / "mail.duckdb")) == {2026}, names


def test_what_a_stranger_wrote_is_no_stamp_wherever_a_log_is_cut(tmp_path, small_head):
    line = (
        "Jul 25 12:00:00 mx1 postfix/cleanup[1]: 5E31727A35D: warning: header Subject: "
        + "Dec 20 12:00:00 " * 100
        + "from a[192.0.2.1]\n"
    )
    text = line * 2000
    for place in range(1048576, len(text), 65536):
        text = text[:place] + "Dec 20 12:00:00 " + text[place + 16 :]
    log = tmp_path / "mail.log"
    log.write_text(text)
    moment = datetime(2026, 7, 25, tzinfo=UTC).timestamp()
    os.utime(log, (moment, moment))
    with log.open("rb") as stream:
        assert [day for day, _ in log_days(stream)] == ["Jul 25"]


def test_each_line_at_the_end_of_a_log_counts_once():
    for size in (900_000, 1_100_000, 2_000_000):
        line = b"Jul 25 12:00:00 mx1 postfix/smtpd[1]: connect from a[192.0.2.1]\n"
        end = b"Jul 26 12:00:00 mx1 postfix/smtpd[1]: connect from a[192.0.2.1]\n"
        log = line * (size // len(line)) + end
        assert log_days(io.BytesIO(log))[-1] == ("Jul 26", 1)


@pytest.mark.usefixtures("small_head")
def test_a_log_is_read_ahead_once_and_only_if_its_stamps_have_no_year(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "mailsql.ingest.log_days", lambda stream: asked.append(stream) or log_days(stream)
    )
    text = "12:00:00 mx1 postfix/smtpd[1]: connect from a[192.0.2.1]\n"
    for name, stamp, count in (("dated", "2026-07-25T", 0), ("mail", "Jul 25 ", 1)):
        log = tmp_path / f"{name}.log"
        log.write_text((stamp + text) * 4)
        load([log], tmp_path / f"{name}.duckdb", batch_bytes=1)
        assert len(asked) == count


@pytest.mark.parametrize("before", ["mail-1  | ", "[pod/mail-0/postfix] ", "<22>"])
def test_stamps_behind_a_name_tell_the_year(before, tmp_path):
    log = tmp_path / "mail.log"
    text = "12:00:00 mx1 postfix/smtpd[1]: connect from a[192.0.2.1]\n"
    days = ("Nov 30", "Jan  5", "Jan  6")
    log.write_text("".join(f"{before}{day} {text}" for day in days))
    moment = datetime(2026, 12, 2, tzinfo=UTC).timestamp()
    os.utime(log, (moment, moment))
    load([log], tmp_path / "mail.duckdb")
    assert years(tmp_path / "mail.duckdb") == [2025, 2026, 2026]


def test_what_tells_the_year_is_kept_with_the_log(tmp_path):
    database = tmp_path / "mail.duckdb"
    for number, name in enumerate(("mail.log.2", "other-20260610", "told.log")):
        write(tmp_path / name, [f"May 2{number}", "Jun  5"], "2026-06-10")
    write(tmp_path / "mail.log.1", ["Jun  5", "Jun  9"], "2026-06-10")
    write(tmp_path / "mail.log", ["Jun  9", "Jun 10"], "2026-06-10")
    dated = tmp_path / "dated.log"
    dated.write_text("2026-06-05T12:00:00+00:00 mx1 postfix/qmgr[9]: 5E31727A35D: removed\n")
    load([tmp_path / name for name in ("mail.log", "mail.log.1", "mail.log.2")], database)
    load([tmp_path / "other-20260610", dated], database)
    load([tmp_path / "told.log"], database, year=2019)
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute("select parse_filename(path), year_source from log_files")
        assert dict(rows.fetchall()) == {
            "mail.log": "file time",
            "mail.log.1": "next part",
            "mail.log.2": "next part",
            "other-20260610": "file name",
            "dated.log": None,
            "told.log": "--year",
        }
    assert_derived_alike(database)


def test_a_log_that_is_left_of_one_that_is_forgotten_keeps_what_told_its_year(tmp_path):
    database = tmp_path / "mail.duckdb"
    write(tmp_path / "whole.log", ["May 20"] * 40, "2026-06-10")
    load([tmp_path / "whole.log"], database, year=2019)
    write(tmp_path / "branch.log", ["May 20"] * 40 + ["May 21"], "2026-06-10")
    write(tmp_path / "whole.log", ["May 20"] * 40 + ["May 22"], "2026-06-10")
    load([tmp_path / "whole.log"], database)
    load([tmp_path / "branch.log"], database)
    forget(database, str(tmp_path / "whole.log"), print, now=NOW)
    with duckdb.connect(str(database), read_only=True) as connection:
        assert connection.execute("select year_source from log_files").fetchall() == [("--year",)]
    assert set(years(database)) == {2019}
    assert_derived_alike(database)


def test_a_log_of_the_future_says_so(tmp_path):
    database = tmp_path / "mail.duckdb"
    write(tmp_path / "mail.log", [f"{NOW:%b %d}"], "2026-06-10")
    (added,) = load([tmp_path / "mail.log"], database, year=NOW.year)
    assert (added.future_count, added.future_until) == (0, None)
    write(tmp_path / "next.log", [f"{NOW:%b %d}"] * 2, "2026-06-10")
    (added,) = load([tmp_path / "next.log"], tmp_path / "next.duckdb", year=NOW.year + 1)
    assert added.future_count == 2
    with mailsql.open_database(database) as connection:
        said = describe_load(connection, [added], database)
    assert "2 dated in the future, until " in said


@pytest.mark.parametrize(
    ("name", "stamps", "changed", "expected"),
    [
        ("maillog-20260701", "Jul  1, Jul 15, Jul 31", "2026-07-31", 2026),
        ("maillog-20260701", "Jul  3, Jul 15, Jul 31", "2026-07-31", 2026),
        ("maillog-20260701", "Jun 24, Jul  2, Jul  8", "2026-07-08", 2026),
        ("maillog-20260701", "Jun 24, Jun 28, Jun 30", "2026-07-01", 2026),
        ("maillog-20260701", "Jun 24, Jun 28, Jun 30", "2028-11-26", 2026),
        ("maillog-20260701", "Jun 24, Jun 28, Jun 30", "2020-01-01", 2026),
        ("maillog-20260105", "Dec 29, Dec 30, Dec 31", "2028-11-26", 2025),
        ("maillog-20260105", "Dec 29, Dec 30, Dec 31", "2026-01-05", 2025),
        ("maillog-20261231", "Jun  2, Dec 29, Dec 30", "2026-12-31", 2026),
        ("maillog-20261231", "Jun  2, Dec 29, Dec 30", "2028-11-26", 2026),
    ],
)
def test_a_name_with_a_date_tells_the_year_nearest_to_it(name, stamps, changed, expected, tmp_path):
    write(tmp_path / name, stamps.split(", "), changed)
    load([tmp_path / name], tmp_path / "mail.duckdb")
    assert years(tmp_path / "mail.duckdb") == [expected] * 3
