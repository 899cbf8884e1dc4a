"""What a user does in the verification window, and what the tests ask of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog

from core.annotations.base import AnnotatedImage
from core.verification.ground_truth import GroundTruth
from gui.shell.window import MainWindow
from gui.verify.sweep_table import COLUMNS

if TYPE_CHECKING:
    import pytest
    from PySide6.QtWidgets import QAbstractItemView, QWidget
    from pytestqt.qtbot import QtBot

    from core.verification.errors import Place
    from gui.verify.window import VerifyWindow
    from gui.workspace.images import ImageItem

MakeSmear = Callable[..., tuple[Path, dict[str, int]]]
Counted = Callable[[int], MainWindow]

HEADINGS = [column.heading.replace("\n", " ") for column in COLUMNS]
TP, FP, FN = (HEADINGS.index(name) for name in ("Correct (TP)", "Too many (FP)", "Missed (FN)"))


def opened(qtbot: QtBot, window: MainWindow) -> VerifyWindow:
    """Open the page with its key, and wait for its figures."""
    qtbot.keyClick(window, Qt.Key.Key_F9)
    assert window.dialogs.verify is not None
    settled(qtbot, window.dialogs.verify)
    return window.dialogs.verify


def settled(qtbot: QtBot, page: VerifyWindow) -> None:
    qtbot.waitUntil(lambda: not page.verifier.busy and page.verifier.answer is not None, timeout=30_000)


def truth_from_count(window: MainWindow, item: ImageItem, *, without: int = 0, extra: int = 0) -> GroundTruth:
    """Return the count of an image as boxes of a file, less some red cells, and with some that are not there."""
    workspace = window.workspace
    cells, result = workspace.counts.cells(item.id), workspace.counts.result(item.id)
    assert cells is not None
    assert result is not None
    places = np.flatnonzero(result.counted)
    names = [workspace.settings.classes[label] for label in cells.cells.labels[places]]
    red = [place for place, name in enumerate(names) if name == "RBC"]
    kept = [place for place in range(len(names)) if place not in red[:without]]
    boxes = np.concatenate(
        [cells.cells.boxes[places][kept], np.array([[2, 2, 12, 12]] * extra, np.float32).reshape(-1, 4)]
    )
    annotated = AnnotatedImage(
        item.path.name, *item.size, boxes.astype(np.float32), (*(names[place] for place in kept), *["RBC"] * extra)
    )
    return GroundTruth.imported(annotated, workspace.settings.classes)


def give_boxes(window: MainWindow, *, without: int = 0, extra: int = 0) -> None:
    for item in window.workspace.images.items:
        window.workspace.truths.set(item.id, truth_from_count(window, item, without=without, extra=extra))


def type_into(qtbot: QtBot, view: QAbstractItemView, row: int, column: int, texts: list[str]) -> None:
    """Type numbers below each other, each with Enter."""
    click_cell(qtbot, view, row, column)
    view.setFocus()
    type_here(qtbot, view, texts)


def type_here(qtbot: QtBot, view: QAbstractItemView, texts: list[str]) -> None:
    for text in texts:
        qtbot.keyClicks(view, text[0])
        editor = QApplication.focusWidget()
        assert editor is not None
        qtbot.keyClicks(editor, text[1:])
        qtbot.keyClick(editor, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: QApplication.focusWidget() is view)


def click_cell(qtbot: QtBot, view: QAbstractItemView, row: int, column: int) -> None:
    index = view.model().index(row, column)
    view.scrollTo(index)
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(index).center())


def places_shown(qtbot: QtBot, page: VerifyWindow, count: int) -> list[Place]:
    view = page.error_page.view
    qtbot.waitUntil(lambda: len(view.place_model.places) == count, timeout=30_000)
    return view.place_model.places


def answer_with(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Answer the next file dialogs as by typing a path."""
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(path), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_, **__: ([str(path)], ""))


def press(qtbot: QtBot, widget: QWidget, key: Qt.Key) -> None:
    """Press a key with Alt."""
    qtbot.keyClick(widget, key, Qt.KeyboardModifier.AltModifier)
