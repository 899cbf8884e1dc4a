"""A line to comment on an edit, a cell or an image; the comment becomes a line of the history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QWidget

from core.text import gettext
from gui.widgets.class_names import plain_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from gui.workspace.history import HistoryLine
    from gui.workspace.workspace import Workspace


class CommentLine(QWidget):
    """Says what the comment will be about: the line that is marked, the cell that is selected, or the image."""

    def __init__(self, workspace: Workspace, marked: Callable[[], HistoryLine | None]) -> None:
        super().__init__()
        self._workspace = workspace
        self._marked = marked
        self.field = QLineEdit()
        self.field.setAccessibleName(gettext("Comment"))
        self.field.setClearButtonEnabled(True)
        self.field.returnPressed.connect(self._add)
        self.button = QPushButton(gettext("Add"))
        self.button.clicked.connect(lambda *_: self._add())
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 4, 8, 8)
        row.addWidget(self.field, 1)
        row.addWidget(self.button)
        for signal in (
            workspace.selection.changed,
            workspace.images.current_changed,
            workspace.store.session_changed,
        ):
            signal.connect(self.refresh)
        self.refresh()

    def refresh(self, *_: object) -> None:
        """Say what a comment would be about now."""
        about, _image = self._about()
        name = about or gettext("this image")
        text = gettext("Comment on {about}, such as the reason") if about else gettext("Comment on {about}")
        self.field.setPlaceholderText(text.format(about=name))
        self.field.setToolTip(gettext("It is kept in the history and in the report, with your name"))
        for widget in (self.field, self.button):
            widget.setEnabled(self._workspace.store.writable)

    def _about(self) -> tuple[str, int | None]:
        """Return what is commented on in words, "" for an image as a whole, and the image."""
        line, chosen = self._marked(), self._workspace.selection.all
        if line is not None:
            text = gettext("“{edit}” of {time:%H:%M}")
            return text.format(edit=line.text, time=line.time.astimezone()), line.image
        if len(chosen) == 1:
            cell = self._workspace.editing.cell_of(*chosen[0])
            if cell is not None:
                x, y = (cell.box[0] + cell.box[2]) / 2, (cell.box[1] + cell.box[3]) / 2
                text = gettext("the cell at {x:.0f}, {y:.0f} ({name})")
                return text.format(name=plain_name(cell.class_name), x=x, y=y), chosen[0][0]
        return "", self._workspace.images.current_id

    def _add(self) -> None:
        about, image = self._about()
        if self._workspace.history.comment(self.field.text(), image, about):
            self.field.clear()
