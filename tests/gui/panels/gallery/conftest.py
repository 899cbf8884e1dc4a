"""A gallery in a window with the window's keys, beside a real workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QDrag
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from core.classes import PAPER
from gui.commands.shortcuts import Actions
from gui.panels.gallery.panel import Gallery
from gui.preferences import Theme
from gui.widgets.theme import apply_theme
from gui.workspace.images import State
from gui.workspace.workspace import Workspace
from tests.gui.panels.gallery.builders import LEFT, Host, all_ids, counted_ids, drop, place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.preferences import Preferences


@pytest.fixture
def workspace(qtbot: QtBot, model_path: Path, tmp_path: Path) -> Iterator[Workspace]:
    workspace = Workspace(model_path, tmp_path / "sessions", "Anna")
    yield workspace
    workspace.close()
    workspace.deleteLater()


@pytest.fixture
def gallery(qtbot: QtBot, workspace: Workspace, preferences: Preferences) -> Iterator[Gallery]:
    """A gallery in a window with the window's keys; no image is open yet."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    apply_theme(app, Theme.LIGHT)
    host = Host()
    actions = Actions(host, preferences)
    gallery = Gallery(workspace, actions, PAPER)
    host.setCentralWidget(gallery)
    editing, selection, classes = workspace.editing, workspace.selection, workspace.settings
    actions["remove"].triggered.connect(lambda *_: editing.remove_cells(selection.cells))
    actions["class_2"].triggered.connect(lambda *_: editing.reclassify(selection.cells, classes.classes[1]))
    actions["reviewed"].triggered.connect(lambda *_: editing.mark_reviewed(True))
    host.resize(1180, 600)
    qtbot.addWidget(host)
    host.show()
    qtbot.waitExposed(host)
    yield gallery
    host.close()


@pytest.fixture
def open_smear(
    qtbot: QtBot, workspace: Workspace, gallery: Gallery, smear_file: Callable[[str], Path]
) -> Callable[[str], None]:
    """Return a function that opens a smear under a name and waits until its cells are in the gallery."""

    def open_(name: str = "a.png") -> None:
        workspace.opening.open([smear_file(name)])

        def shown() -> bool:
            item = workspace.images.current
            return (
                item is not None
                and item.path.name == name
                and item.state is State.COUNTED
                and workspace.inference.shown is not None
                and all_ids(gallery) == counted_ids(workspace)
            )

        qtbot.waitUntil(shown, timeout=60_000)
        for section in gallery.sections.values():
            QAbstractItemModelTester(
                section.view.tile_model, QAbstractItemModelTester.FailureReportingMode.Warning, section
            )

    return open_


@pytest.fixture
def drag(
    qtbot: QtBot, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, int, str | None], list[bool]]:
    """Return a function that drags a tile with the mouse to a class, or into nothing.

    The offscreen platform has no drag and drop: what it would do while the drag lasts is done here.
    """

    def drag_(name: str, number: int, to: str | None) -> list[bool]:
        taken: list[bool] = []

        def run(self: QDrag, *_: object) -> Qt.DropAction:
            taken.append(to is not None and drop(gallery, self.mimeData(), to))
            return Qt.DropAction.MoveAction if taken[-1] else Qt.DropAction.IgnoreAction

        monkeypatch.setattr(QDrag, "exec", run)
        view = gallery.sections[name].view
        place = place_of(view, number)
        qtbot.mousePress(view.viewport(), LEFT, pos=place)
        qtbot.mouseMove(view.viewport(), place + QPoint(QApplication.startDragDistance() + 5, 0))
        qtbot.mouseMove(view.viewport(), place + QPoint(QApplication.startDragDistance() + 15, 0))
        qtbot.mouseRelease(view.viewport(), LEFT, pos=place)
        return taken

    return drag_
