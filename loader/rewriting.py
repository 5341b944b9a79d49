"""Lines of logs -> the same lines with pseudonyms for people, domains and addresses.

What a line says is known by its shape and place alone: each line is rewritten without another one,
before it is cut into batches, so that all that is made of it agrees. What cannot be told from
words of the daemons, such as a name in a sentence, stays (docs/privacy.md).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from importlib import resources

from .encoded_words import clear_text
from .pseudonyms import Pseudonyms

# Stands around what is rewritten already; where lines hold it, it is escaped
MARK = b"\xff"
ESCAPED = ((b"\xfe", b"\xfe\xfe"), (MARK, b"\xfe\xfd"))
ESCAPE = re.compile(rb"\xfe([\xfe\xfd])")
# No receiver cuts a shorter line (RFC 5424)
CUT_BYTES = 480
# Of a name, of an atom of an address (RFC 5322, RFC 6531)
LABEL = rb"[A-Za-z0-9_\x80-\xfe](?:[A-Za-z0-9_\x80-\xfe-]*[A-Za-z0-9_\x80-\xfe])?"
ATOM = rb"[A-Za-z0-9!#$%&*+?^_~\x80-\xfe.-]"
# What forwarders and lists write holds another address
LOCAL_PART = (
    rb"(?:SRS[01][=+-][A-Za-z0-9=+/_.-]+|" + ATOM + rb"+?\+[A-Za-z0-9=_.+-]+|" + ATOM + rb"+)"
)
QUOTED = rb"\"(?:[^\"\\\n\xff]|\\.)*\""
IP = rb"[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]*"
# Names of files, not of domains
FILE_ENDINGS = frozenset(
    b"c cache cf cfg conf crt daily db exe h hourly html index key lmdb lock log lua map "
    b"pem pid py service sieve so sock socket svbin target timer tmp txt uidlist weekly "
    b"monthly".split()
)
# Where a word in brackets is a user or a process: what Dovecot writes before a text
SPEAKERS = frozenset(
    b"imap pop3 lmtp lda deliver managesieve sieve submission imap-hibernate imap-urlauth indexer "
    b"indexer-worker doveadm doveadm-server dsync quota-status auth auth-worker proxy sql "
    b"passwd-file passwd shadow pam ldap lua dict imap-login pop3-login bsdauth vpopmail "
    b"checkpassword static oauth2 policy plain login cram-md5 digest-md5 scram-sha-1 "
    b"scram-sha-256 apop ntlm gssapi external anonymous xoauth2 oauthbearer otp".split()
)
NO_USERS = frozenset((b"?", b"default", b"master", b"local", b"unix"))
FOLDER = rb"/(?:home|Users|var/(?:spool/)?mail)/"


class Rewriter:
    """Rewrites lines with the pseudonyms of one key."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self.pseudonyms = pseudonyms
        self._steps = _steps(pseudonyms)

    def rewrite(self, lines: bytes) -> bytes:
        """Return lines with pseudonyms; as many of them, each with its own line end."""
        self.pseudonyms.forget()
        if b'{"' not in lines:
            return self._rewrite(lines)
        return b"\n".join(
            self._rewrite_json(line) if b'{"' in line else self._rewrite(line)
            for line in lines.split(b"\n")
        )

    def _rewrite(self, lines: bytes) -> bytes:
        if b"\r" not in lines:
            return self._rewrite_texts(lines)
        parts = lines.split(b"\n")
        told = self._rewrite_texts(b"\n".join(part.removesuffix(b"\r") for part in parts))
        return b"\n".join(
            line + b"\r" if part.endswith(b"\r") else line
            for part, line in zip(parts, told.split(b"\n"), strict=True)
        )

    def _rewrite_texts(self, lines: bytes) -> bytes:
        """Rewrite lines without their carriage returns: a name may be their last word."""
        is_escaped = MARK in lines or b"\xfe" in lines
        if is_escaped:
            for byte, escape in ESCAPED:
                lines = lines.replace(byte, escape)
        told = lines
        for needle, pattern, say in self._steps:
            if needle is None or needle in told:
                told = pattern.sub(say, told)
        told = self._rewrite_names_in_texts(lines, told).replace(MARK, b"")
        told = _as_long(lines, told)
        return ESCAPE.sub(_unescaped, told) if is_escaped else told

    def _rewrite_json(self, line: bytes) -> bytes:
        """Rewrite the texts of JSON, in which characters may be escaped."""

        def say(text: re.Match[bytes]) -> bytes:
            try:
                value = json.loads(text[2])
            except ValueError:
                return text[0]
            original = value.encode("utf-8", "surrogatepass")
            if text[1]:
                told = self.pseudonyms.host(original)
            else:
                told = b"\n".join(
                    self._rewrite_json(part) if b'{"' in part else self._rewrite(part)
                    for part in original.split(b"\n")
                )
            if told == original:
                return text[0]
            return (text[1] or b"") + json.dumps(told.decode("utf-8", "surrogatepass")).encode()

        def say_bytes(text: re.Match[bytes]) -> bytes:
            numbers = [int(number) for number in text[0][1:-1].split(b",")]
            if max(numbers) > 255:
                return text[0]
            told = b"\n".join(map(self._rewrite, bytes(numbers).split(b"\n")))
            return b"[" + b",".join(b"%d" % byte for byte in told) + b"]"

        def between(text: bytes) -> bytes:
            """What stands around the texts: of a line that only looks like JSON, or is cut off."""
            told = JSON_BYTES.sub(say_bytes, text)
            return told if JSON_SIGNS.fullmatch(text) else self._rewrite(told)

        begin = line.index(b'{"')
        told, end = [self._rewrite(line[:begin])], begin
        for text in JSON_TEXT.finditer(line, begin):
            told += [between(line[end : text.start()]), say(text)]
            end = text.end()
        return b"".join([*told, between(line[end:])])

    def _rewrite_names_in_texts(self, lines: bytes, told: bytes) -> bytes:
        """Rewrite users whom a line names elsewhere, too: in replies, and in paths of files."""
        if not TEXTS.search(told):
            return told
        return b"\n".join(
            self._rewrite_known(line, rewritten) if TEXTS.search(rewritten) else rewritten
            for line, rewritten in zip(lines.split(b"\n"), told.split(b"\n"), strict=True)
        )

    def _rewrite_known(self, line: bytes, rewritten: bytes) -> bytes:
        users = {
            user.lower()
            for found in KNOWN_USER.finditer(line)
            for user in found.groups()
            if user is not None and not user.isdigit()
        }
        in_small_letters = rewritten.lower()
        users = {user for user in users if user in in_small_letters}
        if not users:
            return rewritten
        words = b"|".join(re.escape(user) for user in sorted(users, key=len, reverse=True))
        say = self.pseudonyms.user
        pattern = re.compile(
            rb"(?i)((?<=/)|(?<=[\"'<`]))?(?<![\w@.=-])(" + words + rb")(?![\w@=-])(?!\.\w)"
        )

        def told(found: re.Match[bytes]) -> bytes:
            is_quoted = found[1] is not None
            if not is_quoted and found[2].lower() in _words_of_daemons():
                return found[0]
            return MARK + say(found[2]) + MARK

        return MARK.join(
            # What stands between two marks is a pseudonym
            part if place % 2 else pattern.sub(told, part)
            for place, part in enumerate(rewritten.split(MARK))
        )


# Some keys of a JSON text tell the host (words/wrappings.csv)
JSON_TEXT = re.compile(
    rb'("(?:_HOSTNAME|hostname|host|HOSTNAME|syslog_hostname|sysloghost)"\s*:\s*(?:\{"name"\s*:\s*)?)?("(?:[^"\\]|\\.)*")'
)
# What stands between two texts
JSON_SIGNS = re.compile(rb"(?:[\s\[\]{}:,]|-?[0-9][0-9.eE+-]*|true|false|null)*")
# What the journal has for a text that is no UTF-8
JSON_BYTES = re.compile(rb"\[\d{1,3}(?:, ?\d{1,3})*\]")
# Where a sentence, or a path of a file, may name somebody
TEXTS = re.compile(rb" said: |/[a-z]+/|nknown user|: Error: ")
# Users that a line names where only they can stand
KNOWN_USER = re.compile(
    rb"[<(= ](" + ATOM + rb"{2,})@[A-Za-z0-9\[]"
    rb"|[a-z0-9]\(([A-Za-z0-9._-]{2,})[),]"
    rb"|(?:user|ruser|orig_to|to|from)=<?([A-Za-z0-9._-]{2,})(?=[>,; \n]|$)",
)


@cache
def _words_of_daemons() -> frozenset[bytes]:
    """Words of the daemons' own texts, which may be names of users as well."""
    words: set[bytes] = set()
    folders = [resources.files("mailsql.sql") / "forms"]
    pages = [resources.files("mailsql.sql") / "words" / "causes.csv"]
    while folders:
        for entry in folders.pop().iterdir():
            if entry.is_dir():
                folders.append(entry)
            elif entry.name.endswith(".toml"):
                pages.append(entry)
    for page in pages:
        words.update(re.findall(rb"[a-z]+", page.read_bytes().lower()))
    return frozenset(words)


def _as_long(lines: bytes, told: bytes) -> bytes:
    """Return lines that may be cut off as long as they were, by blanks, or it would not be seen."""
    originals = lines.split(b"\n")
    if max(map(len, originals)) < CUT_BYTES:
        return told
    return b"\n".join(
        line if len(original) < CUT_BYTES else line.ljust(len(original))
        for original, line in zip(originals, told.split(b"\n"), strict=True)
    )


def _unescaped(escape: re.Match[bytes]) -> bytes:
    return MARK if escape[1] == b"\xfd" else b"\xfe"


Say = Callable[[re.Match[bytes]], bytes]


def _steps(pseudonyms: Pseudonyms) -> list[tuple[bytes | None, re.Pattern[bytes], Say]]:
    """What is rewritten, in order: what stands in lines that hold it, pattern, what is said."""

    def person(text: bytes) -> bytes:
        """A user, an address, or an IP address in place of one."""
        if MARK in text:
            return text
        local_part, at, domain = text.rpartition(b"@")
        if at and domain and NAME_OR_LITERAL.fullmatch(domain):
            return MARK + pseudonyms.address(local_part, domain) + MARK
        return MARK + pseudonyms.user(text) + MARK

    def host(text: bytes) -> bytes:
        return text if MARK in text else MARK + pseudonyms.host(text) + MARK

    def host_before_ip(text: bytes) -> bytes:
        return text if b":" in text and pseudonyms.ip(text) is None else host(text)

    def of(kind: bytes) -> Callable[[bytes], bytes]:
        def hashed(text: bytes) -> bytes:
            return MARK + pseudonyms.text(kind, text.replace(MARK, b"")) + MARK if text else b""

        return hashed

    def subject(text: bytes) -> bytes:
        clear = clear_text(text.decode("utf-8", "surrogateescape"))
        return of(b"subject")(clear.encode("utf-8", "surrogateescape"))

    def inside(say: Callable[[bytes], bytes], group: int = 1) -> Say:
        """Say one group otherwise, and what stands around it as it stands."""

        def told(found: re.Match[bytes]) -> bytes:
            start, end = (place - found.start() for place in found.span(group))
            return found[0][:start] + say(found[group]) + found[0][end:]

        return told

    def content(found: re.Match[bytes]) -> bytes:
        """What cleanup shows of a message: of the header the name stays."""
        # Lines of several kinds are looked through several times
        if found["text"].startswith(MARK):
            return found[0]
        say = subject if (found["name"] or b"").lower() == b"subject" else of(b"text")
        return found["before"] + say(found["text"])

    def replaced(found: re.Match[bytes]) -> bytes:
        if found[3].startswith(MARK):
            return found[0]
        return found[1] + found[2] + of(b"text")(found[3])

    def speaker(found: re.Match[bytes]) -> bytes:
        if found[1][:-1].lower() not in SPEAKERS:
            return found[0]
        spoken = SPOKEN.match(found[2])
        assert spoken is not None
        begin, user = spoken.groups()
        rest = found[2][spoken.end() :]
        said = user if user in NO_USERS or not IS_USER.fullmatch(user) else person(user)
        return found[1] + begin + said + rest + found[3]

    def address(found: re.Match[bytes]) -> bytes:
        # A unit of systemd
        if found[2].endswith(b".service"):
            return found[0]
        return MARK + pseudonyms.address(found[1], found[2]) + MARK

    def name(found: re.Match[bytes]) -> bytes:
        ending = found[0].rpartition(b".")[2].lower()
        if ending == b"html" and found[0].count(b".") > 1:
            return MARK + pseudonyms.domain(found[0][:-5]) + MARK + found[0][-5:]
        if ending in FILE_ENDINGS or MASKED.fullmatch(found[0]) or OF_DAEMONS.search(found[0]):
            return found[0]
        return MARK + pseudonyms.domain(found[0]) + MARK

    def cut_speaker(found: re.Match[bytes]) -> bytes:
        is_user = found[1][:-1].lower() in SPEAKERS and IS_USER.fullmatch(found[2])
        return found[1] + person(found[2]) if is_user else found[0]

    def ip(found: re.Match[bytes]) -> bytes:
        return pseudonyms.ip(found[0]) or found[0]

    def user_if_any(text: bytes) -> bytes:
        return text if text in NO_USERS or text.isdigit() else person(text)

    session = inside(lambda text: MARK + pseudonyms.session(text) + MARK)
    return [
        (needle, re.compile(pattern, re.MULTILINE), say)
        for needle, pattern, say in (
            (b": replace: ", REPLACED, replaced),
            (b": prepend: ", REPLACED, replaced),
            (b"header ", CONTENT, content),
            (b"body ", CONTENT, content),
            (b"mime-error ", CONTENT, content),
            (b"ubject", rb"\b[Ss]ubject[=:] ?\"([^\"\n]*)\"", inside(subject)),
            (b"ubject '", rb"\bwith subject '(.*?)' message-id '", inside(subject)),
            (b"subject=", DOVECOT_SUBJECT, inside(subject)),
            (b"password", rb"given password: ([^()\n]*)", inside(of(b"password"))),
            (b">", rb"<([A-Za-z0-9+/]{16}|[A-Za-z0-9+/]{32})>", session),
            (b"session=", rb"\bsession=([A-Za-z0-9+/]{16}|[A-Za-z0-9+/]{32})(?![\w+/=])", session),
            (None, HOST, inside(host, 2)),
            (b"(", rb"(\b[A-Za-z][A-Za-z0-9-]{2,13}\()(.{1,300}?)(\)(?=[<:;]|$| [a-z]))", speaker),
            (
                b"=<",
                rb"\b(?:user|from|to|orig_to|sasl_username|recipient|sender|envelope_sender"
                rb"|envelope-from|message-?id|msgid|mid)=<("
                + QUOTED
                + rb"@[^<>\s]*|[^<>\xff\n]+)>",
                inside(person),
            ),
            (b"@", rb"<([^<>\s\xff\"]+@[^<>\s\xff@\"]+)>", inside(person)),
            # Lines that end in a name, or in a session id, are cut off there
            (b"session=<", rb"\bsession=<([^<>\s\xff]+)$", inside(of(b"session"))),
            (b"><", rb"(?<=><)([^<>\s\xff]+)$", inside(of(b"session"))),
            (b"=<", rb"=<([^<>\n\xff]+)$", inside(person)),
            (b"(", rb"\b([A-Za-z][A-Za-z0-9-]{2,13}\()([^()<>\s\xff]+)$", cut_speaker),
            (b"client=", rb"\bclient=([^\[\]\s\xff]+)$", inside(host)),
            (b"connect ", rb"\bconnect from ([^\[\]\s\xff]+)$", inside(host)),
            (
                b" command: ",
                rb"yntax from .* in [A-Z]+ command: <?([^\n\xff]*?)>?\r?$",
                inside(person),
            ),
            (b"message-id=", rb"message-id=(?!<)([^\n\xff]+?)\r?$", inside(person)),
            (
                b"msgid=",
                rb"\bmsgid=(?!unspecified)([^<>\s,:()\xff=]+)(?=[:,) ]|\r?$)",
                inside(person),
            ),
            (b"fatal: ", rb"(?<=fatal: )([a-z_][\w.-]*)\(\d+\): ", inside(person)),
            (b"helo=<", rb"\bhelo=<([^<>\n]+)>", inside(host)),
            (
                b"from=",
                rb"\bfrom=(\"[^\"\n]*\"|[^<>,=;\xff\n]+?) ?(?=<[^<>\n]*@)",
                inside(of(b"name")),
            ),
            (
                b"username",
                rb"\b(?:sasl_username=|username[=:] ?)([^\s,;<>=\xff()][^,;<>=\xff)\n]*?)"
                rb"(?=, [\w-]+[=:]|[;)]| [\w-]+=|\r?$)",
                inside(person),
            ),
            (
                b"user",
                rb"\b(?:user|ruser|logname|sasl_sender|original_user|master_user|auth_user)="
                rb"([^\s,;<>=\xff()]+)",
                inside(user_if_any),
            ),
            (
                b"user ",
                rb"\b(?:(?:for|by|of|[Ii]nvalid|[Ff]ailed) user |user [\"'<])"
                rb"([A-Za-z0-9._+-]+(?:@[\w.-]+)?)(?=[>\"'):,]| from |$)",
                inside(user_if_any),
            ),
            (b" logging in as ", rb" logging in as ([^\s)\xff]+)", inside(person)),
            (b"nown user: ", rb"nown user: \"([^\"\n]+)\"", inside(person)),
            (b" for ", rb"\bfor ([^\s:()<\[\]]+)(?=:\d+(?: in \d|\.?$))", inside(user_if_any)),
            (
                b" for ",
                rb"\bfor (?:invalid user )?([^\s:()<\[\]]+)(?= from [\d\[])",
                inside(user_if_any),
            ),
            (
                b">: ",
                rb"<([^<>@\xff\n]+)>(?=: (?:Sender|Recipient) address |\.\.\. User unknown)",
                inside(person),
            ),
            (b">: ", rb"<([^<>@\xff\n]+)>(?=: (?:Helo|Client) (?:command|host) )", inside(host)),
            (b"/", FOLDER + rb"([^/\s:;,)'\"<>\xff]+)", inside(user_if_any)),
            (
                b"[",
                rb"(?<![^\s=<(,@\"'])([^\s\[\](),;<>=/\"'\xff]+)\[(?="
                + IP
                + rb"\]|private/|public/)",
                inside(host_before_ip),
            ),
            (
                b"name=",
                rb"(?:\b(?:client_|helo_|reverse_client_)| for )name=([^\s,;<>=\xff\[\]()]+)",
                inside(host),
            ),
            (b"rhost=", rb"\brhost=([^\s,;<>=\xff]+)", inside(host)),
            (b"CN=", rb"CN=([^,\n\xff]+)", inside(of(b"name"))),
            (b"@", rb"(" + QUOTED + rb")@(\[[^\]\s]*\]|" + NAME + rb")", address),
            (
                b"@",
                rb"(?<![A-Za-z0-9!#$%&*+?^_~\x80-\xff.-])("
                + LOCAL_PART
                + rb")@(\[[^\]\s\xff]*\]|"
                + NAME
                + rb")",
                address,
            ),
            (
                b".",
                rb"(?<![\w.\xff-])(?:" + LABEL + rb"\.)+[A-Za-z\x80-\xfe][A-Za-z0-9\x80-\xfe-]*"
                rb"[A-Za-z0-9\x80-\xfe](?![\w@\xff=]|-\w|\.\w)",
                name,
            ),
            # Both at once, for one may hold the other
            (None, IP_ADDRESS, ip),
        )
    ]


NAME = LABEL + rb"(?:\." + LABEL + rb")*"
NAME_OR_LITERAL = re.compile(NAME + rb"|\[[^\]\s]*\]")
# The host of a line of syslog, behind its stamp; Dovecot's own log has none
HOST = (
    rb"((?:\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?(?: \d{4}| [+-]\d{4}| [A-Z]{2,4})?"
    rb"|^\[?\d{9,19}(?:\.\d+)?\]?|^@[0-9a-f]{24}) )"
    rb"(?!last message |std(?:out|err) [FP] |[A-Z][a-z]{2} +\d{1,2} )"
    rb"([A-Za-z0-9][A-Za-z0-9._-]*|[0-9A-Fa-f:]*::[0-9A-Fa-f:]*)(?= [^\s:\[(]+(?:[\[:(]| \S+ \S+ ))"
)
# The last such words stand behind what the message holds
CLIENT = rb"(?= from (?:[^\s\[\]]+\[[^\]\s]*\]|local|unknown)(?:; |:|\r?$))"
CONTENT = (
    rb"(?P<before>: (?:[a-z-]+: (?:(?:mime-|nested-)?header|mime-error [^\n:]*:)"
    rb"(?= (?P<name>[!-9;-~]+)) (?P=name):|[a-z-]+: body) ?)"
    rb"(?P<text>.*" + CLIENT + rb"|.*)"
)
IP_ADDRESS = (
    rb"(?<![A-Za-z0-9.\xff-])(?:(?:[0-9A-Fa-f]{1,4}:(?=[0-9A-Fa-f:.]*:)|::)[0-9A-Fa-f:.]*"
    rb"[0-9A-Fa-f:](?![\w\xff])|\d{1,3}(?:\.\d{1,3}){3}(?![A-Za-z0-9\xff]|\.\d|-\w))"
)
# What cleanup puts in the place of a header
REPLACED = (
    rb"(: (?:replace|prepend): (?:mime-|nested-)?header .* helo=<[^<>\n]*>: )([!-9;-~]+: )(.*)$"
)
DOVECOT_SUBJECT = (
    rb"\bsubject=(?!\")([^\n]*?)(?=, flags=\([^()\n]*\)\r?$"
    rb"|,? \(?(?:msgid|size|delivery_time)=|, [a-z]+ mail |: saved|\r?$)"
)
# Where their documents are
OF_DAEMONS = re.compile(rb"(?:^|\.)(?:postfix|dovecot|openspf|spamassassin\.apache)\.(?:org|net)$")
MASKED = re.compile(rb"[Xx.]+")
IS_USER = re.compile(rb"(?!\d+$)(?!sasl:)(?!<)(?!\[?" + IP + rb"\]?(?::\d+)?$)[^\xff]+")
# imap(pid 4712 user alice), lmtp(4711, alice), sql(alice,192.0.2.1)
SPOKEN = re.compile(rb"(pid \d+ user |\d+, ?|)([^,]*)")
