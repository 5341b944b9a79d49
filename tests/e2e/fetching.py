"""Users who fetch their mail, and those who fail to."""

import base64
import hmac
import poplib
from contextlib import suppress

import pytest

from tests.e2e.installation import run
from tests.e2e.ledger import now
from tests.e2e.mailboxes import Imap, ManageSieve, Pop3
from tests.e2e.next_hop import close_quietly
from tests.e2e.outcomes import sender
from tests.e2e.rig import PASSWORD
from tests.e2e.session import Driver, Session, make_mail
from tests.e2e.settle import wait_until_idle

ALICE, BOB = "alice@unix.example.org", "bob@unix.example.org"
QUIT, CLOSED = "Aborted login by logging out", "Connection closed"
CAROL, LIMITED = "carol@tcp.example.org", "limited@unix.example.org"


def fill_mailboxes(driver: Driver) -> None:
    """Mail for those who fetch it; with lines that begin with dots."""
    with Session(driver, "MX") as session:
        session.greet()
        for number in range(4):
            for user in (ALICE, BOB, CAROL, LIMITED):
                session.transmit(
                    sender(), [user], make_mail(body=f".dot\r\n..two\r\n{'x' * 70 * number}\r\n")
                )
    wait_until_idle(driver)


def fetch_by_pop3(driver: Driver) -> None:
    """STAT, LIST, TOP, RETR, DELE, RSET and QUIT, in clear and over TLS."""
    session = Pop3(driver)
    session.log_in(ALICE)
    session.list()
    session.peek(1, 1)
    session.fetch(1)
    session.fetch(2)
    session.leave()

    session = Pop3(driver)
    session.log_in(ALICE)
    session.fetch(1)
    session.dele(1)
    session.dele(2)
    session.leave(deleted_count=2)

    session = Pop3(driver, service="POP3S")
    session.log_in(CAROL)
    session.dele(1)
    session.rset()
    session.uidl()
    session.leave()

    session = Pop3(driver)
    session.stls()
    session.log_in(CAROL)
    session.fetch(1)
    session.dele(1)
    session.vanish()

    session = Pop3(driver, server="::1")
    session.log_in(CAROL)
    session.leave()


def log_in_with_sasl(driver: Driver) -> None:
    """SASL PLAIN, LOGIN and CRAM-MD5 over POP3 and IMAP."""
    session = Pop3(driver)
    began_at = now()
    session._shortcmd("AUTH PLAIN " + base64.b64encode(f"\0{BOB}\0{PASSWORD}".encode()).decode())
    session.enter(BOB, "PLAIN", began_at)
    session.leave()

    session = Pop3(driver)
    began_at = now()
    challenge = base64.b64decode(session._shortcmd("AUTH CRAM-MD5")[2:])
    digest = hmac.new(PASSWORD.encode(), challenge, "md5").hexdigest()
    session._shortcmd(base64.b64encode(f"{BOB} {digest}".encode()).decode())
    session.enter(BOB, "CRAM-MD5", began_at)
    session.fetch(1)
    session.leave()

    for method in ("PLAIN", "CRAM-MD5"):
        imap = Imap(driver)
        began_at = now()
        if method == "PLAIN":
            imap.authenticate("PLAIN", lambda _: f"\0{BOB}\0{PASSWORD}".encode())
        else:
            imap.login_cram_md5(BOB, PASSWORD)
        imap.enter(BOB, method, began_at)
        imap.leave()


def fetch_by_imap(driver: Driver) -> None:
    """SELECT, FETCH, STORE, EXPUNGE, COPY, APPEND, mailboxes; in clear and over TLS."""
    session = Imap(driver)
    session.log_in(BOB)
    session.select()
    session.fetch_parts("(BODY.PEEK[HEADER])", "header_count", "header_bytes")
    session.fetch_parts("(BODY[])", "body_count", "body_bytes")
    session.leave()

    session = Imap(driver, service="IMAPS")
    session.log_in(BOB)
    session.create('"Work 9"')
    session.select()
    session.copy("1:2", '"Work 9"')
    session.store("1", "+FLAGS", r"(\Deleted)")
    session.expunge()
    session.counts["deleted_count"] = session.counts["expunged_count"] = 1
    session.append('"Work 9"', r"(\Seen)", None, make_mail("kept", message_id=None).text)
    session.rename('"Work 9"', "Play")
    session.delete("Play")
    session.leave()

    session = Imap(driver)
    session.starttls()
    session.log_in(CAROL)
    session.select()
    session.store("1:2", "+FLAGS", r"(\Deleted \Seen)")
    session.counts["deleted_count"] = 2
    session.store("2", "-FLAGS", r"(\Deleted)")
    session.vanish(r"STORE finished [\d.]+ secs ago")

    session = Imap(driver, server="::1")
    session.log_in(ALICE)
    session.select(readonly=True)
    session.leave()


def end_badly(driver: Driver) -> None:
    """Sessions that do not end with QUIT or LOGOUT."""
    session = Pop3(driver)
    session.log_in(LIMITED)
    for _ in range(21):
        with suppress(poplib.error_proto, OSError):
            session._shortcmd("NONSENSE")
    session.await_end("Too many bad commands")

    session = Pop3(driver)
    session.log_in(LIMITED)
    run(["doveadm", "-c", str(driver.rig.root / "dovecot/conf/dovecot.conf"), "kick", LIMITED])
    session.await_end("Server shutting down")

    imap = Imap(driver)
    imap.log_in(LIMITED)
    imap.select()
    imap.send(b"a1 IDLE\r\n")
    imap.readline()
    imap.vanish(
        r"IDLE running for [\d.]+ \+ waiting input for [\d.]+ secs, 2 B in \+ 10 B out, "
        r"state=wait-input"
    )

    imap = Imap(driver)
    imap.log_in(LIMITED)
    imap.vanish("No commands sent")

    imap = Imap(driver)
    imap.log_in(LIMITED)
    imap.send(b"x\r\n" * 20)
    imap.await_end("Too many invalid IMAP commands")


def fail_to_log_in(driver: Driver) -> None:
    """Wrong passwords, unknown users, no attempt, refused mechanisms, vanished clients."""
    for kind in (Pop3, Imap):
        session = kind(driver)
        session.log_in(ALICE, "wrong")
        session.log_in("nobody@unix.example.org", "wrong")
        _quit(session)
        _note_attempts(session, "nobody@unix.example.org", QUIT, 2, method="PLAIN")

        session = kind(driver)
        session.log_in("odd user, rip=198.51.100.99", "wrong")
        close_quietly(session.sock)
        _note_attempts(session, "odd user, rip=198.51.100.99", CLOSED, 1, method="PLAIN")

        session = kind(driver)
        _quit(session)
        _note_attempts(session, None, QUIT, 0)

        session = kind(driver)
        close_quietly(session.sock)
        _note_attempts(session, None, CLOSED, 0)

        session = kind(driver, server="127.0.0.2")
        session.log_in(ALICE)
        _quit(session)
        _note_attempts(session, ALICE, QUIT, 1)

    for command, server, refusal, failure in (
        (
            *("AUTH PLAIN", "127.0.0.2"),
            *("tried to use disallowed plaintext auth", "plaintext refused"),
        ),
        (
            *("AUTH XOAUTH9", "127.0.0.1"),
            *("tried to use unsupported auth mechanism", "mechanism refused"),
        ),
    ):
        session = Pop3(driver, server=server)
        with pytest.raises(poplib.error_proto):
            session._shortcmd(command)
        _quit(session)
        session.note_failure(
            None, rf"{QUIT} \({refusal}\)", method=command.partition(" ")[2], failure=failure
        )


def _note_attempts(
    session: Pop3 | Imap | ManageSieve, username: str | None, how: str, count: int, **values: str
) -> None:
    """Write down that a connection ended after so many refused attempts."""
    what = rf"auth failed, {count} attempts" if count else "no auth attempts"
    session.note_failure(
        username,
        rf"{how} \({what} in \d+ secs\)",
        attempt_count=count,
        attempt_seconds={"at_least": 0, "at_most": 10},
        failure="authentication failed" if count else "no attempts",
        **values,
    )


def _quit(session: Pop3 | Imap) -> None:
    if isinstance(session, Imap):
        session.logout()
    else:
        session.quit()


def fail_handshakes(driver: Driver) -> None:
    """Clients that speak no TLS to ports where it is due."""
    for kind, service in ((Pop3, "POP3S"), (Imap, "IMAPS")):
        session = kind.__new__(kind)
        session.driver, session.server, session.is_tls = driver, "127.0.0.1", False
        session.source = driver.rig.next_address("127.2")
        session.sock = session.connect_from(service)
        session.sock.sendall(b"this is no handshake\r\n")
        while session.sock.recv(4096):
            continue
        close_quietly(session.sock)
        session.note_failure(
            None,
            r"Connection closed: SSL_accept\(\) failed: .* \(no auth attempts in \d+ secs\)",
            attempt_count=0,
            attempt_seconds={"at_least": 0, "at_most": 10},
            failure="TLS handshake failed",
        )


def log_in_too_often(driver: Driver) -> None:
    """More sessions of one user from one address than are allowed.

    Without session ids the ends of parallel sessions cannot be told apart.
    """
    if not driver.rig.style.session_ids:
        return
    source = driver.rig.next_address("127.2")
    sessions = [Pop3(driver, source=source) for _ in range(4)]
    for session in sessions:
        session.log_in(ALICE)
    for session in sessions[:3]:
        session.leave()
    sessions[3].note_failure(
        ALICE,
        r"Maximum number of connections from user\+IP exceeded \(mail_max_userip_connections=3\)",
        method="PLAIN",
        failure="connection limit",
    )


def manage_scripts(driver: Driver) -> None:
    """ManageSieve: upload, list, activate, delete; and leave in every way."""
    session = ManageSieve(driver)
    session.log_in(BOB)
    session.command('PUTSCRIPT "mine" {5+}\r\nkeep;')
    session.command('PUTSCRIPT "broken" {5+}\r\nkeep!')
    session.command("LISTSCRIPTS")
    session.command('SETACTIVE ""')
    session.command('DELETESCRIPT "mine"')
    session.leave()

    session = ManageSieve(driver)
    session.log_in(BOB)
    session.vanish()

    session = ManageSieve(driver)
    session.log_in(BOB, "wrong")
    session.file.close()
    close_quietly(session.sock)
    _note_attempts(session, BOB, CLOSED, 1, method="PLAIN")


def fall_silent(driver: Driver) -> list[Pop3 | Imap]:
    """Clients that connect and say nothing; Dovecot waits for three minutes."""
    return [Pop3(driver), Imap(driver)]


def await_silence(sessions: list[Pop3 | Imap]) -> None:
    """Wait until Dovecot has given up on them."""
    for session in sessions:
        session.sock.settimeout(240)
        while session.sock.recv(4096):
            continue
        session.note_failure(
            None,
            r"Inactivity \(no auth attempts in \d+ secs\)",
            attempt_count=0,
            attempt_seconds={"at_least": 170, "at_most": 200},
            failure="no attempts",
        )
