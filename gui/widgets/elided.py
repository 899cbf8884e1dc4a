"""A text that takes the room there is, shortened in the middle; all of it is in the tooltip."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSizePolicy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtCore import QSize
    from PySide6.QtGui import QResizeEvent


class ElidedLabel(QLabel):
    """A label of one line that never asks for room."""

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._text = ""
        self.set_text(text)

    def set_text(self, text: str) -> None:
        """Show another text."""
        self._text = text
        self.setToolTip(text)
        self.setAccessibleName(text)
        self._show()

    @property
    def full_text(self) -> str:
        """All of the text."""
        return self._text

    def minimumSizeHint(self) -> QSize:
        hint = super().minimumSizeHint()
        hint.setWidth(0)
        return hint

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show()

    def _show(self) -> None:
        self.setText(self.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideMiddle, self.width()))


_ALIKE = 8  # letters in which names must agree to be of one series
_SHORTEST = 6  # a shared part that is shorter stays


def without_shared(names: Sequence[str]) -> list[str]:
    """Return names of files without what those of one series share: ``…Field-017…`` of long names, each in its place.

    What remains still tells them apart, begins and ends at whole words, and is as before where nothing is shared.
    """
    series: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        series.setdefault(name[:_ALIKE], []).append(name)
    short: dict[str, str] = {}
    for members in series.values():
        short |= _shortened(members)
    return [short[name] for name in names]


def _shortened(names: list[str]) -> dict[str, str]:
    """Return names of one series by their full ones."""
    if len(names) < 2:
        return {name: name for name in names}
    start = len(re.sub(r"[^_ .]*$", "", _beginning(names)))
    rest = [name[start:] for name in names]
    ending = _beginning([name[::-1] for name in rest])[::-1]
    end = len(re.sub(r"^[^_ .]*", "", ending))
    start, end = (part if part >= _SHORTEST else 0 for part in (start, end))
    cut = {name: name[start : len(name) - end] for name in names}
    if any(not text for text in cut.values()):
        return {name: name for name in names}
    return {name: ("…" if start else "") + text + ("…" if end else "") for name, text in cut.items()}


def _beginning(names: Sequence[str]) -> str:
    """Return the letters with which all names begin."""
    low, high = min(names), max(names)
    alike = next((place for place, pair in enumerate(zip(low, high, strict=False)) if pair[0] != pair[1]), len(low))
    return low[:alike]
