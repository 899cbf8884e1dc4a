"""The sample that the session is about: its id, how far it is, and whether somebody has signed for it."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, Signal, Slot

from core.session.tables.settings import SAMPLE
from core.session.values import Edit, Subject, ValueChange
from core.session.values import Sample as SampleData
from core.text import gettext

if TYPE_CHECKING:
    from gui.workspace.history import History
    from gui.workspace.images import Images
    from gui.workspace.inference.inference import Inference
    from gui.workspace.review.reviews import Reviews
    from gui.workspace.sign_off import SignOffs
    from gui.workspace.store import SessionStore


class SampleState(Enum):
    """How far the sample is."""

    EMPTY = "empty"
    COUNTING = "counting"
    PAUSED = "paused"
    READY = "ready"
    SIGNED = "signed"
    SUPERSEDED = "superseded"


class Sample(QObject):
    """The sample of the open session: id and the laboratory's own fields are edits, the rest follows from the others.

    ``value`` is what the report says of the sample.
    """

    changed = Signal()

    def __init__(
        self,
        store: SessionStore,
        history: History,
        images: Images,
        reviews: Reviews,
        sign_offs: SignOffs,
        inference: Inference,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._history = history
        self._images = images
        self._reviews = reviews
        self._sign_offs = sign_offs
        self._queue = inference.queue
        self.value = SampleData()
        self._marked: set[int] = set()
        store.reading.connect(self._read)
        history.recorded.connect(self._on_recorded)
        images.changed.connect(self._on_images_changed)
        images.item_changed.connect(self._on_item_changed)
        for signal in (store.session_changed, reviews.changed, sign_offs.changed, inference.activity_changed):
            signal.connect(self.changed)

    # -- what it is ----------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """The sample's id; "" if nobody has given it."""
        return self.value.id

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """Name and text of the laboratory's own fields that are filled in."""
        return self.value.fields

    @property
    def title(self) -> str:
        """What the sample is called: its id, or else the name of the session; "" if none is open."""
        return self.id or (self._store.path.stem if self._store.path is not None else "")

    def set_id(self, text: str) -> None:
        """Give the sample another id."""
        self.set_value(replace(self.value, id=text.strip()))

    def set_fields(self, fields: tuple[tuple[str, str], ...]) -> None:
        """Fill in the laboratory's own fields: (name, text), without those that are empty."""
        self.set_value(replace(self.value, fields=fields))

    def set_value(self, value: SampleData) -> None:
        """Set the id and the fields, as one edit."""
        if self._store.writable and value != self.value:
            change = ValueChange(Subject.SETTING, None, msgspec.to_builtins(value), SAMPLE)
            self._history.record([Edit(None, _what_changed(self.value, value), values=(change,))])

    # -- how far it is -------------------------------------------------------------------------

    @property
    def progress(self) -> tuple[int, int]:
        """How many images are reviewed as they count now, and how many there are."""
        return len(self._marked) - len(self._reviews.outdated), len(self._images.items)

    @property
    def state(self) -> SampleState:
        """How far the sample is."""
        queue = self._queue
        if not self._images.items:
            return SampleState.EMPTY
        if queue.busy is not None or queue.waiting:
            return SampleState.PAUSED if queue.paused else SampleState.COUNTING
        if self._sign_offs.text:
            return SampleState.SUPERSEDED if self._sign_offs.superseded else SampleState.SIGNED
        return SampleState.READY

    @property
    def state_text(self) -> str:
        """The state in a few words."""
        if self.state in (SampleState.SIGNED, SampleState.SUPERSEDED):
            return self._sign_offs.text
        return {
            SampleState.EMPTY: "",
            SampleState.COUNTING: gettext("Counting"),
            SampleState.PAUSED: gettext("Paused"),
            SampleState.READY: gettext("Ready"),
        }[self.state]

    # -- what changes --------------------------------------------------------------------------

    @Slot()
    def _read(self) -> None:
        self.value = self._store.read(lambda session: session.settings.sample(), SampleData())

    @Slot(object)
    def _on_recorded(self, edits: tuple[Edit, ...]) -> None:
        if any(change.key == SAMPLE for edit in edits for change in edit.values):
            self._read()
            self.changed.emit()

    @Slot()
    def _on_images_changed(self) -> None:
        self._marked = {item.id for item in self._images.items if item.reviewed}
        self.changed.emit()

    @Slot(object)
    def _on_item_changed(self, image: int) -> None:
        item, before = self._images.item(image), len(self._marked)
        if item is not None and item.reviewed:
            self._marked.add(image)
        else:
            self._marked.discard(image)
        if len(self._marked) != before:
            self.changed.emit()


def _what_changed(before: SampleData, after: SampleData) -> str:
    """Return what the edit of a sample's id or fields says: each that has another text now, with that text."""
    was, will_be = dict(before.fields), dict(after.fields)
    changed = [f"{name} {will_be.get(name, '–')}" for name in {**was, **will_be} if was.get(name) != will_be.get(name)]
    if before.id != after.id:
        changed.insert(0, after.id or "–")
    return gettext("Sample: {changes}").format(changes=", ".join(changed))
