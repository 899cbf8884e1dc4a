"""Small images for the list: read in a thread of their own, and only while they are on the screen."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from PySide6.QtCore import QObject, QRectF, Qt, QThread, Signal, Slot
from PySide6.QtGui import QBrush, QImage, QPainter, QPixmap

from core.imaging.reading import MAX_PIXELS, read_image
from gui.tasks import Debounce, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from core.imaging.reading import CommonSpan

THUMBNAIL_SIDE = 48
"""Width and height in pixels of the screen before scaling."""

_KEPT = 500
_CORNER = 4.0
_MOST_DECODED = 50_000_000
_FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "WEBP")


def read_thumbnail(path: Path, side: int, scale: CommonSpan | None = None) -> NDArray[np.uint8] | None:
    """Return the middle square of a photograph, uint8 RGB (side, side, 3), upright.

    A JPEG is decoded at a fraction of its size. Other formats must be decoded whole; of those that are too
    large for that there is none. ``scale``: by what deep samples are scaled.

    Raises
    ------
    OSError, ImageError
        If the file cannot be read; Pillow raises other errors too at damaged files.
    """
    with path.open("rb") as stream:
        try:
            picture = Image.open(stream, formats=_FORMATS)
        except UnidentifiedImageError:
            too_large = path.stat().st_size > 3 * _MOST_DECODED
        else:
            with picture:
                pixels = picture.width * picture.height
                if picture.format in ("JPEG", "MPO") and pixels <= MAX_PIXELS:
                    return _middle_square(_read_jpeg(picture, side), side)
            too_large = pixels > _MOST_DECODED
    return None if too_large else _middle_square(read_image(path, batch=scale).pixels, side)


def _read_jpeg(picture: Image.Image, side: int) -> NDArray[np.uint8]:
    """Decode a JPEG at the smallest of its fractions (1/2, 1/4, 1/8) that is twice as large as needed."""
    picture.draft("RGB", (2 * side, 2 * side))
    ImageOps.exif_transpose(picture, in_place=True)
    return np.asarray(picture.convert("RGB"))


def _middle_square(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    edge = min(height, width)
    top, left = (height - edge) // 2, (width - edge) // 2
    square = np.ascontiguousarray(pixels[top : top + edge, left : left + edge])
    method = cv2.INTER_AREA if edge > side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(square, (side, side), interpolation=method), np.uint8)


def _rounded(pixels: NDArray[np.uint8], ratio: float) -> QImage:
    """Return an image with round corners; it owns its pixels."""
    side = len(pixels)
    plain = QImage(pixels.data, side, side, pixels.strides[0], QImage.Format.Format_RGB888)
    image = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(plain))
    painter.drawRoundedRect(QRectF(0, 0, side, side), _CORNER * ratio, _CORNER * ratio)
    painter.end()
    image.setDevicePixelRatio(ratio)
    return image


@dataclass(frozen=True)
class Thumbnail:
    """What came of reading a file.

    ``pixmap`` is None where there is none: the file is not ``readable``, or too large to be decoded just
    for this. ``ratio``: pixels of the screen for one of the window; ``scale``: by what deep samples were scaled.
    """

    pixmap: QPixmap | None
    readable: bool
    ratio: float
    scale: CommonSpan | None = None


@dataclass(frozen=True)
class _Read:
    """What the thread made of a file."""

    path: Path
    ratio: float
    image: QImage | None
    readable: bool
    scale: CommonSpan | None


def _read(path: Path, side: int, ratio: float, scale: CommonSpan | None) -> _Read:
    try:
        pixels = read_thumbnail(path, round(side * ratio), scale)
        return _Read(path, ratio, None if pixels is None else _rounded(pixels, ratio), readable=True, scale=scale)
    except Exception:  # noqa: BLE001  whatever a damaged file does to a decoder, the list goes on
        return _Read(path, ratio, None, readable=False, scale=scale)


class Thumbnails(QObject):
    """Keeps the thumbnails seen last, and reads missing ones one by one.

    There is no queue: whenever the thread is free, ``wanted`` is asked which files are on the screen now.
    A row that scrolled away is thus never read, and the one that came last into view need not wait.
    """

    ready = Signal(object)  # Path

    def __init__(self, wanted: Callable[[], Iterable[Path]], parent: QObject, side: int = THUMBNAIL_SIDE) -> None:
        """``side``: width and height in pixels of the window."""
        super().__init__(parent)
        self._side = side
        self._wanted = wanted
        self._kept: OrderedDict[Path, Thumbnail] = OrderedDict()
        self._outdated: set[Path] = set()
        self._scales: dict[Path, CommonSpan] = {}
        self._ratio = 1.0
        self._reading = Task("thumbnails", self._on_read, self, priority=QThread.Priority.LowPriority)
        self._soon = Debounce(0, self._ask, self)

    def get(self, path: Path, ratio: float, scale: CommonSpan | None = None) -> Thumbnail | None:
        """Return the thumbnail of a file that is being painted; None if it has yet to be read, which is seen to.

        ``scale``: by what its deep samples were scaled when it was counted; None until that is known.
        """
        self._ratio = ratio
        if scale is not None:
            self._scales[path] = scale
        if path in self._kept:
            self._kept.move_to_end(path)
        if self._must_read(path):
            self._soon.start()
        return self._kept.get(path)

    def refresh(self, path: Path) -> None:
        """Read a file again when it is next painted: it may be another one now."""
        if path in self._kept:
            self._outdated.add(path)

    def stop(self) -> None:
        """End the thread; nothing is read afterwards."""
        self._soon.stop()
        self._reading.close()

    def _must_read(self, path: Path) -> bool:
        kept = self._kept.get(path)
        scale = self._scales.get(path)
        return kept is None or (kept.ratio, kept.scale) != (self._ratio, scale) or path in self._outdated

    def _ask(self) -> None:
        if self._reading.busy:
            return
        path = next((path for path in self._wanted() if self._must_read(path)), None)
        if path is not None:
            side, ratio, scale = self._side, self._ratio, self._scales.get(path)
            self._reading.start(lambda _: _read(path, side, ratio, scale))

    @Slot(object)
    def _on_read(self, read: _Read) -> None:
        pixmap = None if read.image is None else QPixmap.fromImage(read.image)
        self._kept[read.path] = Thumbnail(pixmap, read.readable, read.ratio, read.scale)
        self._kept.move_to_end(read.path)
        self._outdated.discard(read.path)
        while len(self._kept) > _KEPT:
            self._outdated.discard(self._kept.popitem(last=False)[0])
        self.ready.emit(read.path)
        self._ask()
