"""The help of every command -> docs/mailsql.1, the manual page (man(7), plain macros).

`python -m mailsql.manual FILE` writes it, with the date of the last change; what the help does not
say stands here.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from textwrap import wrap
from typing import Any

import typer

from .cli import app
from .config import FILE_VARIABLE
from .errors import DatabaseError, InputError, Interrupted, MailsqlError, UsageError
from .objects import __version__

PROGRAM = "mailsql"
SUBJECT = "logs of Postfix and Dovecot as DuckDB tables"
DESCRIPTION = (
    "mailsql reads the logs of Postfix and Dovecot once and puts what they say into a DuckDB file: "
    "connections, messages, deliveries, sessions, logins and rejections as tables, every row with "
    "the line that it comes from. A load adds only what is new. All other commands answer from the "
    "file, and none of them but reparse, forget and shell --write changes it.",
    "The tables, their columns and the views are described by comments in the file itself; "
    "mailsql query 'show tables' and mailsql query 'describe messages' list them.",
)
FILES = (
    ("mail.duckdb", "The database, in the current directory unless --db or a setting says other."),
    (
        "~/.config/mailsql/config.toml",
        "Settings, all of them optional: db (a whole path), timezone (the zone that answers are "
        "shown in), lang (en or ja), local_domains (a list), thresholds (a table), "
        "memory (such as 2G). "
        "$XDG_CONFIG_HOME takes the place of ~/.config. mailsql config shows what is in force.",
    ),
    (
        "~/.cache/mailsql",
        "An empty database, from which new ones are copied; it can be removed at any time. "
        "$XDG_CACHE_HOME takes the place of ~/.cache.",
    ),
)
ENVIRONMENT = (
    (
        FILE_VARIABLE,
        "The configuration file, instead of the usual one; /dev/null for none.",
    ),
    ("TZ", "The zone of times, and of stamps without one, where nothing else says it."),
)
STATUSES = (
    (0, "All was done."),
    (MailsqlError.exit_code, "The answer is no: nothing was found, or a check failed."),
    (UsageError.exit_code, "The command, its SQL or the configuration file is wrong."),
    (
        InputError.exit_code,
        "Some log is damaged, unreadable or refused; the others are loaded.",
    ),
    (DatabaseError.exit_code, "The database cannot be used."),
    (Interrupted.exit_code, "It was interrupted; a load continues when it is run again."),
)
EXAMPLES = (
    ("Load what is new, and what is compressed", "mailsql load /var/log/mail.log*"),
    ("Go on with what comes, until SIGTERM", "mailsql load --follow /var/log/mail.log"),
    (
        "From cron: wait for a database that is in use, then leave all to the next load",
        "mailsql load --wait 300 --later /var/log",
    ),
    ("What became of the mail from Alice to Bob", "mailsql trace alice@example.net bob@"),
    (
        "Yesterday's page, as a mail",
        "mailsql report --mail root@example.com | /usr/sbin/sendmail -t",
    ),
    (
        "Ask in SQL",
        "mailsql query 'select status, count(*) from deliveries group by all' --format csv",
    ),
    ("Complete commands and reports in this shell from now on", "mailsql --install-completion"),
)
SEE_ALSO = (("postfix", 1), ("doveconf", 1), ("journalctl", 1), ("sendmail", 1))
WIDTH = 70
# Around an argument that has to be given
BRACES = re.compile(r"[{}]")
DAY = re.compile(r"^\.TH MAILSQL 1 (?P<day>\S+)", re.MULTILINE)
# Where a hyphen begins a word it is that of an option, and is to be copied as such
HYPHEN = re.compile(r"(?<![A-Za-z0-9])-|-(?=-)")


def manual(day: str) -> str:
    """Return the manual page as roff.

    Args:
        day: when it was changed (ISO 8601).
    """
    command: Any = typer.main.get_command(app)
    context = command.context_class(command, info_name=PROGRAM, **command.context_settings)
    return "".join(line + "\n" for line in _page(command, context, day))


def write_manual(path: Path, today: str) -> None:
    """Write the manual page, unless it says what it would say anyway."""
    if path.exists():
        page = path.read_text(encoding="utf-8")
        day = DAY.search(page)
        if day and manual(day["day"]) == page:
            return
    path.write_text(manual(today), encoding="utf-8")


def _page(command: Any, context: Any, day: str) -> Iterator[str]:
    yield '.\\" Made of the help (make man)'
    yield f'.TH MAILSQL 1 {day} "{PROGRAM} {__version__}" "User Commands"'
    # Commands and values are to be copied as they stand
    yield ".nh"
    yield ".SH NAME"
    yield f"{PROGRAM} \\- {_text(SUBJECT)}"
    yield ".SH SYNOPSIS"
    yield f".B {PROGRAM}"
    yield _text("[OPTIONS] COMMAND [ARGUMENTS]")
    yield ".SH DESCRIPTION"
    yield from _lines(_summary(command))
    for paragraph in DESCRIPTION:
        yield ".PP"
        yield from _lines(paragraph)
    yield ".SH OPTIONS"
    yield from _parameters(command, context)
    yield ".SH COMMANDS"
    for name, each in command.commands.items():
        inner = each.context_class(each, info_name=name, parent=context)
        yield f".SS {_quoted(f'{PROGRAM} {name}')}"
        yield f".B {PROGRAM} {name}"
        yield _text(BRACES.sub("", " ".join(each.collect_usage_pieces(inner))))
        yield ".PP"
        yield from _lines(_summary(each))
        yield from _parameters(each, inner)
    yield ".SH FILES"
    yield from _entries(FILES)
    yield ".SH ENVIRONMENT"
    yield from _entries((*_variables(command), *ENVIRONMENT))
    yield ".SH EXIT STATUS"
    yield from _entries((str(status), what) for status, what in STATUSES)
    yield ".SH EXAMPLES"
    for what, example in EXAMPLES:
        yield ".TP"
        yield _text(f"{what}:")
        yield f".B {_text(example)}"
    yield ".SH SEE ALSO"
    pages = [f".BR {name} ({section})" for name, section in SEE_ALSO]
    yield from [f"{page} ," for page in pages[:-1]]
    yield pages[-1]


def _summary(command: Any) -> str:
    return " ".join((command.help or "").split())


def _parameters(command: Any, context: Any) -> Iterator[str]:
    """Each argument and option with its help, as --help shows it; that of help itself once."""
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is None or (context.parent is not None and parameter.name == "help"):
            continue
        names, text = record
        is_option = parameter.param_type_name == "option"
        yield from _entries([(names if is_option else names.partition(" ")[0], text)])


def _variables(command: Any) -> Iterator[tuple[str, str]]:
    """Each variable that gives an option its value, and that option."""
    options = {
        parameter.envvar: parameter.opts[0]
        for each in command.commands.values()
        for parameter in each.params
        if parameter.envvar
    }
    for variable, option in options.items():
        yield variable, f"What {option} says, where it is not given."


def _entries(entries: Any) -> Iterator[str]:
    for term, text in entries:
        yield ".TP"
        yield f".B {_text(term)}"
        yield from _lines(text)


def _lines(text: str) -> Iterator[str]:
    """The lines of a paragraph; roff fills them anew."""
    for line in wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False):
        yield _text(line)


def _quoted(text: str) -> str:
    return '"' + _text(text).replace('"', "\\(dq") + '"'


def _text(text: str) -> str:
    """Return text that roff takes for nothing else, in one line."""
    escaped = HYPHEN.sub(r"\\-", text.replace("\\", "\\e"))
    escaped = escaped.replace("~", "\\(ti").replace("^", "\\(ha").replace("'", "\\(aq")
    return "\\&" + escaped if escaped[:1] in ".'" else escaped


if __name__ == "__main__":
    write_manual(Path(sys.argv[1]), date.today().isoformat())
