"""The totals of the sample in large figures: what a laboratory reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from core.statistics.intervals import count_more, poisson_interval
from core.text import gettext, ngettext
from gui.widgets.class_names import long_name
from gui.widgets.colour import swatch
from gui.workspace.images import State

if TYPE_CHECKING:
    from PySide6.QtGui import QShowEvent

    from core.classes import Palette
    from gui.workspace.workspace import Workspace

_SWATCH = 14


class TotalsBar(QWidget):
    """A card for each class, and one that says how many images the totals are of."""

    def __init__(self, workspace: Workspace, palette: Palette) -> None:
        super().__init__()
        self._workspace = workspace
        self._palette = palette
        self.cards: dict[str, TotalCard] = {}
        self.images = TotalCard(gettext("Images"))
        self._line = QHBoxLayout(self)
        self._line.setContentsMargins(0, 0, 0, 0)
        self._line.setSpacing(8)
        self._line.addWidget(self.images, 1)
        workspace.settings.classes_changed.connect(self.show_classes)
        workspace.counts.totals_changed.connect(self.refresh)
        workspace.reviews.changed.connect(self.refresh)
        workspace.images.changed.connect(self.refresh)
        self.show_classes()

    def set_palette(self, palette: Palette) -> None:
        """Show classes in other colours."""
        self._palette = palette
        self._show_colours()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    @Slot()
    def show_classes(self) -> None:
        """Show a card for each class that there is."""
        for card in self.cards.values():
            self._line.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.cards = {name: TotalCard(long_name(name)) for name in self._workspace.settings.classes}
        for place, card in enumerate(self.cards.values()):
            self._line.insertWidget(place, card, 1)
        self._show_colours()
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show the totals as they are now; those that are still being added up are grey."""
        if not self.isVisible():
            return
        counts = self._workspace.counts
        totals = counts.totals
        for name, card in self.cards.items():
            if totals is None:
                card.wait()
                continue
            if not counts.states[State.COUNTED]:
                card.show_number("–", gettext("nothing counted yet"))
                continue
            count = totals[name]
            low, high = (f"{end:,.0f}" for end in poisson_interval(count))
            card.show_number(f"{count:,}", gettext("95 % interval {low} to {high}").format(low=low, high=high))
            more = count_more(count)
            card.setToolTip(
                gettext("The interval covers the number of counted cells, and no other error.")
                + (
                    " " + gettext("Count {more:,} more cells for ± 5 %.").format(more=more)
                    if more
                    else " " + gettext("It is within ± 5 %.")
                )
            )
        self._show_images()

    def _show_images(self) -> None:
        counts = self._workspace.counts
        listed, counted = len(self._workspace.images.items), counts.states[State.COUNTED]
        if counted < listed:
            text = gettext("{counted:,} of {listed:,}").format(counted=counted, listed=listed)
            failed = counts.states[State.FAILED]
            left = listed - counted - failed
            parts = [ngettext("{n:,} to be counted", "{n:,} to be counted", left).format(n=left)] if left else []
            parts += [ngettext("{n:,} failed", "{n:,} failed", failed).format(n=failed)] if failed else []
            self.images.show_number(text, ", ".join(parts))
        else:
            reviewed, _ = self._workspace.sample.progress
            self.images.show_number(f"{listed:,}", gettext("{n:,} reviewed").format(n=reviewed))

    def _show_colours(self) -> None:
        classes = self._workspace.settings.classes
        for label, card in enumerate(self.cards.values()):
            if label < len(classes):
                card.set_icon(swatch(self._palette.colour(classes, label)).pixmap(_SWATCH, _SWATCH))


class TotalCard(QFrame):
    """One large figure, what it is above, and how sure it is below."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.setObjectName("card")
        self.title = QLabel(title)
        self.title.setObjectName("className")
        self._icon = QLabel()
        self.number = QLabel("–")
        self.number.setObjectName("bigTotal")
        self.detail = QLabel(" ")
        self.detail.setObjectName("faint")
        for label in (self.title, self.number, self.detail):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setMinimumWidth(0)
        self.number.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(0)
        heading = QHBoxLayout()
        heading.setSpacing(8)
        heading.addWidget(self._icon)
        heading.addWidget(self.title, 1)
        column.addLayout(heading)
        column.addWidget(self.number)
        column.addWidget(self.detail)
        self._icon.hide()

    def set_icon(self, pixmap: object) -> None:
        """Show the colour of a class."""
        self._icon.setPixmap(pixmap)  # type: ignore[arg-type]
        self._icon.show()

    def show_number(self, text: str, detail: str) -> None:
        """Show a figure."""
        self._set_waiting(False)
        self.number.setText(text)
        self.detail.setText(detail or " ")
        self.setAccessibleName(f"{self.title.text()}: {text}. {detail}")

    def wait(self) -> None:
        """Keep the last figure, in grey: another one follows."""
        self._set_waiting(True)
        self.detail.setText(gettext("adding up…"))

    def _set_waiting(self, waiting: bool) -> None:
        self.number.setEnabled(not waiting)
