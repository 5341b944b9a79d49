"""What filters say of a message: which message it is, the reports of it, and the subject."""

import csv

import pytest

import mailsql
from mailsql.export import export
from mailsql.language import Language
from mailsql.report import run_report
from mailsql.search import UsageError, read_term
from mailsql.selection import Who
from mailsql.trace import search, trace_text
from tests.conftest import NOW, load

pytestmark = pytest.mark.newest

MX = "2026-07-21T14:{minute}Z mx {text}"


def message(minute, queue_id, sender, client="mx.example.net[198.51.100.52]", message_id="m"):
    """The lines of Postfix for a message to bob that is delivered."""
    return [
        (minute, f"postfix/smtpd[1]: {queue_id}: client={client}"),
        (minute, f"postfix/cleanup[2]: {queue_id}: message-id=<{message_id}@example.net>"),
        (
            minute,
            f"postfix/qmgr[3]: {queue_id}: from=<{sender}>, size=4, nrcpt=1 (queue active)",
        ),
        (
            minute,
            f"postfix/virtual[4]: {queue_id}: to=<bob@example.com>, relay=virtual, delay=1, "
            "delays=0/0/0/1, dsn=2.0.0, status=sent (delivered to maildir)",
        ),
        (minute, f"postfix/qmgr[3]: {queue_id}: removed"),
    ]


def spf(minute, sender, result="Pass"):
    return (
        minute,
        f"policyd-spf[5]: : prepend Received-SPF: {result} (mailfrom) identity=mailfrom; "
        f"client-ip=198.51.100.52; helo=mx.example.net; envelope-from={sender}; receiver=x ",
    )


def postgrey(minute, action, sender):
    return (
        minute,
        f"postgrey[6]: action={action}, client_name=mx.example.net, "
        f"client_address=198.51.100.52, sender={sender}, recipient=bob@example.com",
    )


def amavis(minute, verdict, rest, sender="own@example.net", client="192.0.2.66"):
    return (
        minute,
        f"amavis[12]: (1-1) {verdict} {{Inbound}}, [{client}]:1 [{client}] <{sender}> -> "
        f"<bob@example.com>, {rest}, 1 ms",
    )


def spamd(minute, message_id, mark="Y", score=12):
    return (
        minute,
        f"spamd[7]: spamd: result: {mark} {score} - X scantime=0.1,size=1,user=bob,uid=1,"
        f"required_score=5.0,rhost=localhost,raddr=127.0.0.1,rport=1,mid=<{message_id}@example.net>,"
        "autolearn=no",
    )


REFUSAL = (
    "postfix/smtpd[1]: NOQUEUE: reject: RCPT from mx.example.net[198.51.100.52]: 450 4.2.0 "
    "<bob@example.com>: Recipient address rejected: Greylisted; from=<late@example.net> "
    "to=<bob@example.com> proto=ESMTP helo=<mx.example.net>"
)
# A second recipient of a mail that is queued for the first
SECOND_REFUSED = (
    REFUSAL.replace("NOQUEUE", "AA00000012").replace("late@", "partly@").replace("bob@", "carol@")
)
SPF_OF_TWO = "client-ip=198.51.100.52; helo=example.net; envelope-from=two@example.net; receiver=x "
SIGNATURE = 'signature=aaaa domain=example.net selector=s result="'
RSPAMD_REFUSED = (
    "<a1>; proxy; rspamd_task_write_log: id: <refused@example.net>, qid: <AA0000000F>, "
    "ip: 198.51.100.52, from: <refused@example.net>, (default: F (no action): [2.00/15.00] "
    "[DMARC_POLICY_REJECT(2.00){bank.example.org : No valid DKIM,reject;}]), len: 1, time: 1.0ms, "
    "dns req: 1"
)
MILTER_REFUSAL = (
    "milter-reject: END-OF-MESSAGE from mx.example.net[198.51.100.52]: 5.7.1 rejected by DMARC "
    "policy; from=<refused@example.net> to=<bob@example.com> proto=ESMTP helo=<mx.example.net>"
)
LOCAL_CLIENT = (
    "localhost[127.0.0.1], orig_queue_id=AA00000010, orig_client=mx.example.net[198.51.100.52]"
)
GIVEN_BACK = (
    "to=<bob@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=2, delays=0/0/0/2, dsn=2.0.0, "
    "status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as AA00000011)"
)
CAME_BACK = "Message-ID: <same@example.net>, Hits: 1, queued_as: AA0000000D"
LISTED = (
    "450 4.2.0 <bob@example.com>: Recipient address rejected: Greylisted",
    "554 5.7.1 Service unavailable; Client host [198.51.100.52] blocked using dnsbl.example.org",
)
PARTLY = message("39:30", "AA00000012", "partly@example.net", message_id="partly")
EVENTS = [
    # SPF of two messages of one sender, the second behind one that was put off
    spf("01:00", "alice@example.net"),
    *message("01:01", "AA00000001", "alice@example.net", message_id="a1"),
    spf("01:02", "alice@example.net", "Softfail"),
    *message("01:03", "AA00000002", "alice@example.net", message_id="a2"),
    # Two questions, one message: which of them it was is not told
    spf("02:00", "twice@example.net"),
    spf("02:01", "twice@example.net", "Fail"),
    *message("02:02", "AA00000003", "twice@example.net", message_id="a3"),
    # Long after
    spf("03:00", "slow@example.net"),
    *message("03:30", "AA00000004", "slow@example.net", message_id="a4"),
    # Put off first
    postgrey("04:00", "greylist, reason=new", "late@example.net"),
    ("04:01", REFUSAL),
    postgrey("16:01", "pass, reason=triplet found, delay=721", "late@example.net"),
    *message("16:02", "AA00000005", "late@example.net", message_id="a5"),
    # A message-id that two mails have at once is nobody's
    ("20:00", "postfix/smtpd[1]: AA00000006: client=mx.example.net[198.51.100.52]"),
    ("20:00", "postfix/cleanup[2]: AA00000006: message-id=<same@example.net>"),
    ("20:01", "postfix/smtpd[1]: AA00000007: client=b.example.net[198.51.100.53]"),
    ("20:01", "postfix/cleanup[2]: AA00000007: message-id=<same@example.net>"),
    spamd("20:02", "same"),
    *message("21:00", "AA00000008", "spam@example.net", message_id="own"),
    spamd("21:00", "own"),
    # Of a queue id that is used again
    *message("22:00", "AA00000009", "first@example.net", message_id="b1"),
    ("22:00", "opendkim[8]: AA00000009: bad signature data"),
    *message("32:00", "AA00000009", "second@example.net", message_id="b2"),
    ("32:00", "opendkim[8]: AA00000009: DKIM verification successful"),
    ("32:00", "opendmarc[9]: AA00000009: example.net fail"),
    ("32:00", "clamav-milter[10]: Message AA00000009 infected by Eicar"),
    # A stranger has copied the message-id of the mail that came before
    *message("36:00", "AA0000000B", "own@example.net", message_id="copied"),
    amavis("36:01", "Blocked INFECTED (Eicar)", "Message-ID: <copied@example.net>, Hits: -"),
    amavis("36:02", "Passed SPAM", "Message-ID: <copied@example.net>, Hits: 9"),
    amavis(
        *("36:03", "Passed SPAMMY", "Message-ID: <copied@example.net>, Hits: 8"),
        **{"sender": "eve@example.net", "client": "198.51.100.52"},
    ),
    amavis(
        *("36:04", "Passed CLEAN", "Message-ID: <copied@example.net>, Hits: 1"),
        client="198.51.100.52",
    ),
    # What came back is named, and tells two mails of one message-id apart
    ("37:00", "postfix/smtpd[1]: AA0000000C: client=mx.example.net[198.51.100.52]"),
    ("37:00", "postfix/cleanup[2]: AA0000000C: message-id=<same@example.net>"),
    *message("37:01", "AA0000000D", "own@example.net", message_id="same"),
    amavis(
        *("37:01", "Passed BAD-HEADER-7", "Message-ID: <same@example.net>, Hits: 1"),
        client="198.51.100.52",
    ),
    amavis(
        *(
            "37:02",
            "Passed CLEAN",
            CAME_BACK,
        ),
        client="198.51.100.52",
    ),
    # Two words of SPF about one mail, and two signatures of which one holds
    ("38:00", f"policyd-spf[5]: None; identity=helo; {SPF_OF_TWO}"),
    ("38:00", f"policyd-spf[5]: Pass; identity=mailfrom; {SPF_OF_TWO}"),
    *message("38:01", "AA0000000E", "two@example.net", message_id="two"),
    ("38:01", f'opendkim[8]: AA0000000E: {SIGNATURE}body hash mismatch"'),
    ("38:01", f'opendkim[8]: AA0000000E: {SIGNATURE}no signature error"'),
    # Refused at its end: the refusal alone names the sender
    spf("38:30", "refused@example.net", "Fail"),
    ("38:31", "postfix/smtpd[1]: AA0000000F: client=mx.example.net[198.51.100.52]"),
    ("38:31", "postfix/cleanup[2]: AA0000000F: message-id=<refused@example.net>"),
    ("38:31", f"rspamd[13]: {RSPAMD_REFUSED}"),
    ("38:31", "opendmarc[9]: AA0000000F: bank.example.org fail"),
    ("38:31", f"postfix/cleanup[2]: AA0000000F: {MILTER_REFUSAL}"),
    # Seen by several filters, and again as it came back
    ("39:00", "postfix/smtpd[1]: AA00000010: client=mx.example.net[198.51.100.52]"),
    ("39:00", "postfix/cleanup[2]: AA00000010: message-id=<family@example.net>"),
    ("39:00", "opendmarc[9]: AA00000010: example.net fail"),
    (
        "39:00",
        "postfix/qmgr[3]: AA00000010: from=<fam@example.net>, size=4, nrcpt=1 (queue active)",
    ),
    *message("39:01", "AA00000011", "fam@example.net", LOCAL_CLIENT, "family"),
    ("39:01", "opendmarc[9]: AA00000011: example.net fail"),
    ("39:01", "clamav-milter[10]: Message AA00000011 infected by Worm"),
    amavis(
        *("39:02", "Passed INFECTED (Worm)", "Queue-ID: AA00000010, Hits: 7"),
        **{"sender": "fam@example.net", "client": "198.51.100.52"},
    ),
    ("39:02", f"postfix/smtp[4]: AA00000010: {GIVEN_BACK}"),
    ("39:02", "postfix/qmgr[3]: AA00000010: removed"),
    # Put off for one of its recipients
    *PARTLY[:1],
    ("39:30", SECOND_REFUSED),
    *PARTLY[1:],
    # Before there is a message, and of none
    ("39:50", REFUSAL.replace(*LISTED)),
    ("39:51", REFUSAL.replace("Greylisted", "x blocked using dnsbl.example.org")),
    ("40:00", "postfix/postscreen[11]: DNSBL rank 6 for [192.0.2.66]:43987"),
    ("41:00", "opendkim[8]: AA0000000A: DKIM verification successful"),
    amavis("42:00", "Blocked BANNED (a.exe)", "Queue-ID: AA000000FF, Hits: 1", "lost@example.net"),
]
LINES = [MX.format(minute=minute, text=text) + "\n" for minute, text in EVENTS]
LINKS = """
select check_name, result, sender_of.sender, evidence
from message_checks left join messages as sender_of using (message_key)
order by checked_at, check_name, result, message_key
"""
TOLD = [
    ("spf", "pass", "alice@example.net", "client, sender and time"),
    ("spf", "softfail", "alice@example.net", "client, sender and time"),
    ("spf", "pass", None, None),
    ("spf", "fail", None, None),
    ("spf", "pass", None, None),
    ("greylist", "greylisted", None, None),
    ("greylist", "greylisted", None, None),
    ("greylist", "passed", "late@example.net", "client, sender and time"),
    ("spam", "spam", None, None),
    ("spam", "spam", "spam@example.net", "message-id"),
    ("dkim", "fail", "first@example.net", "queue id"),
    ("dkim", "pass", "second@example.net", "queue id"),
    ("dmarc", "fail", "second@example.net", "queue id"),
    ("virus", "infected", "second@example.net", "queue id"),
    ("virus", "infected", None, None),
    ("spam", "spam", None, None),
    ("spam", "spammy", None, None),
    ("spam", "clean", "own@example.net", "message-id"),
    ("policy", "bad-header-7", None, None),
    ("spam", "clean", "own@example.net", "queue id"),
    ("spf", "none", "two@example.net", "client, sender and time"),
    ("spf", "pass", "two@example.net", "client, sender and time"),
    ("dkim", "fail", "two@example.net", "queue id"),
    ("dkim", "pass", "two@example.net", "queue id"),
    ("spf", "fail", None, "client, sender and time"),
    ("dmarc", "fail", None, "queue id"),
    ("dmarc", "fail", None, "queue id"),
    ("spam", "clean", None, "queue id"),
    ("dmarc", "fail", "fam@example.net", "queue id"),
    ("dmarc", "fail", "fam@example.net", "queue id"),
    ("virus", "infected", "fam@example.net", "queue id"),
    ("virus", "infected", "fam@example.net", "queue id"),
    ("greylist", "greylisted", "partly@example.net", "queue id"),
    ("rbl", "listed", None, None),
    ("rbl", "listed", None, None),
    ("dkim", "pass", None, None),
    ("policy", "banned", None, None),
]


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    place = tmp_path_factory.mktemp("checks")
    (place / "mail.log").write_text("".join(LINES))
    load([place / "mail.log"], place / "mail.duckdb")
    return place / "mail.duckdb"


@pytest.fixture(scope="module")
def checks(database):
    with mailsql.open_database(database) as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


def test_a_check_is_of_the_one_message_that_it_fits(checks):
    assert checks.execute(LINKS).fetchall() == TOLD


def test_the_checks_of_one_message_are_those_of_the_view(checks):
    keys = checks.execute("select message_key from messages order by all").fetchall()
    of_each = [
        row
        for (key,) in keys
        for row in checks.execute("from checks_of([?]) order by all", [key]).fetchall()
    ]
    told = checks.execute("from message_checks where message_key is not null order by all")
    assert sorted(of_each, key=str) == sorted(told.fetchall(), key=str)


def test_each_result_is_of_its_own_message(checks):
    assert checks.execute(
        "select queue_id, sender, spf, dkim, dmarc from proofs_of_origin order by queued_at"
    ).fetchall() == [
        ("AA00000001", "alice@example.net", "pass", None, None),
        ("AA00000002", "alice@example.net", "softfail", None, None),
        ("AA00000009", "first@example.net", None, "fail", None),
        ("AA00000009", "second@example.net", None, "pass", "fail"),
        ("AA0000000E", "two@example.net", "pass", "pass", None),
        ("AA0000000F", "refused@example.net", "fail", None, "fail"),
        ("AA00000010", "fam@example.net", None, None, "fail"),
        ("AA00000011", "fam@example.net", None, None, "fail"),
    ]


@pytest.mark.parametrize("cut", [16, 45])
def test_it_does_not_depend_on_cutting_and_order(cut, tmp_path):
    for name, lines in [("b.log", LINES[cut:]), ("a.log", LINES[:cut])]:
        (tmp_path / name).write_text("".join(lines))
        load([tmp_path / name], tmp_path / "mail.duckdb")
    with mailsql.open_database(tmp_path / "mail.duckdb") as connection:
        assert connection.execute(LINKS).fetchall() == TOLD


def test_a_trace_tells_checks_in_their_place(checks):
    def steps(queue_id, language):
        hits = search(checks, [queue_id], 20)
        text = "".join(trace_text(checks, hits, language, with_lines=False))
        return [line[27:].strip() for line in text.splitlines() if line[:5].strip(" .").isdigit()]

    # What Postfix refused is told once
    assert len([step for step in steps("AA00000012", Language.EN) if "reylist" in step]) == 1
    told = steps("AA00000005", Language.EN)
    assert told[0] == "postgrey: greylisting: passed after 721 s (triplet found)."
    assert "sent a message" in told[1]
    assert (
        "postgrey によるグレイリスティングの判定は「通過」です(721 秒後)(triplet found)。"
        in steps("AA00000005", Language.JA)
    )
    assert "clamav-milter: virus scan: infected (Eicar)." in steps("AA00000009", Language.EN)
    assert "spamd による迷惑メールの判定は「迷惑メール」です(スコア 12.0/基準値 5.0)。" in steps(
        "AA00000008", Language.JA
    )
    assert "opendmarc による DMARC の判定は fail です(bank.example.org)。" in steps(
        "AA0000000F", Language.JA
    )


MX_IP = "198.51.100.52"
REPORTS = {
    "spam_delivered": [
        ("AA00000010", MX_IP, "fam@example.net", 1, "amavis, clamav-milter", "infected", 7.0),
        ("AA00000009", MX_IP, "second@example.net", 1, "clamav-milter", "infected", None),
        ("AA00000008", MX_IP, "spam@example.net", 1, "spamd", "spam", 12.0),
    ],
    "dmarc_failures_by_domain": [("example.net", 2, 1, 0, 2), ("bank.example.org", 1, 1, 1, 0)],
    "greylisting_delays": [("example.net", 2, 1, 1, 721.0, 721.0, 721.0)],
    "viruses_by_sender": [
        ("Eicar", "own@example.net", "192.0.2.66", 1, "amavis"),
        ("Eicar", "second@example.net", MX_IP, 1, "clamav-milter"),
        ("Worm", "fam@example.net", MX_IP, 1, "amavis, clamav-milter"),
    ],
    "scores_over_time": [
        ("spamd", 1, 1, 12.0, 12.0, 12.0),
        ("spamd", 1, 1, 12.0, 12.0, 12.0),
        ("amavis", 3, 2, 6.0, 8.0, 9.0),
        ("amavis", 1, 0, 1.0, 1.0, 1.0),
        ("rspamd", 1, 0, 2.0, 2.0, 2.0),
    ],
}
TIMES = {"queued_at", "begins_at", "last_at"}


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_tells_what_filters_found(name, checks):
    result = run_report(checks, name, None, None, now=NOW)
    kept = [place for place, column in enumerate(result.description) if column[0] not in TIMES]
    assert [tuple(row[place] for place in kept) for row in result.fetchall()] == REPORTS[name]


def test_an_export_of_an_address_has_checks_that_name_it(checks, tmp_path):
    who = Who(("lost@example.net",))
    export(checks, tmp_path / "out", now=NOW, who=who, timezone="UTC", only=["check_results"])
    with (tmp_path / "out" / "check_results.csv").open(newline="") as file:
        rows = [(row["check_name"], row["queue_id"]) for row in csv.DictReader(file)]
    assert rows == [("policy", "AA000000FF")]


SUBJECTS = [
    ("Invoice 4711", "Invoice 4711"),
    ("=?UTF-8?Q?Rechnung_=C3=BCber_100_=E2=82=AC?=", "Rechnung über 100 €"),
    ("=?utf-8?b?6KuL5rGC5pu4?=? =?utf-8?b?IDEyMw==?= (copy)", "請求書 123 (copy)"),
    ("Re: =?iso-8859-1*de?q?gr=FC=DFe?=", "Re: grüße"),
    ("=?iso-2022-jp?B?GyRCQEE1YT1xGyhC?=", "請求書"),
    # Words of a charset that shifts begin and end in ASCII each
    ("=?ISO-2022-JP?B?GyRCQEE1YRsoQg==?= =?ISO-2022-JP?B?GyRCPXEbKEI=?= 3", "請求書 3"),
    ("=?Shift_JIS?B?h0CQv4uBj5E=?=", "①請求書"),
    ("=?EUC-JP?Q?=C0=C1=B5=E1=BD=F1?=", "請求書"),
    ("=?koi8-r?B?897F1A==?=", "Счет"),
    ("=?windows-1252?Q?100_=80?=", "100 €"),
    ("=?gb2312?B?t6LGsQ==?=", "发票"),
    ("=?iso-2022-jp?B?GyRC//8bKEI=?=", "=?iso-2022-jp?B?GyRC//8bKEI=?="),
    # What is no charset of mail, but of Python
    ("=?utf-7?Q?+AGE-?= =?unicode_escape?Q?a?=", "=?utf-7?Q?+AGE-?= =?unicode_escape?Q?a?="),
    ("=?utf-8?Q?=FF=FE?= x", "=?utf-8?Q?=FF=FE?= x"),
    ("=?utf-8?B?***?=", "=?utf-8?B?***?="),
    ("=?utf-8?Q?a=1B[2Jb?=", "=?utf-8?Q?a=1B[2Jb?="),
    # A character may begin in a word and end in the next
    ("=?utf-8?Q?=E3=81?= =?utf-8?Q?=82?= x", "あ x"),
    ("=?utf-8?Q?a?=?=?iso-8859-1?Q?=FC?= =?utf-8?Q?b?=", "aüb"),
    # Blanks are dropped between words in clear alone
    ("=?utf-8?Q?a?= =?x-own?Q?b?= =?utf-8?Q?c?=", "a =?x-own?Q?b?= c"),
    ("=?utf-8?B?***?= =?utf-8?Q?c?=", "=?utf-8?B?***?= c"),
    # What turns the direction of writing, breaks lines, or is not seen
    ("=?UTF-8?B?4oCuZ25pcnRz?= x", "=?UTF-8?B?4oCuZ25pcnRz?= x"),
    ("=?utf-8?Q?a=E2=80=A8b?=", "=?utf-8?Q?a=E2=80=A8b?="),
    ("=?utf-8?Q?a=E2=80=8Bb?=", "=?utf-8?Q?a=E2=80=8Bb?="),
    # A subject that looks like the context is nobody's word
    ("x from local; from=<boss@example.com> to=<a@example.com>", None),
]


@pytest.fixture(scope="module")
def subjects(tmp_path_factory):
    place = tmp_path_factory.mktemp("subjects")
    lines = []
    for number, (logged, _) in enumerate(SUBJECTS):
        begin = f"2026-07-21T14:30:{number:02d}Z mx postfix/cleanup[1]: AA000000{number:02d}: "
        lines += [
            f"{begin}warning: header Subject: {logged} from a.example.net[192.0.2.1]; "
            "from=<a@example.net> to=<bob@example.com> proto=ESMTP helo=<a>\n",
            f"{begin}message-id=<{number}@example.net>\n",
        ]
    # The message goes on in another load
    for name, part in [("a.log", lines[:5]), ("b.log", lines[5:])]:
        (place / name).write_text("".join(part))
        load([place / name], place / "mail.duckdb")
    with mailsql.open_database(place / "mail.duckdb") as connection:
        yield connection


def test_subjects_are_shown_in_clear(subjects):
    found = subjects.execute("select subject from messages order by queue_id").fetchall()
    assert [subject for (subject,) in found] == [shown for _, shown in SUBJECTS]


def test_a_trace_finds_subjects(subjects):
    def found(term):
        return search(subjects, [read_term(term)], 20).hits["messages"].total

    wanted = ["subject=über", "subject=INVOICE 47", "subject=4711 inv"]
    assert [found(term) for term in wanted] == [1, 1, 0]
    with pytest.raises(UsageError, match="without words"):
        read_term("subject= ")


def test_greylistings_tell_who_waited_and_who_never_came_back(tmp_path):
    def put_off(minute, client, sender, words):
        return (
            minute,
            f"postfix/smtpd[1]: NOQUEUE: reject: RCPT from {client}: 450 4.2.0 <bob@example.com>: "
            f"Recipient address rejected: {words}; from=<{sender}> to=<bob@example.com> "
            "proto=ESMTP helo=<c>",
        )

    told = [
        put_off("10:00", "mx.example.net[198.51.100.52]", "own@example.net", "Greylisted, see x"),
        put_off("11:00", "c.example.org[203.0.113.9]", "s@example.org", "Greylisted for 5 minutes"),
        # From another address of the same pool
        *message("17:30", "AA00000001", "own@example.net", "mx2.example.net[198.51.100.53]"),
    ]
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    log.write_text("".join(MX.format(minute=at, text=text) + "\n" for at, text in told))
    load([log], database)
    with mailsql.open_database(database) as connection:
        assert connection.execute(
            "select sender, recipient, wait_seconds from greylistings order by refused_at"
        ).fetchall() == [
            ("own@example.net", "bob@example.com", 450.0),
            ("s@example.org", "bob@example.com", None),
        ]
