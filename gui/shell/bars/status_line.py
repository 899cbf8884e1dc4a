"""The line at the bottom: whether all is saved, what the program is doing, how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QStatusBar, QWidget

from core.text import gettext, ngettext
from gui.commands.context import View
from gui.shell.bars.view_tools import ViewTools
from gui.widgets.elided import ElidedLabel
from gui.workspace.images import State

if TYPE_CHECKING:
    from gui.commands.shortcuts import Actions
    from gui.workspace.view_options import ViewOptions
    from gui.workspace.workspace import Workspace

HEIGHT = 32
_ENOUGH_FOR_AN_ESTIMATE = 2


class StatusLine(QStatusBar):
    """Whether all is saved, activity with progress, pause and stop, the place in the list, the zoom.

    Every part keeps its place whatever it says.
    """

    def __init__(self, workspace: Workspace, actions: Actions, options: ViewOptions) -> None:
        super().__init__()
        self._workspace = workspace
        self._view = View.REVIEW
        self._queue = workspace.inference.queue
        self.saved = QLabel()
        self.activity = ElidedLabel()
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName(gettext("Progress of counting"))
        self.pause_button = QPushButton(gettext("Pause"))
        self.cancel_button = QPushButton(gettext("Stop"))
        self.cancel_button.setToolTip(gettext("Stop counting at once; the images that are not counted wait"))
        self.position = QLabel()
        self.tools = ViewTools(actions, options)
        self.setSizeGripEnabled(False)
        self.setFixedHeight(HEIGHT)
        self._build_line()
        self.pause_button.clicked.connect(self._queue.toggle_pause)
        self.cancel_button.clicked.connect(self._queue.stop)
        inference, images = workspace.inference, workspace.images
        inference.progressed.connect(self._on_progress)
        for signal in (
            inference.activity_changed,
            inference.image_loaded,
            images.changed,
            images.current_changed,
            workspace.counts.totals_changed,
            workspace.selection.changed,
        ):
            signal.connect(self.show_activity)
        for signal in (workspace.store.session_changed, workspace.store.saved_changed):
            signal.connect(self.show_saved)
        self.show_activity()
        self.show_saved()

    def _build_line(self) -> None:
        """Put the parts side by side, each as wide as it will ever be."""
        holder = QWidget()
        line = QHBoxLayout(holder)
        line.setContentsMargins(4, 0, 4, 0)
        line.setSpacing(4)
        line.addWidget(self.saved)
        line.addWidget(self.activity, 1)
        self._in_place = (self.progress, self.pause_button, self.cancel_button, self.position, self.tools)
        for widget in self._in_place:
            line.addWidget(widget)
        self.progress.setFixedWidth(110)
        widest = max((gettext("Pause"), gettext("Resume")), key=len)
        self.pause_button.setFixedWidth(self.fontMetrics().horizontalAdvance(widest) + 28)
        for label, text in (
            (self.saved, gettext("All changes saved")),
            (self.position, gettext("Image {place:,} of {n:,}").format(place=88888, n=88888)),
        ):
            label.setFixedWidth(label.fontMetrics().horizontalAdvance(text) + 24)
        self.position.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.addWidget(holder, 1)

    def _keep_room(self, kept: bool) -> None:
        """Keep the room of what is hidden, so that nothing moves; without images there is nothing to keep it for."""
        for widget in self._in_place:
            policy = widget.sizePolicy()
            if policy.retainSizeWhenHidden() is not kept:
                policy.setRetainSizeWhenHidden(kept)
                widget.setSizePolicy(policy)
        self.position.setVisible(kept)

    @Slot()
    def show_saved(self) -> None:
        """Say whether everything is in the session."""
        store = self._workspace.store
        text, told = gettext("All changes saved"), ""
        if not store.is_open:
            text = ""
        elif store.read_only:
            text, told = gettext("Read only"), gettext("This session takes no changes; save a copy of it to edit")
        elif not store.saved:
            text, told = gettext("Not saved"), gettext("The last change could not be written; see the message above")
        self.saved.setText(text)
        self.saved.setVisible(store.is_open)
        self.saved.setToolTip(told or (gettext("In {path}").format(path=store.path) if store.path else ""))

    @Slot()
    def show_activity(self) -> None:
        """Show what is being done."""
        queue, total = self._queue, len(self._workspace.images.items)
        text = self._activity()
        selected = len(self._workspace.selection.all)
        if selected > 1:
            cells = ngettext("{n:,} cell selected", "{n:,} cells selected", selected).format(n=selected)
            text = f"{cells} · {text}"
        self.activity.setText(text)
        self._keep_room(bool(total))
        busy, waiting = queue.busy, queue.waiting
        self.progress.setVisible(busy is not None)
        self.cancel_button.setVisible(busy is not None)
        self.pause_button.setVisible(waiting > 1 or (queue.paused and waiting > 0))
        self.pause_button.setText(gettext("Resume") if queue.paused else gettext("Pause"))
        if busy is None:
            self.progress.setRange(0, 0)
        elif queue.done + waiting > 1:
            self.progress.setRange(0, queue.done + waiting)
            self.progress.setValue(queue.done)
        place = self._workspace.images.current_position + 1
        self.position.setText(gettext("Image {place:,} of {n:,}").format(place=place, n=total) if total else "")
        self.tools.setVisible(self._view is View.REVIEW and self._workspace.inference.shown is not None)

    def _activity(self) -> str:
        queue, total = self._queue, len(self._workspace.images.items)
        busy, waiting = queue.busy, queue.waiting
        failed = self._workspace.counts.states[State.FAILED]
        if queue.opening_model:
            return gettext("Opening the model…")
        if busy is not None and queue.done + waiting > 1:
            left = queue.seconds_left()
            known = left is not None and queue.done > _ENOUGH_FOR_AN_ESTIMATE
            text = gettext("Counting {place:,} of {n:,}").format(place=queue.done + 1, n=queue.done + waiting)
            if left is not None and known:
                text = gettext("{text}, {duration} left").format(text=text, duration=_duration(left))
            else:
                text += f": {busy.path.name}"
            return text + "; " * (failed > 0) + _failed(failed)
        if busy is not None:
            return gettext("Counting {name}").format(name=busy.path.name)
        if waiting:
            return gettext("Paused; {n:,} not counted yet").format(n=waiting)
        if total:
            text = ngettext("{n:,} image", "{n:,} images", total).format(n=total)
            return text + ", " * (failed > 0) + _failed(failed)
        return gettext("Ready")

    @Slot(int, int)
    def _on_progress(self, done: int, total: int) -> None:
        """Show the tiles of a single image; several images are progress enough by themselves."""
        queue = self._queue
        if queue.done + queue.waiting <= 1:
            self.progress.setRange(0, total if total > 1 else 0)
            self.progress.setValue(done)

    @Slot(object)
    def show_view(self, view: View) -> None:
        """Show what belongs to a view."""
        self._view = view
        self.show_activity()


def _failed(number: int) -> str:
    return ngettext("{n:,} failed", "{n:,} failed", number).format(n=number) if number else ""


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
