"""What becomes of paths that the user opens: images, folders of images, and sessions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from core.imaging.demo import demo_smear
from core.imaging.files.finding import find_images, summary
from core.session.glance import Glance as Glance
from core.session.glance import counted_before, glance
from core.session.values import SESSION_SUFFIX, SessionError
from core.text import gettext
from core.verification.profile import PROFILE_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gui.workspace.images import Images
    from gui.workspace.inference.inference import Inference
    from gui.workspace.messages import Messages
    from gui.workspace.store import SessionStore
    from gui.workspace.verification.profiles import Profiles


class Into(Enum):
    """Where images go."""

    SAMPLE = auto()
    NEW_SAMPLE = auto()
    EARLIER = auto()


@dataclass(frozen=True)
class Found:
    """What paths stand for.

    ``images`` are those that are not on the list, ``known`` is the first that is; ``warning`` tells what was left
    out. ``earlier``: the session in which the images were counted before. ``profile``: a laboratory's profile.
    """

    paths: tuple[Path, ...]
    session: Path | None
    images: tuple[Path, ...]
    known: Path | None
    warning: str
    earlier: Glance | None
    profile: Path | None = None


class Opening(QObject):
    """Opens paths: a session in place of the present one, images in the present one or a new one.

    A sample that is begun is counted by the laboratory's default profile; one that is opened counts the sample.
    """

    begun = Signal()  # a sample that nobody has named yet

    def __init__(
        self,
        store: SessionStore,
        images: Images,
        inference: Inference,
        profiles: Profiles,
        messages: Messages,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._images = images
        self._inference = inference
        self._profiles = profiles
        self._messages = messages

    # -- what there is -------------------------------------------------------------------------

    @property
    def has_sample(self) -> bool:
        """Whether images are open to which others could be added; the demo's numbers are nobody's."""
        return bool(self._images.items) and not self._is_demo

    @property
    def _is_demo(self) -> bool:
        return [item.path for item in self._images.items] == [demo_smear()]

    def recent(self, sessions: Iterable[str]) -> list[Glance]:
        """Return what can be told of sessions that are still there, but for the one that is open."""
        paths = [path for path in map(Path, sessions) if path != self._store.path]
        return [seen for path in paths if (seen := glance(path)) is not None]

    def look(self, paths: Iterable[str | Path]) -> Found:
        """Return what paths stand for; nothing is opened."""
        given = [Path(path) for path in paths]
        sessions = [path for path in given if path.suffix.lower() == SESSION_SUFFIX]
        profiles = [path for path in given if path.suffix.lower() == PROFILE_SUFFIX]
        others = [path for path in given if path not in sessions and path not in profiles]
        listing = find_images(others, recursive=True, quick=True)
        found = list(dict.fromkeys(path.absolute() for path in listing.images))
        listed = {item.path for item in self._images.items}
        new = tuple(path for path in found if path not in listed)
        known = next((path for path in found if path in listed), None)
        session = sessions[0] if sessions else None
        earlier = None if session else self._earlier(new)
        return Found(tuple(given), session, new, known, summary(listing), earlier, profiles[0] if profiles else None)

    def _earlier(self, images: tuple[Path, ...]) -> Glance | None:
        if not images or images[0] == demo_smear():
            return None
        path = counted_before(self._store.folder, images[0], self._store.path)
        return None if path is None else glance(path)

    # -- opening -------------------------------------------------------------------------------

    def open(self, paths: Iterable[str | Path], into: Into = Into.SAMPLE) -> None:
        """Open a session, or images and the images of folders; the first of them is shown."""
        self.take(self.look(paths), into)

    def take(self, found: Found, into: Into = Into.SAMPLE) -> None:
        """Open what was found; images go into the sample that is open unless ``into`` says otherwise."""
        if found.session is not None:
            self._store.open(found.session)
        if found.warning:
            self._messages.warning(found.warning)
        if found.images:
            self._take_images(found, into)
        elif found.known is not None:
            self._images.set_current(next(item.id for item in self._images.items if item.path == found.known))
            self._messages.info(gettext("These images are on the list already."))
        elif found.session is None and found.profile is None and not found.warning:
            folders = [path for path in found.paths if path.is_dir()]
            where = folders[0].name if folders else ", ".join(path.name for path in found.paths[:1])
            self._messages.warning(
                gettext("{name}: there are no images in it; choose another folder, or images.").format(name=where)
            )
        if found.profile is not None:
            self._profiles.use(found.profile)

    def _take_images(self, found: Found, into: Into) -> None:
        new = list(found.images)
        if into is Into.EARLIER and found.earlier is not None:
            if not self._store.open(found.earlier.path):
                return
            listed = {item.path for item in self._images.items}
            new = [path for path in new if path not in listed]
            if not new or not self._store.writable:
                return
        elif into is Into.NEW_SAMPLE or self._is_demo:
            self._store.close()  # the user's own images are not added to the demo's numbers
        begins = not self._store.is_open
        try:
            self._store.ensure(new[0])
        except SessionError as error:
            self._store.create_refused.emit(list(found.paths), error)
            return
        self._inference.queue.paused = False
        added = self._images.add(new)
        if added:
            self._images.set_current(added[0].id)
            if begins and new != [demo_smear()]:
                self._profiles.begin_sample()
                self.begun.emit()

    def open_demo(self) -> None:
        """Open the demo smear, in place of what is open."""
        self.open([demo_smear()], Into.NEW_SAMPLE)

    def find_moved(self, folder: Path) -> None:
        """Look for the images whose files are missing below a folder, and count those that are not counted yet."""
        found = self._images.find_missing(folder)
        if found:
            self._inference.relocated(found)
