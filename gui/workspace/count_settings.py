"""How the session counts: its classes, thresholds and edge rule."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from core.counting.count import CountSettings
from core.counting.frame import EdgeRule, rule_text
from core.session.settings import SETTINGS_KEY, load_settings, stored_settings
from core.session.values import Command
from core.text import gettext
from gui.tasks import Debounce

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from core.counting.frame import Frame
    from core.models.card import ModelCard
    from gui.workspace.history import History
    from gui.workspace.images import ImageItem
    from gui.workspace.store import SessionStore

_SETTLE_MS = 400


class CountSettingsModel(QObject):
    """The settings of the count. ``value`` is None before a model or a session says how to count.

    A threshold counts at once, and is recorded when it has rested for a moment: a slider is one edit.
    """

    changed = Signal()  # value or classes
    classes_changed = Signal()

    def __init__(self, store: SessionStore, history: History, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._history = history
        self.value: CountSettings | None = None
        self.classes: tuple[str, ...] = ()
        self._card: ModelCard | None = None
        self._recorded: CountSettings | None = None
        self._settle = Debounce(_SETTLE_MS, self.flush, self)
        store.flushing.connect(self.flush)
        store.closing.connect(self._on_closing)
        store.reading.connect(self._read)
        store.session_changed.connect(self.changed)
        history.recording.connect(self.flush)
        history.recorded.connect(self._on_recorded)

    # -- what counts ---------------------------------------------------------------------------

    @property
    def edge_rule(self) -> EdgeRule:
        """Which cells at the border are left out."""
        return EdgeRule.ALL if self.value is None else self.value.edge_rule

    def frame(self, item: ImageItem) -> Frame | None:
        """Return what counts in an image; None before a model or a session says how to count."""
        return None if self.value is None else self.value.frame(*item.size, item.region)

    # -- what the user changes -----------------------------------------------------------------

    def set_threshold(self, name: str, value: float) -> None:
        """Set the confidence threshold of a class."""
        self.set_thresholds({name: value})

    def set_thresholds(self, thresholds: Mapping[str, float]) -> None:
        """Set the confidence thresholds of classes."""
        if self.value is None:
            return
        wanted = {**self.value.thresholds, **thresholds}
        if wanted != self.value.thresholds:
            self.value = replace(self.value, thresholds=wanted)
            self._settle.start()
            self.changed.emit()

    def reset_thresholds(self) -> None:
        """Set the thresholds that the model suggests."""
        if self._card is not None:
            self.set_thresholds(self._card.thresholds)

    def set_edge_rule(self, rule: EdgeRule) -> None:
        """Choose which cells at the border are left out, in every image."""
        if self.value is None or self.value.edge_rule is rule:
            return
        self.flush()
        wanted = replace(self.value, edge_rule=rule)
        text = gettext("Counting rule: {rule}").format(rule=rule_text(rule))
        if not self._store.writable:
            self.value = wanted
        elif self._record(wanted, text):
            return  # ``recorded`` has had it taken over
        self.changed.emit()

    # -- the model and the session -------------------------------------------------------------

    def take_model(self, card: ModelCard, *, start_over: bool) -> None:
        """Take what a model suggests; with ``start_over`` instead of the present settings, but for the edge rule."""
        self._card = card
        if start_over or self.value is None:
            self._suggest()
            self.flush()

    def _suggest(self) -> None:
        """Count as the model suggests, with the present edge rule."""
        rule, before = self.edge_rule, self.classes
        self.value, self.classes = None, ()
        if self._card is not None:
            self.value = replace(CountSettings.suggested_by(self._card), edge_rule=rule)
            self.classes = self._card.classes
        self._recorded = self.value
        if self.classes != before:
            self.classes_changed.emit()
        self.changed.emit()

    @Slot()
    def _on_closing(self) -> None:
        """Forget the settings of a session that is closed."""
        self.flush()
        self.value = None
        self._suggest()

    @Slot()
    def _read(self) -> None:
        before = self.classes
        stored = self._store.read(load_settings, None)
        if stored is not None:
            self.value, self.classes = stored
            self._recorded = self.value
        else:
            self.flush()
        if self.classes != before:
            self.classes_changed.emit()

    @Slot()
    def flush(self) -> None:
        """Record a threshold that was just moved; write the first settings of a session."""
        self._settle.stop()
        if self.value is None or not self._store.writable:
            return
        before = self._recorded
        self._recorded = self.value
        moved = [
            f"{name} {before.thresholds[name]:.2f} to {value:.2f}"
            for name, value in self.value.thresholds.items()
            if before is not None and name in before.thresholds and before.thresholds[name] != value
        ]
        if moved:
            self._record(self.value, gettext("Threshold {changes}").format(changes=", ".join(moved)), before)
        elif self._store.read(lambda session: session.get(SETTINGS_KEY), None) != self._stored(self.value):
            with self._store.write() as write:
                write.session.put(SETTINGS_KEY, self._stored(self.value))

    def _record(self, wanted: CountSettings, name: str, before: CountSettings | None = None) -> bool:
        values = ((SETTINGS_KEY, self._stored(before or self.value), self._stored(wanted)),)
        return self._history.record([Command(0, None, name, (), None, None, kept=values)])

    def _stored(self, settings: CountSettings | None) -> Any:
        return None if settings is None else stored_settings(settings, self.classes)

    @Slot(object)
    def _on_recorded(self, edits: tuple[Command, ...]) -> None:
        if any(key == SETTINGS_KEY for edit in edits for key, _, _ in edit.kept):
            stored = self._store.read(load_settings, None)
            if stored is not None and stored != (self.value, self.classes):
                self.value, self.classes = stored
                self._recorded = self.value
                self.changed.emit()
