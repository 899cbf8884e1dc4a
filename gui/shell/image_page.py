"""The middle of the window: the image, or what to do where there is none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QStackedWidget

from gui.commands.context import Dialog
from gui.shell.start_page import FailurePage, StartPage

if TYPE_CHECKING:
    from collections.abc import Callable

    from gui.canvas.view import Canvas
    from gui.preferences import Preferences
    from gui.workspace.workspace import Workspace


class ImagePage(QStackedWidget):
    """Shows the canvas, the start page, or why an image cannot be shown."""

    def __init__(
        self, workspace: Workspace, canvas: Canvas, preferences: Preferences, open_dialog: Callable[[Dialog], None]
    ) -> None:
        super().__init__()
        self._workspace = workspace
        self._preferences = preferences
        self._canvas = canvas
        self.start_page = StartPage()
        self.failure_page = FailurePage()
        for page in (self.start_page, self.failure_page, canvas):
            self.addWidget(page)
        self.setMinimumSize(200, 160)
        images, inference = workspace.images, workspace.inference
        self.start_page.open_images.connect(lambda: open_dialog(Dialog.OPEN_IMAGES))
        self.start_page.open_demo.connect(workspace.opening.open_demo)
        self.start_page.open_session.connect(lambda path: workspace.store.open(Path(path)))
        self.failure_page.retry.connect(inference.count_current)
        self.failure_page.remove.connect(self._remove)
        self.failure_page.locate.connect(lambda: open_dialog(Dialog.FIND_MOVED))
        images.changed.connect(self.refresh)
        images.current_changed.connect(self.refresh)
        images.item_changed.connect(self._on_item)
        inference.image_loaded.connect(self._on_item)
        workspace.store.session_changed.connect(self._on_session_changed)
        self.start_page.show_recent(preferences.recent_sessions)

    @Slot()
    def refresh(self) -> None:
        """Choose the page."""
        current = self._workspace.images.current
        if current is None:
            self.setCurrentWidget(self.start_page)
        elif current.error and self._workspace.inference.shown is None:
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

    @Slot()
    def _on_session_changed(self) -> None:
        path = self._workspace.store.path
        if path is not None:
            self._preferences.add_recent_session(str(path))
        self._preferences.unfinished_session = str(path) if path is not None else ""
        self.start_page.offer_unfinished("")
        self.start_page.show_recent(self._preferences.recent_sessions)
