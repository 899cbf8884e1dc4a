"""Print the milliseconds that a verification of 1,000 images of 150 boxes at 14 thresholds takes."""

from __future__ import annotations

import sys
import time

import numpy as np

from core.cells import Detections
from core.counting.count import CountSettings
from core.verification.cases import Case
from core.verification.ground_truth import GroundTruth, TruthKind, TruthSource
from core.verification.verify import Verification

CLASSES = ("RBC", "WBC", "Platelets")
IMAGES, BOXES, TRUTH = 1000, 150, 130


def image(number: int, rng: np.random.Generator) -> Case:
    """Return an image of which most cells were found, some twice, and some as another class."""
    corner = rng.uniform(0, 1200, (TRUTH, 2))
    truth = np.concatenate([corner, corner + rng.uniform(40, 70, (TRUTH, 2))], axis=1)
    labels = rng.choice(3, TRUTH, p=[0.9, 0.02, 0.08])
    hits = np.concatenate([rng.permutation(TRUTH)[: TRUTH - 10], rng.integers(0, TRUTH, BOXES - TRUTH + 10)])
    found = Detections.from_model(
        (truth[hits] + rng.normal(0, 3, (BOXES, 4))).astype(np.float32),
        rng.random(BOXES).astype(np.float32),
        np.where(rng.random(BOXES) < 0.9, labels[hits], rng.integers(0, 3, BOXES)).astype(np.int32),
    )
    names = tuple(CLASSES[label] for label in labels)
    there = GroundTruth(TruthKind.BOXES, TruthSource.IMPORTED, CLASSES, names, truth.astype(np.float32))
    return Case.of(number, "", found, there, CountSettings({}))


def main() -> None:
    rng = np.random.default_rng(0)
    cases = [image(number, rng) for number in range(IMAGES)]
    start = time.perf_counter()
    Verification(cases, CLASSES).sweep()
    sys.stdout.write(f"{1000 * (time.perf_counter() - start):.1f}\n")


if __name__ == "__main__":
    main()
