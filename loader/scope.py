"""What reports are limited to -> variables of the connection, which the views of reports read."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from .errors import UsageError
from .period import Period

# What a report that can be limited to it says in its SQL, or in that of a macro which it calls
LIMITS = {"host": ("on_host(", "getvariable('host')"), "domain": ("of_domain(", "'domain')")}


@dataclass(frozen=True)
class Scope:
    """What is asked about; None is all.

    Attributes:
        host: mail server, with its domain or without.
        domain: of senders, recipients or users.
        local_domains: one's own, instead of those that mailboxes here have.
    """

    host: str | None = None
    domain: str | None = None
    local_domains: tuple[str, ...] | None = None


def set_period(connection: duckdb.DuckDBPyConnection, period: Period) -> None:
    """Limit reports to a period."""
    _set(connection, since=period.since, until=period.until)


def set_scope(connection: duckdb.DuckDBPyConnection, scope: Scope) -> None:
    """Limit reports to a host and a domain, and tell them which domains are one's own.

    Raises:
        UsageError: no log tells of such a host.
    """
    _set(connection, host=scope.host, domain=scope.domain)
    set_local_domains(connection, scope.local_domains)
    if scope.host is None:
        return
    hosts = hosts_of(connection, is_in_period=False)
    if not hosts:
        known = hosts_of(connection, is_in_period=False, is_in_scope=False)
        raise UsageError(
            f"{scope.host}: no such host in the logs",
            f"one of {', '.join(known)}" if known else "mailsql load",
        )


def set_local_domains(
    connection: duckdb.DuckDBPyConnection, domains: tuple[str, ...] | None
) -> None:
    """Tell reports which domains are one's own; None lets them guess."""
    _set(connection, local_domains=None if domains is None else ",".join(domains))


def hosts_of(
    connection: duckdb.DuckDBPyConnection, *, is_in_period: bool = True, is_in_scope: bool = True
) -> list[str]:
    """Return the hosts whose lines are there, in the period and scope that are set, or in all."""
    limits = ["host is not null"]
    limits += ["in_period(logged_at)"] if is_in_period else []
    limits += ["on_host(host)"] if is_in_scope else []
    rows = connection.execute(
        f"select distinct host from main.raw_lines where {' and '.join(limits)} order by host"
    ).fetchall()
    return [host for (host,) in rows]


def check_limits(connection: duckdb.DuckDBPyConnection, report: str, scope: Scope) -> None:
    """Refuse to limit a report to what its SQL does not ask about.

    Raises:
        UsageError: it cannot be limited to what the scope names.
    """
    sql = _sql_of(connection, report)
    for limit, words in LIMITS.items():
        if getattr(scope, limit) is not None and not any(word in sql for word in words):
            raise UsageError(
                f"{report}: cannot be limited to a {limit}", f"leave out --{limit} for this report"
            )


def _sql_of(connection: duckdb.DuckDBPyConnection, report: str) -> str:
    """The SQL of a report with that of all macros that it calls, directly or not."""
    row = connection.execute(
        "select sql from duckdb_views() where database_name = current_database() "
        "and schema_name = 'reports' and view_name = ?",
        [report],
    ).fetchone()
    sql: str = row[0] if row else ""
    macros = dict(
        connection.execute(
            "select function_name, any_value(macro_definition) from duckdb_functions() "
            "where database_name = current_database() and macro_definition is not null "
            "group by function_name"
        ).fetchall()
    )
    while called := [name for name in macros if f"{name}(" in sql]:
        sql += "".join(macros.pop(name) for name in called)
    return sql


def _set(connection: duckdb.DuckDBPyConnection, **values: object) -> None:
    for variable, value in values.items():
        if value is None:
            connection.execute(f"reset variable {variable}")
        else:
            connection.execute(f"set variable {variable} = ?", [value])
