"""The differential count of the sample: from what users said of every cell that counts, never from suggestions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, Signal, Slot

from core.kinds.differential import DifferentialInputs, differential, differential_class
from core.kinds.tree import NO_CELL, Role
from core.session.tables.settings import DIFFERENTIAL
from core.session.values import Edit, Subject, ValueChange
from core.statistics.kappa import kappa
from core.text import gettext, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.kinds.differential import Differential
    from core.statistics.kappa import Kappa
    from gui.workspace.counting.counts import Counts
    from gui.workspace.history import History
    from gui.workspace.images import Images
    from gui.workspace.kinds.tree import KindTreeModel
    from gui.workspace.kinds.typed import TypedKinds
    from gui.workspace.messages import Messages
    from gui.workspace.store import SessionStore


@dataclass(frozen=True)
class Disagreement:
    """A cell that the first reading calls one kind and the second another."""

    image: int
    cell: int
    first: str
    second: str


@dataclass(frozen=True)
class ReadingAgreement:
    """How two readings of one class agree: kappa, the cells that both gave a kind, and those that are in dispute.

    ``kappa`` None: there are no such cells, or all were given one and the same kind.
    """

    kappa: Kappa | None
    cells: int
    apart: tuple[Disagreement, ...]


class DifferentialCount(QObject):
    """The differential count at this moment, and what the laboratory sets for it; each setting is an edit.

    ``reading`` is the name of the second reading that goes on now, "" while there is none: until it ends, nobody is
    shown what the first one says.
    """

    changed = Signal()

    def __init__(
        self,
        store: SessionStore,
        history: History,
        images: Images,
        counts: Counts,
        tree: KindTreeModel,
        typed: TypedKinds,
        messages: Messages,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._history = history
        self._images = images
        self._tree = tree
        self._typed = typed
        self._messages = messages
        self.inputs = DifferentialInputs()
        self.reading = ""
        self._told: dict[int, int] = {}
        store.reading.connect(self._read)
        store.reading.connect(self._told.clear)
        counts.changed.connect(self._tell_lost)
        history.recorded.connect(self._on_recorded)
        for signal in (store.session_changed, counts.changed, tree.changed, typed.changed, images.changed):
            signal.connect(self._tell)

    # -- what the laboratory sets ------------------------------------------------------------------------

    def set_target(self, cells: int) -> bool:
        """Set how many white cells are to be sorted; True if that is so now."""
        if cells < 1:
            return False
        return self._set({"target": cells}, gettext("Differential: target {n:,}").format(n=cells))

    def set_analyser(self, value: float | None) -> bool:
        """Set the analyser's white cell count in 10⁹/L, None to remove it; True if that is so now."""
        if value is not None and not (math.isfinite(value) and value > 0):
            return False
        text = gettext("removed") if value is None else f"{value:g}"
        return self._set({"analyser": value}, gettext("Differential: analyser's WBC {value}").format(value=text))

    def set_corrected(self, corrected: bool) -> bool:
        """Say whether the analyser leaves erythroblasts out itself; True if that is so now."""
        without = gettext("Differential: analyser leaves erythroblasts out")
        return self._set(
            {"corrected": corrected}, without if corrected else gettext("Differential: analyser counts erythroblasts")
        )

    def _set(self, change: dict[str, object], text: str) -> bool:
        inputs = msgspec.structs.replace(self.inputs, **change)
        if inputs == self.inputs:
            return True
        if not self._store.writable:
            return False
        value = ValueChange(Subject.SETTING, None, msgspec.to_builtins(inputs), DIFFERENTIAL)
        return self._history.record([Edit(None, text, values=(value,))])

    def set_reading(self, name: str) -> None:
        """Begin a second reading, or go on with it; "" ends it."""
        if name != self.reading:
            self.reading = name
            self.changed.emit()

    @Slot()
    def _read(self) -> None:
        try:
            self.inputs = self._store.read(lambda session: session.settings.differential_inputs(), DifferentialInputs())
        except ValueError:
            self.inputs = DifferentialInputs()
            self._messages.error(gettext("What was set for the differential count cannot be read; enter it again."))

    @Slot(object)
    def _on_recorded(self, edits: tuple[Edit, ...]) -> None:
        if any(change.key == DIFFERENTIAL for edit in edits for change in edit.values):
            self._read()
            self.changed.emit()

    @Slot()
    def _tell(self, *_: object) -> None:
        self.changed.emit()

    @Slot(object)
    def _tell_lost(self, images: frozenset[int]) -> None:
        """Say once that cells which users gave a kind are gone: the differential count has become smaller."""
        for image in images:
            lost, item = self._typed.lost(image), self._images.item(image)
            if lost and item is not None and self._told.get(image) != lost:
                text = ngettext(
                    "{name}: {n:,} cell with a kind was lost as the image was counted again; give it a kind again.",
                    "{name}: {n:,} cells with a kind were lost as the image was counted again; give them a kind again.",
                    lost,
                )
                self._messages.warning(text.format(name=item.path.name, n=lost))
            self._told[image] = lost

    # -- what follows ------------------------------------------------------------------------------------

    @property
    def class_name(self) -> str | None:
        """The counted class that it is of; None while white cells have no kinds."""
        return differential_class(self._tree.tree)

    def result(self, reading: str = "") -> Differential | None:
        """Return the differential count, or with a name that of a second reading; None without kinds."""
        name = self.class_name
        if name is None:
            return None
        counts = self._typed.numbers(name, reading)
        inputs = self.inputs
        return differential(
            counts, self._tree.tree, name, target=inputs.target, analyser=inputs.analyser, corrected=inputs.corrected
        )

    def erythroblasts(self, image: int) -> int:
        """Return how many of the counted white cells of an image users called erythroblasts."""
        tree = self._tree.tree
        kinds = {kind.key for kind in tree.of_class(self.class_name or "") if kind.role is Role.ERYTHROBLAST}
        return sum(kind in kinds for kind in self._typed.standing(image).values()) if kinds else 0

    def agreement(self, class_name: str, reading: str) -> ReadingAgreement:
        """Compare a second reading with the first, by the cells that either called a kind of a class."""
        both = list(self.both(class_name, reading))
        found = kappa([one.first for one in both], [one.second for one in both])
        return ReadingAgreement(found, len(both), tuple(one for one in both if one.first != one.second))

    def both(self, class_name: str, reading: str) -> Iterator[Disagreement]:
        """Yield the cells that both readings gave a kind, whether they agree or not."""
        tree = self._tree.tree
        for item in self._images.items:
            second = self._typed.of(item.id, reading)
            if not second:
                continue
            first, gone = self._typed.standing(item.id), self._typed.removed(item.id)
            first |= dict.fromkeys(gone, NO_CELL)
            for cell in sorted(first.keys() & second.keys()):
                classes = {tree.class_of(first[cell]), tree.class_of(second[cell])} - {""}
                if not classes and cell in gone:
                    classes = {gone[cell].class_name}
                if class_name in classes:
                    yield Disagreement(item.id, cell, first[cell], second[cell])
