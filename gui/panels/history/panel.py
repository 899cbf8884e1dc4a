"""Who did what and when, and where a correction and a later count do not agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QModelIndex,
    Qt,
    Signal,
)
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from core.text import gettext
from gui.panels.history.comment import CommentLine
from gui.panels.history.conflicts import ConflictPage
from gui.panels.history.table import HistoryModel, HistoryTable

if TYPE_CHECKING:
    from PySide6.QtGui import QShowEvent

    from gui.workspace.history import HistoryLine
    from gui.workspace.workspace import Workspace


class HistoryPanel(QWidget):
    """Who did what and when; and the conflicts of a count that was repeated."""

    name_wanted = Signal()

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self._stale = True
        self.model = HistoryModel(workspace, self)
        self.signed = QLabel()
        self.signed.setTextFormat(Qt.TextFormat.PlainText)
        self.signed.setObjectName("className")
        self.signed.setWordWrap(True)
        self.change = QPushButton(gettext("Change …"))
        self.change.setToolTip(gettext("The name that signs your corrections from now on"))
        self.change.clicked.connect(lambda *_: self.name_wanted.emit())
        self.only_current = QCheckBox(gettext("Only this image"))
        self.only_current.toggled.connect(lambda *_: self._read_again())
        self.table = HistoryTable(self.model)
        self.table.doubleClicked.connect(self._on_double_click)
        self.comment = CommentLine(workspace, self._marked_line)
        self.table.selectionModel().selectionChanged.connect(self.comment.refresh)
        self.empty = QLabel()
        self.empty.setObjectName("faint")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self.empty.setMargin(16)
        self.conflicts = ConflictPage(workspace)
        self.tabs = QTabWidget()
        self.tabs.tabBar().setAccessibleName(gettext("Pages of the history"))
        self.tabs.setObjectName("historyTabs")
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.addTab(self._build_history(), gettext("History"))
        self.tabs.addTab(self.conflicts, gettext("Conflicts"))
        name = QHBoxLayout()
        name.setContentsMargins(10, 8, 8, 4)
        name.addWidget(self.signed, 1)
        name.addWidget(self.change)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(name)
        layout.addWidget(self.tabs, 1)
        self.setAccessibleName(gettext("History"))
        workspace.store.user_changed.connect(self.show_person)
        workspace.history.changed.connect(self._on_history_changed)
        workspace.store.session_changed.connect(self._read_again)
        workspace.images.current_changed.connect(self._on_current_changed)
        workspace.conflicts.changed.connect(self._show_conflicts)
        workspace.images.changed.connect(self._show_conflicts)
        self.show_person()
        self._show_conflicts()

    def _build_history(self) -> QWidget:
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(self.table)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 8, 0, 0)
        inset = QHBoxLayout()
        inset.setContentsMargins(10, 0, 8, 0)
        inset.addWidget(self.only_current)
        column.addLayout(inset)
        column.addWidget(self.pages, 1)
        column.addWidget(self.comment)
        return page

    def _marked_line(self) -> HistoryLine | None:
        """Return the line that is marked in the table."""
        rows = self.table.selectionModel().selectedRows()
        return self.model.rows[rows[0].row()] if rows and rows[0].row() < len(self.model.rows) else None

    def show_person(self) -> None:
        """Show who signs the edits."""
        person = self.workspace.store.user
        self.signed.setText(
            gettext("Edits bear the name {person}").format(person=person)
            if person
            else gettext("Your corrections bear no name")
        )
        self.change.setText(gettext("Change …") if person else gettext("Your name …"))

    def show_conflicts(self) -> None:
        """Bring the conflicts to the front."""
        self.tabs.setCurrentWidget(self.conflicts)

    # -- what is shown -------------------------------------------------------------------------

    def _read_again(self) -> None:
        self._stale = True
        if self.isVisible():
            item = self.workspace.images.current
            only = self.only_current.isChecked()
            self._stale = False
            self.model.read(None if not only else item.id if item else -1)
            self.table.scrollToTop()
            self._show_state()

    def _show_state(self) -> None:
        self.show_person()
        self.empty.setText(
            gettext("Nothing was done in this image yet")
            if self.only_current.isChecked()
            else gettext("Nothing was done yet")
        )
        self.pages.setCurrentIndex(1 if self.model.rows else 0)
        self.table.fit_columns(one_picture=self.only_current.isChecked())

    def _on_history_changed(self) -> None:
        if self.isVisible() and not self._stale:
            self.model.read_on()
            self._show_state()
        else:
            self._stale = True

    def _on_current_changed(self, _image: int | None) -> None:
        if self.only_current.isChecked():
            self._read_again()

    def _show_conflicts(self) -> None:
        self.conflicts.refresh()
        count = len(self.conflicts.model.rows)
        self.tabs.setTabText(1, gettext("Conflicts ({count})").format(count=count) if count else gettext("Conflicts"))

    def _on_double_click(self, index: QModelIndex) -> None:
        image = self.model.rows[index.row()].image
        if image is None:
            return
        self.workspace.images.reveal(image)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.show_person()
        if self._stale:
            self._read_again()
