"""Starting and stopping Postfix, Dovecot, amavis and rsyslog as private children of the test.

The kernel ends them with the test, however that ends (PR_SET_PDEATHSIG)."""

import ctypes
import errno
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tests.e2e.installation import ENVIRONMENT, daemons_root, in_root, run
from tests.e2e.rig import Rig

START_SECONDS = 30.0
STOP_SECONDS = 20.0
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


@contextmanager
def running_daemons(rig: Rig) -> Iterator[None]:
    """Run all daemons of a rig; stop them when left, whatever happened."""
    with ExitStack() as stack:
        if rig.style.uses_syslog:
            stack.enter_context(running_rsyslog(rig))
        # Dovecot's sockets are in the queue directory, which Postfix fills when it starts
        stack.enter_context(running_postfix(rig, rig.mx, "MX"))
        stack.enter_context(running_postfix(rig, rig.out, "OUT"))
        stack.enter_context(_running_dovecot(rig))
        stack.enter_context(running_amavis(rig))
        yield


@contextmanager
def running_rsyslog(rig: Rig) -> Iterator[None]:
    """Run rsyslogd, which writes what is sent to /dev/log to the logs of Debian's rules."""
    device = daemons_root() / "dev" / "log"
    configuration = rig.root / "rsyslog"
    command = [
        *("rsyslogd", "-n", "-f", str(configuration / "rsyslog.conf")),
        *("-i", str(configuration / "pid")),
    ]
    try:
        with running_child(rig, "rsyslogd", command):
            wait_for(device.exists, "rsyslogd listens on /dev/log")
            yield
    finally:
        device.unlink(missing_ok=True)


@contextmanager
def _running_dovecot(rig: Rig) -> Iterator[None]:
    """Run Dovecot."""
    command = ["dovecot", "-F", "-c", str(rig.root / "dovecot" / "conf" / "dovecot.conf")]
    with running_child(rig, "dovecot", command):
        wait_for(lambda: is_listening(rig.ports["POP3"]), "Dovecot listens")
        wait_for((rig.root / "mx/queue/private/dovecot-lmtp").exists, "Dovecot offers LMTP")
        yield


@contextmanager
def running_amavis(rig: Rig) -> Iterator[None]:
    """Run amavis, a content filter."""
    command = ["amavisd", "-c", str(rig.root / "amavis" / "conf" / "amavisd.conf"), "foreground"]
    with running_child(rig, "amavisd", command):
        wait_for(lambda: is_listening(rig.ports["AMAVIS"]), "amavis listens")
        yield


@contextmanager
def running_postfix(rig: Rig, settings: Path, service: str) -> Iterator[None]:
    """Run one Postfix instance; service names a port that tells when it is up.

    What stops it waits for the end of a pipe that the test holds, so a killed test stops it too.
    """
    with (rig.root / f"postfix-{settings.parent.name}.out").open("ab") as output:
        stopper = subprocess.Popen(
            in_root(["sh", "-c", f"cat >/dev/null; postfix -c {settings} stop"]),
            env=ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        subprocess.run(
            in_root(["postfix", "-c", str(settings), "start"]),
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=True,
        )
    try:
        wait_for(lambda: is_listening(rig.ports[service]), f"Postfix of {settings} listens")
        yield
    finally:
        assert stopper.stdin is not None
        stopper.stdin.close()
        try:
            stopper.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            run(["postfix", "-c", str(settings), "abort"])


@contextmanager
def running_child(rig: Rig, name: str, command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program that stays in the foreground until the block is left."""
    said = rig.root / f"{name}.out"
    with said.open("ab") as output:
        child = subprocess.Popen(
            in_root(command),
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=_end_with_parent,
        )
    try:
        yield child
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _end_with_parent() -> None:
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def is_listening(port: int) -> bool:
    """Whether a loopback port is taken; found without a connection, which would be logged."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
        return False


def wait_for(is_true: Callable[[], object], what: str, seconds: float = START_SECONDS) -> None:
    """Wait until a condition holds.

    Raises:
        TimeoutError: it does not within the given seconds.
    """
    deadline = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s in vain: {what}")
        time.sleep(0.05)


def restart_postfix(rig: Rig, settings: Path, service: str) -> None:
    """Stop and start one Postfix instance."""
    for command in ("stop", "start"):
        subprocess.run(
            in_root(["postfix", "-c", str(settings), command]),
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
    wait_for(lambda: is_listening(rig.ports[service]), f"Postfix of {settings} listens again")
