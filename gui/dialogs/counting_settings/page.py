"""The page of the counting settings: it stays open beside the images, and everything in it acts at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QBoxLayout, QDialog, QScrollArea, QVBoxLayout, QWidget

from core.text import gettext
from gui.dialogs.counting_settings.cell_size import CellSizeCard
from gui.dialogs.counting_settings.method import MethodCard
from gui.dialogs.counting_settings.model import ModelCardBox
from gui.dialogs.counting_settings.profile import ProfileCard
from gui.dialogs.counting_settings.rule import RuleCard
from gui.dialogs.counting_settings.thresholds import ThresholdCard

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent, QKeyEvent, QResizeEvent, QShowEvent

    from core.classes import Palette
    from gui.commands.shortcuts import Actions
    from gui.preferences import Preferences
    from gui.workspace.workspace import Workspace

_SIZE = QSize(980, 720)
_TWO_COLUMNS = 860
_SHARE_OF_SCREEN = 0.9


class CountingSettings(QDialog):
    """Thresholds, profile, model, counting method, red cell size and counting rule."""

    import_wanted = Signal()

    def __init__(
        self, workspace: Workspace, actions: Actions, preferences: Preferences, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(gettext("Counting settings"))
        self.setModal(False)
        self._workspace = workspace
        self._preferences = preferences
        self.thresholds = ThresholdCard(workspace, preferences.palette)
        self.profile = ProfileCard(workspace, actions)
        self.model = ModelCardBox(workspace)
        self.method = MethodCard(workspace)
        self.cell_size = CellSizeCard(workspace)
        self.rule = RuleCard(workspace, actions)
        self.model.import_wanted.connect(self.import_wanted)
        self._build()
        if not self.restoreGeometry(preferences.counting_geometry):
            self._place()

    def _build(self) -> None:
        left, right = QVBoxLayout(), QVBoxLayout()
        for column, cards in (
            (left, (self.thresholds, self.profile, self.rule)),
            (right, (self.model, self.method, self.cell_size)),
        ):
            column.setSpacing(12)
            for card in cards:
                column.addWidget(card)
            column.addStretch(1)
        inside = QWidget()
        self._columns = QBoxLayout(QBoxLayout.Direction.LeftToRight, inside)
        self._columns.setContentsMargins(16, 16, 16, 16)
        self._columns.setSpacing(12)
        self._columns.addLayout(left, 11)
        self._columns.addLayout(right, 10)
        self.area = QScrollArea()
        self.area.setObjectName("page")
        self.area.setWidgetResizable(True)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFrameShape(QScrollArea.Shape.NoFrame)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setWidget(inside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.area)

    def _place(self) -> None:
        """Open at the right of the window, where it hides the photograph least."""
        room = self.screen().availableGeometry()
        self.resize(_SIZE.boundedTo(room.size() * _SHARE_OF_SCREEN))
        parent = self.parentWidget()
        if parent is not None:
            frame = parent.window().frameGeometry().intersected(room)
            self.move(max(frame.right() - self.width() - 24, room.left()), max(frame.top() + 96, room.top()))

    def set_palette(self, palette: Palette) -> None:
        """Show classes in other colours."""
        self.thresholds.set_palette(palette)

    def show_model(self) -> None:
        """Bring the model into view."""
        self.area.ensureWidgetVisible(self.model)

    # -- events ----------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.width() >= _TWO_COLUMNS
        directions = QBoxLayout.Direction
        self._columns.setDirection(directions.LeftToRight if wide else directions.TopToBottom)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not event.spontaneous():
            self._workspace.scores.set_active(True)
            self.thresholds.on_shown()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if not event.spontaneous():
            self._workspace.settings.flush()
            self._workspace.scores.set_active(False)
            self._preferences.counting_geometry = self.saveGeometry()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):  # no button answers them
            super().keyPressEvent(event)
