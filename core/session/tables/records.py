"""Conflicts between edits and later counts, and the sign-offs of a session."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from core.session.storage.schema import ConflictRow, SignOffRow
from core.session.values import Conflict, SignOff
from core.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.session.storage.database import SessionFile


class Conflicts:
    """The table of conflicts."""

    def __init__(self, file: SessionFile) -> None:
        self._file = file

    def load(self) -> int:
        """Check all rows; return a number above the id of every cell that they are about."""
        return max((ConflictRow._make(row).cell + 1 for row in self._file.rows("conflicts")), default=0)

    def all(self) -> list[Conflict]:
        """Return the unresolved conflicts of the images on the list, oldest first."""
        condition = "WHERE resolved = 0 AND image IN (SELECT id FROM images WHERE removed = 0) ORDER BY number"
        rows = (ConflictRow._make(row) for row in self._file.rows("conflicts", condition))
        return [Conflict(row.number, row.image, row.cell, row.text) for row in rows]

    def replace(self, image: int, conflicts: Iterable[tuple[int, str]]) -> None:
        """Replace the unresolved conflicts of an image by (cell id, sentence) pairs."""
        with self._file.transaction():
            unresolved = self._file.rows("conflicts", "WHERE resolved = 0 AND image = ?", image)
            settled = [ConflictRow._make(row)._replace(resolved=1) for row in unresolved]
            first = self._file.largest("conflicts") + 1
            new = [
                ConflictRow(number, image, int(cell), printable(text), 0)
                for number, (cell, text) in enumerate(conflicts, first)
            ]
            self._file.write("conflicts", settled + new)

    def resolve(self, number: int) -> None:
        """Mark a conflict as resolved."""
        with self._file.transaction():
            row = self._file.row("conflicts", number)
            if row is None:
                raise KeyError(number)
            self._file.write("conflicts", [ConflictRow._make(row)._replace(resolved=1)])


class SignOffs:
    """The table of sign-offs, to which rows are only added."""

    def __init__(self, file: SessionFile) -> None:
        self._file = file

    def all(self) -> tuple[SignOff, ...]:
        """Return the sign-offs, oldest first."""
        rows = (SignOffRow._make(row) for row in self._file.rows("sign_offs"))
        return tuple(
            SignOff(
                row.user, datetime.fromisoformat(row.time), row.content, row.version, row.head or "", row.state or ""
            )
            for row in rows
        )

    def add(self, sign_off: SignOff) -> None:
        """Keep a sign-off."""
        with self._file.transaction():
            self._file.write(
                "sign_offs",
                [
                    SignOffRow(
                        self._file.largest("sign_offs") + 1,
                        printable(sign_off.user),
                        sign_off.time.isoformat(),
                        sign_off.content,
                        sign_off.version,
                        sign_off.head or None,
                        sign_off.state or None,
                    )
                ],
            )
