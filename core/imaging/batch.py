"""One scale for all images of a batch that come from one camera."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.imaging.depth import scale_of
from core.imaging.reading import span_in_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from core.imaging.depth import Camera, Span

_LOOKED_AT = 32  # images of the batch, evenly spread
_OTHER_CAMERA = 8.0  # times as bright: no two exposures in one batch, though the files name the same camera
_OTHER_DEPTH = 2.0  # times as bright, where the files name no camera and the samples fill other depths
_8_BITS = (0.0, 255.0)


@dataclass(frozen=True)
class KnownSpan:
    """The span that an image was counted with, to read it again just so."""

    known: Span

    def span(self, camera: Camera, own: Span) -> Span:
        """Return the span that is known."""
        return self.known


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

        Images whose samples fill another depth than its own come from another camera, or from one that was set to
        another depth, unless the two are so alike that only the exposure can differ. 8 bits in deeper samples show
        themselves: they never have another scale than that.
        """
        with self._lock:
            if camera not in self._spans:
                self._look()
            known = self._spans.setdefault(camera, [])
        return _alike(camera, known, own)

    def _look(self) -> None:
        step = max(1, len(self._paths) // _LOOKED_AT)
        for path in self._paths[::step]:
            found = span_in_file(path)
            if found is not None:
                other, span = found
                self._spans.setdefault(other, []).append(span)


def _alike(camera: Camera, known: list[Span], own: Span) -> Span:
    """Return the span of one image and of all that have one scale with it."""
    common = own
    for span in known:
        if _have_one_scale(camera, own, span):
            common |= span
    return common


def _have_one_scale(camera: Camera, one: Span, other: Span) -> bool:
    depths = scale_of(camera, one), scale_of(camera, other)
    if depths[0] == depths[1]:
        return True
    if camera.dtype[1] == "f" and (depths[0][0] == 0) != (depths[1][0] == 0):
        return False  # the one was centred by a program, the other not
    farthest = _OTHER_CAMERA if camera.name else _OTHER_DEPTH
    return _8_BITS not in depths and max(one.high, other.high) <= farthest * min(one.high, other.high)
