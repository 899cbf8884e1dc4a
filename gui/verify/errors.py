"""The errors as cells: look at them on the image, correct them, or leave them to the uncertain cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelectionModel, Qt, Signal, Slot
from PySide6.QtGui import QColor, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QStackedLayout, QVBoxLayout, QWidget

from core.text import gettext, ngettext
from core.verification.errors import MOST_EXPLAINED, Place, Verdict, find_places, first_errors
from gui.tasks import Job, Task
from gui.verify.empty import EmptyPage
from gui.verify.place_view import PlaceView
from gui.widgets.wheel_safe import QuietComboBox

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.classes import Palette
    from gui.workspace.workspace import Workspace

_TITLES = {
    Verdict.FALSE: gettext("Too many (FP)"),
    Verdict.MISSED: gettext("Missed (FN)"),
    Verdict.TRUE: gettext("Correct (TP)"),
}


@dataclass(frozen=True)
class _Found:
    """The cells of a class that are right, wrong, or missing."""

    name: str
    verdict: Verdict
    places: list[Place]


class ErrorPage(QWidget):
    """The cells of one class at one threshold that are right, wrong, or missing.

    Until somebody chooses, they are those of the first class and kind that has errors.
    """

    images_wanted = Signal()

    def __init__(self, workspace: Workspace, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._verifier = verifier = workspace.verifier
        self._workspace = workspace
        self._palette = palette
        self._asked: tuple[str, float | None, Verdict] = ("", None, Verdict.FALSE)
        self._chosen_one = False
        self._finding = Task("places", self._on_found, self)
        verifier.answered.connect(self.refresh)
        self._workspace.inference.model_changed.connect(self._fill_classes)
        self._workspace.store.session_changed.connect(self._fill_classes)
        self._workspace.store.session_changed.connect(self._forget_choice)
        self._build()
        self._fill_classes()

    def _build(self) -> None:
        self.class_box = QuietComboBox()
        self.class_box.setAccessibleName(gettext("Class"))
        self.class_box.activated.connect(lambda *_: self._ask())
        self.verdict_box = QuietComboBox()
        self.verdict_box.setAccessibleName(gettext("Which cells"))
        for verdict, title in _TITLES.items():
            self.verdict_box.addItem(title, verdict)
        self.verdict_box.activated.connect(lambda *_: self._ask())
        self.at = QLabel()
        self.back_button = QPushButton(gettext("&Back to the present threshold"))
        self.back_button.clicked.connect(lambda *_: self.show_places(self.class_box.currentText(), None, self.verdict))
        self.view = PlaceView(self._workspace)
        self.view.clicked.connect(lambda *_: self.look())
        self.view.activated.connect(lambda *_: self._look_closely())
        self.view.selectionModel().selectionChanged.connect(lambda *_: self._enable())
        self.empty = QLabel()
        self.empty.setObjectName("faint")
        self.empty.setWordWrap(True)
        self.look_button = self._button(
            gettext("&Look at it"), gettext("Show the image; Enter does the same"), self._look_closely
        )
        self.remove_button = self._button(gettext("&Remove from the count"), gettext("Del does the same"), self._remove)
        self.add_button = self._button(gettext("&Add to the count"), gettext("Ins does the same"), self._add)
        later = gettext("Decide later, with D on the images")
        self.doubt_button = self._button(gettext("Send to the &uncertain cells"), later, self._doubt)
        for key, button in (("Del", self.remove_button), ("Ins", self.add_button)):
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(button.click)
        head, foot = QHBoxLayout(), QHBoxLayout()
        for widget in (self.class_box, self.verdict_box, self.at):
            head.addWidget(widget)
        head.addStretch(1)
        head.addWidget(self.back_button)
        for widget in (self.look_button, self.remove_button, self.add_button, self.doubt_button):
            foot.addWidget(widget)
        foot.addStretch(1)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.addLayout(head)
        layout.addWidget(self.empty)
        layout.addWidget(self.view, 1)
        layout.addLayout(foot)
        self.nothing = EmptyPage(
            gettext(
                "With a manual count on the image, or imported boxes or points, this page shows every cell that the "
                "program missed or counted too many, ready to be corrected."
            )
        )
        self._pages = QStackedLayout(self)
        self._pages.addWidget(content)
        self._pages.addWidget(self.nothing)

    def _button(self, text: str, tip: str, slot: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.clicked.connect(lambda *_: slot())
        return button

    # -- what is shown ---------------------------------------------------------------------------------

    @property
    def verdict(self) -> Verdict:
        """Which cells are shown."""
        return self.verdict_box.currentData()

    def show_places(self, name: str, threshold: float | None, verdict: Verdict) -> None:
        """Show the cells that a number of the table counts; without a threshold, at the one that is set."""
        self._asked, self._chosen_one = (name, threshold, verdict), True
        self.class_box.setCurrentText(name)
        self.verdict_box.setCurrentIndex(self.verdict_box.findData(verdict))
        self.refresh()

    def set_palette(self, palette: Palette) -> None:
        """Draw classes in other colours."""
        self._palette = palette
        self.refresh()

    def _fill_classes(self) -> None:
        chosen = self.class_box.currentText()
        self.class_box.clear()
        self.class_box.addItems(self._workspace.settings.classes)
        self.class_box.setCurrentIndex(max(self.class_box.findText(chosen), 0))

    @Slot()
    def _forget_choice(self) -> None:
        self._chosen_one = False

    def _ask(self) -> None:
        name = self.class_box.currentText()
        threshold = self._asked[1] if self._asked[0] == name else None
        self.show_places(name, threshold, self.verdict)

    def refresh(self) -> None:
        """Find the cells anew."""
        answer, name = self._verifier.answer, self.class_box.currentText()
        threshold, settings = self._asked[1], self._workspace.settings.value
        self._pages.setCurrentIndex(1 if answer is not None and not answer.cases else 0)
        self.back_button.setVisible(threshold is not None)
        if answer is None or name not in answer.classes or settings is None:
            self._finding.cancel()
            self._show_places([])
            return
        asked, chosen = (name, self.verdict), self._chosen_one

        def find(job: Job) -> _Found:
            name, verdict = asked if chosen else first_errors(answer, job.cancelled) or asked
            at = answer.request.settings.thresholds[name] if threshold is None else threshold
            return _Found(name, verdict, find_places(answer, name, at, verdict, job.cancelled))

        self._finding.start(find)

    @Slot(object)
    def _on_found(self, found: _Found) -> None:
        """Show what was found; a user who sees errors stays with their kind."""
        answer, classes = self._verifier.answer, self._workspace.settings.classes
        if answer is None or found.name not in classes:
            return
        self.class_box.setCurrentText(found.name)
        self.verdict_box.setCurrentIndex(self.verdict_box.findData(found.verdict))
        self._chosen_one = self._chosen_one or (self.isVisible() and bool(found.places))
        threshold = self._asked[1]
        at = answer.request.settings.thresholds[found.name] if threshold is None else threshold
        self.at.setText(gettext("at threshold {at:.2f}").format(at=at))
        self.view.set_colour(QColor(*self._palette.colour(classes, classes.index(found.name))))
        self._show_places(found.places)

    def _show_places(self, places: list[Place]) -> None:
        chosen = set(self.view.selected())
        row = self.view.currentIndex().row()
        self.view.place_model.show(places[:MOST_EXPLAINED])
        self.view.viewport().update()
        again = [place for place, one in enumerate(self.view.place_model.places) if one in chosen]
        if not again and places and row >= 0:
            again = [min(row, len(places) - 1)]
        for place in again[:1]:
            index = self.view.place_model.index(place)
            self.view.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self.empty.setText(self._summary(places))
        self._enable()

    def _summary(self, places: list[Place]) -> str:
        answer = self._verifier.answer
        if answer is None or not answer.cases:
            return ""
        if not answer.located:
            return gettext("Typed totals do not say where the cells are, so there are no places to show.")
        if not places:
            return gettext("No errors of this kind.")
        images = len({place.image for place in places})
        settled = sum(place.settled for place in places)
        parts = [
            ngettext("{places:,} in {n:,} image.", "{places:,} in {n:,} images.", images).format(
                places=len(places), n=images
            )
        ]
        if settled:
            parts.append(gettext("Corrected by hand: {settled:,}.").format(settled=settled))
        if len(places) > MOST_EXPLAINED:
            parts.append(gettext("The first {most:,} are shown.").format(most=MOST_EXPLAINED))
        return " ".join(parts)

    def _enable(self) -> None:
        chosen, writable = self.view.selected(), self._workspace.store.writable
        open_ones = [place for place in chosen if not place.settled]
        self.look_button.setEnabled(bool(chosen))
        self.remove_button.setVisible(self.verdict is not Verdict.MISSED)
        self.add_button.setVisible(self.verdict is Verdict.MISSED)
        self.remove_button.setEnabled(bool(open_ones) and writable)
        self.add_button.setEnabled(bool(open_ones) and writable)
        doubtful = [place for place in open_ones if place.cell is not None or place.hint is not None]
        self.doubt_button.setEnabled(bool(doubtful) and writable)

    # -- what the user does --------------------------------------------------------------------------

    def look(self) -> None:
        """Show the chosen cell on its image."""
        row = self.view.currentIndex().row()
        if 0 <= row < len(self.view.place_model.places):
            place = self.view.place_model.places[row]
            self._workspace.selection.show_box(place.image, place.box, place.cell)

    def _look_closely(self) -> None:
        self.look()
        self.images_wanted.emit()

    def _chosen(self) -> list[Place]:
        return [place for place in self.view.selected() if not place.settled]

    def _remove(self) -> None:
        self._workspace.fixes.remove(self._chosen())

    def _add(self) -> None:
        self._workspace.fixes.add(self._chosen())

    def _doubt(self) -> None:
        sent = self._workspace.fixes.send_to_uncertain(self._chosen())
        text = ngettext(
            "{n} cell waits among the uncertain cells; press D on the image.",
            "{n} cells wait among the uncertain cells; press D on the image.",
            sent,
        ).format(n=sent)
        self._workspace.messages.info(text)
        self.empty.setText(text)

    def close_down(self) -> None:
        """End the threads."""
        self._finding.close()
        self.view.crops.close()
