"""Other models on the same images: run once, kept in the session."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from core.counting.count import CountSettings
from core.text import gettext, ngettext
from gui.tasks import Task
from gui.workspace.verification.model_work import Candidate, ModelRun, Side, compare_found, open_model, run_models

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.session.session import Session
    from core.session.values import StoredDetections
    from core.verification.comparison import ModelRow
    from core.verification.request import VerifiedImage
    from gui.workspace.images import Images
    from gui.workspace.inference.choice import ModelChoice
    from gui.workspace.inference.inference import Inference
    from gui.workspace.messages import Messages
    from gui.workspace.store import SessionStore
    from gui.workspace.verification.verifier import Verifier

LOG = logging.getLogger(__name__)


class ModelComparison(QObject):
    """The models that are compared, what they found, and the comparison.

    ``rows`` compares those that have processed every image that takes part.
    """

    changed = Signal()
    progressed = Signal(int, int)

    def __init__(
        self,
        store: SessionStore,
        images: Images,
        inference: Inference,
        choice: ModelChoice,
        verifier: Verifier,
        messages: Messages,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._images = images
        self._inference = inference
        self._choice = choice
        self._verifier = verifier
        self._messages = messages
        self._candidates: list[Candidate] | None = None
        self._found: dict[tuple[int, str], StoredDetections | None] = {}
        self._total = self._done = 0
        self.rows: list[ModelRow] = []
        self._opening = Task("models", self._on_opened, self)
        self._running = Task("model runs", self._on_run, self, on_error=self._on_failed, on_part=self._on_found)
        self._comparing = Task("comparison", self._on_compared, self)
        store.session_changed.connect(self._on_session_changed)
        verifier.answered.connect(self.compare)

    # -- the models ------------------------------------------------------------------------------------

    @property
    def candidates(self) -> list[Candidate]:
        """The models beside the present one, in the order in which they were added."""
        if self._candidates is None:
            self._candidates = self._store.read(_stored_candidates, [])
        present = self._inference.model.sha256 if self._inference.model else ""
        return [candidate for candidate in self._candidates if candidate.sha256 != present]

    def add(self, paths: Sequence[Path]) -> None:
        """Add model files to the comparison."""
        self._opening.start(lambda job: [open_model(path, job.cancelled) for path in paths])
        self.changed.emit()

    def remove(self, sha256: str) -> None:
        """Remove a model from the comparison; what it found is kept."""
        self._set_candidates([one for one in self._candidates or [] if one.sha256 != sha256])

    def use(self, candidate: Candidate) -> None:
        """Count with another model from now on; what the present one found is kept for comparisons."""
        model = self._inference.model
        if not self._store.is_open or model is None:
            return
        if self._verifier.answer is not None and self._store.writable:
            others = [one for one in self._candidates or [] if one.sha256 != model.sha256]
            self._set_candidates([Candidate(model.path, model.sha256, model.card), *others])
        self._choice.use(candidate.path, candidate.card, candidate.sha256)

    def _set_candidates(self, candidates: list[Candidate]) -> None:
        if not self._store.writable:
            return
        self._candidates = candidates
        with self._store.write() as write:
            for one in candidates:
                write.session.models.keep(one.sha256, one.card)
            write.session.models.set_compared([(str(one.path), one.sha256) for one in candidates])
        self.compare()

    @Slot(object)
    def _on_opened(self, opened: list[Candidate | str]) -> None:
        known = {one.sha256 for one in self._candidates or []}
        if self._inference.model is not None:
            known.add(self._inference.model.sha256)
        new = list(self._candidates or [])
        for one in opened:
            if isinstance(one, str):
                self._messages.error(one)
            elif one.sha256 in known:
                self._messages.info(gettext("{model} takes part already.").format(model=one.card.name))
            else:
                known.add(one.sha256)
                new.append(one)
        self._set_candidates(new)
        self.changed.emit()

    # -- running -----------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether models are processing images at this moment."""
        return self._running.busy

    @property
    def opening(self) -> bool:
        """Whether model files are being read."""
        return self._opening.busy

    def progress(self, candidate: Candidate) -> tuple[int, int]:
        """Return how many of the images that take part a model has processed, and how many these are."""
        checked = self._checked()
        return sum(self._result(one.image, candidate.sha256) is not None for one in checked), len(checked)

    def run(self) -> None:
        """Have every model process the images that it has not seen yet."""
        runs: list[ModelRun] = []
        for candidate in self.candidates:
            for one in self._checked():
                item = self._images.item(one.image)
                if item is not None and item.stamp is not None and self._result(one.image, candidate.sha256) is None:
                    runs.append(ModelRun(candidate, item.id, item.path, item.stamp.sha256, item.diameter))
        self._done, self._total = 0, len(runs)
        if runs:
            self._running.start(lambda job: run_models(runs, job.cancelled, job.report))
            self.progressed.emit(0, self._total)
        self.changed.emit()

    def stop(self) -> None:
        """Stop; what was found so far is kept."""
        self._running.cancel()
        self.compare()

    def _checked(self) -> tuple[VerifiedImage, ...]:
        answer = self._verifier.answer
        return () if answer is None else answer.request.checked

    def _result(self, image: int, sha256: str) -> StoredDetections | None:
        """Return what a model found in an image as its file and red cell diameter now are."""
        item, key = self._images.item(image), (image, sha256)
        if key not in self._found and item is not None and item.stamp is not None:
            found = self._store.read(lambda session: session.detections.get(image, sha256), None)
            holds = found is not None and (found.file, found.by_hand) == (item.stamp.sha256, item.diameter)
            self._found[key] = found if holds else None
        return self._found.get(key)

    @Slot(object)
    def _on_found(self, part: tuple[ModelRun, StoredDetections]) -> None:
        run, found = part
        if self._store.writable:
            with self._store.write() as write:
                write.session.detections.save(run.image, found)
            if not write.done:
                self._running.cancel()
        self._found[run.image, run.candidate.sha256] = found
        self._done += 1
        self.progressed.emit(self._done, self._total)

    @Slot(object)
    def _on_run(self, problems: list[str]) -> None:
        if problems:
            more = len(problems) - 1
            rest = " " + ngettext("({n:,} more)", "({n:,} more)", more).format(n=more) if more else ""
            self._messages.warning(problems[0] + rest)
        self.compare()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        LOG.error("model runs failed", exc_info=error)
        self._messages.error(gettext("The models could not be compared ({error}).").format(error=error))
        self.compare()

    # -- comparing -----------------------------------------------------------------------------------------

    @Slot()
    def compare(self) -> None:
        """Compare the models that have processed every image that takes part."""
        answer, model = self._verifier.answer, self._inference.model
        self._comparing.cancel()
        self.rows = []
        if answer is None or model is None or not answer.cases or self._running.busy:
            self.changed.emit()
            return
        checked, settings, iou = answer.request.checked, answer.request.settings, answer.request.options.iou
        results: list[Side] = [
            (model.card.name, model.sha256, answer.request.classes, settings, [one.found for one in checked])
        ]
        for one in self.candidates:
            found = [self._result(each.image, one.sha256) for each in checked]
            complete = [kept.detections for kept in found if kept is not None]
            if len(complete) == len(checked):
                own = CountSettings.suggested_by(one.card)
                results.append((one.card.name, one.sha256, one.card.classes, own, complete))
        if len(results) > 1:
            self._comparing.start(lambda job: compare_found(results, checked, iou, job.cancelled))
        self.changed.emit()

    @Slot(object)
    def _on_compared(self, rows: list[ModelRow]) -> None:
        self.rows = rows
        self.changed.emit()

    @Slot()
    def _on_session_changed(self) -> None:
        self._running.cancel()
        self._candidates = None
        self._found.clear()
        self.compare()

    def close(self) -> None:
        """End the threads."""
        for task in (self._opening, self._running, self._comparing):
            task.close()


def _stored_candidates(session: Session) -> list[Candidate]:
    candidates = []
    for path, sha256 in session.models.compared:
        card = session.models.card(sha256)
        if card is not None:
            candidates.append(Candidate(Path(path), sha256, card))
    return candidates
