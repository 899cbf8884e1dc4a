"""Does this installation count as it should? The demo smear is counted and compared with what was drawn in it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING

from core.counting.count import CountSettings
from core.counting.pipeline import count_image
from core.detection.detector import Detector
from core.imaging.demo import demo_smear, render_demo_smear
from core.imaging.reading import read_image
from core.models.network import Model, default_model_path
from core.text import gettext

if TYPE_CHECKING:
    from pathlib import Path

DEMO_TOLERANCE = 0.02
"""The part of a class by which the count may differ: processors round differently in the last digits."""

_SLOW_S = 5.0


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: ``text`` says what was found, ``good`` whether it is as it should be."""

    name: str
    good: bool
    text: str


@dataclass(frozen=True)
class SelfCheck:
    """What the check found; nothing in it comes from a patient's picture."""

    findings: tuple[Finding, ...]
    counts: dict[str, int] = field(default_factory=dict[str, int])
    truth: dict[str, int] = field(default_factory=dict[str, int])
    model_sha256: str = ""
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Whether everything is as it should be."""
        return all(finding.good for finding in self.findings)


def shipped_model_sha256() -> str:
    """Return the hash that the shipped model has if its file is whole."""
    return (resources.files("resources") / "models" / "default.onnx.sha256").read_text().split()[0]


def check_installation(model_path: Path | None = None, picture: Path | None = None) -> SelfCheck:
    """Count the demo smear with the shipped model; faults are findings, not exceptions."""
    try:
        model = Model(model_path or default_model_path())
        detector, settings = Detector(model), CountSettings.suggested_by(model.card)
        photograph = read_image(picture or demo_smear())
        count_image(photograph, detector, settings)  # the first count also compiles the network
        started = time.perf_counter()
        counts = count_image(photograph, detector, settings).result.counts
        seconds = time.perf_counter() - started
    except Exception as error:  # noqa: BLE001  whatever it is, it is what the person wants to know
        return SelfCheck(
            (
                Finding(
                    gettext("Counting"), False, gettext("The demo smear cannot be counted: {error}").format(error=error)
                ),
            )
        )
    truth = render_demo_smear().counts()
    whole = model.sha256 == shipped_model_sha256()
    findings = [
        Finding(
            gettext("Model"),
            whole,
            gettext("{card}: the file is intact.").format(card=model.card.name)
            if whole
            else gettext("The model file is not the bundled one; install SmearCount again."),
        ),
        *(_compare(name, counts.get(name, 0), number) for name, number in truth.items()),
        Finding(
            gettext("Speed"),
            seconds < _SLOW_S,
            gettext("One image of 1024 × 768 pixels takes {seconds:.2f} s.").format(seconds=seconds)
            + (gettext(" That is slow; close other programs, or expect to wait.") if seconds >= _SLOW_S else ""),
        ),
    ]
    return SelfCheck(tuple(findings), counts, truth, model.sha256, seconds)


def _compare(name: str, counted: int, true: int) -> Finding:
    good = abs(counted - true) <= DEMO_TOLERANCE * true
    return Finding(name, good, gettext("{counted} counted, {true} in the image.").format(counted=counted, true=true))
