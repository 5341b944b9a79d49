"""mailsql: Postfix and Dovecot logs as DuckDB tables."""

from .database import __version__, open_database
from .ingest import load

__all__ = ["__version__", "load", "open_database"]
