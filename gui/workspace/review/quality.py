"""How far the count of each image can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from core.counting.pipeline import CountedImage
from core.counting.quality import field_quality, fragile_counts
from gui.tasks import Debounce, IdleLoop, Task
from gui.workspace.images import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from core.counting.count import CountIndex, CountResult, CountSettings
    from core.counting.quality import FieldQuality
    from core.detection.detector import DetectorResult
    from core.models.card import ModelCard
    from gui.workspace.counting.cells import ImageCells
    from gui.workspace.counting.counts import Counts
    from gui.workspace.counting.settings import CountSettingsModel
    from gui.workspace.images import ImageItem, Images
    from gui.workspace.store import SessionStore

_SETTLE_MS = 300
_BUDGET_MS = 6.0
_BATCH = 100


@dataclass(frozen=True, eq=False)
class _Subject:
    """What the assessment of one image needs; nothing of it changes."""

    index: CountIndex
    settings: CountSettings
    result: CountResult
    found: DetectorResult
    card: ModelCard
    size: tuple[int, int]

    def quality(self) -> FieldQuality:
        fragile = fragile_counts(self.index, self.settings.thresholds, self.card.classes)
        return field_quality(self.found, self.result, self.card, self.size, fragile)


class FieldQualities(QObject):
    """The quality of each image as a field of a smear.

    An image is assessed when it was counted or read, and again when it is looked at: a step of a slider assesses the
    image that is shown alone. The others follow on a thread once the slider rests, and while many wait to be counted.
    """

    changed = Signal(object)  # id of an image of which something else is said

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
        self._judged: dict[int, tuple[CountIndex, CountSettings]] = {}
        self._due: dict[int, None] = {}
        self._waiting: dict[int, _Subject] = {}
        self._settle = Debounce(_SETTLE_MS, self._begin, self)
        self._gathering = IdleLoop(self, _BUDGET_MS)
        self._task = Task("field quality", self._take, self)
        store.reading.connect(self._forget)
        counts.read.connect(self._on_read)
        counts.changed.connect(self._on_counts)

    def known(self, image: int) -> FieldQuality | None:
        """Return what was last found of an image's quality; None while it has no count."""
        item = self._images.item(image)
        return self._known.get(image) if item is not None and item.state is State.COUNTED else None

    def assess(self, image: int) -> FieldQuality | None:
        """Assess an image at the present settings; None while it has no count, or its model is unknown."""
        item = self._images.item(image)
        if item is None:
            return None
        self._waiting.pop(image, None)
        subject = self._subject(item)
        quality = None if subject is None else subject.quality()
        self._keep(image, subject, quality)
        return quality

    def close(self) -> None:
        """End the thread."""
        self._stop()
        self._task.close()

    @Slot(object)
    def _on_read(self, image: int) -> None:
        item = self._images.item(image)
        if item is None or image == self._images.current_id or not self._counts.many_wait:
            self.assess(image)
            return
        subject = self._subject(item)
        if subject is None:
            self._keep(image, None, None)
        else:
            self._waiting[image] = subject
            self._go_on()

    @Slot(object)
    def _on_counts(self, images: Iterable[int]) -> None:
        """Assess images again, once things have settled, that were assessed at other settings."""
        settings = self._settings.value
        due = [image for image in images if image in self._judged and self._judged[image][1] is not settings]
        if due:
            self._due.update(dict.fromkeys(due))
            self._settle.start()

    @Slot()
    def _begin(self) -> None:
        self._gathering.start(self._gather())

    def _gather(self) -> Iterator[None]:
        """Collect what is to be assessed again, image by image."""
        while self._due:
            image = next(iter(self._due))
            del self._due[image]
            item = self._images.item(image)
            subject = None if item is None else self._subject(item)
            if subject is None:
                self._keep(image, None, None)
            elif self._judged.get(image) != (subject.index, subject.settings):
                self._waiting[image] = subject
            if len(self._waiting) >= _BATCH:
                self._go_on()
            yield
        self._go_on()

    def _go_on(self) -> None:
        if self._waiting and not self._task.busy:
            waiting, self._waiting = self._waiting, {}
            self._task.start(lambda _job: [(image, one, one.quality()) for image, one in waiting.items()])

    @Slot(object)
    def _take(self, assessed: list[tuple[int, _Subject, FieldQuality]]) -> None:
        for image, subject, quality in assessed:
            if self._counts.index(image) is subject.index and image not in self._waiting:
                self._keep(image, subject, quality)
        self._go_on()

    def _keep(self, image: int, subject: _Subject | None, quality: FieldQuality | None) -> None:
        before = self._known.pop(image, None)
        self._judged.pop(image, None)
        if subject is not None and quality is not None:
            self._known[image] = quality
            self._judged[image] = subject.index, subject.settings
        if before != quality:
            self.changed.emit(image)

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
        subject = self._subject(item)
        return None if subject is None else subject.quality()

    def _subject(self, item: ImageItem) -> _Subject | None:
        """Return what an assessment needs at the present settings; None while there is no count, or no known model."""
        index, settings, classes = self._counts.index(item.id), self._settings.value, self._settings.classes
        result, cells = self._counts.result(item.id), self._counts.cells(item.id)
        if result is None or cells is None or index is None or settings is None:
            return None
        card = self._card(cells.found.model_sha256)
        if card is None or card.classes != classes:
            return None
        return _Subject(index, settings, result, detector_result(cells), card, item.size)

    def _stop(self) -> None:
        self._settle.stop()
        self._gathering.stop()
        self._due.clear()
        self._waiting.clear()

    def _card(self, sha256: str) -> ModelCard | None:
        """Return the card of a model that counted images of the session."""
        if sha256 not in self._cards:
            self._cards[sha256] = self._store.read(lambda session: session.models.card(sha256), None)
        return self._cards[sha256]

    @Slot()
    def _forget(self) -> None:
        self._stop()
        self._task.cancel()
        self._known.clear()
        self._judged.clear()
        self._cards.clear()


def detector_result(cells: ImageCells) -> DetectorResult:
    """Return the cells of an image, edits applied, with all that the detector measured in it."""
    return cells.found.result(cells.cells)
