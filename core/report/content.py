"""What is handed in: everything that a report says, as values that nothing changes any more."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from core.counting.estimates import Fields, figures
from core.counting.frame import rule_text
from core.kinds.differential import erythroblasts_text
from core.session.values import Sample as Sample  # noqa: TC001 (a part of the content)
from core.text import gettext, ngettext
from core.verification.ground_truth import describe, hands_first

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from core.counting.count import CountSettings
    from core.counting.estimates import EstimateInputs, Figure
    from core.counting.pipeline import CountedImage
    from core.imaging.depth import Span
    from core.models.method import Method
    from core.report.class_counts import ClassCount
    from core.report.session_kinds import SessionKinds
    from core.session.values import HistoryLine, SignOff
    from core.verification.ground_truth import GroundTruth
    from core.verification.profile import ProfileInUse
    from core.verification.sweep import SweepRow
    from core.verification.thresholds import ThresholdRecord

NOT_A_MEDICAL_DEVICE = gettext(
    "SmearCount is not a medical device. A person checks every count, signs the result and is responsible for it."
)


@dataclass(frozen=True)
class Contents:
    """Which parts a report has; without ``every_picture`` only the two on the first page."""

    pictures: bool = True
    verification: bool = True
    history: bool = True
    every_picture: bool = True


@dataclass(frozen=True)
class ReportModel:
    """A model that found cells in at least one of the images.

    ``methods``: class name -> how it is counted in its mask; empty for a model that finds boxes.
    """

    name: str
    sha256: str
    images: int
    trained: str = ""
    methods: Mapping[str, Method] = field(default_factory=dict[str, "Method"])

    @property
    def counted_by(self) -> str:
        """How each class was counted in its mask, "" for a model that finds boxes."""
        return "; ".join(f"{name}: {method.label}" for name, method in self.methods.items())


@dataclass(frozen=True, eq=False)
class ReportImage:
    """One image on the list.

    ``counted`` is None where there is no count, and ``problem`` says why. ``sha256`` is the hash of the file as it
    was counted, and ``model_sha256`` that of the model that counted it. ``reviewer`` marked it as reviewed; ``seen``
    are the counts that this person saw, if they were kept. ``true_counts``: what the truth has of each class in the
    counting frame, None where it was not counted.
    ``unclassed`` cells that a person put are of a class that is not counted. ``copy_of`` is an earlier counted image
    of the same contents. ``span`` is what its samples were scaled by, None if they have 8 bits. ``kinds``: id of a cell
    that counts -> the kind that a user gave it.
    """

    id: int
    path: Path
    counted: CountedImage | None
    problem: str = ""
    sha256: str | None = None
    reviewed: bool = False
    reviewer: str = ""
    seen: dict[str, int] | None = None
    model_sha256: str = ""
    truth: GroundTruth | None = None
    true_counts: tuple[int | None, ...] = ()
    unclassed: int = 0
    copy_of: Path | None = None
    span: Span | None = None
    kinds: Mapping[int, str] = field(default_factory=dict[int, str])

    @property
    def changed(self) -> bool:
        """Whether the image was reviewed before its count changed."""
        counts = None if self.counted is None else self.counted.result.counts
        return self.reviewed and self.seen is not None and counts is not None and counts != self.seen


@dataclass(frozen=True)
class VerificationRow:
    """One class, counted at the present threshold and compared with the ground truth.

    ``handed_in``: with the person's corrections; else the model alone. ``score`` is of ``images`` images.
    """

    name: str
    handed_in: bool
    images: int
    score: SweepRow


@dataclass(frozen=True, eq=False)
class ReportContent:
    """Everything that a report says of a session.

    ``classes`` are in the order of the labels. ``origins``: class name -> where its threshold comes from, if it was
    chosen by verification; ``suggested``: what the model suggests. ``history`` is newest first. ``content``
    is the hash of all that the numbers depend on; ``sign_offs`` were given on this or on earlier
    content, in order. ``kinds``: None while the session has none. ``profile`` is the laboratory's profile that the
    session is counted by, if any, and ``not_as_profile`` what was changed since; where the profile was not used,
    ``without_profile`` says why.
    """

    session: Path
    sample: Sample
    classes: tuple[str, ...]
    settings: CountSettings
    inputs: EstimateInputs
    images: tuple[ReportImage, ...]
    models: tuple[ReportModel, ...]
    origins: dict[str, ThresholdRecord]
    suggested: dict[str, float]
    verification: tuple[VerificationRow, ...]
    history: tuple[HistoryLine, ...]
    content: str
    sign_offs: tuple[SignOff, ...]
    made: datetime
    version: str
    totals: tuple[ClassCount, ...] = field(default=())
    kinds: SessionKinds | None = None
    profile: ProfileInUse | None = None
    not_as_profile: tuple[str, ...] = ()
    without_profile: str = ""

    @property
    def counted(self) -> list[CountedImage]:
        """The counts of the images that were counted, in the order of the list."""
        return [image.counted for image in self.images if image.counted is not None]

    @property
    def uncounted(self) -> list[ReportImage]:
        """The images without a count."""
        return [image for image in self.images if image.counted is None]

    @cached_property
    def figures(self) -> list[Figure]:
        """The ratios and estimates of all images together that can be formed."""
        images = self.counted
        counts = {name: [image.result.counts[name] for image in images] for name in self.classes}
        area = sum(image.frame.area for image in images if image.frame is not None)
        boxes = {
            name: [
                (cells.boxes[image.result.counted & (cells.labels == label)], (image.width, image.height))
                for image in images
                for cells in (image.found.detections,)
            ]
            for label, name in enumerate(self.classes)
        }
        return [one for one in figures(Fields(counts, area, boxes), self.inputs) if one.value is not None]

    def erythroblasts(self, name: str) -> int:
        """Return how many cells in the count of a class users called erythroblasts."""
        return self.kinds.erythroblasts if self.kinds is not None and self.kinds.class_name == name else 0

    @property
    def erythroblasts_text(self) -> str:
        """That the count of white cells includes erythroblasts, with the count without them; "" without any."""
        texts = (erythroblasts_text(row.name, row.count, self.erythroblasts(row.name)) for row in self.totals)
        return " ".join(filter(None, texts))

    @property
    def profile_text(self) -> str:
        """By which profile the session is counted, and what was changed since; "" if by none."""
        if self.profile is None:
            return ""
        return profile_text(self.profile, self.not_as_profile)

    @property
    def rules(self) -> list[str]:
        """What counts, as sentences: one, unless images have regions of their own."""
        frames = [image.frame for image in self.counted]
        texts = [frame.text for frame in frames if frame is not None]
        return list(dict.fromkeys(texts)) or [rule_text(self.settings.edge_rule)]

    @property
    def reviewers(self) -> list[str]:
        """Who marked images as reviewed."""
        return list(dict.fromkeys(image.reviewer for image in self.images if image.reviewed and image.reviewer))

    @property
    def unreviewed(self) -> int:
        """How many counted images nobody marked as reviewed."""
        return sum(image.counted is not None and not image.reviewed for image in self.images)

    @property
    def changed(self) -> int:
        """How many images were reviewed before their count changed."""
        return sum(image.changed for image in self.images)

    @property
    def review(self) -> str:
        """How many of the counted images were reviewed, and by whom, in a few words."""
        counted = len(self.counted)
        reviewed = counted - self.unreviewed
        if not reviewed:
            return gettext("nobody has reviewed the images")
        many = (
            gettext("{reviewed:,} of {counted:,} images").format(reviewed=reviewed, counted=counted)
            if counted > 1
            else gettext("the image")
        )
        if self.changed:
            many = gettext("{images} ({changed:,} changed since)").format(images=many, changed=self.changed)
        if not self.reviewers:
            return many
        return gettext("{images}, by {people}").format(images=many, people=", ".join(self.reviewers))

    @property
    def people(self) -> list[str]:
        """Who corrected, set or signed something, in the order of the first time."""
        names = (row.user for row in reversed(self.history))
        return list(dict.fromkeys(name for name in names if name and name != "SmearCount"))

    @property
    def signed(self) -> SignOff | None:
        """The latest sign-off of exactly this content."""
        return next((one for one in reversed(self.sign_offs) if one.content == self.content), None)

    @property
    def superseded(self) -> SignOff | None:
        """The latest sign-off if it was of other content, and nobody has signed this one."""
        return self.sign_offs[-1] if self.sign_offs and self.signed is None else None

    def about(self, sample: Sample) -> ReportContent:
        """Return the same about another sample; a sign-off is about its sample too."""
        kinds = [] if self.kinds is None else self.kinds.signed
        content = content_hash(sample, self.classes, self.settings, self.inputs, self.images, kinds)
        return replace(self, sample=sample, content=content)

    def origin_of(self, name: str) -> str:
        """Return where the threshold of a class comes from, as a few words."""
        value, record = self.settings.thresholds[name], self.origins.get(name)
        if record is not None and record.choice.threshold == value:
            images = len(record.choice.images)
            how = gettext("best F1") if record.choice.measure == "f1" else gettext("best accuracy")
            only = ngettext("{n} image", "{n} images", images).format(n=images)
            text = (
                gettext("{best} on {images}, cross-validated, {date}")
                if record.choice.cross_validated
                else gettext("{best} on {images}, {date}")
            )
            return text.format(best=how, images=only, date=f"{record.when:%Y-%m-%d}")
        if self.profile is not None and self.profile.profile.thresholds.get(name) == value:
            return gettext("as the profile {name} says").format(name=self.profile.profile.name)
        if name in self.suggested:
            return gettext("as the model suggests") if self.suggested[name] == value else gettext("set by hand")
        return ""

    def truths(self) -> dict[str, int]:
        """Return kind of ground truth that the counts are compared with -> number of counted images that have it."""
        known = [image.truth for image in self.images if image.truth is not None and image.counted is not None]
        by_hand = hands_first(known)
        return dict(Counter(describe(truth) for truth in known if truth.by_hand or not by_hand))


def profile_text(used: ProfileInUse, changes: Sequence[str]) -> str:
    """Return the name of a profile, and what was changed since it was used."""
    if not changes:
        return used.title
    return gettext("{profile}, changed: {changes}").format(profile=used.title, changes="; ".join(changes))


def content_hash(
    sample: Sample,
    classes: tuple[str, ...],
    settings: CountSettings,
    inputs: EstimateInputs,
    images: Iterable[ReportImage],
    kinds: Sequence[object] = (),
) -> str:
    """Return the SHA-256 of everything that the numbers of a report depend on, and of the numbers.

    It covers the sample, the settings, what was given for estimates, and of each image in the order of the list:
    the hash of its file and of its model, its region, the cells that count or that only the frame leaves out, how
    many were added and removed, its ground truth, and the kinds that users gave to cells; and where there are
    ``kinds``, their tree and what was set for the differential count. It does not cover where files are, or who did
    what and when: a correction that is undone leaves a sign-off valid. The document is JSON with sorted keys; cells are
    sorted, as little-endian float32 boxes and scores.
    """
    document = {
        "schema": 1,
        "sample": [sample.id, [list(pair) for pair in sample.fields]],
        "classes": list(classes),
        "thresholds": dict(settings.thresholds),
        "nms_iou": settings.nms_iou,
        "edge_rule": settings.edge_rule.value,
        "inputs": msgspec.to_builtins(inputs),
        "images": [signed_part(image) for image in images],
        **({"kinds": list(kinds)} if kinds else {}),
    }
    return hashlib.sha256(msgspec.json.encode(document, order="deterministic")).hexdigest()


def signed_part(image: ReportImage) -> dict[str, Any]:
    """Return what of an image the content hash covers."""
    stored: dict[str, Any] = {
        "sha256": image.sha256 or image.path.name,
        "truth": None if image.truth is None else image.truth.stored(),
    }
    counted = image.counted
    if counted is not None:
        region = counted.frame.region if counted.frame else None
        stored |= {
            "model": image.model_sha256,
            "size": [counted.width, counted.height],
            "region": None if region is None else [list(corner) for corner in region.corners],
            "ledger": {name: [row.model, row.added, row.removed] for name, row in counted.result.ledger.items()},
            "cells": _cells(counted),
            **({"kinds": _kinds(image.kinds, counted)} if image.kinds else {}),
        }
    return stored


def _kinds(kinds: Mapping[int, str], counted: CountedImage) -> list[list[object]]:
    """Return the kinds of cells by their boxes, in whatever order they are."""
    cells = counted.found.detections
    chosen = np.flatnonzero(counted.result.counted & np.isin(cells.ids, list(kinds)))
    pairs = zip(cells.ids[chosen].tolist(), cells.boxes[chosen].tolist(), strict=True)
    return sorted([kinds[cell], *box] for cell, box in pairs)


def _cells(image: CountedImage) -> str:
    """Return the hash of the cells that count or would without the frame, in whatever order they are."""
    cells, result = image.found.detections, image.result
    chosen = result.counted | result.excluded
    columns = [
        *cells.boxes[chosen].T.astype("<f4"),
        cells.scores[chosen].astype("<f4"),
        cells.labels[chosen].astype("<f4"),
        cells.origin[chosen].astype("<f4"),
        result.excluded[chosen].astype("<f4"),
    ]
    table = np.stack(columns, axis=1)[np.lexsort(columns)]
    return hashlib.sha256(table.tobytes()).hexdigest()
