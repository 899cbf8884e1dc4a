"""The slim card at the right: counts of this image and of the sample, thresholds, and the way to the next image."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QToolButton, QVBoxLayout, QWidget

from core.counting.quality import Grade
from core.kinds.differential import erythroblasts_text, without_erythroblasts
from core.text import gettext
from gui.panels.counts.class_row import IMAGE_WIDTH, SAMPLE_WIDTH, ClassRows
from gui.panels.counts.field_note import FieldNote
from gui.tasks import Debounce
from gui.widgets.note_button import NoteButton
from gui.widgets.theme import SIDE_WIDTH

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from core.classes import Palette
    from gui.commands.shortcuts import Actions
    from gui.workspace.view_options import ViewOptions
    from gui.workspace.workspace import Workspace

_MARGIN, _GAP = 12, 8
_BUTTON_HEIGHT, _LOW_BUTTON, _NOTE_HEIGHT = 40, 32, 18
_LOW = 440
_REASON_LINES = ((520, 4), (340, 2))
"""From which height of the card, in pixels, the reason of the field's quality has so many lines."""


class CountPanel(QWidget):
    """Everything in it has its place: whatever it shows, nothing moves and the card does not grow."""

    def __init__(self, workspace: Workspace, actions: Actions, options: ViewOptions, palette: Palette) -> None:
        super().__init__()
        self._workspace = workspace
        self._options = options
        self._palette = palette
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(SIDE_WIDTH)
        self.setAccessibleName(gettext("Counts"))
        self.classes = ClassRows()
        self.field_note = FieldNote(workspace)
        self.sample_note = NoteButton(_NOTE_HEIGHT)
        self.sample_note.clicked.connect(lambda *_: actions[self._note_action()].trigger())
        self.next_button = QToolButton()
        self.next_button.setObjectName("primary")
        self.next_button.setDefaultAction(actions["reviewed_next"])
        self.next_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.next_button.setFixedSize(SIDE_WIDTH - 1 - 2 * _MARGIN, _BUTTON_HEIGHT)
        self.settings_button = QPushButton(gettext("Settings…"))
        self.settings_button.setObjectName("link")
        self.settings_button.setAccessibleName(gettext("Counting settings"))
        self.settings_button.setToolTip(actions["counting_settings"].toolTip())
        self.settings_button.setCursor(Qt.CursorShape.PointingHandCursor)
        self.settings_button.clicked.connect(actions["counting_settings"].trigger)
        self._erythroblasts_later = Debounce(0, self._show_erythroblasts, self)
        self._build()
        self._connect()

    def _build(self) -> None:
        self.rows_area = QScrollArea()
        self.rows_area.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # a click on the card leaves the keys with the image
        self.rows_area.setFrameShape(QFrame.Shape.NoFrame)
        self.rows_area.setWidgetResizable(True)
        self.rows_area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(_MARGIN, 0, _MARGIN, 0)
        column.setSpacing(0)
        column.addWidget(self.classes)
        column.addStretch()
        self.rows_area.setWidget(inside)
        foot = self._foot = QVBoxLayout()
        foot.addWidget(self.field_note)
        foot.addWidget(self.sample_note)
        foot.addWidget(self.next_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 0, 0, 0)  # the line at the left edge
        layout.setSpacing(0)
        layout.addLayout(_headings(self.settings_button))
        layout.addWidget(self.rows_area, 1)
        layout.addLayout(foot)
        self._fit_foot(low=False)

    def _connect(self) -> None:
        workspace = self._workspace
        images, settings, counts = workspace.images, workspace.settings, workspace.counts
        self.classes.threshold_changed.connect(settings.set_threshold)
        self.classes.shown_changed.connect(lambda: self._options.hide_classes(self.classes.hidden_classes()))
        self._options.changed.connect(lambda: self.classes.set_hidden(self._options.hidden_classes))
        images.current_changed.connect(self.show_counts)
        images.item_changed.connect(self._on_item)
        counts.changed.connect(self._on_counts)
        counts.totals_changed.connect(self.show_totals)
        images.changed.connect(self.show_totals)
        settings.changed.connect(self.show_counts)
        settings.classes_changed.connect(self._show_classes)
        workspace.inference.model_changed.connect(self.show_counts)
        workspace.store.session_changed.connect(self._show_classes)
        workspace.tally.active_changed.connect(self.show_counts)
        workspace.notes.changed.connect(self.show_note)
        workspace.kinds.differential.changed.connect(self._erythroblasts_later.start_unless_due)
        self._show_classes()
        self.show_note()

    def minimumSizeHint(self) -> QSize:
        """Return little: the classes scroll where there is no room for them."""
        return QSize(SIDE_WIDTH, 240)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.field_note.set_lines(next((lines for least, lines in _REASON_LINES if self.height() >= least), 1))
        self._fit_foot(low=self.height() < _LOW)
        self.classes.fit(self.rows_area.height())

    def _fit_foot(self, *, low: bool) -> None:
        """Leave the classes more room in a low window."""
        gap, margin, height = (_GAP // 2, _MARGIN // 2, _LOW_BUTTON) if low else (_GAP, _MARGIN, _BUTTON_HEIGHT)
        self._foot.setContentsMargins(_MARGIN, gap, _MARGIN, margin)
        self._foot.setSpacing(gap)
        self.next_button.setFixedHeight(height)

    def set_palette(self, palette: Palette) -> None:
        """Show classes in other colours."""
        self._palette = palette
        self.classes.set_palette(self._workspace.settings.classes, palette)

    @Slot(object)
    def _on_item(self, image: int) -> None:
        if image == self._workspace.images.current_id:
            self.show_counts()

    @Slot(object)
    def _on_counts(self, images: frozenset[int]) -> None:
        if self._workspace.images.current_id in images:
            self.show_counts()

    @Slot()
    def show_counts(self) -> None:
        """Show the counts of the image that is shown at the present settings."""
        workspace = self._workspace
        if workspace.settings.value is not None and workspace.inference.model is not None:
            self.classes.show_settings(workspace.settings.value, workspace.inference.model.card.score_floor)
        self.classes.show_result(workspace.counts.current_result())
        self._erythroblasts_later.start_unless_due()

    @Slot()
    def show_totals(self) -> None:
        """Show the counts of all images together; those of a moment ago stay until the sums are complete."""
        counts = self._workspace.counts
        totals = counts.totals if counts.counted_images else None
        if totals is not None or not counts.counted_images:
            self.classes.show_totals(totals, counts.counted_images)

    @Slot()
    def _show_erythroblasts(self) -> None:
        """Say what the counts of white cells are without those that users called erythroblasts."""
        workspace, count = self._workspace, self._workspace.kinds.differential
        name, image, result = count.class_name, workspace.images.current_id, workspace.counts.current_result()
        counted, totals = count.result(), workspace.counts.totals
        if name is None or counted is None or not counted.nucleated_red_cells:
            self.classes.show_included("", "", "")
            return
        text, told = "", list[str]()
        if image is not None and result is not None:
            here, among = result.counts.get(name, 0), count.erythroblasts(image)
            text = without_erythroblasts(here, among)
            told.append(
                gettext("This image: {text}").format(text=erythroblasts_text(name, here, among)) if among else ""
            )
        if totals is not None:
            sentence = erythroblasts_text(name, totals.get(name, 0), counted.nucleated_red_cells)
            told.append(gettext("Sample: {text}").format(text=sentence))
        self.classes.show_included(name, text, "\n".join(filter(None, told)))

    @Slot()
    def show_note(self) -> None:
        """Say what there is to know of the sample as a whole."""
        note = self._workspace.notes.note
        self.sample_note.show_note(note.text, note.explained, Grade.CHECK, quiet=not note.urgent)

    def _note_action(self) -> str:
        return "adapt" if self._workspace.notes.note.adapting else "counting_settings"

    @Slot()
    def _show_classes(self) -> None:
        """Make a block for each class."""
        classes = self._workspace.settings.classes
        if tuple(self.classes.cards) != classes:
            self.classes.set_classes(classes, self._palette)
            self._order_tabs()
        self.classes.set_hidden(self._options.hidden_classes)
        self.show_counts()
        self.show_totals()

    def _order_tabs(self) -> None:
        """Have Tab go from the top to the bottom, although the classes came last."""
        controls = [self.settings_button, *self.classes.controls(), self.sample_note, self.next_button]
        for before, after in pairwise(controls):
            QWidget.setTabOrder(before, after)


def _headings(before: QWidget) -> QHBoxLayout:
    """Return the headings of the two columns of numbers, and what stands before them."""
    row = QHBoxLayout()
    row.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, 0)
    row.setSpacing(0)
    row.addWidget(before)
    row.addStretch(1)
    for text, width in ((gettext("This image"), IMAGE_WIDTH), (gettext("Sample"), SAMPLE_WIDTH)):
        heading = QLabel(text)
        heading.setObjectName("interval")
        heading.setFixedWidth(width)
        heading.setAlignment(Qt.AlignmentFlag.AlignRight)
        row.addWidget(heading)
    return row
