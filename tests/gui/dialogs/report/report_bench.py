"""A window with counted images, and the ways through the report dialog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QMessageBox

from gui.dialogs.report.dialog import ReportDialog
from gui.dialogs.report.sign import SignDialog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.shell.window import MainWindow


class Bench:
    """A window with counted images, and the dialog; reports go into ``folder``."""

    def __init__(self, qtbot: QtBot, window: MainWindow, folder: Path) -> None:
        self.qtbot, self.window, self.folder = qtbot, window, folder
        self.questions: list[str] = []
        self.points = ""
        window.preferences.reports_folder = str(folder)

    def open(self) -> ReportDialog:
        """Open the dialog by its key, and wait until it knows what the session says."""
        self.qtbot.waitUntil(lambda: self.window.findChild(ReportDialog) is None, timeout=10_000)
        self.window.actions_["report"].trigger()
        dialog = self.window.findChild(ReportDialog)
        assert isinstance(dialog, ReportDialog)
        self.qtbot.waitUntil(lambda: bool(dialog.state.text()), timeout=10_000)
        return dialog

    def answer(self, *buttons: str) -> None:
        """Answer the questions that follow, with these buttons one after the other."""

        def look(left: tuple[str, ...]) -> None:
            box = QApplication.activeModalWidget()
            if not isinstance(box, QMessageBox):
                QTimer.singleShot(20, lambda: look(left))
                return
            self.questions.append(f"{box.text()} {box.informativeText()}")
            if left[1:]:
                QTimer.singleShot(20, lambda: look(left[1:]))
            next(other for other in box.buttons() if other.text().strip("&") == left[0]).click()

        QTimer.singleShot(0, lambda: look(buttons))

    def tick(self, dialog: ReportDialog, *names: str) -> None:
        """Choose what is written."""
        for name, box in dialog.choices.boxes.items():
            box.setChecked(name in names)

    def write(self, dialog: ReportDialog, *names: str, answers: tuple[str, ...] = ("Write anyway",)) -> str:
        """Tick boxes, write, wait, and return what the dialog says."""
        self.tick(dialog, *names)
        if answers:
            self.answer(*answers)
        self.click(dialog.write_button)
        self.wait_written(dialog)
        return dialog.outcome.label.text()

    def wait_written(self, dialog: ReportDialog) -> None:
        self.qtbot.waitUntil(lambda: not dialog.busy.isVisible() and bool(dialog.outcome.label.text()), timeout=60_000)

    def click(self, button: object) -> None:
        self.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)  # type: ignore[arg-type]

    def sign_in(self, find: Callable[[], SignDialog | None], name: str = "Ada Byron") -> None:
        """Sign in the dialog that is about to open."""

        def ready() -> bool:
            dialog = find()
            return dialog is not None and dialog.sign_button.isEnabled()

        self.qtbot.waitUntil(ready, timeout=10_000)
        dialog = find()
        assert dialog is not None
        self.points = dialog.open_points.text()
        dialog.name.setText(name)
        self.click(dialog.sign_button)
        self.qtbot.waitUntil(lambda: find() is None, timeout=10_000)

    def sign(self, dialog: ReportDialog, name: str = "Ada Byron") -> None:
        """Sign from the report dialog."""
        self.click(dialog.sign_button)
        self.sign_in(lambda: dialog.findChild(SignDialog), name)
        self.qtbot.waitUntil(lambda: dialog.state.text().startswith("Signed by"), timeout=10_000)
