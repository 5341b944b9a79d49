"""Where lines of a log are lost, less is told, and nothing else than what the whole log tells.

A run of the real daemons that was kept is told again and again, each time without other lines and
some months later, when nothing can be linked to the time before."""

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta

import duckdb
import pytest

import mailsql
from tests.conftest import load
from tests.e2e.recording import read_recorded

pytestmark = pytest.mark.newest

APART = timedelta(days=60)
# What links and states stand on
KINDS = (
    *("smtpd_connect", "smtpd_client", "smtpd_disconnect", "cleanup_message_id", "qmgr_active"),
    *("delivery", "queue_removed", "bounce_notice", "mailbox_save", "dovecot_login"),
)
# Of so many lines the one at that place is lost; where negative, all others
SHARES = ((2, 0), (2, 1), (3, 0), (3, 1), (3, 2), (7, 0), (7, 1), (-3, 0))
LOSSES = (None, *KINDS, *SHARES)
STAMP = re.compile(r"(?:\d\S+|[A-Z][a-z]{2} [ \d]\d [\d:]{8}) ")
# States that only say that no end was seen, or not what it was
UNTOLD = {"arriving", "in queue", "removed"}
# What is true as well, and says less
LESS = {
    "refused": {"given up"},
    "delivered": {"forwarded"},
    "partly delivered": {"delivered"},
}
# Time, what is spoken of, and what is said of it
TOLD = {
    "what became of a message": "select queued_at, queue_id, state from messages",
    "where a message comes from": "select queued_at, queue_id, origin from messages",
    "what a message came of": (
        "select queued_at, child_queue_id, reason || ' ' || parent_queue_id from message_links "
        "inner join messages on child_key = message_key"
    ),
    "who sent a message": (
        "select queued_at, queue_id, connections.client_ip from messages "
        "inner join connections using (connection_key)"
    ),
    "who was refused": (
        "select rejections.logged_at, concat(rejections.sender, ' ', rejections.recipient), "
        "connections.client_ip from rejections inner join connections using (connection_key)"
    ),
    "what was done in a connection": (
        "select disconnected_at, client_ip, concat_ws(' ', commands_ok, commands_total, mail_ok, "
        "rcpt_ok, data_ok) from connections where disconnected_at is not null"
    ),
    "which message a mailbox took": (
        "select mailbox_deliveries.logged_at, mailbox_deliveries.message_id || username, queue_id "
        "from mailbox_delivery_links inner join mailbox_deliveries using (mailbox_delivery_key) "
        "inner join messages using (message_key)"
    ),
    "which login a session has": (
        "select login_at, session_id, concat_ws(' ', username, client_ip) from imap_sessions "
        "union all "
        "select login_at, session_id, concat_ws(' ', username, client_ip) from pop3_sessions"
    ),
}


def is_lost(loss: object, number: int, kind: str) -> bool:
    if isinstance(loss, tuple):
        count, place = loss
        return number % count == place if count > 0 else number % -count != place
    return kind == loss


@pytest.fixture(scope="module")
def losing(tmp_path_factory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The run, told once for each loss."""
    folder = tmp_path_factory.mktemp("lost")
    logs, ledger = read_recorded("syslog")
    year = int(ledger.of("messages")[0]["queued_at"]["at_least"][:4])
    whole, losing = folder / "whole.duckdb", folder / "losing.duckdb"
    load([logs / "mail.log", logs / "postfix-out.log"], whole, year=year)
    with mailsql.open_database(whole) as connection:
        lines = connection.execute(
            "select kind::varchar, logged_at, line from log_lines order by logged_at, line_key"
        ).fetchall()
    with (folder / "losing.log").open("w") as log:
        for turn, loss in enumerate(LOSSES):
            for number, (kind, logged_at, line) in enumerate(lines):
                if not is_lost(loss, number, kind):
                    stamp = (logged_at + turn * APART).isoformat()
                    log.write(f"{stamp} {STAMP.sub('', line, count=1)}\n")
    load([folder / "losing.log"], losing)
    with mailsql.open_database(losing) as connection:
        first = lines[0][1] - timedelta(days=1)
        connection.execute(
            "create temp table beginning as select ?::timestamptz as began_at", [first]
        )
        yield connection


def told(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, set[str]]]:
    """What each loss tells, by what it tells of."""
    rows = connection.execute(
        "select date_diff('day', beginning.began_at, told.told_at) // ?, told.name, told.value "
        f"from ({query}) as told (told_at, name, value) cross join beginning "
        "where told_at is not null and name is not null and value is not null",
        [APART.days],
    ).fetchall()
    found: list[dict[str, set[str]]] = [defaultdict(set) for _ in LOSSES]
    for turn, name, value in rows:
        found[turn][name].add(value)
    return found


@pytest.mark.parametrize("what", TOLD)
def test_a_log_that_lost_lines_tells_less_and_nothing_else(what, losing):
    whole, *others = told(losing, TOLD[what])
    assert whole
    # Something is left to be told
    assert sum(len(found) for found in others) > len(whole)
    wrong = []
    for loss, found in zip(LOSSES[1:], others, strict=True):
        for name, values in found.items():
            known = whole.get(name, set())
            allowed = known.union(*(LESS.get(value, ()) for value in known))
            if what == "what became of a message" and known:
                allowed |= UNTOLD
            if values - allowed:
                wrong.append((loss, name, values - allowed, known))
    assert wrong == []
