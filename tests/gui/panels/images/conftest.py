"""The list of images, alone with a workspace whose images are put there by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication, QWidget

from gui.commands.shortcuts import Actions
from gui.panels.images.panel import ImageList
from gui.preferences import Theme
from gui.widgets.theme import apply_theme
from gui.workspace.workspace import Workspace
from tests.gui.panels.images.builders import CLASSES, put, set_classes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.preferences import Preferences
    from gui.workspace.images import ImageItem
    from tests.gui.panels.images.builders import MakeList


@pytest.fixture
def actions(qtbot: QtBot, preferences: Preferences) -> Iterator[Actions]:
    """The window's actions, which do nothing here."""
    host = QWidget()
    qtbot.addWidget(host)
    yield Actions(host, preferences)
    host.close()


@pytest.fixture
def workspace(qtbot: QtBot, tmp_path: Path) -> Iterator[Workspace]:
    """A workspace whose worker is at rest: nothing but the test changes it."""
    workspace = Workspace(tmp_path / "none.onnx", tmp_path / "sessions")
    workspace.inference.queue.close()
    set_classes(workspace, *CLASSES)
    yield workspace
    workspace.close()
    workspace.deleteLater()


@pytest.fixture
def make_list(qtbot: QtBot, workspace: Workspace, actions: Actions) -> Iterator[MakeList]:
    """Return a function that shows the list of a workspace with these images, the first being the current one."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    apply_theme(app, Theme.LIGHT)
    lists: list[ImageList] = []

    def make(items: Sequence[ImageItem]) -> ImageList:
        image_list = ImageList(workspace, actions)
        QAbstractItemModelTester(image_list.model, QAbstractItemModelTester.FailureReportingMode.Warning, image_list)
        lists.append(image_list)
        qtbot.addWidget(image_list)
        put(workspace, items)
        workspace.images.set_current(items[0].id if items else None)
        image_list.resize(230, 480)
        image_list.show()
        qtbot.waitExposed(image_list)
        return image_list

    yield make
    for image_list in lists:
        image_list.stop()
