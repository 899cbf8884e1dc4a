"""The command ``smearcount-train``."""
