"""The laboratory's own values, from which estimates are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QGridLayout, QLabel

from core.text import gettext
from gui.dialogs.counting_settings.card import Card, faint
from gui.widgets.numbers import NumberEdit

if TYPE_CHECKING:
    from gui.workspace.workspace import Workspace

_INPUTS = (
    (
        "analyser_rbc",
        gettext("Red cells by the analyser"),
        "×10¹²/L",
        gettext("Red cells of the same blood, as your analyser measured them"),
    ),
    (
        "field_factor",
        gettext("Platelets per field"),
        "×10⁹/L",
        gettext("Your laboratory's own factor: platelets in 10⁹/L for one platelet in a field. There is no usual one."),
    ),
    (
        "micrometres_per_pixel",
        gettext("Scale"),
        gettext("µm per pixel"),
        gettext("From a stage micrometer, photographed with the same objective"),
    ),
)
_LARGEST = 1e6


class LaboratoryCard(Card):
    """What some estimates in the results need; each may stay empty."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(gettext("For estimates in the results"))
        self._workspace = workspace
        self.inputs: dict[str, NumberEdit] = {}
        self.column.addWidget(faint(gettext("Optional. Each estimate appears once its value is here.")))
        form = QGridLayout()
        form.setColumnStretch(0, 1)
        for row, (name, label, unit, tip) in enumerate(_INPUTS):
            box = NumberEdit(largest=_LARGEST)
            box.setToolTip(tip)
            box.setAccessibleName(f"{label}, {unit}")
            box.setMaximumWidth(90)
            box.given.connect(lambda value, name=name: workspace.estimates.set_input(name, value or None))
            caption = QLabel(label)
            caption.setBuddy(box)
            caption.setToolTip(tip)
            self.inputs[name] = box
            for column, widget in enumerate((caption, box, QLabel(unit))):
                form.addWidget(widget, row, column)
        self.column.addLayout(form)
        workspace.estimates.changed.connect(self.refresh)
        workspace.store.session_changed.connect(self.refresh)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show the values of the session."""
        for name, box in self.inputs.items():
            box.set_value(getattr(self._workspace.estimates.inputs, name))
            box.setEnabled(self._workspace.store.writable)
