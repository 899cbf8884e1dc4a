"""Teaching sets: which one sorts this sample, and what is done with what was taught."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFrame,
    QLabel,
    QMessageBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from core.kinds.teaching_set import TEACHING_SET_SUFFIX
from core.text import gettext, ngettext
from gui.widgets.forms import faint, row
from gui.widgets.layout.answers import AnswerButton

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.kinds.teaching_set import TeachingSet
    from gui.preferences import Preferences
    from gui.workspace.workspace import Workspace

_FILES = gettext("Teaching sets") + f" (*{TEACHING_SET_SUFFIX})"
_WIDTH, _MARGIN, _SPACE = 560, 16, 12


class TeachingSetsDialog(QDialog):
    """Says what sorts the sample, and uses, leaves and saves teaching sets."""

    def __init__(self, workspace: Workspace, preferences: Preferences, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(gettext("Teaching sets"))
        self._workspace = workspace
        self._teaching = workspace.kinds.teaching
        self._preferences = preferences
        self.title, self.about = QLabel(), faint("")
        self.title.setObjectName("dialogTitle")
        self.title.setWordWrap(True)
        self.stop_button = _button(gettext("S&top using it"), self._teaching.stop)
        self.add_button = _button(gettext("&Add this sample's examples"), self._teaching.add)
        self.add_button.setToolTip(gettext("The set gets a new version with what was taught here"))
        self.merge_button = _button(gettext("Add another &set…"), self._merge)
        self.copy_button = _button(gettext("Save a &copy…"), self._copy)
        self.lock_button = _button(gettext("&Lock…"), self._ask_to_lock)
        self.lock_button.setToolTip(gettext("Nobody can add to it any more; a copy under another name is open again"))
        self.use_button = AnswerButton(
            gettext("Use a teaching set…"), gettext("Its examples sort this sample, together with those given here")
        )
        self.use_button.clicked.connect(lambda *_: self._use())
        self.save_button = AnswerButton(
            gettext("Save what was taught…"),
            gettext("The examples of this sample, with those of the set in use, in one file for other samples"),
        )
        self.save_button.clicked.connect(lambda *_: self._save())
        self._lay_out()
        self.setMinimumWidth(_WIDTH)
        self._teaching.changed.connect(self.refresh)
        workspace.kinds.typed.changed.connect(self.refresh)
        self.refresh()

    def _lay_out(self) -> None:
        card = QFrame()
        card.setObjectName("card")
        inside = QVBoxLayout(card)
        inside.setContentsMargins(_SPACE, _SPACE, _SPACE, _SPACE)
        inside.addWidget(self.title)
        inside.addWidget(self.about)
        inside.addLayout(row(self.add_button, self.merge_button, None))
        inside.addLayout(row(self.copy_button, self.lock_button, self.stop_button, None))
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        layout.setSpacing(_SPACE)
        for widget in (card, self.use_button, self.save_button, close):
            layout.addWidget(widget)

    def refresh(self, *_: object) -> None:
        """Show what sorts the sample now."""
        taught, title = self._teaching.set, self._teaching.title
        writable = self._workspace.store.writable
        if taught is not None:
            self.title.setText(gettext("Sorted by {title}").format(title=taught.title))
            self.about.setText(_about(taught))
        elif title:
            self.title.setText(gettext("Sorted by {title}, which is not there").format(title=title))
            self.about.setText(gettext("Choose its file again to have its examples sort this sample."))
        else:
            self.title.setText(gettext("No teaching set sorts this sample"))
            self.about.setText(gettext("Only the examples that were given here do."))
        self.stop_button.setEnabled(bool(title) and writable)
        said = any(self._workspace.kinds.typed.of(item.id) for item in self._workspace.images.items)
        open_ = taught is not None and not taught.locked and writable
        self.add_button.setEnabled(open_ and said)
        for button in (self.merge_button, self.lock_button):
            button.setEnabled(open_)
        self.copy_button.setEnabled(taught is not None)
        self.use_button.setEnabled(writable)
        self.save_button.setEnabled(said)

    def _use(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, gettext("Use a teaching set"), self._preferences.folder, _FILES)
        if name and self._teaching.use(Path(name)):
            self._preferences.folder = str(Path(name).parent)

    def _merge(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, gettext("Add another set"), self._preferences.folder, _FILES)
        if name:
            self._teaching.merge(Path(name))

    def _copy(self) -> None:
        path = self._ask_where(gettext("Save a copy of the set"), gettext("{name} copy").format(name=self._name))
        if path is not None and self._teaching.export(path):
            self._workspace.messages.info(gettext("{path} is saved.").format(path=path))

    def _ask_to_lock(self) -> None:
        box = QMessageBox(
            QMessageBox.Icon.Question,
            gettext("Lock the teaching set"),
            gettext("Lock {name}? It cannot be opened again; only a copy of it can be added to.").format(
                name=self._name
            ),
            QMessageBox.StandardButton.Cancel,
            self,
        )
        box.addButton(gettext("Lock it"), QMessageBox.ButtonRole.AcceptRole)
        box.accepted.connect(self._teaching.lock)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    @property
    def _name(self) -> str:
        return gettext("Our kinds") if self._teaching.set is None else self._teaching.set.header.name

    def _ask_where(self, title: str, named: str) -> Path | None:
        start = Path(self._preferences.folder or ".") / f"{named}{TEACHING_SET_SUFFIX}"
        name, _ = QFileDialog.getSaveFileName(self, title, str(start), _FILES)
        if not name:
            return None
        path = Path(name)
        return path if path.suffix == TEACHING_SET_SUFFIX else Path(f"{path}{TEACHING_SET_SUFFIX}")

    def _save(self) -> None:
        path = self._ask_where(gettext("Save what was taught"), self._name)
        if path is not None and self._teaching.save(path, path.stem):
            self._preferences.folder = str(path.parent)
            self._workspace.messages.info(gettext("{path} is saved.").format(path=path))


def _button(text: str, do: Callable[[], object]) -> QPushButton:
    button = QPushButton(text)
    button.setAutoDefault(False)
    button.clicked.connect(lambda *_: do())
    return button


def _about(taught: TeachingSet) -> str:
    """Return what a set is made of, by whom and when."""
    header = taught.header
    samples = ngettext("{n:,} sample", "{n:,} samples", len(header.samples)).format(n=len(header.samples))
    examples = ngettext("{n:,} example", "{n:,} examples", len(taught)).format(n=len(taught))
    kinds = len({cell.kind for cell in header.cells})
    told = ngettext("{n:,} kind", "{n:,} kinds", kinds).format(n=kinds)
    text = gettext("{examples} of {kinds} from {samples}; made by {user} on {day}.").format(
        examples=examples, kinds=told, samples=samples, user=header.made_by or "–", day=header.made[:10] or "–"
    )
    if header.lock is not None:
        locked = gettext("Locked by {user} on {day}: it is not changed any more.")
        text = f"{text} {locked.format(user=header.lock.user, day=header.lock.time[:10])}"
    return text
