"""Sign-offs: signing a result, and whether the last sign-off still holds."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from core.report.sign_off import SignOff, SignOffCheck, may_be_signed, sign
from core.session.values import SessionError
from core.text import gettext
from gui.tasks import Debounce, IdleLoop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.report.content import ReportContent
    from gui.workspace.counting.counts import Counts
    from gui.workspace.counting.settings import CountSettingsModel
    from gui.workspace.history import History
    from gui.workspace.images import Images
    from gui.workspace.store import SessionStore

LOG = logging.getLogger(__name__)

_SETTLE_MS = 800


class SignOffs(QObject):
    """Finds out after each change whether the last sign-off still holds.

    What no longer holds is said at once; only images that have changed since are looked at again. ``text`` is "" if
    nobody has signed.
    """

    changed = Signal()

    def __init__(
        self,
        store: SessionStore,
        history: History,
        images: Images,
        settings: CountSettingsModel,
        counts: Counts,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._settings = settings
        self.text = ""
        self.superseded = False
        self._check: SignOffCheck | None = None
        self._loop = IdleLoop(self)
        self._loop.ended.connect(self._on_checked)
        self._settle = Debounce(_SETTLE_MS, self._look, self)
        self._soon = Debounce(0, self._look, self)
        store.closing.connect(self._forget)
        for signal in (store.session_changed, images.changed, counts.changed, history.changed):
            signal.connect(lambda *_: self._settle.start())
        settings.changed.connect(self._on_settings_changed)
        history.recorded.connect(self._on_recorded)

    @property
    def holds(self) -> bool:
        """Whether somebody has signed exactly these counts, as far as is known."""
        return bool(self.text) and not self.superseded

    def sign(self, content: ReportContent, name: str) -> SignOff | None:
        """Sign what a report says; return the sign-off, None if it could not be stored."""
        sign_off: SignOff | None = None
        with self._store.write() as write:
            sign_off = sign(write.session, content, name, datetime.now(UTC))
            write.noted = True
        return sign_off if write.done else None

    @Slot()
    def _forget(self) -> None:
        self._stop()
        self._show("", superseded=False)

    @Slot()
    def _stop(self) -> None:
        self._settle.stop()
        self._soon.stop()
        self._loop.stop()
        self._check = None

    @Slot()
    def _look(self) -> None:
        """Check again; the images that have not changed since are not counted again."""
        session = self._store.session
        self._stop()
        if session is None or not self._store.read(lambda session: session.sign_offs.all(), ()):
            self._show("", superseded=False)
            return
        self._store.flush()
        self._check = SignOffCheck(session, self._settings.value)
        self._loop.start(self._steps(self._check))

    def _steps(self, check: SignOffCheck) -> Iterator[int]:
        try:
            yield from check.steps()
        except SessionError as error:
            LOG.error("sign-off not checked: %s", error)

    @Slot()
    def _on_settings_changed(self) -> None:
        """Say at once that nobody has signed these settings; that somebody has takes a look at the images."""
        if self.holds and not self._store.read(lambda session: may_be_signed(session, self._settings.value), True):
            last = self._store.read(lambda session: session.sign_offs.all(), ())[-1]
            self._show_superseded(last)

    @Slot()
    def _on_recorded(self) -> None:
        """Look now: no edit may stand beside a sign-off that it supersedes."""
        if self.holds:
            self._soon.start()

    @Slot()
    def _on_checked(self) -> None:
        check = self._check
        if check is not None and check.signed is not None:
            self._show(gettext("Signed by {name}").format(name=check.signed.user), superseded=False)
        elif check is not None and check.superseded is not None:
            self._show_superseded(check.superseded)

    def _show_superseded(self, last: SignOff) -> None:
        self._show(gettext("Superseded: signed by {name}").format(name=last.user), superseded=True)

    def _show(self, text: str, *, superseded: bool) -> None:
        if (text, superseded) != (self.text, self.superseded):
            self.text, self.superseded = text, superseded
            self.changed.emit()
