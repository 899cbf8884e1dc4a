"""Reusable widgets that know nothing of sessions."""
