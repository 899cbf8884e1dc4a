"""Data sets: manifest, import, merge, split, validation."""
