"""Help ▸ User guide: the pages of ``resources/guide``, shown in the program."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from PySide6.QtCore import QSize, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QKeyEvent, QTextCursor, QTextLength
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QPushButton, QTextBrowser, QVBoxLayout, QWidget

from core.text import gettext

PAGES = (
    ("install.md", gettext("Install")),
    ("first-count.md", gettext("A first count")),
    ("correcting.md", gettext("Correcting")),
    ("kinds.md", gettext("Kinds of cells")),
    ("counting-rule.md", gettext("The counting rule")),
    ("verifying.md", gettext("Verifying")),
    ("adapt.md", gettext("Your own images")),
    ("exchange.md", gettext("Exchange")),
    ("reporting.md", gettext("Reporting")),
    ("contours.md", gettext("Contours")),
    ("training.md", gettext("Your own model")),
    ("work.md", gettext("How much work it is")),
    ("troubleshooting.md", gettext("Troubleshooting")),
)
_START = 1
_SIZE, _FRAME = QSize(980, 720), QSize(24, 56)
"""Of the window at first, and what its frame and the screen's edge take, in pixels."""

_MARGIN = 16
_PICTURE = "\ufffc"  # what stands for an image in the text


def guide_folder() -> Path:
    """Return the folder of the user guide."""
    return Path(str(resources.files("resources") / "guide"))


class _Browser(QTextBrowser):
    """A browser that leaves addresses of the internet to the system."""

    def doSetSource(self, name: QUrl, type: object = None) -> None:
        if name.scheme() in ("http", "https"):
            QDesktopServices.openUrl(name)
        else:
            super().doSetSource(name)
            self.document().setDocumentMargin(_MARGIN)
            self._fit_pictures()
            self._wrap_commands()

    def _fit_pictures(self) -> None:
        """Let no image be wider than the page."""
        cursor = self.document().find(_PICTURE)
        while not cursor.isNull():
            picture = cursor.charFormat().toImageFormat()
            picture.setMaximumWidth(QTextLength(QTextLength.Type.PercentageLength, 100))
            cursor.setCharFormat(picture)
            cursor = self.document().find(_PICTURE, cursor)

    def _wrap_commands(self) -> None:
        """Let no line of a command be longer than the page."""
        block = self.document().begin()
        while block.isValid():
            shape = block.blockFormat()
            if shape.nonBreakableLines():
                shape.setNonBreakableLines(False)
                QTextCursor(block).setBlockFormat(shape)
            block = block.next()


class GuideWindow(QWidget):
    """The user guide in a window of its own, to be read beside the program."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setWindowTitle(gettext("User guide – SmearCount"))
        room = self.screen().availableSize() - _FRAME
        self.resize(_SIZE.boundedTo(room))
        self.pages = QListWidget()
        self.pages.addItems([title for _, title in PAGES])
        self.pages.setObjectName("lines")
        self.pages.setAccessibleName(gettext("Pages of the guide"))
        self.pages.setUniformItemSizes(True)
        self.pages.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.pages.setFixedWidth(max(self.pages.sizeHintForColumn(0) + 40, 170))
        self.browser = _Browser()
        self.browser.setOpenLinks(True)
        self.browser.setAccessibleName(gettext("User guide"))
        self.back = QPushButton(gettext("Back"))
        self.back.setEnabled(False)
        self.back.clicked.connect(self.browser.backward)
        self.browser.backwardAvailable.connect(self.back.setEnabled)
        self.browser.sourceChanged.connect(self._on_source)
        self.pages.currentRowChanged.connect(self.show_page)
        left = QVBoxLayout()
        left.addWidget(self.pages)
        left.addWidget(self.back)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(12)
        layout.addLayout(left)
        layout.addWidget(self.browser, 1)
        self.pages.setCurrentRow(_START)

    @Slot(int)
    def show_page(self, place: int) -> None:
        """Show one of the pages."""
        self.browser.setSource(QUrl.fromLocalFile(str(guide_folder() / PAGES[place][0])))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    @Slot(QUrl)
    def _on_source(self, source: QUrl) -> None:
        names = [name for name, _ in PAGES]
        if source.fileName() in names:
            self.pages.blockSignals(True)
            self.pages.setCurrentRow(names.index(source.fileName()))
            self.pages.blockSignals(False)
