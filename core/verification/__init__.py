"""Verification of counts against a ground truth: thresholds, curves, errors, models side by side."""
