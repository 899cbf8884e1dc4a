"""Counting by hand: the marks that a person puts on the current picture, each kept as it is made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec
from PySide6.QtCore import QObject, Signal

from core.verification.cases import truth_inside
from core.verification.ground_truth import GroundTruth, TruthSource
from gui.workspace.ground_truth import describe
from gui.workspace.store import Level

if TYPE_CHECKING:
    from gui.workspace.document import Document
    from gui.workspace.images import Entry

_KEY = "tally"


@dataclass(frozen=True)
class TallyOptions:
    """How a session is counted by hand.

    ``blind``: the model's boxes and counts are hidden meanwhile. ``target`` cells of ``target_class`` are enough,
    in all pictures together; 0: there is no target.
    """

    blind: bool = False
    target: int = 0
    target_class: str = ""


class Tally(QObject):
    """The tally of the current picture, while it is being made.

    A tally is a ground truth: it is stored as one with every mark, and never mixed with what the model found.
    """

    active_changed = Signal(bool)
    changed = Signal()
    armed_changed = Signal()
    options_changed = Signal()
    marked = Signal()
    reached = Signal(str)

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self._document = document
        self.active = False
        self.armed = ""
        self.truth = self._counted = GroundTruth.tally(())
        self._image: int | None = None
        self._storing = False
        self._used_before: GroundTruth | None = None
        self._begun_with = self.truth
        self._past: list[GroundTruth] = []
        self._future: list[GroundTruth] = []
        self._elsewhere: dict[str, int] = {}
        self._options: TallyOptions | None = None
        document.session_changed.connect(self._forget_options)
        document.current_changed.connect(self._on_current_changed)
        document.counts_changed.connect(self._on_counts_changed)
        document.truths.changed.connect(self._on_truth_changed)

    # -- options -----------------------------------------------------------------------------------

    @property
    def options(self) -> TallyOptions:
        """How this session is counted by hand."""
        if self._options is None:
            try:
                self._options = msgspec.convert(self._document.remembered(_KEY, {}), TallyOptions)
            except ValueError:
                self._options = TallyOptions()
        return self._options

    def set_options(self, **changes: Any) -> None:
        """Change options by their names."""
        options = replace(self.options, **changes)
        if options == self.options:
            return
        self._options = options
        self._document.remember(_KEY, msgspec.to_builtins(options))
        if self.active and not options.blind and self.truth.blind and len(self.truth):
            self._store(replace(self.truth, blind=False))
        self.options_changed.emit()
        self._document.cells_changed.emit()

    @property
    def hides_counts(self) -> bool:
        """Whether what the model found must not be seen now."""
        return self.active and self.options.blind

    def _forget_options(self) -> None:
        self._options = None
        self.options_changed.emit()

    # -- beginning and ending ------------------------------------------------------------------------

    def begin(self) -> None:
        """Begin to count the current picture by hand, or go on where its tally was left."""
        document = self._document
        if self.active or document.current_entry is None or not document.writable:
            return
        self.active = True
        if self.armed not in document.classes:
            self.arm(document.classes[0] if document.classes else "")
        self._take_picture()
        self.active_changed.emit(True)
        document.cells_changed.emit()

    def finish(self) -> None:
        """End counting by hand; what was marked stays."""
        if not self.active:
            return
        self._leave_picture()
        self.active = False
        self.active_changed.emit(False)
        self._document.cells_changed.emit()

    def _on_current_changed(self) -> None:
        entry = self._document.current_entry
        if not self.active or (entry is not None and entry.id == self._image):
            return
        self._leave_picture()
        if entry is None:
            self.finish()
        else:
            self._take_picture()

    def _take_picture(self) -> None:
        document, entry = self._document, self._document.current_entry
        assert entry is not None
        self._image = entry.id
        stored = document.truths.all_of(entry.id).get(TruthSource.TALLY)
        self.truth = self._begun_with = stored or GroundTruth.tally(())
        self._used_before = document.truths.of(entry.id)
        self._past, self._future = [], []
        self._elsewhere = {}
        for image, truth in document.truths.from_source(TruthSource.TALLY).items():
            other = document.entry(image)
            if other is not None and image != entry.id:
                for name, number in self._in_frame(truth, other).counts().items():
                    self._elsewhere[name] = self._elsewhere.get(name, 0) + number
        self._show()

    def _leave_picture(self) -> None:
        """Write what was counted into the history; a tally without anything is none."""
        image, truth, document = self._image, self.truth, self._document
        self._image = None
        if image is None or truth is self._begun_with or document.session is None:
            return
        if truth.classes:
            counts = ", ".join(f"{name} {number:,}" for name, number in truth.counts().items())
            document.truths.put(image, truth, f"Counted by hand{' without seeing the boxes' * truth.blind}: {counts}")
            self._say_what_is_replaced(image)
        else:
            document.truths.clear(image, TruthSource.TALLY)

    def _say_what_is_replaced(self, image: int) -> None:
        """Say that the check now uses the tally and no longer what it used before."""
        entry, before = self._document.entry(image), self._used_before
        if entry is not None and before is not None and before.source is not TruthSource.TALLY:
            self._document.message.emit(
                Level.WARNING,
                f"{entry.path.name} is checked against your tally now, and no longer against the {describe(before)}, "
                "which is kept. Check (F9), Manual counts, says which is used.",
            )

    def _on_counts_changed(self) -> None:
        """Which marks count may depend on the frame, and on what was found round them."""
        if self.active and self._image is not None:
            self._show()

    def _on_truth_changed(self, image: int) -> None:
        """Take over what became of the tally elsewhere, such as that it was cleared."""
        if image != self._image or self._storing:
            return
        stored = self._document.truths.all_of(image).get(TruthSource.TALLY) or GroundTruth.tally(())
        if stored != self.truth:
            self.truth = self._begun_with = stored
            self._past, self._future = [], []
            self._show()

    # -- marks -----------------------------------------------------------------------------------------

    def arm(self, name: str) -> None:
        """Choose the class that a click marks."""
        self.armed = name
        self.armed_changed.emit()

    def put(self, name: str, x: float, y: float) -> bool:
        """Mark a cell of the current picture; False if it is not on the picture, or could not be kept."""
        entry = self._document.current_entry
        if not self.active or entry is None or self._document.picture is None or not name:
            return False
        if not (0 <= x < entry.size[0] and 0 <= y < entry.size[1]):
            return False
        before = self.total(name)
        blind = self.options.blind and (self.truth.blind or not len(self.truth))
        if not self._change(replace(self.truth.with_point(name, x, y), blind=blind)):
            return False
        self.marked.emit()
        options = self.options
        if name == options.target_class and before < options.target <= self.total(name):
            self.reached.emit(self.target_text())
        return True

    def remove(self, position: int) -> None:
        """Take a mark away."""
        if self.active and 0 <= position < len(self.truth):
            self._change(self.truth.without(position))

    def look_for(self, name: str, looked_for: bool) -> None:
        """Say that a class without marks was looked for, so that there is none; or that it was not."""
        rest = tuple(other for other in self.truth.classes if other != name)
        if self.active and name not in self.truth.names and (name in self.truth.classes) != looked_for:
            self._change(replace(self.truth, classes=(*rest, name) if looked_for else rest))

    @property
    def can_undo(self) -> bool:
        """Whether there is a mark of now to take back."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether there is a mark to make again."""
        return bool(self._future)

    def undo(self) -> None:
        """Take back what was done last in this tally."""
        self._step(self._past, self._future)

    def redo(self) -> None:
        """Do again what was taken back last."""
        self._step(self._future, self._past)

    def _step(self, source: list[GroundTruth], other: list[GroundTruth]) -> None:
        present = self.truth
        if source and self._store(source[-1]):
            source.pop()
            other.append(present)
            self._show()

    def _change(self, truth: GroundTruth) -> bool:
        before = self.truth
        if not self._store(truth):
            return False
        self._past.append(before)
        self._future.clear()
        self._show()
        return True

    def _store(self, truth: GroundTruth) -> bool:
        """Keep a tally; it is on the disk when this returns True."""
        document, image = self._document, self._image
        if image is None:
            return False
        if not document.person:
            document.editing.person_wanted.emit()
        self._storing = True
        document.truths.put(image, truth)
        self._storing = False
        if document.truths.of(image) is not truth:
            return False
        self.truth = truth
        return True

    # -- numbers -----------------------------------------------------------------------------------------

    def _in_frame(self, truth: GroundTruth, entry: Entry) -> GroundTruth:
        """Return the marks that count, as the comparison with the model's count has it."""
        document = self._document
        frame = document.frames.of(entry)
        if frame is None or not frame.sides or not len(truth):
            return truth
        cells = document.cells_of(entry)
        if cells is None or entry.countable is None:
            return truth.within(frame.inside)
        return truth.only(truth_inside(truth, cells.found.detections, entry.countable, frame))

    def _show(self) -> None:
        """Count the marks of the current picture, and say that they changed."""
        entry = None if self._image is None else self._document.entry(self._image)
        self._counted = self.truth if entry is None else self._in_frame(self.truth, entry)
        self.changed.emit()

    def count(self, name: str) -> int:
        """Return the marks of a class in the current picture, those outside its frame left out."""
        return self._counted.names.count(name)

    def total(self, name: str) -> int:
        """Return the marks of a class in all pictures of the session."""
        return self.count(name) + self._elsewhere.get(name, 0)

    @property
    def outside(self) -> int:
        """How many marks of the current picture lie outside its frame, and do not count."""
        return len(self.truth) - len(self._counted)

    def target_text(self) -> str:
        """Return that the target is reached, as a sentence; "" if it is not, or there is none."""
        options = self.options
        if not options.target or self.total(options.target_class) < options.target:
            return ""
        return f"Target reached: {self.total(options.target_class):,} {options.target_class}."
