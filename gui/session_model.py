"""The model that a session was left with comes back with it, and counts nothing again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from core.model import default_model_path
from core.segcount.classical import CLASSICAL
from core.session_settings import ModelInUse, load_card, load_model_in_use, save_model_in_use

if TYPE_CHECKING:
    from core.finders import AnyModel
    from core.session import Session
    from gui.counting_queue import CountingQueue


class SessionModel:
    """Keeps in a session what it is counted with, and opens that again."""

    def __init__(self, queue: CountingQueue) -> None:
        self._queue = queue
        self._awaited: tuple[Path, str] | None = None

    def keep(self, session: Session, model: AnyModel) -> None:
        """Store what a session is counted with; may raise SessionError."""
        path = "" if model.path == default_model_path() else str(model.path)
        save_model_in_use(session, ModelInUse(path if path in ("", CLASSICAL) else os.path.abspath(path), model.sha256))

    def go_back(self, session: Session, present: AnyModel | None) -> None:
        """Open what a session was counted with, if it is not what is in use."""
        self._awaited = None
        use = load_model_in_use(session)
        if use is not None and (present is None or present.sha256 != use.sha256):
            path = Path(use.path) if use.path else default_model_path()
            self._awaited = path, use.sha256
            self._queue.open_model(path, load_card(session, use.sha256))

    def is_back(self, model: AnyModel) -> bool:
        """Tell whether a model that was opened is in the place of the awaited one."""
        return self._awaited is not None and model.path == self._awaited[0]

    def settle(self, model: AnyModel | None) -> str:
        """Wait no longer; return what to tell if the session's model is not the one that is in use now, else ""."""
        awaited, self._awaited = self._awaited, None
        if awaited is None or (model is not None and model.sha256 == awaited[1]):
            return ""
        now = "" if model is None else f" Counted from now on with {model.card.name}."
        return f"The model that this session was counted with is not at {awaited[0]} any more. Its counts stay.{now}"
