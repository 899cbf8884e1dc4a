"""The actions of the window as Qt has them, with the keys that the user gave them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence, QShortcutEvent

from gui.commands.action import Change
from gui.commands.actions import ACTIONS
from gui.tasks import Debounce
from gui.widgets.icons import icon

if TYPE_CHECKING:
    from PySide6.QtCore import SignalInstance
    from PySide6.QtWidgets import QWidget

    from gui.commands.action import Action, Menu
    from gui.commands.context import Context, View
    from gui.preferences import Preferences

_TOGETHER_MS = 400


class Actions(QObject):
    """The actions by their ids. ``connect_to`` has them work; until then they do nothing."""

    keys_changed = Signal()

    def __init__(self, window: QWidget, preferences: Preferences) -> None:
        super().__init__(window)
        self._preferences = preferences
        self._actions: dict[str, QAction] = {}
        self._context: Context | None = None
        for action in ACTIONS:
            shown = QAction(action.text, window)
            shown.setObjectName(action.id)
            shown.setCheckable(action.checked is not None)
            if action.icon:
                shown.setIcon(icon(action.icon))
                shown.setIconVisibleInMenu(False)
            if action.icon_text:
                shown.setIconText(action.icon_text)
            shown.triggered.connect(lambda *_, action=action: self._run(action))
            if action.view is not None:
                shown.installEventFilter(self)
            if action.on_cells:
                shown.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            else:
                window.addAction(shown)
            self._actions[action.id] = shown
            self._show_key(action)

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def of_menu(self, menu: Menu) -> list[Action]:
        """Return the actions of a menu, in order."""
        return [action for action in ACTIONS if action.menu is menu]

    def view_of(self, name: str) -> View | None:
        """Return the view in which an action does something; None: in all."""
        return next(action.view for action in ACTIONS if action.id == name)

    def work_on(self, *widgets: QWidget) -> None:
        """Have the keys that are only for images and cells work while one of these has the keyboard."""
        for action in ACTIONS:
            if action.on_cells:
                for widget in widgets:
                    widget.addAction(self._actions[action.id])

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Pass over a plain letter in a view where it means nothing: a slip of the finger leads nowhere."""
        if event.type() == QEvent.Type.Shortcut and self._context is not None:
            view = self.view_of(watched.objectName())
            plain = isinstance(event, QShortcutEvent) and _is_plain(event.key())
            return plain and view is not None and view is not self._context.shell.view
        return super().eventFilter(watched, event)

    # -- states --------------------------------------------------------------------------------

    def connect_to(self, context: Context) -> None:
        """Have the actions do what they do, and show what can be done whenever that changes."""
        self._context = context
        dependents: dict[Change, list[Action]] = defaultdict(list)
        for action in ACTIONS:
            for change in action.depends_on:
                dependents[change].append(action)
        for change, signals in _signals(context).items():
            actions = dependents[change]
            for signal in signals:
                if change is Change.CURRENT:
                    signal.connect(lambda *about, actions=actions: self._show_current(actions, *about))
                else:
                    signal.connect(lambda *_, actions=actions: self._show_all(actions))
        of_images = dependents[Change.IMAGES]
        self._later = Debounce(_TOGETHER_MS, lambda: self._show_all(of_images), self)
        context.workspace.images.item_changed.connect(lambda *_: self._show_progress(context, of_images))
        self._show_all(ACTIONS)

    def _run(self, action: Action) -> None:
        if self._context is not None:
            if action.view is not None:
                self._context.shell.show_view(action.view)
            action.run(self._context)
            self._show(action, self._context)  # a click has moved the tick; what is true moves it back

    def _show_progress(self, context: Context, actions: list[Action]) -> None:
        """Show the states that depend on how far images are; where many wait, once for some of them."""
        if context.workspace.counts.many_wait:
            self._later.start_unless_due()
        else:
            self._show_all(actions)

    def _show_current(self, actions: list[Action], about: int | frozenset[int] | None = None) -> None:
        """Show the states that depend on the image that is shown, unless only other images have changed."""
        current = None if self._context is None else self._context.workspace.images.current_id
        if about is None or about == current or (isinstance(about, frozenset) and current in about):
            self._show_all(actions)

    def _show_all(self, actions: tuple[Action, ...] | list[Action]) -> None:
        if self._context is not None:
            for action in actions:
                self._show(action, self._context)

    def _show(self, action: Action, context: Context) -> None:
        shown = self._actions[action.id]
        shown.setEnabled(action.enabled(context))
        if action.checked is not None:
            shown.setChecked(action.checked(context))
        if action.label is not None:
            shown.setText(action.label(context))
            if action.icon_text:
                shown.setIconText(action.icon_text)

    # -- keys ----------------------------------------------------------------------------------

    def key(self, action: Action) -> str:
        """Return the key of an action, as Qt writes it in files; "" if it has none."""
        own = self._preferences.key(action.id)
        return action.key if own is None else own

    def user_of(self, key: str, besides: str = "") -> Action | None:
        """Return the action that a key belongs to, other than the one with the id ``besides``."""
        wanted = QKeySequence(key)
        return next(
            (
                action
                for action in ACTIONS
                if action.id != besides and self.key(action) and QKeySequence(self.key(action)) == wanted
            ),
            None,
        )

    def set_key(self, action: Action, key: str | None) -> None:
        """Give an action another key (None: its own again); whatever had that key loses it."""
        new = action.key if key is None else key
        other = self.user_of(new, besides=action.id) if new else None
        if other is not None:
            self._preferences.set_key(other.id, "")
            self._show_key(other)
        self._preferences.set_key(action.id, None if new == action.key else new)
        for changed in (action, *(one for one in ACTIONS if one.also)):
            self._show_key(changed)
        self.keys_changed.emit()

    def reset_keys(self) -> None:
        """Give every action its own key."""
        for action in ACTIONS:
            self._preferences.set_key(action.id, None)
        for action in ACTIONS:
            self._show_key(action)
        self.keys_changed.emit()

    def _show_key(self, action: Action) -> None:
        shown = self._actions[action.id]
        keys = [self.key(action)] if self.key(action) else []
        if action.also and self.user_of(action.also) is None:
            keys.append(action.also)
        shown.setShortcuts([QKeySequence(key) for key in keys])
        key = shown.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        plain = action.tip or action.text.replace("&", "").rstrip("…")
        shown.setToolTip(f"{plain}{f' ({key})' if key else ''}")


def _is_plain(keys: QKeySequence) -> bool:
    """Tell whether keys are a single letter or sign, without Ctrl or Alt."""
    return len(keys.toString()) == 1


def _signals(context: Context) -> dict[Change, tuple[SignalInstance, ...]]:
    """Return the signals after which something has changed."""
    workspace, shell = context.workspace, context.shell
    images, inference = workspace.images, workspace.inference
    return {
        Change.SESSION: (workspace.store.session_changed,),
        Change.IMAGES: (images.changed,),
        Change.CURRENT: (
            images.current_changed,
            images.item_changed,
            inference.image_loaded,
            workspace.counts.changed,
        ),
        Change.REGIONS: (images.regions_changed, images.changed),
        Change.SELECTION: (workspace.selection.changed,),
        Change.HISTORY: (workspace.history.stack_changed, workspace.settings.changed),
        Change.QUEUE: (inference.activity_changed,),
        Change.MODEL: (inference.model_changed, workspace.settings.classes_changed),
        Change.TOOL: (shell.tools.tool_changed,),
        Change.KINDS: (shell.cells.mode_changed, shell.cells.kinds_changed, workspace.kinds.tree.changed),
        Change.LEFT_OUT: (workspace.kinds.leaving_out.changed,),
        Change.VIEW: (context.options.changed,),
        Change.STEP: (shell.view_changed,),
        Change.PANES: (shell.panes_changed, shell.gallery.all_changed),
        Change.REVIEWS: (workspace.reviews.changed,),
        Change.TALLY: (workspace.tally.active_changed, workspace.tally.options_changed),
        Change.UNCERTAIN: (shell.uncertain.active_changed,),
    }
