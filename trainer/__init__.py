"""Headless training, evaluation and export of SmearCount models."""
