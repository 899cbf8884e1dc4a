"""Everything that can be done from the keyboard and the menus, in one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from gui.preferences import Preferences


@dataclass(frozen=True)
class ActionSpec:
    """One action: its ``name`` for the program, its menu (``group``), text, own key and explanation.

    ``also`` is a second key, as long as no other action has it.
    """

    name: str
    group: str
    text: str
    key: str = ""
    tip: str = ""
    checkable: bool = False
    also: str = ""


MOST_CLASS_KEYS = 9

SPECS = (
    ActionSpec("open", "File", "&Open pictures …", "Ctrl+O", "Add pictures to the session"),
    ActionSpec("open_folder", "File", "Open &folder …", "Ctrl+Shift+O", "Add all pictures of a folder"),
    ActionSpec("open_demo", "File", "Open the &demo smear"),
    ActionSpec("new_session", "File", "&New session", "Ctrl+N", "Close this session and begin another"),
    ActionSpec("open_session", "File", "Open &session …", "Ctrl+E", "Go on with an earlier session"),
    ActionSpec("copy_session", "File", "Save a &copy of the session as …", "Ctrl+Shift+S"),
    ActionSpec("import_cells", "File", "&Import annotations …", "", "Boxes from Pascal VOC, YOLO, COCO or CSV files"),
    ActionSpec(
        "export_cells", "File", "&Export annotations …", "", "Boxes as Pascal VOC, YOLO, COCO, CSV, or training data"
    ),
    ActionSpec("save_picture", "File", "Save &picture …", "Ctrl+S", "Save the picture with its boxes"),
    ActionSpec("save_table", "File", "Save &table …", "Ctrl+T", "Save the counts of all pictures as CSV"),
    ActionSpec("report", "File", "&Hand in a report …", "Ctrl+P", "PDF, workbook, table, pictures; and sign off"),
    ActionSpec(
        "find_missing", "File", "Find &moved pictures …", "", "Point to the new place of pictures that were moved"
    ),
    ActionSpec(
        "remove_picture", "File", "&Remove from list", "Ctrl+W", "Take the picture off the list; its file stays"
    ),
    ActionSpec("quit", "File", "&Quit", "Ctrl+Q"),
    ActionSpec("undo", "Edit", "&Undo", "Ctrl+Z", "Take the last correction back"),
    ActionSpec("redo", "Edit", "&Redo", "Ctrl+Shift+Z", "Make the correction again", also="Ctrl+Y"),
    ActionSpec("select", "Edit", "&Select and move", "V", "Click selects a cell, Shift and a drag many"),
    ActionSpec("add", "Edit", "&Add cells", "A", "Click puts a cell, a drag draws its box", checkable=True),
    ActionSpec(
        "empty", "Edit", "&Empty an area", "X", "Drag a rectangle to take away every cell in it", checkable=True
    ),
    ActionSpec("remove", "Edit", "&Remove cell", "Del", "Take away the selected cells, or the one under the pointer"),
    ActionSpec("accept", "Edit", "&Confirm cell", "Return", "The selected cell counts at any threshold"),
    ActionSpec("select_all", "Edit", "Select a&ll", "Ctrl+A", "Select all cells that are shown"),
    ActionSpec("next_cell", "Edit", "Next cell", "", "Tab does the same on the picture"),
    ActionSpec("previous_cell", "Edit", "Previous cell", "", "Shift+Tab does the same on the picture"),
    ActionSpec("doubts", "Edit", "&Doubtful cells", "D", "Walk the cells nearest their threshold", checkable=True),
    ActionSpec("count_again", "Count", "Count &again", "F5", "Count this picture again; corrections are kept"),
    ActionSpec("pause", "Count", "&Pause", "Shift+F5", "Pause counting, or go on"),
    ActionSpec("stop", "Count", "&Stop counting", "Ctrl+.", "Stop at once"),
    ActionSpec("retry_failed", "Count", "&Retry failed pictures"),
    ActionSpec("reviewed", "Count", "Mark &reviewed", "R", "You have checked this picture", checkable=True),
    ActionSpec("next_unreviewed", "Count", "Next &unreviewed picture", "Space"),
    ActionSpec(
        "region_rectangle", "Count", "Count only in a &rectangle", "F", "Drag it on the picture", checkable=True
    ),
    ActionSpec(
        "region_polygon",
        "Count",
        "Count only in a pol&ygon",
        "P",
        "Click its corners; a double click closes it",
        checkable=True,
    ),
    ActionSpec("region_all", "Count", "Use the rectangle in all pictures", "", "The same place in every picture"),
    ActionSpec("inset", "Count", "Frame one red cell i&nside the border", "", "So that no counted cell is cut"),
    ActionSpec("inset_all", "Count", "Frame inside the border of all pictures", "", "So that no counted cell is cut"),
    ActionSpec("region_remove", "Count", "Count the &whole picture", "", "Take the region off this picture"),
    ActionSpec("region_remove_all", "Count", "Count the whole of all pictures", "", "Take all regions off"),
    ActionSpec("tally", "Count", "Count by &hand", "T", "Click each cell; it is a ground truth", checkable=True),
    ActionSpec(
        "verify", "Count", "&Check against a manual count …", "F9", "Compare the counts with your own, find thresholds"
    ),
    ActionSpec("import_model", "Count", "&Import model …", "", "Use another model file"),
    ActionSpec(
        "no_model", "Count", "Count &without a model", "", "By colour, size and shape alone, to compare", checkable=True
    ),
    ActionSpec("default_model", "Count", "Use the bundled model", checkable=True),
    ActionSpec("find", "View", "Fi&nd picture by name", "Ctrl+F"),
    ActionSpec("next", "View", "&Next picture", "PgDown"),
    ActionSpec("previous", "View", "Pre&vious picture", "PgUp"),
    ActionSpec("fit", "View", "&Fit", "Ctrl+0", "Show the whole picture"),
    ActionSpec("actual", "View", "100 %", "Ctrl+1", "Show pixel for pixel"),
    ActionSpec("zoom_in", "View", "Zoom &in", "Ctrl++"),
    ActionSpec("zoom_out", "View", "Zoom &out", "Ctrl+-"),
    ActionSpec("labels", "View", "Write &probabilities on the boxes", "L", checkable=True),
    ActionSpec(
        "ghosts", "View", "Show cells just &below the threshold", "G", "Dotted; a click accepts one", checkable=True
    ),
    ActionSpec("hide_boxes", "View", "&Hide all boxes", "H", "See the bare photograph", checkable=True),
    ActionSpec(
        "ground_truth", "View", "Show ground &truth", "", "White dashed boxes; they never count", checkable=True
    ),
    ActionSpec("gallery", "View", "&Gallery", "F7", "All cells of a class side by side", checkable=True),
    ActionSpec(
        "gallery_all", "View", "Gallery of &all pictures", "Shift+F7", "Not of this picture alone", checkable=True
    ),
    ActionSpec("history", "View", "H&istory", "F8", "Who did what and when", checkable=True),
    ActionSpec("next_pane", "View", "Ne&xt part of the window", "F6", "Pictures, picture, count, gallery, history"),
    ActionSpec("previous_pane", "View", "Pre&ceding part of the window", "Shift+F6", "The same, the other way round"),
    ActionSpec("guide", "Help", "&User guide", "Shift+F1", "How to count, correct, check and report"),
    ActionSpec("shortcuts", "Help", "&Keys …", "F1", "All keys, and how to change them"),
    ActionSpec("person", "Help", "Your &name …", "", "The name that signs your corrections"),
    ActionSpec("self_check", "Help", "&Check this installation …", "", "Counts the demo smear, whose cells are known"),
    ActionSpec("about", "Help", "&About SmearCount"),
    ActionSpec("doubt_yes", "Doubtful cells", "It is a cell", "Y"),
    ActionSpec("doubt_no", "Doubtful cells", "It is none", "N"),
    ActionSpec("doubt_skip", "Doubtful cells", "Skip", "S", "Decide later"),
    *(
        ActionSpec(
            f"class_{number}", "Class", f"Class {number}", str(number), "For the selected cell, or the armed one"
        )
        for number in range(1, MOST_CLASS_KEYS + 1)
    ),
)


class Actions(QObject):
    """The window's actions by name, with the keys that the person gave them."""

    keys_changed = Signal()

    def __init__(self, window: QWidget, preferences: Preferences) -> None:
        super().__init__(window)
        self._preferences = preferences
        self._actions: dict[str, QAction] = {}
        for spec in SPECS:
            action = QAction(spec.text, window)
            action.setObjectName(spec.name)
            action.setCheckable(spec.checkable)
            action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
            window.addAction(action)
            self._actions[spec.name] = action
            self._show_key(spec)

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def connect_to(self, slots: dict[str, Callable[[], object]]) -> None:
        """Say what the actions do when they are triggered."""
        for name, slot in slots.items():
            self._actions[name].triggered.connect(lambda *_, slot=slot: slot())

    def group(self, name: str) -> list[QAction]:
        """Return the actions of a menu, in order."""
        return [self._actions[spec.name] for spec in SPECS if spec.group == name]

    def enable(self, **enabled: bool) -> None:
        """Enable or disable actions by name."""
        for name, value in enabled.items():
            self._actions[name].setEnabled(value)

    def key(self, spec: ActionSpec) -> str:
        """Return the key of an action, as Qt writes it in files; "" if it has none."""
        own = self._preferences.key(spec.name)
        return spec.key if own is None else own

    def user_of(self, key: str, besides: str = "") -> ActionSpec | None:
        """Return the action that a key belongs to, other than ``besides``."""
        wanted = QKeySequence(key)
        return next(
            (
                spec
                for spec in SPECS
                if spec.name != besides and self.key(spec) and QKeySequence(self.key(spec)) == wanted
            ),
            None,
        )

    def set_key(self, spec: ActionSpec, key: str | None) -> None:
        """Give an action another key (None: its own again); whatever had that key loses it."""
        new = spec.key if key is None else key
        other = self.user_of(new, besides=spec.name) if new else None
        if other is not None:
            self._preferences.set_key(other.name, "")
            self._show_key(other)
        self._preferences.set_key(spec.name, None if new == spec.key else new)
        for changed in (spec, *(one for one in SPECS if one.also)):
            self._show_key(changed)
        self.keys_changed.emit()

    def reset_keys(self) -> None:
        """Give every action its own key."""
        for spec in SPECS:
            self._preferences.set_key(spec.name, None)
        for spec in SPECS:
            self._show_key(spec)
        self.keys_changed.emit()

    def _show_key(self, spec: ActionSpec) -> None:
        action = self._actions[spec.name]
        keys = [self.key(spec)] if self.key(spec) else []
        if spec.also and self.user_of(spec.also) is None:
            keys.append(spec.also)
        action.setShortcuts([QKeySequence(key) for key in keys])
        shown = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        plain = spec.tip or spec.text.replace("&", "").rstrip(" …")
        action.setToolTip(f"{plain}{f' ({shown})' if shown else ''}")
