"""What another log tells is looked for in spans of time, however many there are."""

from datetime import UTC, datetime, timedelta

import duckdb
import pytest

import mailsql
from mailsql.spans import make_span_macro
from tests.conftest import load

pytestmark = pytest.mark.newest
START = datetime(2026, 2, 3, 9, 0, tzinfo=UTC)
# More than there are spans; some in one minute, some on either side of its end
HOURS = 90
WITHIN = [0, 1, 58, 59, 60, 61, 125]


def _lines(host: str) -> list[str]:
    return [
        f"{(START + timedelta(hours=hour, seconds=second)).isoformat()} {host} "
        f"postfix/smtpd[{hour}]: warning: SASL attempt {second} failed\n"
        for hour in range(HOURS)
        for second in WITHIN
    ]


def test_each_copy_is_found_however_far_apart_they_are(tmp_path):
    lines = _lines("mx")
    (tmp_path / "mail.log").write_text("".join(lines))
    told_again = lines[::3] + _lines("other")[:3]
    (tmp_path / "mail.warn").write_text("".join(told_again))
    for order in (["mail.log", "mail.warn"], ["mail.warn", "mail.log"]):
        database = tmp_path / f"{order[0]}.duckdb"
        for name in order:
            load([tmp_path / name], database)
        with mailsql.open_database(database) as connection:
            (copies,) = connection.execute(
                "select count(*) from log_lines where copy_of is not null"
            ).fetchone()
        assert copies == len(told_again) - 3


def test_a_time_lies_in_a_span_to_the_end_of_its_last_second():
    with duckdb.connect() as connection:
        connection.execute(
            "create temp table spans as select * from (values (60, 60), (200, 260)) "
            "as spans (first_second, last_second)"
        )
        make_span_macro(connection, "is_within", "spans")
        found = connection.execute(
            "select list(is_within(to_timestamp(second)) order by second) "
            "from (values (59.9), (60.0), (60.9), (61.0), (199.9), (200.0), (260.9), (261.0)) "
            "as times (second)"
        ).fetchone()
        assert found == ([False, True, True, False, False, True, True, False],)
        connection.execute("delete from spans")
        make_span_macro(connection, "is_within", "spans")
        assert connection.execute("select is_within(now())").fetchone() == (False,)
