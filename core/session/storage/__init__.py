"""The file of a session: its tables, rows, paths and backups."""
