"""Review marks: a count that has changed since is to be reviewed again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from core.session.values import Subject, ValueChange
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gui.workspace.counting.counts import Counts
    from gui.workspace.images import ImageItem, Images
    from gui.workspace.store import SessionStore


class Reviews(QObject):
    """The counts that were reviewed. They are a part of the edit that sets or takes the mark.

    ``outdated`` are the ids of the reviewed images that no longer count as they were reviewed.
    """

    changed = Signal()

    def __init__(self, store: SessionStore, images: Images, counts: Counts, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._images = images
        self._counts = counts
        self.outdated: set[int] = set()
        store.reading.connect(self._read)
        images.changed.connect(self._on_images_changed)
        images.item_changed.connect(lambda image: self._compare([image]))
        counts.changed.connect(self._compare)

    def is_outdated(self, image: int) -> bool:
        """Tell whether a reviewed image counts otherwise than when it was reviewed."""
        return image in self.outdated

    def is_reviewed(self, item: ImageItem) -> bool:
        """Tell whether the present count of an image is reviewed."""
        return item.reviewed and item.id not in self.outdated

    def text(self, item: ImageItem) -> str:
        """Return that the count has changed since the review, with the earlier one, or ""."""
        if not self.is_outdated(item.id):
            return ""
        return gettext("Reviewed before the count changed: it was {counts}.").format(
            counts=format_counts(item.reviewed_counts or {})
        )

    def next_unreviewed(self, images: list[int]) -> int | None:
        """Return the next of these images whose present count nobody reviewed, after the current one and round."""
        current = self._images.current_id
        place = images.index(current) if current in images else -1
        for image in [*images[place + 1 :], *images[: max(place, 0)]]:
            item = self._images.item(image)
            if item is not None and not self.is_reviewed(item):
                return image
        return None

    def change(self, item: ImageItem, reviewed: bool) -> ValueChange:
        """Return what setting or taking the mark changes, as a part of an edit."""
        counts = dict(self._counts.counts(item.id) or {}) if reviewed else None
        return ValueChange(Subject.REVIEW, item.id, counts)

    @Slot()
    def _read(self) -> None:
        self.outdated = set()

    @Slot()
    def _on_images_changed(self) -> None:
        self.outdated = {image for image in self.outdated if self._images.item(image) is not None}

    @Slot(object)
    def _compare(self, images: Iterable[int]) -> None:
        """See which counts are still those that were reviewed."""
        before = len(self.outdated)
        for image in images:
            item = self._images.item(image)
            seen = item.reviewed_counts if item is not None else None
            counts = self._counts.known_counts(image)
            if counts is None or not seen or seen == counts:
                self.outdated.discard(image)
            else:
                self.outdated.add(image)
        if len(self.outdated) != before:
            self.changed.emit()


def format_counts(counts: Mapping[str, int]) -> str:
    """Return counts in words."""
    return ", ".join(f"{name} {number:,}" for name, number in counts.items())
