"""Plots as files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyqtgraph.exporters import ImageExporter
from PySide6.QtCore import QBuffer, QRectF, QSize
from PySide6.QtGui import QPainter
from PySide6.QtSvg import QSvgGenerator

from core.imaging.files.output_mark import marked_png

if TYPE_CHECKING:
    from PySide6.QtGui import QColor

_WIDTH = 1600


def plot_as_png(item: Any, ground: QColor) -> bytes:
    """Return a pyqtgraph plot as a PNG file, 1600 pixels wide."""
    exporter = ImageExporter(item)
    exporter.parameters()["width"] = _WIDTH
    exporter.parameters()["background"] = ground
    image: Any = exporter.export(toBytes=True)
    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return marked_png(bytes(buffer.data().data()))


def plot_as_svg(item: Any, ground: QColor) -> bytes:
    """Return a pyqtgraph plot as an SVG file.

    Qt writes it: pyqtgraph's own exporter rewrites what Qt writes, and fails on closed paths, which its symbols
    are. Its export mode is still wanted, in which symbols are drawn as lines and not as pixels.
    """
    exporter = ImageExporter(item)
    source = exporter.getSourceRect()
    generator, buffer = QSvgGenerator(), QBuffer()
    generator.setOutputDevice(buffer)
    generator.setSize(QSize(round(source.width()), round(source.height())))
    generator.setViewBox(QRectF(0, 0, source.width(), source.height()))
    painter = QPainter(generator)
    painter.fillRect(QRectF(0, 0, source.width(), source.height()), ground)
    exporter.setExportMode(True, {"antialias": True, "resolutionScale": 1.0, "painter": painter})
    try:
        exporter.getScene().render(painter, QRectF(0, 0, source.width(), source.height()), QRectF(source))
    finally:
        exporter.setExportMode(False)
        painter.end()
    return bytes(buffer.data().data())
