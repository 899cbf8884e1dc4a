"""The keys on one sheet, to read and to change."""
