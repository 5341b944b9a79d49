"""Mail that crosses two Postfix instances."""

from tests.e2e.outcomes import recipient, sender
from tests.e2e.session import Driver, Session
from tests.e2e.settle import wait_until_idle


def relay_through_both(driver: Driver) -> None:
    """The second instance takes mail and relays it to the first, one message at a time."""
    for count in (1, 2, 1):
        with Session(driver, "OUT") as session:
            session.greet()
            session.transmit(sender(), [recipient("accept") for _ in range(count)])
        wait_until_idle(driver)
