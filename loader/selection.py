"""Who and when -> temporary tables of the rows and lines that an export holds.

The statements stand in the manifest: with its variables, they choose the same in any DuckDB shell.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import duckdb

from .errors import UsageError
from .own_forms import FAMILY, HEAD_COLUMNS
from .portions import IN_PORTION, run_in_portions, set_size
from .scope import Scope, set_scope
from .site import site_tables
from .statements import quote_identifier, quote_text, sql_texts
from .table_list import Table, tables

# The lines of the export, and those that tell the same in another log
ALL_LINES = """-- One row per line of the export
create or replace temp table chosen_lines as
select line_key from raw_lines where in_period(logged_at) and on_host(host)"""
# Portions as in sql/export
ALL_MESSAGES = """-- One row per message
create or replace temp table chosen_messages as
select
    message_key,
    coalesce(in_period(queued_at) and on_host(host), false) as is_in_period,
    coalesce(
        (row_number() over (order by message_key) - 1)
        // getvariable('messages_in_portion')::bigint,
        0
    ) as portion
from messages"""


@dataclass(frozen=True)
class Who:
    """Whose mail is asked for; without address and domain everybody's.

    Attributes:
        addresses: of senders and recipients; logins and mailbox users.
        domain: of any of these.
        host: mail server, with its domain or without.
        local_domains: one's own, for reports; guessed if None.
    """

    addresses: tuple[str, ...] = ()
    domain: str | None = None
    host: str | None = None
    local_domains: tuple[str, ...] | None = None

    @property
    def is_named(self) -> bool:
        """Whether it is somebody's mail, not everybody's."""
        return bool(self.addresses) or self.domain is not None


EVERYBODY = Who()


def set_who(connection: duckdb.DuckDBPyConnection, who: Who) -> dict[str, object]:
    """Set the variables that the statements read; return them.

    Raises:
        UsageError: an address is empty, a domain none, or no log tells of the host.
    """
    if "" in who.addresses:
        raise UsageError("--address: empty", "--address alice@example.com")
    if who.domain is not None and (not who.domain or "@" in who.domain):
        raise UsageError(f"{who.domain}: not a domain", "--domain example.com")
    set_scope(connection, Scope(who.host, who.domain, who.local_domains))
    addresses = [address.lower() for address in who.addresses]
    connection.execute("set variable addresses = ?::varchar[]", [addresses])
    domains = None if who.local_domains is None else ",".join(who.local_domains)
    return {
        "addresses": addresses,
        "domain": who.domain,
        "host": who.host,
        "local_domains": domains,
    }


def choose_named(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Choose the rows and lines of who is asked for; return the statements that did."""
    statements = [text for _, text in sql_texts("export")]
    set_size(connection)
    for statement in statements:
        run_in_portions(connection, statement)
    lines = _lines_of_rows(connection)
    connection.execute(lines)
    return [*statements, lines]


def choose_all(connection: duckdb.DuckDBPyConnection, asked: Collection[str]) -> list[str]:
    """Choose what some of the answers are of, of everybody; return the statements that did."""
    statements = []
    if "log_lines" in asked:
        statements.append(ALL_LINES)
    if not {"recipient_outcomes", "message_flow"}.isdisjoint(asked):
        statements.append(ALL_MESSAGES)
    set_size(connection)
    for statement in statements:
        connection.execute(statement)
    return statements


def rows_of(table: Table, who: Who) -> str:
    """SQL of the rows of a table that are in the export."""
    name, line = quote_identifier(table.name), quote_identifier(table.line_column)
    if who.is_named:
        key = quote_identifier(table.key[0])
        condition = (
            f"{key} in (select row_key from chosen_rows where table_name = "
            f"{quote_text(table.name)})"
        )
    elif table.time is not None:
        condition = f"in_period({table.time})"
    else:
        condition = f"{line} in (select line_key from raw_lines where in_period(logged_at))"
    if not who.is_named and who.host is not None:
        condition += f" and {of_host(table, who)}"
    return f"from main.{name} where {condition}"


def of_host(table: Table, who: Who) -> str:
    """SQL of whether the line of a row of a table is of the host asked for."""
    if who.host is None:
        return "true"
    line = quote_identifier(table.line_column)
    return f"{line} in (select line_key from raw_lines where on_host(host))"


def site_rows_of(name: str, who: Who) -> str:
    """SQL of the rows of a view of one's own forms that are in the export.

    Of somebody's mail, those whose line is of a message of the export, or names who is asked for.
    """
    table = f"{quote_identifier(FAMILY)}.{quote_identifier(name)}"
    if who.is_named:
        return f"from {table} where line_key in (from chosen_lines)"
    return f"from {table} where in_period(logged_at) and on_host(host)"


def answers_of(who: Who) -> dict[str, str]:
    """SQL of the rows of views that are in the export, by their names.

    Of what is made of messages as in run_in_portions.
    """
    keys = f"select list(message_key) from chosen_messages where {IN_PORTION}"
    lines = "from main.log_lines where line_key in (from chosen_lines)"
    if who.is_named:
        return {
            "recipient_outcomes": f"from recipients_of(({keys}))",
            "message_flow": "from chosen_flow",
            "log_lines": lines,
        }
    return {
        "recipient_outcomes": f"from recipients_of(({keys} and is_in_period))",
        "message_flow": f"from flow_of(({keys})) where in_period(logged_at) and on_host(host)",
        "log_lines": lines,
    }


def _lines_of_rows(connection: duckdb.DuckDBPyConnection) -> str:
    """SQL that makes chosen_lines: the lines that the rows of the export come from."""
    rows = []
    for table in tables().values():
        if table.time is None and not table.by_address:
            continue
        columns = {table.line_column, table.placed or table.line_column}
        listed = ", ".join(quote_identifier(column) for column in sorted(columns))
        rows.append(
            f"select unnest([{listed}]) as line_key from main.{quote_identifier(table.name)} "
            f"where {quote_identifier(table.key[0])} in (select row_key from chosen_rows "
            f"where table_name = {quote_text(table.name)})"
        )
    told = "\n    union all\n    ".join(
        [
            *rows,
            *_site_lines(connection),
            "select line_key from chosen_flow",
            "from connection_lines",
        ]
    )
    return f"""-- One row per line of the export: those that its rows come from, those that say
-- how often such a line came, and those that tell the same in another log
create or replace temp table chosen_lines as
with told as (
    {told}
),

counted as (
    select line_key from told
    union
    select repeat_key from line_repeats where line_key in (select line_key from told)
)

select line_key from counted where line_key is not null
union
select line_key from raw_lines where copy_of in (select line_key from counted)
order by line_key"""


def _site_lines(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """SQL of the lines in which forms of one's own read who is asked for; those of messages are
    steps of these.
    """
    told = []
    for name in site_tables(connection):
        columns = connection.execute(
            "select column_name from duckdb_columns() where schema_name = ? and table_name = ? "
            "and database_name = current_database() and data_type = 'VARCHAR' "
            "and not list_contains(?, column_name) order by column_index",
            [FAMILY, name, list(HEAD_COLUMNS)],
        ).fetchall()
        named = " or ".join(f"is_asked_for({quote_identifier(column)})" for (column,) in columns)
        if named:
            told.append(
                f"select line_key from {quote_identifier(FAMILY)}.{quote_identifier(name)} "
                f"where ({named}) and in_period(logged_at) and on_host(host)"
            )
    return told
