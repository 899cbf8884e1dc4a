"""The panel on the right: for each class its count, mean probability and threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from core.models.method import Method
from core.statistics.intervals import count_more, poisson_interval
from core.text import gettext, ngettext
from gui.widgets.class_names import long_name
from gui.widgets.colour import swatch
from gui.widgets.numbers import NumberBox
from gui.widgets.wheel_safe import QuietComboBox, QuietSlider

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.classes import Palette, Rgb
    from core.counting.count import CountResult, CountSettings, Ledger
    from core.models.card import ModelCard

_STEPS = 100

_MEANINGS = {
    Method.WATERSHED: gettext("Each thick place is a cell: separates cells that touch, of any shape"),
    Method.COMPONENTS: gettext("Each separate piece is a cell: for cells that lie apart"),
    Method.HOUGH: gettext("Each circle of the usual size is a cell: for round cells, overlapping or not"),
}


class ClassCard(QFrame):
    """Count and threshold of one class."""

    threshold_changed = Signal(str, float)
    shown_changed = Signal(str, bool)
    method_chosen = Signal(str, object)  # class name, Method

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = name
        self.setObjectName("card")
        title = long_name(name)
        self.shown = QCheckBox(title)
        self.shown.setObjectName("className")
        self.shown.setChecked(True)
        self.shown.setToolTip(gettext("Show or hide {name} in the image").format(name=title))
        self.shown.toggled.connect(self._on_shown)
        self.count = QLabel("–")
        self.count.setObjectName("count")
        self.count.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.interval = QLabel()
        self.interval.setObjectName("interval")
        self.interval.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.mean = QLabel(" ")
        self.mean.setObjectName("faint")
        self.ledger = QLabel()
        self.ledger.setObjectName("ledger")
        self.ledger.setToolTip(gettext("What the model counts at this threshold, and what you changed"))
        self.ledger.hide()
        caption = QLabel(gettext("Threshold"))
        caption.setObjectName("faint")
        self.slider = QuietSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(1, _STEPS - 1)
        self.slider.setPageStep(5)
        self.slider.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.slider.setAccessibleName(gettext("Threshold of {name}").format(name=title))
        self.slider.valueChanged.connect(lambda step: self.threshold_changed.emit(name, step / _STEPS))
        self.number = NumberBox()
        self.number.setDecimals(2)
        self.number.setSingleStep(0.01)
        self.number.setRange(0.01, 0.99)
        self.number.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.number.setKeyboardTracking(False)
        self.number.setAccessibleName(self.slider.accessibleName())
        self.number.valueChanged.connect(lambda value: self.threshold_changed.emit(name, round(value, 2)))
        layout = QGridLayout(self)
        layout.setContentsMargins(12, 8, 12, 10)
        layout.setVerticalSpacing(4)
        layout.addWidget(self.shown, 0, 0, 1, 2)
        layout.addWidget(self.count, 0, 2)
        layout.addWidget(self.mean, 1, 0, 1, 2)
        layout.addWidget(self.interval, 1, 2)
        layout.addWidget(self.ledger, 2, 0, 1, 3)
        layout.addWidget(caption, 3, 0)
        layout.addWidget(self.slider, 3, 1)
        layout.addWidget(self.number, 3, 2)
        layout.setColumnStretch(1, 1)
        self.method_caption = QLabel(gettext("Counted by"))
        self.method_caption.setObjectName("faint")
        self.method = QuietComboBox()
        self.method.setAccessibleName(gettext("Counting method of {name}").format(name=title))
        for place, (method, meaning) in enumerate(_MEANINGS.items()):
            self.method.addItem(method.label, method.value)
            self.method.setItemData(place, meaning, Qt.ItemDataRole.ToolTipRole)
        self.method.activated.connect(lambda *_: self.method_chosen.emit(name, Method(self.method.currentData())))
        layout.addWidget(self.method_caption, 4, 0)
        layout.addWidget(self.method, 4, 1, 1, 2)
        self.show_method(None)

    def show_method(self, method: Method | None) -> None:
        """Show how the masks of the class are counted; nothing if the model makes no masks."""
        for widget in (self.method_caption, self.method):
            widget.setVisible(method is not None)
        if method is not None:
            self.method.setToolTip(_MEANINGS[method])
            self.method.setCurrentIndex(self.method.findData(method.value))

    def _on_shown(self, shown: bool) -> None:
        self.shown_changed.emit(self.name, shown)

    def show_threshold(self, value: float, floor: float) -> None:
        """Move slider and number box to a threshold without saying that it changed."""
        lowest = max(round(floor, 2), 0.01)
        with QSignalBlocker(self.slider), QSignalBlocker(self.number):
            self.slider.setMinimum(round(lowest * _STEPS))
            self.number.setMinimum(lowest)
            self.slider.setValue(round(value * _STEPS))
            self.number.setValue(value)

    def show_count(self, ledger: Ledger | None, mean: float | None, state: str) -> None:
        """Show a count, how it came about, and its mean probability; or the state of an uncounted picture."""
        self.count.setText("–" if ledger is None else str(ledger.total))
        self._show_interval(None if ledger is None else ledger.total)
        found = (
            gettext("none found by the model")
            if mean is None
            else gettext("mean probability {mean:.2f}").format(mean=mean)
        )
        self.mean.setText(state if ledger is None else found)
        corrected = ledger is not None and (ledger.added > 0 or ledger.removed > 0)
        self.ledger.setVisible(corrected)
        if ledger is not None and corrected:
            added = gettext(", +{n} added").format(n=ledger.added) if ledger.added else ""
            removed = gettext(", \N{MINUS SIGN}{n} removed").format(n=ledger.removed) if ledger.removed else ""
            self.ledger.setText(
                gettext("model {model}{added}{removed} = {total}").format(
                    model=ledger.model, added=added, removed=removed, total=ledger.total
                )
            )

    def _show_interval(self, count: int | None) -> None:
        """Show between which numbers the count of such a field lies, 95 times of 100."""
        self.interval.setVisible(count is not None)
        if count is None:
            return
        low, high = poisson_interval(count)
        self.interval.setText(f"({low:.0f}–{high:.0f})")
        more = count_more(count)
        enough = (
            gettext("Count {more:,} more for ±5 %.").format(more=more)
            if more > 0
            else gettext("That is ±5 % or better.")
        )
        tip = (
            ngettext(
                "{n:,} cell was counted. By chance alone, the number could be {low:.1f} to {high:.1f} "
                "(95 % Poisson interval). {enough}",
                "{n:,} cells were counted. By chance alone, the number could be {low:.1f} to {high:.1f} "
                "(95 % Poisson interval). {enough}",
                count,
            )
        ).format(n=count, low=low, high=high, enough=enough)
        self.count.setToolTip(tip)
        self.interval.setToolTip(tip)

    def show_colour(self, colour: Rgb) -> None:
        """Show the colour that the boxes of the class have."""
        self.shown.setIcon(swatch(colour))


class ClassPanel(QWidget):
    """The cards of all classes of the model."""

    threshold_changed = Signal(str, float)
    shown_changed = Signal()
    method_chosen = Signal(str, object)  # class name, Method

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cards: dict[str, ClassCard] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(8)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)

    def set_classes(self, classes: tuple[str, ...], palette: Palette) -> None:
        """Make a card for each class of a model."""
        for card in self.cards.values():
            self._layout.removeWidget(card)
            card.deleteLater()
        self.cards = {}
        for name in classes:
            card = ClassCard(name)
            card.threshold_changed.connect(self.threshold_changed)
            card.shown_changed.connect(lambda *_: self.shown_changed.emit())
            card.method_chosen.connect(self.method_chosen)
            self.cards[name] = card
            self._layout.addWidget(card)
        self.set_palette(classes, palette)

    def set_palette(self, classes: tuple[str, ...], palette: Palette) -> None:
        """Show the colours of a palette."""
        for label, name in enumerate(classes):
            self.cards[name].show_colour(palette.colour(classes, label))

    def set_hidden(self, names: Iterable[str]) -> None:
        """Hide the boxes of these classes and show those of the others."""
        hidden = set(names)
        for name, card in self.cards.items():
            card.shown.setChecked(name not in hidden)

    def hidden_classes(self) -> set[str]:
        """Return the names of the classes whose boxes are hidden."""
        return {name for name, card in self.cards.items() if not card.shown.isChecked()}

    def show_settings(self, settings: CountSettings, floor: float) -> None:
        """Show the thresholds; ``floor`` is the lowest score that the model hands out."""
        for name, card in self.cards.items():
            card.show_threshold(settings.thresholds[name], floor)

    def show_methods(self, card: ModelCard) -> None:
        """Show how the masks of a segmentation model are counted, by class."""
        for name, panel in self.cards.items():
            panel.show_method(card.methods.get(name))

    def show_result(self, result: CountResult | None, state: str = gettext("not counted yet")) -> None:
        """Show the counts of the current image, or its ``state`` while there are none."""
        for name, card in self.cards.items():
            if result is None:
                card.show_count(None, None, state)
            else:
                card.show_count(result.ledger[name], result.mean_scores[name], state)


class ScaleRow(QWidget):
    """The red cell size of the current image: estimated, or set by hand."""

    diameter_set = Signal(object)  # float | None

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.by_hand = QCheckBox(gettext("Red cell size by hand"))
        self.by_hand.setToolTip(
            gettext("Normally estimated from the image. Set it where the boxes have the wrong size.")
        )
        self.number = NumberBox()
        self.number.setDecimals(0)
        self.number.setRange(8, 500)
        self.number.setSuffix(" px")
        self.number.setKeyboardTracking(False)
        self.number.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.number.setAccessibleName(gettext("Red cell diameter in pixels"))
        self.by_hand.toggled.connect(self._on_changed)
        self.number.valueChanged.connect(self._on_changed)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.by_hand, 1)
        layout.addWidget(self.number)

    def _on_changed(self, *_: object) -> None:
        self.number.setEnabled(self.by_hand.isChecked())
        self.diameter_set.emit(self.number.value() if self.by_hand.isChecked() else None)

    def show_diameter(self, set_by_hand: float | None, found: float | None) -> None:
        """Show the size set by hand, or else the estimated one."""
        with QSignalBlocker(self.by_hand), QSignalBlocker(self.number):
            self.by_hand.setChecked(set_by_hand is not None)
            self.number.setEnabled(set_by_hand is not None)
            value = set_by_hand or found
            self.number.setSpecialValueText("" if value is not None else "–")
            self.number.setValue(self.number.minimum() if value is None else round(value))
