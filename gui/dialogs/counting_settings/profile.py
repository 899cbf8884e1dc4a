"""The laboratory's profile: which one the sample is counted by, and where one comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton

from core.text import gettext
from gui.dialogs.counting_settings.card import Card, faint

if TYPE_CHECKING:
    from PySide6.QtGui import QAction

    from gui.commands.shortcuts import Actions
    from gui.workspace.workspace import Workspace


class ProfileCard(Card):
    """The profile in use and what differs from it; how to use one, and how to make one."""

    def __init__(self, workspace: Workspace, actions: Actions) -> None:
        super().__init__(gettext("The laboratory's profile"))
        self._profiles = workspace.profiles
        self.name = QLabel()
        self.name.setObjectName("className")
        self.name.setWordWrap(True)
        self.about = faint()
        self.adapt_button = _button(actions["adapt"], gettext("&Adapt to these images…"))
        self.use_button = _button(actions["use_profile"], gettext("Use a &profile…"))
        line = QHBoxLayout()
        line.addWidget(self.adapt_button)
        line.addWidget(self.use_button)
        line.addStretch(1)
        self.column.addWidget(self.name)
        self.column.addWidget(self.about)
        self.column.addLayout(line)
        self._profiles.changed.connect(self.refresh)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show by which profile the sample is counted."""
        used = self._profiles.in_use is not None
        self.name.setText(self._profiles.text or gettext("No profile"))
        general = gettext(
            "A profile keeps thresholds, counting rule and red cell size that suit your microscope and stain, in one "
            "file for the whole laboratory."
        )
        self.about.setText(self._profiles.explained if used or self._profiles.problem else general)


def _button(action: QAction, text: str) -> QPushButton:
    """Return a button that does what an action does, while it can."""
    button = QPushButton(text)
    button.setToolTip(action.toolTip())
    button.setEnabled(action.isEnabled())
    button.clicked.connect(lambda *_: action.trigger())
    action.changed.connect(lambda: button.setEnabled(action.isEnabled()))
    return button
