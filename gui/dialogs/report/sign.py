"""Signing: what the user puts a name under, and what nobody has looked at yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from core.counting.estimates import contradiction
from core.counting.quality import Grade
from core.kinds.differential import differential_text, unnamed_text
from core.report.content import ReportContent
from core.report.tables import local_time
from core.text import gettext, ngettext
from gui.widgets.forms import FittingDialog, faint, row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.report.sign_off import SignOff
    from gui.workspace.workspace import Workspace

_WIDTH = 460


class SignDialog(FittingDialog):
    """Shows the counts that are signed, and asks for the name."""

    signed = Signal(object)  # SignOff

    def __init__(
        self, workspace: Workspace, content: ReportContent | None = None, parent: QWidget | None = None
    ) -> None:
        """``content``: what the session says now; gathered if it is not given."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(gettext("Sign"))
        self.setMinimumWidth(_WIDTH)
        self._workspace = workspace
        self._content: ReportContent | None = None
        self._build()
        if content is None:
            workspace.reporting.gathered.connect(self._on_gathered)
            workspace.reporting.gather()
        else:
            self._on_gathered(content)

    def _build(self) -> None:
        self.counts = QLabel(gettext("Adding up the counts…"))
        self.counts.setObjectName("dialogTitle")
        self.differential = QLabel()
        self.differential.hide()
        self.open_points = QLabel()
        self.open_points.setObjectName("caution")
        self.open_points.hide()
        for label in (self.counts, self.differential, self.open_points):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.name = QLineEdit(self._workspace.store.user)
        self.name.setPlaceholderText(gettext("Your name"))
        self.name.setAccessibleName(gettext("Your name"))
        self.name.textChanged.connect(lambda *_: self._show_able())
        self.cancel_button = QPushButton(gettext("Cancel"))
        self.cancel_button.setAutoDefault(False)
        self.cancel_button.clicked.connect(lambda *_: self.reject())
        self.sign_button = QPushButton(gettext("Sign"))
        self.sign_button.setProperty("primary", True)
        self.sign_button.setDefault(True)
        self.sign_button.setEnabled(False)
        self.sign_button.clicked.connect(lambda *_: self._sign())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 16, 24, 16)
        layout.setSpacing(12)
        layout.addWidget(self.counts)
        layout.addWidget(self.differential)
        layout.addWidget(self.open_points)
        text = gettext("You are responsible for exactly these counts. Any later change marks them as superseded.")
        layout.addWidget(faint(text))
        layout.addWidget(self.name)
        layout.addStretch(1)
        layout.addLayout(row(None, self.cancel_button, self.sign_button))

    @Slot(object)
    def _on_gathered(self, outcome: ReportContent | Exception) -> None:
        if not isinstance(outcome, ReportContent):
            self.counts.setText(str(outcome))
            return
        self._content = outcome
        totals = " · ".join(f"{one.name} {one.count:,}" for one in outcome.totals)
        images = ngettext("{n:,} image", "{n:,} images", len(outcome.counted)).format(n=len(outcome.counted))
        sample = outcome.sample.id or gettext("Sample without id")
        self.counts.setText(f"{sample}\n{totals}\n{images}")
        lines = _differential_lines(outcome)
        self.differential.setText("\n".join(lines))
        self.differential.setVisible(bool(lines))
        points = open_points(outcome)
        if outcome.signed:
            text = gettext("{user} signed exactly these counts on {time}.")
            points = [text.format(user=outcome.signed.user, time=local_time(outcome.signed.time)), *points]
        self.open_points.setText("\n".join(points))
        self.open_points.setVisible(bool(points))
        self._show_able()

    def _show_able(self) -> None:
        able = self._content is not None and bool(self._content.counted) and self._workspace.store.writable
        self.sign_button.setEnabled(able and bool(self.name.text().strip()))

    def _sign(self) -> None:
        assert self._content is not None
        sign_off: SignOff | None = self._workspace.sign_offs.sign(self._content, self.name.text().strip())
        if sign_off is not None:
            self.signed.emit(sign_off)
            self.accept()


def _differential_lines(content: ReportContent) -> list[str]:
    """Return the differential count that is signed too, and what it says of the count of white cells."""
    kinds = content.kinds
    if kinds is None or kinds.white_cells is None:
        return []
    return [differential_text(kinds.white_cells, kinds.tree), *filter(None, (content.erythroblasts_text,))]


def open_points(content: ReportContent) -> list[str]:
    """Return what a report of this content lacks, a sentence each."""
    points: list[str] = []
    if not content.sample.id:
        points.append(gettext("The sample has no id."))
    if left := len(content.uncounted):
        text = ngettext("{n:,} image has no count.", "{n:,} images have no count.", left)
        points.append(text.format(n=left))
    if content.unreviewed:
        text = ngettext("Nobody has reviewed {n:,} image.", "Nobody has reviewed {n:,} images.", content.unreviewed)
        points.append(text.format(n=content.unreviewed))
    if content.changed:
        text = ngettext(
            "{n:,} image was reviewed before its count changed.",
            "{n:,} images were reviewed before their counts changed.",
            content.changed,
        )
        points.append(text.format(n=content.changed))
    poor = sum(one.quality is not None and one.quality.grade is Grade.POOR for one in content.counted)
    if poor:
        points.append(ngettext("{n:,} field is Poor.", "{n:,} fields are Poor.", poor).format(n=poor))
    if problem := contradiction(content.figures):
        points.append(problem)
    return [*points, *_open_differential(content)]


def _open_differential(content: ReportContent) -> Iterator[str]:
    """Yield what the differential count lacks, once it has begun."""
    kinds = content.kinds
    if kinds is None or kinds.differential is None or not (kinds.differential.cells or kinds.suggested_white_cells):
        return
    counted = kinds.differential
    if not counted.complete:
        text = gettext("The differential count has {cells:,} of {target:,} white cells.")
        yield text.format(cells=counted.cells, target=counted.target)
    for one in content.totals:
        if one.name == kinds.class_name and (text := unnamed_text(one.name, one.count, counted)):
            yield text
