"""The cells behind a number of the table, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPalette, QPen
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from core.verification.errors import Place, Verdict
from gui.widgets.crops import CropStore, Wanted, region_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtCore import QObject

    from gui.workspace.document import Document

_Index = QModelIndex | QPersistentModelIndex
SIDE = 96
_GAP = 4
_POINT_ARM = 6


class PlaceModel(QAbstractListModel):
    """Cells as rows."""

    def __init__(self, document: Document, crops: CropStore, parent: QObject) -> None:
        super().__init__(parent)
        self._document = document
        self._crops = crops
        self.places: list[Place] = []
        crops.arrived.connect(self._on_arrived)

    def show(self, places: Sequence[Place]) -> None:
        """Show other cells, and have their pieces of photograph cut."""
        if list(places) == self.places:
            return
        self.beginResetModel()
        self.places = list(places)
        self.endResetModel()
        regions: dict[int, list[tuple[int, int, int]]] = {}
        for place in self.places:
            regions.setdefault(place.image, []).append(self.region(place))
        wanted = [
            Wanted(image, entry.path, tuple(mine))
            for image, mine in regions.items()
            if (entry := self._document.entry(image)) is not None
        ]
        self._crops.want(wanted)

    def region(self, place: Place) -> tuple[int, int, int]:
        """Return the square of the photograph that a tile shows."""
        return region_of(place.box, place.diameter)

    def rowCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.places)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.places):
            return None
        place = self.places[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return "✓ corrected" if place.settled else "not seen" if place.score is None else f"{place.score:.2f}"
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            entry = self._document.entry(place.image)
            return f"{entry.path.name if entry else ''}\n{_explain(place)}"
        return None

    def _on_arrived(self) -> None:
        if self.places:
            self.dataChanged.emit(self.index(0), self.index(len(self.places) - 1))


def _explain(place: Place) -> str:
    """Return what happened to a cell, as a sentence."""
    if place.settled:
        return f"{place.class_name}, corrected by hand"
    if place.verdict is Verdict.MISSED:
        seen = "the model saw nothing here" if place.score is None else f"the model gave it {place.score:.2f}"
        return f"{place.class_name} of the ground truth, missed: {seen}"
    what = "a true one" if place.verdict is Verdict.TRUE else "not in the ground truth"
    return f"Counted as {place.class_name} with probability {place.score:.2f}, {what}"


class _PlacePainter(QStyledItemDelegate):
    """Draws the piece of photograph with the box, and a line of text below it."""

    def __init__(self, model: PlaceModel, crops: CropStore, parent: QObject) -> None:
        super().__init__(parent)
        self._model = model
        self._crops = crops
        self.colour = QColor("gray")

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        place = self._model.places[index.row()]
        palette, rect = option.palette, option.rect.adjusted(2, 2, -2, -2)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        painter.setPen(Qt.PenStyle.NoPen)
        if selected:
            painter.setBrush(palette.color(QPalette.ColorRole.Highlight))
            painter.drawRoundedRect(rect, 4, 4)
        photo = QRect(rect.center().x() - SIDE // 2, rect.y() + _GAP, SIDE, SIDE)
        beyond = palette.color(QPalette.ColorRole.Text)
        beyond.setAlpha(40)
        painter.fillRect(photo, palette.color(QPalette.ColorRole.Base))
        painter.fillRect(photo, beyond)
        region = self._model.region(place)
        crop = self._crops.crop(place.image, region)
        if crop is not None:
            painter.drawPixmap(photo, crop)
        self._draw_outline(painter, photo, region, place)
        if place.settled:
            veil = palette.color(QPalette.ColorRole.Base)
            veil.setAlpha(150)
            painter.fillRect(photo, veil)
        painter.setPen(palette.color(QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text))
        below = QRect(rect.x(), photo.bottom() + 2, rect.width(), rect.bottom() - photo.bottom() - 2)
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, str(index.data()))
        if option.state & QStyle.StateFlag.State_HasFocus and not selected:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(palette.color(QPalette.ColorRole.Highlight), 1.5))
            painter.drawRoundedRect(rect, 4, 4)
        painter.restore()

    def _draw_outline(self, painter: QPainter, photo: QRect, region: tuple[int, int, int], place: Place) -> None:
        """Draw a counted cell's box in the colour of its class, a true one's as on the picture: white dashes."""
        left, top, size = region
        scale = photo.width() / size
        x1, y1, x2, y2 = place.box
        box = QRectF(
            photo.x() + (x1 - left) * scale, photo.y() + (y1 - top) * scale, (x2 - x1) * scale, (y2 - y1) * scale
        )
        missed = place.verdict is Verdict.MISSED
        dark, light = QColor(0, 0, 0), QColor(255, 255, 255)
        pens = (
            (QPen(dark, 3.0), QPen(light, 1.6, Qt.PenStyle.DashLine))
            if missed
            else (QPen(QColor(255, 255, 255, 200), 3.2), QPen(self.colour, 1.8))
        )
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in pens:
            painter.setPen(pen)
            if box.isEmpty():
                at = box.topLeft()
                for arm in (QPointF(_POINT_ARM, 0), QPointF(0, _POINT_ARM)):
                    painter.drawLine(at - arm, at + arm)
            else:
                painter.drawRect(box)

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(SIDE + 2 * _GAP + 8, SIDE + option.fontMetrics.height() + 2 * _GAP + 10)


class PlaceView(QListView):
    """The tiles; a click goes to the picture."""

    def __init__(self, document: Document, crops: CropStore) -> None:
        super().__init__()
        self.place_model = PlaceModel(document, crops, self)
        self.painter = _PlacePainter(self.place_model, crops, self)
        self.setObjectName("tiles")
        self.setAccessibleName("Cells behind the number")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setItemDelegate(self.painter)
        self.setModel(self.place_model)

    def selected(self) -> list[Place]:
        """Return the chosen cells in their order."""
        rows = sorted(index.row() for index in self.selectionModel().selectedIndexes())
        return [self.place_model.places[row] for row in rows]

    def keyboardSearch(self, search: str) -> None:
        """Find nothing: letters are keys of the page."""
