"""Errors that end a command: one line that names the user's thing, then what to try.

What the engine says of the user's own SQL keeps its hints, and the place that it marks.
"""

from __future__ import annotations


class MailsqlError(Exception):
    """An error that the user can act on.

    Exit codes: 0 all was done; 1 the answer is no; 2 wrong use; 3 some log was damaged, unreadable
    or refused (the others are loaded); 4 the database cannot be used; 130 interrupted.

    Attributes:
        hint: what to try, or None.
        detail: lines that belong to the message, or None.
        exit_code: of the command that it ends.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str | None = None, detail: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint
        self.detail = detail


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


class HeldError(DatabaseError):
    """Another process holds the database."""


class RoomError(DatabaseError):
    """There is no room on the disk."""


class OutdatedError(DatabaseError):
    """Rows of an older mailsql have to be derived again, for its tables cannot become today's."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "mailsql load or mailsql reparse derives all rows again")
