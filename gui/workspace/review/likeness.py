"""Whether the sample as a whole looks like what its model was trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from core.counting.likeness import UnlikeSample, unlike_sample, unlike_values
from core.text import gettext, ngettext
from gui.tasks import Debounce

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.models.card import LookRange, ModelCard
    from gui.workspace.counting.counts import Counts
    from gui.workspace.images import Images
    from gui.workspace.store import SessionStore

_SETTLE_MS = 250
_MANY_MS = 2000


class SampleLikeness(QObject):
    """What the looks of all counted images say together; an image has its say once its cells were read."""

    changed = Signal()

    def __init__(self, store: SessionStore, images: Images, counts: Counts, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._images = images
        self._counts = counts
        self._cards: dict[str, ModelCard | None] = {}
        self._reference: Mapping[str, LookRange] = {}
        self._far: dict[int, dict[str, float]] = {}
        self.found: UnlikeSample | None = None
        self._settle = Debounce(_SETTLE_MS, self._judge, self)
        store.reading.connect(self._forget)
        store.session_changed.connect(self.changed)
        counts.read.connect(self._take)
        images.changed.connect(lambda: self._settle.start(_SETTLE_MS))

    @property
    def busy(self) -> bool:
        """Whether images were read that have not had their say."""
        return self._settle.isActive()

    @property
    def text(self) -> str:
        """How many images are unlike the training images, in a few words; "" if the sample is like them."""
        if self.found is None:
            return ""
        return gettext("{n:,} of {images:,} unlike training images").format(
            n=self.found.unlike, images=self.found.images
        )

    @property
    def explained(self) -> str:
        """The same with the reasons, and what to do about it."""
        found = self.found
        if found is None:
            return ""
        text = ngettext(
            "{n:,} of {images:,} images is unlike those that the model was trained on.",
            "{n:,} of {images:,} images are unlike those that the model was trained on.",
            found.unlike,
        )
        advice = gettext(
            "Counts may be wrong in a way that their intervals do not show. Correct ten images, then choose Count, "
            "Adapt to these images."
        )
        return "\n".join([text.format(n=found.unlike, images=found.images), *found.reasons, advice])

    @Slot()
    def _forget(self) -> None:
        self._settle.stop()
        self._cards.clear()
        self._far.clear()
        self.found = None

    @Slot(object)
    def _take(self, image: int) -> None:
        """Compare the look of an image whose cells were just read."""
        cells = self._counts.cells(image)
        card = None if cells is None else self._card(cells.found.model_sha256)
        self._far.pop(image, None)
        if cells is not None and card is not None and card.look and cells.found.look:
            self._reference = card.look
            self._far[image] = unlike_values(cells.found.look, card.look)
        if not self._settle.isActive():
            self._settle.start(_MANY_MS if self._counts.many_wait else _SETTLE_MS)

    def _card(self, sha256: str) -> ModelCard | None:
        if sha256 not in self._cards:
            self._cards[sha256] = self._store.read(lambda session: session.models.card(sha256), None)
        return self._cards[sha256]

    @Slot()
    def _judge(self) -> None:
        before = self.found
        far = [self._far[item.id] for item in self._images.items if item.id in self._far]
        self.found = unlike_sample(far, self._reference)
        if self.found != before:
            self.changed.emit()
