"""Mail to every kind of next hop, and what comes back: deferred, retried, expired, bounced."""

import time

from tests.e2e.daemons import wait_for
from tests.e2e.installation import run
from tests.e2e.ledger import Entry, between, matching, now
from tests.e2e.next_hop import DATA_REPLIES, RCPT_REPLIES
from tests.e2e.outcomes import recipient, sender
from tests.e2e.session import Driver, Session
from tests.e2e.settle import queue, wait_until_idle

LIFETIME_SECONDS = 12
LOCAL_USERS = (
    "news@mx.example.org",
    "box@virtual.example.org",
    "file@virtual.example.org",
    "dora@lda.example.org",
)


def send_to_moody_hops(driver: Driver) -> None:
    """One message for each answer of the fake next hop, and one with mixed outcomes."""
    words = [*RCPT_REPLIES, *DATA_REPLIES, "accept"]
    with Session(driver, "MX") as session:
        session.greet()
        for word in words:
            session.transmit(sender(), [recipient(word)])
        session.transmit(sender(), [recipient(word) for word in (*RCPT_REPLIES, "accept")])
        session.transmit(
            sender(),
            [
                recipient("accept"),
                recipient("accept", "example.net"),
                "alice@unix.example.org",
                "carol@tcp.example.org",
                "nobody.at.all@unix.example.org",
                "box@virtual.example.org",
                recipient("refused", "script.example.org"),
            ],
        )


def send_to_dead_hops(driver: Driver) -> None:
    """Next hops that refuse connections, are busy, drop the line or say nothing."""
    hops = [("any", domain) for domain in ("refused", "busy", "mute", "drop")]
    hops += [(word, "dropping") for word in ("drop-rcpt", "drop-data")]
    hops += [(word, "hanging") for word in ("hang-rcpt", "hang-data")]
    for word, domain in hops:
        with Session(driver, "MX") as session:
            session.greet()
            session.transmit(sender(), [recipient(word, f"{domain}.example.net")])
        if word == "drop-rcpt":
            wait_until_idle(driver)


def send_to_transports(driver: Driver) -> None:
    """Local, virtual, pipe, discard, error and retry transports."""
    words = ("stored", "talking", "refused", "coded", "resting", "odd")
    others = [f"any@{name}.example.net" for name in ("discard", "error", "retry")]
    with Session(driver, "MX") as session:
        session.greet()
        for to in [recipient(word, "script.example.org") for word in words] + others:
            session.transmit(sender(), [to])
        for to in LOCAL_USERS:
            session.transmit(sender(), [to])


def send_over_tls(driver: Driver) -> None:
    """A next hop that encrypts."""
    with Session(driver, "MX") as session:
        session.greet()
        for _ in range(3):
            session.transmit(sender(), [recipient("accept", "encrypted.example.net")])


def try_again(driver: Driver, message: Entry) -> None:
    """Make the first instance try a deferred message again, and wait until it did."""
    queue_id = message["queue_id"]
    wait_for(lambda: _queue_name(driver, queue_id) == "deferred", f"{queue_id} is deferred")
    message["activation_count"] += 1
    message["last_recipient_count"] = message["recipient_count"]
    attempts = _attempts(driver)
    run(["postqueue", "-c", str(driver.rig.mx), "-i", queue_id])
    wait_for(lambda: _attempts(driver) > attempts, f"{queue_id} is tried again")
    wait_until_idle(driver)


def _queue_name(driver: Driver, queue_id: str) -> str | None:
    return queue(driver).get(queue_id, {}).get("queue_name")


def _attempts(driver: Driver) -> int:
    return sum(len(found.recipients) for found in driver.transcript.transactions)


def retry_deferred(driver: Driver) -> None:
    """Deferred, then accepted on the second attempt."""
    messages = []
    with Session(driver, "MX") as session:
        session.greet()
        for _ in range(3):
            messages.append(session.transmit(sender(), [recipient("later")]))
        messages.append(session.transmit(sender(), [recipient("later"), recipient("accept")]))
    wait_until_idle(driver)
    for message in messages:
        assert message is not None
        try_again(driver, message)


def warn_of_delay(driver: Driver) -> None:
    """Deferred for so long that the sender is warned, then accepted."""
    with Session(driver, "WARNED") as session:
        session.greet()
        message = session.transmit(sender(), [recipient("defer-rcpt")])
    assert message is not None
    time.sleep(3)
    try_again(driver, message)


def let_expire(driver: Driver) -> None:
    """Deferred for longer than the queue keeps mail; and expired by the postmaster."""
    with Session(driver, "MX") as session:
        session.greet()
        old = session.transmit(sender(), [recipient("defer-rcpt")])
        forced = session.transmit(sender(), [recipient("defer-rcpt")])
    assert old is not None
    assert forced is not None
    wait_until_idle(driver)
    run(["postsuper", "-c", str(driver.rig.mx), "-e", forced["queue_id"]])
    try_again(driver, forced)
    time.sleep(LIFETIME_SECONDS + 1)
    try_again(driver, old)
    forced["steps"] = ["queue_force_expired"]
    for message in (old, forced):
        message["end_reason"] = "expired"
        message["removed_at"] = between(now(), now()) | {
            "at_least": message["queued_at"]["at_least"]
        }


def ask_for_notice(driver: Driver) -> None:
    """Notices of success, and none at all (RFC 3461)."""
    began_at = now()
    with Session(driver, "MX") as session:
        session.greet()
        session.transmit(
            sender(),
            ["box@virtual.example.org"],
            options=("RET=HDRS", "ENVID=e2e"),
            recipient_options=("NOTIFY=SUCCESS,FAILURE",),
        )
        session.transmit(sender(), [recipient("reject-rcpt")], recipient_options=("NOTIFY=NEVER",))
        session.transmit("", [recipient("reject-rcpt")])
    # The notice that nobody wants is begun all the same, and given up
    driver.ledger.add(
        "messages",
        connection=None,
        instance="postfix",
        queue_id=matching(r"\w+"),
        message_id=matching(r"\S+@mx\.example\.org"),
        queued_at=between(began_at, now()),
        activation_count=0,
        end_reason=None,
    )


def send_many(driver: Driver) -> None:
    """Ordinary traffic."""
    for number in range(60):
        with Session(driver, "MX") as session:
            session.greet()
            for _ in range(1 + number % 4):
                session.transmit(sender(), [recipient("accept") for _ in range(1 + number % 3)])
