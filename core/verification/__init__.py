"""Checking a model's counts against a ground truth: thresholds, curves, errors, models beside each other."""

from __future__ import annotations

from core.verification.cases import Case
from core.verification.choosing import ENOUGH_IMAGES, ThresholdChoice, ThresholdRecord, choose_threshold
from core.verification.comparing import Difference, ModelResult, ModelRow, compare_models
from core.verification.errors import CountError, find_errors
from core.verification.resampling import draws, percentile_interval
from core.verification.sweep import ClassSweep, Measure, SweepRow, threshold_steps
from core.verification.verify import AP_IOUS, NO_RIVAL, Verification

__all__ = [
    "AP_IOUS",
    "ENOUGH_IMAGES",
    "NO_RIVAL",
    "Case",
    "ClassSweep",
    "CountError",
    "Difference",
    "Measure",
    "ModelResult",
    "ModelRow",
    "SweepRow",
    "ThresholdChoice",
    "ThresholdRecord",
    "Verification",
    "choose_threshold",
    "compare_models",
    "draws",
    "find_errors",
    "percentile_interval",
    "threshold_steps",
]
