"""The panel while an image is counted by hand: large running totals, the target, and whether one sees the boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from core.text import gettext, ngettext
from gui.widgets.class_names import long_name, plain_name
from gui.widgets.colour import swatch
from gui.widgets.elided import ElidedLabel
from gui.widgets.numbers import NumberBox
from gui.widgets.theme import SIDE_WIDTH
from gui.widgets.wheel_safe import QuietComboBox

if TYPE_CHECKING:
    from PySide6.QtGui import QMouseEvent

    from core.classes import Palette
    from gui.preferences import Preferences
    from gui.workspace.workspace import Workspace

_USUAL_TARGET = 200
_NOTE_HEIGHT, _DONE_HEIGHT, _TARGET_WIDTH = 38, 32, 72
_HELP = gettext(
    "Click a cell, or point at it and press its number. Right click or Del removes a mark, Ctrl+Z the last one. "
    "Drag to move the image."
)
_BLIND_TIP = gettext(
    "Hide the boxes and counts of the model while you count, to keep your count unbiased. The count is then "
    "recorded as made with the boxes hidden, if they were hidden from its first mark to its last."
)


class TallyRow(QFrame):
    """One class: its key, its marks in this image and in all."""

    chosen = Signal(str)
    absent_changed = Signal(str, bool)

    def __init__(self, name: str, key: str) -> None:
        super().__init__()
        self.name = name
        self.setObjectName("tallyRow")
        self.setToolTip(gettext("Click to mark cells of this class"))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.key = QLabel(key)
        self.key.setObjectName("keycap")
        self.colour = QLabel()
        title = QLabel(long_name(name))
        title.setObjectName("className")
        self.count = QLabel("0")
        self.count.setObjectName("tallyCount")
        self.count.setProperty("missing", False)
        self.count.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.everywhere = QLabel()
        self.everywhere.setObjectName("faint")
        self.everywhere.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.none_here = QCheckBox(gettext("none here"))
        self.none_here.setToolTip(
            gettext("You searched for this class and found no cell of it. Leave it clear if you did not search.")
        )
        _keep_room(self.none_here)
        self.none_here.toggled.connect(lambda checked: self.absent_changed.emit(name, checked))
        layout = QGridLayout(self)
        layout.setContentsMargins(10, 4, 12, 4)
        layout.setHorizontalSpacing(8)
        layout.setVerticalSpacing(2)
        layout.addWidget(self.key, 0, 0)
        layout.addWidget(self.colour, 0, 1)
        layout.addWidget(title, 0, 2)
        layout.addWidget(self.count, 0, 3)
        below = QHBoxLayout()
        below.addWidget(self.none_here)
        below.addWidget(self.everywhere, 1)
        layout.addLayout(below, 1, 0, 1, 4)
        layout.setColumnStretch(2, 1)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.chosen.emit(self.name)
        event.accept()

    def show_armed(self, armed: bool) -> None:
        """Show whether a click marks this class."""
        self.setProperty("armed", armed)
        self.style().unpolish(self)
        self.style().polish(self)

    def show_count(self, count: int, everywhere: int | None, counted: bool) -> None:
        """Show the marks in this image and, if there are several, in all."""
        self.count.setText(f"{count:,}" if counted else "–")
        if self.count.property("missing") is counted:
            self.count.setProperty("missing", not counted)
            self.count.style().unpolish(self.count)
            self.count.style().polish(self.count)
        self.everywhere.setVisible(everywhere is not None)
        self.everywhere.setText(
            "" if everywhere is None else gettext("{everywhere:,} in all images").format(everywhere=everywhere)
        )
        with QSignalBlocker(self.none_here):
            self.none_here.setChecked(counted)
        self.none_here.setVisible(count == 0)


class TallyPanel(QFrame):
    """Takes the place of the count panel while the tally is active. How to count and how to end is always in view."""

    finished = Signal()

    def __init__(self, workspace: Workspace, preferences: Preferences, palette: Palette) -> None:
        super().__init__()
        self._workspace = workspace
        self._preferences = preferences
        self._tally = workspace.tally
        self._palette = palette
        self.rows: dict[str, TallyRow] = {}
        self.picture_name = ElidedLabel()
        self.picture_name.setObjectName("faint")
        self.reached = QLabel()
        self.reached.setObjectName("tallyReached")
        self.outside = QLabel()
        self.outside.setObjectName("caution")
        self.target = NumberBox()
        self.target.setDecimals(0)
        self.target.setRange(1, 100_000)
        self.target.setValue(_USUAL_TARGET)
        self.target.setKeyboardTracking(False)
        self.target.setFixedWidth(_TARGET_WIDTH)
        self.target.setAccessibleName(gettext("Number of cells to stop at"))
        self.target_class = QuietComboBox()
        self.target_class.setAccessibleName(gettext("Class to stop at"))
        self.with_target = QCheckBox(gettext("Stop at"))
        self.with_target.setToolTip(
            gettext("Show a message when this many cells of a class are marked in all images together")
        )
        self.blind = QCheckBox(gettext("Blind: hide what the model found"))
        self.blind.setToolTip(_BLIND_TIP)
        self.not_blind = QLabel(
            gettext("The boxes were seen while this count was made, so it is not recorded as blind.")
        )
        self.not_blind.setObjectName("faint")
        self.sound = QCheckBox(gettext("A sound for each mark"))
        self.sound.setChecked(preferences.tally_sound)
        self.done_button = QPushButton(gettext("Done (T)"))
        self.done_button.setToolTip(
            gettext("Stop counting by hand; your marks are kept as the ground truth of this image")
        )
        for label in (self.reached, self.outside, self.not_blind):
            label.setWordWrap(True)
            label.setFixedHeight(_NOTE_HEIGHT)
            _keep_room(label)
        self._rows_layout = QVBoxLayout()
        self._build()
        self._connect()

    def _build(self) -> None:
        heading = QLabel(gettext("MANUAL COUNT"))
        heading.setObjectName("heading")
        head = QHBoxLayout()
        head.setContentsMargins(12, 8, 12, 8)
        head.setSpacing(8)
        head.addWidget(heading)
        head.addWidget(self.picture_name, 1)
        help_text = QLabel(_HELP)
        help_text.setObjectName("faint")
        help_text.setWordWrap(True)
        target = QHBoxLayout()
        target.addWidget(self.with_target)
        target.addWidget(self.target)
        target.addWidget(self.target_class, 1)
        self._rows_layout.setSpacing(4)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(12, 0, 12, 0)
        column.setSpacing(8)
        column.addLayout(self._rows_layout)
        for widget in (self.reached, help_text, self.sound, self.outside, self.not_blind):
            column.addWidget(widget)
        column.addStretch()
        self.rows_area = QScrollArea()
        self.rows_area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.rows_area.setFrameShape(QFrame.Shape.NoFrame)
        self.rows_area.setWidgetResizable(True)
        self.rows_area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.rows_area.setWidget(inside)
        foot = QVBoxLayout()
        foot.setContentsMargins(12, 8, 12, 12)
        foot.setSpacing(8)
        foot.addLayout(target)
        foot.addWidget(self.blind)
        foot.addWidget(self.done_button)
        self.done_button.setMinimumHeight(_DONE_HEIGHT)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 0, 0, 0)  # the line at the left edge
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(self.rows_area, 1)
        layout.addLayout(foot)
        self.setObjectName("panel")
        self.setFixedWidth(SIDE_WIDTH)
        self.setAccessibleName(gettext("Manual count"))

    def _connect(self) -> None:
        tally, workspace = self._tally, self._workspace
        self.done_button.clicked.connect(lambda *_: self.finished.emit())
        self.blind.toggled.connect(lambda checked: tally.set_options(blind=checked))
        self.sound.toggled.connect(self._set_sound)
        for signal in (self.with_target.toggled, self.target.valueChanged, self.target_class.activated):
            signal.connect(self._set_target)
        for signal in (tally.changed, tally.armed_changed, tally.options_changed, workspace.images.regions_changed):
            signal.connect(self.refresh)
        workspace.truths.changed.connect(self.refresh)
        workspace.settings.classes_changed.connect(self._show_classes)
        tally.active_changed.connect(self.refresh)
        tally.marked.connect(self._on_marked)
        self._show_classes()

    def _on_marked(self) -> None:
        if self._preferences.tally_sound:
            QApplication.beep()

    def _show_classes(self) -> None:
        """Make a row for each class."""
        classes = self._workspace.settings.classes
        for row in self.rows.values():
            self._rows_layout.removeWidget(row)
            row.deleteLater()
        self.rows = {}
        for place, name in enumerate(classes):
            row = TallyRow(name, str(place + 1))
            row.chosen.connect(self._tally.arm)
            row.absent_changed.connect(self._tally.set_absent)
            self.rows[name] = row
            self._rows_layout.addWidget(row)
        with QSignalBlocker(self.target_class):
            self.target_class.clear()
            for name in classes:
                self.target_class.addItem(plain_name(name), name)
            self.target_class.setCurrentIndex(classes.index("WBC") if "WBC" in classes else 0)
        self.set_palette(self._palette)
        self.refresh()

    def set_palette(self, palette: Palette) -> None:
        """Show the colours of a palette."""
        self._palette = palette
        classes = tuple(self.rows)
        for label, name in enumerate(classes):
            self.rows[name].colour.setPixmap(swatch(palette.colour(classes, label)).pixmap(16, 16))

    def _set_sound(self, sound: bool) -> None:
        self._preferences.tally_sound = sound

    def _set_target(self, *_: object) -> None:
        wanted = round(self.target.value()) if self.with_target.isChecked() else 0
        self._tally.set_options(target=wanted, target_class=self.target_class.currentData() if wanted else "")

    def refresh(self, *_: object) -> None:
        """Show the numbers and options as they now are."""
        tally, item, options = self._tally, self._workspace.images.current, self._tally.options
        if not tally.active or item is None:
            return
        self.picture_name.setText(item.path.name)
        several = len(self._workspace.images.items) > 1
        for name, row in self.rows.items():
            row.show_count(tally.count(name), tally.total(name) if several else None, name in tally.truth.classes)
            row.show_armed(name == tally.armed)
        self.reached.setText(tally.target_text())
        self.reached.setVisible(bool(self.reached.text()))
        outside = tally.outside
        self.outside.setText(
            ngettext(
                "{n:,} mark lies outside the counting frame and does not count.",
                "{n:,} marks lie outside the counting frame and do not count.",
                outside,
            ).format(n=outside)
        )
        self.outside.setVisible(outside > 0)
        self.not_blind.setVisible(options.blind and len(tally.truth) > 0 and not tally.truth.blind)
        with QSignalBlocker(self.blind), QSignalBlocker(self.with_target), QSignalBlocker(self.target):
            self.blind.setChecked(options.blind)
            self.with_target.setChecked(options.target > 0)
            if options.target:
                self.target.setValue(options.target)
        with QSignalBlocker(self.target_class):
            place = self.target_class.findData(options.target_class)
            if options.target and place >= 0:
                self.target_class.setCurrentIndex(place)
        self.target.setEnabled(options.target > 0)
        self.target_class.setEnabled(options.target > 0)


def _keep_room(widget: QWidget) -> None:
    """Have a widget keep its room while it is hidden: what comes and goes must not move the rest."""
    policy = widget.sizePolicy()
    policy.setRetainSizeWhenHidden(True)
    widget.setSizePolicy(policy)
