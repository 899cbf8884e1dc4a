"""“Adapt to these images”: what the sample's corrected fields say of each threshold, and what to do with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QFrame,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from core.text import gettext, ngettext, percent
from core.verification.profile import PROFILE_SUFFIX
from core.verification.thresholds import ENOUGH_IMAGES
from gui.widgets.class_names import long_name
from gui.widgets.forms import faint, heading, row
from gui.widgets.theme import SPACE

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent, QShowEvent

    from gui.commands.shortcuts import Actions
    from gui.preferences import Preferences
    from gui.workspace.verification.adapting import Findings
    from gui.workspace.workspace import Workspace

_WIDTH = 620
_LINES = 2
_FROM_TOP, _TITLE_BAR = 96, 40
_KEEP = gettext("Keep them in a file for all samples and computers of the laboratory")
_NOTHING_TO_KEEP = gettext("No field is reviewed or counted by hand yet: there is nothing of your own to keep")
_KEEP_SIZE = gettext("&Keep the size of red cells too")
_KEEP_THIS_SIZE = gettext("&Keep the size of red cells too: {size:.0f} px")
PROFILES = gettext("SmearCount profiles") + f" (*{PROFILE_SUFFIX})"


class AdaptDialog(QDialog):
    """Stays open beside the images: each field that is corrected meanwhile counts at once."""

    default_chosen = Signal(object)  # Path of the profile that new samples are to be counted by

    def __init__(
        self, workspace: Workspace, actions: Actions, preferences: Preferences, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setModal(False)
        self.setWindowTitle(gettext("Adapt to these images"))
        self._workspace = workspace
        self._preferences = preferences
        self._adapting = workspace.adapting
        self.rows: dict[str, ClassFinding] = {}
        self.state = QLabel()
        self.state.setObjectName("className")
        self.advice = _told(_LINES)
        self.next_button = QPushButton(gettext("Show the next &unreviewed image"))
        self.next_button.setAutoDefault(False)
        self.next_button.clicked.connect(actions["next_unreviewed"].trigger)
        self.cells = faint("")
        self.name = QLineEdit()
        self.name.setPlaceholderText(gettext("such as: Ward 3, microscope 2"))
        self.as_default = QCheckBox(gettext("Count &new samples by this profile"))
        self.keep_size = QCheckBox(_KEEP_SIZE)
        self.keep_size.setToolTip(
            gettext("Only for images of the same microscope, objective and camera: elsewhere the size is estimated")
        )
        self.use_button = QPushButton(gettext("&Use these thresholds"))
        self.use_button.setToolTip(gettext("Count this sample at them; one step that can be undone"))
        self.use_button.setAutoDefault(False)
        self.use_button.clicked.connect(lambda *_: self._adapting.apply())
        self.save_button = QPushButton(gettext("&Save as a profile…"))
        self.save_button.setAutoDefault(False)
        self.save_button.clicked.connect(lambda *_: self._save())
        self._build()
        self._adapting.changed.connect(self.refresh)
        workspace.settings.classes_changed.connect(self._fill)
        workspace.settings.changed.connect(self.refresh)
        workspace.reviews.changed.connect(self.refresh)
        self._fill()

    def _build(self) -> None:
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(SPACE[4])
        self._grid.setVerticalSpacing(SPACE[0])
        self._grid.setColumnStretch(2, 1)
        found = QFrame()
        found.setObjectName("card")
        inside = QVBoxLayout(found)
        inside.setContentsMargins(SPACE[3], SPACE[2], SPACE[3], SPACE[2])
        inside.addLayout(self._grid)
        inside.addWidget(self.cells)
        close = QPushButton(gettext("Close"))
        close.setAutoDefault(False)
        close.clicked.connect(lambda *_: self.close())
        name_label = QLabel(gettext("&Name of the profile"))
        name_label.setBuddy(self.name)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE[4], SPACE[3], SPACE[4], SPACE[3])
        layout.setSpacing(SPACE[1])
        layout.addWidget(
            faint(
                gettext(
                    "Fields that you corrected and marked as reviewed, or counted by hand, show at which thresholds "
                    "your images are counted best. The accuracy is that of fields from which the threshold was not "
                    "chosen: each is left out once."
                )
            )
        )
        layout.addWidget(self.state)
        layout.addWidget(self.advice)
        layout.addLayout(row(self.next_button, None))
        layout.addWidget(found)
        layout.addWidget(heading(gettext("THE LABORATORY'S PROFILE")))
        layout.addLayout(row(name_label, self.name))
        layout.addWidget(self.keep_size)
        layout.addWidget(self.as_default)
        layout.addStretch(1)
        layout.addSpacing(SPACE[1])
        layout.addLayout(row(self.use_button, self.save_button, None, close))
        self.setMinimumWidth(_WIDTH)

    # -- what is shown -------------------------------------------------------------------------

    @Slot()
    def _fill(self) -> None:
        """Make a row for each class."""
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for column, text in enumerate((gettext("Class"), gettext("Threshold"), gettext("Accuracy"))):
            self._grid.addWidget(faint(text), 0, column)
        self.rows = {name: ClassFinding(name) for name in self._workspace.settings.classes}
        for place, one in enumerate(self.rows.values()):
            one.add_to(self._grid, 1 + 2 * place)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show what the fields say."""
        adapting, found = self._adapting, self._adapting.findings
        self.state.setText(_state(found, busy=adapting.busy))
        self.advice.setText(_advice(found))
        self.next_button.setEnabled(found is not None and found.missing > 0)
        self.cells.setText(_size(found))
        size = None if found is None else found.diameter
        self.keep_size.setEnabled(size is not None)
        self.keep_size.setText(_KEEP_SIZE if size is None else _KEEP_THIS_SIZE.format(size=size))
        settings = self._workspace.settings.value
        for name, one in self.rows.items():
            one.show_finding(found, None if settings is None else settings.thresholds.get(name))
        self.use_button.setEnabled(adapting.can_apply)
        some = found is not None and found.fields > 0
        self.save_button.setEnabled(some and not adapting.busy and self._workspace.store.writable)
        self.save_button.setToolTip(_KEEP if some else _NOTHING_TO_KEEP)

    # -- what is done --------------------------------------------------------------------------

    def _save(self) -> None:
        name = self.name.text().strip()
        folder = Path(self._preferences.profile).parent if self._preferences.profile else self._workspace.store.folder
        start = folder / f"{_file_name(name) or gettext('laboratory')}{PROFILE_SUFFIX}"
        chosen, _ = QFileDialog.getSaveFileName(self, gettext("Save the profile"), str(start), PROFILES)
        if not chosen:
            return
        path = Path(chosen)
        path = path if path.suffix else path.with_suffix(PROFILE_SUFFIX)
        keep = self.keep_size.isEnabled() and self.keep_size.isChecked()
        if self._adapting.save(path, name or path.stem, keep_size=keep) and self.as_default.isChecked():
            self.default_chosen.emit(path)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not event.spontaneous():
            self._place()
            used = self._workspace.profiles.in_use
            if used is not None and not self.name.text():
                self.name.setText(used.profile.name)
            self._adapting.set_active(True)

    def _place(self) -> None:
        """Stand at the right of the window, where the photograph is hidden least."""
        parent, room = self.parentWidget(), self.screen().availableGeometry()
        if parent is not None:
            frame = parent.window().frameGeometry().intersected(room)
            left, lowest = frame.right() - self.width() - SPACE[4], room.bottom() - self.height() - _TITLE_BAR
            self.move(max(left, room.left()), max(min(frame.top() + _FROM_TOP, lowest), room.top()))

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if not event.spontaneous():
            self._adapting.set_active(False)


class ClassFinding:
    """What was found for one class: two lines of the table."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.title = QLabel(long_name(name))
        self.title.setObjectName("className")
        self.threshold = QLabel("–")
        self.accuracy = QLabel("–")
        self.reason = _told(_LINES)
        for label in (self.title, self.threshold, self.accuracy):
            label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom)

    def add_to(self, grid: QGridLayout, place: int) -> None:
        """Take two rows of a grid."""
        for column, label in enumerate((self.title, self.threshold, self.accuracy)):
            grid.addWidget(label, place, column)
        grid.addWidget(self.reason, place + 1, 0, 1, 3)

    def show_finding(self, found: Findings | None, now: float | None) -> None:
        """Show the present threshold and what the fields say of it."""
        before = "–" if now is None else f"{now:.2f}"
        if found is None:
            self.threshold.setText(before)
            self.accuracy.setText("–")
            self.reason.setText("")
            return
        adapted = found.adaptation.adapted.get(self.name)
        if adapted is None:
            self.threshold.setText(before)
            self.accuracy.setText(percent(found.adaptation.now.get(self.name)))
            kept = found.adaptation.kept.get(self.name, "")
            self.reason.setText(gettext("Stays as it is: {reason}.").format(reason=kept) if kept else "")
            return
        proposed = found.adaptation.settings.thresholds[self.name]
        self.threshold.setText(
            gettext("{before:.2f} → {after:.2f}").format(before=adapted.threshold_before, after=proposed)
        )
        before, after = percent(adapted.before), percent(adapted.accuracy)
        self.accuracy.setText(gettext("{before} → {after}").format(before=before, after=after))
        text = ngettext("Chosen from {n} field", "Chosen from {n} fields", adapted.fields).format(n=adapted.fields)
        if adapted.interval is not None:
            low, high = map(percent, adapted.interval)
            text = gettext("{text}; 95 % interval of the new accuracy {low} to {high}").format(
                text=text, low=low, high=high
            )
        self.reason.setText(f"{text}.")


def _told(lines: int) -> QLabel:
    """Return an explanation with room for some lines, whether it needs them or not."""
    label = faint("")
    label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
    label.setMinimumHeight(lines * label.fontMetrics().lineSpacing())
    return label


def _state(found: Findings | None, *, busy: bool) -> str:
    if found is None:
        return gettext("Reading the reviewed fields…") if busy else gettext("No images are open.")
    text = ngettext(
        "{fields:,} of {n:,} image is reviewed or counted by hand",
        "{fields:,} of {n:,} images are reviewed or counted by hand",
        found.images,
    ).format(fields=found.fields, n=found.images)
    return gettext("{text} – comparing…").format(text=text) if busy else text


def _advice(found: Findings | None) -> str:
    if found is None:
        return ""
    if found.missing:
        if not found.fields:
            text = gettext(
                "{enough} are needed: correct the cells of an image and mark it as reviewed (Space). Before the first "
                "one there is nothing to save as a profile."
            )
            return text.format(enough=ENOUGH_IMAGES)
        text = ngettext(
            "{n} more is needed, {enough} in all: correct the cells of an image and mark it as reviewed (Space).",
            "{n} more are needed, {enough} in all: correct the cells of an image and mark it as reviewed (Space).",
            found.missing,
        )
        return text.format(n=found.missing, enough=ENOUGH_IMAGES)
    if found.left_out:
        text = ngettext(
            "{n:,} more was counted with another model and tells nothing of this one: count it again (F5).",
            "{n:,} more were counted with another model and tell nothing of this one: count them again (F5).",
            found.left_out,
        )
        return text.format(n=found.left_out)
    if not found.adaptation.choices:
        return gettext("The present thresholds count your images best already. A profile can keep them.")
    return gettext("Look at the fields with the largest differences before you use a new threshold (F9).")


def _size(found: Findings | None) -> str:
    if found is None:
        return ""
    if found.diameter is None:
        return gettext(
            "A profile lets the size of red cells be estimated in each image, as it differs or few are counted."
        )
    text = gettext("Red cells are {size:.0f} px wide in all images; a profile can keep this size.")
    return text.format(size=found.diameter)


def _file_name(name: str) -> str:
    """Return a name without what a file cannot be called."""
    return "".join(sign for sign in name if sign.isalnum() or sign in " -_.").strip(" .")
