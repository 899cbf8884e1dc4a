"""Recovery of a damaged session: rows are found in the pages of the file by their own checksums.

Neither the header nor the inner nodes of the trees are needed, so that no more is lost than what was in
the damaged pages. See "Database File Format", sqlite.org/fileformat2.html, sections 1.6 and 2.1.
"""

from __future__ import annotations

import os
import shutil
import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.session.errors import explain, journal_of
from core.session.migrations import upgraded
from core.session.storage.database import SessionFile, has_our_tables, probe_lock, refuse_existing, replacing
from core.session.storage.paths import rebase, resolve
from core.session.storage.schema import (
    COLUMNS,
    PAGE_SIZE,
    REAL_COLUMNS,
    SCHEMA,
    SCHEMAS,
    ConflictRow,
    DetectionsRow,
    EditRow,
    ImageRow,
    Kind,
    LineRow,
    ModelRow,
    Row,
    checksum,
    detections_number,
    present_rows,
)
from core.session.values import SessionDamagedError, SessionError, SessionNewerError
from core.text import gettext, ngettext

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_LEAF, _INNER = 0x0D, 0x05
_HEAD = 100
_MOST_LOCAL = PAGE_SIZE - 35
_LEAST_LOCAL = (PAGE_SIZE - 12) * 32 // 255 - 23
_INTEGER_BYTES = (0, 1, 2, 3, 4, 6, 8)
_UNREADABLE = "(unreadable)"
_NOT_A_CELL = (IndexError, ValueError, struct.error, OverflowError)


def copy_readable(path: Path, to: Path, time: str) -> tuple[str, ...]:
    """Copy what can be read of a damaged session into a new file.

    Parameters
    ----------
    path, to
        The damaged file, which is only read, and the new one.
    time
        The present time as it is to stand in the history of the new file.

    Returns
    -------
    tuple
        Sentences on what was lost; none if the file was sound.
    """
    path, to = Path(os.path.abspath(path)), Path(os.path.abspath(to))
    refuse_existing(to)
    with tempfile.TemporaryDirectory(prefix="smearcount-") as folder:
        copy = Path(folder, "damaged")
        try:
            probe_lock(path)
            shutil.copyfile(path, copy)
            if journal_of(path).exists():
                shutil.copyfile(journal_of(path), journal_of(copy))
        except OSError as error:
            raise explain(path, error) from error
        fault = _fault(copy)
        if isinstance(fault, SessionNewerError) and not has_our_tables(copy):
            raise SessionNewerError(str(fault).replace(str(copy), str(path)))
        found = _Found(copy.read_bytes())
    if fault is not None and not any(found.rows.values()):
        if isinstance(fault, SessionDamagedError):
            raise SessionError(
                gettext("{path}: nothing of a session can be read in it; look for a copy of it.").format(path=path)
            )
        raise type(fault)(str(fault).replace(str(copy), str(path)))
    mended = _Mended(found, to.parent, time)
    damage = tuple(mended.losses)
    if fault is not None and not damage:
        damage = (gettext("No loss was found, but a row at an end may be missing without a trace."),)
    if damage:
        damage = (
            gettext("{path}: it was damaged; what could be read was copied to {to}.").format(path=path, to=to),
            *damage,
        )
    with replacing(to) as part:
        _write(part, mended, damage, resolve(mended.images.values(), path.parent), time)
    return damage


def _fault(copy: Path) -> SessionError | None:
    """Return why a session does not open; SQLite first takes back what a kill left half done."""
    try:
        SessionFile.open(copy, read_only=False).close()
    except SessionError as error:
        return error
    return None


def _write(part: Path, mended: _Mended, damage: tuple[str, ...], paths: dict[int, Path], time: str) -> None:
    file = SessionFile.create(part)
    try:
        with file.transaction():
            for table, rows in mended.tables.items():
                file.write(table, rows)
            if damage:
                kind = Kind.LOSS if mended.edits_lost else Kind.NOTE
                number = file.largest("history") + 1
                file.write("history", [LineRow(number, int(kind), time, "", None, " ".join(damage), None)])
            rebase(file, paths)
    finally:
        file.close()


@dataclass
class _Found:
    """The rows of a file whose checksums are right, by table and number, and what else it holds.

    ``schema`` is that of most rows, and only these are given. The tables of a file are made one after the other,
    and the root of a table never moves.
    """

    data: bytes
    schema: int = SCHEMA
    bad_rows: int = 0
    bad_pages: int = 0

    def __post_init__(self) -> None:
        self._tables = {version: {table: {} for table in columns} for version, columns in SCHEMAS.items()}
        kinds, wanted = dict[int, int](), set[int]()
        for number in range(1, -(-len(self.data) // PAGE_SIZE) + 1):
            page = self._page(number)
            start = _HEAD if number == 1 else 0
            kinds[number] = page[start] if len(page) > start else 0
            if kinds[number] == _INNER:
                wanted.update(_children(page, start))
            # a leaf may have lost its mark
            self._take_rows(page, start, sure=kinds[number] == _LEAF)
        said = int.from_bytes(self.data[60:64], "big")
        sizes = {version: sum(map(len, tables.values())) for version, tables in self._tables.items()}
        self.schema = max(SCHEMAS, key=lambda version: (sizes[version], version == said, version))
        wanted.update(range(2, 2 + len(SCHEMAS[self.schema])))
        self.bad_pages += sum(kinds.get(number) not in (_LEAF, _INNER) for number in wanted)

    @property
    def rows(self) -> dict[str, dict[int, Row]]:
        """The rows by table and number."""
        return self._tables[self.schema]

    @property
    def missing_bytes(self) -> int:
        """How many bytes the file should be longer, as far as its header tells."""
        pages = int.from_bytes(self.data[28:32], "big") if self.data[24:28] == self.data[92:96] else 0
        return max(pages * PAGE_SIZE - len(self.data), 0)

    def _page(self, number: int) -> bytes:
        return self.data[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]

    def _take_rows(self, page: bytes, start: int, *, sure: bool) -> None:
        """Take the rows of a page that may be a leaf."""
        if not _has_room(page, start):
            self.bad_pages += sure
            if not sure:
                return
            sure = False
        for at in _cell_offsets(page, start, first=8):
            try:
                number, values = self._cell(page, at)
            except _NOT_A_CELL:
                self.bad_rows += sure
                continue
            if len(values) == 5 and values[0] in ("table", "trigger"):
                continue
            self.bad_rows += sure and not self._take_row(number, values)

    def _take_row(self, number: int, values: Row) -> bool:
        """Take a row, whose number stands before its values, if its checksum is right for any table."""
        taken = False
        for version, tables in SCHEMAS.items():
            for table, columns in tables.items():
                if len(values) == len(columns) + 1:
                    row = _typed((number, *values[1:-1]), columns)
                    if checksum(table, row) == values[-1]:
                        self._tables[version][table][number] = row
                        taken = True
        return taken

    def _cell(self, page: bytes, at: int) -> tuple[int, Row]:
        """Return number and values of the cell at an offset of a leaf."""
        size, at = _varint(page, at)
        number, at = _varint(page, at)
        if size > len(self.data):
            raise ValueError
        local = size
        if size > _MOST_LOCAL:
            local = _LEAST_LOCAL + (size - _LEAST_LOCAL) % (PAGE_SIZE - 4)
            local = local if local <= _MOST_LOCAL else _LEAST_LOCAL
        parts = [page[at : at + local]]
        missing, at = size - local, at + local
        while missing > 0:
            [following] = struct.unpack_from(">I", page, at)
            page, at = self._page(following), 0
            parts.append(page[4 : 4 + missing])
            if following == 0 or len(parts[-1]) < min(missing, PAGE_SIZE - 4):
                raise ValueError
            missing -= len(parts[-1])
        return number - (number >> 63 << 64), tuple(_values(b"".join(parts)))


def _children(page: bytes, start: int) -> Iterator[int]:
    for at in (*_cell_offsets(page, start, first=12), start + 8):
        if at + 4 <= len(page):
            yield from struct.unpack_from(">I", page, at)


def _has_room(page: bytes, start: int) -> bool:
    """Tell whether a leaf has room for as many cells as its head says."""
    return start + 8 + 2 * int.from_bytes(page[start + 3 : start + 5], "big") <= len(page)


def _cell_offsets(page: bytes, start: int, first: int) -> tuple[int, ...]:
    """Return the offsets that a page lists after its head of ``first`` bytes, as many as there is room for."""
    count = int.from_bytes(page[start + 3 : start + 5], "big")
    count = min(count, max(len(page) - start - first, 0) // 2)
    return struct.unpack_from(f">{count}H", page, start + first) if count else ()


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of 1 to 9 bytes and the offset after it."""
    value = 0
    for end in range(at, at + 8):
        value = value << 7 | data[end] & 0x7F
        if data[end] < 0x80:
            return value, end + 1
    return value << 8 | data[at + 8], at + 9


def _values(record: bytes) -> Iterator[int | float | str | bytes | None]:
    head, at = _varint(record, 0)
    body = head
    while at < head:
        kind, at = _varint(record, at)
        length = (kind - 12) // 2 if kind >= 12 else 8 if kind == 7 else _INTEGER_BYTES[kind] if kind < 7 else 0
        content = record[body : body + length]
        if len(content) < length:
            raise ValueError
        body += length
        if kind >= 12:
            yield content.decode() if kind % 2 else content
        elif kind == 7:
            yield struct.unpack(">d", content)[0]
        elif kind in (8, 9):
            yield kind - 8
        elif kind == 0:
            yield None
        elif kind < 7:
            yield int.from_bytes(content, "big", signed=True)
        else:
            raise ValueError


def _typed(row: Row, columns: tuple[str, ...]) -> Row:
    """Return a row with floats where its columns are REAL."""
    return tuple(
        float(value) if name in REAL_COLUMNS and isinstance(value, int) else value
        for name, value in zip(columns, row, strict=False)
    )


class _Mended:
    """The rows that were found, made consistent again: what was lost shows in the history and the list."""

    def __init__(self, found: _Found, folder: Path, time: str) -> None:
        gaps = {table: _gaps(content) for table, content in found.rows.items()}
        in_order = {table: [row for _, row in sorted(content.items())] for table, content in found.rows.items()}
        if found.schema == 1:
            self.tables = upgraded(in_order)
        else:
            self.tables = {table: present_rows(table, in_order.get(table, ())) for table in COLUMNS}
        images = {row[0]: ImageRow._make(row) for row in self.tables["images"]}
        self.images = {number: row for number, row in images.items() if row.path}
        self._without_path = {number: row for number, row in images.items() if not row.path}
        self.losses: list[str] = []
        self._lost(found.missing_bytes, gettext("The last {n:,} bytes of the file are missing."))
        if found.bad_pages or found.bad_rows:
            pages = ngettext("{n:,} page", "{n:,} pages", found.bad_pages).format(n=found.bad_pages)
            bad = ngettext("{n:,} row", "{n:,} rows", found.bad_rows).format(n=found.bad_rows)
            self.losses.append(gettext("{pages} and {bad} could not be read.").format(pages=pages, bad=bad))
        lost_edits, lost_lines = self._mend_history(time, gaps["edits"])
        self.edits_lost = bool(lost_edits or lost_lines)
        self._lost(
            lost_lines,
            ngettext("{n:,} line of the history was lost.", "{n:,} lines of the history were lost.", lost_lines),
        )
        self._lost(lost_edits, ngettext("{n:,} edit was lost.", "{n:,} edits were lost.", lost_edits))
        self._mend_images(folder, gaps["images"])
        settings, signed = gaps["settings"] + gaps.get("view", 0), gaps.get("sign_offs", 0)
        self._lost(settings, ngettext("{n:,} setting was lost.", "{n:,} settings were lost.", settings))
        self._lost(
            gaps["conflicts"], ngettext("{n:,} conflict was lost.", "{n:,} conflicts were lost.", gaps["conflicts"])
        )
        self._lost(signed, ngettext("{n:,} sign-off was lost.", "{n:,} sign-offs were lost.", signed))
        for table in ("settings", "view", "sign_offs", "conflicts"):
            self.tables[table] = [(number, *row[1:]) for number, row in enumerate(self.tables[table], 1)]
        self.tables["images"] = [row for _, row in sorted(self.images.items())]

    def _lost(self, count: int, sentence: str) -> None:
        if count:
            self.losses.append(sentence.format(n=count))

    def _mend_history(self, time: str, gaps: int) -> tuple[int, int]:
        """Put a line in the place of each that is lost; return how many (edits, lines) are lost."""
        by_line: dict[int, list[EditRow]] = {}
        for row in self.tables["edits"]:
            edit = EditRow._make(row)
            by_line.setdefault(edit.line, []).append(edit)
        lines = {row[0]: LineRow._make(row) for row in self.tables["history"]}
        incomplete = sum(row.edits - len(by_line.get(number, ())) for number, row in lines.items())
        lost_lines = 0
        edits: list[Row] = []
        for number in range(1, max((*lines, *by_line), default=0) + 1):
            row, mine = lines.get(number), by_line.get(number, [])
            if row is None:
                lost_lines += 1
                kind = Kind.EDIT if mine else Kind.NOTE
                row = LineRow(number, int(kind), time, "", mine[0].image if mine else None, _UNREADABLE, None)
            time = row.time
            lines[number] = row._replace(first=len(edits) + 1 if mine else 0, edits=len(mine))
            edits += [edit._replace(number=place) for place, edit in enumerate(mine, len(edits) + 1)]
        self.tables["history"] = [row for _, row in sorted(lines.items())]
        self.tables["edits"] = edits
        return max(incomplete, gaps), lost_lines

    def _mend_images(self, folder: Path, gaps: int) -> None:
        """List images whose row is lost; have those counted again whose detections are."""
        stored = {row[0]: row[1] for row in self.tables["detections"]}
        by_model = [(row[2], row[1]) for row in self.tables["detections"]]
        truths = {(row[1], row[2]) for row in self.tables["truths"]}
        conflicts = (ConflictRow._make(row).image for row in self.tables["conflicts"])
        edited = (row.image for row in map(LineRow._make, self.tables["history"]))
        mentioned = {*stored.values(), *conflicts, *(image for image, _ in truths)}
        mentioned |= {image for image in edited if image is not None}
        nameless = sorted(mentioned - set(self.images))
        lost = max(gaps, len(nameless))
        models = {row[0]: ModelRow._make(row) for row in self.tables["models"]}
        for found in map(DetectionsRow._make, self.tables["detections"]):
            models.setdefault(found.model, ModelRow(found.model, found.model_sha256))
        self.tables["models"] = [row for _, row in sorted(models.items())]
        uncounted = 0
        lost_truths = 0
        for row in self.images.values():
            known = row.model is not None and detections_number(row.id, row.model) in stored
            if not known and (row.state == "counted" or row.model is not None):
                uncounted += 1
                row = row._replace(model=None, state="waiting" if row.state == "counted" else row.state)
            kept = [source for source in row.truths.split() if (row.id, source) in truths]
            lost_truths += len(row.truths.split()) - len(kept)
            self.images[row.id] = row._replace(truths=" ".join(kept), digest=None)
        position = max((row.position for row in self.images.values()), default=0)
        for number in nameless:
            position += 1
            name = str(folder / f"unreadable name {number}")
            sources = " ".join(source for image, source in sorted(truths) if image == number)
            row = self._without_path.get(number)
            if row is None:
                known = [model for model, image in by_model if image == number]
                row = ImageRow(number, 0, 0, "", None, model=known[0] if len(known) == 1 else None, truths=sources)
            self.images[number] = row._replace(position=position, path=name)
        self._lost(lost, ngettext("{n:,} image was lost.", "{n:,} images were lost.", lost))
        left = ngettext(
            "Cells or edits are left of {n:,} lost image: look for the file.",
            "Cells or edits are left of {n:,} lost images: look for the files.",
            len(nameless),
        )
        self._lost(len(nameless), left)
        again = ngettext(
            "The detections of {n:,} image were lost: count it again.",
            "The detections of {n:,} images were lost: count them again.",
            uncounted,
        )
        self._lost(uncounted, again)
        self._lost(lost_truths, ngettext("{n:,} ground truth was lost.", "{n:,} ground truths were lost.", lost_truths))


def _gaps(rows: Collection[int]) -> int:
    """Return how many rows are missing below the last one; rows are never deleted."""
    return max(rows, default=0) - len(rows)
