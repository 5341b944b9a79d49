"""What the postmaster does: hold, release, requeue, delete, reload, restart."""

from tests.e2e.daemons import restart_postfix, wait_for
from tests.e2e.installation import run
from tests.e2e.ledger import Entry, between, now
from tests.e2e.next_hop import Transaction
from tests.e2e.outcomes import recipient, sender
from tests.e2e.session import Driver, Session, note_link
from tests.e2e.settle import RECEIVED_ID, queue, wait_until_idle


def _deferred(driver: Driver, word: str) -> Entry:
    """Send a message that stays in the queue."""
    with Session(driver, "MX") as session:
        session.greet()
        message = session.transmit(sender(), [recipient(word)])
    assert message is not None
    wait_for(
        lambda: queue(driver).get(message["queue_id"], {}).get("queue_name") == "deferred",
        "the message is deferred",
    )
    return message


def _postsuper(driver: Driver, *arguments: str) -> None:
    run(["postsuper", "-c", str(driver.rig.mx), *arguments])


def hold_and_release(driver: Driver) -> None:
    """postsuper -h and -H of a deferred message."""
    message = _deferred(driver, "later")
    _postsuper(driver, "-h", message["queue_id"])
    _postsuper(driver, "-H", message["queue_id"])
    message["activation_count"] += 1
    message["steps"] = ["queue_held", "queue_released"]
    run(["postqueue", "-c", str(driver.rig.mx), "-i", message["queue_id"]])
    wait_for(lambda: message["queue_id"] not in queue(driver), "the message is delivered")


def delete(driver: Driver) -> None:
    """postsuper -d."""
    message = _deferred(driver, "defer-rcpt")
    _postsuper(driver, "-d", message["queue_id"])
    message["end_reason"] = "deleted"
    message["removed_at"] = between(now(), now())


def requeue(driver: Driver) -> None:
    """postsuper -r: the message goes on under another queue id, which the next hop tells."""
    message = _deferred(driver, "later")
    to = message["awaited"][0]
    began_at = now()
    run(["postsuper", "-c", str(driver.rig.mx), "-r", message["queue_id"]])
    run(["postkick", "-c", str(driver.rig.mx), "public", "pickup", "W"])
    wait_for(lambda: _accepted(driver, to), "the requeued message is delivered")
    wait_until_idle(driver)
    transaction = _accepted(driver, to)[0]
    received = RECEIVED_ID.search(transaction.content.decode())
    assert received is not None
    message["end_reason"] = "requeued"
    message["removed_at"] = between(began_at, now())
    driver.ledger.add(
        "messages",
        instance="postfix",
        queue_id=received[2],
        birth_kind="pickup",
        origin="requeue",
        uid=int(run(["id", "-u", "postfix"])),
        orig_queue_id=message["queue_id"],
        message_id=message["message_id"],
        sender=message["sender"],
        size_bytes=None,
        recipient_count=1,
        activation_count=1,
        queued_at=between(began_at, now()),
    )
    note_link(driver, message["queue_id"], received[2], "requeue", "orig_queue_id")


def _accepted(driver: Driver, to: str) -> list[Transaction]:
    """Return the transactions in which the next hop took a message for a recipient."""
    return [
        found
        for found in driver.transcript.transactions
        if found.queue_id and found.recipients[0][0] == to
    ]


def reload(driver: Driver) -> None:
    """Postfix reload, and mail after it."""
    run(["postfix", "-c", str(driver.rig.mx), "reload"])
    with Session(driver, "MX") as session:
        session.greet()
        session.transmit(sender(), [recipient("accept")])
    wait_until_idle(driver)


def restart(driver: Driver) -> None:
    """Postfix stop and start, and mail after it."""
    wait_until_idle(driver)
    restart_postfix(driver.rig, driver.rig.mx, "MX")
    with Session(driver, "MX") as session:
        session.greet()
        session.transmit(sender(), [recipient("accept")])
    wait_until_idle(driver)
