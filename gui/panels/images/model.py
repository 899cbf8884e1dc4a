"""The images as rows: which are shown, in which order and groups, and what is written on them."""

from __future__ import annotations

import html
import os
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QStringListModel, Qt

from core.classes import short_name
from core.counting.quality import Grade
from core.text import gettext, ngettext
from gui.panels.images.filters import PASSES, Order, Show, folded, natural_key, state_key
from gui.widgets.names import Names
from gui.workspace.images import ImageItem, State

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.counting.quality import FieldQuality
    from core.imaging.reading import CommonSpan
    from gui.workspace.workspace import Workspace

_STATE_TEXTS = {
    State.WAITING: gettext("waiting"),
    State.COUNTING: gettext("counting…"),
    State.COUNTED: gettext("counted"),
    State.FAILED: gettext("could not be counted"),
}
_Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Group:
    """The heading of a folder, above its images."""

    folder: Path
    images: int


class ImageListModel(QStringListModel):
    """The workspace's images, filtered and sorted; where they come from several folders, by folder under headings.

    Places in this list are *places*; places in ``workspace.images.items`` are *rows*. A QSortFilterProxyModel
    would compare through Python: 0.5 s for 13,000 images, where sorting a list takes milliseconds. The
    strings of the base are the places only; with it the view lays its rows out without asking Python for each.
    """

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self.show = Show.ALL
        self.order: Order | str = Order.OPENED
        self._workspace = workspace
        self._terms: list[str] = []
        self._rows: list[int] = []
        self._lines: list[int | Group] = []
        self._places: list[int] = []
        self._ranks: list[int] = []
        self._names: Names | None = None
        self._folders: list[str] = []

    # -- rows and places ---------------------------------------------------------------------

    @property
    def rows(self) -> Sequence[int]:
        """The rows that are shown, in order."""
        return self._rows

    @property
    def filtered(self) -> bool:
        """Whether a filter is set."""
        return bool(self._terms) or self.show is not Show.ALL

    def item(self, index: _Index) -> ImageItem | None:
        """Return the image of an index."""
        line, items = self._line(index), self._workspace.images.items
        return items[line] if isinstance(line, int) and line < len(items) else None

    def group(self, index: _Index) -> Group | None:
        """Return the folder of which an index is the heading."""
        line = self._line(index)
        return line if isinstance(line, Group) else None

    def _line(self, index: _Index) -> int | Group | None:
        return self._lines[index.row()] if index.isValid() and index.row() < len(self._lines) else None

    def index_of(self, row: int) -> QModelIndex:
        """Return the index of a row; an invalid one if it is not shown."""
        place = self._places[row] if 0 <= row < len(self._places) else -1
        return self.index(place) if place >= 0 else QModelIndex()

    def neighbour(self, row: int, by: int) -> int | None:
        """Return the row ``by`` places after (before) a row, which need not be shown itself."""
        if not 0 <= row < len(self._ranks):
            place = by - 1 if by > 0 else len(self._rows) + by
        elif by > 0:
            place = bisect_right(self._rows, self._ranks[row], key=self._ranks.__getitem__) + by - 1
        else:
            place = bisect_left(self._rows, self._ranks[row], key=self._ranks.__getitem__) + by
        return self._rows[place] if 0 <= place < len(self._rows) else None

    def scale(self, item: ImageItem) -> CommonSpan | None:
        """Return by what the deep samples of an image were scaled; None if there is nothing to know."""
        return self._workspace.images.scale(item)

    def flags(self, index: _Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren
        return flags if self.item(index) is not None else Qt.ItemFlag.NoItemFlags

    # -- filter and order --------------------------------------------------------------------

    def reload(self) -> None:
        """Take the images of the workspace anew."""
        self._names = None
        self._folders = [os.path.dirname(item.path) for item in self._workspace.images.items]
        self._show_rows(*self._arranged())

    def set_filter(self, text: str, show: Show) -> None:
        """Show the images whose name contains every word of a text, and that are as far as ``show``."""
        self._terms, self.show = folded(text).split(), show
        self.arrange()

    def arrange(self, keep: int = -1) -> None:
        """Filter and sort again. The row ``keep`` stays although it no longer passes, if it is shown now."""
        ranks, rows = self._arranged(keep if self.index_of(keep).isValid() else -1)
        if rows != self._rows or len(ranks) != len(self._ranks):
            self._show_rows(ranks, rows)
        else:
            self._ranks = ranks

    @property
    def depends_on_progress(self) -> bool:
        """Whether what is done with an image can move or hide its row."""
        return self.show is not Show.ALL or self.order not in (Order.OPENED, Order.NAME)

    def _arranged(self, keep: int = -1) -> tuple[list[int], list[int]]:
        """Return the rank of each row in the present order, and the rows that are shown."""
        items = self._workspace.images.items
        key = self._sort_key()
        order = sorted(range(len(items)), key=lambda row: key(items[row])) if key else list(range(len(items)))
        if self._grouped:
            first = {folder: place for place, folder in enumerate(dict.fromkeys(self._folders))}
            order.sort(key=lambda row: first[self._folders[row]])
        ranks = [0] * len(order)
        for rank, row in enumerate(order):
            ranks[row] = rank
        if not self.filtered:
            return ranks, order
        return ranks, [row for row in order if row == keep or self._passes(items[row])]

    def _sort_key(self) -> Callable[[ImageItem], Any] | None:
        match self.order:
            case Order.OPENED:
                return None
            case Order.NAME:
                return lambda item: natural_key(item.path.name)
            case Order.STATE:
                return state_key
            case str(name):
                return lambda item: -(self._workspace.counts.known_counts(item.id) or {}).get(name, -1)

    def _passes(self, item: ImageItem) -> bool:
        if self.show is Show.OUTDATED:
            if not self.is_outdated(item):
                return False
        elif self.show is Show.DOUBTFUL:
            quality = self._workspace.quality.known(item.id)
            if quality is None or quality.pressing is None:
                return False
        elif self.show is not Show.ALL and not PASSES[self.show](item):
            return False
        if not self._terms:
            return True
        name = folded(item.path.name)
        return all(term in name for term in self._terms)

    def _show_rows(self, ranks: list[int], rows: list[int]) -> None:
        self._ranks, self._rows, self._lines = ranks, rows, self._with_headings(rows)
        self._places = [-1] * len(ranks)
        for place, line in enumerate(self._lines):
            if isinstance(line, int):
                self._places[line] = place
        self.setStringList([""] * len(self._lines))

    def _with_headings(self, rows: list[int]) -> list[int | Group]:
        """Put a heading before the images of each folder, if there are several."""
        if not self._grouped:
            return list(rows)
        groups: dict[str, list[int]] = {}
        for row in rows:
            groups.setdefault(self._folders[row], []).append(row)
        lines: list[int | Group] = []
        for folder, mine in groups.items():
            lines += [Group(Path(folder), len(mine)), *mine]
        return lines

    @property
    def _grouped(self) -> bool:
        """Whether the images come from several folders."""
        return any(folder != self._folders[0] for folder in self._folders)

    # -- what a row says ---------------------------------------------------------------------

    def update(self, image: int) -> None:
        """Show an image again that has changed."""
        index = self.index_of(self._workspace.images.position(image))
        if index.isValid():
            self.dataChanged.emit(index, index)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        item, group = self.item(index), self.group(index)
        if group is not None:
            return self._heading(group, role)
        if item is None:
            return None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return item.path.name
            case Qt.ItemDataRole.ToolTipRole:
                return self._tool_tip(item)
            case Qt.ItemDataRole.AccessibleTextRole:
                quality = self.quality(item)
                doubt = [] if quality is None else [quality.texts[0]]
                return ", ".join([item.path.name, "  ".join(self.summary(item)), *self._marks(item), *doubt])
        return None

    def _heading(self, group: Group, role: int) -> str | None:
        if role == Qt.ItemDataRole.ToolTipRole:
            return str(group.folder)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{group.folder.name}, {self.heading_note(group)}"
        return group.folder.name if role == Qt.ItemDataRole.DisplayRole else None

    def heading_note(self, group: Group) -> str:
        """Return what stands below the name of a folder."""
        return ngettext("{n:,} image", "{n:,} images", group.images).format(n=group.images)

    @property
    def names(self) -> Names:
        """The names of all images, to be shortened where they do not differ."""
        if self._names is None:
            self._names = Names(item.path.name for item in self._workspace.images.items)
        return self._names

    def summary(self, item: ImageItem) -> list[str]:
        """Return the count of each class of an image, or its state, in a few words."""
        counts = self._shown_counts(item)
        if counts is None:
            return [_STATE_TEXTS[item.state]]
        return [f"{short_name(name)} {number}" for name, number in counts.items()]

    def quality(self, item: ImageItem) -> FieldQuality | None:
        """Return the quality to show on an image's row: none if it is good, or if it would lead the eye."""
        quality = None if self._workspace.tally.hides_counts else self._workspace.quality.known(item.id)
        return None if quality is None or quality.grade is Grade.GOOD else quality

    def reason(self, item: ImageItem) -> str:
        """Return why an image asks for the user, or ""."""
        if item.error:
            return item.error.removeprefix(f"{item.path}: ")
        quality = self.quality(item)
        pressing = None if quality is None else quality.pressing
        return "" if pressing is None else pressing.text

    def _marks(self, item: ImageItem) -> list[str]:
        """Return what the marks at the end of a row say."""
        marks = []
        if item.edited:
            marks.append(ngettext("{n} cell edited", "{n} cells edited", item.edited).format(n=item.edited))
        if item.reviewed:
            marks.append(
                gettext("reviewed before the count changed") if self.is_outdated(item) else gettext("reviewed")
            )
        first = self._workspace.duplicates.original(item.id)
        if first is not None:
            marks.append(gettext("a copy of {name}").format(name=first.path.name))
        return marks

    def is_outdated(self, item: ImageItem) -> bool:
        """Tell whether a reviewed image no longer counts as it did when it was reviewed."""
        return self._workspace.reviews.is_outdated(item.id)

    def _shown_counts(self, item: ImageItem) -> dict[str, int] | None:
        """Return the counts of an image unless they would lead the eye of a person who counts by hand."""
        return None if self._workspace.tally.hides_counts else self._workspace.counts.counts(item.id)

    def _tool_tip(self, item: ImageItem) -> str:
        """Return path, state, error and notices, one below the other."""
        counts = self._shown_counts(item)
        state = _STATE_TEXTS[item.state].capitalize()
        if counts is not None:
            state += ": " + ", ".join(f"{number}\N{NO-BREAK SPACE}{name}" for name, number in counts.items())
        error = item.error.removeprefix(f"{item.path}: ")
        quality = None if counts is None else self._workspace.quality.assess(item.id)
        reasons = quality.texts if quality is not None else ()
        lines = [
            state,
            *(mark[:1].upper() + mark[1:] for mark in self._marks(item)),
            error[:1].upper() + error[1:],
            *item.notices,
            *reasons,
        ]
        body = "".join(f"<br>{html.escape(line)}" for line in lines if line)
        return f"<html><b>{html.escape(str(item.path))}</b>{body}</html>"
