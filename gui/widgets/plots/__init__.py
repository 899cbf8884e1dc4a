"""Charts, as widgets and as files."""
