"""Which images are listed, and in which order."""

from __future__ import annotations

import re
import unicodedata
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING

from core.text import gettext
from gui.workspace.images import ImageItem, State

if TYPE_CHECKING:
    from collections.abc import Callable

_STATE_ORDER = (State.FAILED, State.COUNTING, State.WAITING, State.COUNTED)
_KEPT_NAMES = 32_768


class Show(Enum):
    """Which images are shown, by how far they are."""

    ALL = gettext("All")
    WAITING = gettext("Waiting")
    COUNTED = gettext("Counted")
    EDITED = gettext("Edited")
    REVIEWED = gettext("Reviewed")
    NOT_REVIEWED = gettext("Not reviewed")
    OUTDATED = gettext("Changed since review")
    FAILED = gettext("Failed")
    DOUBTFUL = gettext("Quality to check")


class Order(Enum):
    """In which order; beside these, a class's name stands for the largest counts of it first."""

    OPENED = gettext("Order opened")
    NAME = gettext("Name")
    STATE = gettext("State")


PASSES: dict[Show, Callable[[ImageItem], bool]] = {
    Show.WAITING: lambda item: item.state in (State.WAITING, State.COUNTING),
    Show.COUNTED: lambda item: item.state is State.COUNTED,
    Show.EDITED: lambda item: item.edited > 0,
    Show.REVIEWED: lambda item: item.reviewed,
    Show.NOT_REVIEWED: lambda item: not item.reviewed,
    Show.FAILED: lambda item: item.state is State.FAILED,
}
"""The filters that need nothing but the image itself."""


@lru_cache(_KEPT_NAMES)
def folded(text: str) -> str:
    """Return a text so that what people take for the same letters is the same."""
    return unicodedata.normalize("NFC", text).casefold()


@lru_cache(_KEPT_NAMES)
def natural_key(name: str) -> tuple[str | int, ...]:
    """Return a key that puts "smear 2" before "smear 10"."""
    parts = re.split(r"(\d+)", folded(name))
    return tuple(int(part) if place % 2 else part for place, part in enumerate(parts))


def state_key(item: ImageItem) -> tuple[bool, int, bool]:
    """Put first what asks for work: failed, not counted yet, not corrected, not reviewed."""
    return item.reviewed, _STATE_ORDER.index(item.state), item.edited > 0
