"""The card beside the tiles: the selected cell in its field, what is known of it, and what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPalette, QPen
from PySide6.QtWidgets import QBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from core.cells import Origin
from core.text import gettext, ngettext
from gui.widgets.class_names import long_name
from gui.widgets.colour import faded
from gui.widgets.elided import ElidedLabel
from gui.widgets.theme import SIDE_WIDTH
from gui.widgets.tiles.crops import Crops, Region, Wanted, scaled_region

if TYPE_CHECKING:
    from PySide6.QtGui import QMouseEvent, QPaintEvent, QResizeEvent

    from core.classes import Palette
    from gui.commands.shortcuts import Actions
    from gui.workspace.selection import CellOf
    from gui.workspace.workspace import Workspace

_MARGIN = 12
_SIDE = SIDE_WIDTH - 2 * _MARGIN
_EXTENT = 7.0  # red cells
_CLOSE = 7.0  # of a smaller cell, times its own width: what is small on its tile is large here
_LEAST_EXTENT = 2.0  # red cells
_LOW_SIDE = 132  # in a low window, with the words beside it
_LINE_HEIGHT, _BUTTON_HEIGHT = 18, 34
_HINT = gettext(
    "Drag cells to another class, or select them and press its number. Double-click a cell to see it in its image."
)


class FieldPiece(QWidget):
    """A piece of an image round a cell, with the outline of the cell in it."""

    clicked = Signal()

    def __init__(self, crops: Crops) -> None:
        super().__init__()
        self._crops = crops
        self._shown: tuple[int, Region, tuple[float, float, float, float]] | None = None
        self.colour = QColor("gray")
        self.setFixedSize(_SIDE, _SIDE)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip(gettext("Click to see the cell in its image"))
        self.setAccessibleName(gettext("The selected cell in its field"))
        crops.arrived.connect(self.update)

    @property
    def region(self) -> tuple[int, Region] | None:
        """The image and the square of it that is shown."""
        return None if self._shown is None else self._shown[:2]

    def show_cell(self, image: int | None, box: tuple[float, float, float, float], diameter: float) -> None:
        """Show what is round a box of an image; nothing if ``image`` is None."""
        width = max(box[2] - box[0], box[3] - box[1])
        extent = min(_EXTENT * diameter, max(_CLOSE * width, _LEAST_EXTENT * diameter))
        self._shown = None if image is None else (image, scaled_region(box, extent), box)
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._shown is not None and event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        if self._shown is not None:
            painter.fillRect(self.rect(), faded(self.palette().color(QPalette.ColorRole.Text), 24))
        if self._shown is not None:
            image, (left, top, side), (x1, y1, x2, y2) = self._shown
            piece = self._crops.piece(image, (left, top, side), round(self.width() * self.devicePixelRatioF()))
            if piece is not None:
                painter.drawPixmap(self.rect(), piece)
                scale = self.width() / side
                outline = QRectF(
                    (x1 - left) * scale, (y1 - top) * scale, (x2 - x1) * scale, (y2 - y1) * scale
                ).adjusted(-2, -2, 2, 2)
                for pen in (QPen(QColor(255, 255, 255, 190), 3), QPen(self.colour, 1.4)):
                    painter.setPen(pen)
                    painter.drawRoundedRect(outline, 3, 3)
        painter.end()


class Inspector(QWidget):
    """Shows the one cell that is selected, or how many are. Everything in it keeps its place."""

    open_wanted = Signal(int, int)  # image and cell to be shown in Review

    def __init__(
        self,
        workspace: Workspace,
        actions: Actions,
        palette: Palette,
        names: tuple[str, ...] = ("accept", "remove"),
        hint: str = _HINT,
    ) -> None:
        """``names``: the actions that it offers; ``hint``: what else can be done with the cells."""
        super().__init__()
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(SIDE_WIDTH)
        self.setAccessibleName(gettext("Selected cells"))
        self._workspace = workspace
        self._palette = palette
        self._cell: CellOf | None = None
        self.crops = Crops(self._wanted, self)
        self.piece = FieldPiece(self.crops)
        self.title, self.confidence, self.size_text, self.image_name = (ElidedLabel() for _ in range(4))
        self.title.setObjectName("className")
        self.hint = QLabel(hint)
        self.hint.setObjectName("faint")
        self.hint.setWordWrap(True)
        self.open_button = QPushButton(gettext("Show in its image"))
        self.open_button.setFixedHeight(_BUTTON_HEIGHT)
        self.open_button.clicked.connect(lambda *_: self._open())
        self.piece.clicked.connect(self._open)
        self._build(actions, names)
        workspace.store.session_changed.connect(self.crops.forget)
        self.refresh()

    def _build(self, actions: Actions, names: tuple[str, ...]) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        column.setSpacing(8)
        self._what = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._what.setSpacing(8)
        self._what.addWidget(self.piece, 0, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        column.addLayout(self._what)
        lines = QVBoxLayout()
        lines.setSpacing(0)
        for line in (self.title, self.confidence, self.size_text, self.image_name):
            line.setFixedHeight(_LINE_HEIGHT)
            lines.addWidget(line)
        for line in (self.confidence, self.size_text, self.image_name):
            line.setObjectName("faint")
        self._what.addLayout(lines, 1)
        column.addWidget(self.open_button)
        self._buttons = len(names)
        for name in names:
            button = QToolButton()
            button.setDefaultAction(actions[name])
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
            button.setObjectName("menuButton")
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.setFixedHeight(_BUTTON_HEIGHT)
            column.addWidget(button)
        column.addWidget(self.hint)
        column.addStretch()

    def minimumSizeHint(self) -> QSize:
        """Return little: what is most needed lies at the top."""
        return QSize(SIDE_WIDTH, 240)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        lines, buttons = 4 * _LINE_HEIGHT, (self._buttons + 1) * (_BUTTON_HEIGHT + 8)
        low = self.height() < 2 * _MARGIN + _SIDE + 8 + lines + buttons
        directions = QBoxLayout.Direction
        self._what.setDirection(directions.LeftToRight if low else directions.TopToBottom)
        side = max(min(_LOW_SIDE, self.height() - 2 * _MARGIN - buttons), 4 * _LINE_HEIGHT) if low else _SIDE
        self.piece.setFixedSize(side, side)
        needed = 2 * _MARGIN + _SIDE + 8 + lines + buttons + 8 + self.hint.heightForWidth(_SIDE)
        self.hint.setVisible(self.height() >= needed)

    def set_palette(self, palette: Palette) -> None:
        """Draw classes in other colours."""
        self._palette = palette
        self.refresh()

    def refresh(self) -> None:
        """Show what is selected."""
        chosen = self._workspace.selection.all
        self._cell = chosen[0] if len(chosen) == 1 else None
        cell = None if self._cell is None else self._workspace.editing.cell_of(*self._cell)
        self.open_button.setEnabled(cell is not None)
        if self._cell is None or cell is None:
            many = ngettext("{n:,} cell selected", "{n:,} cells selected", len(chosen)).format(n=len(chosen))
            self.title.setText(many if chosen else gettext("No cell is selected"))
            for line in (self.confidence, self.size_text, self.image_name):
                line.setText("")
            self.piece.show_cell(None, (0, 0, 0, 0), 1)
            return
        image, classes = self._cell[0], self._workspace.settings.classes
        cells, item = self._workspace.counts.cells(image), self._workspace.images.item(image)
        diameter = cells.found.diameter if cells is not None else 40.0
        if cell.class_name in classes:
            self.piece.colour = QColor(*self._palette.colour(classes, classes.index(cell.class_name)))
        self.title.setText(long_name(cell.class_name))
        by_hand = cell.origin is not Origin.MODEL
        text = gettext("Added or confirmed by hand") if by_hand else gettext("Confidence {score:.2f}")
        self.confidence.setText(text.format(score=cell.score))
        self.size_text.setText(self._size(cell.box, diameter))
        self.image_name.setText(item.path.name if item is not None else "")
        self.piece.show_cell(image, cell.box, diameter)

    def _size(self, box: tuple[float, float, float, float], diameter: float) -> str:
        width, height = box[2] - box[0], box[3] - box[1]
        scale = self._workspace.estimates.inputs.micrometres_per_pixel
        if scale:
            return gettext("{width:.1f} × {height:.1f} µm").format(width=width * scale, height=height * scale)
        return gettext("{size:.1f} red cells wide").format(size=max(width, height) / max(diameter, 1.0))

    def _open(self) -> None:
        if self._cell is not None:
            self.open_wanted.emit(*self._cell)

    def _wanted(self) -> Wanted | None:
        shown = self.piece.region
        item = None if shown is None else self._workspace.images.item(shown[0])
        if shown is None or item is None or not self.crops.is_missing(item.id, item.path, shown[1]):
            return None
        return Wanted(item.id, item.path, (shown[1],), self._workspace.images.scale(item))
