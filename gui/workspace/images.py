"""The images of the session: what is known of each, their order, and which one is shown."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from core.imaging.batch import KnownSpan
from core.imaging.depth import Span
from core.session.session import find_moved
from core.session.tables.settings import pixels_key, span_key
from core.session.values import Edit, Subject, ValueChange
from core.text import gettext, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from core.counting.region import Region
    from core.session.values import FileStamp, StoredImage
    from gui.workspace.history import History
    from gui.workspace.messages import Messages
    from gui.workspace.store import SessionStore


class State(Enum):
    """How far an image is with the model."""

    WAITING = "waiting"
    COUNTING = "counting"
    COUNTED = "counted"
    FAILED = "failed"


@dataclass(eq=False)
class ImageItem:
    """One image of the list.

    ``diameter`` is the red cell diameter in pixels set by hand (None: estimate it), ``edited`` the number of cells
    that the user edited, ``reviewed_counts`` the counts that were reviewed
    (empty if unknown, None if the image is not reviewed), ``region`` the part that counts (None: all of it),
    ``stamp`` the file as it was read, None until it is, ``span`` what its samples were scaled by if they are deep,
    ``pixels`` the digest of its pixels as they were counted, "" if unknown.
    """

    id: int
    path: Path
    state: State = State.WAITING
    error: str = ""
    notices: tuple[str, ...] = ()
    size: tuple[int, int] = (0, 0)
    seconds: float = 0.0
    diameter: float | None = None
    reviewed_counts: Mapping[str, int] | None = None
    edited: int = 0
    stamp: FileStamp | None = None
    region: Region | None = None
    span: Span | None = None
    pixels: str = ""

    @classmethod
    def of(cls, image: StoredImage, edited: int = 0, pixels: str = "") -> ImageItem:
        """Return an image as the session has it."""
        return cls(
            image.id,
            image.path,
            State(image.state),
            image.error,
            image.notices,
            (image.width, image.height),
            image.seconds,
            image.diameter,
            image.reviewed_counts,
            edited,
            image.stamp,
            image.region,
            pixels=pixels,
        )

    @property
    def reviewed(self) -> bool:
        """Whether the image is marked as reviewed."""
        return self.reviewed_counts is not None


class Images(QObject):
    """The list of images. Everybody names an image by its id, which never changes."""

    changed = Signal()  # which images there are, or where they are
    current_changed = Signal(object)  # id, None if no image is shown
    item_changed = Signal(object)  # id of an image of which something else has changed
    diameter_changed = Signal(object)  # id of an image whose cells are to be found again
    regions_changed = Signal(object)  # frozenset of ids
    identified = Signal(object)  # id of an image whose file was read for the first time

    def __init__(
        self, store: SessionStore, history: History, messages: Messages, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._history = history
        self._messages = messages
        self.items: list[ImageItem] = []
        self.current_id: int | None = None
        self._by_id: dict[int, ImageItem] = {}
        self._positions: dict[int, int] = {}
        self._with_region: set[int] = set()
        store.reading.connect(self._read)
        store.session_changed.connect(self._show_session)
        history.recorded.connect(self._on_recorded)

    # -- what there is -------------------------------------------------------------------------

    def item(self, image: int | None) -> ImageItem | None:
        """Return an image by its id; None if it is not on the list."""
        return None if image is None else self._by_id.get(image)

    @property
    def current(self) -> ImageItem | None:
        """The image that is shown."""
        return self.item(self.current_id)

    def position(self, image: int | None) -> int:
        """Return the place of an image in the list, from 0; -1 if it is not on it."""
        return -1 if image is None else self._positions.get(image, -1)

    @property
    def current_position(self) -> int:
        """The place of the image that is shown in the list, from 0; -1 if there is none."""
        return self.position(self.current_id)

    def neighbour(self, item: ImageItem, by: int) -> ImageItem | None:
        """Return the image so many places after (before, if negative) another; None past the ends."""
        place = self.position(item.id) + by
        return self.items[place] if 0 <= place < len(self.items) else None

    def scale(self, item: ImageItem) -> KnownSpan | None:
        """Return what the deep samples of an image were scaled by to be counted; None if there is nothing to know."""
        if item.span is None and item.state is State.COUNTED:
            known = self._store.remembered(span_key(item.id))
            item.span = None if known is None else Span(*known)
        return None if item.span is None else KnownSpan(item.span)

    @property
    def any_region(self) -> bool:
        """Whether any image has a region."""
        return bool(self._with_region)

    def missing(self) -> list[ImageItem]:
        """Return the images whose files are not where they were."""
        return [item for item in self.items if not item.path.exists()]

    # -- what is shown -------------------------------------------------------------------------

    def set_current(self, image: int | None) -> None:
        """Show an image."""
        if image != self.current_id and (image is None or image in self._by_id):
            self.current_id = image
            self.current_changed.emit(image)

    def reveal(self, image: int) -> bool:
        """Show an image, or say that it is no longer on the list; True if it is shown."""
        if image not in self._by_id:
            self._messages.info(gettext("That image is no longer on the list; open it again to see it."))
            return False
        self.set_current(image)
        return True

    # -- the list ------------------------------------------------------------------------------

    def add(self, paths: Sequence[Path]) -> list[ImageItem]:
        """Put images at the end of the list of the open session; return those that were not on it."""
        with self._store.write() as write:
            added = write.session.images.add(paths)
            if added:
                text = ngettext("Open {n:,} image", "Open {n:,} images", len(added)).format(n=len(added))
                write.note(text, user=self._store.user or "SmearCount")
            items = [ImageItem.of(image, write.session.edits.edited_cells_of(image.id)) for image in added]
        if not write.done or not items:
            return []
        self._set_items([*self.items, *items])
        self.changed.emit()
        return items

    def remove(self, images: Iterable[int]) -> None:
        """Take images off the list, as one edit; their files stay, and so do their edits in the session."""
        gone = [image for image in images if image in self._by_id]
        if not gone:
            return
        number = len(gone)
        if number == 1:
            image = self._by_id[gone[0]].path.name
            name = gettext("Remove {image} from the list").format(image=image)
            told = gettext("Removed {image} from the list.").format(image=image)
        else:
            name = ngettext("Remove {n:,} image from the list", "Remove {n:,} images from the list", number)
            told = ngettext("Removed {n:,} image from the list.", "Removed {n:,} images from the list.", number)
            name, told = name.format(n=number), told.format(n=number)
        values = tuple(ValueChange(Subject.LISTED, image, False) for image in gone)
        if self._history.record([Edit(None, name, values=values)]):
            self._messages.offer(told, gettext("Undo"), self._history.undo, about_step=True)

    def set_diameter(self, image: int, diameter: float | None) -> bool:
        """Set the red cell diameter of an image in pixels by hand (None: estimate it); True if it has changed."""
        item = self._by_id[image]
        if item.diameter == diameter:
            return False
        name = (
            gettext("Red cell diameter: estimated")
            if diameter is None
            else gettext("Red cell diameter: {diameter:.0f} px").format(diameter=diameter)
        )
        return self._history.record([Edit(image, name, values=(ValueChange(Subject.DIAMETER, image, diameter),))])

    def _drop(self, gone: set[int]) -> None:
        """Show a list without some images, and what follows the current one if that is gone."""
        place = sum(item.id not in gone for item in self.items[: max(self.current_position, 0)])
        left = [item for item in self.items if item.id not in gone]
        stays = self.current_id not in gone
        if not stays:
            self.current_id = None
        self._set_items(left)
        self.changed.emit()
        if not stays:
            if left:
                self.set_current(left[min(place, len(left) - 1)].id)
            else:
                self.current_changed.emit(None)

    def find_missing(self, folder: Path) -> list[ImageItem]:
        """Look for the missing images below a folder; return those that were found again."""
        session, missing = self._store.session, self.missing()
        if session is None or not missing:
            return []
        ids = {item.id for item in missing}
        found = self._store.read(
            lambda session: find_moved([image for image in session.images.all() if image.id in ids], folder), {}
        )
        if not found:
            self._messages.warning(
                gettext("{folder}: it holds none of the missing images; choose another folder.").format(folder=folder)
            )
            return []
        with self._store.write() as write:
            write.note(write.session.images.relocate(found))
        if not write.done:
            return []
        for image, path in found.items():
            item = self._by_id[image]
            item.path, item.error = path, ""
        self.changed.emit()
        left = len(missing) - len(found)
        text = ngettext("{n:,} image was found again.", "{n:,} images were found again.", len(found)).format(
            n=len(found)
        )
        if left:
            still = ngettext("{n:,} is still missing.", "{n:,} are still missing.", left).format(n=left)
            self._messages.warning(f"{text} {still}")
        else:
            self._messages.info(text)
        return [self._by_id[image] for image in found]

    @Slot()
    def _read(self) -> None:
        """Show the images of the session that is open now, and the one that was shown last."""
        self.current_id = None
        self._set_items(self._stored())
        last = self._store.remembered("current")
        if self.items:
            self.current_id = last if isinstance(last, int) and last in self._by_id else self.items[0].id

    @Slot()
    def _show_session(self) -> None:
        self.changed.emit()
        self.current_changed.emit(self.current_id)

    def _set_items(self, items: list[ImageItem]) -> None:
        self.items = items
        self._by_id = {item.id: item for item in items}
        self._with_region = {item.id for item in items if item.region is not None}
        self._positions = {item.id: place for place, item in enumerate(items)}

    @Slot(object)
    def _on_recorded(self, edits: tuple[Edit, ...]) -> None:
        """Take over what edits, an undo or a redo did to the list and to what is known of its images."""
        changes = [(change.image, change) for edit in edits for change in edit.values if change.image is not None]
        listed = {image: bool(change.after) for image, change in changes if change.subject is Subject.LISTED}
        if any(listed.values()):
            self._restore()
        if edits[0].undoes is not None:
            self._show_undone(edits)
        if not all(listed.values()):
            self._drop({image for image, stays in listed.items() if not stays})
        regions: set[int] = set()
        for image, change in changes:
            item = self._by_id.get(image)
            if item is None:
                continue
            if change.subject is Subject.REVIEW:
                item.reviewed_counts = change.after
                self.item_changed.emit(item.id)
            elif change.subject is Subject.DIAMETER:
                item.diameter = change.after
                self.diameter_changed.emit(item.id)
            elif change.subject is Subject.REGION:
                self._set_region(item, change.after)
                regions.add(item.id)
        if regions:
            self.regions_changed.emit(frozenset(regions))

    def _set_region(self, item: ImageItem, region: Region | None) -> None:
        item.region = region
        if region is None:
            self._with_region.discard(item.id)
        else:
            self._with_region.add(item.id)

    def _restore(self) -> None:
        """Show the list as the session has it, after images came back to it."""
        self._set_items([self._by_id.get(item.id) or item for item in self._stored()])
        self.changed.emit()

    def _stored(self) -> list[ImageItem]:
        edited = self._store.read(lambda session: session.edits.edited_cells(), {})
        pixels = self._store.read(lambda session: session.view.of_images(pixels_key), {})
        return [
            ImageItem.of(image, edited.get(image.id, 0), pixels.get(image.id, ""))
            for image in self._store.read(lambda session: session.images.all(), [])
        ]

    def _show_undone(self, edits: tuple[Edit, ...]) -> None:
        """Show where something was undone or redone; say so, and offer the way back, unless it is the image shown."""
        places = {edit.image for edit in edits} | {change.image for edit in edits for change in edit.values}
        there = [image for image in places if image in self._by_id]
        redoing, before, name = self._history.redoing, self.current_id, edits[0].name
        if not there:
            text = gettext("Redone: {name}") if redoing else gettext("Undone: {name}")
            self._messages.info(text.format(name=name))
        elif before not in there:
            image = min(there, key=self.position)
            self.set_current(image)
            text = gettext("Redone in {image}: {name}") if redoing else gettext("Undone in {image}: {name}")
            text = text.format(image=self._by_id[image].path.name, name=name)
            if before is None:
                self._messages.info(text)
            else:
                self._messages.offer(text, gettext("Go back"), lambda: self.set_current(before))
