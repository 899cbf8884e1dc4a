"""The models that a session was counted with or compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.models.card import CardError, ModelCard
from core.session.storage.schema import ModelRow
from core.session.values import ModelInUse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.session.storage.database import SessionFile


class Models:
    """The table of models; there are few, and all of them are kept in memory."""

    def __init__(self, file: SessionFile) -> None:
        self._file = file
        self._rows: dict[str, ModelRow] = {}
        self._by_number: dict[int, ModelRow] = {}
        self._cards: dict[str, ModelCard | None] = {}
        file.reloads.append(self.load)

    def load(self) -> None:
        """Read and check all rows."""
        rows = [ModelRow._make(row) for row in self._file.rows("models")]
        self._rows.clear()
        self._by_number.clear()
        self._cards.clear()
        for row in rows:
            self._remember(row)

    def _remember(self, row: ModelRow) -> None:
        self._rows[row.sha256] = self._by_number[row.number] = row

    # -- by number, for this package -----------------------------------------------------------

    def number(self, sha256: str) -> int | None:
        """Return the number of a model, None if the session does not know it; for this package only."""
        row = self._rows.get(sha256)
        return None if row is None else row.number

    def sha256(self, number: int) -> str | None:
        """Return the SHA-256 of a model by its number; for this package only."""
        row = self._by_number.get(number)
        return None if row is None else row.sha256

    def ensure(self, sha256: str) -> int:
        """Return the number of a model, a new one if it is not known; for this package only."""
        if sha256 not in self._rows:
            self._change(sha256)
        return self._rows[sha256].number

    # -- for everybody -------------------------------------------------------------------------

    @property
    def in_use(self) -> ModelInUse | None:
        """What the session is counted with; None if nothing was counted yet."""
        last = max(self._rows.values(), key=lambda row: row.used, default=None)
        return None if last is None or not last.used else ModelInUse(last.path or "", last.sha256)

    def card(self, sha256: str) -> ModelCard | None:
        """Return the card of a model; None if it was not kept, or is damaged."""
        if sha256 not in self._cards:
            row = self._rows.get(sha256)
            try:
                self._cards[sha256] = None if row is None or row.card is None else ModelCard.from_json(row.card)
            except CardError:
                self._cards[sha256] = None
        return self._cards[sha256]

    def last_card(self, path: str) -> ModelCard | None:
        """Return the card that the model of a file ("" for the bundled one) had when it was last counted with.

        None if it never was.
        """
        sha256 = self.last_used(path)
        return self.card(sha256) if sha256 else None

    def last_used(self, path: str) -> str:
        """Return the SHA-256 of the model of a file ("" for the bundled one) when it was last counted with, or ""."""
        rows = [row for row in self._rows.values() if row.used and row.path == path]
        return max(rows, key=lambda row: row.used).sha256 if rows else ""

    def path_of(self, sha256: str) -> str | None:
        """Return where the file of a model was ("" for the bundled one), None if that is not known."""
        row = self._rows.get(sha256)
        return None if row is None else row.path

    def keep(self, sha256: str, card: ModelCard) -> None:
        """Store the card of a model: it is wanted long after its file is gone."""
        row = self._rows.get(sha256)
        if row is None or row.card is None:
            self._change(sha256, card=card.to_json())

    def use(self, model: ModelInUse | None) -> None:
        """Store what the session is counted with from now on. The first time only: later it is an edit."""
        if model is not None and self.in_use != model:
            latest = max(row.used for row in self._rows.values()) if self._rows else 0
            self._change(model.sha256, path=model.path, used=latest + 1)

    @property
    def compared(self) -> list[tuple[str, str]]:
        """The models of the comparison beside the present one: path and SHA-256, in order."""
        rows = sorted((row for row in self._rows.values() if row.compared), key=lambda row: row.compared)
        return [(row.path or "", row.sha256) for row in rows]

    def set_compared(self, models: Iterable[tuple[str, str]]) -> None:
        """Store the models of the comparison, each by path and SHA-256; their cards are kept already."""
        wanted = {sha256: (place, path) for place, (path, sha256) in enumerate(models, 1)}
        with self._file.transaction():
            for sha256 in [*self._rows, *(sha256 for sha256 in wanted if sha256 not in self._rows)]:
                place, path = wanted.get(sha256, (0, None))
                row = self._rows.get(sha256)
                if row is None or row.compared != place or (path is not None and row.path != path):
                    changed = {} if path is None else {"path": path}
                    self._change(sha256, compared=place, **changed)

    def _change(self, sha256: str, **columns: str | int | None) -> None:
        with self._file.transaction():
            row = self._rows.get(sha256) or ModelRow(self._file.largest("models") + 1, sha256)
            row = row._replace(**columns)
            self._file.write("models", [row])
        self._remember(row)
        self._cards.pop(sha256, None)
