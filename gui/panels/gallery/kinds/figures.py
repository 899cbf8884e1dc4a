"""How well the kinds are told apart: precision and recall of each, and which are taken for which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHeaderView, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from core.kinds.examples import FEWEST
from core.kinds.figures import KindFigures, how_measured
from core.text import gettext, ngettext
from gui.widgets.forms import heading
from gui.widgets.plots.confusion import ConfusionTable, in_order, share_columns
from gui.widgets.tables import Column, CopyTable, ValueTableModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.kinds.figures import Figures
    from core.kinds.tree import KindTree
_BALANCED = gettext("Of each kind {percent:.0f} % are suggested rightly, on average")


class FiguresPage(QScrollArea):
    """Honest figures of the kinds of one class."""

    cells_wanted = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("piles")
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._tree: KindTree | None = None
        self.how, self.few, self.balanced = QLabel(), QLabel(), QLabel()
        for label in (self.how, self.few):
            label.setWordWrap(True)
            label.setObjectName("faint")
        self.balanced.setObjectName("pageHeading")
        self.table = CopyTable(gettext("Precision and recall of each kind"))
        self.model = ValueTableModel[KindFigures](self._columns(), self.table)
        self.table.setModel(self.model)
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.confusion = ConfusionTable(gettext("Which kinds are taken for which"))
        self.confusion.wanted.connect(self.cells_wanted)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(4, 4, 12, 12)
        column.setSpacing(8)
        self._parts = (
            self.table,
            heading(gettext("What users said (rows) and what would be suggested (columns); click to see the cells")),
            self.confusion,
        )
        for part in (self.balanced, self.how, self.few, *self._parts):
            column.addWidget(part)
        column.addStretch()
        self.setWidget(inside)

    def _columns(self) -> tuple[Column[KindFigures], ...]:
        return (
            Column(gettext("Kind"), self._name, number=False, widest=gettext("Immature granulocyte")),
            Column(gettext("Examples"), lambda row: f"{row.examples:,}", gettext("Cells that users named so")),
            Column(
                gettext("Accepted"),
                lambda row: f"{row.accepted:,}",
                gettext("Suggestions that users accepted: they teach, and are not measured"),
            ),
            *share_columns(
                gettext("Of the cells suggested as this kind, the share that is of it"),
                gettext("Of the cells of this kind, the share that is suggested as it"),
            ),
        )

    def _name(self, row: KindFigures) -> str:
        return row.kind if self._tree is None else self._tree.name(row.kind)

    def show_figures(self, figures: Figures | None, few: Mapping[str, int], tree: KindTree) -> None:
        """Show what cross-validation says; ``few``: kinds with too few examples, and how many they have."""
        self._tree = tree
        for part in self._parts:
            part.setVisible(figures is not None)
        lines = [_too_few(tree.name(kind), number) for kind, number in few.items()]
        self.few.setText("\n".join(lines))
        self.few.setVisible(bool(lines))
        if figures is None:
            self.balanced.setText(gettext("No figures yet"))
            self.how.setText(gettext("They come as soon as two kinds have three examples each."))
            return
        self.balanced.setText(
            gettext("Of each kind {percent:.0f} % are suggested rightly, on average").format(
                percent=100 * figures.balanced
            )
        )
        self.how.setText(f"{how_measured(figures.left_out)} {_accepted_text(figures.accepted)}".rstrip())
        self.model.show([figures.rows[place] for place in in_order(figures.kinds, tree)])
        rows = self.table.verticalHeader().defaultSectionSize() * len(figures.rows)
        self.table.setFixedHeight(self.table.horizontalHeader().sizeHint().height() + rows + 4)
        order = in_order(figures.kinds, tree)
        kinds = [figures.kinds[place] for place in order]
        self.confusion.show_counts(
            kinds,
            [*kinds, ""],
            figures.confusion[order][:, [*order, len(order)]],
            lambda key: tree.name(key) if key else gettext("Unsure"),
            _entry,
        )


def _entry(number: int, kind: str, suggested: str) -> str:
    """Return what an entry of the matrix says."""
    text = ngettext(
        "{n:,} cell that a user calls {kind}, suggested as {suggested}",
        "{n:,} cells that a user calls {kind}, suggested as {suggested}",
        number,
    )
    return text.format(n=number, kind=kind, suggested=suggested)


def _accepted_text(accepted: int) -> str:
    """Return what part accepted suggestions have, or ""."""
    text = ngettext(
        "{n:,} accepted suggestion teaches too, but is not measured: that would flatter.",
        "{n:,} accepted suggestions teach too, but are not measured: that would flatter.",
        accepted,
    )
    return text.format(n=accepted) if accepted else ""


def _too_few(kind: str, examples: int) -> str:
    text = ngettext(
        "{kind}: needs at least {least} examples, has {n}.",
        "{kind}: needs at least {least} examples, has {n}.",
        examples,
    )
    return text.format(kind=kind, least=FEWEST, n=examples)
