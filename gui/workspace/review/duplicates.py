"""Images of the session that are the same as an earlier one: the same file, or the same pixels in another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from core.imaging.files.copies import copies
from core.text import gettext, ngettext
from gui.tasks import Debounce

if TYPE_CHECKING:
    from gui.workspace.images import ImageItem, Images
    from gui.workspace.store import SessionStore

_SETTLE_MS = 300
_NAMED = 2


class Duplicates(QObject):
    """Finds copies as the contents of the images become known, and reports them once: they are counted twice."""

    found = Signal(str, object)  # a sentence, the ids of the copies that it is about

    def __init__(self, store: SessionStore, images: Images, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._images = images
        self._first: dict[int, int] = {}
        self._by_digest: dict[str, int] = {}
        self._reported: set[int] = set()
        self._new: list[int] = []
        self._settle = Debounce(_SETTLE_MS, self._report, self)
        store.reading.connect(self._forget)
        images.changed.connect(self._compare)
        images.identified.connect(self._take)

    def original(self, image: int) -> ImageItem | None:
        """Return the earlier image that one is a copy of."""
        return self._images.item(self._first.get(image))

    @Slot(object)
    def _take(self, image: int) -> None:
        """Compare an image that was just read."""
        item = self._images.item(image)
        if item is None:
            return
        digests = _digests(item)
        first = next((self._by_digest[digest] for digest in digests if digest in self._by_digest), image)
        for digest in digests:
            self._by_digest.setdefault(digest, first)
        if first == image:
            return
        self._first[image] = first
        if image not in self._reported:
            self._reported.add(image)
            self._new.append(image)
            self._settle.start_unless_due()

    @Slot()
    def _forget(self) -> None:
        self._reported.clear()
        self._new.clear()

    @Slot()
    def _compare(self) -> None:
        """Compare the images that are now on the list, as far as their contents are known."""
        known = [(item.id, _digests(item)) for item in self._images.items]
        self._first = copies(known)
        self._by_digest = {
            digest: self._first.get(image, image) for image, digests in reversed(known) for digest in digests
        }

    @Slot()
    def _report(self) -> None:
        """Name the copies that were found since the last report."""
        pairs = [
            (item, first)
            for image in self._new
            if (item := self._images.item(image)) is not None and (first := self.original(image)) is not None
        ]
        self._new = []
        if not pairs:
            return
        copies = [
            gettext("{copy} is a copy of {original}").format(copy=_name(item, first), original=_name(first, item))
            for item, first in pairs[:_NAMED]
        ]
        more = len(pairs) - len(copies)
        if more:
            copies.append(ngettext("and {n:,} more copy", "and {n:,} more copies", more).format(n=more))
        text = gettext("{copies}. Cells in both copies are counted twice.").format(copies="; ".join(copies))
        self.found.emit(text, [item.id for item, _ in pairs])


def _digests(item: ImageItem) -> list[str]:
    """Return what is known of an image that a copy has too: the digests of its file and of its pixels."""
    return [digest for digest in (item.stamp and item.stamp.sha256, item.pixels) if digest]


def _name(item: ImageItem, other: ImageItem) -> str:
    """Return the name of an image; with its folder, if the other one has the same."""
    same = item.path.name == other.path.name
    return f"{item.path.parent.name}/{item.path.name}" if same else item.path.name
