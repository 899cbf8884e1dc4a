"""The samples that were open last, as tiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPainter, QPalette
from PySide6.QtWidgets import QGridLayout, QPushButton, QSizePolicy, QStyle, QStyleOptionButton, QWidget

from core.counting.quality import Grade
from core.text import gettext
from gui.panels.images.thumbnails import Thumbnails
from gui.widgets.grade import draw_grade
from gui.widgets.icons import icon
from gui.widgets.theme import SPACE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from gui.workspace.opening import Glance

_SIZE = QSize(288, 88)
_PICTURE, _MARK = 64, 20
_DISABLED = QIcon.Mode.Disabled


class SampleTile(QPushButton):
    """A sample: its first image, id and fields, how many images are reviewed or who signed it, and when."""

    def __init__(self, seen: Glance, thumbnails: Thumbnails) -> None:
        super().__init__()
        self.seen = seen
        self._thumbnails = thumbnails
        self.setObjectName("sampleTile")
        self.setFixedHeight(_SIZE.height())
        self.setMinimumWidth(_SIZE.width())
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAutoDefault(True)  # Enter opens it too
        self.lines = self._lines()
        self.setAccessibleName(", ".join(line for line in (seen.title, *self.lines) if line))
        self.setToolTip(str(seen.path))

    def _lines(self) -> tuple[str, str]:
        """Return what stands below the title."""
        seen, when = self.seen, f"{self.seen.changed.astimezone():%Y-%m-%d %H:%M}"
        fields = " · ".join(text for _, text in seen.sample.fields)
        progress = gettext("{reviewed:,} of {n:,} reviewed").format(reviewed=seen.reviewed, n=seen.images)
        if seen.signed_by:
            signed = gettext("Signed by {name}, edited since") if seen.edited else gettext("Signed by {name}")
            progress = signed.format(name=seen.signed_by)
        return fields or when, f"{progress} · {when}" if fields and seen.images else progress if seen.images else ""

    def paintEvent(self, event: QPaintEvent) -> None:
        option = QStyleOptionButton()
        self.initStyleOption(option)
        painter = QPainter(self)
        self.style().drawControl(QStyle.ControlElement.CE_PushButtonBevel, option, painter, self)
        place = QRect(SPACE[2], (self.height() - _PICTURE) // 2, _PICTURE, _PICTURE)
        self._paint_picture(painter, place)
        text = self.rect().adjusted(place.right() + SPACE[2], SPACE[2], -SPACE[2], -SPACE[2])
        palette, font, line = self.palette(), self.font(), text.height() // 3
        for number, words in enumerate((self.seen.title, *self.lines)):
            font.setBold(number == 0)
            painter.setFont(font)
            role = QPalette.ColorRole.ButtonText if number == 0 else QPalette.ColorRole.PlaceholderText
            painter.setPen(palette.color(role))
            room = QRect(text.left(), text.top() + number * line, text.width(), line)
            elided = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideMiddle, room.width())
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, elided)
        painter.end()

    def _paint_picture(self, painter: QPainter, place: QRect) -> None:
        first = self.seen.first
        thumbnail = None if first is None else self._thumbnails.get(first, self.devicePixelRatioF())
        if thumbnail is not None and thumbnail.pixmap is not None:
            painter.drawPixmap(QRectF(place), thumbnail.pixmap, QRectF(thumbnail.pixmap.rect()))
        else:
            icon("image-square").paint(painter, place.adjusted(16, 16, -16, -16), mode=_DISABLED)
        if self.seen.signed_by:
            mark = QRectF(0, 0, _MARK, _MARK)
            mark.moveCenter(QPointF(place.right() - _MARK / 4, place.bottom() - _MARK / 4))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            draw_grade(painter, mark, Grade.CHECK if self.seen.edited else Grade.GOOD)


class SampleTiles(QWidget):
    """Tiles in as many columns as there is room for."""

    chosen = Signal(object)  # Path of a session

    def __init__(self) -> None:
        super().__init__()
        self.tiles: list[SampleTile] = []
        self._thumbnails = Thumbnails(self._wanted, self, _PICTURE)
        self._thumbnails.ready.connect(lambda _: self.update())
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(SPACE[2])
        self._grid.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._columns = 0

    def show_samples(self, samples: Sequence[Glance]) -> None:
        """Show these samples, the latest first."""
        for tile in self.tiles:
            tile.hide()
            tile.deleteLater()
        self.tiles = [SampleTile(seen, self._thumbnails) for seen in samples]
        for tile in self.tiles:
            tile.clicked.connect(lambda *_, path=tile.seen.path: self.chosen.emit(path))
        self._arrange(force=True)

    def stop(self) -> None:
        """End the thread that reads images."""
        self._thumbnails.stop()

    def _wanted(self) -> list[Path]:
        return [tile.seen.first for tile in self.tiles if tile.seen.first is not None and tile.isVisible()]

    def _arrange(self, *, force: bool = False) -> None:
        columns = max(1, (self.width() + SPACE[2]) // (_SIZE.width() + SPACE[2]))
        if columns != self._columns or force:
            for column in range(max(columns, self._columns)):
                self._grid.setColumnStretch(column, int(column < columns))
            self._columns = columns
            for number, tile in enumerate(self.tiles):
                self._grid.addWidget(tile, number // columns, number % columns)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()
