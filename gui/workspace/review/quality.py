"""How far the count of each image can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from core.counting.pipeline import CountedImage
from core.counting.quality import field_quality, fragile_counts
from gui.workspace.images import State

if TYPE_CHECKING:
    from core.counting.quality import FieldQuality
    from core.detection.detector import DetectorResult
    from core.models.card import ModelCard
    from gui.workspace.counting.cells import ImageCells
    from gui.workspace.counting.counts import Counts
    from gui.workspace.counting.settings import CountSettingsModel
    from gui.workspace.images import ImageItem, Images
    from gui.workspace.store import SessionStore


class FieldQualities(QObject):
    """The quality of each image as a field of a smear.

    An image is assessed when it was counted or read, and again when it is looked at: a step of a slider assesses the
    image that is shown alone.
    """

    changed = Signal(object)  # id of an image whose grade has changed

    def __init__(
        self,
        store: SessionStore,
        images: Images,
        settings: CountSettingsModel,
        counts: Counts,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._images = images
        self._settings = settings
        self._counts = counts
        self._known: dict[int, FieldQuality] = {}
        self._cards: dict[str, ModelCard | None] = {}
        store.reading.connect(self._forget)
        counts.read.connect(self.assess)

    def known(self, image: int) -> FieldQuality | None:
        """Return what was last found of an image's quality; None while it has no count."""
        item = self._images.item(image)
        return self._known.get(image) if item is not None and item.state is State.COUNTED else None

    @Slot(object)
    def assess(self, image: int) -> FieldQuality | None:
        """Assess an image at the present settings; None while it has no count, or its model is unknown."""
        item = self._images.item(image)
        if item is None:
            return None
        before, quality = self._known.get(image), self._assess(item)
        if quality is None:
            self._known.pop(image, None)
        else:
            self._known[image] = quality
        if (before and before.grade) is not (quality and quality.grade):
            self.changed.emit(image)
        return quality

    def counted_images(self) -> list[CountedImage]:
        """Return the records of all counted images, in the order of the list."""
        records = []
        for item in self._images.items:
            if item.state is State.COUNTED:
                self._counts.read_now(item.id)
            result, cells = self._counts.result(item.id), self._counts.cells(item.id)
            if result is not None and cells is not None:
                records.append(
                    CountedImage(
                        item.path,
                        *item.size,
                        detector_result(cells),
                        result,
                        item.seconds,
                        item.notices,
                        frame=self._settings.frame(item),
                        quality=self._assess(item),
                    )
                )
        return records

    def _assess(self, item: ImageItem) -> FieldQuality | None:
        index, settings, classes = self._counts.index(item.id), self._settings.value, self._settings.classes
        result, cells = self._counts.result(item.id), self._counts.cells(item.id)
        if result is None or cells is None or index is None or settings is None:
            return None
        card = self._card(cells.found.model_sha256)
        if card is None or card.classes != classes:
            return None
        fragile = fragile_counts(index, settings.thresholds, classes)
        return field_quality(detector_result(cells), result, card, item.size, fragile)

    def _card(self, sha256: str) -> ModelCard | None:
        """Return the card of a model that counted images of the session."""
        if sha256 not in self._cards:
            self._cards[sha256] = self._store.read(lambda session: session.models.card(sha256), None)
        return self._cards[sha256]

    @Slot()
    def _forget(self) -> None:
        self._known.clear()
        self._cards.clear()


def detector_result(cells: ImageCells) -> DetectorResult:
    """Return the cells of an image, edits applied, with all that the detector measured in it."""
    return cells.found.result(cells.cells)
