"""One scale for all images of a batch that come from one camera."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from core.imaging.reading import span_in_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from core.imaging.depth import Camera, Span

_LOOKED_AT = 32  # images of the batch, evenly spread
_OTHER_CAMERA = 8.0  # times as bright as any other: no two exposures of one camera in one batch


class BatchDepth:
    """How bright the deep images of a batch are, by camera; safe to use from several threads.

    It reads nothing until the first image of more than 8 bits, and then a sample of the batch. What it found for a
    camera it keeps, so that an image does not change because others were added.
    """

    def __init__(self, paths: Iterable[Path] = ()) -> None:
        self._paths = list(paths)
        self._spans: dict[Camera, list[Span]] = {}
        self._lock = threading.Lock()

    def add(self, paths: Iterable[Path]) -> None:
        """Add images to the batch; they count for cameras of which none was read yet."""
        with self._lock:
            self._paths += paths

    def span(self, camera: Camera, own: Span) -> Span:
        """Return the span of the images of a camera, given that of one of them.

        Images that are far brighter or darker than it come from another camera, whatever the files do not say of it.
        """
        with self._lock:
            if camera not in self._spans:
                self._look()
            known = self._spans.setdefault(camera, [])
        return _alike(known, own)

    def _look(self) -> None:
        step = max(1, len(self._paths) // _LOOKED_AT)
        for path in self._paths[::step]:
            found = span_in_file(path)
            if found is not None:
                other, span = found
                self._spans.setdefault(other, []).append(span)


def _alike(known: list[Span], own: Span) -> Span:
    """Return the span of one image and of all that are linked to it by steps of less than ``_OTHER_CAMERA``."""
    common = own
    for direction in (1, -1):
        last = own.high
        for span in sorted(known, key=lambda span: direction * span.high):
            beyond = direction * (span.high - own.high) >= 0
            if beyond and max(span.high, last) <= _OTHER_CAMERA * min(span.high, last):
                common, last = common | span, span.high
    return common
