"""The options that several commands have, each with its environment variable and its help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .completion import complete_time, complete_zone
from .config import (
    DB_VARIABLE,
    DOMAINS_VARIABLE,
    KEEP_DOMAINS_VARIABLE,
    KEEP_NETWORKS_VARIABLE,
    LANGUAGE_VARIABLE,
    MEMORY_VARIABLE,
    PSEUDONYMIZE_VARIABLE,
    THRESHOLDS_VARIABLE,
    ZONE_VARIABLE,
)
from .language import Language
from .output import Format, StatusFormat, TextFormat
from .period import PERIOD_HELP

DEFAULT_DB = Path("mail.duckdb")
Db = Annotated[
    Path, typer.Option("--db", metavar="FILE", envvar=DB_VARIABLE, help="The DuckDB file.")
]
FormatOption = Annotated[
    Format, typer.Option("--format", metavar="|".join(Format), help="How rows are written.")
]
TextFormatOption = Annotated[
    TextFormat,
    typer.Option("--format", metavar="|".join(TextFormat), help="For people or programs."),
]
StatusFormatOption = Annotated[
    StatusFormat,
    typer.Option(
        "--format",
        metavar="|".join(StatusFormat),
        help="For people, programs, or a node exporter.",
    ),
]
OutputOption = Annotated[
    Path | None, typer.Option("--output", metavar="FILE", help="File instead of stdout.")
]
Limit = Annotated[
    int | None,
    typer.Option(
        min=0,
        metavar="ROWS",
        help="Rows at most, 0 for all; 40 if none is given, of a table on a terminal.",
    ),
]
GroupReadable = Annotated[
    bool, typer.Option("--group-readable", help="The group may read new files (0640, not 0600).")
]
Wait = Annotated[
    float,
    typer.Option(
        min=0, metavar="SECONDS", help="Seconds to wait while another process holds the database."
    ),
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="TIME",
        autocompletion=complete_time,
        help=f"From this time on: {PERIOD_HELP}",
    ),
]
Until = Annotated[
    str | None,
    typer.Option(
        "--until",
        metavar="TIME",
        autocompletion=complete_time,
        help="Before this time, written as for --since.",
    ),
]
Zone = Annotated[
    str | None,
    typer.Option(
        "--timezone",
        metavar="ZONE",
        envvar=ZONE_VARIABLE,
        autocompletion=complete_zone,
        help="Zone that times are shown in; the system's if none.",
    ),
]
LanguageOption = Annotated[
    Language,
    typer.Option(
        "--lang", metavar="|".join(Language), envvar=LANGUAGE_VARIABLE, help="Language of words."
    ),
]
LocalDomains = Annotated[
    str | None,
    typer.Option(
        metavar="DOMAIN,...",
        envvar=DOMAINS_VARIABLE,
        help="Your own domains; guessed from mailboxes if none is given.",
    ),
]
ThresholdsOption = Annotated[
    str | None,
    typer.Option(
        "--thresholds",
        metavar="NAME=NUMBER,...",
        envvar=THRESHOLDS_VARIABLE,
        help="From how many on reports tell of something; report --list names what each has.",
    ),
]
MemoryOption = Annotated[
    str | None,
    typer.Option(
        "--memory",
        metavar="SIZE",
        envvar=MEMORY_VARIABLE,
        help="Memory to take at most, as 800MB or 2G; if none is given, a quarter of the "
        "machine's, and no more than 4G.",
    ),
]
OwnFormsOption = Annotated[
    Path | None,
    typer.Option("--forms", metavar="DIR", help="Pages of your own that say what lines mean."),
]


def _key_file(envvar: str | None = None) -> Any:
    return typer.Option(
        "--pseudonymize",
        metavar="KEYFILE",
        envvar=envvar,
        help="Write pseudonyms, made with this secret key, for people, domains and addresses.",
    )


def _kept(name: str, what: str, envvar: str | None = None) -> Any:
    return typer.Option(f"--keep-{name}", envvar=envvar, help=f"With pseudonyms, but {what}.")


_DOMAINS = ("domains", "example.com stays as it is")
_NETWORKS = ("networks", "networks (/24, /48) stay")
Pseudonymize = Annotated[Path | None, _key_file()]
KeepDomains = Annotated[bool, _kept(*_DOMAINS)]
KeepNetworks = Annotated[bool, _kept(*_NETWORKS)]
# Of load: an export in clear is nothing that a setting should change
UsualPseudonymize = Annotated[Path | None, _key_file(PSEUDONYMIZE_VARIABLE)]
UsualKeepDomains = Annotated[bool, _kept(*_DOMAINS, KEEP_DOMAINS_VARIABLE)]
UsualKeepNetworks = Annotated[bool, _kept(*_NETWORKS, KEEP_NETWORKS_VARIABLE)]
