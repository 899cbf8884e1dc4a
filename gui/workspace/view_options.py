"""What is drawn on the image that is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gui.preferences import Preferences
    from gui.workspace.store import SessionStore

_HIDDEN_KEY = "hidden"


class ViewOptions(QObject):
    """Which boxes and labels are drawn. Hidden classes are kept with the session, the rest in the preferences."""

    changed = Signal()

    def __init__(self, store: SessionStore, preferences: Preferences, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._preferences = preferences
        self.hidden_classes: frozenset[str] = frozenset()
        self.boxes = True
        self.ground_truth = True
        self.uncertain = False
        store.session_changed.connect(self._read)

    @property
    def labels(self) -> bool:
        """Whether class and probability are written on the boxes."""
        return self._preferences.show_labels

    @property
    def ghosts(self) -> bool:
        """Whether cells just below the threshold are drawn dotted."""
        return self._preferences.show_ghosts

    def show_labels(self, shown: bool) -> None:
        """Write class and probability on the boxes, or not."""
        self._preferences.show_labels = shown
        self.changed.emit()

    def show_ghosts(self, shown: bool) -> None:
        """Draw cells just below the threshold, or not."""
        self._preferences.show_ghosts = shown
        self.changed.emit()

    def show_boxes(self, shown: bool) -> None:
        """Draw boxes, or show the bare image."""
        self.boxes = shown
        self.changed.emit()

    def show_ground_truth(self, shown: bool) -> None:
        """Draw the ground truth, or not."""
        self.ground_truth = shown
        self.changed.emit()

    def show_uncertain(self, shown: bool) -> None:
        """Draw cells just below the threshold while the uncertain ones are walked."""
        if shown != self.uncertain:
            self.uncertain = shown
            self.changed.emit()

    def hide_classes(self, names: Iterable[str]) -> None:
        """Draw no boxes of these classes."""
        self.hidden_classes = frozenset(names)
        self._store.remember(_HIDDEN_KEY, sorted(self.hidden_classes))
        self.changed.emit()

    @Slot()
    def _read(self) -> None:
        self.hidden_classes = frozenset(self._store.remembered(_HIDDEN_KEY, []))
        self.changed.emit()
