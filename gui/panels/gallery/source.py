"""Where the tiles come from: the counts of the workspace, sorted at once where they are few, on a thread where not."""

from __future__ import annotations

import time
from itertools import accumulate
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from gui.panels.gallery.columns import CellColumns
from gui.panels.gallery.darkness import Darkness
from gui.panels.gallery.tiles import Order, sort_into_piles
from gui.tasks import Debounce, Task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from gui.panels.gallery.tiles import Tiles
    from gui.workspace.counting.cells import CountedCells
    from gui.workspace.workspace import Workspace

_FEW = 20_000
_SETTLE_S = 0.4


class TileSource(QObject):
    """The tiles of the image that is shown or of all images, kept up to date while they are looked at.

    Nothing is sorted for a gallery that nobody sees. What was sorted stays until something changes.
    """

    changed = Signal()

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self._workspace = workspace
        self.piles: dict[str, Tiles] = {}
        self._table = CellColumns.of(())
        self.everywhere = False
        self.order = Order.UNCERTAIN
        self._active = False
        self._stale = True
        self._sorted = 0.0
        self._many = False
        self._later = Debounce(0, self.refresh, self)
        self._sorting = Task("sort cells", self._take, self)
        self.darkness = Darkness(workspace, self)
        self.darkness.arrived.connect(self._on_darkness)
        for signal in (
            workspace.counts.changed,
            workspace.counts.totals_changed,
            workspace.images.changed,
            workspace.images.item_changed,
            workspace.images.current_changed,
            workspace.settings.classes_changed,
            workspace.store.session_changed,
        ):
            signal.connect(self._on_changed)

    @property
    def busy(self) -> bool:
        """Whether cells are being sorted."""
        return self._sorting.busy

    def show(self, *, everywhere: bool, order: Order) -> None:
        """Choose which cells are shown, and in which order."""
        if (everywhere, order) != (self.everywhere, self.order):
            self.everywhere, self.order = everywhere, order
            self._stale = True
            self.refresh()

    def set_active(self, active: bool) -> None:
        """Keep the tiles up to date from now on, or no longer."""
        self._active = active
        if active:
            self._later.start()
        else:
            self._later.stop()
            self.darkness.stop()

    def refresh(self) -> None:
        """Sort anew, if anything has changed."""
        self._later.stop()
        if not self._active or not self._stale:
            return
        self._stale = False
        workspace = self._workspace
        current = workspace.images.current_id
        shown = [] if current is None and not self.everywhere else self._counted()
        classes, order = workspace.settings.classes, self.order
        darkness = self.darkness.of(shown) if order is Order.DARKEST else {}
        self._many = any(cells > _FEW for cells in accumulate(len(one.counted) for one in shown))
        if self._many:
            before = self._table
            self._sorting.start(lambda _job: _sorted(before.now(shown), classes, order, darkness))
        else:
            self._sorting.cancel()
            self._take(_sorted(CellColumns.of(shown), classes, order, darkness))

    def _counted(self) -> list[CountedCells]:
        return self._workspace.counts.counted_cells(None if self.everywhere else self._workspace.images.current_id)

    def close(self) -> None:
        """End the threads."""
        self._later.stop()
        self._sorting.close()
        self.darkness.close()

    @Slot(object)
    def _take(self, found: tuple[CellColumns, dict[str, Tiles]]) -> None:
        self._table, self.piles = found
        self._sorted = time.perf_counter()
        self.changed.emit()
        if self._stale:
            self._on_changed()

    @Slot()
    def _on_darkness(self) -> None:
        if self.order is Order.DARKEST:
            self._on_changed()

    def _on_changed(self, *_: object) -> None:
        """Sort soon; very many cells not more often than the window can show them, and not while that goes on."""
        self._stale = True
        if self._active and not self._later.isActive() and not self._sorting.busy:
            just_sorted = time.perf_counter() - self._sorted < _SETTLE_S
            self._later.start(round(1000 * _SETTLE_S) if self._many and just_sorted else 0)


def _sorted(
    table: CellColumns, classes: Sequence[str], order: Order, darkness: Mapping[int, NDArray[np.float32]]
) -> tuple[CellColumns, dict[str, Tiles]]:
    return table, sort_into_piles(table, classes, order, darkness)
