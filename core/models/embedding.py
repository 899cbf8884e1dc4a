"""A model that describes cells by numbers, from which kinds of cells can be learnt."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np

from core.models.card import CARD_SCHEMA, CardError
from core.models.network import ModelError, compiled, read_network
from core.text import gettext

if TYPE_CHECKING:
    from numpy.typing import NDArray

OUTPUT = "embeddings"
_BATCH = 20


class EmbeddingCard(msgspec.Struct, frozen=True, kw_only=True):
    """What the program must know of an embedding model, and what a person should.

    A cell is shown to it as a square of ``side`` pixels, ``context`` times as wide as the longer side of its box;
    ``even_light``: under even light. It answers with ``dimensions`` numbers.
    """

    schema: int = CARD_SCHEMA
    kind: Literal["embedding"] = "embedding"
    name: str
    architecture: str
    side: int
    context: float
    even_light: bool = True
    dimensions: int
    trained_on: tuple[str, ...] = ()
    attribution: str = ""
    licence: str = ""
    date: str = ""
    trainer_version: str = ""
    notes: str = ""

    def to_json(self) -> str:
        """Return the card as JSON text."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def from_json(cls, text: str) -> EmbeddingCard:
        """Read and check a card.

        Raises
        ------
        CardError
            If the text is no card of an embedding model, or one that this version cannot use.
        """
        try:
            card = msgspec.json.decode(text, type=cls)
        except msgspec.ValidationError as error:
            raise CardError(gettext("it does not tell kinds of cells apart ({error})").format(error=error)) from error
        except msgspec.MsgspecError as error:
            raise CardError(gettext("its card is damaged ({error})").format(error=error)) from error
        if card.schema > CARD_SCHEMA:
            raise CardError(gettext("it was made for a newer version of SmearCount"))
        if not 16 <= card.side <= 1024 or not 1 <= card.context <= 10 or not 1 <= card.dimensions <= 4096:
            raise CardError(gettext("its card holds an invalid number"))
        return card


def default_embedding_path() -> Path:
    """Return the path of the embedding model that ships with the program."""
    return Path(str(resources.files("resources") / "models" / "kinds.onnx"))


class EmbeddingModel:
    """An embedding model ready to run, in float32 on every processor, see ``core.models.network.Model``."""

    def __init__(self, path: str | Path) -> None:
        """Open a model file.

        Raises
        ------
        ModelError
            If the file is missing, no model, damaged, or does not describe cells.
        """
        self.path = Path(path)
        self.sha256, network, text = read_network(self.path)
        try:
            self.card = EmbeddingCard.from_json(text)
        except CardError as error:
            raise ModelError(
                gettext("{path}: the model cannot be used: {error}.").format(path=self.path, error=error)
            ) from error
        self._network = compiled(self.path, network)
        names: set[str] = set().union(*(port.get_names() for port in self._network.outputs))
        if OUTPUT not in names or len(self._network.inputs) != 1:
            raise ModelError(
                gettext("{path}: the model has other inputs or outputs than SmearCount needs.").format(path=self.path)
            )

    def embed(self, cells: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Describe cells, uint8 RGB (N, S, S, 3), by numbers: float32 (N, D).

        They are taken by twenties: a batch of any other size would be compiled anew.
        """
        parts = [np.zeros((0, self.card.dimensions), np.float32)]
        for first in range(0, len(cells), _BATCH):
            batch = cells[first : first + _BATCH]
            filled = np.zeros((_BATCH, *cells.shape[1:]), np.uint8)
            filled[: len(batch)] = batch
            output = self._network(np.ascontiguousarray(filled.transpose(0, 3, 1, 2)))
            parts.append(output[OUTPUT][: len(batch)].copy())
        return np.concatenate(parts)
