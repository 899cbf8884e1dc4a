"""What the program remembers of the person's taste: geometry, theme, colours. Never a result."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QSettings

from core.classes import PALETTES, PAPER, Palette
from gui.widgets.theme import Theme

_MOST_RECENT = 8


class Preferences:
    """Typed access to the settings file of the user."""

    def __init__(self, store: QSettings | None = None) -> None:
        self._store = store or QSettings("SmearCount", "SmearCount")

    @property
    def theme(self) -> Theme:
        """The colours of the window."""
        name = self._store.value("theme", Theme.SYSTEM.value, type=str)
        return next((theme for theme in Theme if theme.value == name), Theme.SYSTEM)

    @theme.setter
    def theme(self, theme: Theme) -> None:
        self._store.setValue("theme", theme.value)

    @property
    def palette(self) -> Palette:
        """The colours of the classes."""
        name = self._store.value("palette", PAPER.name, type=str)
        return next((palette for palette in PALETTES if palette.name == name), PAPER)

    @palette.setter
    def palette(self, palette: Palette) -> None:
        self._store.setValue("palette", palette.name)

    @property
    def show_labels(self) -> bool:
        """Whether class and probability are written on the boxes."""
        return bool(self._store.value("show_labels", True, type=bool))

    @show_labels.setter
    def show_labels(self, shown: bool) -> None:
        self._store.setValue("show_labels", shown)

    @property
    def show_ghosts(self) -> bool:
        """Whether candidates just below the threshold are shown dotted."""
        return bool(self._store.value("show_ghosts", False, type=bool))

    @show_ghosts.setter
    def show_ghosts(self, shown: bool) -> None:
        self._store.setValue("show_ghosts", shown)

    @property
    def gallery_of_all(self) -> bool:
        """Whether the gallery shows the cells of all pictures."""
        return bool(self._store.value("gallery_of_all", False, type=bool))

    @gallery_of_all.setter
    def gallery_of_all(self, everything: bool) -> None:
        self._store.setValue("gallery_of_all", everything)

    @property
    def tally_sound(self) -> bool:
        """Whether each mark of a count by hand makes a sound."""
        return bool(self._store.value("tally_sound", False, type=bool))

    @tally_sound.setter
    def tally_sound(self, sound: bool) -> None:
        self._store.setValue("tally_sound", sound)

    @property
    def person(self) -> str:
        """The name that signs corrections; empty until it was asked for."""
        return str(self._store.value("person", "", type=str))

    @person.setter
    def person(self, name: str) -> None:
        self._store.setValue("person", name)

    @property
    def recent_sessions(self) -> list[str]:
        """The paths of the sessions that were open last, the latest first."""
        value = self._store.value("recent_sessions", [], type=list)
        return [str(path) for path in value] if isinstance(value, list) else []

    def add_recent_session(self, path: str) -> None:
        """Put a session at the head of the recent ones."""
        rest = [other for other in self.recent_sessions if other != path]
        self._store.setValue("recent_sessions", [path, *rest][:_MOST_RECENT])

    @property
    def unfinished_session(self) -> str:
        """The path of the session that is open now, or was when the program was killed; empty after a proper end."""
        return str(self._store.value("unfinished_session", "", type=str))

    @unfinished_session.setter
    def unfinished_session(self, path: str) -> None:
        self._store.setValue("unfinished_session", path)
        self._store.sync()  # whoever kills the program does not wait for Qt to write

    @property
    def report_fields(self) -> list[str]:
        """The names of the fields that the laboratory fills in about a sample."""
        return self._texts("report_fields", [])

    @report_fields.setter
    def report_fields(self, names: list[str]) -> None:
        self._store.setValue("report_fields", names)

    @property
    def report_choices(self) -> list[str]:
        """What was chosen when a result was handed in last."""
        return self._texts("report_choices", ["pdf", "xlsx", "pictures", "verification", "history"])

    @report_choices.setter
    def report_choices(self, choices: list[str]) -> None:
        self._store.setValue("report_choices", choices)

    def _texts(self, key: str, default: list[str]) -> list[str]:
        value = self._store.value(key, default)  # an INI file makes a text of a list of one
        if isinstance(value, str):
            return [value]
        return [str(text) for text in value] if isinstance(value, list) else default

    def key(self, action: str) -> str | None:
        """Return the key that the person gave an action; None if it has its own, "" if it has none."""
        return (
            str(self._store.value(f"keys/{action}", "", type=str)) if self._store.contains(f"keys/{action}") else None
        )

    def set_key(self, action: str, key: str | None) -> None:
        """Give an action another key; None goes back to its own."""
        if key is None:
            self._store.remove(f"keys/{action}")
        else:
            self._store.setValue(f"keys/{action}", key)

    @property
    def folder(self) -> str:
        """The folder of the last file dialog."""
        return str(self._store.value("folder", "", type=str))

    @folder.setter
    def folder(self, folder: str) -> None:
        self._store.setValue("folder", folder)

    @property
    def sessions_folder(self) -> str:
        """The folder in which new sessions are made; "" is the usual one."""
        return str(self._store.value("sessions_folder", "", type=str))

    @sessions_folder.setter
    def sessions_folder(self, folder: str) -> None:
        self._store.setValue("sessions_folder", folder)

    @property
    def verify_geometry(self) -> QByteArray:
        """Size and place of the window that checks the counts; empty before it was first closed."""
        value = self._store.value("verify_geometry", QByteArray(), type=QByteArray)
        return value if isinstance(value, QByteArray) else QByteArray()

    @verify_geometry.setter
    def verify_geometry(self, geometry: QByteArray) -> None:
        self._store.setValue("verify_geometry", geometry)

    @property
    def geometry(self) -> QByteArray:
        """Size and place of the window; empty at the first start."""
        value = self._store.value("geometry", QByteArray(), type=QByteArray)
        return value if isinstance(value, QByteArray) else QByteArray()

    @geometry.setter
    def geometry(self, geometry: QByteArray) -> None:
        self._store.setValue("geometry", geometry)
