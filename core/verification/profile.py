"""The laboratory's profile: how one laboratory counts, in one file that all its computers use."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from core.counting.count import CountSettings
from core.counting.frame import EdgeRule
from core.errors import UserError
from core.files import write_whole
from core.statistics.intervals import Interval  # noqa: TC001  (msgspec reads the annotations at run time)
from core.text import gettext, ngettext, percent
from core.verification.sweep import known, threshold_steps
from core.verification.thresholds import ENOUGH_IMAGES, ThresholdChoice, choose_threshold
from core.verification.verify import Verification

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from core.verification.cases import Case

PROFILE_SUFFIX = ".smearprofile"
PROFILE_SCHEMA = 1
_STEP = 0.01
_VERSION = 8  # digits of the hash that tell profiles of one name apart
_STEADY = 0.08
"""Red cells of one microscope: the middle half of the fields differ by less than this share of the median."""


class ProfileError(UserError):
    """A profile that cannot be read or used; the message names the file and the remedy."""


class Adapted(msgspec.Struct, frozen=True, kw_only=True):
    """How the threshold of a class was chosen from corrected fields.

    ``accuracy`` and its 95 % ``interval`` are of fields counted at the threshold that is best for the others;
    ``before`` is the accuracy at the threshold that held before. None: not known.
    """

    fields: int
    threshold_before: float
    before: float | None = None
    accuracy: float | None = None
    interval: Interval | None = None


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """How a laboratory counts with one model.

    ``red_cell_diameter`` in pixels, None: estimated in each image. ``adapted``: class name -> where its threshold
    comes from, for classes whose threshold was chosen from the laboratory's own fields.
    """

    schema: int = PROFILE_SCHEMA
    name: str
    model_name: str
    model_sha256: str
    thresholds: dict[str, float]
    nms_iou: float
    edge_rule: EdgeRule = EdgeRule.ALL
    red_cell_diameter: float | None = None
    user: str = ""
    made: datetime = msgspec.field(default_factory=lambda: datetime.now(UTC))
    adapted: dict[str, Adapted] = {}

    @property
    def settings(self) -> CountSettings:
        """How to count."""
        return CountSettings(dict(self.thresholds), self.nms_iou, self.edge_rule)


class ProfileInUse(msgspec.Struct, frozen=True, kw_only=True):
    """A profile as a session keeps it; ``sha256`` is the hash of its file."""

    profile: Profile
    sha256: str

    @property
    def title(self) -> str:
        """Its name and what tells it from others of the same name."""
        return gettext("{name} ({version})").format(name=self.profile.name, version=self.sha256[:_VERSION])

    def differences(self, settings: CountSettings, diameters: Iterable[float | None] = ()) -> list[str]:
        """Return what is not as in the profile, in a few words each.

        ``diameters`` of red cells are those that were given for images, in pixels; None: estimated.
        """
        profile = self.profile
        found = [
            gettext("{name} {now:.2f} instead of {own:.2f}").format(name=name, now=now, own=own)
            for name, now in settings.thresholds.items()
            if (own := profile.thresholds.get(name)) is not None and own != now
        ]
        if settings.nms_iou != profile.nms_iou:
            text = gettext("overlap {now:.2f} instead of {own:.2f}")
            found.append(text.format(now=settings.nms_iou, own=profile.nms_iou))
        if settings.edge_rule is not profile.edge_rule:
            found.append(gettext("another counting rule"))
        own = profile.red_cell_diameter
        if own is not None and any(diameter != own for diameter in diameters):
            found.append(gettext("another red cell size in some images"))
        return found


@dataclass(frozen=True)
class Adaptation:
    """What corrected fields say of the thresholds: the settings to count with, and of each class where they are from.

    ``choices`` are the thresholds that were chosen, those of ``adapted``. ``kept`` are the classes whose threshold
    stays, with a sentence that says why, and ``now`` how accurate each class is at its present threshold, if known.
    """

    settings: CountSettings
    adapted: dict[str, Adapted]
    kept: dict[str, str]
    choices: tuple[ThresholdChoice, ...] = ()
    now: Mapping[str, float] = field(default_factory=dict[str, float])


def adapt(cases: Sequence[Case], classes: tuple[str, ...], settings: CountSettings) -> Adaptation:
    """Choose the threshold of each class from corrected fields by leave-one-out cross-validation.

    A class keeps its threshold where fewer than ``ENOUGH_IMAGES`` fields tell, or where fields that were left out
    would not be counted better at a new one.

    Parameters
    ----------
    cases
        Fields with their truth: what the model found, without edits.
    classes
        The model's classes in the order of the labels.
    settings
        How the fields are counted now.
    """
    steps = threshold_steps(step=_STEP)
    verification = Verification(cases, classes, settings.thresholds) if cases else None
    adapted: dict[str, Adapted] = {}
    kept: dict[str, str] = {}
    choices: list[ThresholdChoice] = []
    accuracies: dict[str, float] = {}
    for name in classes:
        sweep = verification.class_sweep(name, steps) if verification else None
        choice = choose_threshold(sweep) if sweep and len(sweep.images) >= ENOUGH_IMAGES else None
        if verification is None or sweep is None or choice is None:
            kept[name] = _too_few(name, 0 if sweep is None else len(sweep.images))
            continue
        before = settings.thresholds[name]
        now = known(float(verification.class_sweep(name, np.array([before])).accuracy[0]))
        if now is not None:
            accuracies[name] = now
            if choice.accuracy is None or choice.accuracy <= now:
                text = gettext("no other threshold counts fields that were left out better ({now})")
                kept[name] = text.format(now=percent(now))
                continue
        adapted[name] = Adapted(
            fields=len(sweep.images),
            threshold_before=before,
            before=now,
            accuracy=choice.accuracy,
            interval=choice.interval,
        )
        choices.append(choice)
    thresholds = {**settings.thresholds, **{choice.class_name: choice.threshold for choice in choices}}
    chosen = CountSettings(thresholds, settings.nms_iou, settings.edge_rule)
    return Adaptation(chosen, adapted, kept, tuple(choices), accuracies)


def _too_few(name: str, fields: int) -> str:
    if fields >= ENOUGH_IMAGES:
        text = ngettext(
            "the {fields} corrected field holds no {name}", "none of the {fields} corrected fields holds {name}", fields
        )
        return text.format(fields=fields, name=name)
    text = ngettext(
        "{fields} corrected field was counted for {name}; at least {enough} are needed",
        "{fields} corrected fields were counted for {name}; at least {enough} are needed",
        fields,
    )
    return text.format(fields=fields, name=name, enough=ENOUGH_IMAGES)


def steady_diameter(diameters: Sequence[float]) -> float | None:
    """Return the red cell diameter of a microscope in pixels, from those of its fields; None if they differ much."""
    if len(diameters) < ENOUGH_IMAGES:
        return None
    low, middle, high = np.quantile(np.asarray(diameters, np.float64), [0.25, 0.5, 0.75])
    return round(float(middle), 1) if high - low <= _STEADY * middle else None


def open_profile(path: Path) -> ProfileInUse:
    """Read a profile and the hash of its file.

    Raises
    ------
    ProfileError
        If it cannot be read, is no profile, or is one of a newer version.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        text = gettext("{path}: the profile cannot be read ({reason}); check its place and the permissions.")
        raise ProfileError(text.format(path=path, reason=error.strerror or error)) from error
    try:
        if msgspec.json.decode(data, type=_Versioned).schema > PROFILE_SCHEMA:
            text = gettext("{path}: this profile was made by a newer version of SmearCount; update the program.")
            raise ProfileError(text.format(path=path))
        profile = msgspec.json.decode(data, type=Profile)
    except msgspec.MsgspecError as error:
        text = gettext("{path}: this is no profile, or it is damaged ({error}); make it again.")
        raise ProfileError(text.format(path=path, error=error)) from error
    shares = (*profile.thresholds.values(), profile.nms_iou)
    diameter = profile.red_cell_diameter
    if not all(0 <= value <= 1 for value in shares) or not (diameter is None or 4 <= diameter <= 2000):
        raise ProfileError(gettext("{path}: it holds an invalid number; make it again.").format(path=path))
    return ProfileInUse(profile=profile, sha256=hashlib.sha256(data).hexdigest())


def read_profile(path: Path) -> Profile:
    """Read a profile; raises ProfileError as ``open_profile`` does."""
    return open_profile(path).profile


def check_classes(path: Path, profile: Profile, classes: Sequence[str]) -> None:
    """Raise ProfileError unless a profile has a threshold for exactly the classes of its model."""
    if set(profile.thresholds) != set(classes):
        text = gettext("{path}: it has thresholds for {own}, but the model finds {classes}; make it again.")
        own = ", ".join(profile.thresholds) or gettext("no class")
        raise ProfileError(text.format(path=path, own=own, classes=", ".join(classes)))


def write_profile(path: Path, profile: Profile) -> None:
    """Write a profile, as a whole or not at all; raises OSError."""
    write_whole(path, msgspec.json.format(msgspec.json.encode(profile), indent=2) + b"\n")


class _Versioned(msgspec.Struct):
    """The one entry that a profile of any version has."""

    schema: int
