"""Draws a chart: readable in both themes, read by pointing at it or with the arrow keys, saved as PNG or SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPalette
from PySide6.QtWidgets import QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from core.files import write_whole
from core.text import gettext
from gui.tasks import Debounce
from gui.widgets.colour import faded, readable
from gui.widgets.plots.plot_files import plot_as_png, plot_as_svg

if TYPE_CHECKING:
    from pathlib import Path

    from core.classes import Rgb
    from core.verification.charts import Chart, Mark, Series

_SYMBOLS = ("o", "s", "t1", "d", "star", "+", "x", "p", "h")
_LINES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine, Qt.PenStyle.DashDotLine)
_REACH = 40.0  # pixels of the screen
_ABOVE_AT_RIGHT = {"position": 0.99, "anchors": [(1, 1), (1, 1)]}


class _Axis(pg.AxisItem):
    """An axis whose negative numbers have a true minus sign, as in all texts."""

    def tickStrings(self, values: Any, scale: Any, spacing: Any) -> list[str]:
        return [text.replace("-", "\N{MINUS SIGN}") for text in super().tickStrings(values, scale, spacing)]


class PlotPane(QWidget):
    """One plot with a line below it that reads the point next to the pointer."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        axes = {side: _Axis(side) for side in ("left", "bottom")}
        self.view: Any = pg.PlotWidget(axisItems=axes)  # its methods are made at run time
        self._item: Any = self.view.getPlotItem()
        self.view.setObjectName("plot")
        self.view.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.view.setAccessibleName(gettext("Plot"))
        self.view.setMinimumSize(220, 180)
        self.view.viewport().setMouseTracking(True)
        self.view.viewport().installEventFilter(self)
        self.view.installEventFilter(self)
        self._item.setMenuEnabled(False)
        self.view.setMouseEnabled(x=False, y=False)
        self.view.hideButtons()
        self.readout = QLabel()
        self.readout.setObjectName("faint")
        self.readout.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.readout.setWordWrap(True)
        self.readout.setMinimumHeight(2 * self.fontMetrics().lineSpacing())
        self.readout.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.readout)
        self._chart: Chart | None = None
        self._colours: dict[int, Rgb] = {}
        self._place: tuple[int, int] | None = None
        self._pointer: Any = None
        self._later = Debounce(0, self._draw, self)

    @property
    def chart(self) -> Chart | None:
        """What is shown."""
        return self._chart

    def show_chart(self, chart: Chart, colours: dict[int, Rgb]) -> None:
        """Draw a chart; ``colours`` by the labels of the series."""
        self._chart, self._colours, self._place = chart, colours, None
        self._draw()

    # -- drawing -----------------------------------------------------------------------------------

    def _draw(self) -> None:
        chart, view = self._chart, self.view
        if chart is None:
            return
        ink, ground = self._ink(), self.palette().color(QPalette.ColorRole.Base)
        view.clear()
        view.setBackground(ground)
        self._draw_frame(chart, ink)
        item = self._item
        if item.legend is not None:
            item.legend.scene().removeItem(item.legend)
            item.legend = None
        if len(chart.series) > 1:
            item.addLegend(offset=(-12, -12), labelTextColor=ink, brush=faded(ground, 220), pen=faded(ink, 70))
        for mark in chart.marks:
            self._draw_mark(mark, ink)
        for series in chart.series:
            self._draw_series(series, readable(QColor(*self._colours.get(series.label, (128, 128, 128))), ground), ink)
        self._pointer = pg.ScatterPlotItem(size=16, pen=pg.mkPen(ink, width=2), brush=None)
        self._pointer.setZValue(10)
        view.addItem(self._pointer, ignoreBounds=True)
        view.enableAutoRange()
        if chart.x_range is not None:
            view.setXRange(*chart.x_range, padding=0)
        if chart.y_range is not None:
            view.setYRange(*chart.y_range, padding=0)
        self.readout.setText(chart.missing or gettext("Point at the plot to read its values, or use the arrow keys."))

    def _draw_frame(self, chart: Chart, ink: QColor) -> None:
        item = self._item
        item.setTitle(chart.title, color=ink, size="10pt")
        for side, text in (("bottom", chart.x_name), ("left", chart.y_name)):
            axis = item.getAxis(side)
            axis.setPen(faded(ink, 130))
            axis.setTextPen(ink)
            axis.setStyle(maxTickLevel=1)
            axis.setLabel(text, siPrefixEnableRanges=(), color=ink.name())
            item.showAxis(side, not chart.missing)
        item.getAxis("bottom").setTicks([list(chart.ticks)] if chart.ticks else None)
        item.showGrid(x=not chart.missing, y=not chart.missing, alpha=0.15)

    def _draw_mark(self, mark: Mark, ink: QColor) -> None:
        style = Qt.PenStyle.SolidLine if mark.strong else Qt.PenStyle.DashLine
        pen = pg.mkPen(faded(ink, 230 if mark.strong else 150), width=1.4, style=style)
        options = {"color": ink, "fill": faded(self.palette().color(QPalette.ColorRole.Base), 200)}
        if mark.x is not None and mark.y is not None:
            line = pg.InfiniteLine(pos=(mark.x, mark.y), angle=45, pen=pen)
        elif mark.x is not None:
            line = pg.InfiniteLine(mark.x, 90, pen, label=mark.text, labelOpts={**options, "position": 0.06})
        else:
            line = pg.InfiniteLine(mark.y, 0, pen, label=mark.text, labelOpts={**options, **_ABOVE_AT_RIGHT})
            if mark.text:  # else its ground would hide a part of the line
                line.label.setFlag(pg.QtWidgets.QGraphicsItem.GraphicsItemFlag.ItemStacksBehindParent)
        self.view.addItem(line, ignoreBounds=True)

    def _draw_series(self, series: Series, colour: QColor, ink: QColor) -> None:
        pen = pg.mkPen(colour, width=2.2, style=_LINES[series.label % len(_LINES)]) if series.line else None
        if series.low is not None and series.high is not None:
            bars = pg.ErrorBarItem(
                x=series.x,
                y=series.y,
                top=series.high - series.y,
                bottom=series.y - series.low,
                beam=0.06,
                pen=pg.mkPen(colour, width=1.6),
            )
            self.view.addItem(bars)
        self.view.plot(
            series.x,
            series.y,
            name=series.name,
            pen=pen,
            symbol=_SYMBOLS[series.label % len(_SYMBOLS)] if series.symbols else None,
            symbolSize=9,
            symbolBrush=colour,
            symbolPen=pg.mkPen(faded(ink, 160), width=1),
            connect="finite",
            antialias=True,
        )

    def _ink(self) -> QColor:
        return self.palette().color(QPalette.ColorRole.Text)

    # -- reading -----------------------------------------------------------------------------------

    def point_at(self, place: tuple[int, int]) -> None:
        """Read a point: the place of its series, and its place among the points of that."""
        chart = self._chart
        if chart is None or self._pointer is None:
            return
        series = chart.series[place[0]]
        self._place = place
        self._pointer.setData([series.x[place[1]]], [series.y[place[1]]])
        self.readout.setText(series.texts[place[1]])

    def _nearest(self, at: QPointF) -> tuple[int, int] | None:
        """Return the point next to a place of the viewport, if it is near."""
        if self._chart is None:
            return None
        box = self._item.vb
        best: tuple[float, tuple[int, int]] | None = None
        for number, series in enumerate(self._chart.series):
            if not len(series.x):
                continue
            origin = box.mapViewToScene(QPointF(0, 0))
            unit = box.mapViewToScene(QPointF(1, 1)) - origin
            x = origin.x() + series.x * unit.x() - at.x()
            y = origin.y() + series.y * unit.y() - at.y()
            away = np.nan_to_num(np.hypot(x, y), nan=np.inf)
            near = int(np.argmin(away))
            if away[near] <= _REACH and (best is None or away[near] < best[0]):
                best = float(away[near]), (number, near)
        return None if best is None else best[1]

    def screen_place(self, x: float, y: float) -> QPoint:
        """Return where a point of the plot is on its viewport."""
        return self.view.mapFromScene(self._item.vb.mapViewToScene(QPointF(x, y)))

    def _step(self, across: int, along: int) -> None:
        """Go to the next point of a series, or to another series."""
        chart = self._chart
        if chart is None or not chart.series:
            return
        number, place = self._place or (0, -along)
        if across:
            number = (number + across) % len(chart.series)
        points = len(chart.series[number].x)
        if points:
            self.point_at((number, min(max(place + along, 0), points - 1)))

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        if isinstance(event, QMouseEvent) and event.type() == QEvent.Type.MouseMove:
            place = self._nearest(self.view.mapToScene(event.position().toPoint()))
            if place is not None:
                self.point_at(place)
        elif isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and watched is self.view:
            steps = {
                Qt.Key.Key_Left: (0, -1),
                Qt.Key.Key_Right: (0, 1),
                Qt.Key.Key_Up: (-1, 0),
                Qt.Key.Key_Down: (1, 0),
            }
            if (step := steps.get(Qt.Key(event.key()))) is not None:
                self._step(*step)
                return True
        return False

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            # Not at once: the layout of a legend has a widget of its own that the style sheet knows, and Qt is just
            # going through all of those. A legend that is freed meanwhile ends the program.
            self._later.start()

    # -- saving ------------------------------------------------------------------------------------

    def save(self, path: Path) -> None:
        """Write the plot as PNG or SVG, as the suffix says.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        self._later.flush()
        if self._pointer is not None:
            self.view.removeItem(self._pointer)
            self._pointer = None
        ground = self.palette().color(QPalette.ColorRole.Base)
        write = plot_as_svg if path.suffix.lower() == ".svg" else plot_as_png
        write_whole(path, write(self._item, ground))


def scrolling(content: QWidget) -> QScrollArea:
    """Return an area that scrolls what is in it where the window is too small for it."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(content)
    return area
