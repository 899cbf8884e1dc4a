"""Verification in the background."""
