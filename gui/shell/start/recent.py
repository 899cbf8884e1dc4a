"""The menu of the samples that were open last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QWidget

from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gui.workspace.opening import Glance


class RecentMenu(QMenu):
    """Filled whenever it is opened, with what is still there."""

    chosen = Signal(object)  # Path of a session

    def __init__(self, recent: Callable[[], Sequence[Glance]], parent: QWidget) -> None:
        super().__init__(gettext("Open &recent"), parent)
        self._recent = recent
        self.aboutToShow.connect(self._fill)

    def _fill(self) -> None:
        self.clear()
        for seen in self._recent():
            text = f"{seen.title}   {seen.changed.astimezone():%Y-%m-%d %H:%M}"
            action = self.addAction(text.replace("&", "&&"))
            action.setToolTip(str(seen.path))
            action.triggered.connect(lambda *_, path=seen.path: self.chosen.emit(path))
        if self.isEmpty():
            self.addAction(gettext("No sample was open yet")).setEnabled(False)
