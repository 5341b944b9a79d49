"""Starting and stopping Postfix, Dovecot and rsyslog as private children of the test.

The kernel ends them with the test, however that ends (PR_SET_PDEATHSIG)."""

import ctypes
import errno
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tests.e2e.rig import Rig

PACKAGES = (
    "postfix",
    "dovecot-core",
    "dovecot-pop3d",
    "dovecot-imapd",
    "dovecot-lmtpd",
    "dovecot-sieve",
    "dovecot-managesieved",
    "rsyslog",
)
PROGRAMS = (
    "/usr/sbin/postfix",
    "/usr/sbin/dovecot",
    "/usr/sbin/rsyslogd",
    "/usr/lib/dovecot/lmtp",
    "/usr/lib/dovecot/pop3",
    "/usr/lib/dovecot/imap",
    "/usr/lib/dovecot/managesieve",
    "/usr/lib/dovecot/modules/lib90_sieve_plugin.so",
    "/usr/bin/openssl",
)
# Another mail server of the machine is not removed for it
INSTALL = [
    *("apt-get", "install", "--yes", "--no-install-recommends", "--no-remove"),
    *PACKAGES,
    "openssl",
]
DEV_LOG = Path("/dev/log")
POLICY = Path("/usr/sbin/policy-rc.d")
START_SECONDS = 30.0
STOP_SECONDS = 20.0
PR_SET_PDEATHSIG = 1
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TZ": "UTC", "LANG": "C"}
_libc = ctypes.CDLL(None)


def install_daemons() -> str | None:
    """Install what is missing; return why that is not possible, or None."""
    if os.geteuid() != 0:
        return "the daemons need root to start"
    if all(Path(program).exists() for program in PROGRAMS):
        return None
    if shutil.which("apt-get") is None:
        return "the daemons are not installed, and there is no apt-get to install them"
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    with _no_services_started():
        for command in (["apt-get", "update"], INSTALL):
            if command[1] == "install":
                subprocess.run(
                    ["debconf-set-selections"],
                    input="postfix postfix/main_mailer_type select No configuration\n",
                    text=True,
                    check=False,
                )
            done = subprocess.run(
                command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
            )
            if done.returncode != 0:
                said = (done.stderr or done.stdout).strip().splitlines()
                return f"{' '.join(command[:2])} failed: {said[-1] if said else 'no reason given'}"
    missing = [program for program in PROGRAMS if not Path(program).exists()]
    return f"still missing after installation: {', '.join(missing)}" if missing else None


@contextmanager
def _no_services_started() -> Iterator[None]:
    """Keep package scripts from starting what they install (Debian policy 9.3.3.2)."""
    is_ours = not POLICY.exists()
    if is_ours:
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    try:
        yield
    finally:
        if is_ours:
            POLICY.unlink()


@contextmanager
def running_daemons(rig: Rig) -> Iterator[None]:
    """Run all daemons of a rig; stop them when left, whatever happened."""
    with ExitStack() as stack:
        if rig.style.uses_syslog:
            stack.enter_context(_running_rsyslog(rig))
        # Dovecot's sockets are in the queue directory, which Postfix fills when it starts
        stack.enter_context(running_postfix(rig, rig.mx, "MX"))
        stack.enter_context(running_postfix(rig, rig.out, "OUT"))
        stack.enter_context(_running_dovecot(rig))
        yield


@contextmanager
def _running_rsyslog(rig: Rig) -> Iterator[None]:
    """Run rsyslogd, which writes everything sent to /dev/log to two files."""
    if DEV_LOG.exists():
        raise FileExistsError(f"{DEV_LOG}: another syslog daemon listens there")
    configuration = rig.root / "rsyslog"
    command = [
        *("rsyslogd", "-n", "-f", str(configuration / "rsyslog.conf")),
        *("-i", str(configuration / "pid")),
    ]
    try:
        with _child(rig, "rsyslogd", command):
            wait_for(DEV_LOG.exists, "rsyslogd listens on /dev/log")
            yield
    finally:
        DEV_LOG.unlink(missing_ok=True)


@contextmanager
def _running_dovecot(rig: Rig) -> Iterator[None]:
    """Run Dovecot."""
    command = ["dovecot", "-F", "-c", str(rig.root / "dovecot" / "conf" / "dovecot.conf")]
    with _child(rig, "dovecot", command):
        wait_for(lambda: is_listening(rig.ports["POP3"]), "Dovecot listens")
        wait_for((rig.root / "mx/queue/private/dovecot-lmtp").exists, "Dovecot offers LMTP")
        yield


@contextmanager
def running_postfix(rig: Rig, settings: Path, service: str) -> Iterator[None]:
    """Run one Postfix instance; service names a port that tells when it is up.

    What stops it waits for the end of a pipe that the test holds, so a killed test stops it too.
    """
    with (rig.root / f"postfix-{settings.parent.name}.out").open("ab") as output:
        stopper = subprocess.Popen(
            ["sh", "-c", f"cat >/dev/null; postfix -c {settings} stop"],
            env=ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        subprocess.run(
            ["postfix", "-c", str(settings), "start"],
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
def _child(rig: Rig, name: str, command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program that stays in the foreground until the block is left."""
    said = rig.root / f"{name}.out"
    with said.open("ab") as output:
        child = subprocess.Popen(
            command,
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


def run(command: list[str], text: str | None = None) -> str:
    """Run a command of the daemons to its end and return what it printed."""
    done = subprocess.run(
        command, env=ENVIRONMENT, input=text, capture_output=True, text=True, check=True
    )
    return done.stdout


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
            ["postfix", "-c", str(settings), command],
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
    wait_for(lambda: is_listening(rig.ports[service]), f"Postfix of {settings} listens again")
