"""The session file: the only code that knows its tables and keys."""
