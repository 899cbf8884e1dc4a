"""The ground truth of the pictures: what a person or a file says is there, beside the count and never part of it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from core.session.truths import load_truth, save_truth, truth_key
from core.session.values import Command
from core.text import ngettext
from core.verification.ground_truth import GroundTruth, TruthKind, TruthSource

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gui.workspace.document import Document
    from gui.workspace.images import Entry

BEST_FIRST = (TruthSource.IMPORTED, TruthSource.TALLY, TruthSource.TYPED, TruthSource.REVIEWED)
"""What is taken where nobody chose: places before totals, and a review, which flatters the model, last."""

_KINDS = {
    (TruthSource.TYPED, TruthKind.TOTALS): "typed totals",
    (TruthSource.TALLY, TruthKind.POINTS): "tally",
    (TruthSource.IMPORTED, TruthKind.BOXES): "imported boxes",
    (TruthSource.IMPORTED, TruthKind.POINTS): "imported points",
    (TruthSource.REVIEWED, TruthKind.BOXES): "reviewed count",
}


def describe(truth: GroundTruth) -> str:
    """Return what a truth is, in a few words."""
    text = _KINDS.get((truth.source, truth.kind), f"{truth.source.value} {truth.kind.value}")
    return f"{text}, blind" if truth.blind else text


class Truths(QObject):
    """The truths of the session's pictures.

    A picture may have one from each source; one of them is used, and it is the one that the session holds under
    ``core.verification.ground_truth.truth_key``. Giving a picture another truth loses none.
    """

    changed = Signal(object)  # id of the picture

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self._document = document
        self._used: dict[int, GroundTruth | None] = {}
        document.session_changed.connect(self._used.clear)

    def of(self, image: int) -> GroundTruth | None:
        """Return the truth that is used for a picture, None if it has none."""
        session = self._document.session
        if image not in self._used and session is not None:
            try:
                self._used[image] = load_truth(session, image)
            except ValueError:
                self._used[image] = None
        return self._used.get(image)

    def all_of(self, image: int) -> dict[TruthSource, GroundTruth]:
        """Return every truth of a picture by its source, the one that is used first."""
        used = self.of(image)
        truths = {} if used is None else {used.source: used}
        for stored in self._document.remembered(_others_key(image), []):
            with suppress(ValueError):  # a damaged one is none
                truth = GroundTruth.from_stored(stored)
                truths.setdefault(truth.source, truth)
        return truths

    def from_source(self, source: TruthSource) -> dict[int, GroundTruth]:
        """Return every truth of the session from a source, by the id of its picture, whether it is used or not."""
        session, truths = self._document.session, dict[int, GroundTruth]()
        if session is None:
            return truths
        stored = [(image, [value]) for image, value in session.get_all(truth_key("")).items()]
        for image, values in [*stored, *session.get_all(_others_key("")).items()]:
            for value in values:
                if isinstance(value, dict) and value.get("source") == source.value:
                    truths[int(image)] = GroundTruth.from_stored(value)
        return truths

    def put(self, image: int, truth: GroundTruth, note: str = "") -> None:
        """Keep a truth and use it; ``note`` goes into the history."""
        self._keep(image, {truth.source: truth, **_without(self.all_of(image), truth.source)}, note)

    def choose(self, image: int, source: TruthSource) -> None:
        """Use the truth from another source."""
        truths = self.all_of(image)
        if source in truths and next(iter(truths)) is not source:
            note = f"Ground truth: {describe(truths[source])} is used"
            self._keep(image, {source: truths[source], **_without(truths, source)}, note)

    def clear(self, image: int, source: TruthSource) -> None:
        """Forget the truth from a source; if it was used, the best of the others takes its place."""
        truths = self.all_of(image)
        if source in truths:
            self._keep(image, _rest(truths, source), f"Ground truth taken away ({describe(truths[source])})")

    def take_away(self, images: Iterable[int]) -> int:
        """Take away the truths that are used for pictures, as one edit that can be undone; return how many."""
        document, step = self._document, list[Command]()
        for image in images:
            truths = self.all_of(image)
            if not truths:
                continue
            used = next(iter(truths))
            kept = _change(image, list(truths.values()), list(_rest(truths, used).values()))
            if not document.editing.change_kept(image, f"Clear {_many_cells(truths[used])}", kept, step):
                break
        document.editing.add_step(step)
        return len(step)

    @property
    def cleared_last(self) -> bool:
        """Whether what is undone next is that truths were taken away."""
        return any(key.startswith(truth_key("")) for key in self._document.editing.undo_stack.next_kept)

    def fitted(self, command: Command) -> Command:
        """Return an undo or redo so that it changes nothing but what its edit did.

        What a person counted since stays: it takes the place of what would be brought back.
        """
        image = command.image
        wanted = {key: (before, after) for key, before, after in command.kept}
        if truth_key(image) not in wanted:
            return command
        before, after = (_stored(*(pair[side] for pair in _pairs(image, wanted))) for side in (0, 1))
        now = {truth.source: truth for truth in self.all_of(image).values()}
        back = {source: truth for source, truth in after.items() if source not in before}
        left = {source: truth for source, truth in now.items() if source not in before.keys() - after.keys()}
        truths = {**left, **{source: truth for source, truth in back.items() if source not in left}}
        first = next(iter(after), None)
        order = sorted(truths, key=lambda source: (source is not first, BEST_FIRST.index(source)))
        others = [(key, *pair) for key, pair in wanted.items() if key not in (truth_key(image), _others_key(image))]
        changed = _change(image, list(now.values()), [truths[source] for source in order])
        return replace(command, kept=(*others, *changed))

    def take_over(self, image: int, key: str) -> None:
        """Take over what an edit stored under a key, if it is the truth of a picture."""
        if key == truth_key(image):
            self._used.pop(image, None)
            self._tell(image)

    def keep_review(self, entry: Entry) -> None:
        """Take the corrected count of a reviewed picture as a truth, or forget it if the mark was taken off.

        It is taken once, as it was reviewed: a truth that moved with the threshold would agree with any. It
        takes the place of no other truth.
        """
        truths = self.all_of(entry.id)
        if not entry.reviewed:
            self.clear(entry.id, TruthSource.REVIEWED)
            return
        result, cells = self._document.result(entry), self._document.cells_of(entry)
        if result is None or cells is None:
            return
        truth = GroundTruth.reviewed(cells.cells, result.counted | result.excluded, self._document.classes)
        self._keep(entry.id, {**_without(truths, TruthSource.REVIEWED), TruthSource.REVIEWED: truth}, "")

    def _keep(self, image: int, truths: dict[TruthSource, GroundTruth], note: str) -> None:
        """Store the truths of a picture, of which the first is used."""
        document, session = self._document, self._document.session
        if session is None or not document.writable:
            return
        used, *others = list(truths.values()) or [None]

        def write() -> bool:
            with session.together():
                save_truth(session, image, used)
                if others or session.get(_others_key(image)):
                    session.put(_others_key(image), [truth.stored() for truth in others if truth is not None])
                if note:
                    session.note(document.person, image, note)
            return True

        if not document.guarded(write):
            return
        self._used[image] = used
        if note:
            document.history_changed.emit()
        self._tell(image)

    def _tell(self, image: int) -> None:
        self.changed.emit(image)
        entry = self._document.current_entry
        if entry is not None and entry.id == image:
            self._document.cells_changed.emit()


def _others_key(image: int | str) -> str:
    return f"other ground truth {image}"


def _change(image: int, before: list[GroundTruth], after: list[GroundTruth]) -> tuple[tuple[str, Any, Any], ...]:
    """Return what changes in the session when the truths of a picture do, for ``Command.kept``; used ones first."""
    was, will_be = ([truth.stored() for truth in truths] for truths in (before, after))
    return (
        (_others_key(image), was[1:], will_be[1:]),
        (truth_key(image), was[0] if was else None, will_be[0] if will_be else None),
    )


def _pairs(image: int, kept: dict[str, tuple[Any, Any]]) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    return kept[truth_key(image)], kept.get(_others_key(image), ([], []))


def _stored(used: Any, others: Any) -> dict[TruthSource, GroundTruth]:
    """Return stored truths by their source, the used one first."""
    truths = [GroundTruth.from_stored(value) for value in [used, *(others or [])] if value is not None]
    return {truth.source: truth for truth in truths}


def _many_cells(truth: GroundTruth) -> str:
    """Return what a truth is and how many cells it has."""
    cells = sum(truth.counts().values())
    return ngettext("{truth} ({n:,} cell)", "{truth} ({n:,} cells)", cells).format(truth=describe(truth), n=cells)


def _rest(truths: dict[TruthSource, GroundTruth], gone: TruthSource) -> dict[TruthSource, GroundTruth]:
    """Return the truths without one; where it was used, the best of the others is used now."""
    left = _without(truths, gone)
    if gone is not next(iter(truths)):
        return left
    return {source: left[source] for source in sorted(left, key=BEST_FIRST.index)}


def _without(truths: dict[TruthSource, GroundTruth], source: TruthSource) -> dict[TruthSource, GroundTruth]:
    return {other: truth for other, truth in truths.items() if other is not source}
