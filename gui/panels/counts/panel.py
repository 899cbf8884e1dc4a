"""The panel at the right: what was counted on the image, at which thresholds, by which model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QScrollArea, QToolButton, QVBoxLayout, QWidget

from core.text import gettext, ngettext
from gui.panels.counts.class_card import ClassPanel, ScaleRow
from gui.panels.counts.estimates import EstimatesSection
from gui.panels.counts.quality import FieldLight
from gui.panels.counts.rule import RuleSection
from gui.workspace.images import State

if TYPE_CHECKING:
    from PySide6.QtWidgets import QLayout

    from core.classes import Palette
    from gui.commands.shortcuts import Actions
    from gui.workspace.view_options import ViewOptions
    from gui.workspace.workspace import Workspace


class CountPanel(QScrollArea):
    """Counts and thresholds by class, totals of the session, the scale, the model."""

    def __init__(self, workspace: Workspace, actions: Actions, options: ViewOptions, palette: Palette) -> None:
        super().__init__()
        self._workspace = workspace
        self._options = options
        self._palette = palette
        self.classes = ClassPanel()
        self.scale_row = ScaleRow()
        self.picture_name = _label("faint")
        self.totals = _label("faint", wrapped=True)
        self.totals.setToolTip(gettext("The counts of all counted images of this session together"))
        self.reviewed_button = QToolButton()
        self.reviewed_button.setDefaultAction(actions["reviewed"])
        self.reviewed_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.reviewed_button.setObjectName("reviewed")
        self.since_review = _label("caution", wrapped=True)
        self.since_review.hide()
        self.field_light = FieldLight(workspace)
        self.rule_section = RuleSection(workspace, actions)
        self.estimates = EstimatesSection(workspace)
        self.reset_button = QPushButton(gettext("Reset to model defaults"))
        self.reset_button.setToolTip(gettext("Go back to the thresholds that the model suggests"))
        self.model_name = _label("", "opening …", wrapped=True)
        self.card_button = QPushButton(gettext("Model card …"))
        self.import_button = QPushButton(gettext("Import …"))
        self._build()
        self._connect()

    def _connect(self) -> None:
        workspace = self._workspace
        images, settings, inference = workspace.images, workspace.settings, workspace.inference
        self.classes.threshold_changed.connect(settings.set_threshold)
        self.classes.method_chosen.connect(inference.use_method)
        self.classes.shown_changed.connect(lambda: self._options.hide_classes(self.classes.hidden_classes()))
        self.scale_row.diameter_set.connect(self._set_diameter)
        self.reset_button.clicked.connect(lambda *_: settings.reset_thresholds())
        images.current_changed.connect(self._show_image)
        images.item_changed.connect(self._on_item)
        workspace.counts.changed.connect(self._on_counts)
        for signal in (workspace.counts.totals_changed, workspace.reviews.changed, images.changed):
            signal.connect(self.show_totals)
        workspace.reviews.changed.connect(self.show_counts)
        settings.changed.connect(self.show_counts)
        settings.classes_changed.connect(self._show_classes)
        inference.model_changed.connect(self._show_model)
        workspace.store.session_changed.connect(self._show_classes)
        workspace.tally.active_changed.connect(self.show_counts)
        self._show_image()

    def set_palette(self, palette: Palette) -> None:
        """Show classes in other colours."""
        self._palette = palette
        self.classes.set_palette(self._workspace.settings.classes, palette)

    @Slot(object)
    def _on_item(self, image: int) -> None:
        if image == self._workspace.images.current_id:
            self._show_image()

    @Slot(object)
    def _on_counts(self, images: frozenset[int]) -> None:
        if self._workspace.images.current_id in images:
            self._show_image()

    def _set_diameter(self, diameter: float | None) -> None:
        current = self._workspace.images.current_id
        if current is not None:
            self._workspace.images.set_diameter(current, diameter)

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

    @Slot()
    def _show_image(self) -> None:
        """Name the image that is shown, and show how large its red cells are, and its counts."""
        self._name_image()
        self.show_counts()

    def _name_image(self) -> None:
        item = self._workspace.images.current
        if item is None:
            self.picture_name.setText(gettext("No image is open"))
            self.picture_name.setToolTip("")
            self.scale_row.show_diameter(None, None)
            return
        metrics = self.picture_name.fontMetrics()
        self.picture_name.setText(metrics.elidedText(item.path.name, Qt.TextElideMode.ElideMiddle, 160))
        self.picture_name.setToolTip(str(item.path))
        cells = self._workspace.counts.current_cells()
        self.scale_row.show_diameter(item.diameter, cells.found.diameter if cells else None)

    @Slot()
    def show_counts(self) -> None:
        """Show the counts of the image that is shown at the present settings."""
        workspace, item = self._workspace, self._workspace.images.current
        if workspace.settings.value is not None and workspace.inference.model is not None:
            self.classes.show_settings(workspace.settings.value, workspace.inference.model.card.score_floor)
        changed = workspace.reviews.text(item) if item is not None and not workspace.tally.hides_counts else ""
        self.since_review.setText(changed)
        self.since_review.setVisible(bool(changed))
        failed = item is not None and item.state is State.FAILED
        state = gettext("could not be counted") if failed else gettext("not counted yet")
        self.card_button.setEnabled(workspace.inference.model is not None)
        self.reset_button.setEnabled(workspace.inference.model is not None)
        self.scale_row.setEnabled(item is not None and item.state is State.COUNTED)
        self.classes.show_result(workspace.counts.result(item.id if item else None), state)

    @Slot()
    def show_totals(self) -> None:
        """Show the counts of all images together."""
        counts, several = self._workspace.counts, len(self._workspace.images.items) > 1
        self.totals.setVisible(several)
        totals = counts.totals if several else None
        if totals is not None:
            numbers = ", ".join(f"{name} {number:,}" for name, number in totals.items())
            changed = len(self._workspace.reviews.outdated)
            since = " " + gettext("({n:,} changed since)").format(n=changed) if changed else ""
            images = ngettext(
                "Session: {numbers} in {n:,} image; {reviewed:,} reviewed",
                "Session: {numbers} in {n:,} images; {reviewed:,} reviewed",
                counts.counted_images,
            )
            self.totals.setText(
                images.format(numbers=numbers, n=counts.counted_images, reviewed=counts.reviewed) + since
            )

    @Slot()
    def _show_classes(self) -> None:
        """Make a card for each class."""
        classes = self._workspace.settings.classes
        if tuple(self.classes.cards) != classes:
            self.classes.set_classes(classes, self._palette)
        self.classes.set_hidden(self._options.hidden_classes)
        self._show_model()

    @Slot()
    def _show_model(self) -> None:
        """Name the model that counts, and show its counting methods."""
        model = self._workspace.inference.model
        if model is not None:
            self.model_name.setText(model.card.name)
            self.model_name.setToolTip(str(model.path))
            self.classes.show_methods(model.card)
        self.show_counts()


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
