"""The ground truth of the images: what is there by hand or by a file, beside the count and never part of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from core.session.values import Edit, Subject, ValueChange
from core.text import gettext, ngettext
from core.verification.ground_truth import GroundTruth, TruthSource, describe

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gui.workspace.counting.counts import Counts
    from gui.workspace.history import History
    from gui.workspace.images import ImageItem
    from gui.workspace.store import SessionStore

BEST_FIRST = (TruthSource.IMPORTED, TruthSource.TALLY, TruthSource.TYPED, TruthSource.REVIEWED)
"""What is used where nobody chose: places before totals, and a review, which flatters the model, last."""


class GroundTruths(QObject):
    """The ground truths of the session's images.

    An image may have one from each source, one of which is used. Giving an image another truth loses none.
    """

    changed = Signal(object)  # id of the image

    def __init__(self, store: SessionStore, history: History, counts: Counts, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._history = history
        self._counts = counts
        self._used: dict[int, GroundTruth | None] = {}
        self._there: frozenset[int] | None = None  # the images that have any; None: not asked yet
        store.reading.connect(self._forget)
        history.recorded.connect(self._on_recorded)

    # -- what there is -------------------------------------------------------------------------

    def used(self, image: int) -> GroundTruth | None:
        """Return the truth that is used for an image, None if it has none."""
        if image not in self._used:
            if self._there is None:
                self._there = self._store.read(lambda session: session.truths.images(), frozenset())
            if image not in self._there:
                return None
            self._used[image] = self._store.read(lambda session: session.truths.get(image), None)
        return self._used[image]

    @Slot()
    def _forget(self) -> None:
        self._used.clear()
        self._there = None

    def all(self, image: int) -> dict[TruthSource, GroundTruth]:
        """Return every truth of an image by its source, the one that is used first."""
        return {truth.source: truth for truth in self._store.read(lambda session: session.truths.all(image), ())}

    def from_source(self, source: TruthSource) -> dict[int, GroundTruth]:
        """Return every truth of the session from a source, by the id of its image, whether it is used or not."""
        return self._store.read(lambda session: session.truths.from_source(source), {})

    # -- what changes --------------------------------------------------------------------------

    def set(self, image: int, truth: GroundTruth, name: str = "", step: list[Edit] | None = None) -> bool:
        """Give an image a truth and use it; ``name`` is that of the edit, which may be a part of a step."""
        name = name or gettext("Ground truth: {truth}").format(truth=describe(truth))
        return self._record({image: _first(truth, self.all(image))}, name, step)

    def set_totals(self, totals: Mapping[int, dict[str, int]], name: str) -> bool:
        """Give images typed counts by class, as one edit; without any, their typed counts are cleared."""
        after: dict[int, dict[TruthSource, GroundTruth]] = {}
        for image, numbers in totals.items():
            before = self.all(image)
            if numbers:
                after[image] = _first(GroundTruth.typed(numbers), before)
            elif TruthSource.TYPED in before:
                after[image] = _rest(before, TruthSource.TYPED)
        return self._record(after, name)

    def choose(self, image: int, source: TruthSource) -> None:
        """Use the truth from another source."""
        truths = self.all(image)
        if source in truths and next(iter(truths)) is not source:
            name = gettext("Ground truth: use the {truth}").format(truth=describe(truths[source]))
            self._record({image: _first(truths[source], truths)}, name)

    def clear(self, image: int, source: TruthSource) -> None:
        """Clear the truth from a source; if it was used, the best of the others takes its place."""
        truths = self.all(image)
        if source in truths:
            name = gettext("Clear ground truth ({truth})").format(truth=describe(truths[source]))
            self._record({image: _rest(truths, source)}, name)

    def clear_used(self, images: Iterable[int]) -> int:
        """Clear the truths that are used for images, as one edit; return how many."""
        before = {image: truths for image in images if (truths := self.all(image))}
        if not before:
            return 0
        used = next(iter(next(iter(before.values())).values()))
        name = gettext("Clear {truth}").format(truth=_with_number(used))
        if more := len(before) - 1:
            name = ngettext("{name} (and {n:,} more image)", "{name} (and {n:,} more images)", more).format(
                name=name, n=more
            )
        after = {image: _rest(truths, next(iter(truths))) for image, truths in before.items()}
        return len(before) if self._record(after, name) else 0

    def take_review(self, items: Iterable[ImageItem]) -> None:
        """Take the present counts of reviewed images as their truth, as one edit."""
        after = {item.id: self._with_review(item, reviewed=True) for item in items}
        self._record(after, gettext("Ground truth from the review"))

    def review_change(self, item: ImageItem, reviewed: bool) -> tuple[ValueChange, ...]:
        """Return what setting or taking the review mark changes, as a part of an edit.

        The count is taken once, as it was reviewed: a truth that moved with the threshold would agree with any. It
        takes the place of no other truth.
        """
        return _changes(item.id, self.all(item.id), self._with_review(item, reviewed=reviewed))

    def _with_review(self, item: ImageItem, *, reviewed: bool) -> dict[TruthSource, GroundTruth]:
        truths = self.all(item.id)
        if not reviewed:
            return _rest(truths, TruthSource.REVIEWED) if TruthSource.REVIEWED in truths else truths
        result, cells = self._counts.result(item.id), self._counts.cells(item.id)
        if result is None or cells is None:
            return truths
        truth = GroundTruth.reviewed(cells.cells, result.counted | result.excluded, cells.found.classes)
        return {**_without(truths, TruthSource.REVIEWED), TruthSource.REVIEWED: truth}

    def _record(
        self, truths: dict[int, dict[TruthSource, GroundTruth]], name: str, step: list[Edit] | None = None
    ) -> bool:
        """Record new truths of images, by their ids, the one that is used first."""
        values = tuple(change for image, after in truths.items() for change in _changes(image, self.all(image), after))
        if not values:
            return True
        image = values[0].image if len(values) == 1 else None
        return self._history.record([Edit(image, name, values=values, continues=bool(step))], step)

    @Slot(object)
    def _on_recorded(self, edits: tuple[Edit, ...]) -> None:
        changed = [
            change.image
            for edit in edits
            for change in edit.values
            if change.subject in (Subject.TRUTHS, Subject.MARK) and change.image is not None
        ]
        if changed:
            self._there = None
        for image in changed:
            self._used.pop(image, None)
        for image in dict.fromkeys(changed):
            self.changed.emit(image)


def _changes(
    image: int, before: dict[TruthSource, GroundTruth], after: dict[TruthSource, GroundTruth]
) -> tuple[ValueChange, ...]:
    """Return what changes in the session when the truths of an image do; those that are used come first."""
    was, will_be = tuple(before.values()), tuple(after.values())
    return () if was == will_be else (ValueChange(Subject.TRUTHS, image, will_be),)


def _first(truth: GroundTruth, truths: dict[TruthSource, GroundTruth]) -> dict[TruthSource, GroundTruth]:
    """Return truths with another one, which is used."""
    return {truth.source: truth, **_without(truths, truth.source)}


def _with_number(truth: GroundTruth) -> str:
    """Return what a truth is and how many cells it has."""
    number = sum(truth.counts().values())
    cells = ngettext("{n:,} cell", "{n:,} cells", number).format(n=number)
    return f"{describe(truth)} ({cells})"


def _rest(truths: dict[TruthSource, GroundTruth], gone: TruthSource) -> dict[TruthSource, GroundTruth]:
    """Return the truths without one; where it was used, the best of the others is used now."""
    left = _without(truths, gone)
    if gone is not next(iter(truths)):
        return left
    return {source: left[source] for source in sorted(left, key=BEST_FIRST.index)}


def _without(truths: dict[TruthSource, GroundTruth], source: TruthSource) -> dict[TruthSource, GroundTruth]:
    return {other: truth for other, truth in truths.items() if other is not source}
