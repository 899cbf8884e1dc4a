"""The laboratory's own fields of the sample: shown in the head line, filled in where they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtWidgets import QFormLayout, QFrame, QLineEdit, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from core.text import gettext
from gui.widgets.forms import faint
from gui.widgets.theme import SPACE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtCore import QSize
    from PySide6.QtGui import QHideEvent, QResizeEvent

    from gui.preferences import Preferences
    from gui.workspace.sample import Sample

_WIDTH = 320
_MARGINS, _SLACK = 20, 4


class FieldsButton(QPushButton):
    """Says the fields in one line, shortened where there is no room; a click opens them."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("details")
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._all = ""

    def show_fields(self, fields: Sequence[tuple[str, str]]) -> None:
        """Show the fields that are filled in."""
        self._all = " · ".join(f"{name}: {text}" for name, text in fields) or gettext("Add details")
        self.setToolTip(self._all if fields else gettext("Patient, ward, or whatever your laboratory notes"))
        self.setAccessibleName(gettext("Details of the sample: {fields}").format(fields=self._all))
        self.updateGeometry()
        self._show()

    def set_low(self, low: bool) -> None:
        """Take less height, to stand below another line."""
        if bool(self.property("low")) is not low:
            self.setProperty("low", low)
            self.style().unpolish(self)
            self.style().polish(self)
            self.updateGeometry()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show()

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        hint.setWidth(self.fontMetrics().horizontalAdvance(self._all) + _MARGINS + _SLACK)
        return hint

    def minimumSizeHint(self) -> QSize:
        hint = super().minimumSizeHint()
        hint.setWidth(0)
        return hint

    def _show(self) -> None:
        text = self.fontMetrics().elidedText(self._all, Qt.TextElideMode.ElideRight, max(self.width() - _MARGINS, 0))
        self.setText(text.replace("&", "&&"))


class FieldsPopup(QFrame):
    """The fields, one below the other; what was typed is taken when it closes."""

    preferences_wanted = Signal()

    def __init__(self, sample: Sample, preferences: Preferences, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("popup")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._sample = sample
        self.edits: dict[str, QLineEdit] = {}
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setVerticalSpacing(SPACE[1])
        filled = dict(sample.fields)
        for name in dict.fromkeys([*preferences.report_fields, *filled]):
            edit = self.edits[name] = QLineEdit(filled.get(name, ""))
            edit.setAccessibleName(name)
            edit.returnPressed.connect(self.close)
            form.addRow(name, edit)
        self.name_button = QPushButton(gettext("Name the fields in Preferences…"))
        self.name_button.clicked.connect(self._on_preferences)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE[3], SPACE[3], SPACE[3], SPACE[3])
        layout.setSpacing(SPACE[2])
        if not self.edits:
            layout.addWidget(faint(gettext("Your laboratory has no fields of its own yet, such as Patient or Ward.")))
        layout.addLayout(form)
        layout.addWidget(self.name_button)
        self.setFixedWidth(_WIDTH)

    def open_below(self, button: QWidget) -> None:
        """Open below a button, with the keyboard in the first field."""
        self.adjustSize()
        self.move(button.mapToGlobal(QPoint(0, button.height() + SPACE[0])))
        self.show()
        first = next(iter(self.edits.values()), self.name_button)
        first.setFocus(Qt.FocusReason.PopupFocusReason)

    @Slot()
    def _on_preferences(self) -> None:
        self.close()
        self.preferences_wanted.emit()

    def hideEvent(self, event: QHideEvent) -> None:
        texts = ((name, edit.text().strip()) for name, edit in self.edits.items())
        self._sample.set_fields(tuple((name, text) for name, text in texts if text))
        super().hideEvent(event)
