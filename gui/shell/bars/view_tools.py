"""How the image is looked at: small buttons at the lower right, beside the zoom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from gui.widgets.icons import icon
from gui.workspace.view_options import Peek

if TYPE_CHECKING:
    from gui.commands.shortcuts import Actions
    from gui.workspace.view_options import ViewOptions

_SIDE, _ICON = 26, 18
_TOOLS = ("adjust_view", "ruler", "fit")


class ViewTools(QWidget):
    """Peek, adjust, measure and fit, and the zoom. They keep their room while they cannot be used."""

    def __init__(self, actions: Actions, options: ViewOptions) -> None:
        super().__init__()
        self._options = options
        self.zoom = QLabel()
        self.zoom.setFixedWidth(self.zoom.fontMetrics().horizontalAdvance("8888 %") + 24)
        self.zoom.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.peek_button = self._dressed()
        self.peek_button.setIcon(icon("eye"))
        self.peek_button.setText(actions["peek"].text().replace("&", ""))
        self.peek_button.setAccessibleName(self.peek_button.text())
        self.peek_button.setToolTip(actions["peek"].toolTip())
        self.peek_button.pressed.connect(actions["peek"].trigger)
        self.peek_button.released.connect(lambda: options.show_peek(Peek.NOTHING))
        self.buttons = {"peek": self.peek_button}
        for name in _TOOLS:
            self.buttons[name] = self._dressed()
            self.buttons[name].setDefaultAction(actions[name])
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(2)
        for widget in (*self.buttons.values(), self.zoom):
            line.addWidget(widget)
        policy = self.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.setSizePolicy(policy)

    def _dressed(self) -> QToolButton:
        button = QToolButton()
        button.setObjectName("viewTool")
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        button.setIconSize(QSize(_ICON, _ICON))
        button.setFixedSize(_SIDE, _SIDE)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def show_zoom(self, zoom: float) -> None:
        """Show the zoom; 1: pixel for pixel."""
        self.zoom.setText(f"{100 * zoom:.0f} %")
