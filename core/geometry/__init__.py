"""Boxes and their matching."""
