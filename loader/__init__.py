"""mailsql: Postfix and Dovecot logs as DuckDB tables."""

from .database import open_database
from .ingest import load
from .objects import __version__
from .prover import prove_line

__all__ = ["__version__", "load", "open_database", "prove_line"]
