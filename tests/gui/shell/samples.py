"""What tests of the window's shape share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

if TYPE_CHECKING:
    from gui.shell.window import MainWindow


LEFT = Qt.MouseButton.LeftButton


def remove_one(window: MainWindow) -> int:
    """Remove a counted cell of the image that is shown; return its id."""
    cells, result = window.workspace.counts.current_cells(), window.workspace.counts.current_result()
    assert cells is not None
    assert result is not None
    number = int(cells.cells.ids[result.counted][0])
    window.workspace.editing.remove_cells([number])
    return number
