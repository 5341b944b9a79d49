"""A key -> pseudonyms: the same name always has the same one, and without the key none leads back.

Parts are replaced one by one, so that what belongs together still does: an address and a user of
the same name, a host with and without its domain, all addresses of a network.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import stat
from base64 import b32encode, b64encode
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from .errors import UsageError

LEAST_KEY_BYTES = 32
KEY_HINT = "head -c 32 /dev/urandom > FILE, and chmod 600 FILE"
# 50 bits: of a million names no two are likely to have the same
DIGEST_BYTES = 7
NAME_LENGTH = 10
# They say that there is no name, or that it is this machine's
KEPT_NAMES = frozenset(
    b"unknown localhost localhost.localdomain local localdomain invalid none null".split()
)
# What Postfix calls itself
KEPT_USERS = frozenset((b"mailer-daemon", b"double-bounce", b"unknown"))
# Second labels of countries under which others register names
SECOND_LABELS = frozenset(
    b"ac ad co com ed edu ez go gob gov gouv gr id lg mil ne net nom or org plc sch".split()
)
# What may be known of an address stays: whose it is cannot be told from it
KEPT_NETWORKS = tuple(
    map(ipaddress.ip_network, ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3", "::/127", "ff00::/8"))
)
# An address stays inside of these, and none comes into them: rows say what is near
SPECIAL_NETWORKS = (
    *KEPT_NETWORKS,
    *map(
        ipaddress.ip_network,
        (
            *("10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"),
            *("::ffff:0:0/96", "fc00::/8", "fd00::/8", "fe80::/10"),
        ),
    ),
)
MAPPED = ipaddress.ip_network("::ffff:0:0/96")
# What is kept on request
KEPT_BITS = {4: 24, 6: 48}
# Bare, or as in an address
IP_LITERAL = re.compile(rb"(\[?(?:[Ii][Pp][Vv]6:)?)([0-9A-Fa-f:.]+)(\]?)")


@dataclass(frozen=True)
class Keeping:
    """What stays as it is.

    Attributes:
        domains: the registered part of domains, as example.com of mail.example.com.
        networks: the /24 of an IPv4 address, the /48 of an IPv6 address.
    """

    domains: bool = False
    networks: bool = False

    def __str__(self) -> str:
        """Name it as it is stored (log_files)."""
        told = (("domains", self.domains), ("networks", self.networks))
        return ",".join(name for name, is_kept in told if is_kept)


class Pseudonyms:
    """Pseudonyms of one key.

    Attributes:
        keeping: what stays as it is.
    """

    def __init__(self, key: bytes, keeping: Keeping) -> None:
        self._key = hashlib.blake2b(key, digest_size=32).digest()
        self.keeping = keeping
        self.label = cache(self._label)
        self.user = cache(self._user)
        self.ip = cache(self._ip)
        self._flip = cache(self._flipped)

    @property
    def fingerprint(self) -> str:
        """What shows that a key is the same, and tells nothing else of it."""
        return self._digest(b"fingerprint", b"", 8).hex()

    def forget(self) -> None:
        """Let go what was remembered, so that memory does not grow with the log."""
        for remembered in (self.label, self.user, self.ip, self._flip):
            remembered.cache_clear()

    def text(self, kind: bytes, text: bytes) -> bytes:
        """Return what stands for a text: its kind, and a name; of an empty one, nothing."""
        return kind + b"-" + self._name(b"text", text) if text else b""

    def domain(self, name: bytes) -> bytes:
        """Return what stands for the name of a domain or host, label by label."""
        if name.lower() in KEPT_NAMES:
            return name
        labels = name.split(b".")
        kept = _public_labels(labels) + self.keeping.domains
        first_kept = max(len(labels) - kept, 0)
        told = [self.label(label) for label in labels[:first_kept]] + labels[first_kept:]
        return b".".join(told)

    def address(self, local_part: bytes, domain: bytes) -> bytes:
        """Return what stands for an address."""
        return self.user(local_part) + b"@" + self.host(domain)

    def host(self, name: bytes) -> bytes:
        """Return what stands for a name, or an IP address, in brackets or not."""
        literal = IP_LITERAL.fullmatch(name)
        found = self.ip(literal[2]) if literal else None
        return (
            self.domain(name)
            if literal is None or found is None
            else literal[1] + found + literal[3]
        )

    def session(self, session_id: bytes) -> bytes:
        """Return what stands for a session id of a login, which has the client's address in it."""
        return b64encode(self._digest(b"session", session_id, 12), b"+/")

    def _label(self, label: bytes) -> bytes:
        if not label:
            return label
        return _like(label, b"n" + self._name(b"label", label.lower()))

    def _user(self, name: bytes) -> bytes:
        """Return what stands for a user or a local part; what follows a + is a name of its own."""
        if not name or name.lower() in KEPT_USERS:
            return name
        parts = name.split(b"+") if name[:1] != b'"' else [name]
        told = [
            _like(part, b"u" + self._name(b"user", part.lower())) if part else b"" for part in parts
        ]
        return b"+".join(told)

    def _ip(self, text: bytes) -> bytes | None:
        """Return what stands for an IP address; None if it is none.

        All addresses of a network get one network in common, whatever its length (J. Fan, J. Xu,
        M. Ammar, S. Moon: Prefix-preserving IP address anonymization).
        """
        try:
            address = ipaddress.ip_address(text.decode())
        except ValueError:
            return None
        if address in MAPPED:
            mapped = self.ip(str(ipaddress.IPv4Address(int(address) & 2**32 - 1)).encode())
            return None if mapped is None else b"::ffff:" + mapped
        if any(address in network for network in KEPT_NETWORKS):
            return text
        bits = address.max_prefixlen
        value = int(address)
        kept = KEPT_BITS[address.version] if self.keeping.networks else 0
        told = value
        for length in range(kept, bits):
            if self._flip(address.version, value >> (bits - length), length):
                told ^= 1 << (bits - length - 1)
        return str(type(address)(told)).encode()

    def _flipped(self, version: int, beginning: int, length: int) -> bool:
        """Whether the bit behind the beginning of an address is turned over."""
        if (version, beginning, length) in _fixed_beginnings():
            return False
        told = b"%d/%d/%x" % (version, length, beginning)
        return bool(self._digest(b"ip", told, 1)[0] & 1)

    def _name(self, kind: bytes, text: bytes) -> bytes:
        digest = self._digest(kind, text, DIGEST_BYTES)
        return b32encode(digest)[:NAME_LENGTH].lower()

    def _digest(self, kind: bytes, text: bytes, size: int) -> bytes:
        return hashlib.blake2b(text, digest_size=size, key=self._key, person=kind).digest()


def read_key(path: Path, keeping: Keeping) -> Pseudonyms:
    """Return the pseudonyms of the key in a file.

    Raises:
        UsageError: it cannot be read, is too short to be secret, or anybody may read it.
    """
    try:
        key = path.read_bytes()
        mode = path.stat().st_mode
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", KEY_HINT) from error
    if len(key.strip()) < LEAST_KEY_BYTES:
        raise UsageError(f"{path}: a key has {LEAST_KEY_BYTES} bytes or more", KEY_HINT)
    if stat.S_ISREG(mode) and mode & 0o007:
        raise UsageError(f"{path}: anybody may read this key", f"chmod o= {path}")
    return Pseudonyms(key, keeping)


@cache
def _fixed_beginnings() -> frozenset[tuple[int, int, int]]:
    """Beginnings of special networks, and of the ways to them, by version, value and length."""

    def beginnings(network: IPv4Network | IPv6Network) -> set[tuple[int, int, int]]:
        value = int(network.network_address)
        bits = network.max_prefixlen
        return {
            (network.version, value >> (bits - length), length)
            for length in range(network.prefixlen)
        }

    return frozenset().union(*map(beginnings, SPECIAL_NETWORKS))


def _public_labels(labels: list[bytes]) -> int:
    """How many last labels of a name belong to nobody; none of a name of one label."""
    if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2].lower() in SECOND_LABELS:
        return 2
    return int(len(labels) > 1)


def _like(original: bytes, pseudonym: bytes) -> bytes:
    """Return a pseudonym in letters like those of the original: small, capital, or both."""
    if original == original.lower():
        return pseudonym
    return pseudonym.upper() if original == original.upper() else pseudonym.capitalize()
