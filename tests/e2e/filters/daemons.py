"""Starting and stopping the filters, as private children of the test."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.e2e.daemons import (
    is_listening,
    running_amavis,
    running_child,
    running_postfix,
    running_rsyslog,
    wait_for,
)
from tests.e2e.installation import ENVIRONMENT, in_root, run
from tests.e2e.rig import Rig

GREY_SECONDS = 3


def commands(rig: Rig) -> dict[str, list[str]]:
    """Return the command of each filter that stays in the foreground, by its port."""
    root, ports = rig.root, rig.ports
    return {
        "OPENDKIM": ["opendkim", "-f", "-x", f"{root}/opendkim/opendkim.conf"],
        "OPENDMARC": ["opendmarc", "-f", "-c", f"{root}/opendmarc/opendmarc.conf"],
        "CLAMD": ["clamd", "-c", f"{root}/clamav/clamd.conf"],
        "CLAMAV": ["clamav-milter", "-c", f"{root}/clamav/clamav-milter.conf"],
        "SPAMD": [
            *("spamd", "--local", "--nouser-config", "--max-children=2", "--username=nobody"),
            *("--syslog=mail", f"--helper-home-dir={root}/spamd/home"),
            *("--listen=127.0.0.1", f"--port={ports['SPAMD']}"),
        ],
        "SPAMASS": [
            *("spamass-milter", "-p", f"inet:{ports['SPAMASS']}@127.0.0.1", "-r", "15"),
            *("--", "-d", "127.0.0.1", "-p", str(ports["SPAMD"])),
        ],
    }


@contextmanager
def _running_postgrey(rig: Rig) -> Iterator[None]:
    """Run postgrey, which writes to syslog only in the background.

    What stops it waits for the end of a pipe that the test holds, so a killed test stops it too.
    """
    folder = rig.root / "postgrey"
    command = [
        *("postgrey", "--daemonize", f"--pidfile={folder}/pid", f"--dbdir={folder}"),
        *("--user=nobody", "--group=nogroup", f"--delay={GREY_SECONDS}"),
        *("--auto-whitelist-clients=2", f"--whitelist-clients={folder}/whitelist_clients"),
        f"--inet=127.0.0.1:{rig.ports['POSTGREY']}",
    ]
    with subprocess.Popen(
        in_root(["sh", "-c", f"cat >/dev/null; kill $(cat {folder}/pid)"]),
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        start_new_session=True,
    ):
        run(command)
        wait_for(lambda: is_listening(rig.ports["POSTGREY"]), "postgrey listens")
        yield


@contextmanager
def running_filters(rig: Rig) -> Iterator[None]:
    """Run Postfix and all filters; stop them when left, whatever happened."""
    with ExitStack() as stack:
        stack.enter_context(running_rsyslog(rig))
        for port, command in commands(rig).items():
            stack.enter_context(running_child(rig, command[0], command))
            wait_for(lambda port=port: is_listening(rig.ports[port]), f"{command[0]} listens")
        stack.enter_context(_running_postgrey(rig))
        stack.enter_context(running_amavis(rig))
        stack.enter_context(running_postfix(rig, rig.mx, "MX"))
        yield
