"""The count of every image at the present settings: the one place that keeps them."""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from gui.tasks import Debounce, IdleLoop
from gui.workspace.counting.cells import CountedCells, ImageCells, KnownCount, able_places
from gui.workspace.counting.reader import CellReader
from gui.workspace.images import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from core.counting.count import CountIndex, CountResult, CountSettings
    from core.session.values import Edit
    from gui.workspace.counting.settings import CountSettingsModel
    from gui.workspace.history import History
    from gui.workspace.images import Images
    from gui.workspace.messages import Messages
    from gui.workspace.store import SessionStore

_KEPT_RESULTS = 64
_AT_ONCE = 50
_BUDGET_MS = 6.0
_BATCH = 200
_EDITS_AT_ONCE = 20
_MANY_WAIT = 8
_TOGETHER_MS = 400


class Counts(QObject):
    """Counts every image, and keeps the counts up to date as settings, edits and images change.

    A count index of a few kilobytes is kept of each image, and its counts at the present settings. Another
    threshold counts the image that is shown at once, and the others between other events: 13,000 take a second.
    ``changed`` names the images that count differently, or can be counted now. ``totals_changed`` follows when the
    sums over all images are complete.
    """

    changed = Signal(object)  # frozenset of ids
    read = Signal(object)  # id of an image whose cells were just read
    totals_changed = Signal()

    def __init__(
        self,
        store: SessionStore,
        history: History,
        images: Images,
        settings: CountSettingsModel,
        messages: Messages,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._images = images
        self._settings = settings
        self.states: Counter[State] = Counter()
        self.reviewed = 0
        self.counted_images = 0
        self._known: dict[int, KnownCount] = {}
        self._sums: Counter[str] = Counter()
        self._cells = CellReader(store, images, settings, messages)
        self._results: OrderedDict[int, tuple[CountIndex, CountSettings, CountResult]] = OrderedDict()
        self._first: tuple[int, ...] = ()
        self._stale: dict[int, None] = {}
        self._used: tuple[CountSettings | None, tuple[str, ...]] = (None, ())
        self._loop = IdleLoop(self, _BUDGET_MS)
        self._totals_later = Debounce(0, self.totals_changed.emit, self)
        store.reading.connect(self._read)
        images.changed.connect(self._on_images_changed)
        images.item_changed.connect(self._on_item_changed)
        images.current_changed.connect(self._on_current_changed)
        images.regions_changed.connect(self.forget_indices)
        settings.changed.connect(self._on_settings_changed)
        history.recorded.connect(self._on_recorded)

    # -- what is known of an image -------------------------------------------------------------

    def cells(self, image: int | None) -> ImageCells | None:
        """Return the cells of an image, read from the session if need be; None while it has none."""
        item = self._images.item(image)
        return None if item is None else self._cells.get(item)

    def current_cells(self) -> ImageCells | None:
        """Return the cells of the image that is shown."""
        return self.cells(self._images.current_id)

    def index(self, image: int | None) -> CountIndex | None:
        """Return what the count of an image needs; None until it is counted, or read from the session."""
        known = None if image is None else self._known.get(image)
        return None if known is None else known.index

    def result(self, image: int | None) -> CountResult | None:
        """Count an image at the present settings; None while it has no cells, or they are not read yet."""
        item, settings = self._images.item(image), self._settings.value
        index = self.index(image)
        if item is None or index is None or settings is None or item.state is not State.COUNTED:
            return None
        last = self._results.get(item.id)
        if last is None or last[0] is not index or last[1] is not settings:
            result = index.count(settings.thresholds, self._settings.classes)
            last = self._results[item.id] = index, settings, result
            while len(self._results) > _KEPT_RESULTS:
                self._results.popitem(last=False)
        return last[2]

    def current_result(self) -> CountResult | None:
        """Return the count of the image that is shown."""
        return self.result(self._images.current_id)

    def counts(self, image: int) -> dict[str, int] | None:
        """Return the counts of an image by class at the present settings; None while it has none."""
        known, item = self._known.get(image), self._images.item(image)
        if known is None or item is None or item.state is not State.COUNTED or known.index is None:
            return None
        if known.settings is not self._settings.value:
            self._count(image, known)
        return known.counts

    def known_counts(self, image: int) -> dict[str, int] | None:
        """Return the counts of an image if they are those at the present settings; counts nothing."""
        known = self._known.get(image)
        return known.counts if known is not None and known.settings is self._settings.value else None

    # -- all images ----------------------------------------------------------------------------

    def counted_cells(self, image: int | None = None) -> list[CountedCells]:
        """Return what counts in an image, or (None) in each, in the order of the list; reads nothing."""
        if image is None:
            return [one.now for one in self._known.values() if one.now is not None]
        known = self._known.get(image)
        return [] if known is None or known.now is None else [known.now]

    @property
    def unread(self) -> int:
        """How many counted images were not read from the session yet."""
        items = self._images.items
        return sum(
            item.state is State.COUNTED and (one := self._known.get(item.id)) is not None and one.able is None
            for item in items
        )

    @property
    def many_wait(self) -> bool:
        """Whether so many images wait to be counted that what each of them changes is shown for some together."""
        return self.states[State.WAITING] > _MANY_WAIT

    @property
    def complete(self) -> bool:
        """Whether every image is counted at the present settings that can be."""
        return not self._stale

    @property
    def totals(self) -> dict[str, int] | None:
        """The counts of all images together; None until all are added up."""
        return None if self._stale else {name: self._sums[name] for name in self._settings.classes}

    def of_class(self, name: str) -> list[int]:
        """Return the count of a class in each counted image, in no order that matters."""
        return [known.counts.get(name, 0) for known in self._known.values() if known.counts is not None]

    def read_now(self, image: int) -> None:
        """Count an image now that was counted earlier but not read from the session yet."""
        known = self._known.get(image)
        if known is not None and known.index is None:
            self._make_index(image, known)
            self._count(image, known)

    def prefer(self, images: Iterable[int]) -> None:
        """Count these images first from now on: they are in view."""
        self._first = tuple(images)

    # -- what changes --------------------------------------------------------------------------

    def take(self, image: int, cells: ImageCells) -> None:
        """Count an image whose cells were just found or edited."""
        self._cells.keep(image, cells)
        known = self._known.get(image)
        if known is not None:
            self._make_index(image, known)
            self._count(image, known)
            if image != self._images.current_id:
                self._cells.drop(image)
            self._announce({image})
            self._add_up_later()

    def forget(self, images: Iterable[int]) -> None:
        """Read images from the session again: the current one now, the others soon."""
        images = list(images)
        for image in images:
            self._cells.drop(image)
        self.forget_indices(images)

    @Slot(object)
    def forget_indices(self, images: Iterable[int]) -> None:
        """Count images again after what counts in them changed: the current one now, the others soon."""
        images = [image for image in images if image in self._known]
        for image in images:
            self._known[image].index = None
        self._recount(images)

    @Slot()
    def _read(self) -> None:
        self._cells.clear()
        self._results.clear()
        self._known.clear()
        self._sums.clear()
        self.counted_images = 0

    @Slot()
    def _on_images_changed(self) -> None:
        """Take over which images there are."""
        items = self._images.items
        before, self._known = self._known, {}
        for item in items:
            known = before.get(item.id) or KnownCount()
            known.state, known.reviewed = item.state, item.reviewed
            self._known[item.id] = known
        for image in before.keys() - self._known.keys():
            self._cells.drop(image)
            self._results.pop(image, None)
            self._add_up(before[image], None)
        self.states = Counter(item.state for item in items)
        self.reviewed = sum(item.reviewed for item in items)
        self._recount([item.id for item in items if item.id not in before or item.id in self._stale])

    @Slot(object)
    def _on_item_changed(self, image: int) -> None:
        """Take over how far an image is."""
        known, item = self._known.get(image), self._images.item(image)
        if known is None or item is None:
            return
        self.states[known.state] -= 1
        self.states[item.state] += 1
        self.reviewed += item.reviewed - known.reviewed
        known.state, known.reviewed = item.state, item.reviewed
        if item.state not in (State.COUNTED, State.COUNTING) or known.index is None:
            self._add_up(known, None)
        if item.state not in (State.COUNTED, State.COUNTING):
            known.able = known.now = None
        self._add_up_later()

    @Slot(object)
    def _on_current_changed(self, image: int | None) -> None:
        if image is not None:
            self.read_now(image)
            self._announce({image})

    @Slot()
    def _on_settings_changed(self) -> None:
        before, self._used = self._used, (self._settings.value, self._settings.classes)
        if before == self._used and before[0] is self._used[0]:
            return
        was, now = before[0], self._used[0]
        if before[1] != self._used[1]:
            self._cells.clear()
            for known in self._known.values():
                known.able = known.now = None
        if (
            was is None
            or now is None
            or (was.nms_iou, was.edge_rule) != (now.nms_iou, now.edge_rule)
            or (before[1] != self._used[1])
        ):
            self.forget_indices(list(self._known))
        else:
            self._recount(list(self._known))

    @Slot(object)
    def _on_recorded(self, edits: tuple[Edit, ...]) -> None:
        """Take over what edits did to cells; where only a mark was set, the counts stay."""
        edited = [(edit.image, edit) for edit in edits if edit.cells and edit.image in self._known]
        images = [image for image, _ in edited if image is not None]
        if len(edited) > _EDITS_AT_ONCE:
            numbers = self._store.read(lambda session: session.edits.edited_cells(), {})
            for image in images:
                item = self._images.item(image)
                if item is not None:
                    item.edited = numbers.get(image, 0)
            self.forget(images)
        else:
            for image, edit in edited:
                if image is not None:
                    self._edit(image, edit)
        for image in images:
            self._images.item_changed.emit(image)

    def _edit(self, image: int, edit: Edit) -> None:
        """Show an edit in the cells of its image."""
        cells, item = self._cells.kept(image), self._images.item(image)
        known = self._known[image]
        if cells is not None:
            for change in edit.cells:
                first = cells.changes.get(change.cell, change)
                cells.changes[change.cell] = replace(change, before=first.before)
            self._cells.keep(image, ImageCells.of(cells.found, cells.changes, self._settings.classes))
        self._make_index(image, known)
        self._count(image, known)
        cells = self.cells(image)
        if cells is not None and item is not None:
            item.edited = cells.corrections.edited_cells
        self._totals_later.start(0)
        self._announce({image})

    # -- counting ------------------------------------------------------------------------------

    def _recount(self, images: list[int]) -> None:
        """Count images at the present settings: the current one now, the others between other events."""
        for image in images:
            self._stale[image] = None
        current = self._images.current_id
        if current in self._stale:
            self._bring_up_to_date(current)
            self._announce({current})
        if len(self._stale) <= _AT_ONCE and not any(self._must_read(image) for image in self._stale):
            self._loop.stop()
            for _ in self._count_stale():
                pass
        else:
            self._loop.start(self._count_stale())

    def _must_read(self, image: int) -> bool:
        known, item = self._known.get(image), self._images.item(image)
        return known is not None and known.index is None and item is not None and item.state is State.COUNTED

    def _count_stale(self) -> Iterator[None]:
        """Count what is not up to date, the images in view first; say which changed in batches."""
        done: set[int] = set()
        while self._stale:
            image = next((image for image in self._first if image in self._stale), next(iter(self._stale)))
            self._bring_up_to_date(image)
            done.add(image)
            if len(done) >= _BATCH:
                self._announce(done)
                done = set()
            yield
        self._announce(done)
        self.totals_changed.emit()

    def _bring_up_to_date(self, image: int) -> None:
        self._stale.pop(image, None)
        known, item = self._known.get(image), self._images.item(image)
        if known is None or item is None:
            return
        if self._must_read(image):
            in_use = image in self._cells
            self._make_index(image, known)
            if not in_use and image != self._images.current_id:
                self._cells.drop(image)
        self._count(image, known)

    def _make_index(self, image: int, known: KnownCount) -> None:
        """Make what the count of an image needs, after its cells changed."""
        cells, item, settings = self.cells(image), self._images.item(image), self._settings.value
        if cells is None or item is None or settings is None:
            known.index = None
        else:
            known.index = cells.index(settings.nms_iou, self._settings.frame(item))
            known.able, known.diameter = cells.able(known.index), cells.found.diameter
            known.now = None
            self.read.emit(image)

    def _count(self, image: int, known: KnownCount) -> None:
        """Count an image, and put it into the sums in place of what it was."""
        result = self.result(image)
        known.settings = self._settings.value
        if result is not None and known.index is not None and known.able is not None:
            counted = result.counted[able_places(known.index)]
            known.now = CountedCells(image, known.able, counted, known.diameter)
        self._add_up(known, None if result is None else result.counts)

    def _add_up(self, known: KnownCount, counts: dict[str, int] | None) -> None:
        self.counted_images += (counts is not None) - (known.counts is not None)
        if known.counts is not None:
            self._sums.subtract(known.counts)
        if counts is not None:
            self._sums.update(counts)
        known.counts = counts

    def _add_up_later(self) -> None:
        """Say soon that the sums have changed."""
        if not self._totals_later.isActive():
            self._totals_later.start(_TOGETHER_MS if self.many_wait else 0)

    def _announce(self, images: set[int]) -> None:
        if images:
            self.changed.emit(frozenset(images))
