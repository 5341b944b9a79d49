"""The mail that is sent through the filters, and what each of them must say of it."""

from dataclasses import dataclass
from email.utils import formatdate

from tests.e2e.filters.rig import EICAR, FAILING

OFFICE, NET, SLOW, COM = "192.0.2.200", "192.0.2.1", "192.0.2.2", "198.51.100.7"
# Not known to the name server, so not to postgrey either
STRANGER, SKIPPED, TRUSTED = "203.0.113.30", "203.0.113.241", "203.0.113.225"
VIRUS = "Eicar-Test-Signature.UNOFFICIAL"
# Text that SpamAssassin takes for spam, whatever else is said
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
LOOKS_LIKE_SPAM = "Viagra cheap\r\nhttp://198.51.100.1/click MILLION DOLLARS"
QUEUED = r"250 2\.0\.0 Ok: queued as (\w+)"
GREYLISTED = r"450 4\.2\.0 <box@example\.org>: Recipient address rejected: Greylisted, .*"
# Program and check: result, and values of other columns
Checks = dict[tuple[str, str], dict[str, object]]


@dataclass(frozen=True)
class Letter:
    """A message, and what must become of it.

    Attributes:
        name: local part of sender and Message-ID.
        domain: of the envelope's sender; None for the null sender.
        client: address that it comes from.
        checks: what the filters say.
        answer: regular expression of the server's.
        service: port that it is sent to.
        author: domain of the From header, where that is another one.
        body: its text, without the last end of line.
        change: text of a signed letter that is changed on the way, and what it becomes.
        headers: further ones.
        dated: whether it tells when it was written, which is now: SpamAssassin counts other times.
        recipients: local parts of the envelope's.
    """

    name: str
    domain: str | None
    client: str
    checks: Checks
    answer: str = QUEUED
    service: str = "MX"
    author: str | None = None
    body: str = "hello"
    change: tuple[str, str] | None = None
    headers: tuple[str, ...] = ()
    dated: bool = True
    recipients: tuple[str, ...] = ("box",)

    @property
    def sender(self) -> str:
        """Sender of the envelope."""
        return f"{self.name}@{self.domain}" if self.domain else ""

    @property
    def text(self) -> bytes:
        """Header and body, lines ended by CRLF."""
        lines = [
            f"From: <{self.name}@{self.author or self.domain}>",
            "To: <box@example.org>",
            f"Subject: {self.name}",
            *([f"Date: {formatdate()}"] if self.dated else []),
            *self.headers,
            f"Message-ID: <{self.name}@{self.author or self.domain}>",
            "",
            self.body,
            "",
        ]
        return "\r\n".join(lines).encode()


def proofs(
    spf: str | None, dkim: str | None, dmarc: str | None, greylist: str | None = "passed"
) -> Checks:
    """Return what the filters of the port for strangers say."""
    found = {
        ("policyd-spf", "spf"): spf,
        ("opendkim", "dkim"): dkim,
        ("opendmarc", "dmarc"): dmarc,
        ("postgrey", "greylist"): greylist,
        # Postfix tells it, too, in its refusal
        ("smtpd", "greylist"): greylist if greylist == "greylisted" else None,
    }
    return {check: {"result": result} for check, result in found.items() if result is not None}


def _signed(name: str, domain: str) -> Letter:
    signed: Checks = {("opendkim", "dkim"): {"result": "signed", "domain": domain}}
    return Letter(name, domain, OFFICE, signed)


# Sent by the office, which signs
OUTGOING = (
    _signed("held", "example.net"),
    _signed("body", "example.net"),
    _signed("subject", "example.net"),
    _signed("forwarded", "example.net"),
    _signed("inspected", "example.net"),
    _signed("keyless", "example.com"),
    _signed("lost", FAILING),
    Letter("unsigned", "strict.example.com", OFFICE, proofs(None, "none", None, None)),
)
# What was signed comes from outside, by its name
RETURNING = (
    Letter("held", "example.net", NET, proofs("pass", "pass", "pass")),
    Letter("body", "example.net", NET, proofs("pass", "fail", "pass"), change=("hello", "bye")),
    Letter(
        *("subject", "example.net", NET, proofs("pass", "fail", "pass")),
        change=("Subject: subject", "Subject: another"),
    ),
    Letter(
        *("forwarded", "example.com", COM, proofs("pass", "fail", "fail")),
        answer=r"550 5\.7\.1 rejected by DMARC policy for example\.net",
        author="example.net",
        change=("hello", "bye"),
    ),
    Letter("keyless", "example.com", COM, proofs("pass", "permerror", "pass")),
    Letter("lost", FAILING, COM, proofs("none", "temperror", "none")),
    Letter(
        *("inspected", "example.net", NET, {("amavis", "spam"): {"result": "clean"}}),
        service="INSPECTED",
    ),
)
INCOMING = (
    Letter("plain", "example.net", NET, proofs("pass", "none", "pass")),
    Letter(
        *("forged", "example.net", "203.0.113.9", proofs("fail", None, None, None)),
        answer=r"550 5\.7\.23 <box@example\.org>: .* SPF fail - not authorized\. .*",
    ),
    Letter("soft", "example.com", NET, proofs("softfail", "none", "fail")),
    Letter("neutral", "neutral.example.com", COM, proofs("neutral", "none", "none")),
    Letter("broken", "broken.example.com", COM, proofs("permerror", "none", "none")),
    Letter("nothing", "none.example.org", COM, proofs("none", "none", "none")),
    Letter(
        *("misaligned", "example.com", COM, proofs("pass", "none", "fail")),
        answer=r"550 5\.7\.1 rejected by DMARC policy for example\.net",
        author="example.net",
    ),
    Letter(
        *("quarantined", "example.net", NET, proofs("pass", "none", "fail")),
        author="strict.example.com",
    ),
    Letter("notice", None, COM, proofs("none", "none", "fail"), author="example.com"),
    Letter(
        *("dateless", "example.com", COM, proofs("pass", "none", None)),
        answer=r"550 5\.7\.1 .*",
        dated=False,
    ),
    Letter(
        *("several", "example.com", COM, proofs("pass", "none", "pass")),
        recipients=("box", "second", "third"),
    ),
    Letter("gone", "example.net", SLOW, proofs("pass", None, None, "greylisted"), GREYLISTED),
    Letter(
        *("skipped", "example.net", SKIPPED, proofs(None, None, None, "greylisted")), GREYLISTED
    ),
    Letter(
        *("trusted", "example.net", TRUSTED, proofs(None, None, None, "greylisted")), GREYLISTED
    ),
    Letter(
        "unasked",
        "example.net",
        NET,
        {
            ("opendkim", "dkim"): {"result": "none"},
            ("opendmarc", "spf"): {"result": "pass", "domain": "example.net"},
            ("opendmarc", "dmarc"): {"result": "pass", "domain": "example.net"},
        },
        service="UNASKED",
    ),
    Letter(
        *("clean", "example.net", NET, {("amavis", "spam"): {"result": "clean"}}),
        service="INSPECTED",
    ),
    Letter(
        *("spammy", "example.net", NET, {("amavis", "spam"): {"result": "spammy"}}),
        service="INSPECTED",
        body=LOOKS_LIKE_SPAM,
    ),
    Letter(
        *("spam", "example.net", NET, {("amavis", "spam"): {"result": "spam"}}),
        service="INSPECTED",
        body=GTUBE,
    ),
    Letter(
        "infected",
        "example.net",
        NET,
        {("amavis", "virus"): {"result": "infected", "text": VIRUS}},
        service="INSPECTED",
        body=EICAR.decode(),
    ),
    Letter(
        *("banned", "example.net", NET, {("amavis", "policy"): {"result": "banned"}}),
        service="INSPECTED",
        headers=(
            "MIME-Version: 1.0",
            'Content-Type: application/octet-stream; name="invoice.exe"',
        ),
    ),
    Letter(
        "passed",
        "example.net",
        NET,
        {
            ("spamd", "spam"): {"result": "clean"},
            ("clamav-milter", "virus"): {"result": "clean"},
        },
        service="SCORED",
    ),
    Letter(
        *("scored", "example.net", NET, {("spamd", "spam"): {"result": "spam"}}),
        answer=r"550 5\.7\.1 Blocked by SpamAssassin",
        service="SCORED",
        body=GTUBE,
    ),
    Letter(
        "sick",
        "example.net",
        NET,
        {
            ("spamd", "spam"): {"result": "clean"},
            ("clamav-milter", "virus"): {"result": "infected", "text": VIRUS},
        },
        answer=r"550 5\.7\.1 .*",
        service="SCORED",
        body=EICAR.decode(),
    ),
)
# Put off at first
WAITING = Letter("grey", "none.example.org", STRANGER, proofs("none", "none", "none"))
EARLY = Letter(
    *("grey", "none.example.org", STRANGER, proofs("none", None, None, "greylisted")), GREYLISTED
)
