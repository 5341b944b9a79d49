"""Where the daemons are: unpacked below a private root for the test.

Nothing is installed: another mail server may be there, which the packages would remove, or another
syslog daemon, which owns /dev/log. In a private root, which programs enter by chroot, both are
others, and so is the name server that filters ask. The root leads to itself by its own path, so a
path below it is the same inside."""

import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

PACKAGES = (
    "postfix",
    "dovecot-core",
    "dovecot-pop3d",
    "dovecot-imapd",
    "dovecot-lmtpd",
    "dovecot-sieve",
    "dovecot-managesieved",
    "rsyslog",
    "amavisd-new",
    "openssl",
    "opendkim",
    "opendmarc",
    "postfix-policyd-spf-python",
    "postgrey",
    "spamd",
    "spamass-milter",
    "clamav-daemon",
    "clamav-milter",
)
# What scripts of Postfix need, and what no package names because every system has it
BASE_PACKAGES = (
    "base-passwd",
    "coreutils",
    "dash",
    "diffutils",
    "findutils",
    "grep",
    "libc-bin",
    "mawk",
    "sed",
)
# Of the users and groups that package scripts would make; numbers that Debian gives to nobody
USERS = {"postfix": 60990, "dovecot": 60991, "dovenull": 60992}
GROUPS = USERS | {"postdrop": 60993}
SET_GROUP_PROGRAMS = ("usr/sbin/postdrop", "usr/sbin/postqueue")
DEVICES = {"null": (1, 3), "zero": (1, 5), "random": (1, 8), "urandom": (1, 9)}
FILES = {
    "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "etc/resolv.conf": "",
}
MERGED_FOLDERS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TZ": "UTC", "LANG": "C"}


class NoDaemonsError(Exception):
    """The daemons cannot be run here; says why."""


@cache
def daemons_root() -> Path:
    """Return the root of the file system that the daemons see, as long as this process lives.

    Raises:
        NoDaemonsError: they cannot be fetched, unpacked or started.
    """
    if os.geteuid() != 0:
        raise NoDaemonsError("the daemons need root to start")
    if shutil.which("apt-get") is None:
        raise NoDaemonsError("no apt-get to fetch the daemons")
    root = Path(_folder_of_this_process().name)
    try:
        _unpack(_fetch(root), root)
    except OSError as error:
        raise NoDaemonsError(f"the daemons cannot be unpacked: {error}") from error
    return root


@cache
def _folder_of_this_process() -> tempfile.TemporaryDirectory[str]:
    """A folder that is removed when the process ends."""
    # Often /tmp knows neither devices nor set-group-id
    return tempfile.TemporaryDirectory(prefix="mailsql-", dir="/var/tmp")


def _fetch(root: Path) -> list[Path]:
    """Fetch the packages of the daemons with all that they need."""
    archives = root / "archives"
    (archives / "partial").mkdir(parents=True)
    # As if nothing were installed
    (root / "status").touch()
    fetch = [
        *("apt-get", "install", "--yes", "--download-only", "--no-install-recommends"),
        *("-o", f"Dir::State::status={root}/status", "-o", f"Dir::Cache::archives={archives}"),
        *("-o", "APT::Sandbox::User=root", "-o", "Debug::NoLocking=true"),
    ]
    for command in (["apt-get", "update"], [*fetch, *PACKAGES, *BASE_PACKAGES]):
        _must(command)
    return sorted(archives.glob("*.deb"))


def _unpack(archives: list[Path], root: Path) -> None:
    """Make a root of packages, with what their scripts would have made."""
    for name in MERGED_FOLDERS:
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    for archive in archives:
        with subprocess.Popen(
            ["dpkg-deb", "--fsys-tarfile", str(archive)], stdout=subprocess.PIPE
        ) as unpacking:
            _must(
                ["tar", "-x", "--keep-directory-symlink", "-C", str(root)], stdin=unpacking.stdout
            )
    for name in ("dev", "tmp", "run"):
        (root / name).mkdir(exist_ok=True)
    (root / "tmp").chmod(0o1777)
    root.chmod(0o755)
    for name, numbers in DEVICES.items():
        os.mknod(root / "dev" / name, 0o020666, os.makedev(*numbers))
        (root / "dev" / name).chmod(0o666)
    for name, text in FILES.items():
        (root / name).write_text(text)
    for name, entries in (
        ("passwd", [f"{user}:x:{number}:{number}::/:/bin/false" for user, number in USERS.items()]),
        ("group", [f"{group}:x:{number}:" for group, number in GROUPS.items()]),
    ):
        master = (root / "usr/share/base-passwd" / f"{name}.master").read_text()
        (root / "etc" / name).write_text(master + "".join(entry + "\n" for entry in entries))
    for program in SET_GROUP_PROGRAMS:
        os.chown(root / program, 0, GROUPS["postdrop"])
        (root / program).chmod(0o2755)
    inside = root / root.relative_to("/")
    inside.parent.mkdir(parents=True, exist_ok=True)
    inside.symlink_to("/")
    _must(["chroot", str(root), "ldconfig"])


def _must(command: list[str], **options: object) -> None:
    """Run a command of the machine.

    Raises:
        NoDaemonsError: it fails.
    """
    done = subprocess.run(
        command,
        env=ENVIRONMENT | {"DEBIAN_FRONTEND": "noninteractive"},
        capture_output=True,
        text=True,
        **({"stdin": subprocess.DEVNULL} | options),
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        words = " ".join(command[:2])
        raise NoDaemonsError(f"{words} failed: {said[-1] if said else 'no reason given'}")


def in_root(command: list[str]) -> list[str]:
    """Return a command that runs a program where the daemons are."""
    return ["chroot", str(daemons_root()), *command]


def run(command: list[str], text: str | None = None) -> str:
    """Run a command of the daemons to its end and return what it printed."""
    done = subprocess.run(
        in_root(command), env=ENVIRONMENT, input=text, capture_output=True, text=True, check=True
    )
    return done.stdout
