"""How far the writing of a report has come, and the wish to stop it."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING

from core.errors import check_cancelled

if TYPE_CHECKING:
    from collections.abc import Callable


def _silent(_done: int, _text: str) -> None:
    pass


@dataclass
class Progress:
    """Counts steps, and stops the work at the next one once ``stopped`` is set.

    ``tell`` is called with the number of steps begun and what is being done.
    """

    tell: Callable[[int, str], None] = _silent
    stopped: Event = field(default_factory=Event)
    done: int = 0

    def step(self, text: str) -> None:
        """Begin the next step; raises ``Cancelled`` once ``stopped`` is set."""
        check_cancelled(self.stopped)
        self.done += 1
        self.tell(self.done, text)
