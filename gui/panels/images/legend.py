"""What the marks of the list mean, one below the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QWidget

from core.counting.quality import Grade
from core.text import gettext
from gui.panels.images.marks import STALE, draw_check, draw_pencil, draw_state, mark_colours
from gui.widgets.grade import draw_grade
from gui.workspace.images import State

if TYPE_CHECKING:
    from collections.abc import Callable

_SIDE = 18


class Legend(QFrame):
    """Pops up below the button that opens it; a click anywhere closes it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("legend")
        self.setAccessibleName(gettext("What the marks mean"))
        grid = QGridLayout(self)
        grid.setContentsMargins(12, 12, 16, 12)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        for row, (draw, text) in enumerate(_marks(self.palette())):
            mark = QLabel()
            mark.setPixmap(_pixmap(draw, self.devicePixelRatioF()))
            grid.addWidget(mark, row, 0)
            grid.addWidget(QLabel(text), row, 1)

    def open_below(self, widget: QWidget) -> None:
        """Show it below a widget."""
        self.move(widget.mapToGlobal(widget.rect().bottomLeft()))
        self.show()


def _marks(palette: QPalette) -> list[tuple[Callable[[QPainter, QPointF], None], str]]:
    colours = mark_colours(palette)
    faint = palette.color(QPalette.ColorRole.PlaceholderText)
    disc = QSize(13, 13)

    def grade(painter: QPainter, centre: QPointF, which: Grade, *, quiet: bool = False) -> None:
        area = QRectF(QPointF(), disc)
        area.moveCenter(centre)
        draw_grade(painter, area, which, quiet=quiet)

    return [
        (lambda p, c: draw_check(p, c, colours[State.COUNTED]), gettext("Reviewed")),
        (lambda p, c: draw_check(p, c, STALE), gettext("Reviewed before the count changed: review it again")),
        (lambda p, c: draw_pencil(p, c, faint), gettext("Cells were corrected")),
        (lambda p, c: grade(p, c, Grade.CHECK), gettext("To be checked; the reason is below the name")),
        (lambda p, c: grade(p, c, Grade.POOR), gettext("Poor quality; the reason is below the name")),
        (lambda p, c: grade(p, c, Grade.CHECK, quiet=True), gettext("Something to know, nothing to do")),
        (lambda p, c: draw_state(p, c, colours[State.WAITING], State.WAITING), gettext("Waiting to be counted")),
        (lambda p, c: draw_state(p, c, colours[State.COUNTING], State.COUNTING), gettext("Being counted")),
        (lambda p, c: draw_state(p, c, colours[State.FAILED], State.FAILED), gettext("Could not be counted")),
    ]


def _pixmap(draw: Callable[[QPainter, QPointF], None], ratio: float) -> QPixmap:
    pixmap = QPixmap(round(_SIDE * ratio), round(_SIDE * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    draw(painter, QPointF(_SIDE / 2, _SIDE / 2))
    painter.end()
    return pixmap
