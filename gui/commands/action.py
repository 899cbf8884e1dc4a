"""What an action is: its text, key, place, what it does, and when it can."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Callable

    from gui.commands.context import Context, View


class Menu(Enum):
    """Where an action is listed; the last two are not in the menu bar, but among the keys."""

    FILE = gettext("File")
    EDIT = gettext("Edit")
    COUNT = gettext("Count")
    KINDS = gettext("Kinds")
    VIEW = gettext("View")
    HELP = gettext("Help")
    UNCERTAIN = gettext("Uncertain cells")
    CLASS = gettext("Class")


class Change(Enum):
    """What the state of an action can depend on."""

    SESSION = auto()
    IMAGES = auto()  # which there are, and how far they are
    CURRENT = auto()  # which is shown, and what is known of it
    REGIONS = auto()
    SELECTION = auto()
    HISTORY = auto()  # what can be undone
    QUEUE = auto()
    MODEL = auto()
    TOOL = auto()
    KINDS = auto()  # whether cells are shown by kind, and which kinds there are
    LEFT_OUT = auto()  # what is left out of the counts as no cell
    VIEW = auto()
    STEP = auto()  # which view of the sample is shown
    PANES = auto()
    REVIEWS = auto()
    TALLY = auto()
    UNCERTAIN = auto()


MOST_CLASS_KEYS = 9


def on(*changes: Change) -> frozenset[Change]:
    """Return what the state of an action depends on."""
    return frozenset(changes)


def always(_context: Context) -> bool:
    """Return True: the action can be done at any time."""
    return True


@dataclass(frozen=True)
class Action:
    """One action, and all there is to know about it.

    ``id`` is its name in the preferences. ``also`` is a second key, as long as no other action has it. ``view`` is
    where it acts, and is shown first if it is not; a plain letter works only there. With ``on_cells``, its key works
    only while an image or cells have the keyboard: everywhere else it is the key of what is focused. ``checked`` makes
    it a switch, ``label`` a text that changes. ``toolbar`` is its group and place in the bar of tools, with ``icon``
    and below it ``icon_text``. ``enabled``, ``checked`` and ``label`` are asked again when something of ``depends_on``
    changes.
    """

    id: str
    menu: Menu
    text: str
    run: Callable[[Context], object]
    key: str = ""
    tip: str = ""
    also: str = ""
    enabled: Callable[[Context], bool] = always
    checked: Callable[[Context], bool] | None = None
    label: Callable[[Context], str] | None = None
    depends_on: frozenset[Change] = frozenset()
    view: View | None = None
    on_cells: bool = False
    icon: str = ""
    icon_text: str = ""
    toolbar: tuple[int, int] | None = None
    separator_after: bool = False
