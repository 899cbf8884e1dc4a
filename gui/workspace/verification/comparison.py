"""Other models on the same pictures: run once, kept in the session."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from core.counting.count import CountSettings
from core.detection.detector import DetectorResult
from core.session.contours import with_contours
from core.session.results import KeptResult, load_result, save_result
from core.session.settings import keep_card, load_card, load_field
from core.session.values import SessionError
from core.text import gettext
from gui.tasks import Task
from gui.workspace.store import Level
from gui.workspace.verification.model_work import Candidate, Found, Look, Side, compare_found, open_model, run_models

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.verification.comparison import ModelRow
    from core.verification.request import VerifiedImage
    from gui.workspace.document import Document
    from gui.workspace.images import Entry
    from gui.workspace.verification.verifier import Verifier

_KEY = "compared models"


class ModelRuns(QObject):
    """The models that are compared, what they found, and the comparison.

    ``rows`` is the comparison of those that have looked at every picture that takes part.
    """

    changed = Signal()
    progressed = Signal(int, int)

    def __init__(self, verifier: Verifier) -> None:
        super().__init__(verifier)
        self._verifier = verifier
        self._document: Document = verifier.document
        self._candidates: list[Candidate] | None = None
        self._found: dict[tuple[int, str], KeptResult | None] = {}
        self._total = self._done = 0
        self.rows: list[ModelRow] = []
        self._opening = Task("models", self._on_opened, self)
        self._running = Task("model runs", self._on_run, self, on_error=self._on_failed, on_part=self._on_found)
        self._comparing = Task("comparison", self._on_compared, self)
        self._document.session_changed.connect(self._on_session_changed)
        verifier.answered.connect(self.compare)

    # -- the models ------------------------------------------------------------------------------------

    @property
    def candidates(self) -> list[Candidate]:
        """The models beside the present one, in the order in which they were added."""
        session = self._document.session
        if self._candidates is None:
            self._candidates = []
            for path, sha256 in self._document.remembered(_KEY, []):
                card = load_card(session, sha256) if session is not None else None
                if card is not None:
                    self._candidates.append(Candidate(Path(path), sha256, card))
        present = self._document.model.sha256 if self._document.model else ""
        return [candidate for candidate in self._candidates if candidate.sha256 != present]

    def add(self, paths: Sequence[Path]) -> None:
        """Take model files into the comparison."""
        self._opening.start(lambda job: [open_model(path, job.cancelled) for path in paths])
        self.changed.emit()

    def remove(self, sha256: str) -> None:
        """Take a model out of the comparison; what it found is kept."""
        self._set_candidates([one for one in self._candidates or [] if one.sha256 != sha256])

    def use(self, candidate: Candidate) -> None:
        """Count with another model from now on; what the present one found is kept for comparisons."""
        document, session, model = self._document, self._document.session, self._document.model
        answer = self._verifier.answer
        if session is None or model is None:
            return
        if answer is not None and document.writable:
            kept = [one.image for one in answer.request.checked]
            document.guarded(lambda: self._keep_present(kept))
            others = [one for one in self._candidates or [] if one.sha256 != model.sha256]
            self._set_candidates([Candidate(model.path, model.sha256, model.card), *others])
        document.import_model(candidate.path, candidate.card)

    def _keep_present(self, images: Sequence[int]) -> bool:
        session = self._document.session
        assert session is not None
        with session.together():
            for image in images:
                entry, found = self._document.entry(image), session.detections(image)
                if entry is None or entry.stamp is None or found is None:
                    continue
                found = with_contours(session, image, found)
                field = load_field(session, image)
                result = DetectorResult(found.detections, found.diameter, found.scale, entry.notices, *field)
                name, sha256 = found.model_name, found.model_sha256
                kept = KeptResult(name, sha256, found.classes, entry.stamp.sha256, entry.diameter, result)
                save_result(session, image, kept)
        return True

    def _set_candidates(self, candidates: list[Candidate]) -> None:
        session = self._document.session
        if session is None or not self._document.writable:
            return
        self._candidates = candidates

        def write() -> bool:
            with session.together():
                for one in candidates:
                    keep_card(session, one.sha256, one.card)
                session.put(_KEY, [[str(one.path), one.sha256] for one in candidates])
            return True

        self._document.guarded(write)
        self.compare()

    @Slot(object)
    def _on_opened(self, opened: list[Candidate | str]) -> None:
        known = {one.sha256 for one in self._candidates or []}
        if self._document.model is not None:
            known.add(self._document.model.sha256)
        new = list(self._candidates or [])
        for one in opened:
            if isinstance(one, str):
                self._document.message.emit(Level.ERROR, one)
            elif one.sha256 in known:
                self._document.message.emit(Level.INFO, f"{one.card.name} takes part already.")
            else:
                known.add(one.sha256)
                new.append(one)
        self._set_candidates(new)
        self.changed.emit()

    # -- running -----------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether models look at pictures at this moment."""
        return self._running.busy

    @property
    def opening(self) -> bool:
        """Whether model files are being read."""
        return self._opening.busy

    def looked_at(self, candidate: Candidate) -> tuple[int, int]:
        """Return at how many of the pictures that take part a model has looked, and how many these are."""
        checked = self._checked()
        return sum(self._result(one.image, candidate.sha256) is not None for one in checked), len(checked)

    def run(self) -> None:
        """Let every model look at the pictures that it has not seen yet."""
        looks: list[Look] = []
        for candidate in self.candidates:
            for one in self._checked():
                entry = self._document.entry(one.image)
                if entry is not None and entry.stamp is not None and self._result(one.image, candidate.sha256) is None:
                    looks.append(Look(candidate, entry.id, entry.path, entry.stamp.sha256, entry.diameter))
        self._done, self._total = 0, len(looks)
        if looks:
            self._running.start(lambda job: run_models(looks, job.cancelled, job.report))
            self.progressed.emit(0, self._total)
        self.changed.emit()

    def stop(self) -> None:
        """Stop; what was found so far is kept."""
        self._running.cancel()
        self.compare()

    def _checked(self) -> tuple[VerifiedImage, ...]:
        answer = self._verifier.answer
        return () if answer is None else answer.request.checked

    def _result(self, image: int, sha256: str) -> KeptResult | None:
        entry, session = self._document.entry(image), self._document.session
        key = (image, sha256)
        if key not in self._found and entry is not None and session is not None and entry.stamp is not None:
            self._found[key] = _load(self._document, entry, sha256)
        return self._found.get(key)

    @Slot(object)
    def _on_found(self, result: Found) -> None:
        look, session = result.look, self._document.session
        if session is not None:
            if not self._document.guarded(lambda: save_result(session, look.image, result.kept) or True):
                self._running.cancel()
            self._found[look.image, look.candidate.sha256] = result.kept
        self._done += 1
        self.progressed.emit(self._done, self._total)

    @Slot(object)
    def _on_run(self, problems: list[str]) -> None:
        for problem in problems[:1]:
            more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
            self._document.message.emit(Level.WARNING, problem + more)
        self.compare()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        text = gettext("The models could not be compared ({error}).").format(error=f"{type(error).__name__}: {error}")
        self._document.message.emit(Level.ERROR, text)
        self.compare()

    # -- comparing -----------------------------------------------------------------------------------------

    @Slot()
    def compare(self) -> None:
        """Compare the models that have looked at every picture that takes part."""
        answer, model = self._verifier.answer, self._document.model
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
            complete = [kept.result.detections for kept in found if kept is not None]
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

    def close_down(self) -> None:
        """End the threads."""
        for task in (self._opening, self._running, self._comparing):
            task.close()


def _load(document: Document, entry: Entry, sha256: str) -> KeptResult | None:
    session = document.session
    if session is None or entry.stamp is None:
        return None
    try:
        return load_result(session, entry.id, entry.stamp.sha256, entry.diameter, sha256)
    except (ValueError, SessionError):
        return None
