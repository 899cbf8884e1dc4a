"""What is drawn on the image that is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gui.preferences import Preferences
    from gui.workspace.store import SessionStore

_OLD_KEYS = {"hidden": "hidden", "zoom": "view"}
"""Where sessions of earlier versions have what is now in the preferences."""


class ViewOptions(QObject):
    """Which boxes and labels are drawn, and where the image was looked at; all of it is kept in the preferences.

    Hidden classes and zoom are those of each session.
    """

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
        self._remember(hidden=sorted(self.hidden_classes))
        self.changed.emit()

    @property
    def zoom(self) -> list[float] | None:
        """The id of the image that was shown last, and the state of the canvas then; None if it was never kept."""
        zoom = self._remembered("zoom")
        return zoom if isinstance(zoom, list) and zoom else None

    def keep_zoom(self, image: int, state: Sequence[float]) -> None:
        """Keep where an image is looked at."""
        self._remember(zoom=[image, *state])

    def _remember(self, **changes: Any) -> None:
        session = self._store.identify()
        if session:
            self._preferences.set_view(session, **changes)

    def _remembered(self, name: str) -> Any:
        """Return what was kept for the open session; an earlier version kept it in the session itself."""
        session = self._store.session_id
        view = self._preferences.view_of(session) if session else {}
        return view[name] if name in view else self._store.remembered(_OLD_KEYS[name])

    @Slot()
    def _read(self) -> None:
        self.hidden_classes = frozenset(self._remembered("hidden") or [])
        self.changed.emit()
