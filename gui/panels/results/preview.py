"""The pages of the report as they would be written now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QImage, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QScrollArea, QToolButton, QVBoxLayout, QWidget

from core.report.pdf.pages import PdfPages
from core.text import gettext
from gui.tasks import Debounce, Job, Task
from gui.widgets.icons import icon

if TYPE_CHECKING:
    from PySide6.QtGui import QMouseEvent, QPaintEvent, QResizeEvent

    from gui.workspace.exchange.preview import PreviewPdf
    from gui.workspace.workspace import Workspace

_A4 = 595 / 842
_LARGE = 900
_MOST_LARGE = 40
_SETTLE_MS = 60


class PagePreview(QWidget):
    """One page of the report, and buttons to turn over; a click shows it large."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._preview = workspace.preview
        self._counts = workspace.counts
        self._shown: PreviewPdf | None = None
        self._pages = 0
        self.page = 0
        self.sheet = Sheet(gettext("A page of the report"))
        self.sheet.setToolTip(gettext("Click to see the page large"))
        self.sheet.clicked.connect(self.open_large)
        self.note = QLabel()
        self.note.setObjectName("faint")
        self.note.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.make_button = QPushButton(gettext("Show the report"))
        self.make_button.clicked.connect(lambda *_: self._preview.make())
        self.back = self._arrow("caret-left", gettext("Previous page"), -1)
        self.forward = self._arrow("caret-right", gettext("Next page"), 1)
        self.number = QLabel()
        self.number.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.number.setMinimumWidth(110)
        turn = QHBoxLayout()
        turn.setSpacing(4)
        turn.addStretch()
        for widget in (self.back, self.number, self.forward):
            turn.addWidget(widget)
        turn.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.sheet, 100)
        layout.addWidget(self.make_button)
        layout.addLayout(turn)
        layout.addWidget(self.note)
        layout.addStretch()
        self._task = Task("report pages", self._on_rendered, self, on_error=self._on_failed)
        self._settle = Debounce(_SETTLE_MS, self._render, self)
        self.sheet.resized.connect(self._settle.start)
        self._preview.changed.connect(self.refresh)
        self.refresh()

    def _arrow(self, name: str, tip: str, by: int) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon(name))
        button.setAutoRaise(True)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.clicked.connect(lambda *_: self.turn(by))
        return button

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return self._pages

    def turn(self, by: int) -> None:
        """Show another page."""
        self.page = min(max(self.page + by, 0), max(self._pages - 1, 0))
        self._show_number()
        self._render()

    def close_threads(self) -> None:
        """End the thread."""
        self._settle.stop()
        self._task.close()

    @Slot()
    def refresh(self) -> None:
        """Show the report that was made last, and whether another one is on its way."""
        value = self._preview.value
        self.make_button.setVisible(self._preview.must_be_asked_for and self._preview.outdated)
        if value is None:
            self._shown, self._pages, self.page = None, 0, 0
            self.sheet.show_page(None)
        elif value is not self._shown:
            self._shown = value
            self._render()
        self.sheet.set_faded(self._preview.outdated)
        self._show_number()
        self._show_note()

    def _show_note(self) -> None:
        if self._preview.failed:
            text = gettext("The preview could not be made.")
        elif self._preview.busy:
            text = gettext("Updating the preview…")
        elif self._shown is not None and not self._shown.complete:
            text = gettext("Without the pages of all images")
        else:
            text = " "
        self.note.setText(text)

    def _show_number(self) -> None:
        text = gettext("Page {page} of {pages}").format(page=self.page + 1, pages=self._pages) if self._pages else ""
        self.number.setText(text)
        self.back.setEnabled(self.page > 0)
        self.forward.setEnabled(self.page + 1 < self._pages)

    @Slot()
    def _render(self) -> None:
        shown = self._shown
        if shown is not None and self.sheet.width() > 0:
            width, page = self.sheet.pixels_wide(), self.page
            self._task.start(lambda job: _rendered(job, shown.pdf, page, width))

    @Slot(object)
    def _on_rendered(self, rendered: tuple[int, int, QImage]) -> None:
        self._pages, self.page, image = rendered
        self.sheet.show_page(QPixmap.fromImage(image))
        self._show_number()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.note.setText(gettext("The page cannot be shown ({error}).").format(error=error))

    @Slot()
    def open_large(self) -> None:
        """Show the pages in a window of their own."""
        if self._shown is not None:
            LargePages(self._shown.pdf, self.page, self.window()).show()


def _rendered(job: Job, pdf: bytes, page: int, width: int) -> tuple[int, int, QImage]:
    """Return how many pages a report has, and one of them; the last one if there are fewer."""
    del job
    with PdfPages(pdf) as pages:
        page = min(page, len(pages) - 1)
        pixels = pages.render(page, width)
        height, width = pixels.shape[:2]
        image = QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
        return len(pages), page, image


class Sheet(QWidget):
    """A page of paper, as large as there is room."""

    clicked = Signal()
    resized = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setMinimumHeight(120)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._page: QPixmap | None = None
        self._faded = False

    def sizeHint(self) -> QSize:
        return QSize(240, round(240 / _A4))

    def pixels_wide(self) -> int:
        """Return how many pixels of the screen a page is wide."""
        return max(round(self._paper_width() * self.devicePixelRatioF()), 1)

    def show_page(self, page: QPixmap | None) -> None:
        """Show a page."""
        self._page = page
        self.update()

    def set_faded(self, faded: bool) -> None:
        """Show that the page is not up to date."""
        if faded != self._faded:
            self._faded = faded
            self.update()

    def _paper_width(self) -> float:
        return min(self.width() - 4, (self.height() - 4) * _A4)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        width = round(self._paper_width())
        height = round(width / _A4)
        x, y = (self.width() - width) // 2, (self.height() - height) // 2
        painter.fillRect(x, y, width, height, Qt.GlobalColor.white)
        if self._page is not None:
            painter.setOpacity(0.5 if self._faded else 1)
            painter.drawPixmap(x, y, width, height, self._page)
            painter.setOpacity(1)
        role = QPalette.ColorRole.Highlight if self.hasFocus() else QPalette.ColorRole.PlaceholderText
        painter.setPen(self.palette().color(role))
        painter.drawRect(x, y, width - 1, height - 1)
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.setMaximumHeight(round((self.width() - 4) / _A4) + 4)
        self.resized.emit()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.clicked.emit()

    def event(self, event: QEvent) -> bool:
        pressed = event.type() == QEvent.Type.KeyPress and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Space)  # type: ignore[attr-defined]
        if pressed:
            self.clicked.emit()
            return True
        return super().event(event)


class LargePages(QDialog):
    """All pages below each other, large enough to be read."""

    def __init__(self, pdf: bytes, page: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(gettext("Preview of the report"))
        self._pdf = pdf
        self._first = page
        self._labels: list[QLabel] = []
        self._column = QVBoxLayout()
        self._column.setSpacing(16)
        inner = QWidget()
        inner.setLayout(self._column)
        self.area = QScrollArea()
        self.area.setWidget(inner)
        self.area.setWidgetResizable(True)
        self.area.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.area.setAccessibleName(gettext("Pages of the report"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.area)
        self._task = Task("large pages", lambda _: None, self, on_part=self._on_page)
        room = self.screen().availableGeometry().size()
        self.resize(QSize(_LARGE + 60, 1100).boundedTo(room * 0.9))
        width = round(min(_LARGE, self.width() - 60) * self.devicePixelRatioF())
        self._task.start(lambda job: self._work(job, pdf, width))

    @staticmethod
    def _work(job: Job, pdf: bytes, width: int) -> None:
        with PdfPages(pdf) as pages:
            job.report(len(pages))
            for page in range(min(len(pages), _MOST_LARGE)):
                if job.cancelled.is_set():
                    return
                pixels = pages.render(page, width)
                height, wide = pixels.shape[:2]
                job.report(QImage(pixels.tobytes(), wide, height, 3 * wide, QImage.Format.Format_RGB888).copy())

    @Slot(object)
    def _on_page(self, image: QImage | int) -> None:
        if isinstance(image, int):
            self._show_number(image)
            return
        image.setDevicePixelRatio(self.devicePixelRatioF())
        label = QLabel()
        label.setPixmap(QPixmap.fromImage(image))
        label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._column.addWidget(label)
        self._labels.append(label)
        if len(self._labels) == self._first + 1:
            self._column.activate()
            self.area.ensureWidgetVisible(label, 0, 0)

    def _show_number(self, pages: int) -> None:
        """Say how many pages the report has, where not all are shown."""
        if pages > _MOST_LARGE:
            text = gettext("The first {shown} of {pages:,} pages").format(shown=_MOST_LARGE, pages=pages)
            self.setWindowTitle(f"{self.windowTitle()} – {text}")

    def done(self, result: int) -> None:
        self._task.close()
        super().done(result)
