"""Intervals, quantiles, agreement and detection metrics."""
