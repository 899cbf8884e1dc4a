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


class BatchDepth:
    """How bright the deep images of a batch are, by camera; safe to use from several threads.

    It reads nothing until the first image of more than 8 bits, and then a sample of the batch. What it found for a
    camera it keeps, so that an image does not change because others were added.
    """

    def __init__(self, paths: Iterable[Path] = ()) -> None:
        self._paths = list(paths)
        self._spans: dict[Camera, Span] = {}
        self._lock = threading.Lock()

    def add(self, paths: Iterable[Path]) -> None:
        """Add images to the batch; they count for cameras of which none was read yet."""
        with self._lock:
            self._paths += paths

    def span(self, camera: Camera, own: Span) -> Span:
        """Return the span of the images of a camera, given that of one of them.

        An image that goes beyond all that were looked at keeps its own.
        """
        with self._lock:
            if camera not in self._spans:
                self._look(camera, own)
            common = self._spans[camera]
        return common | own

    def _look(self, camera: Camera, own: Span) -> None:
        step = max(1, len(self._paths) // _LOOKED_AT)
        for path in self._paths[::step]:
            found = span_in_file(path)
            if found is not None:
                other, span = found
                self._spans[other] = self._spans.get(other, span) | span
        self._spans.setdefault(camera, own)
