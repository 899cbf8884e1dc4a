"""What the tables of the results show: the images with their counts, and the manual counts beside the program's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QIcon

from core.counting.quality import Grade
from core.text import gettext, ngettext
from gui.widgets.grade import grade_pixmap
from gui.widgets.names import Names
from gui.widgets.tables import Column, ValueTableModel
from gui.workspace.images import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from PySide6.QtCore import QObject

    from core.counting.quality import FieldQuality
    from gui.workspace.images import ImageItem
    from gui.workspace.workspace import Workspace

_GRADE_ORDER = {Grade.POOR: 0, Grade.CHECK: 1, Grade.GOOD: 3}
_STATES = {
    State.WAITING: gettext("waits"),
    State.COUNTING: gettext("counting"),
    State.COUNTED: "",
    State.FAILED: gettext("failed"),
}
_ARROWS = {
    Qt.SortOrder.AscendingOrder: "\N{BLACK UP-POINTING SMALL TRIANGLE}",
    Qt.SortOrder.DescendingOrder: "\N{BLACK DOWN-POINTING SMALL TRIANGLE}",
}
TOTAL = -1
"""The row of the sums, in place of the id of an image; it stays at the end."""


class Key(NamedTuple):
    """What a column is sorted by: rows without a value come last, whatever the order."""

    column: Column[int]
    value: Callable[[int], Any]


class ImagesModel(ValueTableModel[int]):
    """A table with a row for each image. Rows are ids: nothing is read before it is shown.

    A change moves no row: rows are sorted when a heading is clicked, and when there are other images.
    """

    def __init__(self, workspace: Workspace, parent: QObject) -> None:
        super().__init__((), parent)
        self.workspace = workspace
        self.keys: tuple[Key, ...] = ()
        self._places: dict[int, int] = {}
        self._names: Names | None = None
        self._order = (0, Qt.SortOrder.AscendingOrder)

    def set_keys(self, keys: Sequence[Key]) -> None:
        """Show other columns."""
        self.beginResetModel()
        self.keys = tuple(keys)
        self.columns = tuple(key.column for key in keys)
        self._order = (0, Qt.SortOrder.AscendingOrder)
        self.endResetModel()

    def show_images(self, images: Sequence[int]) -> None:
        """Show other images, sorted as before."""
        self.beginResetModel()
        self._names = None
        self._arrange(images)
        self.endResetModel()

    @property
    def names(self) -> Names:
        """The names of all images, to be shortened where they do not differ."""
        if self._names is None:
            self._names = Names(item.path.name for item in self.workspace.images.items)
        return self._names

    def place(self, image: int) -> int:
        """Return the row of an image; -1 if it has none."""
        return self._places.get(image, -1)

    def refresh(self, images: Iterable[int]) -> None:
        """Show what has changed of images."""
        places = [place for image in images if (place := self._places.get(image)) is not None]
        if places:
            self.dataChanged.emit(self.index(min(places), 0), self.index(max(places), len(self.columns) - 1))

    def refresh_all(self) -> None:
        """Show what has changed of all images."""
        if self.rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.rows) - 1, len(self.columns) - 1))

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        text = super().headerData(section, orientation, role)
        if role == Qt.ItemDataRole.DisplayRole and section == self._order[0] and text is not None:
            return f"{text} {_ARROWS[self._order[1]]}"
        return text

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._order = (column, order)
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        ids = [self.rows[index.row()] for index in before]
        self._arrange(self.rows)
        after = [self.index(self._places[row], index.column()) for index, row in zip(before, ids, strict=True)]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, max(len(self.columns) - 1, 0))

    def lines(self) -> list[list[str]]:
        """Return the headings and the texts of all rows, as a spreadsheet reads numbers."""
        return [[text.replace("\n", " ").replace("\N{MINUS SIGN}", "-") for text in line] for line in super().lines()]

    def _arrange(self, images: Iterable[int]) -> None:
        column, order = self._order
        images = list(images)
        if column < len(self.keys):
            value = self.keys[column].value
            values = {image: value(image) for image in images if image != TOTAL}
            known = [image for image, one in values.items() if one is not None]
            known.sort(key=values.__getitem__, reverse=order is Qt.SortOrder.DescendingOrder)
            unknown = [image for image, one in values.items() if one is None]
            images = [*known, *unknown, *(image for image in images if image == TOTAL)]
        self.rows = images
        self._places = {image: place for place, image in enumerate(images)}


class FieldsModel(ImagesModel):
    """Each image with its counts, corrections, quality and review."""

    def __init__(self, workspace: Workspace, parent: QObject) -> None:
        super().__init__(workspace, parent)
        self._icons: dict[str, QIcon] = {}

    def show_classes(self) -> None:
        """Show the columns of the present classes."""
        images, reviews, quality = self.workspace.images, self.workspace.reviews, self.workspace.quality

        def number(image: int) -> int:
            return images.position(image) + 1

        def edited(image: int) -> int | None:
            item = images.item(image)
            return None if item is None else item.edited

        def grade(image: int) -> int | None:
            known = quality.known(image)
            return None if known is None else 2 if known.quiet else _GRADE_ORDER[known.grade]

        def reviewed(image: int) -> int:
            item = images.item(image)
            return 0 if item is None or not item.reviewed else 1 if reviews.is_outdated(image) else 2

        self.set_keys(
            (
                Key(Column[int](gettext("No."), lambda image: str(number(image)), widest="00000"), number),
                Key(Column[int](gettext("Image"), self.name, number=False), lambda image: self.name(image).casefold()),
                *(self._of_class(name) for name in self.workspace.settings.classes),
                Key(Column[int](gettext("Corrections"), lambda image: _few(edited(image))), edited),
                Key(Column[int](gettext("Field"), self._grade, number=False, widest="nnnnnnnn"), grade),
                Key(Column[int](gettext("Reviewed"), self._reviewed, number=False, widest="nnnnnnnn"), reviewed),
            )
        )

    @property
    def grade_column(self) -> int:
        """The column of the field's quality."""
        return len(self.columns) - 2

    def name(self, image: int) -> str:
        """Return the name of an image's file."""
        item = self.workspace.images.item(image)
        return "" if item is None else item.path.name

    def tip(self, row: int, column: int) -> str:
        item = self.workspace.images.item(self.rows[row])
        if item is None:
            return ""
        if column == self.grade_column:
            known = self.workspace.quality.known(item.id)
            return "\n".join(known.texts) if known is not None else item.error
        if column == len(self.columns) - 1:
            return self.workspace.reviews.text(item)
        if column == self.grade_column - 1:
            return self._corrections(item)
        return str(item.path)

    def look(self, row: int, column: int, role: int) -> Any:
        if role == Qt.ItemDataRole.DecorationRole and column == self.grade_column:
            known = self.workspace.quality.known(self.rows[row])
            return None if known is None else self._icon(known)
        return None

    def _of_class(self, name: str) -> Key:
        counts = self.workspace.counts

        def text(image: int) -> str:
            numbers = counts.counts(image)
            return "–" if numbers is None else str(numbers.get(name, 0))

        def value(image: int) -> int | None:
            numbers = counts.known_counts(image)
            return None if numbers is None else numbers.get(name, 0)

        return Key(Column[int](name, text), value)

    def _grade(self, image: int) -> str:
        item, known = self.workspace.images.item(image), self.workspace.quality.known(image)
        if known is not None:
            return known.word
        return "" if item is None else _STATES[item.state]

    def _reviewed(self, image: int) -> str:
        item = self.workspace.images.item(image)
        if item is None or not item.reviewed:
            return "–"
        return gettext("changed") if self.workspace.reviews.is_outdated(image) else gettext("yes")

    def _corrections(self, item: ImageItem) -> str:
        result = self.workspace.counts.result(item.id)
        if result is None or not item.edited:
            return ""
        parts = [f"{name}: {', '.join(row.steps)}" for name, row in result.ledger.items() if row.steps]
        text = ngettext("{n} cell corrected", "{n} cells corrected", item.edited).format(n=item.edited)
        return "\n".join([text, *parts])

    def _icon(self, quality: FieldQuality) -> QIcon:
        word = quality.word
        if word not in self._icons:
            self._icons[word] = QIcon()
            for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):
                self._icons[word].addPixmap(grade_pixmap(quality.grade, 2.0, quiet=quality.quiet), mode)
        return self._icons[word]


class ComparedModel(ImagesModel):
    """The images that were counted by hand: you, the program, and how far both are apart."""

    def __init__(self, workspace: Workspace, parent: QObject) -> None:
        super().__init__(workspace, parent)
        self._sums: dict[int, tuple[int | None, int | None]] = {}
        self.dataChanged.connect(self._sums.clear)
        self.modelReset.connect(self._sums.clear)

    def show_classes(self) -> None:
        """Show the columns of the present classes."""
        keys = [
            Key(Column[int](gettext("No."), self._number, widest="00000"), self.workspace.images.position),
            Key(Column[int](gettext("Image"), self._name, number=False), lambda image: self._name(image).casefold()),
        ]
        for label, name in enumerate(self.workspace.settings.classes):
            keys += self._of_class(label, name)
        self.set_keys(keys)

    def numbers(self, image: int, label: int) -> tuple[int | None, int | None]:
        """Return the manual count of a class and the program's, of an image or of all; None where there is none."""
        if image == TOTAL:
            if label not in self._sums:
                self._sums[label] = self._sum(label)
            return self._sums[label]
        counts, name = self.workspace.counts.counts(image), self.workspace.settings.classes[label]
        by_hand = self.workspace.manual_counts.counts(image)
        return by_hand[label] if label < len(by_hand) else None, None if counts is None else counts.get(name, 0)

    def refresh(self, images: Iterable[int]) -> None:
        """Show what has changed of images, and in the sums."""
        if any(image in self._places for image in images):
            self.refresh_all()

    def _sum(self, label: int) -> tuple[int | None, int | None]:
        pairs = [self.numbers(image, label) for image in self.rows if image != TOTAL]
        both = [(you, program) for you, program in pairs if you is not None and program is not None]
        return (sum(you for you, _ in both), sum(program for _, program in both)) if both else (None, None)

    def tip(self, row: int, column: int) -> str:
        image = self.rows[row]
        if image == TOTAL:
            return gettext("Of each class the images in which you counted it")
        return self.workspace.manual_counts.kind(image).capitalize()

    def look(self, row: int, column: int, role: int) -> Any:
        if role == Qt.ItemDataRole.FontRole and (self.rows[row] == TOTAL or (column % 3 == 1 and column > 1)):
            font = QFont()
            font.setBold(True)
            return font
        return None

    def _of_class(self, label: int, name: str) -> list[Key]:
        def difference(image: int) -> int | None:
            you, program = self.numbers(image, label)
            return None if you is None or program is None else program - you

        def far(image: int) -> int | None:
            apart = difference(image)
            return None if apart is None else abs(apart)

        def heading(text: str) -> str:
            return f"{name}\n{text}"

        return [
            Key(
                Column[int](heading(gettext("you")), lambda image: _few(self.numbers(image, label)[0], zero="0")),
                lambda image: self.numbers(image, label)[0],
            ),
            Key(
                Column[int](heading(gettext("program")), lambda image: _few(self.numbers(image, label)[1], zero="0")),
                lambda image: self.numbers(image, label)[1],
            ),
            Key(Column[int](heading(gettext("difference")), lambda image: _signed(difference(image))), far),
        ]

    def _number(self, image: int) -> str:
        return "" if image == TOTAL else str(self.workspace.images.position(image) + 1)

    def _name(self, image: int) -> str:
        if image == TOTAL:
            n = len(self.rows) - 1
            return ngettext("{n:,} image", "{n:,} images", n).format(n=n)
        item = self.workspace.images.item(image)
        return "" if item is None else item.path.name


def _few(number: int | None, zero: str = "–") -> str:
    return "–" if number is None else str(number) if number else zero


def _signed(number: int | None) -> str:
    return "–" if number is None else f"{number:+}".replace("-", "\N{MINUS SIGN}") if number else "0"
