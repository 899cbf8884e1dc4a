"""The window that verifies the program's counts against the user's own; it stands beside the images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QLabel, QTabWidget, QVBoxLayout, QWidget

from core.files import write_whole
from core.text import gettext, ngettext
from gui.verify.comparison import ComparisonPage
from gui.verify.errors import ErrorPage
from gui.verify.kinds import KindsPage
from gui.verify.models import ModelPage
from gui.verify.options import OptionsBar
from gui.verify.sweep_table import sweep_csv
from gui.verify.thresholds import ThresholdPage

if TYPE_CHECKING:
    from PySide6.QtGui import QCloseEvent, QHideEvent, QKeyEvent, QShowEvent

    from core.classes import Palette
    from core.verification.errors import Verdict
    from gui.preferences import Preferences
    from gui.widgets.plots.plot import PlotPane
    from gui.workspace.workspace import Workspace

_SIZE = QSize(1280, 780)
_SHARE_OF_SCREEN = 0.92
_FRAME = QSize(4, 40)  # of the window, until it is shown and known
_TOTALS_ONLY = gettext(
    "Typed totals say how many cells there are, not where: they allow accuracy only. "
    "Precision, recall and F1 need boxes or points."
)


class VerifyWindow(QWidget):
    """The comparison, thresholds and plots, errors, and models beside each other."""

    import_wanted = Signal()
    images_wanted = Signal()
    image_wanted = Signal(object)  # id
    count_wanted = Signal(object)  # id of an image to count by hand, None: the one that is shown

    def __init__(self, workspace: Workspace, preferences: Preferences) -> None:
        super().__init__()  # without a parent: else it could not go behind the images
        self.setObjectName("verifyWindow")
        self.setWindowTitle(gettext("Verification – SmearCount"))
        self.setMinimumHeight(440)
        self._workspace = workspace
        self._preferences = preferences
        self._place: QPoint | None = None
        self.verifier = workspace.verifier
        self.comparison_page = ComparisonPage(workspace, preferences.palette)
        self.threshold_page = ThresholdPage(workspace, preferences.palette)
        self.error_page = ErrorPage(workspace, preferences.palette)
        self.model_page = ModelPage(workspace, preferences)
        self.kinds_page = KindsPage(workspace)
        self.pages = QTabWidget()
        self.pages.tabBar().setAccessibleName(gettext("Pages of the verification"))
        self.pages.setObjectName("verifyTabs")
        self.pages.tabBar().setDrawBase(False)
        self.pages.addTab(self.comparison_page, gettext("&Comparison"))
        self.pages.addTab(self.threshold_page, gettext("&Thresholds"))
        self.pages.addTab(self.error_page, gettext("&Errors"))
        self.pages.addTab(self.model_page, gettext("M&odels"))
        self.pages.addTab(self.kinds_page, gettext("&Kinds"))
        self.options = OptionsBar(workspace)
        self.state = QLabel()
        self.state.setWordWrap(True)
        self.state.setObjectName("faint")
        self.state.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.state.setFixedHeight(2 * self.fontMetrics().lineSpacing() + 2)  # what comes and goes moves nothing
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(8)
        layout.addWidget(self.options)
        layout.addWidget(self.state)
        layout.addWidget(self.pages, 1)
        self._connect()
        self.show_state()
        if not self.restoreGeometry(preferences.verify_geometry):
            self.resize(_SIZE.boundedTo(self.screen().availableGeometry().size() * _SHARE_OF_SCREEN))

    def _connect(self) -> None:
        self.options.details_changed.connect(self._show_details)
        self.comparison_page.import_wanted.connect(self.import_wanted)
        self.comparison_page.count_wanted.connect(self.count_wanted)
        self.comparison_page.image_wanted.connect(self.image_wanted)
        for empty in (self.threshold_page.empty, self.error_page.nothing, self.model_page.empty):
            empty.import_wanted.connect(self.import_wanted)
            empty.count_wanted.connect(lambda: self.count_wanted.emit(None))
        self.threshold_page.places_wanted.connect(self._show_places)
        for page in (self.error_page, self.kinds_page):
            page.images_wanted.connect(self.images_wanted)
        self.threshold_page.save_table_wanted.connect(self._save_table)
        self.threshold_page.save_plot_wanted.connect(self._save_threshold_plot)
        self.model_page.save_plot_wanted.connect(lambda: self._save_plot("models.png", self.model_page.plot))
        self.verifier.answered.connect(self.show_state)
        self._workspace.kind_truths.changed.connect(self._show_kinds)
        self._show_kinds()
        self.verifier.busy_changed.connect(self.show_state)

    # -- what is shown ---------------------------------------------------------------------------------

    def show_state(self) -> None:
        """Say which images take part, and what their truths allow."""
        answer = self.verifier.answer
        if answer is None:
            comparing = self.verifier.busy and bool(self._workspace.images.items)
            self.state.setText(gettext("Comparing…") if comparing else gettext("Open images and count them first."))
            return
        question = answer.request
        taking, left = len(question.checked), question.left_out
        parts = []
        if not taking:
            parts.append(
                gettext("No image has a count of yours yet: count by hand, type totals or import annotations.")
            )
        else:
            parts.append(ngettext("{n} image takes part", "{n} images take part", taking).format(n=taking))
            if left.without_truth:
                parts[0] += ngettext(
                    "; {n} without a count of yours is left out",
                    "; {n} without a count of yours are left out",
                    left.without_truth,
                ).format(n=left.without_truth)
            if left.not_counted:
                parts[0] += gettext("; {not_counted} not counted by the program yet").format(
                    not_counted=left.not_counted
                )
            parts[0] += "."
            parts += [text for text in (_reviewed_text(answer.reviewed, taking, left.reviewed),) if text]
            totals = sum(not case.located for case in answer.cases)
            if not answer.located:
                parts.append(_TOTALS_ONLY)
            elif totals:
                parts.append(
                    ngettext(
                        "Precision, recall and F1 leave out the {n} image with typed counts.",
                        "Precision, recall and F1 leave out the {n} images with typed counts.",
                        totals,
                    ).format(n=totals)
                )
        if self.verifier.busy:
            parts.append(gettext("Comparing again…"))
        self.state.setText(" ".join(parts))

    def _show_kinds(self) -> None:
        """Show the page of kinds while there are some to compare."""
        self.pages.setTabVisible(self.pages.indexOf(self.kinds_page), bool(self._workspace.kind_truths.found))

    def set_palette(self, palette: Palette) -> None:
        """Draw classes in other colours."""
        for page in (self.comparison_page, self.threshold_page, self.error_page, self.model_page):
            page.set_palette(palette)

    def _show_details(self, details: bool) -> None:
        self.threshold_page.show_details(details)
        self.model_page.show_details(details)

    # -- where it stands -------------------------------------------------------------------------------

    def place_beside(self, other: QWidget) -> None:
        """Take the place beside another window where it covers least of it, unless it has a place already."""
        if self._place is not None or not self._preferences.verify_geometry.isEmpty():
            return
        taken = other.frameGeometry()
        screens = [other.screen(), *(screen for screen in other.screen().virtualSiblings() if screen != other.screen())]
        places: list[QRect] = []
        for screen in screens:
            room = screen.availableGeometry().adjusted(0, 0, -_FRAME.width(), -_FRAME.height())
            size = self.size().boundedTo(room.size())
            corners = (room.right() - size.width() + 1, room.left()), (room.bottom() - size.height() + 1, room.top())
            places += [QRect(QPoint(x, y), size) for x in corners[0] for y in corners[1]]
        best = min(places, key=lambda place: _area(place.intersected(taken)))
        self.move(best.topLeft())

    def _remember(self) -> None:
        self._place = self.pos()
        self._preferences.verify_geometry = self.saveGeometry()

    # -- what the user does ----------------------------------------------------------------------------

    def _show_places(self, name: str, threshold: float, verdict: Verdict) -> None:
        self.pages.setCurrentWidget(self.error_page)
        self.error_page.show_places(name, threshold, verdict)
        self.error_page.view.setFocus()

    def _save_table(self) -> None:
        answer = self.verifier.answer
        path = self._ask_where(gettext("Save the tables of all classes"), "verification.csv", gettext("CSV (*.csv)"))
        if answer is not None and path is not None:
            self._workspace.store.save(path, lambda: write_whole(path, sweep_csv(answer)))

    def _save_threshold_plot(self) -> None:
        kind = self.threshold_page.kind.currentData()
        name = f"{kind.name.lower()} {self.threshold_page.chosen}" if kind.of_one_class else kind.name.lower()
        self._save_plot(f"{name}.png", self.threshold_page.plot)

    def _save_plot(self, name: str, plot: PlotPane) -> None:
        path = self._ask_where(gettext("Save the plot"), name, gettext("PNG (*.png);;SVG (*.svg)"))
        if path is not None:
            self._workspace.store.save(path, lambda: plot.save(path))

    def _ask_where(self, title: str, name: str, kinds: str) -> Path | None:
        start = str(Path(self._preferences.folder or ".") / name)
        chosen, kind = QFileDialog.getSaveFileName(self, title, start, kinds)
        if not chosen:
            return None
        path = Path(chosen)
        if not path.suffix:
            path = path.with_suffix(kind[kind.find("*") + 1 : kind.find(")")] or Path(name).suffix)
        self._preferences.folder = str(path.parent)
        return path

    def close_down(self) -> None:
        """End the threads, when the program closes."""
        if self.isVisible():
            self._remember()
        self.hide()
        self.error_page.close_down()
        self.kinds_page.close_down()
        self.deleteLater()

    # -- events ----------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close()
            self.images_wanted.emit()
        else:
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        if self._place is not None and not event.spontaneous():
            self.move(self._place)  # window managers put a hidden window elsewhere by the width of its frame
        super().showEvent(event)
        self.verifier.set_active(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if not event.spontaneous():
            self.verifier.set_active(False)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._remember()
        super().closeEvent(event)


def _reviewed_text(used: int, taking: int, left: int) -> str:
    """Return which part reviewed counts have, or ""."""
    if left:
        return ngettext(
            "{n} image that was only reviewed is not compared: its count is the program's own.",
            "{n} images that were only reviewed are not compared: their counts are the program's own.",
            left,
        ).format(n=left)
    if not used:
        return ""
    if used == taking:
        return gettext(
            "Only reviewed counts are compared: they are the program's own as you corrected them, and agree with "
            "themselves."
        )
    return ngettext(
        "{n} of them has a reviewed count in place of one by hand: it is the program's own as you corrected it.",
        "{n} of them have a reviewed count in place of one by hand: it is the program's own as you corrected it.",
        used,
    ).format(n=used)


def _area(place: QRect) -> int:
    return place.width() * place.height() if place.isValid() else 0
