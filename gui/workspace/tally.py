"""Manual counts: marks on the image that is shown, each kept as it is made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec
from PySide6.QtCore import QObject, Signal, Slot

from core.session.values import Edit, Mark, Subject, ValueChange
from core.text import gettext
from core.verification.cases import truth_inside
from core.verification.ground_truth import GroundTruth, TruthSource, describe

if TYPE_CHECKING:
    from gui.workspace.counting.counts import Counts
    from gui.workspace.counting.settings import CountSettingsModel
    from gui.workspace.ground_truth import GroundTruths
    from gui.workspace.history import History
    from gui.workspace.images import ImageItem, Images
    from gui.workspace.messages import Messages
    from gui.workspace.store import SessionStore

_KEY = "tally"


@dataclass(frozen=True)
class TallyOptions:
    """How a session is counted by hand.

    ``blind``: boxes and counts of the model are hidden meanwhile. ``target`` cells of ``target_class`` are enough,
    in all images together; 0: there is no target.
    """

    blind: bool = True
    target: int = 0
    target_class: str = ""


class Tally(QObject):
    """The manual count of the image that is shown, while it is being made.

    It is a ground truth: it is stored as one with every mark, and never mixed with detections. Every mark is
    an edit that can be undone; when the image is left, its counts are written into the history. It is blind as long as
    the boxes were hidden from its first mark to its last: one that is gone on with after they were seen is not.
    """

    active_changed = Signal(bool)
    changed = Signal()
    armed_changed = Signal()
    options_changed = Signal()
    marked = Signal()
    reached = Signal(str)
    comparison_wanted = Signal(object)  # id of an image that was counted

    def __init__(
        self,
        store: SessionStore,
        history: History,
        images: Images,
        settings: CountSettingsModel,
        counts: Counts,
        truths: GroundTruths,
        messages: Messages,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._history = history
        self._images = images
        self._settings = settings
        self._counts = counts
        self._truths = truths
        self._messages = messages
        self.active = False
        self.armed = ""
        self.truth = self._counted = GroundTruth.tally(())
        self._image: int | None = None
        self._unseen: set[int] = set()
        self._used_before: GroundTruth | None = None
        self._changed = False
        self._elsewhere: dict[str, int] = {}
        self._options: TallyOptions | None = None
        store.closing.connect(self._end)
        store.reading.connect(self._forget_options)
        store.session_changed.connect(self.options_changed)
        images.current_changed.connect(self._on_current_changed)
        counts.changed.connect(self._on_counts_changed)
        truths.changed.connect(self._on_truth_changed)

    # -- options -------------------------------------------------------------------------------

    @property
    def options(self) -> TallyOptions:
        """How this session is counted by hand."""
        if self._options is None:
            try:
                self._options = msgspec.convert(self._store.remembered(_KEY, {}), TallyOptions)
            except ValueError:
                self._options = TallyOptions()
        return self._options

    def set_options(self, **changes: Any) -> None:
        """Change options by their names."""
        options = replace(self.options, **changes)
        if options == self.options:
            return
        self._options = options
        self._store.remember(_KEY, msgspec.to_builtins(options))
        if self.active and not options.blind and self.truth.blind and len(self.truth):
            self._set(replace(self.truth, blind=False), gettext("Manual count: no longer blind"))
        if not options.blind:
            self._unseen.clear()
        self.options_changed.emit()

    @property
    def hides_counts(self) -> bool:
        """Whether detections must not be seen now."""
        return self.active and self.options.blind

    @Slot()
    def _forget_options(self) -> None:
        self._options = None

    # -- beginning and ending ------------------------------------------------------------------

    def begin(self) -> None:
        """Begin to count the image that is shown by hand, or go on where its manual count was left."""
        if self.active or self._images.current is None or not self._store.writable:
            return
        self.active = True
        classes = self._settings.classes
        if self.armed not in classes:
            self.arm(classes[0] if classes else "")
        self._take_image()
        self.active_changed.emit(True)

    @Slot()
    def finish(self) -> None:
        """End counting by hand; the marks stay, and can be compared."""
        image, counted = self._image, self.active and self._changed and bool(self.truth.classes)
        replaced = self._end()
        if counted and self._images.item(image) is not None:
            text = gettext("Counted by hand: {counts}.").format(counts=_counts_text(self.truth))
            text = f"{text} {replaced}".strip()
            self._messages.offer(text, gettext("Compare"), lambda: self.comparison_wanted.emit(image))

    @Slot()
    def _end(self) -> str:
        """End, and return what the manual count of the last image replaces, in a sentence, or ""."""
        if not self.active:
            return ""
        replaced = self._leave_image()
        self.active = False
        self._unseen.clear()
        self.active_changed.emit(False)
        return replaced

    @Slot(object)
    def _on_current_changed(self, image: int | None) -> None:
        if not self.active or (image is not None and image == self._image):
            return
        if replaced := self._leave_image():
            self._messages.info(replaced)
        if image is None:
            self.finish()
        else:
            self._take_image()

    def _take_image(self) -> None:
        image = self._image = self._images.current_id
        assert image is not None
        self._used_before = self._truths.used(image)
        self.truth = self._stored(image)
        self._changed = False
        self._elsewhere = {}
        for other, truth in self._truths.from_source(TruthSource.TALLY).items():
            item = self._images.item(other)
            if item is not None and other != image:
                for name, number in self._in_frame(truth, item).counts().items():
                    self._elsewhere[name] = self._elsewhere.get(name, 0) + number
        self._show()

    def _leave_image(self) -> str:
        """Write the manual count of an image into the history, and return what it replaces, in a sentence, or ""."""
        image, self._image = self._image, None
        item = self._images.item(image)
        if item is None or not self._changed or not self._store.writable:
            return ""
        text = (
            gettext("Counted by hand with the boxes hidden: {counts}")
            if self.truth.blind
            else gettext("Counted by hand: {counts}")
        )
        if not self.truth.classes:
            return ""
        with self._store.write() as write:
            write.note(text.format(counts=_counts_text(self.truth)), item.id)
        before = self._used_before
        if before is None or before.source is TruthSource.TALLY:
            return ""
        text = gettext("{image}: verification (F9) now compares with your manual count, not with the {truth}.")
        return text.format(image=item.path.name, truth=describe(before))

    @Slot(object)
    def _on_counts_changed(self, images: frozenset[int]) -> None:
        """Count again: which marks count may depend on the frame, and on the detections around them."""
        if self.active and self._image in images:
            self._show()

    @Slot(object)
    def _on_truth_changed(self, image: int) -> None:
        """Take over what became of the manual count: a mark, an undo, or that it was cleared."""
        if image == self._image:
            truth = self._stored(image)
            self._changed |= truth != self.truth
            self.truth = truth
            self._show()

    def _stored(self, image: int) -> GroundTruth:
        return self._truths.all(image).get(TruthSource.TALLY) or GroundTruth.tally(())

    # -- marks -----------------------------------------------------------------------------------------

    def arm(self, name: str) -> None:
        """Choose the class that a click marks."""
        self.armed = name
        self.armed_changed.emit()

    def put(self, name: str, x: float, y: float) -> bool:
        """Mark a cell of the image that is shown; False if it is outside, or could not be kept."""
        item = self._images.current
        if not self.active or item is None or not name:
            return False
        if not (0 <= x < item.size[0] and 0 <= y < item.size[1]):
            return False
        before = self.total(name)
        blind = self.options.blind and (not len(self.truth) or (self.truth.blind and item.id in self._unseen))
        if not self._mark(Mark(len(self.truth), name, x, y, first=name not in self.truth.classes), blind=blind):
            return False
        if blind:
            self._unseen.add(item.id)
        self.marked.emit()
        options = self.options
        if name == options.target_class and before < options.target <= self.total(name):
            self.reached.emit(self.target_text())
        return True

    def _mark(self, mark: Mark, *, blind: bool) -> bool:
        """Record a new mark; the first one begins the manual count."""
        image, truth = self._image, self.truth
        if image is None:
            return False
        name = gettext("Mark {name}").format(name=mark.class_name)
        if len(truth) and truth.blind == blind and self._is_used(image):
            change = ValueChange(Subject.MARK, image, mark)
            return self._history.record([Edit(image, name, values=(change,))])
        return self._truths.set(image, replace(truth.with_point(mark.class_name, mark.x, mark.y), blind=blind), name)

    def _is_used(self, image: int) -> bool:
        used = self._truths.used(image)
        return used is not None and used.source is TruthSource.TALLY

    def remove(self, position: int) -> None:
        """Remove a mark."""
        if self.active and self._image is not None and 0 <= position < len(self.truth):
            name = gettext("Remove mark {name}").format(name=self.truth.names[position])
            self._set(self.truth.without(position), name)

    def set_absent(self, name: str, absent: bool) -> None:
        """Set whether a class without marks is known to be absent from the image."""
        rest = tuple(other for other in self.truth.classes if other != name)
        if self.active and name not in self.truth.names and (name in self.truth.classes) != absent:
            text = gettext("No {name} in this image") if absent else gettext("{name} not counted in this image")
            self._set(replace(self.truth, classes=(*rest, name) if absent else rest), text.format(name=name))

    def _set(self, truth: GroundTruth, name: str) -> None:
        """Record another manual count of the image that is shown; an empty one is none."""
        if self._image is None:
            return
        if truth.classes:
            self._truths.set(self._image, truth, name)
        else:
            self._truths.clear(self._image, TruthSource.TALLY)

    # -- numbers -----------------------------------------------------------------------------------------

    def _in_frame(self, truth: GroundTruth, item: ImageItem) -> GroundTruth:
        """Return the marks that count, as the verification has it."""
        frame = self._settings.frame(item)
        if frame is None or not frame.sides or not len(truth):
            return truth
        cells, index = self._counts.cells(item.id), self._counts.index(item.id)
        if cells is None or index is None:
            return truth.within(frame.inside)
        return truth.only(truth_inside(truth, cells.found.detections, index, frame))

    def _show(self) -> None:
        """Count the marks of the image that is shown, and report that they changed."""
        item = self._images.item(self._image)
        self._counted = self.truth if item is None else self._in_frame(self.truth, item)
        self.changed.emit()

    def count(self, name: str) -> int:
        """Return the marks of a class in the image that is shown, without those outside its frame."""
        return self._counted.names.count(name)

    def total(self, name: str) -> int:
        """Return the marks of a class in all images of the session."""
        return self.count(name) + self._elsewhere.get(name, 0)

    @property
    def outside(self) -> int:
        """How many marks of the image that is shown lie outside its frame, and do not count."""
        return len(self.truth) - len(self._counted)

    def target_text(self) -> str:
        """Return a sentence when the target is reached, or ""."""
        options = self.options
        if not options.target or self.total(options.target_class) < options.target:
            return ""
        return gettext("Target reached: {n:,} {name}.").format(
            n=self.total(options.target_class), name=options.target_class
        )


def _counts_text(truth: GroundTruth) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in truth.counts().items())
