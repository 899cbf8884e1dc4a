"""The panel at the right: what was counted on the picture, at which thresholds, by which model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QScrollArea, QToolButton, QVBoxLayout, QWidget

from gui.panels.counts.class_card import ClassPanel, ScaleRow
from gui.panels.counts.estimates import EstimatesSection
from gui.panels.counts.quality import FieldLight
from gui.panels.counts.rule import RuleSection
from gui.workspace.images import State

if TYPE_CHECKING:
    from PySide6.QtWidgets import QLayout

    from gui.commands.actions import Actions
    from gui.workspace.document import Document


class CountPanel(QScrollArea):
    """Counts and thresholds by class, totals of the session, the scale, the model."""

    def __init__(self, document: Document, actions: Actions) -> None:
        super().__init__()
        self._document = document
        self.classes = ClassPanel()
        self.scale_row = ScaleRow()
        self.picture_name = _label("faint")
        self.totals = _label("faint", wrapped=True)
        self.totals.setToolTip("The counts of all counted pictures of this session together")
        document.overview.changed.connect(self.show_totals)
        self.reviewed_button = QToolButton()
        self.reviewed_button.setDefaultAction(actions["reviewed"])
        self.reviewed_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.reviewed_button.setObjectName("reviewed")
        self.since_review = _label("caution", wrapped=True)
        self.since_review.hide()
        self.field_light = FieldLight(document)
        self.rule_section = RuleSection(document, actions)
        self.estimates = EstimatesSection(document, document.laboratory)
        self.reset_button = QPushButton("Suggested thresholds")
        self.reset_button.setToolTip("Go back to the thresholds that the model suggests")
        self.model_name = _label("", "opening …", wrapped=True)
        self.card_button = QPushButton("Model card …")
        self.import_button = QPushButton("Import …")
        self._build()

    def _build(self) -> None:
        self._inside = inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(8)
        column.addWidget(_label("heading", "COUNT"))
        column.addLayout(_row((self.picture_name, 1), (self.reviewed_button, 0)))
        column.addWidget(self.since_review)
        column.addWidget(self.field_light)
        column.addWidget(self.classes)
        column.addWidget(self.totals)
        column.addWidget(self.reset_button)
        column.addWidget(self.rule_section)
        column.addWidget(self.estimates)
        column.addSpacing(4)
        column.addWidget(self.scale_row)
        column.addSpacing(12)
        column.addWidget(_label("heading", "MODEL"))
        column.addWidget(self.model_name)
        column.addLayout(_row((self.card_button, 1), (self.import_button, 1)))
        column.addStretch()
        self.setObjectName("panel")
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(inside)
        inside.installEventFilter(self)

    def minimumSizeHint(self) -> QSize:
        """As wide as what is inside and a scroll bar: nothing is ever cut off at the side."""
        bar, frame = self.verticalScrollBar().sizeHint().width(), 2 * self.frameWidth()
        return QSize(self._inside.minimumSizeHint().width() + bar + frame, 120)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._inside and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)

    def show_picture(self) -> None:
        """Name the current picture, and say how large its red cells are."""
        entry = self._document.current_entry
        if entry is None:
            self.picture_name.setText("No picture is open")
            self.picture_name.setToolTip("")
            self.scale_row.show_diameter(None, None)
            return
        metrics = self.picture_name.fontMetrics()
        self.picture_name.setText(metrics.elidedText(entry.path.name, Qt.TextElideMode.ElideMiddle, 160))
        self.picture_name.setToolTip(str(entry.path))
        cells = self._document.current_cells()
        self.scale_row.show_diameter(entry.diameter, cells.found.diameter if cells else None)

    def show_counts(self) -> None:
        """Show the counts of the current picture at the present settings."""
        document, entry = self._document, self._document.current_entry
        if document.settings is not None and document.model is not None:
            self.classes.show_settings(document.settings, document.model.card.score_floor)
        changed = document.reviews.text(entry) if entry is not None and not document.tally.hides_counts else ""
        self.since_review.setText(changed)
        self.since_review.setVisible(bool(changed))
        state = "could not be counted" if entry is not None and entry.state is State.FAILED else "not counted yet"
        self.classes.show_result(document.result(entry) if entry else None, state)

    @Slot()
    def show_totals(self) -> None:
        """Show the counts of all pictures together."""
        overview, several = self._document.overview, len(self._document.entries) > 1
        self.totals.setVisible(several)
        if several and overview.totals is not None:
            numbers = ", ".join(f"{name} {number:,}" for name, number in overview.totals.items())
            since = f" ({len(overview.outdated):,} changed since)" if overview.outdated else ""
            pictures = f"{overview.pictures:,} pictures; {overview.reviewed:,} reviewed{since}"
            self.totals.setText(f"Session: {numbers} in {pictures}")

    def show_model(self) -> None:
        """Name the model that counts."""
        model = self._document.model
        if model is not None:
            self.model_name.setText(model.card.name)
            self.model_name.setToolTip(str(model.path))

    def enable(self) -> None:
        """Enable what can be done now."""
        entry, model = self._document.current_entry, self._document.model
        self.card_button.setEnabled(model is not None)
        self.reset_button.setEnabled(model is not None)
        self.scale_row.setEnabled(entry is not None and entry.state is State.COUNTED)


def _label(name: str, text: str = "", *, wrapped: bool = False) -> QLabel:
    label = QLabel(text)
    label.setObjectName(name)
    label.setWordWrap(wrapped)
    return label


def _row(*widgets: tuple[QWidget, int]) -> QLayout:
    row = QHBoxLayout()
    for widget, stretch in widgets:
        row.addWidget(widget, stretch)
    return row
