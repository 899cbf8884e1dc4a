"""What becomes of paths that the user opens: images, folders of images, and sessions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from core.imaging.demo import demo_smear
from core.imaging.finding import find_images, summary
from core.session.storage.paths import corrected_before
from core.session.values import SESSION_SUFFIX, SessionError
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gui.workspace.images import Images
    from gui.workspace.inference.inference import Inference
    from gui.workspace.messages import Messages
    from gui.workspace.store import SessionStore


class Opening(QObject):
    """Opens paths: a session in place of the present one, images in the present one or a new one."""

    def __init__(
        self,
        store: SessionStore,
        images: Images,
        inference: Inference,
        messages: Messages,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._images = images
        self._inference = inference
        self._messages = messages

    def open(self, paths: Iterable[str | Path]) -> None:
        """Open a session, or add images and the images of folders to the list and show the first of them."""
        paths = [Path(path) for path in paths]
        sessions = [path for path in paths if path.suffix.lower() == SESSION_SUFFIX]
        if sessions:
            self._store.open(sessions[0])
        images = [path for path in paths if path not in sessions]
        if images:
            self._open_images(images)

    def _open_images(self, paths: list[Path]) -> None:
        listing = find_images(paths, recursive=True, quick=True)
        if left := summary(listing):
            self._messages.warning(left)
        found = list(dict.fromkeys(path.absolute() for path in listing.images))
        known = {item.path: item for item in self._images.items}
        new = [path for path in found if path not in known]
        if not new:
            if found:
                self._images.set_current(known[found[0]].id)
            self._messages.info(gettext("No new images were found there; choose images or a folder with images."))
            return
        if [item.path for item in self._images.items] == [demo_smear()]:
            self._store.close()  # the user's own images are not added to the demo's numbers
        is_new = not self._store.is_open
        try:
            session = self._store.ensure(new[0])
        except SessionError as error:
            self._store.create_refused.emit(paths, error)
            return
        self._inference.queue.paused = False
        added = self._images.add(new)
        if not added:
            return
        self._images.set_current(added[0].id)
        earlier = corrected_before(self._store.folder, new[0], besides=session.path) if is_new else None
        if earlier is not None:
            self._messages.warning(
                gettext(
                    "These images were edited before, in the session {name}. This is a new one; to go on with the "
                    "edits: File, Open session."
                ).format(name=earlier.stem)
            )

    def open_demo(self) -> None:
        """Open the demo smear."""
        self.open([demo_smear()])

    def find_moved(self, folder: Path) -> None:
        """Look for the images whose files are missing below a folder, and count those that are not counted yet."""
        found = self._images.find_missing(folder)
        if found:
            self._inference.relocated(found)
