"""What a session keeps of kinds besides what users said: the embeddings of cells, which can be computed again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.kinds.embeddings import Embeddings
from core.session.storage.schema import EmbeddingsRow
from core.session.values import SessionDamagedError

if TYPE_CHECKING:
    from core.session.storage.database import SessionFile


class StoredKinds:
    """The table of embeddings, one row for each image; a damaged row is as if it was not there."""

    def __init__(self, file: SessionFile) -> None:
        self._file = file

    def embeddings(self, image: int, model: str) -> Embeddings | None:
        """Return the cells of an image as an embedding model (SHA-256) describes them; None if it has not."""
        known = self.described(image)
        return known[1] if known is not None and known[0] == model else None

    def described(self, image: int) -> tuple[str, Embeddings] | None:
        """Return the SHA-256 of the embedding model that described the cells of an image, and what it found."""
        try:
            stored = self._file.row("embeddings", image)
        except SessionDamagedError:
            return None
        if stored is None:
            return None
        row = EmbeddingsRow._make(stored)
        cells = np.frombuffer(row.cells, "<i8").astype(np.int64)
        steps = np.frombuffer(row.steps, np.int8)
        return row.model, Embeddings(
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
