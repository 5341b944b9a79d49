"""Lines that are not read to their end: why, where reading stopped, and what the user is told."""

import pytest

from tests.conftest import on_host
from tests.test_cli import mailsql as run

SMTPD = "Feb  3 09:15:40 mx1 postfix/smtpd[{pid}]: "
LOGIN = (
    "Jul 25 12:00:00 mx1 dovecot: pop3-login: Login: user=<a>, method=PLAIN, rip=192.0.2.1, "
    "lip=192.0.2.2, zone=eu, mpid={pid}, TLS, session=<S{pid}>"
)
CLIENT = "mail.example.net[192.0.2.17]"
DELIVERY = (
    "Feb  3 09:15:40 mx1 postfix/smtp[7]: 1E24040751: to=<b@example.org>, relay=none, delay=1, "
    "delays=0/0/0/1, dsn=5.0.0, status=bounced"
)


# A line, why it is not read to its end, and what is left
LINES = [
    (f"{SMTPD}connect from {CLIENT}", None, None),
    (f"{SMTPD}connect from {CLIENT} (zone=eu)", "new key", " (zone=eu)"),
    (f"{SMTPD}connect from maxxxx.example.net[192.0.2.1] (zone=eu)", "new key", " (zone=eu)"),
    (f"{SMTPD}connect from {CLIENT} again", "new text", " again"),
    (f"{SMTPD}connect from XXXXX", "masked", ""),
    (f"{DELIVERY} (host said no)", None, None),
    (f"{DELIVERY} (host said", "cut", " (host said"),
    (
        "Feb  3 09:15:40 mx1 postfix/qmgr[8]: 1E24040751: from=<x>, size=1, nrcpt=1 (queue "
        "active)@example.net>, size=335, nrcpt=2 (queue active)",
        "undecidable",
        "@example.net>, size=335, nrcpt=2 (queue active)",
    ),
    (
        f"{SMTPD}lost connection after DATA ({10**20} bytes) from {CLIENT}",
        "out of range",
        f" ({10**20} bytes) from {CLIENT}",
    ),
    (LOGIN, "new key", ", zone=eu, mpid=1, TLS, session=<S1>"),
    (
        "Jul 25 12:00:00 mx1 dovecot: pop3(a)<1><S>: Disconnected: Logged out top=0/0, "
        "retr=0/0, del=0/0, size=10, zone=eu",
        "new key",
        ", zone=eu",
    ),
    (
        f"<22>1 2026-02-03T09:15:40.000Z mx1 postfix/smtpd 21 - - connect from {CLIENT} (zone=eu)",
        "new key",
        " (zone=eu)",
    ),
]


def test_why_a_line_is_not_read_and_where_reading_stopped(loaded):
    lines = [on_host(number, line.format(pid=1)) for number, (line, *_) in enumerate(LINES)]
    connection = loaded("".join(f"{line}\n" for line in lines), year=2026)
    read = connection.execute(
        "select unread, if(unread is null, null, unread_rest(line, beginnings)) from log_lines "
        "left join line_kinds using (kind) order by line_key"
    ).fetchall()
    for line, found, (_, *told) in zip(lines, read, LINES, strict=True):
        assert found == tuple(told), line
    shapes = connection.execute("select reason, rest from unread_shapes").fetchall()
    assert set(shapes) == {(reason, rest) for _, reason, rest in LINES if reason is not None}


@pytest.mark.newest
@pytest.mark.parametrize("line", [f"{SMTPD}connect from {CLIENT} (zone=eu)", LOGIN])
def test_what_is_new_is_told_where_three_processes_wrote_it(line, tmp_path):
    log = tmp_path / "mail.log"
    for count, is_told in ((2, False), (3, True)):
        log.write_text("".join(line.format(pid=pid) + "\n" for pid in range(1, count + 1)))
        out, _ = run("load", str(log), cwd=tmp_path)
        assert ("with something new that is not read (mailsql status)" in out) == is_told
        out, _ = run("status", cwd=tmp_path)
        assert ("Lines with something new" in out) == is_told
        assert "Lines not read to their end\n\nreason   line_count\nnew key" in out
