"""Printing a report that was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtPrintSupport import QPrintDialog, QPrinter

from core.report.pdf.pages import PdfPages
from core.text import gettext

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QWidget

_DOTS_PER_INCH = 220


def print_report(path: Path, parent: QWidget) -> str:
    """Ask for a printer, and print a report on it; return what happened, "" if the user did not want to.

    Raises
    ------
    OSError
        If the report is no longer there.
    """
    data = path.read_bytes()
    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    printer.setDocName(path.stem)
    dialog = QPrintDialog(printer, parent)
    dialog.setWindowTitle(gettext("Print report"))
    dialog.setOption(QPrintDialog.PrintDialogOption.PrintPageRange, True)
    with PdfPages(data) as pages:
        dialog.setMinMax(1, len(pages))
        if dialog.exec() != QPrintDialog.DialogCode.Accepted:
            return ""
        parent.setCursor(Qt.CursorShape.WaitCursor)
        try:
            printed = paint_pages(pages, printer)
        finally:
            parent.unsetCursor()
    return gettext("Printed.") if printed else gettext("The printer takes no pages; choose another one.")


def paint_pages(pages: PdfPages, printer: QPrinter) -> bool:
    """Print the pages that were chosen, each as large as the paper takes it; False if the printer refuses."""
    first = max(printer.fromPage(), 1)
    last = min(printer.toPage() or len(pages), len(pages))
    printer.setFullPage(True)  # the report has margins of its own
    painter = QPainter()
    if not painter.begin(printer):
        return False
    for page in range(first - 1, last):
        if page >= first and not printer.newPage():
            painter.end()
            return False
        pixels = pages.render(page, pages.width_at(page, min(_DOTS_PER_INCH, printer.resolution())))
        height, width = pixels.shape[:2]
        image = QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
        room = QRectF(printer.paperRect(QPrinter.Unit.DevicePixel))
        scale = min(room.width() / width, room.height() / height)
        painter.drawImage(QRectF(0, 0, scale * width, scale * height), image)
    painter.end()
    return True
