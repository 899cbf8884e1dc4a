"""What there is to know of how the whole sample is counted, as one note beside its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from gui.workspace.review.likeness import SampleLikeness
    from gui.workspace.tally import Tally
    from gui.workspace.verification.profiles import Profiles


@dataclass(frozen=True)
class Note:
    """``urgent``: numbers may be wrong. ``adapting``: corrected images may help."""

    text: str = ""
    explained: str = ""
    urgent: bool = False
    adapting: bool = False


class SampleNotes(QObject):
    """The note that asks most for the user: a sample unlike the training images, or its profile."""

    changed = Signal()

    def __init__(
        self, likeness: SampleLikeness, profiles: Profiles, tally: Tally, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._likeness = likeness
        self._profiles = profiles
        self._tally = tally
        for signal in (likeness.changed, profiles.changed, tally.options_changed, tally.active_changed):
            signal.connect(self.changed)

    @property
    def note(self) -> Note:
        """What there is to know; empty for a usual sample, and while a manual count must not be led."""
        if self._tally.hides_counts:
            return Note()
        profile, unlike = self._profiles, self._likeness.text
        both = "\n".join(text for text in (self._likeness.explained, profile.explained) if text)
        if profile.problem:
            return Note(profile.text, both, urgent=True)
        if unlike and profile.in_use is None:
            return Note(unlike, both, urgent=True, adapting=True)
        if profile.in_use is not None:
            return Note(profile.text, both, urgent=bool(profile.differences or unlike))
        return Note()
