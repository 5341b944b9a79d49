"""A rig: one temporary folder with the ports, settings and accounts of private daemons.

Everything that the daemons read or write is below the folder; they listen on loopback only."""

import itertools
import re
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.installation import run

SETTINGS = Path(__file__).parent / "etc"
PASSWORD = "correct horse"
# Owner of mailboxes: nobody of Debian
MAIL_UID = 65534
SMTPD_SERVICES = (
    "MX",
    "STRICT",
    "HASTY",
    "SUBMISSION",
    "SUBMISSIONS",
    "SCREENED",
    "FILTERED",
    "INSPECTED",
    "REINJECT",
    "PROXIED",
    "MILTERED",
    "COPIED",
    "WARNED",
    "FROM_SIEVE",
    "FROM_OUT",
    "OUT",
)
DOVECOT_SERVICES = ("POP3", "POP3S", "IMAP", "IMAPS", "SIEVE", "LMTP")
FILTERS = ("AMAVIS",)
FAKE_SERVICES = (
    "NEXT_HOP",
    "NEXT_HOP_TLS",
    "REFUSED",
    "BUSY",
    "MUTE",
    "DROP",
    "DROPPING",
    "HANGING",
    "SCANNER",
    "MILTER",
)
# Name of the user: what the userdb says of the mailbox beyond its place
USERS = {
    "alice@unix.example.org": "",
    "bob@unix.example.org": "",
    "carol@tcp.example.org": "",
    "full@unix.example.org": "userdb_quota_rule=*:bytes=2k",
    "sorted@unix.example.org": "",
    "limited@unix.example.org": "",
    "dora@lda.example.org": "",
    "shy user@unix.example.org": "",
}


@dataclass(frozen=True)
class Style:
    """How one run of the daemons logs.

    Attributes:
        name: of the run.
        long_queue_ids: whether the first instance gives out long queue ids.
        postfix_log_file: whether the first instance logs to a file of its own, not to syslog.
        dovecot_log_file: whether Dovecot logs to a file of its own, not to syslog.
        dovecot_formats: Dovecot's settings of prefixes and logout formats; empty for the defaults.
    """

    name: str
    long_queue_ids: bool
    postfix_log_file: bool
    dovecot_log_file: bool
    dovecot_formats: str

    @property
    def has_imap_counts(self) -> bool:
        """Whether the line at the end of an IMAP session tells more than bytes."""
        return not self.dovecot_formats

    @property
    def has_pop3_bytes(self) -> bool:
        """Whether the line at the end of a POP3 session tells all bytes."""
        return bool(self.dovecot_formats)

    @property
    def session_ids(self) -> bool:
        """Whether lines of a mailbox session tell the session id."""
        return not self.dovecot_formats

    @property
    def uses_syslog(self) -> bool:
        """Whether any daemon of the run needs /dev/log."""
        return not (self.postfix_log_file and self.dovecot_log_file)


SYSLOG = Style("syslog", False, False, False, "")
FILES = Style(
    "files",
    True,
    True,
    True,
    """\
mail_log_prefix = "service=%s, user=%u, ip=[%r]. "
protocol pop3 {
  pop3_logout_format = top=%t/%p, retr=%r/%b, del=%d/%m, size=%s, in=%i, out=%o
}
protocol imap {
  imap_logout_format = rcvd=%i, sent=%o
}
""",
)


@dataclass(frozen=True)
class Rig:
    """Where one run of the daemons lives.

    Attributes:
        root: the temporary folder.
        style: how the daemons log.
        ports: TCP port of each service, by the name that the settings give it.
        addresses: numbers of client addresses not yet used.
    """

    root: Path
    style: Style
    ports: dict[str, int]
    addresses: dict[str, Iterator[int]] = field(default_factory=dict)

    @property
    def mx(self) -> Path:
        """Settings of the first Postfix instance."""
        return self.root / "mx" / "conf"

    @property
    def out(self) -> Path:
        """Settings of the second Postfix instance."""
        return self.root / "out" / "conf"

    def host(self, instance: str) -> str:
        """Name of the host in the lines of a Postfix instance, or of Dovecot."""
        if instance == "postfix-out":
            return "out"
        return "mx1" if self.style.uses_syslog else "mx"

    @property
    def logs(self) -> Path:
        """Where every log of the run is."""
        return self.root / "logs"

    def home(self, user: str) -> Path:
        """Home of a Dovecot user."""
        return self.root / "mail" / user

    def next_address(self, network: str = "127.1") -> str:
        """Return a loopback address that no client of this rig had before.

        Args:
            network: its first two bytes.
        """
        count = self.addresses.setdefault(network, itertools.count(1))
        number = next(count)
        return f"{network}.{number // 250}.{number % 250 + 1}"


def free_ports(names: tuple[str, ...], family: int, address: str) -> dict[str, int]:
    """Find a free port for each name."""
    found = {}
    opened = []
    for name in names:
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.bind((address, 0))
        opened.append(listener)
        found[name] = listener.getsockname()[1]
    for listener in opened:
        listener.close()
    return found


def make_rig(root: Path, style: Style) -> Rig:
    """Fill a folder with everything that the daemons need to start."""
    ports = free_ports(
        SMTPD_SERVICES + DOVECOT_SERVICES + FILTERS + FAKE_SERVICES, socket.AF_INET, "127.0.0.1"
    )
    ports |= free_ports(("MX6",), socket.AF_INET6, "::1")
    rig = Rig(root, style, ports)
    root.chmod(0o755)
    for folder in (
        *("mx/conf", "mx/queue", "mx/data", "mx/forward", "mx/spool", "mx/virtual"),
        *("out/conf", "out/queue", "out/data", "dovecot/conf", "dovecot/run", "dovecot/state"),
        *("mail", "logs", "rsyslog", "amavis/conf", "amavis/home", "amavis/work"),
    ):
        (root / folder).mkdir(parents=True)
    for folder in ("mx/data", "out/data"):
        run(["chown", "postfix:postfix", str(root / folder)])
    for folder in ("mx/virtual", "mail", "mx/spool", "amavis/home", "amavis/work"):
        shutil.chown(root / folder, MAIL_UID, MAIL_UID)
    (root / "mx" / "spool").chmod(0o1777)
    if style.dovecot_log_file:
        # dovecot-lda writes to it by itself, as nobody
        (rig.logs / "dovecot.log").touch()
        (rig.logs / "dovecot.log").chmod(0o666)
    _write_certificate(root)
    places = {name: str(port) for name, port in ports.items()} | {
        "ROOT": str(root),
        "LONG_QUEUE_IDS": "yes" if style.long_queue_ids else "no",
        "MAILLOG": (
            f"maillog_file = {rig.logs}/postfix.log\nmaillog_file_prefixes = {root}"
            if style.postfix_log_file
            else ""
        ),
        "DOVECOT_LOG": f"log_path = {rig.logs}/dovecot.log" if style.dovecot_log_file else "",
        "DOVECOT_FORMATS": style.dovecot_formats,
        "AMAVIS_SYSLOG": "1" if style.uses_syslog else "0",
    }
    _write_settings(rig, "mx-main.cf", rig.mx / "main.cf", places)
    _write_settings(rig, "mx-master.cf", rig.mx / "master.cf", places)
    _write_settings(rig, "out-main.cf", rig.out / "main.cf", places)
    _write_settings(rig, "out-master.cf", rig.out / "master.cf", places)
    for name in (
        *("transport", "aliases", "virtual_alias", "virtual_mailbox", "client_access"),
        *("helo_access", "sender_access", "recipient_access", "data_access"),
        *("end_of_data_access", "header_checks", "body_checks", "smtp_header_checks"),
        *("postscreen_access", "deliver.sh"),
    ):
        _write_settings(rig, name, rig.mx / name, places)
    _write_settings(rig, "dovecot.conf", root / "dovecot" / "conf" / "dovecot.conf", places)
    _write_settings(rig, "amavisd.conf", root / "amavis" / "conf" / "amavisd.conf", places)
    _write_settings(rig, "rsyslog.conf", root / "rsyslog" / "rsyslog.conf", places)
    (root / "dovecot" / "conf" / "users").write_text(
        "".join(
            f"{user}:{PASSWORD}:{MAIL_UID}:{MAIL_UID}::{rig.home(user)}::{extra}\n"
            for user, extra in USERS.items()
        )
    )
    return rig


def _write_settings(rig: Rig, name: str, target: Path, places: dict[str, str]) -> None:
    """Copy a file of settings, its @PLACES@ filled in."""
    filled = dict(places) | {"CONF": str(target.parent)}
    text = (SETTINGS / name).read_text()
    target.write_text(re.sub(r"@([A-Z0-9_]+)@", lambda match: filled[match[1]], text))


def _write_certificate(root: Path) -> None:
    """Make a self-signed certificate and its key."""
    run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=mx.example.org"),
            *("-keyout", str(root / "key.pem"), "-out", str(root / "cert.pem")),
        ]
    )
