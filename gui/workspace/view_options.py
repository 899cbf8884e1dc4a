"""What is drawn on the image that is shown, and how."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from gui.tasks import Debounce

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from gui.preferences import Preferences
    from gui.workspace.store import SessionStore

GHOST_REACH = 0.15
"""Cells whose score is less than this below their threshold can be drawn dotted."""
UNCERTAIN_REACH = 0.12
"""A cell is uncertain when its score is this near its threshold."""

_OLD_KEYS = {"hidden": "hidden", "zoom": "view"}
"""Where sessions of earlier versions have what is now in the preferences."""

_SETTLE_MS = 400
_STRONGEST_GAMMA, _STRONGEST_CONTRAST, _STRONGEST_CAST = 2.5, 3.0, 2.0
_MIDDLE = 0.5


class Peek(Enum):
    """What is looked at for a moment, while a key is held."""

    NOTHING = auto()
    BARE = auto()  # the photograph alone
    BEFORE = auto()  # what the model found, without the edits


@dataclass(frozen=True)
class Display:
    """How a photograph is brought to the eye, each from -1 to 1; the count never sees it.

    ``warmth`` goes from blue to yellow and ``tint`` from green to magenta.
    """

    brightness: float = 0.0
    contrast: float = 0.0
    gamma: float = 0.0
    warmth: float = 0.0
    tint: float = 0.0

    def table(self) -> NDArray[np.uint8] | None:
        """Return what is shown for each value of red, green and blue, uint8 (256, 3); None where that is the same."""
        if self == Display():
            return None
        cast = np.array([self.warmth / 2, -self.tint / 2, -self.warmth / 2]) + np.array([1, 0, 1]) * self.tint / 4
        gains = _STRONGEST_CAST**cast
        values = np.arange(256)[:, None] / 255 * gains
        values = np.clip(values, 0, 1) ** (_STRONGEST_GAMMA**-self.gamma)
        values = (values - _MIDDLE) * _STRONGEST_CONTRAST**self.contrast + _MIDDLE + self.brightness / 2
        return (np.clip(values, 0, 1) * 255 + 0.5).astype(np.uint8)

    def with_neutral(self, ground: tuple[float, float, float]) -> Display:
        """Return the same with the cast that shows a colour, red, green and blue in 0 to 255, as grey."""
        red, green, blue = np.log(np.clip(ground, 1, 255)) / np.log(_STRONGEST_CAST)
        # the gains that bring red, green and blue together are one equation for each of warmth and tint
        warmth = blue - red
        tint = (green - (red + blue) / 2) / 0.75
        return replace(self, warmth=float(np.clip(warmth, -1, 1)), tint=float(np.clip(tint, -1, 1)))


class ViewOptions(QObject):
    """What is drawn, how, and where the image was looked at; all of it is kept in the preferences.

    Hidden classes, display and zoom are those of each session.
    """

    changed = Signal()
    display_changed = Signal()

    def __init__(self, store: SessionStore, preferences: Preferences, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._preferences = preferences
        self.hidden_classes: frozenset[str] = frozenset()
        self.boxes = True
        self.ground_truth = False
        self.uncertain = False
        self.peek = Peek.NOTHING
        self.display = Display()
        self.adjusting = False
        self.beside = False
        self._settle = Debounce(_SETTLE_MS, self._keep_display, self)
        store.session_changed.connect(self._read)
        store.closing.connect(self._settle.flush)

    @property
    def labels(self) -> bool:
        """Whether class and probability are written on all boxes, not only on those worth reading."""
        return self._preferences.show_labels

    @property
    def ghosts(self) -> bool:
        """Whether cells just below the threshold are drawn dotted."""
        return self._preferences.show_ghosts

    def show_labels(self, shown: bool) -> None:
        """Write class and probability on all boxes, or only on those worth reading."""
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
        """Draw where the ground truth and the count disagree, or not."""
        self.ground_truth = shown
        self.changed.emit()

    def show_uncertain(self, shown: bool) -> None:
        """Draw cells just below the threshold, and the boxes, while the uncertain ones are walked."""
        if shown != self.uncertain:
            self.uncertain = shown
            self.boxes = self.boxes or shown
            self.changed.emit()

    def show_peek(self, peek: Peek) -> None:
        """Show something else for a moment."""
        if peek is not self.peek:
            self.peek = peek
            self.changed.emit()

    def hide_classes(self, names: Iterable[str]) -> None:
        """Draw no boxes of these classes."""
        self.hidden_classes = frozenset(names)
        self._remember(hidden=sorted(self.hidden_classes))
        self.changed.emit()

    def show_adjusting(self, shown: bool) -> None:
        """Offer to change the display, or put that away."""
        if shown != self.adjusting:
            self.adjusting = shown
            self.changed.emit()

    def show_beside(self, shown: bool) -> None:
        """Keep the image that is shown beside the next ones, or put it away."""
        if shown != self.beside:
            self.beside = shown
            self.changed.emit()

    def set_display(self, display: Display) -> None:
        """Bring the photograph to the eye in another way."""
        if display != self.display:
            self.display = display
            self._settle.start()
            self.display_changed.emit()

    @Slot()
    def _keep_display(self) -> None:
        self._remember(display=asdict(self.display))

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
        return view[name] if name in view else self._store.remembered(_OLD_KEYS.get(name, name))

    @Slot()
    def _read(self) -> None:
        self._settle.stop()
        self.adjusting = False
        self.boxes = True
        self.hidden_classes = frozenset(self._remembered("hidden") or [])
        stored = self._remembered("display") or {}
        known = {name: float(stored[name]) for name in asdict(Display()) if isinstance(stored.get(name), (int, float))}
        self.display = Display(**known)
        self.changed.emit()
        self.display_changed.emit()
