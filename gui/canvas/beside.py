"""A second image beside the one that is shown, to compare: looked at together, never edited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Slot

from core.text import gettext
from gui.canvas.overlays.chips import Chip, Chips
from gui.canvas.view import Canvas

if TYPE_CHECKING:
    from gui.canvas.camera import Camera
    from gui.workspace.view_options import ViewOptions
    from gui.workspace.workspace import Workspace

_EDGE = 12


class Beside(Canvas):
    """Keeps the image that was shown when it was opened, while others are paged through; both move together."""

    def __init__(self, workspace: Workspace, canvas: Canvas, options: ViewOptions) -> None:
        super().__init__()
        self.setObjectName("canvas")
        self.setAccessibleName(gettext("Image kept beside"))
        self.setAccessibleDescription("")
        self._workspace = workspace
        self._canvas = canvas
        self._options = options
        self._image: int | None = None
        self._following = False
        self._chips = Chips(self, QPoint(_EDGE, _EDGE))
        self.hide()
        options.changed.connect(self._on_options)
        options.display_changed.connect(self._on_display)
        workspace.counts.changed.connect(self._on_counts)
        workspace.images.changed.connect(self._on_images)
        workspace.store.session_changed.connect(lambda: options.show_beside(False))
        canvas.moved.connect(lambda: self._have_follow(self, canvas))
        canvas.zoom_changed.connect(lambda *_: self._have_follow(self, canvas))
        self.moved.connect(lambda: self._have_follow(canvas, self))
        self.zoom_changed.connect(lambda *_: self._have_follow(canvas, self))

    @property
    def image(self) -> int | None:
        """The id of the image that is kept."""
        return self._image

    @Slot()
    def _on_options(self) -> None:
        if self._options.beside == (self._image is not None):
            self._show_cells()
        elif self._options.beside:
            self._keep()
        else:
            self._image = None
            self.hide()
            self.show_photograph(())

    def _keep(self) -> None:
        """Keep the image that is shown now."""
        item, loaded = self._workspace.images.current, self._workspace.inference.shown
        if item is None or loaded is None:
            self._options.show_beside(False)
            return
        self._image = item.id
        self.show_photograph(loaded.levels)
        self._on_display()
        text = gettext("{name} · kept beside").format(name=item.path.name)
        self._chips.show_chips([Chip(text, lambda: self._options.show_beside(False), gettext("Click to close"))])
        self._show_cells()
        self.show()
        self._have_follow(self, self._canvas)

    def _show_cells(self) -> None:
        counts, image = self._workspace.counts, self._image
        cells, result = counts.cells(image), counts.result(image)
        if cells is None or result is None:
            self.show_detections(None, ())
            return
        self.show_detections(cells.cells, self._workspace.settings.classes)
        shown = self._options.boxes and not self._workspace.tally.hides_counts
        self.show_cells(result.counted & shown)

    def _have_follow(self, one: Camera, other: Camera) -> None:
        """Have one canvas look where the other does."""
        if self._image is not None and not self._following and self.isVisible():
            self._following = True
            one.follow(other)
            self._following = False

    @Slot()
    def _on_display(self) -> None:
        self.photograph.set_table(self._options.display.table())
        self.viewport().update()

    @Slot(object)
    def _on_counts(self, images: frozenset[int]) -> None:
        if self._image in images:
            self._show_cells()

    @Slot()
    def _on_images(self) -> None:
        if self._image is not None and self._workspace.images.item(self._image) is None:
            self._options.show_beside(False)
