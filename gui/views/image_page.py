"""The middle of Review: the image, or why it cannot be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QStackedWidget, QWidget

from core.text import gettext
from gui.commands.context import Dialog
from gui.widgets.layout.message_page import MessagePage

if TYPE_CHECKING:
    from collections.abc import Callable

    from gui.canvas.view import Canvas
    from gui.workspace.workspace import Workspace


class ImagePage(QStackedWidget):
    """Shows the canvas, or why an image cannot be shown."""

    def __init__(self, workspace: Workspace, canvas: Canvas, open_dialog: Callable[[Dialog], None]) -> None:
        super().__init__()
        self._workspace = workspace
        self._canvas = canvas
        self.failure_page = FailurePage()
        for page in (canvas, self.failure_page):
            self.addWidget(page)
        self.setMinimumSize(200, 160)
        images, inference = workspace.images, workspace.inference
        self.failure_page.retry.connect(inference.count_current)
        self.failure_page.remove.connect(self._remove)
        self.failure_page.locate.connect(lambda: open_dialog(Dialog.FIND_MOVED))
        images.changed.connect(self.refresh)
        images.current_changed.connect(self.refresh)
        images.item_changed.connect(self._on_item)
        inference.image_loaded.connect(self._on_item)

    @Slot()
    def refresh(self) -> None:
        """Choose the page."""
        current = self._workspace.images.current
        if current is not None and self._workspace.inference.unseen:
            self.failure_page.show_error(current.error, missing=not current.path.exists())
            self.setCurrentWidget(self.failure_page)
        else:
            self.setCurrentWidget(self._canvas)

    @Slot(object)
    def _on_item(self, image: int) -> None:
        if image == self._workspace.images.current_id:
            self.refresh()

    @Slot()
    def _remove(self) -> None:
        current = self._workspace.images.current_id
        if current is not None:
            self._workspace.images.remove([current])


class FailurePage(MessagePage):
    """An image that cannot be counted, and why."""

    retry = Signal()
    remove = Signal()
    locate = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(gettext("This image cannot be counted"), "", parent)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.retry_button = self.add_button(gettext("Try again"))
        self.locate_button = self.add_button(gettext("Find moved images…"))
        self.remove_button = self.add_button(gettext("Remove from the list"))
        self.retry_button.clicked.connect(lambda: self.retry.emit())
        self.remove_button.clicked.connect(lambda: self.remove.emit())
        self.locate_button.clicked.connect(lambda: self.locate.emit())

    def show_error(self, text: str, *, missing: bool) -> None:
        """Say what is wrong with the image; ``missing``: its file is not where it was."""
        self.title.setText(
            gettext("This image is not where it was") if missing else gettext("This image cannot be shown or counted")
        )
        self.text.setText(text)
        self.locate_button.setVisible(missing)
