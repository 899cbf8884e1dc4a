"""The table over the thresholds beside its plots, and how to use the best of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QStackedLayout,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from core.text import gettext, ngettext
from core.verification.charts import ChartKind, make_chart
from gui.verify.empty import EmptyPage
from gui.verify.sweep_table import SweepTable
from gui.widgets.colour import swatch
from gui.widgets.plots.plot import PlotPane, scrolling
from gui.widgets.wheel_safe import QuietComboBox

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from core.classes import Palette
    from core.verification.figures import ClassFigures
    from core.verification.sweep import SweepRow
    from core.verification.thresholds import ThresholdChoice
    from gui.workspace.workspace import Workspace

_WIDE = 900
_NO_DIFFERENCE = 0.0005  # figures are written to a tenth of a per cent


class ThresholdPage(QWidget):
    """One class at every threshold, with the best one, and plots."""

    places_wanted = Signal(str, float, object)  # class name, threshold, Verdict
    save_table_wanted = Signal()
    save_plot_wanted = Signal()

    def __init__(self, workspace: Workspace, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._verifier = verifier = workspace.verifier
        self._workspace = workspace
        self._palette = palette
        self._details = False
        self._build_table()
        self._build_plot()
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(10)
        for side in (self._left, self._right):
            self.splitter.addWidget(side)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([770, 470])
        self.empty = EmptyPage(
            gettext(
                "With a count of yours, this page shows how well the program counts at every threshold from 0.20 to "
                "0.85, and which threshold agrees best with you."
            )
        )
        self._pages = QStackedLayout(self)
        area = scrolling(self.splitter)
        area.setContentsMargins(0, 8, 0, 0)
        self._pages.addWidget(area)
        self._pages.addWidget(self.empty)
        verifier.answered.connect(self.refresh)
        self._workspace.settings.changed.connect(self._show_origin)
        self._workspace.inference.model_changed.connect(self._fill_classes)
        self._workspace.store.session_changed.connect(self._fill_classes)
        self._workspace.history.changed.connect(self._show_origin)
        self._fill_classes()

    def _build_table(self) -> None:
        self.classes = QTabBar()
        self.classes.setDrawBase(False)
        self.classes.setExpanding(False)
        self.classes.setObjectName("classTabs")
        self.classes.setAccessibleName(gettext("Class"))
        self.classes.currentChanged.connect(lambda *_: self.refresh())
        self.table = SweepTable()
        self.table.setMinimumHeight(160)
        self.table.places_wanted.connect(lambda threshold, what: self.places_wanted.emit(self.chosen, threshold, what))
        self.table.selectionModel().currentChanged.connect(lambda *_: self._show_row())
        self.by = QuietComboBox()
        self.by.addItem(gettext("accuracy"), "accuracy")
        self.by.addItem("F1", "f1")
        self.by.setToolTip(gettext("Accuracy compares the numbers; F1 also asks whether the right cells were counted"))
        self.by.setAccessibleName(gettext("Best by"))
        self.by.activated.connect(lambda *_: self._verifier.set_options(by=self.by.currentData()))
        self.best = QLabel()
        self.best.setWordWrap(True)
        self.best.setMinimumHeight(3 * self.fontMetrics().lineSpacing() + 2)
        self.best.setTextFormat(Qt.TextFormat.RichText)
        self.warning = QLabel()
        self.warning.setObjectName("caution")
        self.warning.setWordWrap(True)
        self.origin = QLabel()
        self.origin.setObjectName("faint")
        self.origin.setWordWrap(True)
        self.taking = QLabel()
        self.taking.setObjectName("faint")
        self.taking.setWordWrap(True)
        self.use_button = QPushButton(gettext("&Use the best"))
        self.use_button.clicked.connect(lambda *_: self._use([self.chosen]))
        self.use_all_button = QPushButton(gettext("Use the best for &all classes"))
        self.use_all_button.clicked.connect(lambda *_: self._use(list(self._workspace.settings.classes)))
        self.set_button = QPushButton()
        self.set_button.setToolTip(gettext("Set the threshold of the chosen row, as the slider does"))
        self.set_button.clicked.connect(self._set_row)
        self.copy_button = QPushButton(gettext("&Copy"))
        self.copy_button.setToolTip(gettext("Copy the table, to paste it into a spreadsheet"))
        self.copy_button.clicked.connect(self.table.copy)
        self.save_button = QPushButton(gettext("Sa&ve table…"))
        self.save_button.clicked.connect(self.save_table_wanted)
        head = QHBoxLayout()
        head.addWidget(self.classes, 1)
        head.addWidget(self.copy_button)
        head.addWidget(self.save_button)
        uses = QHBoxLayout()
        label = QLabel(gettext("&Best by"))
        label.setBuddy(self.by)
        for widget in (label, self.by, self.use_button, self.use_all_button):
            uses.addWidget(widget)
        uses.addStretch(1)
        uses.addWidget(self.set_button)
        self._left = QWidget()
        column = QVBoxLayout(self._left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(head)
        column.addWidget(self.table, 1)
        for label in (self.best, self.warning, self.taking, self.origin):
            column.addWidget(label)
        column.addLayout(uses)

    def _build_plot(self) -> None:
        self.kind = QuietComboBox()
        self.kind.setAccessibleName(gettext("Plot"))
        self.plot = PlotPane()
        self._fill_kinds()
        self.kind.currentIndexChanged.connect(lambda *_: self.show_plot())
        self.save_plot_button = QPushButton(gettext("Save p&lot…"))
        self.save_plot_button.clicked.connect(self.save_plot_wanted)
        head = QHBoxLayout()
        head.addWidget(self.kind, 1)
        head.addWidget(self.save_plot_button)
        self._right = QWidget()
        column = QVBoxLayout(self._right)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(head)
        column.addWidget(self.plot, 1)

    # -- what is shown -----------------------------------------------------------------------------

    @property
    def chosen(self) -> str:
        """The class whose table is shown."""
        return self.classes.tabText(self.classes.currentIndex()) if self.classes.count() else ""

    @property
    def shown(self) -> ClassFigures | None:
        """The figures of the chosen class, None while there are none."""
        answer = self._verifier.answer
        one = answer.classes.get(self.chosen) if answer is not None else None
        return one if one is not None and one.images else None

    def show_details(self, details: bool) -> None:
        """Offer the plots of the average precision too, or not."""
        self._details = details
        self._fill_kinds()

    def _fill_kinds(self) -> None:
        chosen = self.kind.currentData()
        self.kind.blockSignals(True)
        self.kind.clear()
        for kind in ChartKind:
            if self._details or kind is not ChartKind.AP_IOU:
                self.kind.addItem(kind.value, kind)
        self.kind.setCurrentIndex(max(self.kind.findData(chosen), 0))
        self.kind.blockSignals(False)
        if self.kind.currentData() is not chosen and chosen is not None:
            self.show_plot()

    def set_palette(self, palette: Palette) -> None:
        """Draw classes in other colours."""
        self._palette = palette
        classes = self._workspace.settings.classes
        for label in range(self.classes.count()):
            self.classes.setTabIcon(label, swatch(palette.colour(classes, label)))
        self.show_plot()

    def _fill_classes(self) -> None:
        classes = self._workspace.settings.classes
        if [self.classes.tabText(place) for place in range(self.classes.count())] == list(classes):
            return
        self.classes.blockSignals(True)
        while self.classes.count():
            self.classes.removeTab(0)
        for name in classes:
            self.classes.addTab(name)
        self.classes.blockSignals(False)
        self.set_palette(self._palette)
        self.refresh()

    def refresh(self) -> None:
        """Show the answer as it now is."""
        answer = self._verifier.answer
        self._pages.setCurrentIndex(1 if answer is not None and not answer.cases else 0)
        self.table.show_class(self.shown)
        self.by.setCurrentIndex(max(self.by.findData(self._verifier.options.by), 0))
        self._show_best()
        self._show_origin()
        self._show_row()
        self.show_plot()

    def show_plot(self) -> None:
        """Draw the chosen plot."""
        classes = self._workspace.settings.classes
        colours = {label: self._palette.colour(classes, label) for label in range(len(classes))}
        self.plot.show_chart(make_chart(self.kind.currentData(), self._verifier.answer, self.chosen), colours)

    def _show_best(self) -> None:
        shown = self.shown
        choice = shown.choice if shown else None
        answer = self._verifier.answer
        located = answer is not None and answer.located
        self.by.setEnabled(located)
        self.use_button.setEnabled(choice is not None and self._workspace.store.writable)
        self.use_all_button.setEnabled(
            bool(self._choices(list(self._workspace.settings.classes))) and self._workspace.store.writable
        )
        self.copy_button.setEnabled(shown is not None)
        self.save_button.setEnabled(shown is not None)
        self.use_button.setText(
            gettext("&Use {threshold:.2f} for {class_name}").format(
                threshold=choice.threshold, class_name=choice.class_name
            )
            if choice
            else gettext("&Use the best")
        )
        self.best.setText("" if shown is None else _best_text(shown))
        self.warning.setText(choice.warning if choice else "")
        self.warning.setVisible(bool(self.warning.text()))
        self.taking.setText("" if answer is None or shown is None else _taking_text(shown, len(answer.cases)))
        self.taking.setVisible(bool(self.taking.text()))

    def _show_origin(self) -> None:
        text = self._workspace.verified_thresholds.origin(self.chosen) if self.chosen else ""
        self.origin.setText(text)
        self.origin.setVisible(bool(text))

    def _show_row(self) -> None:
        threshold, settings = self.table.current_threshold(), self._workspace.settings.value
        now = settings.thresholds.get(self.chosen) if settings else None
        self.set_button.setEnabled(threshold is not None and threshold != now and self._workspace.store.writable)
        self.set_button.setText(
            gettext("Set the chosen &row")
            if threshold is None
            else gettext("Set to chosen &row, {threshold:.2f}").format(threshold=threshold)
        )

    # -- what the user does ------------------------------------------------------------------------

    def _choices(self, names: list[str]) -> list[ThresholdChoice]:
        answer = self._verifier.answer
        if answer is None:
            return []
        found = [answer.classes[name].choice for name in names if name in answer.classes]
        return [choice for choice in found if choice is not None]

    def _use(self, names: list[str]) -> None:
        answer = self._verifier.answer
        if answer is not None:
            known = {case.image: case.name for case in answer.cases}
            self._workspace.verified_thresholds.use(self._choices(names), known, answer.request.options.iou)

    def _set_row(self) -> None:
        threshold = self.table.current_threshold()
        if threshold is not None:
            self._workspace.settings.set_threshold(self.chosen, threshold)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.width() >= _WIDE
        self.splitter.setOrientation(Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical)


def _taking_text(shown: ClassFigures, taking: int) -> str:
    """Return why fewer images decide about a class than take part, or ""."""
    parts: list[str] = []
    if len(shown.images) < taking:
        missing = taking - len(shown.images)
        parts.append(
            ngettext(
                "Of the {taking} images that take part, {n} has no count of {name}.",
                "Of the {taking} images that take part, {n} have no count of {name}.",
                missing,
            ).format(taking=taking, n=missing, name=shown.name)
        )
    choice = shown.choice
    if choice is not None and len(choice.images) < len(shown.images):
        totals = len(shown.images) - len(choice.images)
        parts.append(
            ngettext(
                "F1 leaves out {n} image with typed counts, which do not say where the cells are.",
                "F1 leaves out {n} images with typed counts, which do not say where the cells are.",
                totals,
            ).format(n=totals)
        )
    return " ".join(parts)


def _best_text(shown: ClassFigures) -> str:
    """Return what is recommended, how far that can be trusted, and why it need not be the highest of the table."""
    choice, name = shown.choice, shown.name
    if choice is None:
        return gettext("No threshold can be suggested for {name}: the images hold no cell that would decide.").format(
            name=name
        )
    measure = gettext("F1") if choice.measure == "f1" else gettext("accuracy")
    best = gettext("<b>★ Recommended for {name}: {threshold:.2f}</b> (by {measure}).").format(
        name=name, threshold=choice.threshold, measure=measure
    )
    if choice.accuracy is None:
        return best
    accuracy, images, interval = f"{100 * choice.accuracy:.1f}", len(choice.images), choice.interval
    if not choice.cross_validated:
        text = gettext("Accuracy there {accuracy} %, on the same images.")
        return f"{best} " + text.format(accuracy=accuracy)
    of = "" if interval is None else f" ({100 * interval.low:.1f}–{100 * interval.high:.1f} %)"
    text = gettext(
        "On new images expect an accuracy of {accuracy} %{interval}: each of {images} images counted at the threshold "
        "that is best for the others. The table's figures are of all these images together."
    )
    return " ".join((best, text.format(accuracy=accuracy, interval=of, images=images), _higher_text(shown, choice)))


def _higher_text(shown: ClassFigures, choice: ThresholdChoice) -> str:
    """Return that another threshold of the table has a higher figure, and why it is not recommended, or ""."""

    def figure(row: SweepRow) -> float:
        value = row.f1 if choice.measure == "f1" else row.accuracy
        return -1.0 if value is None else value

    top = max(shown.rows, key=figure)
    here = min(shown.rows, key=lambda row: abs(row.threshold - choice.threshold))
    if figure(top) - figure(here) < _NO_DIFFERENCE:
        return ""
    return gettext(
        "{top:.2f} has a higher figure in the table ({figure:.1f} %), but only with all these images together; it is "
        "not the best once single images are left out."
    ).format(top=top.threshold, figure=100 * figure(top))
