"""A window with two counted smears whose red cells are shown by kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from PySide6.QtCore import Qt

from core.models.embedding import default_embedding_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.shell.window import MainWindow

WAIT_MS = 60_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave these tests out where there is no embedding model."""
    for item in items:
        if "gallery/kinds" in item.path.as_posix() and not default_embedding_path().exists():
            item.add_marker(pytest.mark.skip(reason="there is no embedding model in resources/models"))


@pytest.fixture
def smears(make_smear: Callable[..., tuple[Path, dict[str, int]]]) -> list[Path]:
    """Return a sharp smear and one out of focus: their red cells can be told apart."""
    sharp, soft = make_smear("1.png")[0], make_smear("2.png", seed=3)[0]
    cv2.imwrite(str(soft), cv2.GaussianBlur(np.asarray(cv2.imread(str(soft))), (0, 0), 2.5))
    return [sharp, soft]


@pytest.fixture
def by_kind(
    window: MainWindow, qtbot: QtBot, smears: list[Path], wait_counted: Callable[[MainWindow], None]
) -> MainWindow:
    """Return the window with the red cells in piles, none of which has a kind; the empty page was left by a click."""
    window.resize(1366, 768)
    window.workspace.opening.open(smears)
    wait_counted(window)
    window.canvas.setFocus()
    qtbot.keyClick(window.canvas, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    page = window.cells.kinds
    qtbot.waitUntil(page.empty.ready["RBC"].isVisible)
    qtbot.mouseClick(page.empty.ready["RBC"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not window.workspace.kinds.embeddings.waiting, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: len(page.area.layout_.get("useful ", [])) == 12, timeout=WAIT_MS)
    page.sort_again()
    return window
