"""Which outcomes mean that the recipient has the mail."""

import duckdb
import pytest

from mailsql.objects import write_objects


@pytest.fixture(scope="module")
def objects():
    with duckdb.connect() as connection:
        write_objects(connection)
        yield connection


@pytest.mark.parametrize(
    ("outcome", "is_handed_over"),
    [
        ("stored in mailbox", True),
        ("relayed", True),
        ("delivered", True),
        # Several destinations of one recipient (recipient_outcomes)
        ("relayed, stored in mailbox", True),
        ("delivered, relayed, stored in mailbox", True),
        ("bounced, stored in mailbox", False),
        ("delivered, filtered", False),
        ("deferred", False),
        ("not delivered", False),
        ("relayed, ", False),
        (None, None),
    ],
)
def test_a_mail_is_handed_over_where_all_its_destinations_have_it(outcome, is_handed_over, objects):
    assert objects.execute("select is_handed_over(?)", [outcome]).fetchone() == (is_handed_over,)
