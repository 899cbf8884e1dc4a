"""Hides detections from a user who counts blind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from gui.commands.context import View

if TYPE_CHECKING:
    from gui.commands.context import Shell
    from gui.shell.dialogs import Dialogs
    from gui.workspace.workspace import Workspace


class BlindCount(QObject):
    """Leaves what shows counts during a blind manual count; the verification comes back afterwards."""

    def __init__(self, workspace: Workspace, dialogs: Dialogs, shell: Shell) -> None:
        super().__init__(dialogs)
        self._tally = workspace.tally
        self._dialogs = dialogs
        self._shell = shell
        self._verify_was_open = False
        workspace.tally.active_changed.connect(self._refresh)
        workspace.tally.options_changed.connect(self._refresh)

    @Slot()
    def _refresh(self) -> None:
        hidden, verify = self._tally.hides_counts, self._dialogs.verify
        if hidden:
            self._shell.show_view(View.REVIEW)
        if hidden and verify is not None and verify.isVisible():
            verify.hide()
            self._verify_was_open = True
        elif not hidden and self._verify_was_open:
            self._verify_was_open = False
            self._dialogs.show_verify()
            self._dialogs.come_forward()
