"""With which scores the model found the cells of the sample: what lies behind a threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from gui.tasks import Debounce, IdleLoop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from core.counting.count import CountIndex
    from gui.workspace.counting.counts import Counts
    from gui.workspace.counting.settings import CountSettingsModel
    from gui.workspace.images import Images

BINS = 100
_SETTLE_MS = 120


class ScoreHistograms(QObject):
    """For each class, how many cells of all images have which score; kept up to date while somebody looks.

    Cells that the user edited, and those outside the frame, do not depend on a threshold and are left out.
    """

    changed = Signal()

    def __init__(
        self, images: Images, settings: CountSettingsModel, counts: Counts, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._images = images
        self._settings = settings
        self._counts = counts
        self._active = False
        self._bins: NDArray[np.int64] = np.zeros((0, BINS), np.int64)
        self._known: dict[int, tuple[CountIndex, NDArray[np.int64]]] = {}
        self._loop = IdleLoop(self)
        self._later = Debounce(_SETTLE_MS, self._start, self)
        counts.changed.connect(self._on_changed)
        images.changed.connect(self._on_changed)

    def of(self, name: str) -> NDArray[np.int64]:
        """Return how many cells of a class have a score in each hundredth, int64 (100,)."""
        classes = self._settings.classes
        if name in classes and len(self._bins) == len(classes):
            return self._bins[classes.index(name)]
        return np.zeros(BINS, np.int64)

    def set_active(self, active: bool) -> None:
        """Keep the histograms up to date from now on, or not."""
        self._active = active
        if active:
            self._start()
        else:
            self._later.stop()
            self._loop.stop()

    @Slot()
    def _on_changed(self, *_: object) -> None:
        if self._active:
            self._later.start_unless_due()

    def _start(self) -> None:
        self._loop.start(self._gather())

    def _gather(self) -> Iterator[None]:
        """Add the images up; those whose cells did not change are not looked at again."""
        classes = len(self._settings.classes)
        total = np.zeros((classes, BINS), np.int64)
        there: set[int] = set()
        for item in list(self._images.items):
            index = self._counts.index(item.id)
            if index is None:
                continue
            known = self._known.get(item.id)
            if known is None or known[0] is not index or len(known[1]) != classes:
                known = index, _histograms(index, classes)
            self._known[item.id] = known
            there.add(item.id)
            total += known[1]
            yield
        for gone in self._known.keys() - there:
            del self._known[gone]
        if not np.array_equal(total, self._bins):
            self._bins = total
            self.changed.emit()


def _histograms(index: CountIndex, classes: int) -> NDArray[np.int64]:
    """Return how many cells of an image have which score, int64 (classes, 100)."""
    matters = ~index.overridden & ~np.isin(index.cells, index.outside)
    labels, scores = index.labels[matters], index.scores[matters]
    bins = np.clip((scores * BINS + 1e-4).astype(np.int64), 0, BINS - 1)
    return np.bincount(labels * BINS + bins, minlength=classes * BINS).reshape(classes, BINS)
