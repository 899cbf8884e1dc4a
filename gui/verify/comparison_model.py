"""The comparison as a table: images by classes, each with the user's count, the program's, and the difference."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, Qt, Signal
from PySide6.QtGui import QBrush, QFont, QGuiApplication, QPalette

from core.numbers import NumberError, read_number
from core.text import gettext, ngettext, signed
from core.verification.ground_truth import GroundTruth, TruthSource, describe
from gui.widgets.names import without_shared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtCore import QObject

    from core.verification.figures import ClassFigures
    from gui.widgets.tables import Index
    from gui.workspace.images import ImageItem
    from gui.workspace.workspace import Workspace

TICK, NAME, _FIRST = 0, 1, 2
_LARGEST = 10_000_000
_MIDDLE = Qt.AlignmentFlag.AlignVCenter


class Part(Enum):
    """What a column of a class shows."""

    YOU = gettext("You")
    PROGRAM = gettext("Program")
    DIFFERENCE = gettext("Difference")


PARTS = tuple(Part)


@dataclass(frozen=True, eq=False)
class _Compared:
    """One image of the last comparison: its truth, and by class your count and the program's."""

    truth: GroundTruth
    counts: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])


class ComparisonModel(QAbstractTableModel):
    """The images of the session. Totals are typed here.

    The program's count of a class stays hidden until the user has a count of it, so that it cannot lead them.
    """

    figures_changed = Signal()

    def __init__(self, workspace: Workspace, parent: QObject) -> None:
        super().__init__(parent)
        self._verifier = verifier = workspace.verifier
        self._workspace = workspace
        self.classes: tuple[str, ...] = ()
        self._compared: dict[int, _Compared] = {}
        self._names: dict[int, str] = {}
        for signal in (
            self._workspace.images.changed,
            self._workspace.inference.model_changed,
            self._workspace.store.session_changed,
        ):
            signal.connect(self.reset)
        self._workspace.truths.changed.connect(self._on_truth_changed)
        verifier.options_changed.connect(self._on_options_changed)
        verifier.answered.connect(self._on_answered)
        self.reset()

    def reset(self) -> None:
        """Show the images of the session anew."""
        self.beginResetModel()
        self.classes = self._workspace.settings.classes
        items = self._workspace.images.items
        shown = without_shared([item.path.name for item in items])
        self._names = {item.id: name for item, name in zip(items, shown, strict=True)}
        self.endResetModel()

    # -- columns ---------------------------------------------------------------------------------------

    def place(self, column: int) -> tuple[str, Part] | None:
        """Return the class of a column and what it shows of it, None for the other columns."""
        label, part = divmod(column - _FIRST, len(PARTS))
        return (self.classes[label], PARTS[part]) if column >= _FIRST and label < len(self.classes) else None

    def column_of(self, name: str, part: Part = Part.YOU) -> int:
        """Return the column of a class."""
        return _FIRST + len(PARTS) * self.classes.index(name) + PARTS.index(part)

    def is_typed(self, column: int) -> bool:
        """Tell whether a column has the user's counts of a class."""
        place = self.place(column)
        return place is not None and place[1] is Part.YOU

    # -- numbers ---------------------------------------------------------------------------------------

    def item(self, row: int) -> ImageItem | None:
        """Return the image of a row."""
        items = self._workspace.images.items
        return items[row] if 0 <= row < len(items) else None

    def counts(self, item: ImageItem, name: str) -> tuple[int | None, int | None]:
        """Return the user's count of a class in an image, and the program's; None for what is not known or hidden."""
        truth, compared = self._workspace.truths.used(item.id), self._compared.get(item.id)
        if truth is None:
            return None, None
        if compared is not None and compared.truth is truth and name in compared.counts:
            return compared.counts[name]
        return truth.counts_for(self.classes)[self.classes.index(name)], None

    def figures(self, name: str) -> ClassFigures | None:
        """Return the figures of a class over all images that take part, None while there are none."""
        answer = self._verifier.answer
        one = answer.classes.get(name) if answer is not None else None
        return one if one is not None and one.images else None

    # -- what Qt asks --------------------------------------------------------------------------------

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._workspace.images.items)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else _FIRST + len(PARTS) * len(self.classes) + 1

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Vertical:
            return section + 1 if role == Qt.ItemDataRole.DisplayRole else None
        place = self.place(section)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignLeft if place is None else Qt.AlignmentFlag.AlignRight
            return side | Qt.AlignmentFlag.AlignBottom
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._heading_tip(section)
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if place is not None:
            return f"\n{place[1].value}"
        return {TICK: "", NAME: "\n" + gettext("Image")}.get(section, "\n" + gettext("Your count is from"))

    def _heading_tip(self, section: int) -> str:
        place = self.place(section)
        if place is None:
            return gettext("Tick images to compare only those (Space)") if section == TICK else ""
        return {
            Part.YOU: gettext("{name}: your own count; type it, or count by hand on the image"),
            Part.PROGRAM: gettext(
                "{name}: what the program counts at the present threshold; shown once you have counted"
            ),
            Part.DIFFERENCE: gettext("{name}: the program's count minus yours"),
        }[place[1]].format(name=place[0])

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if index.column() == TICK:
            return flags | Qt.ItemFlag.ItemIsUserCheckable
        item = self.item(index.row())
        if self.is_typed(index.column()) and item is not None and self._may_type(item):
            return flags | Qt.ItemFlag.ItemIsEditable
        return flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        item = self.item(index.row())
        if item is None:
            return None
        column = index.column()
        if role == Qt.ItemDataRole.CheckStateRole and column == TICK:
            ticked = item.id in self._verifier.options.ticked
            return Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            whole = column == NAME and role == Qt.ItemDataRole.EditRole
            return item.path.name if whole else self._text(item, column)
        if role == Qt.ItemDataRole.TextAlignmentRole and self.place(column) is not None:
            return Qt.AlignmentFlag.AlignRight | _MIDDLE
        if role == Qt.ItemDataRole.FontRole and column == NAME:
            font = QFont(QGuiApplication.font())
            font.setUnderline(True)
            return font
        if role == Qt.ItemDataRole.ForegroundRole and self._is_faint(item, column):
            return QBrush(QGuiApplication.palette().color(QPalette.ColorRole.PlaceholderText))
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleDescriptionRole):
            return self._tip(item, column) or None
        return None

    def _text(self, item: ImageItem, column: int) -> str:
        place = self.place(column)
        if place is None:
            truth = self._workspace.truths.used(item.id) if column > NAME else None
            source = "" if truth is None or not truth.classes else describe(truth)
            return {TICK: "", NAME: self._names.get(item.id, item.path.name)}.get(column, source)
        name, part = place
        you, program = self.counts(item, name)
        if part is Part.YOU:
            return "" if you is None else str(you)
        if you is None or program is None:
            return ""
        return str(program) if part is Part.PROGRAM else difference_text(program - you)

    def _is_faint(self, item: ImageItem, column: int) -> bool:
        place = self.place(column)
        if place is None:
            return column > NAME
        you, program = self.counts(item, place[0])
        if place[1] is Part.YOU:
            return not self._may_type(item)
        return place[1] is Part.DIFFERENCE and you == program

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        item, place = self.item(index.row()), self.place(index.column())
        if item is None:
            return False
        if role == Qt.ItemDataRole.CheckStateRole and index.column() == TICK:
            ticked = self._verifier.options.ticked
            on = Qt.CheckState(value) == Qt.CheckState.Checked
            self._verifier.set_options(ticked=ticked | {item.id} if on else ticked - {item.id})
            return True
        editable = bool(self.flags(index) & Qt.ItemFlag.ItemIsEditable)
        if role != Qt.ItemDataRole.EditRole or place is None or not editable:
            return False
        number = _number(str(value))
        return number is not None and self._type(item, {place[0]: number})

    # -- typing ----------------------------------------------------------------------------------------

    def paste(self, row: int, column: int, cells: Sequence[Sequence[str]]) -> int:
        """Type a block of numbers from a place on, as it comes from a spreadsheet; return how many were taken.

        Its columns are the user's counts of one class after the other. What is no number is left out, such as
        headings, and so are images whose counts are not typed.
        """
        totals: dict[int, dict[str, int]] = {}
        taken = 0
        place = self.place(max(column, _FIRST))
        names = () if place is None else self.classes[self.classes.index(place[0]) :]
        for item, texts in zip(self._workspace.images.items[row:], cells, strict=False):
            numbers = {name: _number(text) for name, text in zip(names, texts, strict=False)}
            good = {name: number for name, number in numbers.items() if number is not None}
            changed = self._typed(item, good) if good and self._may_type(item) else None
            if changed is not None:
                totals[item.id] = changed
                taken += len(good)
        text = ngettext("Type the counts of {n:,} image", "Type the counts of {n:,} images", len(totals))
        return taken if self._workspace.truths.set_totals(totals, text.format(n=len(totals))) else 0

    def refuses(self, index: Index) -> bool:
        """Tell whether a count cannot be typed at a place because it comes from cells with a place."""
        item = self.item(index.row()) if index.isValid() else None
        if item is None or not self.is_typed(index.column()) or not self._workspace.store.writable:
            return False
        return not self._may_type(item)

    def _may_type(self, item: ImageItem) -> bool:
        truth = self._workspace.truths.used(item.id)
        return self._workspace.store.writable and (truth is None or truth.source is TruthSource.TYPED)

    def _typed(self, item: ImageItem, numbers: dict[str, int]) -> dict[str, int] | None:
        """Return the totals of an image with other numbers of some classes (-1: none); None if they are the same."""
        truth = self._workspace.truths.used(item.id)
        before = {} if truth is None else truth.counts()
        totals = {**before, **numbers}
        totals = {name: totals[name] for name in self.classes if totals.get(name, -1) >= 0}
        return None if totals == before else totals

    def _type(self, item: ImageItem, numbers: dict[str, int]) -> bool:
        totals = self._typed(item, numbers)
        if totals is None:
            return False
        text = ", ".join(f"{name} {number:,}" for name, number in totals.items()) or gettext("nothing")
        return self._workspace.truths.set_totals(
            {item.id: totals}, gettext("Counted by hand: {counts}").format(counts=text)
        )

    # -- what changes ------------------------------------------------------------------------------------

    def _on_answered(self) -> None:
        """Take over the numbers of the last comparison."""
        answer = self._verifier.answer
        self._compared = {}
        if answer is not None:
            self._compared = {one.image: _Compared(one.truth) for one in answer.request.checked}
            for name, one in answer.classes.items():
                for image, manual, counted in zip(one.images, one.manual.tolist(), one.counted.tolist(), strict=True):
                    self._compared[image].counts[name] = manual, counted
        if self.rowCount():
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, self.columnCount() - 1))
        self.figures_changed.emit()

    def _on_truth_changed(self, image: int) -> None:
        row = self._workspace.images.position(image)
        if row >= 0:
            self.dataChanged.emit(self.index(row, 0), self.index(row, self.columnCount() - 1))

    def _on_options_changed(self) -> None:
        if self.rowCount():
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, 0))

    def _tip(self, item: ImageItem, column: int) -> str:
        place = self.place(column)
        if place is None:
            tick = gettext("Tick images to compare only those (Space)")
            return {TICK: tick, NAME: gettext("{path}\nClick to open it").format(path=item.path)}.get(column, "")
        you, program = self.counts(item, place[0])
        if place[1] is Part.YOU:
            return "" if self._may_type(item) else _PLACED
        if you is None:
            return gettext("Hidden until you have counted, to keep your count unbiased")
        if program is None:
            return gettext("Not compared: not counted by the program yet, or not among the chosen images")
        return ""


_PLACED = gettext("These come from cells with a place. To type counts, choose “typed counts” below.")


def difference_text(difference: int) -> str:
    """Return a difference with its sign; 0 has none."""
    return signed(difference, 0) if difference else "0"


def _number(text: str) -> int | None:
    """Return a typed count; -1 for an empty one, None if it is no count."""
    if not text.strip():
        return -1
    try:
        value = int(read_number(text, whole=True))
    except NumberError:
        return None
    return value if 0 <= value <= _LARGEST else None
