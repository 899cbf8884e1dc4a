"""What a session keeps of kinds besides what users said: embeddings and suggestions, which can be made again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.kinds.embeddings import Embeddings
from core.session.storage.rows import sentences, to_json
from core.session.storage.schema import EmbeddingsRow, SuggestionsRow
from core.session.values import SessionDamagedError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.session.storage.database import SessionFile


@dataclass(frozen=True, eq=False)
class StoredSuggestions:
    """What the cells of an image were sorted as last.

    ``taught`` says by what. ``cells`` int64 (N,) are their ids, ``best`` int64 (N,) places among ``kinds``,
    ``certainty`` float32 (N,) 0 to 1, and ``unsure`` bool (N,).
    """

    taught: str
    kinds: tuple[str, ...]
    cells: NDArray[np.int64]
    best: NDArray[np.int64]
    certainty: NDArray[np.float32]
    unsure: NDArray[np.bool_]

    def of_kind(self, kind: str) -> NDArray[np.int64]:
        """Return the ids of the cells that are surely suggested as a kind, int64."""
        if kind not in self.kinds:
            return np.zeros(0, np.int64)
        return self.cells[~self.unsure & (self.best == self.kinds.index(kind))]


class StoredKinds:
    """The tables of embeddings and suggestions, one row for each image; a damaged row is as if it was not there."""

    def __init__(self, file: SessionFile) -> None:
        self._file = file

    def embeddings(self, image: int, model: str) -> Embeddings | None:
        """Return the cells of an image as an embedding model (SHA-256) describes them; None if it has not."""
        try:
            stored = self._file.row("embeddings", image)
        except SessionDamagedError:
            return None
        if stored is None or EmbeddingsRow._make(stored).model != model:
            return None
        row = EmbeddingsRow._make(stored)
        cells = np.frombuffer(row.cells, "<i8").astype(np.int64)
        steps = np.frombuffer(row.steps, np.int8)
        return Embeddings(
            cells,
            np.frombuffer(row.boxes, "<f4").astype(np.float32).reshape(-1, 4),
            steps.reshape(len(cells), len(steps) // max(len(cells), 1)).copy(),
            np.frombuffer(row.scales, "<f4").astype(np.float32),
        )

    def save_embeddings(self, image: int, model: str, found: Embeddings) -> None:
        """Keep the embeddings of an image in place of those it had."""
        row = EmbeddingsRow(
            image,
            model,
            found.cells.astype("<i8").tobytes(),
            found.boxes.astype("<f4").tobytes(),
            found.steps.tobytes(),
            found.scales.astype("<f4").tobytes(),
        )
        with self._file.transaction():
            self._file.write("embeddings", [row])

    def suggestions(self, image: int) -> StoredSuggestions | None:
        """Return what the cells of an image were sorted as last; None if they were not."""
        try:
            stored = self._file.row("suggestions", image)
        except SessionDamagedError:
            return None
        if stored is None:
            return None
        row = SuggestionsRow._make(stored)
        signed = np.frombuffer(row.certainty, "<f4").astype(np.float32)
        return StoredSuggestions(
            row.taught,
            sentences(row.kinds),
            np.frombuffer(row.cells, "<i8").astype(np.int64),
            np.frombuffer(row.best, "<u2").astype(np.int64),
            np.abs(signed),
            np.signbit(signed),
        )

    def save_suggestions(self, image: int, found: StoredSuggestions) -> None:
        """Keep what the cells of an image were sorted as, in place of what was kept."""
        signed = np.where(found.unsure, -found.certainty, found.certainty)
        row = SuggestionsRow(
            image,
            found.taught,
            to_json(found.kinds),
            found.cells.astype("<i8").tobytes(),
            found.best.astype("<u2").tobytes(),
            signed.astype("<f4").tobytes(),
        )
        with self._file.transaction():
            self._file.write("suggestions", [row])
