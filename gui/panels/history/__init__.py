"""The history of edits and the conflicts after a new count."""
