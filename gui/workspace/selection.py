"""Which cells are selected, and what is to be brought into view."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gui.workspace.images import Images

CellOf: TypeAlias = tuple[int, int]
"""The id of an image and that of a cell in it."""


class ToolName(Enum):
    """What a click on the image does."""

    SELECT = "select"
    ADD = "add"
    CLEAR = "clear"
    RECTANGLE = "rectangle"
    POLYGON = "polygon"
    TALLY = "tally"
    RULER = "ruler"


class Selection(QObject):
    """The selected cells.

    ``cells`` are those of the image that is shown. What is selected beside them in other images, which only the
    gallery can show, is ``elsewhere``.
    """

    changed = Signal()
    reveal_cell = Signal(object)  # id of a cell of the image that is shown, to bring into view
    reveal_box = Signal(object)  # x1 y1 x2 y2 of the image that is shown, to bring into view

    def __init__(self, images: Images, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._images = images
        self.cells: tuple[int, ...] = ()
        self.elsewhere: tuple[CellOf, ...] = ()
        images.current_changed.connect(lambda *_: self.set(()))

    @property
    def all(self) -> list[CellOf]:
        """All selected cells, those of the image that is shown first."""
        return [*self.of_current(self.cells), *self.elsewhere]

    def of_current(self, cells: Iterable[int]) -> list[CellOf]:
        """Return cells of the image that is shown with its id."""
        image = self._images.current_id
        return [] if image is None else [(image, cell) for cell in cells]

    def set(self, cells: Iterable[int], elsewhere: Iterable[CellOf] = ()) -> None:
        """Select cells of the image that is shown by their ids, and maybe others elsewhere."""
        selection = tuple(dict.fromkeys(cells)), tuple(dict.fromkeys(elsewhere))
        if selection != (self.cells, self.elsewhere):
            self.cells, self.elsewhere = selection
            self.changed.emit()

    def show_cell(self, image: int, cell: int) -> None:
        """Show a cell: its image, selected, in view."""
        if self._images.reveal(image):
            self.set([cell])
            self.reveal_cell.emit(cell)

    def show_box(self, image: int, box: Sequence[float], cell: int | None = None) -> None:
        """Show a place of an image; a cell there is selected."""
        if self._images.reveal(image):
            self.set([] if cell is None else [cell])
            self.reveal_box.emit(tuple(box))
