"""The thresholds: what lies behind each, and what moving it does to the sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from core.text import gettext, ngettext
from gui.dialogs.counting_settings.card import Card, faint
from gui.widgets.class_names import long_name
from gui.widgets.colour import swatch
from gui.widgets.numbers import NumberBox
from gui.widgets.plots.histogram import HistogramSlider

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.classes import Palette, Rgb
    from gui.workspace.workspace import Workspace

_STEPS = 100
_DOT = 14
_TIP = gettext(
    "The model gives every cell that it finds a probability. Cells from the threshold on count: a lower threshold "
    "counts more cells, and more that are none. The bars show how many cells of the sample have which probability."
)


class ThresholdRow(QWidget):
    """One class: the histogram of its probabilities, its threshold, and its count in the sample."""

    moved = Signal(str, float)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self._before: tuple[int, float] | None = None
        title = long_name(name)
        self.swatch = QLabel()
        caption = QLabel(title)
        caption.setObjectName("className")
        self.effect = QLabel()
        self.effect.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.effect.setToolTip(gettext("All counted images of the sample together, and what has changed since"))
        self.histogram = HistogramSlider()
        self.histogram.setToolTip(_TIP)
        self.slider = self.histogram.slider
        self.slider.setRange(1, _STEPS - 1)
        self.slider.setAccessibleName(gettext("Threshold of {name}").format(name=title))
        self.slider.valueChanged.connect(lambda step: self.moved.emit(name, step / _STEPS))
        self.number = NumberBox()
        self.number.setDecimals(2)
        self.number.setSingleStep(0.01)
        self.number.setRange(0.01, 0.99)
        self.number.setKeyboardTracking(False)
        self.number.setToolTip(_TIP)
        self.number.setAccessibleName(self.slider.accessibleName())
        self.number.valueChanged.connect(lambda value: self.moved.emit(name, round(value, 2)))
        self.usual = faint()
        self.usual.setWordWrap(False)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 4, 0, 4)
        layout.setHorizontalSpacing(8)
        layout.setVerticalSpacing(2)
        layout.addWidget(self.swatch, 0, 0)
        layout.addWidget(caption, 0, 1)
        layout.addWidget(self.effect, 0, 2, 1, 2)
        layout.addWidget(self.histogram, 1, 0, 1, 3)
        layout.addWidget(self.number, 1, 3, Qt.AlignmentFlag.AlignBottom)
        layout.addWidget(self.usual, 2, 0, 1, 4)
        layout.setColumnStretch(2, 1)

    def show_colour(self, colour: Rgb) -> None:
        """Show the colour of the class."""
        self.swatch.setPixmap(swatch(colour).pixmap(_DOT, _DOT))
        self.histogram.show_colour(QColor(*colour))

    def show_threshold(self, value: float, floor: float, usual: float | None) -> None:
        """Show a threshold, the lowest possible one, and the model's own."""
        lowest = max(round(floor, 2), 0.01)
        with QSignalBlocker(self.slider), QSignalBlocker(self.number):
            self.slider.setMinimum(round(lowest * _STEPS))
            self.number.setMinimum(lowest)
            self.slider.setValue(round(value * _STEPS))
            self.number.setValue(value)
        self.histogram.show_usual(None if usual is None else round(usual * _STEPS))

    def show_origin(self, text: str) -> None:
        """Say where the threshold comes from."""
        self.usual.setText(text)

    def show_total(self, total: int | None, threshold: float) -> None:
        """Show the count of the sample, and how it differs from the one that the page began with."""
        if total is None:
            self.effect.setText(gettext("counting…") if self._before is None else self.effect.text())
            return
        if self._before is None:
            self._before = total, threshold
        text = gettext("<b>{total:,}</b> in the sample").format(total=total)
        change = total - self._before[0]
        if change:
            more = (
                ngettext("{n:,} more than at {threshold:.2f}", "{n:,} more than at {threshold:.2f}", change)
                if change > 0
                else ngettext("{n:,} fewer than at {threshold:.2f}", "{n:,} fewer than at {threshold:.2f}", -change)
            )
            text += gettext(", {change}").format(change=more.format(n=abs(change), threshold=self._before[1]))
        self.effect.setText(text)

    def begin(self) -> None:
        """Compare with the present count from now on."""
        self._before = None


class ThresholdCard(Card):
    """The thresholds of all classes."""

    def __init__(self, workspace: Workspace, palette: Palette) -> None:
        self.reset_button = QPushButton(gettext("&Reset to model defaults"))
        self.reset_button.setToolTip(gettext("Go back to the thresholds that the model suggests"))
        super().__init__(gettext("Thresholds"), self.reset_button)
        self._workspace = workspace
        self._palette = palette
        self.rows: dict[str, ThresholdRow] = {}
        self._rows = QVBoxLayout()
        self.column.addWidget(
            faint(gettext("Cells with at least this probability count, in all images of the sample."))
        )
        self.column.addLayout(self._rows)
        self.reset_button.clicked.connect(lambda *_: workspace.settings.reset_thresholds())
        workspace.settings.classes_changed.connect(self._fill)
        workspace.settings.changed.connect(self.refresh)
        workspace.inference.model_changed.connect(self._begin)
        workspace.store.session_changed.connect(self._begin)
        workspace.history.changed.connect(self._show_origins)
        workspace.profiles.changed.connect(self._show_origins)
        workspace.counts.totals_changed.connect(self._show_totals)
        workspace.scores.changed.connect(self._show_histograms)
        self._fill()

    def set_palette(self, palette: Palette) -> None:
        """Show classes in other colours."""
        self._palette = palette
        classes = self._workspace.settings.classes
        for label, name in enumerate(classes):
            self.rows[name].show_colour(palette.colour(classes, label))

    @Slot()
    def _begin(self) -> None:
        """Compare with the present counts from now on."""
        for row in self.rows.values():
            row.begin()
        self.refresh()

    @Slot()
    def _fill(self) -> None:
        """Make a row for each class."""
        for row in self.rows.values():
            self._rows.removeWidget(row)
            row.deleteLater()
        self.rows = {name: ThresholdRow(name) for name in self._workspace.settings.classes}
        for row in self.rows.values():
            row.moved.connect(self._workspace.settings.set_threshold)
            self._rows.addWidget(row)
        self.set_palette(self._palette)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show the thresholds as they are."""
        settings, model = self._workspace.settings.value, self._workspace.inference.model
        usual: Mapping[str, float] = model.card.thresholds if model is not None else {}
        self.reset_button.setEnabled(settings is not None and dict(usual) != dict(settings.thresholds))
        if settings is None:
            return
        for name, row in self.rows.items():
            floor = model.card.score_floor if model is not None else 0.01
            row.show_threshold(settings.thresholds[name], floor, usual.get(name))
        self._show_origins()
        self._show_totals()
        self._show_histograms()

    @Slot()
    def _show_origins(self) -> None:
        settings, model = self._workspace.settings.value, self._workspace.inference.model
        if settings is None or not self.isVisible():
            return
        for name, row in self.rows.items():
            own = model.card.thresholds.get(name) if model is not None else None
            text = self._workspace.profiles.origin(name) or self._workspace.verified_thresholds.origin(name)
            if own is not None and own == settings.thresholds[name]:
                text = gettext("As the model suggests.")
            elif not text and own is not None:
                text = gettext("Set by hand; the model suggests {own:.2f} (▾).").format(own=own)
            row.show_origin(text)

    @Slot()
    def _show_totals(self) -> None:
        settings, totals = self._workspace.settings.value, self._workspace.counts.totals
        for name, row in self.rows.items():
            counted = self._workspace.counts.counted_images > 0
            total = totals.get(name) if totals is not None and counted else None
            if settings is not None:
                row.show_total(total, settings.thresholds.get(name, 0.0))
            if not counted:
                row.effect.setText(gettext("nothing counted yet"))

    @Slot()
    def _show_histograms(self) -> None:
        for name, row in self.rows.items():
            row.histogram.show_bins(self._workspace.scores.of(name))

    def on_shown(self) -> None:
        """Begin anew when the page is opened."""
        self._begin()
