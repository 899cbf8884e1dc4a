"""Keeps the figures up to date: computes them again when counts, edits or truths change."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

from core.text import gettext
from core.verification.figures import FigureMaker, VerificationFigures
from core.verification.ground_truth import hands_first
from core.verification.request import (
    LeftOut,
    VerificationOptions,
    VerificationRequest,
    VerificationScope,
    VerifiedImage,
)
from gui.tasks import Debounce, IdleLoop, Task
from gui.workspace.images import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from core.verification.ground_truth import GroundTruth
    from gui.workspace.counting.counts import Counts
    from gui.workspace.counting.settings import CountSettingsModel
    from gui.workspace.ground_truth import GroundTruths
    from gui.workspace.images import ImageItem, Images
    from gui.workspace.inference.inference import Inference
    from gui.workspace.messages import Messages
    from gui.workspace.store import SessionStore

LOG = logging.getLogger(__name__)

_SETTLE_MS = 150
_KEY = "verify"


class Verifier(QObject):
    """The comparison of the session's counts with its truths.

    ``answer`` is the last one that is still right, or nearly: while ``busy``, a newer one is on its way.
    """

    answered = Signal()
    busy_changed = Signal()
    options_changed = Signal()

    def __init__(
        self,
        store: SessionStore,
        images: Images,
        settings: CountSettingsModel,
        counts: Counts,
        truths: GroundTruths,
        inference: Inference,
        messages: Messages,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._images = images
        self._settings = settings
        self._counts = counts
        self._truths = truths
        self._messages = messages
        self.answer: VerificationFigures | None = None
        self._active = False
        self._checked: dict[int, VerifiedImage] = {}
        self._options: VerificationOptions | None = None
        self._answering = FigureMaker()
        self._task = Task("verification", self._on_answer, self, on_error=self._on_failed)
        self._settle = Debounce(_SETTLE_MS, self._ask, self)
        self._gathering = IdleLoop(self)
        store.session_changed.connect(self._on_session_changed)
        inference.model_changed.connect(self._forget_all)
        images.changed.connect(self.ask_again)
        images.current_changed.connect(self._on_current_changed)
        images.item_changed.connect(lambda image: self._forget([image]))
        counts.changed.connect(self._forget)
        settings.changed.connect(self.ask_again)
        truths.changed.connect(lambda image: self._forget([image]))

    # -- what the page asks ----------------------------------------------------------------------

    @property
    def options(self) -> VerificationOptions:
        """How the user wants to see the comparison."""
        if self._options is None:
            self._options = VerificationOptions.from_stored(self._store.remembered(_KEY, {}))
        return self._options

    def set_options(self, **changes: Any) -> None:
        """Change options by their names."""
        options = replace(self.options, **changes)
        if options != self.options:
            self._options = options
            self._store.remember(_KEY, options.stored())
            self.options_changed.emit()
            self.ask_again()

    @property
    def busy(self) -> bool:
        """Whether a newer answer is on its way."""
        return self._settle.isActive() or self._gathering.running or self._task.busy

    @property
    def active(self) -> bool:
        """Whether the figures are kept up to date."""
        return self._active

    def set_active(self, active: bool) -> None:
        """Keep the figures up to date from now on, or not: nothing is computed for a hidden page."""
        self._active = active
        if active:
            self.ask_again()
        else:
            self._stop()

    def items(self) -> list[ImageItem]:
        """Return the images of the scope."""
        options, current = self.options, self._images.current
        if options.scope is VerificationScope.CURRENT:
            return [] if current is None else [current]
        if options.scope is VerificationScope.TICKED:
            return [item for item in self._images.items if item.id in options.ticked]
        return list(self._images.items)

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

    @Slot(object)
    def _forget(self, images: Iterable[int]) -> None:
        for image in images:
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
        """Read what takes part from the session, image by image, and pass the question on."""
        settings = self._settings.value
        if not self._store.is_open or settings is None:
            self.answer = None
            self.answered.emit()
            self.busy_changed.emit()
            return
        checked: list[VerifiedImage] = []
        without_truth = not_counted = reviewed = 0
        items = self.items()
        by_hand = hands_first((self._truths.used(item.id) for item in items), reviewed=self.options.reviewed)
        for item in items:
            truth = self._truths.used(item.id)
            if truth is None or not truth.classes:
                without_truth += 1
            elif by_hand and not truth.by_hand:
                reviewed += 1
            elif (one := self._checked.get(item.id) or self._check(item, truth)) is None:
                not_counted += 1
            else:
                checked.append(one)
            yield
        left_out = LeftOut(without_truth, not_counted, reviewed)
        question = VerificationRequest(tuple(checked), left_out, self._settings.classes, settings, self.options)
        self._task.start(lambda job: self._answering.figures(question, job.cancelled))

    def _check(self, item: ImageItem, truth: GroundTruth) -> VerifiedImage | None:
        cells = self._counts.cells(item.id) if item.state is State.COUNTED else None
        if cells is None:
            return None
        frame, diameter = self._settings.frame(item), cells.found.diameter
        checked = VerifiedImage(
            item.id, item.path.name, cells.found.detections, cells.corrections, truth, frame, diameter
        )
        self._checked[item.id] = checked
        return checked

    @Slot(object)
    def _on_answer(self, answer: VerificationFigures) -> None:
        self.answer = answer
        self.busy_changed.emit()
        self.answered.emit()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        LOG.error("verification failed", exc_info=error)
        self.busy_changed.emit()
        self._messages.error(gettext("The counts could not be compared ({error}).").format(error=error))
