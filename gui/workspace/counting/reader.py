"""The cells of the images that were needed last, read from the session."""

from __future__ import annotations

import logging
from collections import OrderedDict
from typing import TYPE_CHECKING

from core.session.values import SessionDamagedError, SessionError
from core.text import gettext
from gui.workspace.counting.cells import ImageCells
from gui.workspace.images import State

if TYPE_CHECKING:
    from gui.workspace.counting.settings import CountSettingsModel
    from gui.workspace.images import ImageItem, Images
    from gui.workspace.messages import Messages
    from gui.workspace.store import SessionStore

LOG = logging.getLogger(__name__)

_KEPT = 12


class CellReader:
    """Reads the cells of images, and keeps those of a few."""

    def __init__(self, store: SessionStore, images: Images, settings: CountSettingsModel, messages: Messages) -> None:
        self._store = store
        self._images = images
        self._settings = settings
        self._messages = messages
        self._kept: OrderedDict[int, ImageCells] = OrderedDict()

    def __contains__(self, image: int) -> bool:
        return image in self._kept

    def kept(self, image: int) -> ImageCells | None:
        """Return the cells of an image if they need not be read."""
        return self._kept.get(image)

    def get(self, item: ImageItem) -> ImageCells | None:
        """Return the cells of an image; None while it has none, or they cannot be read."""
        cells = self._kept.get(item.id)
        if cells is None and item.state is State.COUNTED and self._store.session is not None:
            cells = self._read(item)
        if cells is not None:
            self.keep(item.id, cells)
        return cells

    def keep(self, image: int, cells: ImageCells) -> None:
        """Keep cells instead of those that the session has."""
        self._kept[image] = cells
        self._kept.move_to_end(image)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)

    def drop(self, image: int) -> None:
        """Read an image again when it is needed next."""
        self._kept.pop(image, None)

    def clear(self) -> None:
        """Read every image again when it is needed next."""
        self._kept.clear()

    def _read(self, item: ImageItem) -> ImageCells | None:
        session, classes = self._store.session, self._settings.classes
        assert session is not None
        try:
            found = session.detections.get(item.id)
            if found is None:
                return None
            return ImageCells.of(found.in_order_of(classes), session.edits.changes(item.id), classes)
        except SessionDamagedError as error:
            LOG.error("detections not read: %s", error)
            item.state = State.FAILED
            item.error = gettext("{path}: the cells found in it cannot be read; count it again (F5).").format(
                path=item.path
            )
            self._images.item_changed.emit(item.id)
        except SessionError as error:
            LOG.error("detections not read: %s", error)
            self._messages.error(str(error))
        return None
