"""Runs pflogsumm and logwatch's scripts over a log; what they print becomes numbers by name.

logwatch itself, which would search the machine for logs and send mail, is not run."""

import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

SCRIPTS = Path("/usr/share/logwatch/scripts/services")
POSTFIX = SCRIPTS / "postfix"
DOVECOT = SCRIPTS / "dovecot"
# All but Dovecot's own log, which neither reads
SAMPLES = tuple(
    sorted(
        path
        for path in (Path(__file__).parent.parent / "sample_logs").rglob("*")
        if path.is_file() and path.name != "dovecot.log"
    )
)
# What logwatch gives its scripts at full detail; nothing that asks the DNS
ENVIRONMENT = {
    "LC_ALL": "C",
    "PATH": os.environ.get("PATH", os.defpath),
    "LOGWATCH_DETAIL_LEVEL": "10",
    "LOGWATCH_NUMERIC": "1",
}
# Of the queue ids, only long ones have a z
LONG_ID = re.compile(r"\]: (?=\w*\d)\w*z\w*: ")
SHORT_ID = re.compile(r"\]: [0-9A-F]{6,}: ")
RFC_3339 = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\S* ", re.MULTILINE)
KIBI = 1024
CODES = ("5xx", "4xx", "Warn")


@dataclass(frozen=True)
class Numbers:
    """What a script printed.

    Attributes:
        totals: a number by its title.
        parts: of a title, the numbers of the next level by their text.
        percentiles: delays in seconds by their part, at 0, 25, 50, 75, 90, 95, 98 and 100 %.
    """

    totals: Counter[str]
    parts: dict[str, Counter[str]]
    percentiles: dict[str, list[float]]


def missing_programs() -> list[str]:
    """Programs to compare with that this machine lacks."""
    found = {
        "pflogsumm": shutil.which("pflogsumm") is not None,
        "logwatch": POSTFIX.exists() and DOVECOT.exists() and shutil.which("perl") is not None,
    }
    return [name for name, is_there in found.items() if not is_there]


def with_bsd_stamps(log: str) -> str:
    """The log with the stamps that logwatch's script for Postfix reads: it skips RFC 3339."""
    return RFC_3339.sub(lambda match: f"{datetime.fromisoformat(match[1]):%b %e %H:%M:%S} ", log)


def run_script(script: Path, log: str, **options: str) -> str:
    """What a script of logwatch prints of a log on its standard input."""
    return subprocess.run(
        ["perl", str(script)],
        input=log,
        env=ENVIRONMENT | options,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def postfix_sections() -> set[tuple[str, str]]:
    """The sections of logwatch's script for Postfix: name and title of each number."""
    text = POSTFIX.read_text()
    found = re.findall(
        r"""add_section \(\$S, +((?:\$key \. )?'\w+'(?: \. \$key)?), +\d, '\w', +"""
        r"""(?:\$keyuc \. )?['"]([^'"]+)['"]""",
        text,
    )
    assert len(found) == text.count("add_section ($S,")
    sections = set()
    for expression, title in found:
        name = expression.split("'")[1]
        if "$key" not in expression:
            sections.add((name, _squeezed(title)))
            continue
        for code in CODES:
            is_sum = "$keyuc" in title
            sections.add(
                (f"{name}{code.lower()}", title.replace("$keyuc", code))
                if is_sum
                else (name, f"{code} {_squeezed(title)}")
            )
    return sections


def logwatch_numbers(logs: list[str]) -> Numbers:
    """What both scripts of logwatch print, of all logs together; percentiles of the last log."""
    totals: Counter[str] = Counter()
    parts: dict[str, Counter[str]] = {}
    printed = [numbers for log in logs for numbers in postfix_numbers(log)]
    percentiles = printed[-1].percentiles
    # What a user did, Dovecot's script tells in one text, so it is given all at once
    printed.append(dovecot_numbers("".join(logs)))
    for each in printed:
        totals.update(each.totals)
        for title, found in each.parts.items():
            parts.setdefault(title, Counter()).update(found)
    return Numbers(totals, parts, percentiles)


def pflogsumm_text(logs: Iterable[Path]) -> str:
    """What pflogsumm prints of logs."""
    return subprocess.run(
        ["pflogsumm", "--smtpd-stats", "--syslog-name=postfix-out", *map(str, logs)],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def pflogsumm_numbers(text: str) -> dict[str, tuple[int, bool]]:
    """The grand totals of pflogsumm: by title the number, and whether it is rounded to k."""
    totals = text.partition("\nPer-")[0]
    numbers = {
        title: (int(digits) * (KIBI if unit else 1), bool(unit))
        for digits, unit, title in re.findall(
            r"[ (](\d+)(k?) {1,3}([a-z][^\n()]*?(?: \(seconds\))?)(?= *[\n()]| {2})", totals
        )
    }
    for hours, minutes, seconds, title in re.findall(r"(\d+):(\d\d):(\d\d) {2}(.*)", totals):
        numbers[title] = (int(hours) * 3600 + int(minutes) * 60 + int(seconds), False)
    return numbers


def pflogsumm_titles() -> set[str]:
    """What pflogsumm can print: its grand totals, and the titles of its tables."""
    text = Path(shutil.which("pflogsumm") or "").read_text()
    totals = re.findall(r'printf "[^"]*%\d*d(?:%s)? {1,3}([a-z][^"\\]*?)(?: \(%d%%\))?[\\"]', text)
    totals += re.findall(r"%02d {2}([a-z ]+)\\n", text)
    titles = re.findall(r'print_\w+\([^;"]*"([^"$]+)', text)
    # One stands in parentheses
    return {title.strip(" " if "(" in title else " )") for title in totals + titles}


def postfix_numbers(log: str) -> list[Numbers]:
    """What logwatch's script for Postfix prints of a log; of one with both kinds of ids, twice."""
    long_ids = LONG_ID.search(log) is not None
    if not (long_ids and SHORT_ID.search(log)):
        return [_postfix_numbers(log, long_ids=long_ids)]
    lines = log.splitlines(keepends=True)
    return [
        _postfix_numbers(
            "".join(line for line in lines if (LONG_ID.search(line) is not None) == long_ids),
            long_ids=long_ids,
        )
        for long_ids in (False, True)
    ]


def _postfix_numbers(log: str, *, long_ids: bool) -> Numbers:
    text = run_script(
        POSTFIX,
        with_bsd_stamps(log),
        postfix_syslog_name="(?:postfix|postgrey|postfwd|policyd-spf)(?:-out)?",
        postfix_enable_long_queue_ids=str(int(long_ids)),
        postfix_max_report_width="500",
    )
    summary, _, rest = text.partition("****** Detail")
    detail = re.split(r"^(?:===|\*\*Unmatched)", rest, maxsplit=1, flags=re.MULTILINE)[0]
    totals = Counter()
    # In the summary stands the number in short, in the end in full
    for short, title, full in re.findall(
        r"^ +([\d.]+[KMG]?) {2,3}(\S.*?) {2,}([\d,]+(?:\.\d+%)?)$", summary, re.MULTILINE
    ):
        totals[_squeezed(title)] += int(short) if full.endswith("%") else int(full.replace(",", ""))
    parts: dict[str, Counter[str]] = {}
    title = ""
    for line in detail.splitlines():
        if match := re.match(r"^ +(\d+) {3}(\S.*?) -+$", line):
            title = _squeezed(match[2])
            totals.setdefault(title, int(match[1]))
        elif match := re.match(r"^ +(\d+) {6}(\S.*)$", line):
            parts.setdefault(title, Counter())[_squeezed(match[2])] += int(match[1])
    percentiles = {
        name: [float(value) for value in values.split()]
        for name, values in re.findall(r"^(\w[\w ]*?)((?: +\d+\.\d\d){8})$", rest, re.MULTILINE)
    }
    return Numbers(totals, parts, percentiles)


def dovecot_counters() -> set[str]:
    """What logwatch's script for Dovecot counts: the names of its variables."""
    return set(re.findall(r"\$(\w+)(?:\{[^}]*\}|\{\$\w+\{[^}]*\}\})*\+\+", DOVECOT.read_text()))


def dovecot_numbers(log: str) -> Numbers:
    """What logwatch's script for Dovecot prints of a log."""
    # logwatch hands over lines of Dovecot alone, and without stamp and host
    lines = re.findall(
        r"^\w{3} [ \d]\d [\d:]{8} \S+ (dovecot: .*\n)", with_bsd_stamps(log), re.MULTILINE
    )
    totals: Counter[str] = Counter()
    parts: dict[str, Counter[str]] = {}
    title, of_user = "", ""
    for line in run_script(DOVECOT, "".join(lines)).splitlines():
        if match := re.match(r"^Total: (\d+) ", line):
            totals[title] = int(match[1])
        elif line.startswith("  Total: "):
            continue
        elif match := re.match(r"^(Dovecot restarted|TLS Initialization failed) (\d+) ", line):
            totals[match[1]] = int(match[2])
        elif match := re.match(r"^\**(\[?[A-Z][^:]*?)(?::(?: (\d+)(?: Total)?)?|\*\*|\.)$", line):
            title, of_user = match[1], ""
            totals[title] = int(match[2] or 0)
            parts[title] = Counter()
        elif match := re.match(r"^ +(\d+) +(\d+) +(\d+)  (\S+)$", line):
            pop3, imap, every, host = match.groups()
            if host == "Total":
                totals.update({"POP3": int(pop3), "IMAP": int(imap), title: int(every)})
            else:
                parts[title][host] = int(every)
        elif match := re.match(r"^ {2,5}(?: {0,3}(\d+)|User) (\S.*?):?(?: {3}\(.*\))?$", line):
            if match[1]:
                parts[title][match[2]] += int(match[1])
            else:
                of_user = f"{match[2]} "
        elif match := re.match(r"^ +(\S.*?):? (\d+) [Tt]ime\(s\)$", line):
            parts[title][of_user + match[1].rstrip(":")] += int(match[2])
    for title, found in parts.items():
        if not totals[title]:
            totals[title] = sum(found.values()) or 1
    return Numbers(totals, parts, {})


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
