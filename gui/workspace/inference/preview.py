"""A first look at an image that the worker has not read yet: it may be counting another one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from core.imaging.reading import read_image, size_in_file
from gui.tasks import Debounce, Task
from gui.workspace.inference.worker import LoadedImage

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from core.imaging.reading import CommonSpan
    from gui.workspace.images import Images
    from gui.workspace.inference.inference import Inference

_LONG_SIDE = 1600
_PATIENCE_MS = 40  # within which the worker reads a small image, if it is free


@dataclass(frozen=True, eq=False)
class Preview:
    """Copies uint8 RGB (H, W, 3) of an image, maybe all smaller than its ``size``: width and height in pixels."""

    image: int
    levels: tuple[NDArray[np.uint8], ...]
    size: tuple[int, int]


class Previews(QObject):
    """Reads the image that is shown once more, small and on a thread of its own, if it is not there soon."""

    ready = Signal(object)  # id of the image that is shown

    def __init__(self, images: Images, inference: Inference, parent: QObject) -> None:
        super().__init__(parent)
        self._images = images
        self._inference = inference
        self._preview: Preview | None = None
        self._task = Task("preview", self._on_read, self, on_error=self._on_error)
        self._later = Debounce(_PATIENCE_MS, self._read, self)
        images.current_changed.connect(self._on_current_changed)
        inference.image_loaded.connect(self._on_loaded)

    @property
    def shown(self) -> Preview | None:
        """The first look at the image that is shown, if there is one and it is still needed."""
        preview = self._preview
        return preview if preview is not None and preview.image == self._images.current_id else None

    def close(self) -> None:
        """End the thread."""
        self._later.stop()
        self._task.close()

    @Slot(object)
    def _on_current_changed(self, image: int | None) -> None:
        self._preview = None
        self._task.cancel()
        if image is not None and self._inference.shown is None:
            self._later.start()
        else:
            self._later.stop()

    @Slot(object)
    def _on_loaded(self, image: int) -> None:
        if image == self._images.current_id:
            self._later.stop()
            self._task.cancel()
            self._preview = None

    @Slot()
    def _read(self) -> None:
        item = self._images.current
        if item is not None and self._inference.shown is None:
            image, path, scale = item.id, item.path, self._images.scale(item)
            self._task.start(lambda _job: _preview_of(image, path, scale))

    @Slot(object)
    def _on_read(self, preview: Preview) -> None:
        if preview.image == self._images.current_id and self._inference.shown is None:
            self._preview = preview
            self.ready.emit(preview.image)

    @Slot(object)
    def _on_error(self, _error: Exception) -> None:
        """Leave it to the worker to say what is wrong."""


def _preview_of(image: int, path: Path, scale: CommonSpan | None) -> Preview:
    small = read_image(path, long_side=_LONG_SIDE, batch=scale)
    return Preview(image, LoadedImage.of(small).levels, size_in_file(path, small))
