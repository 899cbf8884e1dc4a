"""The model that a session was left with comes back with it, and counts nothing again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from core.detection.segmentation.classical import CLASSICAL
from core.models.network import default_model_path
from core.session.settings import ModelInUse, load_card, load_last_card, load_model_in_use, save_model_in_use
from core.session.values import SessionError

if TYPE_CHECKING:
    from core.detection.loading import AnyModel
    from core.models.card import ModelCard
    from core.session.session import Session
    from gui.workspace.inference.queue import CountingQueue


class SessionModel:
    """Keeps in a session what it is counted with, and opens that again."""

    def __init__(self, queue: CountingQueue) -> None:
        self._queue = queue
        self._awaited: tuple[Path, str] | None = None

    def keep(self, session: Session, model: AnyModel) -> None:
        """Store what a session is counted with; may raise SessionError."""
        save_model_in_use(session, ModelInUse(_kept_path(model.path), model.sha256))

    def last_card(self, session: Session, path: Path) -> ModelCard | None:
        """Return the card of a file's model as a session was last counted with it; None if it never was."""
        try:
            return load_last_card(session, _kept_path(path))
        except SessionError:
            return None

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


def _kept_path(path: Path) -> str:
    """Return the path of a model as a session keeps it: "" for the one that ships."""
    if path == default_model_path():
        return ""
    return CLASSICAL if str(path) == CLASSICAL else os.path.abspath(path)
