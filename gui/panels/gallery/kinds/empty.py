"""What is shown while there are no kinds: what they are for, and how to begin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from core.classes import PLATELETS, RED_CELL, WHITE_CELL
from core.text import gettext
from gui.widgets.layout.answers import AnswerButton

if TYPE_CHECKING:
    from collections.abc import Collection

_WIDTH = 560
_SETS = {
    WHITE_CELL: (
        gettext("White cells: differential"),
        gettext("Neutrophils, lymphocytes, monocytes, eosinophils, basophils, immature cells, erythroblasts"),
    ),
    RED_CELL: (gettext("Red cell shapes"), gettext("Normal, spherocyte, target cell, sickle cell, schistocyte …")),
    PLATELETS: (gettext("Platelets"), gettext("Normal, giant platelet, clump")),
}


class EmptyKinds(QScrollArea):
    """Offers the ready sets, kinds of one's own, and what was taught before."""

    ready_chosen = Signal(str)  # class
    own_wanted = Signal()
    set_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("piles")
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        title = QLabel(gettext("Which kinds of cells are there?"))
        title.setObjectName("title")
        text = QLabel(
            gettext(
                "Say of a few cells of each kind what they are. The program sorts the others into piles, and tells how "
                "sure it is and how well it does. You accept a pile or correct it: what you did not confirm stays a "
                "suggestion."
            )
        )
        text.setObjectName("faint")
        for label in (title, text):
            label.setWordWrap(True)
        self.ready = {name: AnswerButton(*about) for name, about in _SETS.items()}
        for name, button in self.ready.items():
            button.clicked.connect(lambda *_, name=name: self.ready_chosen.emit(name))
        self.set_button = AnswerButton(
            gettext("Teaching sets…"), gettext("What was taught in other samples sorts this one at once")
        )
        self.set_button.clicked.connect(lambda *_: self.set_wanted.emit())
        self.own_button = AnswerButton(gettext("Own kinds…"), gettext("Name them, with keys and colours of your own"))
        self.own_button.clicked.connect(lambda *_: self.own_wanted.emit())
        inside, middle = QWidget(), QWidget()
        middle.setFixedWidth(_WIDTH)
        column = QVBoxLayout(middle)
        column.setSpacing(10)
        for widget in (title, text, *self.ready.values(), self.set_button, self.own_button):
            column.addWidget(widget)
        outer = QVBoxLayout(inside)
        outer.addStretch(1)
        line = QHBoxLayout()  # an alignment would leave wrapped lines too little height
        line.addStretch()
        line.addWidget(middle)
        line.addStretch()
        outer.addLayout(line)
        outer.addStretch(2)
        self.setWidget(inside)

    def show_classes(self, classes: Collection[str], *, writable: bool) -> None:
        """Offer the sets of these classes; nothing can be chosen in a session that is only read."""
        for name, button in self.ready.items():
            button.setVisible(name in classes)
            button.setEnabled(writable)
        self.set_button.setEnabled(writable)
        self.own_button.setEnabled(writable)
