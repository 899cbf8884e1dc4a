"""Adapting to the laboratory's images: what corrected fields say of the thresholds, and a profile made of that."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from core.text import gettext
from core.verification.cases import Case
from core.verification.profile import Adaptation, Profile, adapt, steady_diameter
from core.verification.thresholds import ENOUGH_IMAGES
from gui.tasks import Debounce, IdleLoop, Task
from gui.workspace.images import State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from core.cells import Detections
    from core.counting.count import CountSettings
    from core.counting.frame import Frame
    from core.verification.ground_truth import GroundTruth
    from core.verification.profile import Adapted
    from gui.workspace.counting.counts import Counts
    from gui.workspace.counting.settings import CountSettingsModel
    from gui.workspace.ground_truth import GroundTruths
    from gui.workspace.images import ImageItem, Images
    from gui.workspace.inference.inference import Inference
    from gui.workspace.messages import Messages
    from gui.workspace.store import SessionStore
    from gui.workspace.verification.profiles import Profiles
    from gui.workspace.verification.thresholds import VerifiedThresholds

LOG = logging.getLogger(__name__)

_SETTLE_MS = 250
_IOU = 0.5

_Gathered = tuple[int, str, "Detections", "GroundTruth", "CountSettings", "Frame | None"]


@dataclass(frozen=True)
class Findings:
    """What the corrected fields of a sample say.

    ``fields`` of ``images`` were corrected or counted by hand, ``left_out`` of them were counted with another model;
    ``settings`` is how they are counted now. ``names`` are those of their files by id, and ``diameter`` is that of red
    cells in pixels if it is the same in all counted images.
    """

    settings: CountSettings
    adaptation: Adaptation
    fields: int
    images: int
    left_out: int
    names: dict[int, str]
    diameter: float | None

    @property
    def missing(self) -> int:
        """How many more fields are needed before anything can be said."""
        return max(ENOUGH_IMAGES - self.fields, 0)


class Adapting(QObject):
    """Finds out what thresholds count the sample's own corrected fields best, and makes a profile of them.

    ``findings`` are the last ones that are still right, or nearly: while ``busy``, newer ones are on their way.
    """

    changed = Signal()

    def __init__(
        self,
        store: SessionStore,
        images: Images,
        settings: CountSettingsModel,
        counts: Counts,
        truths: GroundTruths,
        inference: Inference,
        verified: VerifiedThresholds,
        profiles: Profiles,
        messages: Messages,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._images = images
        self._settings = settings
        self._counts = counts
        self._truths = truths
        self._inference = inference
        self._verified = verified
        self._profiles = profiles
        self._messages = messages
        self.findings: Findings | None = None
        self._applied: dict[str, tuple[float, Adapted]] = {}
        self._active = False
        self._task = Task("adapting", self._on_found, self, on_error=self._on_failed)
        self._gathering = IdleLoop(self)
        self._settle = Debounce(_SETTLE_MS, self._ask, self)
        store.session_changed.connect(self._on_session_changed)
        for signal in (inference.model_changed, images.changed, counts.changed, settings.changed, truths.changed):
            signal.connect(self.ask_again)

    @property
    def busy(self) -> bool:
        """Whether newer findings are on their way."""
        return self._settle.isActive() or self._gathering.running or self._task.busy

    def set_active(self, active: bool) -> None:
        """Keep the findings up to date from now on, or not: nothing is computed that nobody sees."""
        self._active = active
        if active:
            self.ask_again()
        else:
            self._stop()

    @Slot()
    def ask_again(self, *_: object) -> None:
        """Look at the fields again once things have settled."""
        if self._active:
            self._settle.start()
            self.changed.emit()

    def close(self) -> None:
        """End the thread."""
        self._active = False
        self._stop()
        self._task.close()

    # -- what is done with it ------------------------------------------------------------------

    @property
    def can_apply(self) -> bool:
        """Whether there are thresholds that count better than the present ones."""
        found = self.findings
        return found is not None and bool(found.adaptation.choices) and self._store.writable and not self.busy

    def apply(self) -> bool:
        """Set the thresholds that were found, as one edit; True if it is recorded."""
        found = self.findings
        if found is None or not self._verified.use(found.adaptation.choices, found.names, _IOU):
            return False
        thresholds = found.adaptation.settings.thresholds
        self._applied |= {name: (thresholds[name], one) for name, one in found.adaptation.adapted.items()}
        return True

    def save(self, path: Path, name: str, *, keep_size: bool) -> bool:
        """Keep how the sample is counted, with what was found, as a profile, and count by it; True if that is done.

        With ``keep_size`` red cells are looked for at the size that they have here, in every image.
        """
        model, found = self._inference.model, self.findings
        if model is None or found is None:
            return False
        settings = found.adaptation.settings
        applied = {
            name: one for name, (threshold, one) in self._applied.items() if settings.thresholds.get(name) == threshold
        }
        profile = Profile(
            name=name,
            model_name=model.card.name,
            model_sha256=model.sha256,
            thresholds=dict(settings.thresholds),
            nms_iou=settings.nms_iou,
            edge_rule=settings.edge_rule,
            red_cell_diameter=found.diameter if keep_size else None,
            user=self._store.user,
            adapted=applied | found.adaptation.adapted,
        )
        used = self._profiles.save(path, profile)
        origins = self._verified.origins(found.adaptation.choices, found.names, _IOU)
        return used is not None and self._profiles.take_up(used, origins)

    # -- finding out ---------------------------------------------------------------------------

    @Slot()
    def _on_session_changed(self) -> None:
        self.findings, self._applied = None, {}
        self.changed.emit()
        self.ask_again()

    def _stop(self) -> None:
        self._settle.stop()
        self._gathering.stop()
        self._task.cancel()

    @Slot()
    def _ask(self) -> None:
        self._task.cancel()
        self._gathering.start(self._gather())

    def _gather(self) -> Iterator[None]:
        """Read the fields with a truth from the session, image by image, and pass the question on."""
        settings, model = self._settings.value, self._inference.model
        if not self._store.is_open or settings is None or model is None:
            self.findings = None
            self.changed.emit()
            return
        fields: list[_Gathered] = []
        diameters: list[float] = []
        left_out = 0
        items, classes = list(self._images.items), self._settings.classes
        for item in items:
            truth = self._truths.used(item.id)
            known = truth is not None and bool(truth.classes)
            cells = self._counts.cells(item.id) if item.state is State.COUNTED else None
            if cells is not None and cells.found.model_sha256 == model.sha256:
                diameters.append(cells.found.diameter)
                if truth is not None and known:
                    fields.append(self._field(item, cells.found.detections, truth, settings))
            elif known:
                left_out += 1
            yield
        names = {number: name for number, name, *_ in fields}
        size = steady_diameter(diameters)

        def find(_job: object) -> Findings:
            found = adapt([Case.of(*field) for field in fields], classes, settings)
            return Findings(settings, found, len(fields), len(items), left_out, names, size)

        self._task.start(find)

    def _field(self, item: ImageItem, found: Detections, truth: GroundTruth, settings: CountSettings) -> _Gathered:
        return item.id, item.path.name, found, truth, settings, self._settings.frame(item)

    @Slot(object)
    def _on_found(self, findings: Findings) -> None:
        self.findings = findings
        self.changed.emit()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        LOG.error("adapting failed", exc_info=error)
        self.changed.emit()
        self._messages.error(gettext("The corrected fields could not be compared ({error}).").format(error=error))
