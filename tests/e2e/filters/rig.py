"""The folder with ports, settings and accounts of Postfix and the filters behind it."""

import re
import shutil
import socket
from pathlib import Path

from tests.e2e.filters.names import Zone, reverse
from tests.e2e.installation import run
from tests.e2e.rig import MAIL_UID, SYSLOG, Rig, free_ports

SETTINGS = Path(__file__).parent / "etc"
SMTPD_SERVICES = ("MX", "UNASKED", "INSPECTED", "SCORED", "REINJECT")
FILTERS = ("OPENDKIM", "OPENDMARC", "POSTGREY", "AMAVIS", "CLAMD", "CLAMAV", "SPAMD", "SPAMASS")
# Where each file of settings goes
TARGETS = {
    "main.cf": "mx/conf",
    "master.cf": "mx/conf",
    "opendkim.conf": "opendkim",
    "opendmarc.conf": "opendmarc",
    "policyd-spf.conf": "policyd-spf",
    "whitelist_clients": "postgrey",
    "amavisd.conf": "amavis/conf",
    "clamd.conf": "clamav",
    "clamav-milter.conf": "clamav",
    "rsyslog.conf": "rsyslog",
}
# A file of 68 bytes that virus scanners agree to find
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
FAILING = "lost.example.com"
SELECTOR = "s1"
# Address: name of the client
CLIENTS = {
    "192.0.2.1": "mx.example.net",
    "192.0.2.2": "slow.example.net",
    "192.0.2.200": "office.example.org",
    "198.51.100.7": "relay.example.com",
}


def zone_of(rig: Rig) -> Zone:
    """Return the records of the example domains, with the key that mail is signed with."""
    public = run(["openssl", "pkey", "-in", str(rig.root / "opendkim/key.pem"), "-pubout"])
    key = "".join(public.splitlines()[1:-1])
    zone: Zone = {
        ("example.net", "TXT"): "v=spf1 ip4:192.0.2.0/28 -all",
        ("_dmarc.example.net", "TXT"): "v=DMARC1; p=reject",
        (f"{SELECTOR}._domainkey.example.net", "TXT"): f"v=DKIM1; k=rsa; p={key}",
        ("example.com", "TXT"): "v=spf1 ip4:198.51.100.0/28 ~all",
        ("_dmarc.example.com", "TXT"): "v=DMARC1; p=none",
        ("neutral.example.com", "TXT"): "v=spf1 ?all",
        ("strict.example.com", "TXT"): "v=spf1 ip4:198.51.100.0/28 -all",
        ("_dmarc.strict.example.com", "TXT"): "v=DMARC1; p=quarantine",
        ("broken.example.com", "TXT"): "v=spf1 ip4:nonsense -all",
    }
    for address, name in CLIENTS.items():
        zone |= {(reverse(address), "PTR"): name, (name, "A"): address}
    return zone


def name_server_address() -> str:
    """Return a loopback address of which port 53 is free."""
    for number in range(1, 255):
        address = f"127.53.53.{number}"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((address, 53))
            except OSError:
                continue
            return address
    raise OSError("port 53 is taken on all addresses")


def make_filter_rig(root: Path, names: str) -> Rig:
    """Fill a folder with everything that Postfix and the filters need to start.

    Args:
        root: the folder.
        names: address of the name server.
    """
    rig = Rig(root, SYSLOG, free_ports(SMTPD_SERVICES + FILTERS, socket.AF_INET, "127.0.0.1"))
    root.chmod(0o755)
    for folder in (
        *("mx/queue", "mx/data", "mail", "logs", "amavis/home", "amavis/work"),
        *("clamav/signatures", "spamd/home", *TARGETS.values()),
    ):
        (root / folder).mkdir(parents=True, exist_ok=True)
    run(["chown", "postfix:postfix", str(root / "mx/data")])
    for folder in (
        "mail",
        "amavis/home",
        "amavis/work",
        "opendkim",
        "opendmarc",
        "postgrey",
        "clamav/signatures",
        "spamd/home",
    ):
        shutil.chown(root / folder, MAIL_UID, MAIL_UID)
    places = {name: str(port) for name, port in rig.ports.items()}
    places |= {"ROOT": str(root), "NAMES": names}
    for name, folder in TARGETS.items():
        text = (SETTINGS / name).read_text()
        (root / folder / name).write_text(
            re.sub(r"@([A-Z0-9_]+)@", lambda match: places[match[1]], text)
        )
    (root / "clamav/signatures/test.ndb").write_text(f"Eicar-Test-Signature:0:*:{EICAR.hex()}\n")
    (root / "opendmarc/ignore").write_text("192.0.2.200\n")
    key = root / "opendkim/key.pem"
    run(["openssl", "genrsa", "-out", str(key), "1024"])
    shutil.chown(key, MAIL_UID, MAIL_UID)
    return rig
