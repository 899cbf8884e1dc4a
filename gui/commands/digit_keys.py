"""The class keys on keyboards whose digits need Shift: the keys are told by their place."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMainWindow

    from gui.commands.shortcuts import Actions

# Where the keys 1 to 9 of the upper row are: codes of the key's place, on a Mac of the virtual key
_PLACES = {
    "win32": {code: code - 1 for code in range(2, 11)},
    "darwin": {0x12: 1, 0x13: 2, 0x14: 3, 0x15: 4, 0x17: 5, 0x16: 6, 0x1A: 7, 0x1C: 8, 0x19: 9},
    "linux": {code: code - 9 for code in range(10, 19)},
}
_NONE, _SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier


def digit_of(event: QKeyEvent) -> int | None:
    """Return the digit from 1 to 9 that a key stands for, with or without Shift; None of any other key."""
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    typed = event.key() - Qt.Key.Key_0
    if 1 <= typed <= 9 and modifiers in (_NONE, _SHIFT):
        return typed
    if modifiers != _NONE:
        return None
    code = event.nativeVirtualKey() if sys.platform == "darwin" else event.nativeScanCode()
    return _PLACES.get(sys.platform, {}).get(code)


class DigitKeys(QObject):
    """Triggers the class keys of a window for what neither a widget nor another key has taken."""

    def __init__(self, window: QMainWindow, actions: Actions) -> None:
        super().__init__(window)
        self._actions = actions
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            digit = digit_of(event)
            action = self._actions.user_of(str(digit)) if digit is not None else None
            if action is not None and action.id == f"class_{digit}" and self._actions[action.id].isEnabled():
                self._actions[action.id].trigger()
                return True
        return super().eventFilter(watched, event)
