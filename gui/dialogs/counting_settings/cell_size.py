"""The size of red cells in the image that is shown: estimated, or set by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Slot
from PySide6.QtWidgets import QCheckBox, QHBoxLayout

from core.text import gettext
from gui.dialogs.counting_settings.card import Card, faint
from gui.widgets.elided import ElidedLabel
from gui.widgets.numbers import NumberBox

if TYPE_CHECKING:
    from gui.workspace.workspace import Workspace


class CellSizeCard(Card):
    """The red cell diameter of the image that is shown."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(gettext("Red cell size"))
        self._workspace = workspace
        self.image = ElidedLabel()
        self.by_hand = QCheckBox(gettext("Set it by hand for this image"))
        self.by_hand.setToolTip(gettext("Set it where the boxes have the wrong size; the image is counted again"))
        self.number = NumberBox()
        self.number.setDecimals(0)
        self.number.setRange(8, 500)
        self.number.setSuffix(gettext(" px"))
        self.number.setKeyboardTracking(False)
        self.number.setAccessibleName(gettext("Red cell diameter in pixels"))
        self.by_hand.toggled.connect(self._on_changed)
        self.number.valueChanged.connect(self._on_changed)
        line = QHBoxLayout()
        line.addWidget(self.by_hand, 1)
        line.addWidget(self.number)
        self.column.addWidget(
            faint(
                gettext(
                    "Every image is scaled so that its red cells have the size that the model expects. Their "
                    "size is estimated from the image."
                )
            )
        )
        self.column.addWidget(self.image)
        self.column.addLayout(line)
        workspace.images.current_changed.connect(self.refresh)
        workspace.images.item_changed.connect(self._on_item)
        workspace.counts.changed.connect(self._on_counts)
        self.refresh()

    def _on_changed(self, *_: object) -> None:
        self.number.setEnabled(self.by_hand.isChecked())
        current = self._workspace.images.current_id
        if current is not None:
            value = self.number.value() if self.by_hand.isChecked() else None
            self._workspace.images.set_diameter(current, value)

    @Slot(object)
    def _on_item(self, image: int) -> None:
        if image == self._workspace.images.current_id:
            self.refresh()

    @Slot(object)
    def _on_counts(self, images: frozenset[int]) -> None:
        if self._workspace.images.current_id in images:
            self.refresh()

    @Slot()
    def refresh(self, *_: object) -> None:
        """Show the size set by hand, or else the estimated one."""
        item, cells = self._workspace.images.current, self._workspace.counts.current_cells()
        self.image.set_text(gettext("No image is open") if item is None else item.path.name)
        self.by_hand.setEnabled(cells is not None and self._workspace.store.writable)  # also while it is counted again
        set_by_hand = item.diameter if item is not None else None
        value = set_by_hand or (cells.found.diameter if cells is not None else None)
        with QSignalBlocker(self.by_hand), QSignalBlocker(self.number):
            self.by_hand.setChecked(set_by_hand is not None)
            self.number.setEnabled(self.by_hand.isEnabled() and set_by_hand is not None)
            self.number.setSpecialValueText("" if value is not None else "–")
            self.number.setValue(self.number.minimum() if value is None else round(value))
