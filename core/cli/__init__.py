"""The headless command ``smearcount-count``."""
