"""Ratios and estimates of the image that is shown or of all images, from the counts and the laboratory's inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, Signal, Slot

from core.counting.estimates import EstimateInputs, Fields, figures
from core.session.tables.settings import ESTIMATES
from core.session.values import Edit, SessionError, Subject, ValueChange
from core.text import gettext
from gui.workspace.images import State

if TYPE_CHECKING:
    from core.counting.estimates import Figure
    from gui.workspace.counting.counts import Counts
    from gui.workspace.counting.settings import CountSettingsModel
    from gui.workspace.history import History
    from gui.workspace.images import ImageItem, Images
    from gui.workspace.messages import Messages
    from gui.workspace.store import SessionStore

_NAMES = {
    "analyser_rbc": gettext("analyser's red cells (10¹²/L)"),
    "field_factor": gettext("platelet factor per field (10⁹/L)"),
    "micrometres_per_pixel": gettext("scale (µm per pixel)"),
}


class Estimates(QObject):
    """The laboratory's inputs for the session's estimates, and what follows from them."""

    changed = Signal()

    def __init__(
        self,
        store: SessionStore,
        history: History,
        images: Images,
        settings: CountSettingsModel,
        counts: Counts,
        messages: Messages,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._history = history
        self._images = images
        self._settings = settings
        self._counts = counts
        self._messages = messages
        self.inputs = EstimateInputs()
        store.reading.connect(self._read)
        store.session_changed.connect(self.changed)
        history.recorded.connect(self._on_recorded)

    @Slot()
    def _read(self) -> None:
        session = self._store.session
        self.inputs = EstimateInputs()
        if session is not None:
            try:
                self.inputs = session.settings.estimate_inputs()
            except (ValueError, SessionError) as error:
                self._messages.error(
                    gettext("{path}: the inputs of its estimates cannot be read ({error}); enter them again.").format(
                        path=session.path, error=error
                    )
                )

    def set_input(self, name: str, value: float | None) -> None:
        """Set an input by its name in ``EstimateInputs``, or with None remove it."""
        inputs = msgspec.structs.replace(self.inputs, **{name: value})
        if inputs != self.inputs and self._store.writable:
            text = gettext("removed") if value is None else f"{value:g}"
            edit = gettext("Estimates: {name} {value}").format(name=_NAMES[name], value=text)
            change = ValueChange(Subject.SETTING, None, msgspec.to_builtins(inputs), ESTIMATES)
            self._history.record([Edit(None, edit, values=(change,))])
        self.changed.emit()

    @Slot(object)
    def _on_recorded(self, edits: tuple[Edit, ...]) -> None:
        if any(change.key == ESTIMATES for edit in edits for change in edit.values):
            self._read()
            self.changed.emit()

    # -- figures -------------------------------------------------------------------------------

    def figures(self, *, everywhere: bool) -> list[Figure]:
        """Return the ratios, and the estimates whose inputs are set, of the image that is shown or of all.

        Cell sizes are those of the image that is shown alone: those of all would be read from the disk.
        """
        fields = self._all_fields() if everywhere else self._this_field()
        return [] if fields is None else figures(fields, self.inputs)

    def _all_fields(self) -> Fields | None:
        if not self._counts.totals:
            return None
        area = sum(self._area(item) for item in self._images.items)
        return Fields({name: self._counts.of_class(name) for name in self._settings.classes}, area)

    def _this_field(self) -> Fields | None:
        item, result, cells = self._images.current, self._counts.current_result(), self._counts.current_cells()
        if item is None or result is None or cells is None:
            return None
        found = cells.cells
        boxes = {
            name: [(found.boxes[result.counted & (found.labels == label)], item.size)]
            for label, name in enumerate(self._settings.classes)
        }
        return Fields({name: [number] for name, number in result.counts.items()}, self._area(item), boxes)

    def _area(self, item: ImageItem) -> float:
        frame = self._settings.frame(item)
        return frame.area if frame is not None and item.state is State.COUNTED else 0.0
