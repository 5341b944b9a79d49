"""A manifest -> a detached signature of it by an SSH key, and back: who signed it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from .errors import MailsqlError, UsageError

PROGRAM = "ssh-keygen"
NAMESPACE = "mailsql-export"
SUFFIX = ".sig"


def sign(file: Path, key: Path) -> None:
    """Write the signature of a file beside it; a key with a passphrase is asked for it.

    Raises:
        UsageError: there is no such key, it cannot sign, or ssh-keygen is missing.
    """
    check_key(key)
    done = _run(["-Y", "sign", "-q", "-f", str(key), "-n", NAMESPACE, str(file)])
    if done.returncode:
        raise UsageError(f"{key}: cannot sign: {_said(done)}", "--sign ~/.ssh/id_ed25519")


def check_key(key: Path) -> None:
    """Refuse a key that is not there before anything is written.

    Raises:
        UsageError: there is no such file.
    """
    if not key.is_file():
        raise UsageError(f"{key}: no such key", "--sign ~/.ssh/id_ed25519")


def signer_of(file: Path, allowed_signers: Path) -> str:
    """Return who of those allowed has signed a file.

    Args:
        file: with its signature beside it.
        allowed_signers: who may sign, and with which keys (ssh-keygen(1), ALLOWED SIGNERS).

    Raises:
        UsageError: there is no such list of signers, or ssh-keygen is missing.
        MailsqlError: nobody of them has, or the file was changed since.
    """
    if not allowed_signers.is_file():
        raise UsageError(
            f"{allowed_signers}: no such file",
            "lines such as: alice@example.com ssh-ed25519 AAAA...",
        )
    signature = file.with_name(file.name + SUFFIX)
    if not signature.is_file():
        raise MailsqlError(f"{signature.name}: missing", "mailsql export --sign KEY signs")
    listed = ["-f", str(allowed_signers), "-s", str(signature)]
    found = _run(["-Y", "find-principals", *listed])
    for name in found.stdout.decode(errors="backslashreplace").splitlines():
        checked = _run(["-Y", "verify", *listed, "-I", name, "-n", NAMESPACE], file.read_bytes())
        if checked.returncode == 0:
            return name
    raise MailsqlError(
        f"{signature.name}: not the signature of {file.name} by one of {allowed_signers}",
        "the manifest was changed, or signed by somebody else",
    )


def _run(arguments: list[str], fed: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run([PROGRAM, *arguments], input=fed, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise UsageError(
            f"{PROGRAM}: not installed", "install OpenSSH 8.2 or newer, or leave the signature out"
        ) from error


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    words = done.stderr.decode(errors="backslashreplace").split("\n")
    return next((line.strip() for line in words if line.strip()), "no reason given")
