"""The window that checks the counts against a person's own; it stands beside the pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from core.files import write_whole
from core.text import gettext, ngettext
from core.verification.request import STEPS, VerificationScope
from gui.verify.errors import ErrorPage
from gui.verify.ground_truth import TruthPage
from gui.verify.models import ModelPage
from gui.verify.sweep_table import sweep_csv
from gui.verify.thresholds import ThresholdPage
from gui.widgets.numbers import NumberBox
from gui.widgets.wheel_safe import QuietComboBox

if TYPE_CHECKING:
    from PySide6.QtGui import QCloseEvent, QHideEvent, QKeyEvent, QShowEvent

    from core.classes import Palette
    from core.verification.errors import Verdict
    from gui.preferences import Preferences
    from gui.widgets.plot import PlotPane
    from gui.workspace.workspace import Workspace

_CHECKED = ((gettext("the model's count"), False), (gettext("the corrected count"), True))
_SHARE_OF_SCREEN = 0.92
_EXPLAINED = gettext(
    "TP: counted and correct; FP: counted but wrong; FN: missed. A counted and a true box are one cell "
    "if they share the part that “Match at IoU” says. AP: how well all thresholds do together; 1 is perfect."
)
_TOTALS_ONLY = gettext(
    "Typed totals say how many cells there are, not where: they allow accuracy only. "
    "Precision, recall and F1 need boxes or points."
)


class VerifyWindow(QWidget):
    """Manual counts, thresholds and plots, errors, and models beside each other."""

    import_wanted = Signal()
    pictures_wanted = Signal()

    def __init__(self, workspace: Workspace, preferences: Preferences) -> None:
        super().__init__()  # without a parent: else it could not go behind the images
        self.setObjectName("verifyWindow")
        self.setWindowTitle(gettext("Verification – SmearCount"))
        self.setMinimumHeight(440)
        self._workspace = workspace
        self._preferences = preferences
        self.verifier = workspace.verifier
        self.truth_page = TruthPage(workspace)
        self.threshold_page = ThresholdPage(workspace, preferences.palette)
        self.pages = QTabWidget()
        self.pages.setObjectName("verifyTabs")
        self.pages.tabBar().setDrawBase(False)
        self.pages.addTab(self.truth_page, gettext("&Manual counts"))
        self.pages.addTab(self.threshold_page, gettext("&Thresholds"))
        self.error_page = ErrorPage(workspace, preferences.palette)
        self.pages.addTab(self.error_page, gettext("&Errors"))
        self.model_page = ModelPage(workspace, preferences)
        self.pages.addTab(self.model_page, gettext("M&odels"))
        self.state = QLabel()
        self.state.setWordWrap(True)
        self.state.setObjectName("faint")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 12)
        layout.addLayout(self._build_bar())
        layout.addWidget(self.state)
        explained = QLabel(_EXPLAINED)
        explained.setWordWrap(True)
        explained.setObjectName("faint")
        layout.addWidget(explained)
        layout.addWidget(self.pages, 1)
        self.truth_page.import_wanted.connect(self.import_wanted)
        self.threshold_page.places_wanted.connect(self._show_places)
        self.error_page.pictures_wanted.connect(self.pictures_wanted)
        self.threshold_page.save_table_wanted.connect(self._save_table)
        self.threshold_page.save_plot_wanted.connect(self._save_threshold_plot)
        self.model_page.save_plot_wanted.connect(lambda: self._save_plot("models.png", self.model_page.plot))
        self.verifier.answered.connect(self.show_state)
        self.verifier.busy_changed.connect(self.show_state)
        self.verifier.options_changed.connect(self.show_options)
        self.show_options()
        if not self.restoreGeometry(preferences.verify_geometry):
            self.resize(QSize(1180, 760).boundedTo(self.screen().availableGeometry().size() * _SHARE_OF_SCREEN))

    def _build_bar(self) -> QHBoxLayout:
        self.scope = QuietComboBox()
        self.scope.activated.connect(lambda *_: self.verifier.set_options(scope=self.scope.currentData()))
        for scope in VerificationScope:
            self.scope.addItem("", scope)
        self.scope.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.whose = QuietComboBox()
        for text, corrected in _CHECKED:
            self.whose.addItem(text, corrected)
        self.whose.setToolTip(
            gettext("The corrected count has your own changes in it; to choose a threshold, check the model's")
        )
        self.whose.activated.connect(lambda *_: self.verifier.set_options(corrected=self.whose.currentData()))
        self.iou = NumberBox()
        self.iou.setRange(0.1, 0.95)
        self.iou.setSingleStep(0.05)
        self.iou.setDecimals(2)
        self.iou.setKeyboardTracking(False)
        self.iou.setToolTip(
            gettext("How far a counted box and a true one must overlap to be one cell (IoU); points need no overlap")
        )
        self.iou.valueChanged.connect(lambda value: self.verifier.set_options(iou=round(value, 2)))
        self.step = QuietComboBox()
        for step in STEPS:
            self.step.addItem(f"{step:.2f}", step)
        self.step.setToolTip(gettext("How far the thresholds of the table lie from each other"))
        self.step.activated.connect(lambda *_: self.verifier.set_options(step=self.step.currentData()))
        bar = QHBoxLayout()
        for text, widget in (
            ("&Pictures", self.scope),
            ("Chec&k", self.whose),
            (gettext("Match at &IoU"), self.iou),
            ("&Step", self.step),
        ):
            label = QLabel(text)
            label.setBuddy(widget)
            label.setToolTip(widget.toolTip())
            widget.setAccessibleName(text.replace("&", ""))
            bar.addWidget(label)
            bar.addWidget(widget)
            bar.addSpacing(10)
        bar.addStretch(1)
        return bar

    # -- what is shown ---------------------------------------------------------------------------------

    def show_options(self) -> None:
        """Show how the comparison is made."""
        options, total = self.verifier.options, len(self._workspace.images.items)
        ticked = sum(item.id in options.ticked for item in self._workspace.images.items)
        for place, text in enumerate(
            (
                gettext("this image"),
                gettext("ticked images ({ticked})").format(ticked=ticked),
                gettext("all images ({total})").format(total=total),
            )
        ):
            self.scope.setItemText(place, text)
        self.scope.setCurrentIndex(self.scope.findData(options.scope))
        self.whose.setCurrentIndex(self.whose.findData(options.corrected))
        self.iou.blockSignals(True)
        self.iou.setValue(options.iou)
        self.iou.blockSignals(False)
        self.step.setCurrentIndex(max(self.step.findData(options.step), 0))

    def show_state(self) -> None:
        """Say which images take part, and what their truths allow."""
        answer = self.verifier.answer
        if answer is None:
            self.state.setText(
                gettext("Comparing …") if self.verifier.busy else gettext("Open images and count them first.")
            )
            return
        question = answer.request
        taking, left = len(question.checked), question.left_out
        parts = []
        if not taking:
            parts.append(gettext("No image has a ground truth yet: type your counts, or import annotations."))
        else:
            parts.append(ngettext("{n} image takes part", "{n} images take part", taking).format(n=taking))
            if left.without_truth:
                parts[0] += ngettext(
                    "; {n} without a ground truth is left out",
                    "; {n} without a ground truth are left out",
                    left.without_truth,
                ).format(n=left.without_truth)
            if left.not_counted:
                parts[0] += gettext("; {not_counted} not counted by the program yet").format(
                    not_counted=left.not_counted
                )
            parts[0] += "."
            if not answer.located:
                parts.append(_TOTALS_ONLY)
            elif any(not case.located for case in answer.cases):
                totals = sum(not case.located for case in answer.cases)
                parts.append(
                    gettext("Precision, recall and F1 leave out the {totals} with typed totals.").format(totals=totals)
                )
        if self.verifier.busy:
            parts.append(gettext("Comparing again …"))
        self.state.setText(" ".join(parts))
        self.show_options()

    def set_palette(self, palette: Palette) -> None:
        """Draw classes in other colours."""
        self.threshold_page.set_palette(palette)
        self.error_page.set_palette(palette)
        self.model_page.set_palette(palette)

    # -- what the person does --------------------------------------------------------------------------

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
        self._preferences.verify_geometry = self.saveGeometry()
        self.hide()
        self.error_page.close_down()
        self.deleteLater()

    # -- events ----------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close()
            self.pictures_wanted.emit()
        else:
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.verifier.set_active(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.verifier.set_active(False)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._preferences.verify_geometry = self.saveGeometry()
        super().closeEvent(event)
