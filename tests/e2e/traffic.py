"""One whole run: the daemons started, all traffic driven, the ledger completed, daemons stopped."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e import (
    arrivals,
    contents,
    fetching,
    losses,
    next_hops,
    operations,
    refusals,
    rewriting,
    screening,
    sieving,
    two_hops,
)
from tests.e2e.daemons import running_daemons
from tests.e2e.ledger import Ledger
from tests.e2e.mailboxes import Imap, Pop3
from tests.e2e.milter import running_milter
from tests.e2e.next_hop import Transcript, running_next_hops
from tests.e2e.rig import Style, make_rig
from tests.e2e.scanner import running_scanner
from tests.e2e.session import Driver
from tests.e2e.settle import settle

THEMES: tuple[Callable[[Driver], None], ...] = (
    arrivals.send_unauthenticated,
    arrivals.send_submissions,
    arrivals.submit_with_sendmail,
    refusals.refuse_at_rcpt,
    refusals.refuse_at_once,
    refusals.warn_about_helo,
    refusals.mark_senders,
    refusals.refuse_data,
    refusals.fail_logins,
    losses.drop_connections,
    losses.fall_silent,
    losses.make_too_many_errors,
    losses.fail_handshakes,
    losses.talk_nonsense,
    losses.connect_and_leave,
    next_hops.send_to_moody_hops,
    next_hops.send_to_dead_hops,
    next_hops.send_to_transports,
    next_hops.send_over_tls,
    next_hops.retry_deferred,
    next_hops.warn_of_delay,
    next_hops.let_expire,
    next_hops.ask_for_notice,
    contents.check_headers,
    contents.check_bodies,
    contents.pass_milter,
    contents.pass_filter,
    contents.pass_amavis,
    contents.pass_proxy,
    contents.copy_always,
    rewriting.expand_aliases,
    rewriting.follow_forward_file,
    rewriting.send_to_odd_addresses,
    two_hops.relay_through_both,
    screening.meet_postscreen,
    fetching.fill_mailboxes,
    fetching.fetch_by_pop3,
    fetching.log_in_with_sasl,
    fetching.fetch_by_imap,
    fetching.end_badly,
    fetching.fail_to_log_in,
    fetching.fail_handshakes,
    fetching.log_in_too_often,
    fetching.manage_scripts,
    sieving.sort_mail,
    sieving.fill_quota,
    next_hops.send_many,
    operations.hold_and_release,
    operations.delete,
    operations.requeue,
    operations.reload,
    operations.restart,
)


@dataclass(frozen=True)
class Run:
    """What is left of a run.

    Attributes:
        logs: folder with the logs of all daemons.
        ledger: what happened.
    """

    logs: Path
    ledger: Ledger


@contextmanager
def running_everything(root: Path, style: Style) -> Iterator[Driver]:
    """Run the daemons and the fake servers around them."""
    rig = make_rig(root, style)
    driver = Driver(rig, Ledger(), Transcript())
    certificate = str(root / "cert.pem"), str(root / "key.pem")
    with ExitStack() as stack:
        stack.enter_context(running_next_hops(rig.ports, driver.transcript, *certificate))
        stack.enter_context(running_milter(rig.ports["MILTER"]))
        stack.enter_context(running_scanner(driver))
        stack.enter_context(running_daemons(rig))
        yield driver


def drive(folders: dict[Style, Path], kept: Path) -> dict[str, Run]:
    """Drive all traffic through one rig of each style, and keep logs and ledgers.

    The clients that fall silent do so while everything else goes on.

    Args:
        folders: an empty folder for each rig; sockets in it need a short path.
        kept: where logs and ledgers are copied to.
    """
    with ExitStack() as stack:
        silent: list[Pop3 | Imap] = []
        drivers = []
        for style, root in folders.items():
            driver = stack.enter_context(running_everything(root, style))
            drivers.append(driver)
            silent = silent or fetching.fall_silent(driver)
            for theme in THEMES:
                theme(driver)
        fetching.await_silence(silent)
        for driver in drivers:
            settle(driver)
    runs = {}
    for driver in drivers:
        folder = kept / driver.rig.style.name
        shutil.copytree(driver.rig.logs, folder)
        driver.ledger.write(folder / "ledger.jsonl")
        runs[driver.rig.style.name] = Run(folder, driver.ledger)
    return runs
