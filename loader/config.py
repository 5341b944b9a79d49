"""The configuration file (TOML, XDG Base Directory) -> what commands do where neither an option nor
the environment says otherwise.

A setting holds for every parameter of a command that has its environment variable.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from .errors import UsageError
from .language import Language
from .memory import read_memory
from .retention import Retention, read_retention, shown_ages

FILE_VARIABLE = "MAILSQL_CONFIG"
DB_VARIABLE = "MAILSQL_DB"
ZONE_VARIABLE = "MAILSQL_TIMEZONE"
LANGUAGE_VARIABLE = "MAILSQL_LANG"
DOMAINS_VARIABLE = "MAILSQL_LOCAL_DOMAINS"
THRESHOLDS_VARIABLE = "MAILSQL_THRESHOLDS"
MEMORY_VARIABLE = "MAILSQL_MEMORY"
PSEUDONYMIZE_VARIABLE = "MAILSQL_PSEUDONYMIZE"
KEEP_DOMAINS_VARIABLE = "MAILSQL_KEEP_DOMAINS"
KEEP_NETWORKS_VARIABLE = "MAILSQL_KEEP_NETWORKS"
RETENTION = "retention"
VARIABLES = {
    "db": DB_VARIABLE,
    "timezone": ZONE_VARIABLE,
    "lang": LANGUAGE_VARIABLE,
    "local_domains": DOMAINS_VARIABLE,
    "thresholds": THRESHOLDS_VARIABLE,
    "memory": MEMORY_VARIABLE,
    "pseudonymize": PSEUDONYMIZE_VARIABLE,
    "keep_domains": KEEP_DOMAINS_VARIABLE,
    "keep_networks": KEEP_NETWORKS_VARIABLE,
}


@dataclass(frozen=True)
class Config:
    """What a configuration file says.

    Attributes:
        path: the file, or where it would be; None where there is no home directory.
        source: what says where it is: environment or default.
        is_there: whether it was read.
        values: by environment variable, written as there.
        retention: how old lines and rows get; None: as old as they may.
    """

    path: Path | None
    source: str
    is_there: bool
    values: dict[str, str]
    retention: Retention | None = None


def read_config(environment: Mapping[str, str]) -> Config:
    """Return what the configuration file says; without one, nothing.

    Args:
        environment: of the process: MAILSQL_CONFIG, XDG_CONFIG_HOME or HOME tell where it is.

    Raises:
        UsageError: it cannot be read, or says what it cannot say.
    """
    named = environment.get(FILE_VARIABLE)
    path, source = (Path(named), "environment") if named else _usual_path(environment)
    nothing = Config(path, source, is_there=False, values={})
    if path is None:
        return nothing
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        if named:
            raise UsageError(
                f"{path}: no such file", f"{FILE_VARIABLE} is to name a configuration file"
            ) from error
        return nothing
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", "mailsql reads its configuration") from error
    try:
        said = tomllib.loads(content.decode())
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8", "TOML is written in UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: {error}", "KEY = 'VALUE' in each line (TOML)") from error
    with _speaking_of(path, RETENTION):
        retention = read_retention(said.pop(RETENTION)) if RETENTION in said else None
    return Config(
        path,
        source,
        is_there=True,
        values={VARIABLES[key]: text for key, text in _read(path, said).items()},
        retention=retention,
    )


def _usual_path(environment: Mapping[str, str]) -> tuple[Path | None, str]:
    """Where the file is if it is not named, and what says so.

    A relative XDG_CONFIG_HOME does not count (XDG Base Directory Specification).
    """
    base, source = Path(environment.get("XDG_CONFIG_HOME", "")), "environment"
    if not base.is_absolute():
        home, source = environment.get("HOME", ""), "default"
        if not home:
            return None, source
        base = Path(home) / ".config"
    return base / "mailsql" / "config.toml", source


def _read(path: Path, said: dict[str, Any]) -> dict[str, str]:
    """Return each setting as the environment would write it.

    Raises:
        UsageError: a key is not known, or its value is of a wrong kind.
    """
    readers = {
        "db": _database,
        "timezone": _zone,
        "lang": _language,
        "local_domains": _domains,
        "thresholds": _thresholds,
        "memory": _memory,
        "pseudonymize": _key_file,
        "keep_domains": _flag,
        "keep_networks": _flag,
    }
    values = {}
    for key, value in said.items():
        if key not in readers:
            known = ", ".join([*readers, RETENTION])
            raise UsageError(f"{path}: {key}: no such key", f"one of {known}")
        with _speaking_of(path, key):
            values[key] = readers[key](value)
    return values


@contextmanager
def _speaking_of(path: Path, key: str) -> Iterator[None]:
    """Name file and key in what is said of a value (UsageError)."""
    try:
        yield
    except ValueError as error:
        fault, sample = error.args
        raise UsageError(f"{path}: {key}: {fault}", f"{key} = {sample}") from error


def _database(value: object) -> str:
    return _whole_path(value, '"/var/lib/mailsql/mail.duckdb"')


def _key_file(value: object) -> str:
    return _whole_path(value, '"/etc/mailsql.key"')


def _whole_path(value: object, sample: str) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("not the name of a file", sample)
    try:
        path = Path(value).expanduser()
    except RuntimeError as error:
        raise ValueError(f"{value}: nobody has this home directory", sample) from error
    if not path.is_absolute():
        # It would be another file in each directory
        raise ValueError(f"{value}: not a whole path, from / or ~/ on", sample)
    return str(path)


def _flag(value: object) -> str:
    if not isinstance(value, bool):
        raise ValueError(f"{value}: neither true nor false", "true")
    return str(value).lower()


def _zone(value: object) -> str:
    sample = '"Asia/Tokyo"'
    if not isinstance(value, str):
        raise ValueError("not the name of a time zone", sample)
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        # A machine without zones of its own knows none; the engine brings its own
        if available_timezones():
            raise ValueError(f"{value}: unknown time zone", sample) from error
    return value


def _language(value: object) -> str:
    if value not in list(Language):
        raise ValueError(f"{value}: none of {', '.join(Language)}", '"ja"')
    return str(value)


def _domains(value: object) -> str:
    sample = '["example.com", "example.org"]'
    if not isinstance(value, list):
        raise ValueError("not a list of domains", sample)
    for domain in value:
        if not isinstance(domain, str) or not domain.strip() or "," in domain or "@" in domain:
            raise ValueError(f"{domain}: not a domain", sample)
    return ",".join(domain.strip() for domain in value)


def _thresholds(value: object) -> str:
    sample = "{ guessed_names = 5 }"
    if not isinstance(value, dict):
        raise ValueError("not a table of numbers", sample)
    for name, number in value.items():
        if not isinstance(number, int) or isinstance(number, bool):
            raise ValueError(f"{name}: {number}: not a whole number", sample)
    return ",".join(f"{name}={number}" for name, number in value.items())


def _memory(value: object) -> str:
    sample = '"2G"'
    if not isinstance(value, str):
        raise ValueError("not a size", sample)
    try:
        read_memory(value)
    except UsageError as error:
        raise ValueError(str(error).removeprefix("--memory "), sample) from error
    return value


def defaults_of(commands: Mapping[str, Any], config: Config) -> dict[str, dict[str | None, str]]:
    """Return, for each command, the values that its parameters have by default.

    Args:
        commands: with their parameters, as typer makes them.
        config: what the file says.
    """
    return {
        name: {
            parameter.name: config.values[parameter.envvar]
            for parameter in command.params
            if isinstance(parameter.envvar, str) and parameter.envvar in config.values
        }
        for name, command in commands.items()
    }


def in_force(config: Config, environment: Mapping[str, str], variable: str) -> str | None:
    """Return what environment or file say of a setting; None if neither does."""
    return environment.get(variable) or config.values.get(variable)


def describe_config(
    config: Config, values: Mapping[str, object], sources: Mapping[str, str]
) -> list[tuple[str, str | None, str]]:
    """Return rows of setting, value and source: the file itself, then its keys.

    Args:
        config: what the file says.
        values: that are in force, by key.
        sources: where they are from, by key: option, environment, file or default.
    """
    rows = [("config", None if config.path is None else str(config.path), config.source)]
    rows += [
        (key, None if values[key] is None else str(values[key]), sources[key]) for key in VARIABLES
    ]
    if config.retention is None:
        return [*rows, (RETENTION, None, "default")]
    return rows + [
        (f"{RETENTION}.{name}", age, "file" if is_told else "default")
        for name, age, is_told in shown_ages(config.retention)
    ]
