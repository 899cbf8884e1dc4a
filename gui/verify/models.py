"""Models beside each other: add them, run them on the same images, see which counts better, and use it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QSplitter,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from core.detection.segmentation.classical import CLASSICAL
from core.models.network import MODEL_SUFFIX
from core.text import gettext
from core.verification.charts import Chart, Series
from gui.verify.empty import EmptyPage
from gui.verify.model_table import AVERAGE_PRECISION, ModelTableModel, with_interval
from gui.widgets.plots.plot import PlotPane, scrolling
from gui.widgets.tables import CopyTable
from gui.widgets.wheel_safe import QuietComboBox

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.classes import Palette
    from core.verification.comparison import ModelRow
    from gui.preferences import Preferences
    from gui.workspace.verification.model_work import Candidate
    from gui.workspace.workspace import Workspace

_APART = 0.12
_MOST_ROWS = 12  # of the table that are in view without scrolling
_SHA = Qt.ItemDataRole.UserRole


class ModelPage(QWidget):
    """The models, how many images they have counted, and the comparison."""

    save_plot_wanted = Signal()

    def __init__(self, workspace: Workspace, preferences: Preferences, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._verifier = workspace.verifier
        self._workspace = workspace
        self._preferences = preferences
        self.runs = workspace.comparison
        self._build_list()
        self._build_result()
        self._build()
        delete = QShortcut(QKeySequence("Del"), self.models)
        delete.setContext(Qt.ShortcutContext.WidgetShortcut)
        delete.activated.connect(self.remove_button.click)
        self.runs.changed.connect(self.refresh)
        self.runs.progressed.connect(self._show_progress)
        self._verifier.answered.connect(self._show_page)
        self._workspace.inference.model_changed.connect(self.refresh)
        self.show_details(False)
        self.refresh()

    def _build_list(self) -> None:
        self.models = QListWidget()
        self.models.setAccessibleName(gettext("Models"))
        self.models.setObjectName("lines")
        self.models.setMaximumHeight(5 * (self.fontMetrics().height() + 8) + 8)
        self.models.currentRowChanged.connect(lambda *_: self._enable())
        self.add_button = self._button(gettext("&Add models…"), gettext("Model files made by the trainer"), self._add)
        tip = gettext("Also compare with counting by colour, size and shape alone")
        self.no_model_button = self._button(gettext("&Without a model"), tip, lambda: self.runs.add([Path(CLASSICAL)]))
        tip = gettext("Take the chosen model out of the comparison (Del); its counts are kept")
        self.remove_button = self._button(gettext("&Remove"), tip, self._remove)
        tip = gettext("Count the images that the models have not counted yet")
        self.run_button = self._button(gettext("C&ompare"), tip, self.runs.run)
        tip = gettext("Stop counting; what was found so far is kept")
        self.stop_button = self._button(gettext("&Stop"), tip, self.runs.stop)
        tip = gettext("Count every image with the chosen model from now on")
        self.use_button = self._button(gettext("&Use this model"), tip, self._use)
        self.progress = QProgressBar()
        self.progress.setAccessibleName(gettext("Images counted"))
        keep = self.progress.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self.progress.setSizePolicy(keep)
        buttons = QGridLayout()
        for place, button in enumerate(
            (self.add_button, self.no_model_button, self.run_button, self.stop_button, self.use_button)
        ):
            buttons.addWidget(button, *divmod(place, 2))
        buttons.addWidget(self.remove_button, 2, 1)
        buttons.addWidget(self.progress, 3, 0, 1, 2)
        buttons.setRowStretch(4, 1)
        self._head = QHBoxLayout()
        self._head.addWidget(self.models, 1, Qt.AlignmentFlag.AlignTop)
        self._head.addLayout(buttons)

    def _build_result(self) -> None:
        self.note = QLabel()
        self.note.setObjectName("faint")
        self.note.setWordWrap(True)
        self.table = CopyTable(gettext("Models compared"))
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table_model = ModelTableModel(self.table)
        self.table.setModel(self.table_model)
        self.measure = QuietComboBox()
        self.measure.setAccessibleName(gettext("Plot"))
        for name in (gettext("Accuracy"), gettext("F1")):
            self.measure.addItem(name)
        self.measure.currentIndexChanged.connect(lambda *_: self._show_plot())
        self.save_plot_button = self._button(gettext("Save p&lot…"), gettext("PNG or SVG"), self.save_plot_wanted.emit)
        tip = gettext("To paste it into a spreadsheet")
        self.copy_button = self._button(gettext("Cop&y table"), tip, self.table.copy)
        self.plot = PlotPane()
        bar = QHBoxLayout()
        bar.addWidget(self.copy_button)
        bar.addStretch(1)
        bar.addWidget(self.measure)
        bar.addWidget(self.save_plot_button)
        self._below = QWidget()
        column = QVBoxLayout(self._below)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(bar)
        column.addWidget(self.plot, 1)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.table)
        self.splitter.addWidget(self._below)
        self.splitter.setStretchFactor(1, 1)

    def _build(self) -> None:
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.addLayout(self._head)
        layout.addWidget(self.note)
        self._result = scrolling(self.splitter)
        layout.addWidget(self._result, 1)
        layout.addStretch(0)
        self.empty = EmptyPage(
            gettext("With a count of yours, this page shows which of several models counts your images best.")
        )
        self._pages = QStackedLayout(self)
        self._pages.addWidget(content)
        self._pages.addWidget(self.empty)

    def _button(self, text: str, tip: str, slot: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.clicked.connect(lambda *_: slot())
        return button

    # -- what is shown ---------------------------------------------------------------------------------

    @property
    def chosen(self) -> Candidate | None:
        """The model of the current line, None for the present one."""
        item = self.models.currentItem()
        sha256 = item.data(_SHA) if item is not None else None
        return next((one for one in self.runs.candidates if one.sha256 == sha256), None)

    def set_palette(self, palette: Palette) -> None:
        """Draw classes in other colours."""
        self._show_plot()

    def show_details(self, details: bool) -> None:
        """Show the average precision, or not."""
        self.table.setColumnHidden(AVERAGE_PRECISION, not details)

    def _show_page(self) -> None:
        answer = self._verifier.answer
        self._pages.setCurrentIndex(1 if answer is not None and not answer.cases else 0)

    def refresh(self) -> None:
        """Show the models and the comparison as they now are."""
        row, present = max(self.models.currentRow(), 0), self._workspace.inference.model
        self.models.clear()
        if present is not None:
            text = gettext("{model}   (in use, at the present thresholds)")
            self._add_line(text.format(model=present.card.name), present.sha256)
        for one in self.runs.candidates:
            done, total = self.runs.progress(one)
            state = (
                gettext("{done} of {total} images").format(done=done, total=total)
                if total
                else gettext("no images to compare")
            )
            file = "" if str(one.path) == CLASSICAL else f"; {one.path.name}"
            self._add_line(f"{one.card.name}   ({state}{file})", one.sha256)
        self.models.setCurrentRow(min(row, self.models.count() - 1))
        self.table_model.show(self.runs.rows)
        self._fit_table()
        self.note.setText(self._note())
        self.progress.setVisible(self.runs.busy)
        self._enable()
        self._show_plot()

    def _fit_table(self) -> None:
        """Show all rows of the table where there is room for them."""
        rows = min(max(len(self.runs.rows), 3), _MOST_ROWS)
        height = (
            rows * self.table.verticalHeader().defaultSectionSize() + self.table.horizontalHeader().sizeHint().height()
        )
        self.table.setMinimumHeight(height + 2 * self.table.frameWidth() + 4)

    def _add_line(self, text: str, sha256: str) -> None:
        item = QListWidgetItem(text)
        item.setToolTip(text)
        item.setData(_SHA, sha256)
        self.models.addItem(item)

    def _note(self) -> str:
        if self.runs.opening:
            return gettext("Opening…")
        if not self.runs.candidates:
            return gettext("Add the models that you want to see beside the present one.")
        if self.runs.busy:
            return gettext("Counting with the other models; you can go on working.")
        if not self.runs.rows:
            return gettext("Press Compare: each model counts each image that has a count of yours once.")
        return gettext(
            "Differences are to the model in use; ▲ and ▼ mark those that are no accident (95 % interval without 0). "
            "The other models count at the thresholds that their makers suggest."
        )

    def _show_progress(self, done: int, total: int) -> None:
        self.progress.setMaximum(max(total, 1))
        self.progress.setValue(done)

    def _show_plot(self) -> None:
        classes = self._workspace.settings.classes
        colours = {label: self._preferences.palette.colour(classes, label) for label in range(len(classes))}
        rows = self.runs.rows
        self._result.setVisible(bool(rows))
        self.plot.show_chart(
            _chart(rows, classes, self.measure.currentText(), f1=self.measure.currentIndex() == 1), colours
        )

    def _enable(self) -> None:
        writable, busy, chosen = self._workspace.store.writable, self.runs.busy, self.chosen
        for button in (self.add_button, self.no_model_button):
            button.setEnabled(writable and not busy)
        self.remove_button.setEnabled(writable and not busy and chosen is not None)
        unseen = [done < total for done, total in map(self.runs.progress, self.runs.candidates)]
        self.run_button.setEnabled(writable and not busy and any(unseen))
        self.stop_button.setEnabled(busy)
        self.use_button.setEnabled(writable and not busy and chosen is not None)
        self.copy_button.setEnabled(bool(self.runs.rows))

    # -- what the user does ----------------------------------------------------------------------------

    def _add(self) -> None:
        kinds = gettext("Models") + f" (*{MODEL_SUFFIX})"
        names, _ = QFileDialog.getOpenFileNames(self, gettext("Add models"), self._preferences.folder, kinds)
        if names:
            self._preferences.folder = str(Path(names[0]).parent)
            self.runs.add([Path(name) for name in names])

    def _remove(self) -> None:
        if self.chosen is not None:
            self.runs.remove(self.chosen.sha256)

    def _use(self) -> None:
        if self.chosen is not None:
            self.runs.use(self.chosen)


def _chart(rows: list[ModelRow], classes: tuple[str, ...], measure: str, *, f1: bool) -> Chart:
    """Return the plot: models side by side, classes by colour and symbol, with intervals; in per cent."""
    models = list(dict.fromkeys((row.sha256, row.model) for row in rows))
    places = {sha256: place for place, (sha256, _) in enumerate(models)}
    series = []
    for label, name in enumerate(classes):
        points = []
        for row in rows:
            value, interval = (row.f1, row.f1_interval) if f1 else (row.accuracy, row.accuracy_interval)
            if row.class_name == name and value is not None and interval is not None:
                points.append((row, value, interval))
        if points:
            shift = _APART * (label - (len(classes) - 1) / 2)
            series.append(
                Series(
                    name,
                    label,
                    np.array([places[row.sha256] + shift for row, *_ in points]),
                    np.array([100 * value for _, value, _ in points]),
                    tuple(f"{name}, {row.model}: {measure} {with_interval(value, i)} %" for row, value, i in points),
                    line=False,
                    low=np.array([100 * interval.low for *_, interval in points]),
                    high=np.array([100 * interval.high for *_, interval in points]),
                )
            )
    return Chart(
        gettext("{measure} of the models, with 95 % intervals").format(measure=measure),
        "",
        gettext("{measure}, %").format(measure=measure),
        series,
        x_range=(-0.5, 1.25 * len(models) - 0.5),  # room for the legend
        ticks=tuple((float(place), name) for place, (_, name) in enumerate(models)),
        missing="" if series else gettext("Nothing to compare yet."),
    )
