"""Gathering what a report says from a session file: the same for the window and for the headless command."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from core.counting.count import CountSettings
from core.counting.edits import CellEdits
from core.counting.pipeline import count_found
from core.imaging.depth import Span
from core.imaging.files.copies import copies
from core.report.class_counts import class_counts
from core.report.content import (
    ReportContent,
    ReportImage,
    ReportModel,
    VerificationRow,
    content_hash,
)
from core.report.session_kinds import KindsGatherer
from core.session.tables.settings import PROFILE_PROBLEM, pixels_key, span_key
from core.session.values import SessionDamagedError, SessionError
from core.text import gettext
from core.verification.cases import Case
from core.verification.ground_truth import hands_first
from core.verification.verify import Verification
from core.version import __version__

if TYPE_CHECKING:
    from collections.abc import Generator

    from core.models.card import ModelCard
    from core.session.session import Session
    from core.session.values import HistoryLine, StoredDetections, StoredImage
    from core.verification.ground_truth import GroundTruth

_EVERYTHING = 2**62


def gather(session: Session, *, made: datetime | None = None) -> ReportContent:
    """Gather a report at once; see ``gathering``."""
    steps = gathering(session, made=made)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def gathering(
    session: Session, *, made: datetime | None = None, settings: CountSettings | None = None
) -> Generator[int, None, ReportContent]:
    """Gather a report from a session, which may be open for reading only.

    Yields the number of images gathered so far after each, so that a window can live meanwhile.

    Parameters
    ----------
    made
        The time that the report bears; now, if left out.
    settings
        Counts at these settings instead of the stored ones: what a window shows of a session that it may not write.

    Raises
    ------
    SessionError
        If the session cannot be read.
    """
    gatherer = Gatherer(session, settings)
    gatherer.read_history()
    for done, image in enumerate(gatherer.on_list, 1):
        gatherer.add(image)
        yield done
    return gatherer.content(made or datetime.now(UTC))


class Gatherer:
    """One report that is being gathered, or some of its images.

    ``by_model`` are the gathered images that have a ground truth, without the user's edits.
    """

    def __init__(self, session: Session, settings: CountSettings | None) -> None:
        self._session = session
        try:
            stored = session.settings.counting()
            self.sample = session.settings.sample()
            self.inputs = session.settings.estimate_inputs()
            self.kinds = KindsGatherer(session, stored[1] if stored else ())
            self.profile = session.settings.profile()
        except ValueError as error:
            raise _unreadable(session, error) from error
        self.settings, self.classes = stored or (CountSettings({}), ())
        if settings is not None and stored is not None:
            self.settings = settings
        self.on_list = session.images.all()
        self._history: list[HistoryLine] = []
        self._reviewers: dict[int, str] = {}
        self._cards: dict[str, ModelCard | None] = {}
        self._names: dict[str, str] = {}
        self._images: list[ReportImage] = []
        self.by_model: list[Case] = []
        self._handed_in: list[Case] = []

    def read_history(self) -> None:
        """Read who did what, for a whole report."""
        self._history = self._session.edits.history(limit=_EVERYTHING)
        self._reviewers = self._session.edits.reviewers()

    def add(self, image: StoredImage) -> ReportImage:
        """Count an image as the session has it; no detector runs."""
        self._images.append(self._gathered(image))
        return self._images[-1]

    def _gathered(self, image: StoredImage) -> ReportImage:
        try:
            truth = self._session.truths.get(image.id)
            found = self._session.detections.get(image.id) if image.state == "counted" and self.classes else None
            if found is None:
                problem = image.error if image.state == "failed" else gettext("It is not counted yet.")
                return ReportImage(image.id, image.path, None, problem, truth=truth)
            return self._counted(image, found, truth)
        except ValueError as error:
            raise _unreadable(self._session, error) from error
        except SessionDamagedError as error:
            return ReportImage(image.id, image.path, None, str(error))

    def _counted(self, image: StoredImage, found: StoredDetections, truth: GroundTruth | None) -> ReportImage:
        cells = found.in_order_of(self.classes).detections
        changes = self._session.edits.changes(image.id)
        edits = CellEdits.from_edits(cells, changes.values(), self.classes)
        frame = self.settings.frame(image.width, image.height, image.region)
        card = self._card(found.model_sha256)
        counted = count_found(
            image.path,
            replace(found.result(cells), notices=()),
            edits,
            self.settings,
            self.classes,
            frame,
            card=card if card is not None and card.classes == self.classes else None,
            seconds=image.seconds,
            notices=image.notices,
        )
        self._names[found.model_sha256] = found.model_name
        kinds = self.kinds.add(image.id, counted, changes)
        true_counts: tuple[int | None, ...] = ()
        if truth is not None:
            case = image.id, image.path.name, cells, truth, self.settings, frame
            self.by_model.append(Case.of(*case))
            self._handed_in.append(Case.of(*case, edits))
            true_counts = tuple(self._handed_in[-1].true_counts(self.classes))
            self.kinds.add_truth(self._handed_in[-1], kinds, self.settings)
        return ReportImage(
            image.id,
            image.path,
            counted,
            sha256=image.stamp.sha256 if image.stamp else None,
            reviewed=image.reviewed,
            reviewer=self._reviewers.get(image.id, "") if image.reviewed else "",
            seen=dict(image.reviewed_counts) if image.reviewed_counts else None,
            model_sha256=found.model_sha256,
            truth=truth,
            true_counts=true_counts,
            unclassed=edits.unclassed,
            span=self._span(image.id),
            kinds=kinds,
        )

    def _span(self, image: int) -> Span | None:
        known = self._session.view.get(span_key(image))
        return None if known is None else Span(*msgspec.convert(known, tuple[float, float]))

    def _card(self, sha256: str) -> ModelCard | None:
        if sha256 not in self._cards:
            self._cards[sha256] = self._session.models.card(sha256)
        return self._cards[sha256]

    def _mark_copies(self) -> None:
        """Say of each counted image of which earlier one it is a copy."""
        by_id = {image.id: image for image in self._images}
        pixels = self._session.view.of_images(pixels_key)
        first = copies(
            (image.id, filter(None, (image.sha256, pixels.get(image.id)))) for image in self._images if image.counted
        )
        self._images = [
            replace(image, copy_of=by_id[first[image.id]].path) if image.id in first else image
            for image in self._images
        ]

    def content_hash(self) -> str:
        """Return the hash of what was gathered, see ``core.report.content.content_hash``."""
        return content_hash(self.sample, self.classes, self.settings, self.inputs, self._images, self.kinds.signed)

    def content(self, made: datetime) -> ReportContent:
        """Put together what was gathered."""
        self._mark_copies()
        records = {name: self._session.settings.threshold_record(name) for name in self.classes}
        used = [image.model_sha256 for image in self._images if image.counted is not None]
        models = tuple(self._model(sha256, used.count(sha256)) for sha256 in dict.fromkeys(used))
        card = self._card(used[-1]) if used else None
        return ReportContent(
            session=self._session.path,
            sample=self.sample,
            classes=self.classes,
            settings=self.settings,
            inputs=self.inputs,
            images=tuple(self._images),
            models=models,
            origins={name: record for name, record in records.items() if record is not None},
            suggested=dict(card.thresholds) if card else {},
            verification=(*self._verified(self.by_model, False), *self._verified(self._handed_in, True)),
            history=tuple(self._history),
            content=self.content_hash(),
            sign_offs=self._session.sign_offs.all(),
            made=made,
            version=__version__,
            profile=self.profile,
            not_as_profile=self._not_as_profile(),
            without_profile="" if self.profile else str(self._session.view.get(PROFILE_PROBLEM, "")),
            totals=tuple(class_counts([image.counted for image in self._images if image.counted], self.classes)),
            kinds=self.kinds.content(),
        )

    def _not_as_profile(self) -> tuple[str, ...]:
        if self.profile is None:
            return ()
        return tuple(self.profile.differences(self.settings, (image.diameter for image in self.on_list)))

    def _model(self, sha256: str, images: int) -> ReportModel:
        card = self._card(sha256)
        if card is None:
            return ReportModel(self._names[sha256], sha256, images)
        sets = (f"{data.purpose.lower()} {data.name} {data.split} ({data.images:,} images)" for data in card.trained_on)
        parts = (card.architecture, card.date, *sets)
        trained = "; ".join(part for part in parts if part)
        return ReportModel(self._names[sha256], sha256, images, trained, card.methods)

    def _verified(self, cases: list[Case], handed_in: bool) -> list[VerificationRow]:
        """Compare the counts at the present thresholds with those by hand, or else the reviewed ones, by class."""
        if hands_first(case.truth for case in cases):
            cases = [case for case in cases if case.truth.by_hand]
        elif handed_in:
            return []  # reviewed counts are what is handed in
        if not cases:
            return []
        verification = Verification(cases, self.classes, self.settings.thresholds)
        rows: list[VerificationRow] = []
        for name in self.classes:
            sweep = verification.class_sweep(name, np.array([self.settings.thresholds[name]]))
            if len(sweep.images):
                rows.append(VerificationRow(name, handed_in, len(sweep.images), sweep.rows()[0]))
        return rows


def _unreadable(session: Session, error: ValueError) -> SessionError:
    return SessionError(
        gettext("{path}: a setting in it cannot be read ({error}); count again in the window, or open a copy.").format(
            path=session.path, error=error
        )
    )
