"""The SQL files of mailsql, read with importlib.resources."""
