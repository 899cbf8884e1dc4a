"""Hides detections from a user who counts blind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from gui.commands.context import Pane

if TYPE_CHECKING:
    from gui.commands.context import Shell
    from gui.shell.dialogs import Dialogs
    from gui.workspace.workspace import Workspace


class BlindCount(QObject):
    """Closes the gallery and the verification during a blind manual count, and opens them again afterwards."""

    def __init__(self, workspace: Workspace, dialogs: Dialogs, shell: Shell) -> None:
        super().__init__(dialogs)
        self._tally = workspace.tally
        self._dialogs = dialogs
        self._shell = shell
        self._gallery_was_open = self._verify_was_open = False
        workspace.tally.active_changed.connect(self._refresh)
        workspace.tally.options_changed.connect(self._refresh)

    @Slot()
    def _refresh(self) -> None:
        hidden, verify = self._tally.hides_counts, self._dialogs.verify
        if hidden and self._shell.shows_pane(Pane.GALLERY):
            self._gallery_was_open = True
            self._shell.show_pane(Pane.GALLERY, False)
        elif not hidden and self._gallery_was_open:
            self._gallery_was_open = False
            self._shell.show_pane(Pane.GALLERY, True)
        if hidden and verify is not None and verify.isVisible():
            verify.hide()
            self._verify_was_open = True
        elif not hidden and self._verify_was_open:
            self._verify_was_open = False
            self._dialogs.show_verify()
            self._dialogs.come_forward()
