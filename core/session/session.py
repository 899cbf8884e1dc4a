"""The session file: images, detections, edits and settings in one SQLite file that a kill cannot harm.

Nothing that a person did is kept in memory only: every method that changes something has it on the
disk when it returns, and has changed nothing if it raises.
"""

from __future__ import annotations

import contextlib
import os
from array import array
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import msgspec

from core.cells import CellChange
from core.session.database import SessionFile, replacing
from core.session.errors import damaged
from core.session.images import ImageList
from core.session.paths import find_moved, pack_path, path_key, rebase, relative_to, stamp_of
from core.session.recovery import copy_readable
from core.session.rows import pack_changes, to_json, undo_stack, unpack_cell
from core.session.schema import CommandRow, ConflictRow, EditRow, Kind, SettingRow
from core.session.values import (
    SESSION_SUFFIX,
    Command,
    Conflict,
    FileStamp,
    HistoryRow,
    SessionBusyError,
    SessionDamagedError,
    SessionError,
    SessionNewerError,
    SessionReadOnlyError,
    StoredDetections,
    StoredImage,
)
from core.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping

__all__ = [
    "SESSION_SUFFIX",
    "Command",
    "Conflict",
    "FileStamp",
    "HistoryRow",
    "Session",
    "SessionBusyError",
    "SessionDamagedError",
    "SessionError",
    "SessionNewerError",
    "SessionReadOnlyError",
    "StoredDetections",
    "StoredImage",
    "find_moved",
    "recover",
    "stamp_of",
]


_KEPT_BY = "settings changed by "


def utc_now() -> datetime:
    """Return the time of the computer's clock."""
    return datetime.now(UTC)


class Session(ImageList):
    """One open session file; used from one thread, closed by ``close`` or as a context manager.

    ``damage`` has a sentence for each stored result that was unreadable on opening: detections
    that must be counted again, or what ``recover`` could not bring over. It is empty normally.
    Every method may raise ``SessionError``; the session stays usable, and the same call may be
    repeated. ``KeyError``: there is no such image.
    """

    def __init__(self, file: SessionFile, clock: Callable[[], datetime]) -> None:
        super().__init__(file)
        self.read_only = file.read_only
        self.damage: tuple[str, ...] = ()
        self._clock = clock
        self._edits_of: dict[int, array[int]] = {}

    @classmethod
    def create(cls, path: Path, *, clock: Callable[[], datetime] = utc_now) -> Self:
        """Make an empty session and open it.

        Raises
        ------
        SessionError
            If there is a file already (other than an empty one), or none can be written there.
        """
        return cls(SessionFile.create(path), clock)

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False, clock: Callable[[], datetime] = utc_now) -> Self:
        """Open a session, and check every row of it.

        Nothing is written with ``read_only``; then every method that changes something raises
        ``SessionReadOnlyError``.

        Raises
        ------
        SessionBusyError
            If it is open in another window.
        SessionReadOnlyError
            If the file or its folder cannot be written; ``read_only=True`` may help.
        SessionDamagedError
            If it is damaged; ``recover`` may help.
        SessionNewerError
            If it was made by a newer version.
        SessionError
            If it is missing, or no session.
        """
        file = SessionFile.open(path, read_only)
        session = cls(file, clock)
        try:
            session._load()
        except BaseException:
            file.close()
            raise
        return session

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back; harmless if it is closed already."""
        self._file.close()

    @contextlib.contextmanager
    def together(self) -> Generator[None]:
        """Make all changes inside durable at once, or none of them if one raises.

        A recount and the edits that are carried over to it belong together, for example.
        """
        begun = False
        try:
            with self._file.transaction():
                begun = True
                yield
        except BaseException:
            if begun:  # else, where the drive is gone for example, nothing has changed
                with contextlib.suppress(SessionError, OSError):
                    self._load()
            raise

    def _load(self) -> None:
        """Check every row, so that a damaged one is neither used nor missed later."""
        file = self._file
        self.damage = tuple(self._load_images())
        self._edits_of.clear()
        cells = {row.number: row for row in (CommandRow(*row) for row in file.rows("commands"))}
        found = dict.fromkeys(cells, 0)
        for edit in (EditRow(*row) for row in file.rows("edits")):
            if edit.command not in cells or cells[edit.command].image != edit.image:
                raise damaged(self.path, f"the command of its edit {edit.number} is missing")
            found[edit.command] += 1
            self._remember(edit, cells[edit.command].kind)
        if len(cells) != file.largest("commands") or any(found[number] != row.cells for number, row in cells.items()):
            raise damaged(self.path, "a part of its edits is missing")
        for row in file.rows("settings"):
            msgspec.json.decode(SettingRow(*row).value)
        for row in file.rows("conflicts"):
            self._next_cell = max(self._next_cell, ConflictRow(*row).cell + 1)

    def _remember(self, edit: EditRow, kind: int) -> None:
        self._next_cell = max(self._next_cell, edit.cell + 1)
        if kind != Kind.CARRIED:
            self._edits_of.setdefault(edit.image, array("q")).append(edit.number)

    # -- edits -------------------------------------------------------------------------------

    def record(self, command: Command, person: str) -> Command:
        """Store an edit, and return it with its number (whatever number it came with).

        It is on the disk when this returns. ``reviewed`` is applied to the image, ``kept`` to the settings.
        """
        image = command.image
        with self._file.transaction():
            row = self._row(image)
            first = self._file.largest("edits") + 1
            kind = Kind.CONTINUED if command.continues else Kind.COMMAND
            number = self._append(person, image, command.name, kind, command)
            edits = pack_changes(command.changes, first, number, image)
            self._file.write("edits", edits)
            if command.reviewed is not None:
                self._file.write("images", [row._replace(reviewed=int(command.reviewed[1]))])
            if command.kept:
                self.put(f"{_KEPT_BY}{number}", command.kept)
            for key, _, after in command.kept:
                self.put(key, after)
        for edit in edits:
            self._remember(edit, kind)
        return replace(command, number=number)

    def changes(self, image: int) -> dict[int, CellChange]:
        """Return what all edits together did to each cell that they touched, by its id, in order of first touch.

        A cell that a model found is the first time ``before`` as it was found, in whatever count that was.
        """
        texts: dict[int, tuple[str | None, str | None]] = {}
        for edit in self._edits(image):
            first, _ = texts.get(edit.cell, (edit.before, None))
            texts[edit.cell] = first, edit.after
        return {
            number: CellChange(number, unpack_cell(before), unpack_cell(after))
            for number, (before, after) in texts.items()
        }

    def _edits(self, image: int) -> Generator[EditRow]:
        for number in self._edits_of.get(image, ()):
            row = self._file.row("edits", number)
            if row is None:
                raise damaged(self.path, f"row {number} of its edits is missing")
            yield EditRow(*row)

    def edited_cells(self) -> dict[int, int]:
        """Return image id -> number of cells that edits left other than they were."""
        counts = self._file.select(
            "SELECT first.image, count(*)"
            " FROM (SELECT min(number) AS low, max(number) AS high FROM edits"
            f" WHERE command NOT IN (SELECT number FROM commands WHERE kind = {Kind.CARRIED:d}) GROUP BY image, cell)"
            " JOIN edits AS first ON first.number = low JOIN edits AS last ON last.number = high"
            " WHERE first.before IS NOT last.after GROUP BY first.image ORDER BY first.image"
        )
        return dict(counts)

    def commands(self) -> tuple[list[Command], list[Command]]:
        """Return the edits that stand and those that were undone and can be redone.

        ``done + undone`` is the undo stack from bottom to top: ``done[-1]`` is undone next,
        ``undone[0]`` redone next. ``changes``, ``reviewed`` and ``kept`` are always those of doing it. ``number`` is
        the number of the latest row about it, so that the next undo or redo of it is a ``Command`` with
        ``undoes=number``. Nothing before a recovery of the file is returned if edits were lost in it.
        """
        edits: dict[int, list[EditRow]] = {}
        for edit in (EditRow(*row) for row in self._file.rows("edits")):
            edits.setdefault(edit.command, []).append(edit)
        kept = {int(number): values for number, values in self.get_all(_KEPT_BY).items()}
        return undo_stack((CommandRow(*row) for row in self._file.rows("commands")), edits, kept)

    def note(self, person: str, image: int | None, text: str) -> None:
        """Add a line to the history that changes no cell."""
        with self._file.transaction():
            self._append(person, image, text, Kind.NOTE)

    def history(self, image: int | None = None, limit: int = 500, before: int | None = None) -> list[HistoryRow]:
        """Return the lines of the history with a number below ``before``, newest first."""
        rows = self._file.rows(
            "commands",
            "WHERE (?1 IS NULL OR image = ?1) AND (?2 IS NULL OR number < ?2) ORDER BY number DESC LIMIT ?3",
            image,
            before,
            limit,
        )
        return [
            HistoryRow(
                row.number,
                datetime.fromisoformat(row.time),
                row.person,
                row.image,
                None if row.image is None else self._paths.get(row.image),
                row.name,
                row.undoes,
            )
            for row in (CommandRow(*row) for row in rows)
        ]

    def _append(self, person: str, image: int | None, text: str, kind: Kind, command: Command | None = None) -> int:
        """Add a row to the history inside a transaction, and return its number."""
        number = self._file.largest("commands") + 1
        time = self._clock().astimezone(UTC).isoformat()
        row = CommandRow(number, int(kind), time, printable(person), image, printable(text), None)
        if command is not None:
            before, after = command.reviewed or (None, None)
            row = row._replace(
                undoes=command.undoes,
                reviewed_before=before if before is None else int(before),
                reviewed_after=after if after is None else int(after),
                cells=len(command.changes),
            )
        self._file.write("commands", [row])
        return number

    # -- settings and conflicts --------------------------------------------------------------

    def get(self, key: str, default: Any = None) -> Any:
        """Return a setting as it came from JSON: tuples are lists."""
        row = self._setting(key)
        return default if row is None else msgspec.json.decode(row.value)

    def get_all(self, prefix: str) -> dict[str, Any]:
        """Return the settings whose name begins with ``prefix``, by the rest of their name."""
        rows = self._file.rows("settings", "WHERE substr(key, 1, ?) = ? ORDER BY number", len(prefix), prefix)
        return {
            row.key[len(prefix) :]: msgspec.json.decode(row.value) for row in (SettingRow(*values) for values in rows)
        }

    def put(self, key: str, value: Any) -> None:
        """Store a setting: anything that JSON can hold. On the disk at once, so not for each step of a slider."""
        text = to_json(value)
        with self._file.transaction():
            known = self._setting(key)
            number = known.number if known else self._file.largest("settings") + 1
            self._file.write("settings", [SettingRow(number, key, text)])

    def _setting(self, key: str) -> SettingRow | None:
        row = next(self._file.rows("settings", "WHERE key = ?", key), None)
        return None if row is None else SettingRow(*row)

    def put_conflicts(self, image: int, conflicts: Iterable[tuple[int, str]]) -> None:
        """Replace the unresolved conflicts of an image by (cell id, sentence) pairs."""
        with self._file.transaction():
            open_ones = self._file.rows("conflicts", "WHERE resolved = 0 AND image = ?", image)
            settled = [ConflictRow(*row)._replace(resolved=1) for row in open_ones]
            first = self._file.largest("conflicts") + 1
            new = [
                ConflictRow(number, image, int(cell), printable(text), 0)
                for number, (cell, text) in enumerate(conflicts, first)
            ]
            self._file.write("conflicts", settled + new)

    def conflicts(self) -> list[Conflict]:
        """Return the unresolved conflicts of the images on the list, oldest first."""
        condition = "WHERE resolved = 0 AND image IN (SELECT id FROM images WHERE removed = 0) ORDER BY number"
        rows = (ConflictRow(*row) for row in self._file.rows("conflicts", condition))
        return [Conflict(row.number, row.image, row.cell, row.text) for row in rows]

    def resolve_conflict(self, number: int) -> None:
        """Mark a conflict as resolved."""
        with self._file.transaction():
            row = self._file.row("conflicts", number)
            if row is None:
                raise KeyError(number)
            self._file.write("conflicts", [ConflictRow(*row)._replace(resolved=1)])

    # -- the file ----------------------------------------------------------------------------

    def relocate(self, new_paths: Mapping[int, Path], person: str = "") -> None:
        """Give images (by id) a new path, and note it in the history.

        Raises
        ------
        SessionError
            If a path belongs to another image of the session.
        """
        moved = {image: Path(os.path.abspath(path)) for image, path in new_paths.items()}
        if not moved:
            return
        paths = {**self._paths, **moved}
        owners = Counter(map(path_key, paths.values()))
        for path in moved.values():
            if owners[path_key(path)] > 1:
                raise SessionError(f"{path}: it belongs to another image of the session; remove one of the two.")
        relative = relative_to(self.path.parent)
        first, path = next(iter(moved.items()))
        text = f"Moved: {self._paths[first]} is now {path}"
        text += f", and {len(moved) - 1} more." if len(moved) > 1 else "."
        with self._file.transaction():
            rows = [
                self._row(image)._replace(path=pack_path(str(path)), relative=relative(path))
                for image, path in moved.items()
            ]
            self._file.write("images", rows)
            self._append(person, first if len(moved) == 1 else None, text, Kind.NOTE)
        self._set_paths(paths)

    def copy_to(self, path: Path) -> None:
        """Write a copy of the session, replacing a file there only when the copy is complete.

        The session goes on in its own file. The copy finds images relative to its new folder.
        """
        path = Path(os.path.abspath(path))
        with replacing(path) as part:
            self._file.copy_to(part)
            with Session.open(part) as copy, copy._file.transaction():
                rebase(copy._file, self._paths)


def recover(path: Path, to: Path, *, clock: Callable[[], datetime] = utc_now) -> Session:
    """Copy every row that can be read of a damaged session into a new one, and open that.

    The damaged file is not changed. ``damage`` of the new session tells what was lost; so does a
    line in its history. An image whose path was lost, but not its cells or edits, is listed as
    "unreadable name" in the folder of the new session, to be relocated.

    Raises
    ------
    SessionError
        If nothing of a session can be read, or the new file cannot be written.
    """
    damage = copy_readable(path, to, clock().astimezone(UTC).isoformat())
    session = Session.open(to, clock=clock)
    session.damage = damage + session.damage
    return session
