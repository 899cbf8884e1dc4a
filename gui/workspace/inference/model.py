"""Which model a session is counted with: it comes back with the session, and counts nothing again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from core.detection.segmentation.classical import CLASSICAL
from core.models.network import default_model_path
from core.session.values import ModelInUse
from core.text import gettext

if TYPE_CHECKING:
    from core.detection.loading import AnyModel
    from core.models.card import ModelCard
    from core.session.session import Session
    from gui.workspace.inference.queue import CountingQueue


class SessionModel:
    """Opens the model that a session was counted with, and knows which opening it waits for."""

    def __init__(self, queue: CountingQueue) -> None:
        self._queue = queue
        self._awaited: tuple[Path, str] | None = None

    def last_card(self, session: Session, path: Path) -> ModelCard | None:
        """Return the card of a file's model as a session was last counted with it; None if it never was."""
        return session.models.last_card(stored_path(path))

    def restore(self, session: Session, use: ModelInUse | None, present: AnyModel | None) -> None:
        """Open the model that a session is counted with, if it is not the present one."""
        self._awaited = None
        if use is not None and (present is None or present.sha256 != use.sha256):
            path = Path(use.path) if use.path else default_model_path()
            self._awaited = path, use.sha256
            self._queue.open_model(path, session.models.card(use.sha256))

    def is_awaited(self, model: AnyModel) -> bool:
        """Tell whether a model that was opened is in the place of the awaited one."""
        return self._awaited is not None and model.path == self._awaited[0]

    def give_up(self, model: AnyModel | None) -> str:
        """Wait no longer; return a sentence if the session's model is not ``model``, which is in use now, or ""."""
        awaited, self._awaited = self._awaited, None
        if awaited is None or (model is not None and model.sha256 == awaited[1]):
            return ""
        text = gettext("The model that this session was counted with is no longer at {path}. Its counts stay.").format(
            path=awaited[0]
        )
        if model is None:
            return text
        return f"{text} " + gettext("Counted from now on with {model}.").format(model=model.card.name)


def in_use(model: AnyModel) -> ModelInUse:
    """Return a model as a session stores it."""
    return ModelInUse(stored_path(model.path), model.sha256)


def stored_path(path: Path) -> str:
    """Return the path of a model as a session stores it: "" for the bundled one."""
    if path == default_model_path():
        return ""
    return CLASSICAL if str(path) == CLASSICAL else os.path.abspath(path)
