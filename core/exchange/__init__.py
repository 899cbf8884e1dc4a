"""Annotations into and out of sessions and data sets: which image a file is about, and what becomes of its boxes."""
