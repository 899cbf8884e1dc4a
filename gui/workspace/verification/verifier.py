"""Keeps the figures up to date: asks again when counts, corrections or truths change."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

from core.text import gettext
from core.verification.figures import FigureMaker, VerificationFigures
from core.verification.request import (
    LeftOut,
    VerificationOptions,
    VerificationRequest,
    VerificationScope,
    VerifiedImage,
)
from gui.tasks import Debounce, IdleLoop, Task
from gui.workspace.images import State
from gui.workspace.store import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.verification.ground_truth import GroundTruth
    from gui.workspace.document import Document
    from gui.workspace.images import Entry

_SETTLE_MS = 150
_SLICE_S = 0.01
_KEY = "verify"


class Verifier(QObject):
    """The comparison of the session's counts with its truths.

    ``answer`` is the last one that is still right, or nearly: while ``busy``, a newer one is on its way.
    """

    answered = Signal()
    busy_changed = Signal()
    options_changed = Signal()

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self.document = document
        self.answer: VerificationFigures | None = None
        self._active = False
        self._checked: dict[int, VerifiedImage] = {}
        self._options: VerificationOptions | None = None
        self._answering = FigureMaker()
        self._task = Task("verification", self._on_answer, self, on_error=self._on_failed)
        self._settle = Debounce(_SETTLE_MS, self._ask, self)
        self._gathering = IdleLoop(self)
        document.session_changed.connect(self._on_session_changed)
        document.model_changed.connect(self._forget_all)
        document.images_changed.connect(self.ask_again)
        document.image_changed.connect(self._on_image_changed)
        document.current_changed.connect(self._on_current_changed)
        document.counts_changed.connect(self.ask_again)
        document.frames.changed.connect(self._forget_all)
        document.truths.changed.connect(self._on_truth_changed)

    # -- what the page asks ----------------------------------------------------------------------

    @property
    def options(self) -> VerificationOptions:
        """How the person wants to see the comparison."""
        if self._options is None:
            self._options = VerificationOptions.from_stored(self.document.remembered(_KEY, {}))
        return self._options

    def set_options(self, **changes: Any) -> None:
        """Change options by their names."""
        options = replace(self.options, **changes)
        if options != self.options:
            self._options = options
            self.document.remember(_KEY, options.stored())
            self.options_changed.emit()
            self.ask_again()

    @property
    def busy(self) -> bool:
        """Whether a newer answer is on its way."""
        return self._settle.isActive() or self._gathering.running or self._task.busy

    def set_active(self, active: bool) -> None:
        """Keep the figures up to date from now on, or not: nothing is computed for a hidden page."""
        self._active = active
        if active:
            self.ask_again()
        else:
            self._stop()

    def entries(self) -> list[Entry]:
        """Return the pictures of the scope."""
        document, options = self.document, self.options
        if options.scope is VerificationScope.CURRENT:
            return [document.current_entry] if document.current_entry else []
        if options.scope is VerificationScope.TICKED:
            return [entry for entry in document.entries if entry.id in options.ticked]
        return document.entries

    @Slot()
    def ask_again(self) -> None:
        """Ask for the figures once things have settled."""
        if self._active:
            self._settle.start()
            self.busy_changed.emit()

    def close(self) -> None:
        """End the thread."""
        self._active = False
        self._stop()
        self._task.close()

    # -- what changes ------------------------------------------------------------------------------

    @Slot()
    def _on_session_changed(self) -> None:
        self._options = None
        self.answer = None
        self._forget_all()
        self.options_changed.emit()
        self.answered.emit()

    @Slot()
    def _forget_all(self) -> None:
        self._checked.clear()
        self.ask_again()

    @Slot(int)
    def _on_image_changed(self, row: int) -> None:
        if row < len(self.document.entries):
            self._checked.pop(self.document.entries[row].id, None)
        self.ask_again()

    @Slot(object)
    def _on_truth_changed(self, image: int) -> None:
        self._checked.pop(image, None)
        self.ask_again()

    @Slot()
    def _on_current_changed(self) -> None:
        if self.options.scope is VerificationScope.CURRENT:
            self.ask_again()

    # -- asking --------------------------------------------------------------------------------------

    def _stop(self) -> None:
        self._settle.stop()
        self._gathering.stop()
        self._task.cancel()
        self.busy_changed.emit()

    @Slot()
    def _ask(self) -> None:
        self._task.cancel()
        self._gathering.start(self._gather())
        self.busy_changed.emit()

    def _gather(self) -> Iterator[None]:
        """Read what takes part from the session, picture by picture, and hand the question over."""
        document, settings = self.document, self.document.settings
        if document.session is None or settings is None:
            self.answer = None
            self.answered.emit()
            self.busy_changed.emit()
            return
        checked: list[VerifiedImage] = []
        without_truth = not_counted = 0
        for entry in list(self.entries()):
            truth = document.truths.of(entry.id)
            if truth is None or not truth.classes:
                without_truth += 1
            elif (one := self._checked.get(entry.id) or self._check(entry, truth)) is None:
                not_counted += 1
            else:
                checked.append(one)
            yield
        left_out = LeftOut(without_truth, not_counted)
        question = VerificationRequest(tuple(checked), left_out, document.classes, settings, self.options)
        self._task.start(lambda job: self._answering.figures(question, job.cancelled))

    def _check(self, entry: Entry, truth: GroundTruth) -> VerifiedImage | None:
        cells = self.document.cells_of(entry) if entry.state is State.COUNTED else None
        if cells is None:
            return None
        checked = VerifiedImage(
            entry.id,
            entry.path.name,
            cells.found.detections,
            cells.corrections,
            truth,
            self.document.frames.of(entry),
            cells.found.diameter,
        )
        self._checked[entry.id] = checked
        return checked

    @Slot(object)
    def _on_answer(self, answer: VerificationFigures) -> None:
        self.answer = answer
        self.busy_changed.emit()
        self.answered.emit()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.busy_changed.emit()
        text = gettext("The counts could not be compared ({error}).").format(error=f"{type(error).__name__}: {error}")
        self.document.message.emit(Level.ERROR, text)
