"""The counted cells of all images, gathered between other events while the gallery shows them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from core.cells import Detections
from gui.tasks import Debounce, IdleLoop
from gui.workspace.images import State

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.counting.count import CountIndex, CountSettings
    from gui.workspace.images import ImageItem
    from gui.workspace.workspace import Workspace

_FEW = 20_000
_SETTLE_S = 0.4


@dataclass(eq=False)
class _Known:
    """What was gathered of an image, and what it was gathered from.

    ``places`` int64 (K,): which of the image's cells ``cells`` are, those that can count at some threshold.
    """

    countable: CountIndex
    settings: CountSettings | None
    places: NDArray[np.int64]
    cells: Detections
    counted: Detections


class SessionCells(QObject):
    """The counted cells of every image of the session: ids, boxes and scores, no pixels.

    An image whose cells have changed has another ``CountIndex``. Only those are read again from the session; after
    a step of a threshold all are counted again, from what is kept here.
    """

    changed = Signal()

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self._workspace = workspace
        self._known: dict[int, _Known] = {}
        self._again = False
        self._something_new = False
        self._told = 0.0
        self._later = Debounce(0, self._start, self)
        self._steps = IdleLoop(self)
        self._steps.ended.connect(self._on_all_seen)
        self._active = False
        workspace.store.session_changed.connect(self._forget)
        workspace.inference.model_changed.connect(self._forget)
        workspace.images.changed.connect(self._ask_again)
        workspace.images.item_changed.connect(self._ask_again)
        workspace.counts.changed.connect(self._ask_again)

    @property
    def missing(self) -> int:
        """How many counted images were not looked at yet."""
        return sum(item.state is State.COUNTED and item.id not in self._known for item in self._workspace.images.items)

    def set_active(self, active: bool) -> None:
        """Gather the cells from now on, or not: nothing is done for a gallery that does not show them."""
        if active and not self._active:
            self._active = True
            self._start()
        elif not active:
            self._active = False
            self._later.stop()
            self._steps.stop()

    def counted(self) -> list[tuple[int, Detections]]:
        """Return the counted cells of each image, by its id, in the order of the list."""
        known = ((item.id, self._known.get(item.id)) for item in self._workspace.images.items)
        return [(image, one.counted) for image, one in known if one is not None]

    @Slot()
    def _forget(self) -> None:
        self._known.clear()
        self._something_new = True
        self._ask_again()

    def _ask_again(self, *_: object) -> None:
        """Look through the images anew: soon, or not more often than the window can sort very many cells."""
        if self._steps.running:
            self._again = True
        elif self._active and not self._later.isActive():
            many = sum(len(one.counted) for one in self._known.values()) > _FEW
            just_told = time.perf_counter() - self._told < _SETTLE_S
            self._later.start(round(1000 * _SETTLE_S) if many and just_told else 0)

    @Slot()
    def _start(self) -> None:
        self._again = False
        self._steps.start(map(self._look_at, list(self._workspace.images.items)))

    @Slot()
    def _on_all_seen(self) -> None:
        there = {item.id for item in self._workspace.images.items}
        for image in self._known.keys() - there:
            self._let_go(image)
        if self._something_new:
            self._something_new = False
            self._told = time.perf_counter()
            self.changed.emit()
        if self._again:
            self._ask_again()

    def _look_at(self, item: ImageItem) -> None:
        workspace, known = self._workspace, self._known.get(item.id)
        if item.state not in (State.COUNTED, State.COUNTING):
            self._let_go(item.id)
            return
        countable = workspace.counts.index(item.id)
        if countable is None:
            return  # it is being counted anew: what was known holds until then
        if known is None or known.countable is not countable:
            known = self._read(item, countable)
            if known is None:
                self._let_go(item.id)
                return
            self._known[item.id] = known
        if known.settings is workspace.settings.value:
            return
        result = workspace.counts.result(item.id)
        if result is not None:
            known.settings = workspace.settings.value
            self._something_new = True
            known.counted = known.cells.taken(np.flatnonzero(result.counted[known.places]))

    def _let_go(self, image: int) -> None:
        self._something_new |= self._known.pop(image, None) is not None

    def _read(self, item: ImageItem, countable: CountIndex) -> _Known | None:
        cells = self._workspace.counts.cells(item.id)
        if cells is None or len(cells.cells) != countable.size:
            return None
        by_hand = np.arange(countable.size - len(countable.hand_labels), countable.size)
        places = np.concatenate([countable.cells, by_hand])
        able = cells.cells.taken(places)
        return _Known(countable, None, places, able, Detections.empty())
