"""Presets: the recipe of a training run, read from TOML."""
