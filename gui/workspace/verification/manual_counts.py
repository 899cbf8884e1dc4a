"""What was counted by hand, image by image, to stand beside what the program counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from core.verification.cases import truth_inside
from core.verification.ground_truth import TruthSource, describe
from gui.workspace.images import State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gui.workspace.counting.counts import Counts
    from gui.workspace.counting.settings import CountSettingsModel
    from gui.workspace.ground_truth import GroundTruths
    from gui.workspace.images import Images
    from gui.workspace.store import SessionStore

_BY_HAND = (TruthSource.TYPED, TruthSource.TALLY, TruthSource.IMPORTED)


class ManualCounts(QObject):
    """The manual count of each image that has one: typed, marked, or read from a file.

    A reviewed count is not among them: it is the program's own, and agrees with itself.
    """

    changed = Signal()  # which images have one
    counts_changed = Signal(object)  # frozenset of ids

    def __init__(
        self,
        store: SessionStore,
        images: Images,
        settings: CountSettingsModel,
        counts: Counts,
        truths: GroundTruths,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._images = images
        self._settings = settings
        self._counts = counts
        self._truths = truths
        self._with: set[int] | None = None
        self._known: dict[int, tuple[int | None, ...]] = {}
        store.reading.connect(self._forget_all)
        store.session_changed.connect(self.changed)
        images.changed.connect(self.changed)
        images.regions_changed.connect(self._forget)
        settings.changed.connect(self._known.clear)
        truths.changed.connect(self._on_truth_changed)

    def images(self) -> list[int]:
        """Return the counted images that were counted by hand, in the order of the list."""
        if self._with is None:
            found = {image for source in _BY_HAND for image in self._truths.from_source(source)}
            self._with = {image for image in found if self._is_by_hand(image)}
        marked = self._with
        return [item.id for item in self._images.items if item.id in marked and item.state is State.COUNTED]

    def counts(self, image: int) -> tuple[int | None, ...]:
        """Return how many cells of each class were counted in the counting frame; None for a class that was not."""
        if image not in self._known:
            self._known[image] = self._read(image)
        return self._known[image]

    def kind(self, image: int) -> str:
        """Return what an image's manual count is, in a few words."""
        truth = self._truths.used(image)
        return "" if truth is None else describe(truth)

    def _read(self, image: int) -> tuple[int | None, ...]:
        truth, item, classes = self._truths.used(image), self._images.item(image), self._settings.classes
        cells, index = self._counts.cells(image), self._counts.index(image)
        if truth is None or item is None:
            return (None,) * len(classes)
        frame = self._settings.frame(item)
        if frame is not None and frame.sides and cells is not None and index is not None and len(truth):
            truth = truth.only(truth_inside(truth, cells.found.detections, index, frame))
        return tuple(truth.counts_for(classes))

    def _is_by_hand(self, image: int) -> bool:
        truth = self._truths.used(image)
        return truth is not None and truth.source in _BY_HAND

    @Slot(object)
    def _on_truth_changed(self, image: int) -> None:
        self._known.pop(image, None)
        if self._with is None:
            self.changed.emit()
            return
        had, has = image in self._with, self._is_by_hand(image)
        (self._with.add if has else self._with.discard)(image)
        if had is has:
            self.counts_changed.emit(frozenset({image}))
        else:
            self.changed.emit()

    @Slot(object)
    def _forget(self, images: Iterable[int]) -> None:
        images = frozenset(images)
        for image in images:
            self._known.pop(image, None)
        self.counts_changed.emit(images)

    @Slot()
    def _forget_all(self) -> None:
        self._with = None
        self._known.clear()
