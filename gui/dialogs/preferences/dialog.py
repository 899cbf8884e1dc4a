"""Preferences: each takes effect at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QDialog, QFormLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from core.classes import COLOUR_BLIND_SAFE, PALETTES, PAPER
from core.text import gettext
from gui.dialogs.preferences.paths import FolderChoice, ProfileChoice
from gui.preferences import Theme
from gui.widgets.colour import swatch
from gui.widgets.forms import faint, heading, row
from gui.widgets.theme import SPACE
from gui.widgets.wheel_safe import QuietComboBox

if TYPE_CHECKING:
    from gui.preferences import Preferences
    from gui.workspace.workspace import Workspace

_WIDTH = 540
_THEMES = {
    Theme.SYSTEM: gettext("As the system"),
    Theme.LIGHT: gettext("Light"),
    Theme.DARK: gettext("Dark"),
}
_PALETTES = {PAPER.name: gettext("Usual colours"), COLOUR_BLIND_SAFE.name: gettext("Colour-blind safe")}


class PreferencesDialog(QDialog):
    """Name, looks, folders, and the laboratory's own fields and profile."""

    palette_chosen = Signal(object)  # Palette
    theme_chosen = Signal(object)  # Theme
    profile_chosen = Signal(object)  # Path of the profile of new samples, or None
    keys_wanted = Signal()

    def __init__(self, workspace: Workspace, preferences: Preferences, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(gettext("Preferences"))
        self._workspace = workspace
        self._preferences = preferences
        self._build_user()
        self._build_looks()
        self._build_folders()
        close = QPushButton(gettext("Close"))
        close.setDefault(True)
        close.clicked.connect(lambda *_: self.accept())
        keys = QPushButton(gettext("Keyboard shortcuts"))
        keys.setAutoDefault(False)
        keys.clicked.connect(lambda *_: self.keys_wanted.emit())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE[4], SPACE[3], SPACE[4], SPACE[3])
        layout.setSpacing(SPACE[1])
        layout.addLayout(self._form())
        layout.addStretch(1)
        layout.addLayout(row(keys, None, close))
        self.setMinimumWidth(_WIDTH)

    # -- construction --------------------------------------------------------------------------

    def _build_user(self) -> None:
        self.name = QLineEdit(self._workspace.store.user)
        self.name.editingFinished.connect(self._take_name)
        self.fields = QLineEdit(", ".join(self._preferences.report_fields))
        self.fields.setPlaceholderText(gettext("such as: Patient, Ward, Stain"))
        self.fields.editingFinished.connect(self._take_fields)
        self.sound = QCheckBox(gettext("A sound for each mark of a manual count"))
        self.sound.setChecked(self._preferences.tally_sound)
        self.sound.toggled.connect(self._take_sound)

    def _build_looks(self) -> None:
        self.theme = QuietComboBox()
        for theme, text in _THEMES.items():
            self.theme.addItem(text, theme)
        self.theme.setCurrentIndex(list(_THEMES).index(self._preferences.theme))
        self.theme.activated.connect(lambda place: self.theme_chosen.emit(list(_THEMES)[place]))
        self.palette_box = QuietComboBox()
        for palette in PALETTES:
            first = next(iter(palette.fixed.values()))
            self.palette_box.addItem(swatch(first), _PALETTES.get(palette.name, palette.name))
        self.palette_box.setCurrentIndex(PALETTES.index(self._preferences.palette))
        self.palette_box.activated.connect(lambda place: self.palette_chosen.emit(PALETTES[place]))

    def _build_folders(self) -> None:
        self.sessions = FolderChoice(
            gettext("Where should new sessions be kept?"),
            str(self._workspace.store.folder),
            str(self._preferences.usual_sessions),
        )
        self.sessions.chosen.connect(self._take_sessions_folder)
        self.reports = FolderChoice(
            gettext("Where should reports be put?"), self._preferences.reports_folder, gettext("Beside the images")
        )
        self.reports.chosen.connect(self._take_reports_folder)

        self.profile = ProfileChoice(
            gettext("By which profile should new samples be counted?"), self._preferences.profile
        )
        self.profile.chosen.connect(lambda path: self.profile_chosen.emit(Path(path) if path else None))

    def _form(self) -> QFormLayout:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setHorizontalSpacing(SPACE[3])
        form.setVerticalSpacing(SPACE[1])
        form.addRow(heading(gettext("YOU AND YOUR LABORATORY")))
        form.addRow(gettext("Your &name"), self.name)
        form.addRow("", faint(gettext("What you change and sign is kept with this name.")))
        form.addRow(gettext("&Fields of a sample"), self.fields)
        form.addRow("", self.sound)
        form.addRow(heading(gettext("LOOKS")))
        form.addRow(gettext("&Theme"), self.theme)
        form.addRow(gettext("&Class colours"), self.palette_box)
        form.addRow(heading(gettext("FILES AND FOLDERS")))
        form.addRow(gettext("New &sessions"), self.sessions)
        form.addRow(gettext("&Reports"), self.reports)
        form.addRow(gettext("New samples &by profile"), self.profile)
        form.addRow("", self.profile.about)
        for place in range(form.rowCount()):
            item = form.itemAt(place, QFormLayout.ItemRole.SpanningRole)
            widget = None if item is None else item.widget()
            if widget is not None and place:
                widget.setContentsMargins(0, SPACE[2], 0, 0)
        return form

    # -- what is chosen ------------------------------------------------------------------------

    def _take_name(self) -> None:
        name = self.name.text().strip()
        if name:
            self._workspace.store.user = self._preferences.person = name

    def _take_fields(self) -> None:
        self._preferences.report_fields = [name.strip() for name in self.fields.text().split(",") if name.strip()]

    def _take_sound(self, wanted: bool) -> None:
        self._preferences.tally_sound = wanted

    def _take_sessions_folder(self, folder: str) -> None:
        self._preferences.sessions_folder = folder
        self._workspace.store.folder = self._preferences.sessions

    def _take_reports_folder(self, folder: str) -> None:
        self._preferences.reports_folder = folder

    def done(self, result: int) -> None:
        self._take_name()
        self._take_fields()
        super().done(result)
