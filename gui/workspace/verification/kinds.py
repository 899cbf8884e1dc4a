"""The kinds that users confirmed against those that the ground truth and second readings give the same cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from core.verification.kinds import KindTruth, NamedCell, kind_truths, matched_kinds
from gui.tasks import Debounce, Task

if TYPE_CHECKING:
    from core.kinds.tree import KindTree
    from core.verification.request import VerificationRequest
    from gui.workspace.kinds.kinds import Kinds
    from gui.workspace.verification.verifier import Verifier

_SETTLE_MS = 100


class KindTruths(QObject):
    """Compares kinds in the background while the figures of the verification are wanted.

    ``found`` has an entry for each class and each other word; it is empty where nothing but the count has a kind.
    """

    changed = Signal()

    def __init__(self, verifier: Verifier, kinds: Kinds, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._verifier = verifier
        self._kinds = kinds
        self.found: tuple[KindTruth, ...] = ()
        self._task = Task("kind truths", self._on_found, self)
        self._later = Debounce(_SETTLE_MS, self._ask, self)
        for signal in (verifier.answered, kinds.typed.changed, kinds.tree.changed, kinds.differential.changed):
            signal.connect(self._ask_later)

    @Slot()
    def _ask_later(self, *_: object) -> None:
        if self._verifier.answer is None:
            self._task.cancel()
            self._later.stop()
            self._on_found(())
        elif self._verifier.active:
            self._later.start_unless_due()

    @Slot()
    def _ask(self) -> None:
        answer, tree = self._verifier.answer, self._kinds.tree.tree
        if answer is None:
            return
        request = answer.request
        white = self._kinds.differential.class_name or ""
        count = self._kinds.differential
        done = [reading for reading in self._kinds.typed.readings if reading != count.reading]
        readings = {reading: self._read_twice(white, reading) for reading in done}
        typed = {one.image: self._kinds.typed.of(one.image) for one in request.checked if one.truth.finer}
        self._task.start(lambda _: _compare(request, typed, white, readings, tree))

    def _read_twice(self, white: str, reading: str) -> list[NamedCell]:
        both = self._kinds.differential.both(white, reading) if white else ()
        return [NamedCell(one.image, one.cell, one.second, one.first) for one in both]

    @Slot(object)
    def _on_found(self, found: tuple[KindTruth, ...]) -> None:
        if found or self.found:
            self.found = found
            self.changed.emit()

    def close(self) -> None:
        """End the thread."""
        self._later.stop()
        self._task.close()


def _compare(
    request: VerificationRequest,
    typed: dict[int, dict[int, str]],
    white: str,
    readings: dict[str, list[NamedCell]],
    tree: KindTree,
) -> tuple[KindTruth, ...]:
    by_class: dict[str, list[NamedCell]] = {}
    settings, iou = request.settings, request.options.iou
    for one in request.checked:
        if one.image in typed:
            case = one.case(settings, corrected=True)
            named = matched_kinds(case, typed[one.image], tree, request.classes, settings.thresholds, iou)
            for name, cells in named.items():
                by_class.setdefault(name, []).extend(cells)
    twice = [(white, reading, cells) for reading, cells in readings.items()]
    return kind_truths([*((name, "", cells) for name, cells in by_class.items()), *twice], tree)
