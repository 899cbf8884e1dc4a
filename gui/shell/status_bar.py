"""The line at the bottom: what the program is doing, how far it is, who signs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton, QStatusBar

from gui.workspace.images import State

if TYPE_CHECKING:
    from gui.workspace.document import Document

_WIDEST_ACTIVITY = 420


class StatusLine(QStatusBar):
    """Activity with progress, pause and stop; the person's name, the place in the list, the zoom."""

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._document = document
        self.activity = QLabel()
        self.progress = QProgressBar()
        self.progress.setFixedWidth(150)
        self.progress.setTextVisible(False)
        self.pause_button = QPushButton("Pause")
        self.cancel_button = QPushButton("Stop")
        self.cancel_button.setToolTip("Stop counting at once; what is not counted waits")
        self.position = QLabel()
        self.zoom_label = QLabel()
        self.signed = QPushButton()
        self.signed.setFlat(True)
        self.signed.setToolTip("The name that signs your corrections; click to change it")
        self.sign_off = QPushButton()
        self.sign_off.setFlat(True)
        self.sign_off.hide()
        self.setSizeGripEnabled(False)
        for widget in (self.activity, self.progress, self.pause_button, self.cancel_button):
            self.addWidget(widget)
        for widget in (self.sign_off, self.signed, self.position, self.zoom_label):
            self.addPermanentWidget(widget)
        self.pause_button.clicked.connect(self._pause)
        self.cancel_button.clicked.connect(document.queue.stop)
        document.progressed.connect(self._on_progress)
        document.overview.changed.connect(self.show_activity)
        self.show_person()

    @Slot()
    def _pause(self) -> None:
        self._document.queue.pause_or_go_on()

    def show_activity(self) -> None:
        """Say what is being done."""
        document, queue = self._document, self._document.queue
        text = self._activity()
        if len(document.editing.selected) > 1:
            text = f"{len(document.editing.selected):,} cells selected · {text}"
        elided = self.activity.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, _WIDEST_ACTIVITY)
        self.activity.setText(elided)
        busy, waiting, total = queue.busy, queue.waiting, len(document.entries)
        self.progress.setVisible(busy is not None)
        self.cancel_button.setVisible(busy is not None)
        self.pause_button.setVisible(waiting > 1 or (queue.paused and waiting > 0))
        self.pause_button.setText("Go on" if queue.paused else "Pause")
        if busy is None:
            self.progress.setRange(0, 0)
        elif queue.done + waiting > 1:
            self.progress.setRange(0, queue.done + waiting)
            self.progress.setValue(queue.done)
        self.position.setText(f"Picture {document.current + 1:,} of {total:,}" if total else "")
        self.zoom_label.setVisible(document.picture is not None)

    def _activity(self) -> str:
        queue, total = self._document.queue, len(self._document.entries)
        busy, waiting = queue.busy, queue.waiting
        if queue.opening_model:
            return "Opening the model …"
        if busy is not None and queue.done + waiting > 1:
            left = queue.seconds_left()
            known = left is not None and queue.done > 2
            rest = f", {_duration(left)} left" if left is not None and known else f": {busy.path.name}"
            failed = self._document.overview.states[State.FAILED]
            return f"Counting {queue.done + 1:,} of {queue.done + waiting:,}{rest}" + (
                f"; {failed:,} failed" * (failed > 0)
            )
        if busy is not None:
            return f"Counting {busy.path.name}"
        if waiting:
            return f"Paused; {waiting:,} not counted yet"
        failed = self._document.overview.states[State.FAILED]
        not_counted = f", {failed:,} failed" if failed else ""
        if total:
            return (f"{total:,} pictures" if total > 1 else "1 picture") + not_counted
        return "Ready"

    @Slot(int, int)
    def _on_progress(self, done: int, total: int) -> None:
        """Show the tiles of a single picture; several pictures are progress enough by themselves."""
        queue = self._document.queue
        if queue.done + queue.waiting <= 1:
            self.progress.setRange(0, total if total > 1 else 0)
            self.progress.setValue(done)

    def show_person(self) -> None:
        """Show whose name signs the corrections."""
        self.signed.setText(self._document.person)
        self.signed.setVisible(bool(self._document.person))

    def show_sign_off(self, text: str, superseded: bool) -> None:
        """Show whether somebody answers for the counts as they are now; nothing if nobody ever signed."""
        self.sign_off.setText(f"⚠ {text}" if superseded else text)
        self.sign_off.setToolTip("Something has changed since" if superseded else "Nothing has changed since")
        self.sign_off.setMinimumWidth(self.sign_off.sizeHint().width())
        self.sign_off.setVisible(bool(text))

    def show_zoom(self, zoom: float) -> None:
        """Show the zoom; 1: pixel for pixel."""
        self.zoom_label.setText(f"{100 * zoom:.0f} %")


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
