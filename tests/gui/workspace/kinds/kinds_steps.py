"""Steps that tests of kinds share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from gui.workspace.workspace import Workspace

WAIT_MS = 60_000


def ids(workspace: Workspace) -> list[int]:
    return [item.id for item in workspace.images.items]


def red_cells(workspace: Workspace, image: int) -> list[tuple[int, int]]:
    """Return the red cells of an image, the widest first."""
    found = workspace.kinds.embeddings.cells_of(image)
    assert found is not None
    wide = sorted(range(len(found.cells)), key=lambda row: float(found.boxes[row, 0] - found.boxes[row, 2]))
    return [(image, int(found.cells[row])) for row in wide]


def teach(workspace: Workspace, qtbot: QtBot) -> list[tuple[int, int]]:
    """Call four cells of the first image normal and four of the second spherocytes; wait for piles."""
    first, second = (red_cells(workspace, image)[:4] for image in ids(workspace))
    kinds = workspace.kinds
    assert kinds.typed.give(first, "normal-red-cell")
    assert kinds.typed.give(second, "spherocyte")
    qtbot.waitUntil(lambda: kinds.piles.figures("RBC") is not None, timeout=WAIT_MS)
    return first + second


def counted_cells(workspace: Workspace, image: int, class_name: str) -> list[tuple[int, int]]:
    """Return the cells of an image that count as a class, the most probable first."""
    result, cells = workspace.counts.result(image), workspace.counts.cells(image)
    assert result is not None
    assert cells is not None
    label = workspace.settings.classes.index(class_name)
    rows = np.flatnonzero(result.counted & (cells.cells.labels == label))
    return [(image, cell) for cell in cells.cells.ids[rows].tolist()]
