"""The counting method: with a model or without, and how cells that touch are told apart."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QLabel, QRadioButton, QWidget

from core.detection.segmentation.classical import CLASSICAL
from core.models.method import Method
from core.models.network import default_model_path
from core.text import gettext
from gui.dialogs.counting_settings.card import Card, faint
from gui.widgets.class_names import long_name
from gui.widgets.wheel_safe import QuietComboBox

if TYPE_CHECKING:
    from gui.workspace.workspace import Workspace

_MEANINGS = {
    Method.WATERSHED: gettext("Each thick place is a cell: separates cells that touch, of any shape"),
    Method.COMPONENTS: gettext("Each separate piece is a cell: for cells that lie apart"),
    Method.HOUGH: gettext("Each circle of the usual size is a cell: for round cells, overlapping or not"),
}


class MethodCard(Card):
    """With or without a model; for a model that makes masks, the method of each class."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(gettext("Counting method"))
        self._workspace = workspace
        self._last_model: Path | None = None
        self.with_model = QRadioButton(gettext("With a &model"))
        self.with_model.setToolTip(gettext("A network that learned what cells look like; the usual choice"))
        self.without_model = QRadioButton(gettext("&Without a model"))
        self.without_model.setToolTip(gettext("By colour, size and shape alone; to compare, or for unusual stains"))
        self._choice = QButtonGroup(self)
        for button in (self.with_model, self.without_model):
            self._choice.addButton(button)
            self.column.addWidget(button)
        self.with_model.clicked.connect(lambda *_: self._choose(self._last_model or default_model_path()))
        self.without_model.clicked.connect(lambda *_: self._choose(Path(CLASSICAL)))
        self.note = faint(gettext("This model finds each cell as a box; there is nothing to separate."))
        self.methods: dict[str, QuietComboBox] = {}
        self._rows = QWidget()
        self._grid = QGridLayout(self._rows)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setColumnStretch(1, 1)
        self.column.addWidget(self.note)
        self.column.addWidget(self._rows)
        workspace.inference.model_changed.connect(self.refresh)
        workspace.choice.recount_wanted.connect(self.refresh, Qt.ConnectionType.QueuedConnection)
        self.refresh()

    def _choose(self, path: Path) -> None:
        self._workspace.choice.use(path)

    @Slot()
    def refresh(self, *_: object) -> None:
        """Show how is counted; also while a question waits for an answer."""
        model = self._workspace.inference.model
        if model is None:
            return
        without = str(model.path) == CLASSICAL
        if not without:
            self._last_model = model.path
        with QSignalBlocker(self.with_model), QSignalBlocker(self.without_model):
            (self.without_model if without else self.with_model).setChecked(True)
        methods = model.card.methods
        self.note.setVisible(not methods)
        self._rows.setVisible(bool(methods))
        if tuple(self.methods) != tuple(methods):
            self._fill(tuple(methods))
        for name, method in methods.items():
            box = self.methods[name]
            box.setCurrentIndex(box.findData(method.value))
            box.setToolTip(_MEANINGS[method])

    def _fill(self, names: tuple[str, ...]) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        self.methods = {}
        for row, name in enumerate(names):
            box = QuietComboBox()
            box.setAccessibleName(gettext("Counting method of {name}").format(name=long_name(name)))
            for place, (method, meaning) in enumerate(_MEANINGS.items()):
                box.addItem(method.label, method.value)
                box.setItemData(place, meaning, Qt.ItemDataRole.ToolTipRole)
            box.activated.connect(lambda *_, name=name: self._choose_method(name))
            label = QLabel(long_name(name))
            label.setBuddy(box)
            self._grid.addWidget(label, row, 0)
            self._grid.addWidget(box, row, 1)
            self.methods[name] = box

    def _choose_method(self, name: str) -> None:
        self._workspace.choice.use_method(name, Method(self.methods[name].currentData()))
