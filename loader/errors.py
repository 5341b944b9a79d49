"""Errors that end a command: one line that names the user's thing, then what to try."""

from __future__ import annotations


class MailsqlError(Exception):
    """An error that the user can act on.

    Attributes:
        hint: what to try, or None.
        exit_code: of the command that it ends.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(MailsqlError):
    """The command was called in a way that cannot work."""

    exit_code = 2


class InputError(MailsqlError):
    """A log cannot be read."""

    exit_code = 3


class Interrupted(MailsqlError):
    """The user stopped the command."""

    exit_code = 130


class DatabaseError(MailsqlError):
    """The database cannot be used."""

    exit_code = 4
