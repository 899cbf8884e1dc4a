"""The form of one kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QColorDialog, QFormLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from core.kinds.tree import Kind, KindError, KindTree, Role
from core.text import gettext
from gui.widgets.class_names import long_name
from gui.widgets.colour import swatch
from gui.widgets.forms import faint, heading
from gui.widgets.wheel_safe import QuietComboBox

if TYPE_CHECKING:
    from typing import Any

_ROLES = {
    Role.OTHER: gettext("None of these"),
    Role.SEGMENTED: gettext("Mature neutrophils"),
    Role.BAND: gettext("Band neutrophils"),
    Role.IMMATURE: gettext("Immature granulocytes"),
    Role.ERYTHROBLAST: gettext("Erythroblasts"),
}


class KindForm(QWidget):
    """Name, key, colour, place and role of a kind; ``changed`` follows each change that makes a valid tree."""

    changed = Signal(object)  # Kind

    def __init__(self) -> None:
        super().__init__()
        self._kind: Kind | None = None
        self._tree = KindTree()
        self.name = QLineEdit()
        self.name.editingFinished.connect(lambda: self._change(name=self.name.text().strip()))
        self.key = QLineEdit()
        self.key.setMaxLength(1)
        self.key.setFixedWidth(44)
        self.key.setPlaceholderText(gettext("none"))
        self.key.editingFinished.connect(lambda: self._change(shortcut=self.key.text().strip().upper()))
        self.colour = QPushButton(gettext("Choose…"))
        self.colour.setAutoDefault(False)
        self.colour.setAccessibleName(gettext("Colour of the kind"))
        self.colour.clicked.connect(lambda *_: self._choose_colour())
        self.parent_box = QuietComboBox()
        self.parent_box.activated.connect(lambda *_: self._change(parent=str(self.parent_box.currentData())))
        self.role = QuietComboBox()
        for role, text in _ROLES.items():
            self.role.addItem(text, role)
        self.role.activated.connect(lambda *_: self._change(role=self.role.currentData()))
        self.problem = QLabel()
        self.problem.setObjectName("caution")
        self.problem.setWordWrap(True)
        self.problem.hide()
        form = QFormLayout()
        form.addRow(gettext("&Name"), self.name)
        form.addRow(gettext("&Key"), self.key)
        form.addRow(gettext("&Colour"), self.colour)
        form.addRow(gettext("Stands &under"), self.parent_box)
        form.addRow(gettext("Counts &as"), self.role)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(heading(gettext("THE CHOSEN KIND")))
        layout.addLayout(form)
        layout.addWidget(
            faint(gettext("What it counts as matters for the neutrophils, erythroblasts and I:T of the differential."))
        )
        layout.addWidget(self.problem)

    def show_kind(self, kind: Kind | None, tree: KindTree, classes: tuple[str, ...]) -> None:
        """Show a kind of a tree, or nothing."""
        self._kind, self._tree = kind, tree
        self.problem.hide()
        self.name.setText("" if kind is None else kind.name)
        self.key.setText("" if kind is None else kind.shortcut)
        self.parent_box.clear()
        if kind is None:
            return
        self.colour.setIcon(swatch(kind.colour))
        below = tree.within(kind.key)
        for name in classes:
            self.parent_box.addItem(long_name(name), name)
            for other in tree.of_class(name):
                if other.key not in below:
                    self.parent_box.addItem(f"    {other.name}", other.key)
        self.parent_box.setCurrentIndex(self.parent_box.findData(kind.parent))
        self.role.setCurrentIndex(list(_ROLES).index(kind.role))

    def _change(self, **changes: Any) -> None:
        """Tell of the changed kind, or say what is wrong with it."""
        kind = self._kind
        if kind is None:
            return
        new = msgspec.structs.replace(kind, **changes)
        if new == kind:
            self.problem.hide()
            return
        try:
            self._tree.check_name(new)
        except KindError as error:
            self.problem.setText(str(error))
            self.problem.show()
            return
        self.changed.emit(new)

    def _choose_colour(self) -> None:
        if self._kind is None:
            return
        dialog = QColorDialog(QColor(*self._kind.colour), self)
        dialog.colorSelected.connect(lambda colour: self._change(colour=(colour.red(), colour.green(), colour.blue())))
        dialog.open()
