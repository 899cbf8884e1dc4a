"""What to verify: the images included, and how their counts are compared."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from core.verification.cases import Case

if TYPE_CHECKING:
    from core.cells import Detections
    from core.counting.count import CountSettings
    from core.counting.edits import CellEdits
    from core.counting.frame import Frame
    from core.verification.ground_truth import GroundTruth

STEPS = (0.01, 0.02, 0.05, 0.10)
"""The distances between thresholds that can be chosen."""


class VerificationScope(Enum):
    """Which images are included."""

    CURRENT = "current"
    TICKED = "ticked"
    ALL = "all"


@dataclass(frozen=True)
class VerificationOptions:
    """How counts are compared; kept with the session.

    ``corrected``: verify the corrected counts instead of the model's. ``reviewed``: where images were counted by hand,
    compare those that were only reviewed too. ``by``: the measure by which a threshold is
    best.
    """

    scope: VerificationScope = VerificationScope.ALL
    ticked: frozenset[int] = frozenset()
    corrected: bool = False
    reviewed: bool = False
    iou: float = 0.5
    step: float = 0.05
    by: str = "accuracy"

    def stored(self) -> dict[str, Any]:
        """Return a value for the session."""
        return {
            "scope": self.scope.value,
            "ticked": sorted(self.ticked),
            "corrected": self.corrected,
            "reviewed": self.reviewed,
            "iou": self.iou,
            "step": self.step,
            "by": self.by,
        }

    @classmethod
    def from_stored(cls, value: dict[str, Any]) -> VerificationOptions:
        """Return what ``stored`` made a value of; what it lacks is as usual."""
        options = cls()
        scope = value.get("scope", options.scope.value)
        return replace(
            options,
            scope=next((one for one in VerificationScope if one.value == scope), options.scope),
            ticked=frozenset(value.get("ticked", ())),
            corrected=bool(value.get("corrected", options.corrected)),
            reviewed=bool(value.get("reviewed", options.reviewed)),
            iou=float(value.get("iou", options.iou)),
            step=float(value.get("step", options.step)),
            by="f1" if value.get("by") == "f1" else "accuracy",
        )


@dataclass(frozen=True, eq=False)
class VerifiedImage:
    """One included image: its detections, edits and ground truth."""

    image: int
    name: str
    found: Detections
    corrections: CellEdits
    truth: GroundTruth
    frame: Frame | None
    diameter: float

    def case(self, settings: CountSettings, *, corrected: bool) -> Case:
        """Prepare the image for the comparison."""
        return Case.of(
            self.image,
            self.name,
            self.found,
            self.truth,
            settings,
            self.frame,
            self.corrections if corrected else None,
        )


@dataclass(frozen=True)
class LeftOut:
    """How many images of the scope are not included, and why; ``reviewed``: they have a reviewed count alone."""

    without_truth: int = 0
    not_counted: int = 0
    reviewed: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.without_truth + self.not_counted + self.reviewed


@dataclass(frozen=True, eq=False)
class VerificationRequest:
    """Everything that the figures depend on; safe to pass to another thread."""

    checked: tuple[VerifiedImage, ...]
    left_out: LeftOut
    classes: tuple[str, ...]
    settings: CountSettings
    options: VerificationOptions = field(default_factory=VerificationOptions)
