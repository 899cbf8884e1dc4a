"""Measuring a model on annotated images."""
