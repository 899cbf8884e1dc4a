"""The laboratory's profile in the window: using one, keeping one, and whether the sample still counts as it says."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from core.counting.frame import rule_text
from core.errors import UserError
from core.models.network import default_model_path
from core.session.tables.settings import PROFILE, PROFILE_PROBLEM
from core.session.values import Edit, Subject, ValueChange
from core.text import gettext
from core.verification.profile import ProfileError, ProfileInUse, check_classes, open_profile, write_profile
from gui.tasks import Task
from gui.workspace.images import State

if TYPE_CHECKING:
    from core.verification.profile import Profile
    from gui.workspace.counting.settings import CountSettingsModel
    from gui.workspace.history import History
    from gui.workspace.images import Images
    from gui.workspace.inference.choice import ModelChoice
    from gui.workspace.inference.inference import Inference
    from gui.workspace.messages import Messages
    from gui.workspace.store import SessionStore

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Wish:
    """A profile that is to be used; ``by_default``: because new samples begin with it, nobody chose it.

    ``only_seen``: it is only to be found out whether it can be read.
    """

    path: Path
    by_default: bool = False
    only_seen: bool = False
    opened: ProfileInUse | None = None


class Profiles(QObject):
    """Which profile the sample is counted by.

    Using a profile is one edit: its thresholds, overlap, counting rule and red cell diameter. ``default`` is what new
    samples begin with, None for what the model suggests; where it cannot be used, ``problem`` says why as long as no
    other profile is used.
    """

    changed = Signal()

    def __init__(
        self,
        store: SessionStore,
        history: History,
        images: Images,
        settings: CountSettingsModel,
        inference: Inference,
        choice: ModelChoice,
        messages: Messages,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._history = history
        self._images = images
        self._settings = settings
        self._inference = inference
        self._choice = choice
        self._messages = messages
        self.default: Path | None = None
        self.in_use: ProfileInUse | None = None
        self.problem = ""
        self._seen: set[int] = set()
        self._wish: _Wish | None = None
        self._reading = Task("profile", self._on_read, self, on_error=self._on_failed)
        self._known_models = Task("models of profiles", self._on_model_known, self)
        store.reading.connect(self._read)
        store.closing.connect(self._forget_wish)
        history.recorded.connect(self._on_recorded)
        images.changed.connect(self._on_images_changed)
        inference.model_changed.connect(self._on_model_changed)
        for signal in (settings.changed, images.diameter_changed, store.session_changed):
            signal.connect(self.changed)

    # -- what there is -------------------------------------------------------------------------

    @property
    def differences(self) -> list[str]:
        """What the sample counts in another way than its profile says, in a few words each."""
        used, settings, model = self.in_use, self._settings.value, self._inference.model
        if used is None or settings is None:
            return []
        found = used.differences(settings, (item.diameter for item in self._images.items))
        if model is not None and model.sha256 != used.profile.model_sha256:
            found.append(gettext("another model"))
        return found

    @property
    def text(self) -> str:
        """By which profile the sample is counted, and whether it was changed since; "" if nobody wants one."""
        if self.in_use is not None:
            text = gettext("Profile: {name}, changed") if self.differences else gettext("Profile: {name}")
            return text.format(name=self.in_use.profile.name)
        return gettext("Profile not used") if self.problem else ""

    @property
    def explained(self) -> str:
        """The same at length."""
        used = self.in_use
        if used is None:
            return self.problem
        told = gettext("{title}, made {day:%Y-%m-%d} by {user} for the model {model}.").format(
            title=used.title,
            day=used.profile.made.astimezone(),
            user=used.profile.user or "–",
            model=used.profile.model_name,
        )
        changes = "; ".join(self.differences)
        return f"{told} " + gettext("Changed since: {changes}.").format(changes=changes) if changes else told

    def origin(self, name: str) -> str:
        """Return a sentence if the threshold of a class is that of the profile in use, or ""."""
        used, settings = self.in_use, self._settings.value
        if used is None or settings is None or used.profile.thresholds.get(name) != settings.thresholds.get(name):
            return ""
        return gettext("As the profile {name} says.").format(name=used.profile.name)

    # -- using one -----------------------------------------------------------------------------

    def use(self, path: Path) -> None:
        """Count the sample by the profile of a file, once it is read."""
        if self._refused_by_session():
            return
        self._begin(_Wish(path))

    def look_at_default(self) -> None:
        """Say if the profile of new samples is not there, before one begins."""
        if self.default is not None:
            self._begin(_Wish(self.default, only_seen=True))

    def begin_sample(self) -> None:
        """Count a new sample by the default profile, if there is one."""
        if self.default is not None and self._store.writable:
            self._begin(_Wish(self.default, by_default=True))

    def take_up(self, used: ProfileInUse, values: tuple[ValueChange, ...] = ()) -> bool:
        """Count by a profile from now on, as one edit, which may hold more; True if it is recorded."""
        settings, profile = self._settings.value, used.profile
        if settings is None or not self._store.writable:
            return False
        self._store.flush()
        thresholds = {name: profile.thresholds[name] for name in settings.thresholds}
        wanted = replace(profile.settings, thresholds=thresholds)
        parts = [moved] if (moved := self._settings.moved_text(wanted)) else []
        if wanted.edge_rule is not settings.edge_rule:
            parts.append(gettext("counting rule: {rule}").format(rule=rule_text(wanted.edge_rule)))
        if any(change.subject is Subject.DIAMETER for change in values):
            parts.append(gettext("red cells {size:.0f} px wide").format(size=profile.red_cell_diameter))
        name = gettext("Profile {title}").format(title=used.title)
        if parts:
            name = gettext("{profile}: {changes}").format(profile=name, changes="; ".join(parts))
        mark = ValueChange(Subject.SETTING, None, used, PROFILE)
        changes = self._settings.changes(wanted)
        return self._history.record([Edit(None, name, values=(*changes, mark, *values))])

    def save(self, path: Path, profile: Profile) -> ProfileInUse | None:
        """Write a profile to a file; None, and a message, if that fails."""
        if not self._store.save(path, lambda: write_profile(path, profile)):
            return None
        try:
            return open_profile(path)
        except ProfileError as error:
            self._messages.error(str(error))
            return None

    def close(self) -> None:
        """End the threads."""
        self._reading.close()
        self._known_models.close()

    # -- on the way ----------------------------------------------------------------------------

    def _refused_by_session(self) -> bool:
        """Say why no profile can be used now, if so."""
        path = self._store.path
        if path is None:
            text = gettext(
                "A profile is used for a sample: open images first, or choose it in Preferences for all new ones."
            )
            self._messages.warning(text)
        elif self._store.read_only:
            text = gettext("{name} is open for reading only; save a copy of it and use the profile there.")
            self._messages.warning(text.format(name=path.name))
        return not self._store.writable

    def _begin(self, wish: _Wish) -> None:
        self._wish = wish
        self._reading.start(lambda _job: open_profile(wish.path))

    @Slot()
    def _forget_wish(self) -> None:
        self._wish = None
        self._reading.cancel()
        self._known_models.cancel()

    @Slot(object)
    def _on_read(self, opened: ProfileInUse) -> None:
        if self._wish is not None and self._wish.only_seen:
            self._wish = None
        elif self._wish is not None:
            self._wish = replace(self._wish, opened=opened)
            self._go_on()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        if not isinstance(error, UserError):
            raise error
        if self._wish is not None and self._wish.only_seen:
            path, self._wish = self._wish.path, None
            self._messages.warning(_gone_text(path) if isinstance(error.__cause__, FileNotFoundError) else str(error))
            return
        self._give_up(str(error))

    @Slot()
    def _on_model_changed(self) -> None:
        self._go_on()
        self.changed.emit()

    def _go_on(self) -> None:
        """Use the profile that was read, once a model is open."""
        wish, model = self._wish, self._inference.model
        if wish is None or wish.opened is None or model is None or self._settings.value is None:
            return
        if self._inference.queue.opening_model:
            return
        profile = wish.opened.profile
        if profile.model_sha256 != model.sha256:
            self._look_for_model(wish)
            return
        try:
            check_classes(wish.path, profile, model.card.classes)
        except ProfileError as error:
            self._give_up(str(error))
            return
        self._wish = None
        self._ask(wish, wish.opened)

    def _ask(self, wish: _Wish, used: ProfileInUse) -> None:
        """Use a profile; where images must be counted again, after consent unless the sample has only begun."""
        size = used.profile.red_cell_diameter
        others = [item for item in self._images.items if size is not None and item.diameter != size]
        values = tuple(ValueChange(Subject.DIAMETER, item.id, size) for item in others)
        counted = sum(item.state is State.COUNTED for item in others)
        if wish.by_default:
            self.take_up(used, values)
            return
        how = gettext("with the profile “{name}”").format(name=used.profile.name)
        self._choice.propose(how, counted, lambda: self._take_and_tell(used, values))

    def _take_and_tell(self, used: ProfileInUse, values: tuple[ValueChange, ...]) -> None:
        if self.take_up(used, values):
            text = gettext("The profile {name} counts from now on.").format(name=used.profile.name)
            self._messages.offer(text, gettext("Undo"), self._history.undo, about_step=True)

    def _give_up(self, reason: str) -> None:
        """Say why a profile is not used; the sample keeps it in mind if the profile was the default one."""
        wish, self._wish = self._wish, None
        if wish is None:
            return
        LOG.warning("profile not used: %s", reason)
        if not wish.by_default:
            self._messages.error(reason)
            return
        rest = gettext("This sample is counted as the model suggests, without the laboratory's profile.")
        self.problem = f"{reason} {rest}"
        self._messages.warning(self.problem)
        if self._store.writable:
            with self._store.write() as write:
                write.session.view.put(PROFILE_PROBLEM, self.problem)
                write.note(gettext("Without the laboratory's profile: {reason}").format(reason=reason))
        self.changed.emit()

    # -- another model -------------------------------------------------------------------------

    def _look_for_model(self, wish: _Wish) -> None:
        """Find out whether the program has the model that a profile was made for."""
        assert wish.opened is not None
        wanted = wish.opened.profile.model_sha256
        known = self._store.read(lambda session: session.models.path_of(wanted), None)
        paths = [default_model_path()] if known is None else [Path(known) if known else default_model_path()]
        self._known_models.start(lambda _job: next((path for path in paths if _has(path, wanted)), None))

    @Slot(object)
    def _on_model_known(self, path: Path | None) -> None:
        wish, model = self._wish, self._inference.model
        if wish is None or wish.opened is None or model is None:
            return
        text = gettext("{path}: this profile was made for the model {made_for}, but images are counted with {model}.")
        text = text.format(path=wish.path, made_for=wish.opened.profile.model_name, model=model.card.name)
        if path is None or wish.by_default:
            remedy = gettext("Import that model, or make the profile again.")
            self._give_up(f"{text} {remedy}")
            return
        self._wish = None
        self._messages.offer(text, gettext("Use that model"), lambda: self._use_with_model(wish, path))

    def _use_with_model(self, wish: _Wish, path: Path) -> None:
        """Count with the model of a profile, and then by the profile."""
        assert wish.opened is not None
        self._wish = wish
        self._choice.use(path, sha256=wish.opened.profile.model_sha256)

    # -- what changes --------------------------------------------------------------------------

    @Slot()
    def _read(self) -> None:
        self.in_use = self._store.read(lambda session: session.settings.profile(), None)
        self.problem = str(self._store.remembered(PROFILE_PROBLEM, "")) if self.in_use is None else ""
        self._seen = {item.id for item in self._images.items}

    @Slot(object)
    def _on_recorded(self, edits: tuple[Edit, ...]) -> None:
        if any(change.key == PROFILE for edit in edits for change in edit.values):
            self._read()
            self.changed.emit()

    @Slot()
    def _on_images_changed(self) -> None:
        """Give images that are new the red cell diameter of the profile."""
        new = [item for item in self._images.items if item.id not in self._seen]
        self._seen |= {item.id for item in new}
        used = self.in_use
        if not new or used is None or used.profile.red_cell_diameter is None or not self._store.writable:
            return
        size = used.profile.red_cell_diameter
        name = gettext("Red cell diameter: {size:.0f} px, as the profile {name} says")
        values = tuple(ValueChange(Subject.DIAMETER, item.id, size) for item in new if item.diameter is None)
        if values:
            self._history.record([Edit(None, name.format(size=size, name=used.profile.name), values=values)])


def _gone_text(path: Path) -> str:
    text = gettext(
        "{path}: the laboratory's profile is not there, and new samples are counted as the model suggests; put it "
        "back, or choose another one in Preferences."
    )
    return text.format(path=path)


def _has(path: Path, sha256: str) -> bool:
    """Tell whether a file is the model with a hash."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == sha256
    except OSError:
        return False
