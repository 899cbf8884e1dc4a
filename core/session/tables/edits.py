"""The edits of a session, and its history: who changed what, when, and what can be undone."""

from __future__ import annotations

from array import array
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from core.cells import CellChange, Origin
from core.session.errors import damaged
from core.session.storage.rows import finite, pack_cell, pack_value, to_json, unpack_cell, unpack_value
from core.session.storage.schema import EditRow, Kind, LineRow
from core.session.values import ACCEPTED, Edit, HistoryLine, Subject, ValueChange
from core.text import gettext, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from core.session.storage.database import SessionFile
    from core.session.tables.images import Images
    from core.session.tables.models import Models
    from core.session.tables.settings import Settings
    from core.session.tables.truths import Truths

_CELL = "cell"


class StoredEdit(Edit):
    """An edit on the undo stack; what it changed is read from the session when it is first asked for.

    ``line`` is the line of the history that says so.
    """

    def __init__(self, line: LineRow, read: Callable[[LineRow], tuple[tuple[CellChange, ...], Any]]) -> None:
        facts = {"undoes": line.undoes, "continues": line.kind == Kind.CONTINUED, "number": line.number}
        self.__dict__.update(image=line.image, name=line.text, line=line, read=read, **facts)

    line: LineRow
    read: Callable[[LineRow], tuple[tuple[CellChange, ...], tuple[ValueChange, ...]]]

    def at(self, line: LineRow) -> StoredEdit:
        """Return the same edit with the number of a later line about it."""
        moved = StoredEdit(self.line, self.read)
        moved.__dict__.update(number=line.number, undoes=line.undoes)
        return moved

    def loaded(self) -> Edit:
        """Return the same edit with what it changed in it."""
        return Edit(self.image, self.name, *self._content, self.undoes, self.continues, self.number)

    @cached_property
    def _content(self) -> tuple[tuple[CellChange, ...], tuple[ValueChange, ...]]:
        return self.read(self.line)

    @property
    def cells(self) -> tuple[CellChange, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The changed cells."""
        return self._content[0]

    @property
    def values(self) -> tuple[ValueChange, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The changed values."""
        return self._content[1]


class Edits:
    """The tables of edits and of the history. Nothing in them is ever changed: an undo is a line of its own."""

    def __init__(
        self,
        file: SessionFile,
        images: Images,
        truths: Truths,
        models: Models,
        settings: Settings,
        clock: Callable[[], datetime],
    ) -> None:
        self._file = file
        self._images = images
        self._truths = truths
        self._models = models
        self._settings = settings
        self._clock = clock
        self._of_image: dict[int, array[int]] = {}
        self._kinds: dict[int, dict[str, str]] = {}

    def load(self) -> int:
        """Check every row; return a number above the id of every cell that was edited."""
        file = self._file
        self._of_image.clear()
        self._kinds.clear()
        lines = 0
        wanted: dict[int, int] = {}
        for row in file.rows("history"):
            lines += 1
            if row[8]:
                wanted[row[0]] = row[8]
        found = dict.fromkeys(wanted, 0)
        next_cell = 0
        for number, line, subject, image, key, _, after in file.rows("edits"):
            if line not in found:
                raise damaged(file.path, gettext("the line of its edit {number} is missing").format(number=number))
            found[line] += 1
            if subject == _CELL:
                next_cell = max(next_cell, key + 1)
                self._remember(image, number)
            elif subject == Subject.KIND:
                self._set_kind(image, str(key), unpack_value(Subject.KIND, after))
        if lines != file.largest("history") or found != wanted:
            raise damaged(file.path, gettext("a part of its edits is missing"))
        return next_cell

    def _remember(self, image: int, number: int) -> None:
        known = self._of_image.get(image)
        if known is None:
            self._of_image[image] = array("q", (number,))
        else:
            known.append(number)

    def _set_kind(self, image: int, key: str, kind: str | None) -> None:
        kinds = self._kinds.setdefault(image, {})
        if kind is None:
            kinds.pop(key, None)
        else:
            kinds[key] = kind

    # -- recording ---------------------------------------------------------------------------

    def record(self, edit: Edit, user: str) -> Edit:
        """Store an edit and apply it; return it with its number, and with what every value was before.

        All of it is on the disk when this returns. Whatever number it came with is ignored.
        """
        if edit.image is not None:
            self._images.row(edit.image)
        edit = replace(edit, values=tuple(replace(one, before=self._present(one)) for one in edit.values))
        with self._file.transaction():
            kind = Kind.CONTINUED if edit.continues else Kind.EDIT
            line = self._file.largest("history") + 1
            first = self._file.largest("edits") + 1
            rows = list(_pack(edit, first, line))
            self._append(user, edit.image, edit.name, kind, undoes=edit.undoes, first=first, edits=len(rows))
            self._file.write("edits", rows)
            for value in edit.values:
                self._apply(value)
            kinds = {value.image for value in edit.values if value.subject is Subject.KIND}
            for image in kinds | ({edit.image} if edit.cells else set[int | None]()):
                if image is not None:
                    self._images.change(image)
        for row in rows:
            if row.subject == _CELL and row.image is not None:
                self._remember(row.image, row.number)
                self._images.next_cell = max(self._images.next_cell, int(row.key or 0) + 1)
        return replace(edit, number=line)

    def _present(self, change: ValueChange) -> Any:
        """Return what a value is now."""
        subject, image = change.subject, change.image
        if subject is Subject.SETTING:
            return self._settings.get(change.key)
        if subject is Subject.MODEL:
            return self._models.in_use
        if subject is Subject.MARK:
            return change.before
        if image is None:
            raise ValueError(gettext("an edit of {value} needs an image").format(value=subject.value))
        if subject is Subject.TRUTHS:
            return self._truths.all(image)
        if subject is Subject.KIND:
            return self._kinds.get(image, {}).get(change.key)
        if subject is Subject.LISTED:
            return not self._images.row(image).removed
        stored = self._images.get(image)
        values = {
            Subject.REVIEW: stored.reviewed_counts,
            Subject.REGION: stored.region,
            Subject.DIAMETER: stored.diameter,
        }
        return values[subject]

    def _apply(self, change: ValueChange) -> None:
        """Make a value what the edit says."""
        image, after = change.image or 0, change.after
        match change.subject:
            case Subject.SETTING:
                self._settings.put(change.key, after)
            case Subject.MODEL:
                self._models.use(after)
            case Subject.TRUTHS:
                self._truths.replace(image, after)
            case Subject.MARK:
                self._truths.mark(image, change.before, after)
            case Subject.KIND:
                self._set_kind(image, change.key, after)
            case Subject.LISTED:
                self._images.change(image, removed=int(not after))
            case Subject.DIAMETER:
                self._images.change(image, diameter=None if after is None else finite(after))
            case Subject.REVIEW:
                self._images.change(image, reviewed_counts=None if after is None else to_json(dict(after)))
            case Subject.REGION:
                self._images.change(image, region=None if after is None else to_json(after))

    def note(self, user: str, image: int | None, text: str) -> None:
        """Add a line to the history that changes nothing, and that no undo takes back."""
        with self._file.transaction():
            self._append(user, image, text, Kind.NOTE)

    def _append(self, user: str, image: int | None, text: str, kind: Kind, **columns: int | None) -> None:
        """Add a line to the history inside a transaction."""
        number = self._file.largest("history") + 1
        time = self._clock().astimezone(UTC).isoformat()
        line = LineRow(number, int(kind), time, printable(user), image, printable(text), None)
        self._file.write("history", [line._replace(**columns)])

    # -- reading -----------------------------------------------------------------------------

    def changes(self, image: int) -> dict[int, CellChange]:
        """Return what all edits together did to each cell that they changed, by its id, in order of the first edit.

        ``before`` of a detection is as it was when it was edited first, in whatever count that was.
        """
        texts: dict[int, tuple[str | None, str | None]] = {}
        for number in self._of_image.get(image, ()):
            row = self._file.row("edits", number)
            if row is None:
                raise damaged(self._file.path, gettext("row {number} of its edits is missing").format(number=number))
            _, _, _, _, cell, before, after = row
            first, _ = texts.get(cell, (before, None))
            texts[cell] = first, after
        return {
            cell: CellChange(cell, unpack_cell(before), unpack_cell(after)) for cell, (before, after) in texts.items()
        }

    def with_kinds(self) -> list[int]:
        """Return the images whose cells were given kinds."""
        return [image for image, given in self._kinds.items() if given]

    def has_kinds(self, image: int) -> bool:
        """Tell whether cells of an image were given kinds."""
        return bool(self._kinds.get(image))

    def kinds(self, image: int, reading: str = "") -> dict[int, str]:
        """Return the kinds that cells of an image were given: cell id -> key of the kind.

        ``reading``: those of a second differential count, by its name.
        """
        found: dict[int, str] = {}
        for key, kind in self._kinds.get(image, {}).items():
            cell, _, name = key.partition(" ")
            if name == reading:
                found[int(cell)] = kind.removesuffix(ACCEPTED)
        return found

    def accepted_kinds(self, image: int) -> frozenset[int]:
        """Return the cells of an image whose kind was suggested, and accepted by a user."""
        given = self._kinds.get(image, {}).items()
        return frozenset(int(key) for key, kind in given if " " not in key and kind.endswith(ACCEPTED))

    def kind_users(self) -> tuple[str, ...]:
        """Return who gave cells kinds, second differential counts aside."""
        rows = self._file.select(
            "SELECT DISTINCT history.user FROM edits JOIN history ON history.number = edits.line"
            f" WHERE edits.subject = '{Subject.KIND.value}' AND edits.key NOT LIKE '% %' ORDER BY history.user"
        )
        return tuple(str(user) for (user,) in rows)

    def readings(self) -> tuple[str, ...]:
        """Return the names of the second differential counts that were begun, in alphabetical order."""
        names = {key.partition(" ")[2] for kinds in self._kinds.values() for key in kinds}
        return tuple(sorted(names - {""}))

    def edited_cells_of(self, image: int) -> int:
        """Return the number of cells of an image that were corrected, see ``CellChange.is_correction``."""
        return sum(change.is_correction for change in self.changes(image).values())

    def edited_cells(self) -> dict[int, int]:
        """Return image id -> number of cells that were corrected, see ``CellChange.is_correction``."""
        counts = self._file.select(
            "SELECT first.image, count(*)"
            f" FROM (SELECT min(number) AS low, max(number) AS high FROM edits WHERE subject = '{_CELL}'"
            " GROUP BY image, key)"
            " JOIN edits AS first ON first.number = low JOIN edits AS last ON last.number = high"
            " WHERE first.before IS NOT last.after AND ("
            " json_extract(first.before, '$.class_name') IS NOT json_extract(last.after, '$.class_name')"
            " OR json_extract(first.before, '$.box') IS NOT json_extract(last.after, '$.box')"
            f" OR json_extract(last.after, '$.origin') = {Origin.SORTING.value}"
            ") GROUP BY first.image ORDER BY first.image"
        )
        return dict(counts)

    def stack(self) -> tuple[list[StoredEdit], list[StoredEdit]]:
        """Return the edits that stand and those that were undone and can be redone.

        ``done + undone`` is the undo stack from bottom to top: ``done[-1]`` is undone next, ``undone[0]`` redone
        next. Values and cells are always those of doing it; ``number`` is the number of the latest line about it,
        so that the next undo or redo of it is an ``Edit`` with ``undoes=number``. Nothing before a recovery of the
        file is returned if edits were lost in it. Only the history is read for it.
        """
        done: dict[int, StoredEdit] = {}
        undone: dict[int, StoredEdit] = {}
        origin: dict[int, int] = {}
        for line in (LineRow._make(row) for row in self._file.rows("history")):
            if line.kind == Kind.LOSS:
                origin, done, undone = {}, {}, {}
            if line.kind not in (Kind.EDIT, Kind.CONTINUED):
                continue
            if line.undoes is None:
                origin[line.number] = line.number
                done[line.number] = StoredEdit(line, self._content)
                undone.clear()
                continue
            first = origin.get(line.undoes)
            if first in done:
                undone[first] = done.pop(first).at(line)
            elif first in undone:
                done[first] = StoredEdit(line._replace(text=undone.pop(first).name), self._content)
            else:
                continue
            origin[line.number] = first
        return list(done.values()), list(reversed(undone.values()))

    def _content(self, line: LineRow) -> tuple[tuple[CellChange, ...], tuple[ValueChange, ...]]:
        """Return what the edit of a line changed."""
        rows = self._file.rows("edits", "WHERE number >= ? AND number < ?", line.first, line.first + line.edits)
        return _unpack(EditRow._make(row) for row in rows)

    def reviewers(self) -> dict[int, str]:
        """Return image id -> who marked it as reviewed, of the images whose mark stands."""
        users = dict(self._file.select("SELECT number, user FROM history WHERE edits > 0"))
        marks: dict[int, list[int]] = {}
        for line, image in self._file.select(
            f"SELECT line, image FROM edits WHERE subject = '{Subject.REVIEW.value}' AND after IS NOT NULL"
        ):
            marks.setdefault(line, []).append(image)
        done, _ = self.stack()
        return {image: users.get(edit.number, "") for edit in done for image in marks.get(edit.line.number, ())}

    def history(self, image: int | None = None, limit: int = 500, before: int | None = None) -> list[HistoryLine]:
        """Return the lines of the history with a number below ``before``, newest first.

        With ``image`` those that are about an image alone, or changed something in it.
        """
        rows = self._file.rows(
            "history",
            "WHERE (?1 IS NULL OR image = ?1 OR (image IS NULL AND edits > 0 AND EXISTS"
            " (SELECT 1 FROM edits WHERE number >= first AND number < first + history.edits AND edits.image = ?1)))"
            " AND (?2 IS NULL OR number < ?2) ORDER BY number DESC LIMIT ?3",
            image,
            before,
            limit,
        )
        return [self._line(LineRow._make(row)) for row in rows]

    def _line(self, row: LineRow) -> HistoryLine:
        path = None if row.image is None else self._images.path(row.image)
        return HistoryLine(
            row.number, datetime.fromisoformat(row.time), row.user, row.image, path, row.text, row.undoes
        )


def _pack(edit: Edit, first: int, line: int) -> Generator[EditRow]:
    """Yield the rows of an edit; ``first`` is the number of the first."""
    number = first
    for cell in edit.cells:
        yield EditRow(number, line, _CELL, edit.image, int(cell.cell), pack_cell(cell.before), pack_cell(cell.after))
        number += 1
    for value in edit.values:
        before, after = (pack_value(value.subject, one) for one in (value.before, value.after))
        yield EditRow(number, line, value.subject.value, value.image, value.key or None, before, after)
        number += 1


def _unpack(rows: Iterable[EditRow]) -> tuple[tuple[CellChange, ...], tuple[ValueChange, ...]]:
    """Return the changes of cells and of values in the rows of an edit."""
    cells: list[CellChange] = []
    values: list[ValueChange] = []
    for _, _, subject, image, key, before, after in rows:
        if subject == _CELL:
            cells.append(CellChange(int(key or 0), unpack_cell(before), unpack_cell(after)))  # type: ignore[arg-type]
        else:
            kind = Subject(subject)
            old, new = unpack_value(kind, before), unpack_value(kind, after)
            values.append(ValueChange(kind, image, new, str(key or ""), old))
    return tuple(cells), tuple(values)
