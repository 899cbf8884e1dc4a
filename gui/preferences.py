"""What the program remembers of a user's taste: geometry, theme, colours. Never a result."""

from __future__ import annotations

import getpass
import json
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from PySide6.QtCore import QByteArray, QSettings, QStandardPaths

from core.classes import PALETTES, PAPER
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")

_MOST_RECENT = 12
_MOST_SESSIONS = 50


class Theme(Enum):
    """Which colours the window has."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Preference(Generic[T]):
    """One remembered value; its default where nothing is stored, or nothing that can be used.

    Parameters
    ----------
    key
        of the settings file
    default
        whose type the value has; of a list, the items are texts
    choices
        the values that there are, by the names under which they are stored
    at_once
        write the file at each change: whoever kills the program does not wait for Qt to do it
    """

    def __init__(self, key: str, default: T, *, choices: Mapping[str, T] | None = None, at_once: bool = False) -> None:
        self._key = key
        self._default = default
        self._choices = choices
        self._at_once = at_once

    @overload
    def __get__(self, owner: None, kind: type) -> Preference[T]: ...
    @overload
    def __get__(self, owner: Preferences, kind: type) -> T: ...
    def __get__(self, owner: Preferences | None, kind: type) -> Preference[T] | T:
        if owner is None:
            return self
        default: Any = self._default
        if self._choices is not None:
            return self._choices.get(str(owner.store.value(self._key, "", type=str)), default)
        if isinstance(default, list):
            stored = owner.store.value(self._key, default)
            texts = [stored] if isinstance(stored, str) else stored  # an INI file makes a text of a list of one
            return [str(text) for text in texts] if isinstance(texts, list) else list(default)  # type: ignore[return-value]
        stored: Any = owner.store.value(self._key, default, type=type(default))
        return stored if isinstance(stored, type(default)) else default

    def __set__(self, owner: Preferences, value: T) -> None:
        stored: Any = value
        if self._choices is not None:
            stored = next(name for name, choice in self._choices.items() if choice == value)
        owner.store.setValue(self._key, stored)
        if self._at_once:
            owner.store.sync()


class Preferences:
    """Typed access to the settings file of the user."""

    theme = Preference("theme", Theme.SYSTEM, choices={theme.value: theme for theme in Theme})
    palette = Preference("palette", PAPER, choices={palette.name: palette for palette in PALETTES})
    show_labels = Preference("show_labels", False)
    """Whether all cells have their probabilities written on them, not only those worth reading."""
    show_ghosts = Preference("show_ghosts", False)
    """Whether candidates just below the threshold are shown dotted."""
    gallery_of_all = Preference("gallery_of_all", True)
    """Whether Cells shows the cells of all images, not of one."""
    cells_by_kind = Preference("cells_by_kind", False)
    """Whether Cells shows the cells by kind, not by class."""
    tally_sound = Preference("tally_sound", False)
    """Whether each mark of a manual count makes a sound."""
    person = Preference("person", "")
    """The name that signs edits; empty until the user has given it or was told of it, see ``user``."""
    recent_sessions = Preference[list[str]]("recent_sessions", [])
    """The paths of the sessions that were open last, the latest first."""
    unfinished_session = Preference("unfinished_session", "", at_once=True)
    """The path of the session that is open now, or was when the program was killed; empty after a proper end."""
    report_fields = Preference[list[str]]("report_fields", [])
    """The names of the fields that the laboratory fills in about a sample."""
    report_choices = Preference("report_choices", ["pdf", "xlsx", "pictures", "verification", "history"])
    """What the last report was made of."""
    folder = Preference("folder", "")
    """The folder of the last file dialog."""
    sessions_folder = Preference("sessions_folder", "")
    """The folder in which new sessions are made; "" is the usual one."""
    folded_panes = Preference[list[str]]("folded_panes", [])
    """What is folded away beside the image."""
    list_width = Preference("list_width", 260)
    """Width of the list of images in Review, in pixels."""
    profile = Preference("profile", "")
    """The path of the profile that new samples are counted by; "" for none."""
    reports_folder = Preference("reports_folder", "")
    """The folder in which reports are put; "" is that of the sample's images."""
    geometry = Preference("geometry", QByteArray())
    """Size and place of the window; empty at the first start."""
    window_state = Preference("window_state", QByteArray())
    """Which panes of the window are open, and where; empty at the first start."""
    tile_side = Preference("tile_side", 0)
    """Width of a cell in Cells, in pixels; 0 is the usual one."""
    verify_geometry = Preference("verify_geometry", QByteArray())
    """Size and place of the verification window; empty before it was first closed."""
    counting_geometry = Preference("counting_geometry", QByteArray())
    """Size and place of the counting settings; empty before they were first closed."""
    _latest_views = Preference[list[str]]("latest_views", [])

    def __init__(self, store: QSettings | None = None) -> None:
        self.store = store or QSettings("SmearCount", "SmearCount")

    @property
    def user(self) -> str:
        """The name that signs edits: the one that was given, or else that of the account."""
        return self.person or _account_name()

    @property
    def usual_sessions(self) -> Path:
        """The folder in which new sessions are made unless the user chose another."""
        documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        return Path(documents or Path.home()) / "SmearCount"

    @property
    def sessions(self) -> Path:
        """The folder in which new sessions are made."""
        return Path(self.sessions_folder) if self.sessions_folder else self.usual_sessions

    @property
    def default_profile(self) -> Path | None:
        """The profile that new samples are counted by; None for none."""
        return Path(self.profile) if self.profile else None

    def add_recent_session(self, path: str) -> None:
        """Put a session at the head of the recent ones."""
        rest = [other for other in self.recent_sessions if other != path]
        self.recent_sessions = [path, *rest][:_MOST_RECENT]

    # -- keys --------------------------------------------------------------------------------------

    def key(self, action: str) -> str | None:
        """Return the key that the user gave an action; None if it has its own, "" if it has none."""
        name = f"keys/{action}"
        return str(self.store.value(name, "", type=str)) if self.store.contains(name) else None

    def set_key(self, action: str, key: str | None) -> None:
        """Give an action another key; None goes back to its own."""
        if key is None:
            self.store.remove(f"keys/{action}")
        else:
            self.store.setValue(f"keys/{action}", key)

    # -- the window of each session ----------------------------------------------------------------

    def view_of(self, session: str) -> dict[str, Any]:
        """Return how the window last showed a session, by the session's id: zoom, hidden classes and the like."""
        try:
            view = json.loads(str(self.store.value(f"views/{session}", "{}", type=str)))
        except ValueError:
            return {}
        return view if isinstance(view, dict) else {}

    def set_view(self, session: str, **changes: Any) -> None:
        """Remember more of how the window shows a session; only the latest sessions are remembered."""
        order = [session, *(other for other in self._latest_views if other != session)]
        for old in order[_MOST_SESSIONS:]:
            self.store.remove(f"views/{old}")
        self._latest_views = order[:_MOST_SESSIONS]
        self.store.setValue(f"views/{session}", json.dumps({**self.view_of(session), **changes}))


def _account_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return gettext("someone")
