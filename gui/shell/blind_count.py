"""Hides detections from a user who counts blind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from gui.commands.context import View

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from gui.commands.context import Shell
    from gui.shell.dialogs import Dialogs
    from gui.workspace.workspace import Workspace


class BlindCount(QObject):
    """Hides what shows counts during a blind manual count; windows come back afterwards."""

    def __init__(self, workspace: Workspace, dialogs: Dialogs, shell: Shell) -> None:
        super().__init__(dialogs)
        self._tally = workspace.tally
        self._dialogs = dialogs
        self._shell = shell
        self._hidden: list[QWidget] = []
        workspace.tally.active_changed.connect(self._refresh)
        workspace.tally.options_changed.connect(self._refresh)

    @Slot()
    def _refresh(self) -> None:
        if self._tally.hides_counts:
            self._shell.show_view(View.REVIEW)
            telling = [window for window in (self._dialogs.verify, self._dialogs.counting) if window is not None]
            for window in telling:
                if window.isVisible():
                    window.hide()
                    self._hidden.append(window)
        elif self._hidden:
            hidden, self._hidden = self._hidden, []
            for window in hidden:
                window.show()
            self._dialogs.come_forward()
