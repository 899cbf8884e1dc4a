"""Files of the counts as they are now: one table of all images, or one image with its boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from core.counting.pipeline import FailedImage
from core.files import write_whole
from core.report.formats.annotated import annotate, write_picture
from core.report.formats.csv import to_csv
from core.report.tables import batch_table
from gui.workspace.images import State

if TYPE_CHECKING:
    from pathlib import Path

    from core.classes import Palette
    from gui.workspace.counting.counts import Counts
    from gui.workspace.counting.settings import CountSettingsModel
    from gui.workspace.images import Images
    from gui.workspace.inference.inference import Inference
    from gui.workspace.review.quality import FieldQualities
    from gui.workspace.store import SessionStore


class Saving(QObject):
    """Writes what the window shows into files."""

    def __init__(
        self,
        store: SessionStore,
        images: Images,
        settings: CountSettingsModel,
        counts: Counts,
        quality: FieldQualities,
        inference: Inference,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._images = images
        self._settings = settings
        self._counts = counts
        self._quality = quality
        self._inference = inference

    def save_table(self, path: Path) -> bool:
        """Write the counts of all images as CSV; True if the file is there."""
        failed = [FailedImage(item.path, item.error) for item in self._images.items if item.state is State.FAILED]
        data = to_csv(batch_table(self._quality.counted_images(), failed, self._settings.classes))
        return self._store.save(path, lambda: write_whole(path, data))

    def save_image(self, path: Path, palette: Palette) -> bool:
        """Write the image that is shown with its boxes; True if the file is there."""
        item, loaded, cells = self._images.current, self._inference.shown, self._counts.current_cells()
        result = self._counts.current_result()
        if item is None or loaded is None or result is None or cells is None:
            return False
        frame = self._settings.frame(item)
        drawn = annotate(loaded.image.pixels, cells.cells, result, self._settings.classes, palette, frame)
        return self._store.save(path, lambda: write_picture(drawn, path, mark=True))
