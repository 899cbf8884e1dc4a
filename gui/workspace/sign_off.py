"""The work behind handing a result in: gathering it between events, watching the sign-off."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from core.report.gather import gathering
from core.report.sign_off import load_sign_offs
from core.session.values import SessionError

if TYPE_CHECKING:
    from collections.abc import Generator

    from core.report.content import ReportContent
    from gui.workspace.document import Document

_SLICE_S = 0.02
_SETTLE_MS = 800


class Gathering(QObject):
    """Gathers a report from the open session, which only the window's own thread may read, between other events.

    ``ended`` carries this object and the content, or the exception that ended the work.
    """

    ended = Signal(object, object)

    def __init__(self, document: Document, parent: QObject) -> None:
        super().__init__(parent)
        document.settle()
        assert document.session is not None
        self._session = document.session
        self._document = document
        self._steps: Generator[int, None, ReportContent] = gathering(self._session, settings=document.settings)
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._go_on)
        self._timer.start()

    def stop(self) -> None:
        """Gather no further; ``ended`` is not emitted."""
        self._timer.stop()
        self.deleteLater()

    @Slot()
    def _go_on(self) -> None:
        outcome: object = None
        try:
            if self._session is not self._document.session:
                raise SessionError("The session was closed.")
            until = time.monotonic() + _SLICE_S
            while time.monotonic() < until:
                next(self._steps)
        except StopIteration as end:
            outcome = end.value
        except SessionError as error:
            outcome = error
        if outcome is not None:
            self.stop()
            self.ended.emit(self, outcome)


class SignOffWatch(QObject):
    """Finds out, a moment after each change, whether the last sign-off still holds.

    ``text`` is "" if nobody has signed.
    """

    changed = Signal()

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self.text = ""
        self.superseded = False
        self._document = document
        self._gathering: Gathering | None = None
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self._look)
        for signal in (document.session_changed, document.counts_changed, document.images_changed):
            signal.connect(self._settle.start)
        document.history_changed.connect(self._settle.start)
        document.image_changed.connect(lambda *_: self._settle.start())

    @Slot()
    def _look(self) -> None:
        if self._gathering is not None:
            self._gathering.stop()
            self._gathering = None
        session = self._document.session
        try:
            signed = session is not None and bool(load_sign_offs(session))
        except (SessionError, ValueError):
            signed = False
        if not signed:
            self._show("", False)
            return
        self._gathering = Gathering(self._document, self)
        self._gathering.ended.connect(self._on_gathered)

    @Slot(object, object)
    def _on_gathered(self, gathering: Gathering, outcome: object) -> None:
        if gathering is not self._gathering:
            return
        self._gathering = None
        if isinstance(outcome, Exception):
            self._show("", False)
            return
        content: ReportContent = outcome  # type: ignore[assignment]
        if content.signed:
            self._show(f"Signed off by {content.signed.person}", False)
        elif content.superseded:
            self._show(f"Sign-off of {content.superseded.person} superseded", True)

    def _show(self, text: str, superseded: bool) -> None:
        if (text, superseded) != (self.text, self.superseded):
            self.text, self.superseded = text, superseded
            self.changed.emit()
