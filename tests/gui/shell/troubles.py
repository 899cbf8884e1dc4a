"""What tests of troubles share."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QPushButton

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from gui.shell.window import MainWindow


EDITOR = Path(__file__).parents[2] / "core" / "session" / "session_editor.py"


LEFT = Qt.MouseButton.LeftButton


def shown_counts(window: MainWindow) -> dict[str, int]:
    return {name: int(card.count.text()) for name, card in window.panel.classes.cards.items()}


def notice(window: MainWindow) -> str:
    """Return what stands above the canvas."""
    return window.notice.label.text() if window.notice.isVisible() else ""


def press(qtbot: QtBot, window: MainWindow, remedy: str) -> None:
    """Press a button of the notice."""
    [button] = [button for button in window.notice.remedies if button.text() == remedy]
    qtbot.mouseClick(button, LEFT)


def session_path(window: MainWindow) -> Path:
    assert window.workspace.store.session is not None
    return window.workspace.store.session.path


def counted_cells(window: MainWindow, name: str = "RBC") -> list[int]:
    """Return the ids of the counted cells of a class of the current picture."""
    workspace, cells = window.workspace, window.workspace.counts.current_cells()
    item = workspace.images.current
    result = workspace.counts.result(item.id if item else None)
    assert cells is not None
    assert result is not None
    return cells.cells.ids[result.counted & (cells.cells.labels == workspace.settings.classes.index(name))].tolist()


def answer_folder_dialog(path: Path) -> None:
    """Answer the next folder dialog by typing, as often as it takes."""

    def answer() -> None:
        dialog = QApplication.activeModalWidget()
        if isinstance(dialog, QFileDialog):
            line = dialog.findChild(QLineEdit, "fileNameEdit")
            assert isinstance(line, QLineEdit)
            line.setText(str(path))
            for button in dialog.findChildren(QPushButton):
                if button.text() == "&Choose":
                    button.click()
        if not isinstance(dialog, QFileDialog) or dialog.isVisible():
            QTimer.singleShot(50, answer)

    QTimer.singleShot(0, answer)


@contextmanager
def held_elsewhere(path: Path, *options: str) -> Iterator[None]:
    """Open a session in another process."""
    arguments = [sys.executable, str(EDITOR), "hold", str(path), *options]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield
        process.stdin.close()
