"""One class in the card: its counts in this image and in the sample, and its threshold. Nothing in it ever moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from core.statistics.intervals import count_more, poisson_interval
from core.text import gettext, ngettext
from gui.widgets.class_names import long_name, plain_name
from gui.widgets.colour import swatch
from gui.widgets.elided import ElidedLabel
from gui.widgets.icons import icon
from gui.widgets.numbers import NumberBox
from gui.widgets.wheel_safe import QuietSlider

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.classes import Palette, Rgb
    from core.counting.count import CountResult, CountSettings, Ledger

_STEPS = 100
_SWATCH, _BESIDE_SWATCH = 12, 6
IMAGE_WIDTH, SAMPLE_WIDTH = 64, 92
"""Of the columns *this image* and *sample*, in pixels: "5,000" and "1,000,000" have room."""

_COUNT_HEIGHT, _LINE_HEIGHT, _CONTROL_HEIGHT = 28, 16, 26
_COMPACT_COUNT, _COMPACT_LINE, _COMPACT_CONTROL = 24, 14, 24
_USUAL_HEIGHT = _COUNT_HEIGHT + 2 * _LINE_HEIGHT + _CONTROL_HEIGHT + 11
_COMPACT_HEIGHT = _COMPACT_COUNT + _COMPACT_LINE + _COMPACT_CONTROL + 6
_PLENTY = 10_000
_LONG_NUMBER = 6  # characters; a longer one is written smaller
_WIDE_INTERVAL = 10_000


class Number(QLabel):
    """A count in a place of fixed size; a dash while there is none, smaller if it is very long."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.setObjectName("count")
        self.setFixedSize(width, _COUNT_HEIGHT)
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.show_number(None)

    def show_number(self, number: int | None) -> None:
        """Show a count."""
        text = "–" if number is None else f"{number:,}"
        kind = "missing" if number is None else "small" if len(text) > _LONG_NUMBER else "usual"
        self.setText(text)
        if self.property("kind") != kind:
            self.setProperty("kind", kind)
            self.style().unpolish(self)
            self.style().polish(self)


class ClassRow(QFrame):
    """Counts and threshold of one class, in a block of fixed height."""

    threshold_changed = Signal(str, float)
    entered = Signal()  # a threshold was typed and confirmed with Enter
    shown_changed = Signal(str, bool)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = name
        self.setObjectName("classRow")
        self.swatch = QLabel()
        self.swatch.setFixedSize(_SWATCH, _COUNT_HEIGHT)
        self.title = ElidedLabel(plain_name(name), Qt.TextElideMode.ElideRight)
        self.title.setObjectName("className")
        self.title.setToolTip(long_name(name))
        self.shown = _eye(name)
        self.shown.toggled.connect(lambda shown: self._on_shown(shown))
        self.count, self.sample = Number(IMAGE_WIDTH), Number(SAMPLE_WIDTH)
        self.interval, self.sample_interval = _interval(IMAGE_WIDTH), _interval(SAMPLE_WIDTH)
        self.interval_name = ElidedLabel(gettext("95 % interval"), Qt.TextElideMode.ElideRight)
        self.interval_name.setObjectName("interval")
        self.interval_name.setFixedHeight(_LINE_HEIGHT)
        self.interval_name.setIndent(_SWATCH + _BESIDE_SWATCH)
        self.slider = QuietSlider(Qt.Orientation.Horizontal)
        self.slider.setObjectName("threshold")
        self.slider.setRange(1, _STEPS - 1)
        self.slider.setPageStep(5)
        self.slider.setFixedHeight(_CONTROL_HEIGHT)
        self.number = NumberBox()
        self.number.setDecimals(2)
        self.number.setSingleStep(0.01)
        self.number.setRange(0.01, 0.99)
        self.number.setFixedSize(IMAGE_WIDTH, _CONTROL_HEIGHT)
        self.number.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.number.setKeyboardTracking(False)
        tip = gettext(
            "Threshold of {name}: candidates of at least this confidence count, in every image of the sample. "
            "Lower finds more cells and more that are none."
        ).format(name=long_name(name))
        for control in (self.slider, self.number):
            control.setAccessibleName(gettext("Threshold of {name}").format(name=long_name(name)))
            control.setToolTip(tip)
        self.slider.valueChanged.connect(lambda step: self.threshold_changed.emit(name, step / _STEPS))
        self.number.valueChanged.connect(lambda value: self.threshold_changed.emit(name, round(value, 2)))
        self.number.lineEdit().returnPressed.connect(self.entered)
        self.ledger = ElidedLabel("", Qt.TextElideMode.ElideRight)
        self.ledger.setObjectName("ledger")
        self._steps, self._included = "", ("", "")
        self.ledger.setFixedHeight(_LINE_HEIGHT)
        self._lay_out()

    def _lay_out(self) -> None:
        title = QHBoxLayout()
        title.setSpacing(_BESIDE_SWATCH)
        title.addWidget(self.swatch)
        title.addWidget(self.title, 1)
        self._grid = layout = QGridLayout(self)
        layout.setHorizontalSpacing(0)
        layout.addLayout(title, 0, 0)
        layout.addWidget(self.count, 0, 1)
        layout.addWidget(self.sample, 0, 2)
        layout.addWidget(self.interval_name, 1, 0)
        layout.addWidget(self.interval, 1, 1)
        layout.addWidget(self.sample_interval, 1, 2)
        threshold = QHBoxLayout()
        threshold.setSpacing(8)
        threshold.addWidget(self.shown)
        threshold.addWidget(self.slider, 1)
        threshold.addWidget(self.number)
        layout.addLayout(threshold, 2, 0, 1, 3)
        layout.addWidget(self.ledger, 3, 0, 1, 3)
        layout.setColumnStretch(0, 1)
        self.set_compact(False)

    def set_compact(self, compact: bool, *, tight: bool = False) -> None:
        """Take less height: the intervals are then only in the tips of the numbers; ``tight``: without any air."""
        for label in (self.interval_name, self.interval, self.sample_interval):
            label.setVisible(not compact)
        for widget in (self.swatch, self.count, self.sample):
            widget.setFixedHeight(_COMPACT_COUNT if compact else _COUNT_HEIGHT)
        for control in (self.slider, self.number):
            control.setFixedHeight(_COMPACT_CONTROL if compact else _CONTROL_HEIGHT)
        self.ledger.setFixedHeight(_COMPACT_LINE if compact else _LINE_HEIGHT)
        self._grid.setContentsMargins(0, 0 if compact else 4, 0, 4 if not compact else 1 if tight else 3)
        self._grid.setVerticalSpacing(0 if compact else 1)
        self._grid.activate()
        self.setFixedHeight(self._grid.sizeHint().height())

    def _on_shown(self, shown: bool) -> None:
        self._show_eye()
        self.shown_changed.emit(self.name, shown)

    def _show_eye(self) -> None:
        self.shown.setIcon(icon("eye" if self.shown.isChecked() else "eye-slash"))

    def show_colour(self, colour: Rgb) -> None:
        """Show the colour that the cells of the class have in the image."""
        self.swatch.setPixmap(swatch(colour).pixmap(_SWATCH, _SWATCH))
        self._show_eye()

    def show_threshold(self, value: float, floor: float) -> None:
        """Move slider and number box to a threshold without saying that it changed."""
        lowest = max(round(floor, 2), 0.01)
        with QSignalBlocker(self.slider), QSignalBlocker(self.number):
            self.slider.setMinimum(round(lowest * _STEPS))
            self.number.setMinimum(lowest)
            self.slider.setValue(round(value * _STEPS))
            self.number.setValue(value)

    def show_count(self, ledger: Ledger | None, mean: float | None) -> None:
        """Show the count in the image, and how it came about; None while there is none."""
        self.count.show_number(None if ledger is None else ledger.total)
        tip = "" if ledger is None else _explanation(ledger.total)
        if ledger is not None and mean is not None:
            tip += "\n" + gettext("Mean confidence of those that the model found: {mean:.2f}.").format(mean=mean)
        _show_interval(self.interval, None if ledger is None else ledger.total, tip)
        self.count.setToolTip(tip)
        corrected = ledger is not None and (ledger.added > 0 or ledger.removed > 0)
        self._steps = _ledger_text(ledger) if ledger is not None and corrected else ""
        self._show_ledger()

    def show_included(self, text: str, explained: str) -> None:
        """Say in a few words what the count of the image includes, and at length that of the sample; "" for nothing."""
        self._included = text, explained
        self._show_ledger()

    def _show_ledger(self) -> None:
        """Show in one line what the count includes, and how it came about."""
        text, explained = self._included
        self.ledger.setText(" · ".join(filter(None, (text, self._steps))))
        self.ledger.setToolTip("\n".join(filter(None, (explained, self._steps))) if explained else "")

    def show_sample(self, total: int | None, images: int) -> None:
        """Show the count in all images of the sample together; None while they are being added up."""
        self.sample.show_number(total)
        tip = ""
        if total is not None:
            tip = ngettext("In {n:,} image of the sample.", "In {n:,} images of the sample.", images).format(n=images)
            tip += "\n" + _explanation(total)
        self.sample.setToolTip(tip)
        _show_interval(self.sample_interval, total, tip)


class ClassRows(QWidget):
    """The blocks of all classes of the model, one below the other."""

    threshold_changed = Signal(str, float)
    entered = Signal()
    shown_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cards: dict[str, ClassRow] = {}
        self._room = _PLENTY
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)

    def set_classes(self, classes: tuple[str, ...], palette: Palette) -> None:
        """Make a block for each class of a model."""
        for card in self.cards.values():
            self._layout.removeWidget(card)
            card.deleteLater()
        self.cards = {}
        for name in classes:
            card = ClassRow(name)
            card.threshold_changed.connect(self.threshold_changed)
            card.entered.connect(self.entered)
            card.shown_changed.connect(lambda *_: self.shown_changed.emit())
            self.cards[name] = card
            self._layout.addWidget(card)
        self.fit(self._room)
        self.set_palette(classes, palette)

    def fit(self, height: int) -> None:
        """Be compact if a height in pixels is not enough for all classes otherwise."""
        self._room = height
        compact = height < len(self.cards) * _USUAL_HEIGHT
        tight = height < len(self.cards) * _COMPACT_HEIGHT
        for card in self.cards.values():
            card.set_compact(compact, tight=tight)

    def set_palette(self, classes: tuple[str, ...], palette: Palette) -> None:
        """Show the colours of a palette."""
        for label, name in enumerate(classes):
            self.cards[name].show_colour(palette.colour(classes, label))

    def controls(self) -> list[QWidget]:
        """Return what takes the keyboard, in the order of Tab."""
        return [part for card in self.cards.values() for part in (card.shown, card.slider, card.number)]

    def set_hidden(self, names: Iterable[str]) -> None:
        """Hide these classes in the image and show the others."""
        hidden = set(names)
        for name, card in self.cards.items():
            card.shown.setChecked(name not in hidden)

    def hidden_classes(self) -> set[str]:
        """Return the names of the classes that are hidden in the image."""
        return {name for name, card in self.cards.items() if not card.shown.isChecked()}

    def show_settings(self, settings: CountSettings, floor: float) -> None:
        """Show the thresholds; ``floor`` is the lowest score that the model hands out."""
        for name, card in self.cards.items():
            card.show_threshold(settings.thresholds[name], floor)

    def show_result(self, result: CountResult | None) -> None:
        """Show the counts of the image that is shown; None while it has none."""
        for name, card in self.cards.items():
            if result is None:
                card.show_count(None, None)
            else:
                card.show_count(result.ledger[name], result.mean_scores[name])

    def show_included(self, name: str, text: str, explained: str) -> None:
        """Say what the counts of a class include, and nothing of the other classes."""
        for card in self.cards.values():
            card.show_included(*((text, explained) if card.name == name else ("", "")))

    def show_totals(self, totals: dict[str, int] | None, images: int) -> None:
        """Show the counts of all images together; None while they are being added up."""
        for name, card in self.cards.items():
            card.show_sample(None if totals is None else totals.get(name), images)


def _eye(name: str) -> QToolButton:
    """Return the switch that shows or hides a class in the image; what it hides still counts."""
    eye = QToolButton()
    eye.setObjectName("eye")
    eye.setCheckable(True)
    eye.setChecked(True)
    eye.setAutoRaise(True)
    eye.setFixedSize(26, _LINE_HEIGHT + 2)
    eye.setIconSize(QSize(16, 16))
    eye.setAccessibleName(gettext("Show {name} in the image").format(name=long_name(name)))
    eye.setToolTip(gettext("Show or hide {name} in the image; hidden cells still count").format(name=long_name(name)))
    return eye


def _interval(width: int) -> QLabel:
    label = QLabel()
    label.setObjectName("interval")
    label.setFixedSize(width, _LINE_HEIGHT)
    label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return label


def _show_interval(label: QLabel, count: int | None, tip: str) -> None:
    """Show between which numbers such a count lies, 95 times of 100."""
    text = ""
    if count is not None:
        low, high = poisson_interval(count)
        text = f"({low:,.0f}–{high:,.0f})" if count < _WIDE_INTERVAL else f"±{(high - low) / 2 / count:.1%}"
    label.setText(text)
    label.setToolTip(tip)


def _explanation(count: int) -> str:
    low, high = poisson_interval(count)
    more = count_more(count)
    enough = (
        ngettext("Count {more:,} more for ±5 %.", "Count {more:,} more for ±5 %.", more).format(more=more)
        if more > 0
        else gettext("That is ±5 % or better.")
    )
    tip = ngettext(
        "{n:,} cell was counted. By chance alone, the number could be {low:,.1f} to {high:,.1f} (95 % interval). "
        "{enough}",
        "{n:,} cells were counted. By chance alone, the number could be {low:,.1f} to {high:,.1f} (95 % interval). "
        "{enough}",
        count,
    )
    return tip.format(n=count, low=low, high=high, enough=enough)


def _ledger_text(ledger: Ledger) -> str:
    steps = "".join(f", {step}" for step in ledger.steps)
    return gettext("model {model:,}{steps} = {total:,}").format(model=ledger.model, steps=steps, total=ledger.total)
