"""Another model or counting method: who chooses one hears first that images are counted again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from core.detection.segmentation.classical import CLASSICAL
from core.models.network import default_model_path
from core.text import gettext
from gui.workspace.images import State
from gui.workspace.inference.model import stored_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.models.card import ModelCard
    from core.models.method import Method
    from gui.workspace.images import Images
    from gui.workspace.inference.inference import Inference
    from gui.workspace.store import SessionStore


@dataclass(frozen=True)
class Recount:
    """A choice that counts images again, for as long as nobody agreed to it.

    ``how`` says with what, as the end of a sentence; ``images`` is how many images have to be counted.
    """

    how: str
    images: int
    go: Callable[[], object]


class ModelChoice(QObject):
    """Chooses what counts from now on; where images must be counted again, ``recount_wanted`` asks for consent."""

    recount_wanted = Signal(object)  # Recount

    def __init__(
        self, store: SessionStore, images: Images, inference: Inference, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._images = images
        self._inference = inference

    def use(self, path: Path, like: ModelCard | None = None, sha256: str = "") -> None:
        """Count with the model of a file from now on; the rest is known of a model that was open before."""
        key = stored_path(path)
        known = sha256 or self._store.read(lambda session: session.models.last_used(key), "")
        self.propose(_how(path), self._to_count(known), lambda: self._inference.open_model(path, like))

    def use_method(self, class_name: str, method: Method) -> None:
        """Count a class of a segmentation model with another method from now on."""
        model = self._inference.model
        if model is not None and model.card.counting[class_name].method is not method:
            how = gettext("by {method} for {class_name}").format(method=method.label, class_name=class_name)
            self.propose(how, self._to_count(""), lambda: self._inference.use_method(class_name, method))

    def propose(self, how: str, images: int, go: Callable[[], object]) -> None:
        """Do what counts ``images`` again, after consent if there are any; ``how`` is the end of the question."""
        if images and self._store.writable:
            self.recount_wanted.emit(Recount(how, images, go))
        else:
            go()

    def _to_count(self, sha256: str) -> int:
        """Return how many counted images a model has not counted yet."""
        counted = [item.id for item in self._images.items if item.state is State.COUNTED]
        known: set[int] = set()
        if sha256 and counted:
            known = self._store.read(lambda session: session.detections.images_of(sha256), known)
        return sum(image not in known for image in counted)


def _how(path: Path) -> str:
    """Return with what a model counts, before it is open."""
    if str(path) == CLASSICAL:
        return gettext("without a model")
    if path == default_model_path():
        return gettext("with the bundled model")
    return gettext("with the model “{name}”").format(name=path.stem)
