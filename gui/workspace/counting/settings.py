"""How the session counts: its classes, thresholds and edge rule."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from core.counting.count import CountSettings
from core.counting.frame import EdgeRule, rule_text
from core.session.tables.settings import kept_key
from core.session.values import Edit, Subject, ValueChange
from core.text import gettext
from gui.tasks import Debounce

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.counting.frame import Frame
    from core.detection.loading import AnyModel
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

    @property
    def pending(self) -> bool:
        """Whether a threshold was just moved and is not recorded yet."""
        return self._settle.isActive()

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

    def suggested(self, card: ModelCard) -> CountSettings:
        """Return the settings that a model suggests, with the present edge rule."""
        return replace(CountSettings.suggested_by(card), edge_rule=self.edge_rule)

    def for_model(self, before: str, model: AnyModel) -> tuple[tuple[ValueChange, ...], CountSettings]:
        """Return how another model counts: at the thresholds that it last had here, or else at those it suggests.

        The thresholds of the model ``before`` (SHA-256) are kept; that is the first of what is returned.
        """
        wanted, classes = self.suggested(model.card), set(model.card.classes)
        last = self._store.read(lambda session: session.settings.kept_thresholds(model.sha256), {})
        if set(last) == classes:
            wanted = replace(wanted, thresholds=last)
        if self.value is None:
            return (), wanted
        thresholds = dict(self.value.thresholds)
        return (ValueChange(Subject.SETTING, None, thresholds, kept_key(before)),), wanted

    def moved_text(self, wanted: CountSettings) -> str:
        """Return which thresholds other settings move, as a part of a sentence; "" for none."""
        return _moved(self.value, wanted)

    def take_model(self, card: ModelCard, *, start_over: bool) -> None:
        """Take what a model suggests; with ``start_over`` instead of the present settings."""
        self._card = card
        if start_over or self.value is None:
            self._set(self.suggested(card), card.classes)
            self.flush()

    @Slot()
    def flush(self) -> None:
        """Record a threshold that was just moved; write the first settings of a session."""
        self._settle.stop()
        if self.value is None or not self._store.writable:
            return
        before, self._recorded = self._recorded, self.value
        moved = _moved(before, self.value)
        if moved:
            if not self._record(self.value, gettext("Threshold {changes}").format(changes=moved)):
                self._recorded = before
        elif self._stored() is None:
            with self._store.write() as write:
                write.session.settings.set_counting(self.value, self.classes)

    def changes(self, wanted: CountSettings, classes: tuple[str, ...] | None = None) -> tuple[ValueChange, ...]:
        """Return what other settings change in the session, as a part of an edit."""
        names = self.classes if classes is None else classes
        return self._store.read(lambda session: session.settings.changes(wanted, names), ())

    def _record(self, wanted: CountSettings, name: str) -> bool:
        return self._history.record([Edit(None, name, values=self.changes(wanted))])

    def _stored(self) -> tuple[CountSettings, tuple[str, ...]] | None:
        return self._store.read(lambda session: session.settings.counting(), None)

    @Slot()
    def _on_closing(self) -> None:
        """Forget the settings of a session that is closed."""
        self.flush()
        card, self.value = self._card, None
        if card is None:
            self._set(None, ())
        else:
            self._set(self.suggested(card), card.classes)

    @Slot()
    def _read(self) -> None:
        stored = self._stored()
        if stored is None:
            self.flush()
        else:
            self._set(*stored)

    @Slot(object)
    def _on_recorded(self, edits: tuple[Edit, ...]) -> None:
        if any(change.subject is Subject.SETTING for edit in edits for change in edit.values):
            self._read()

    def _set(self, value: CountSettings | None, classes: tuple[str, ...]) -> None:
        """Count so from now on; what is the same stays the same object, since counts are kept by it."""
        self._recorded = value
        if (value, classes) == (self.value, self.classes):
            self._recorded = self.value
            return
        other_classes = classes != self.classes
        self.value, self.classes = value, classes
        if other_classes:
            self.classes_changed.emit()
        self.changed.emit()


def _moved(before: CountSettings | None, after: CountSettings) -> str:
    """Return which thresholds are others, as a part of a sentence; "" for none."""
    known = {} if before is None else before.thresholds
    return ", ".join(
        gettext("{name} {old:.2f} to {new:.2f}").format(name=name, old=known[name], new=value)
        for name, value in after.thresholds.items()
        if name in known and known[name] != value
    )
