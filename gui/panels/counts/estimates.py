"""Ratios and estimates in the panel, folded away until they are wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from core.counting.estimates import Span, numbers
from core.text import gettext
from gui.tasks import Debounce
from gui.widgets.collapsible import Section
from gui.widgets.numbers import NumberEdit
from gui.widgets.wheel_safe import QuietComboBox

if TYPE_CHECKING:
    from core.counting.estimates import Figure
    from gui.workspace.workspace import Workspace

_INPUTS = (
    (
        "analyser_rbc",
        gettext("Analyser's RBC"),
        "×10¹²/L",
        gettext("Red cells of the same blood, as your analyser measured them"),
    ),
    (
        "field_factor",
        gettext("Per field"),
        "×10⁹/L",
        gettext("Your laboratory's own factor: platelets in 10⁹/L for one platelet in a field. There is no usual one."),
    ),
    (
        "micrometres_per_pixel",
        "Scale",
        gettext("µm per pixel"),
        gettext("From a stage micrometer, photographed with the same objective"),
    ),
)
_SETTLE_MS = 150
_LARGEST = 1e6


class EstimatesSection(Section):
    """The figures of this image or of all, and the inputs that some of them need."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(gettext("Ratios and estimates"))
        self._workspace = workspace
        self._estimates = workspace.estimates
        self.scope = QuietComboBox()
        self.scope.setAccessibleName(gettext("Which images the estimates are of"))
        self.scope.addItems([gettext("This image"), gettext("All images")])
        self.figures: dict[str, str] = {}
        self.inputs: dict[str, NumberEdit] = {}
        self._lines = QWidget()
        self._grid = QGridLayout(self._lines)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(1)
        self.column.addWidget(self.scope)
        self.column.addWidget(self._lines)
        self.column.addLayout(self._input_form())
        self._settle = Debounce(_SETTLE_MS, self.refresh, self)
        self.opened.connect(lambda _: self.refresh())
        self.scope.activated.connect(lambda _: self.refresh())
        workspace.estimates.changed.connect(self._show_inputs)
        for signal in (workspace.images.current_changed, workspace.counts.changed, workspace.counts.totals_changed):
            signal.connect(lambda *_: self._settle.start())

    def _input_form(self) -> QGridLayout:
        form = QGridLayout()
        form.setContentsMargins(0, 4, 0, 0)
        form.setVerticalSpacing(4)
        for row, (name, label, unit, tip) in enumerate(_INPUTS):
            box = NumberEdit(largest=_LARGEST)
            box.setToolTip(f"{tip} ({unit})")
            box.setAccessibleName(f"{label}, {unit}")
            box.given.connect(lambda value, name=name: self._estimates.set_input(name, value or None))
            self.inputs[name] = box
            for column, widget in enumerate((QLabel(label), box, QLabel(unit))):
                form.addWidget(widget, row, column)
        return form

    def _show_inputs(self) -> None:
        for name, box in self.inputs.items():
            value = getattr(self._estimates.inputs, name)
            box.set_value(value)
            box.setEnabled(self._workspace.store.writable)
        self.refresh()

    def refresh(self) -> None:
        """Show the figures, if they are in view."""
        if not self.is_open:
            return
        several = len(self._workspace.images.items) > 1
        self.scope.setVisible(several)
        everywhere = several and self.scope.currentIndex() == 1
        figures = self._estimates.figures(everywhere=everywhere)
        self.figures = {figure.what: _text(figure) for figure in figures}
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for row, figure in enumerate(figures):
            name, value = QLabel(figure.what), QLabel(_text(figure))
            name.setObjectName("faint")
            value.setObjectName("figureValue")
            value.setContentsMargins(0, 0, 0, 4)
            for place, label in enumerate((name, value)):
                label.setWordWrap(True)
                label.setToolTip(_tip(figure))
                self._grid.addWidget(label, 2 * row + place, 0)


def _text(figure: Figure) -> str:
    if figure.value is None:
        return gettext("no red cells")
    if figure.ends is None:
        return f"{figure.value:+.0f} {figure.unit}".replace("-", "\N{MINUS SIGN}")
    value, low, high = numbers(figure.value, *figure.ends)
    return f"{value} ({low}–{high}) {figure.unit}".rstrip()


def _tip(figure: Figure) -> str:
    if figure.ends is None:
        return ""
    text = (
        gettext("In brackets: {span} from the number of counted cells")
        if figure.span is Span.INTERVAL
        else gettext("In brackets: {span}, of those that the image shows whole")
    )
    return text.format(span=figure.span)
