"""What of a report is written, in which form, and where."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QFileDialog, QGridLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from core.report.content import Contents
from core.report.export import Outputs
from core.report.formats.csv import CsvStyle, Separator
from core.text import gettext
from gui.widgets.forms import faint, heading, row
from gui.widgets.wheel_safe import QuietComboBox

if TYPE_CHECKING:
    from gui.preferences import Preferences

_STYLES = {
    gettext("Comma-separated, decimal point"): CsvStyle(),
    gettext("Semicolon-separated, decimal point"): CsvStyle(Separator.SEMICOLON),
    gettext("Semicolon-separated, decimal comma"): CsvStyle(Separator.SEMICOLON, decimal_comma=True),
    gettext("Tab-separated, decimal point"): CsvStyle(Separator.TAB),
    gettext("Tab-separated, decimal comma"): CsvStyle(Separator.TAB, decimal_comma=True),
}
_PICTURES = {"PNG": ".png", "TIFF": ".tif"}
_LONGEST_STEM = 80


def file_stem(text: str) -> str:
    """Return what files about a sample may be called on every system; "" if nothing is left of it."""
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]+', "-", text).strip(" .-")[:_LONGEST_STEM].rstrip(" .-")


class ReportChoices(QWidget):
    """Boxes to tick, and the folder; files are named after the sample."""

    changed = Signal()

    def __init__(self, preferences: Preferences, folder: Path) -> None:
        """``folder``: where the files go unless the user chooses another place."""
        super().__init__()
        self._preferences = preferences
        self._build()
        self._lay_out()
        ticked = preferences.report_choices
        for name, box in self.boxes.items():
            box.setChecked(name in ticked)
        for combo in (self.csv_styles, self.picture_formats):
            place = next((combo.findText(text) for text in ticked if combo.findText(text) >= 0), 0)
            combo.setCurrentIndex(place)
        self.folder.setText(str(folder))
        for box in self.boxes.values():
            box.toggled.connect(lambda *_: self.changed.emit())

    def _build(self) -> None:
        self.boxes = {
            "pdf": QCheckBox(gettext("&Report (PDF)")),
            "xlsx": QCheckBox(gettext("&Workbook (XLSX)")),
            "csv": QCheckBox(gettext("&Table (CSV)")),
            "json": QCheckBox(gettext("&JSON")),
            "annotated": QCheckBox(gettext("&Annotated images, full size")),
            "pictures": QCheckBox(gettext("with &images")),
            "verification": QCheckBox(gettext("&verification")),
            "history": QCheckBox(gettext("&history")),
        }
        self.csv_styles = QuietComboBox()
        self.csv_styles.addItems(list(_STYLES))
        self.csv_styles.setAccessibleName(gettext("Separators of the table"))
        self.csv_styles.setToolTip(gettext("The separator between cells and the decimal sign"))
        self.picture_formats = QuietComboBox()
        self.picture_formats.addItems(list(_PICTURES))
        self.picture_formats.setAccessibleName(gettext("Format of the images"))
        self.folder = QLineEdit()
        self.folder.setReadOnly(True)
        self.folder.setAccessibleName(gettext("Folder"))
        self.folder.setToolTip(gettext("Choose… takes another folder"))
        self.choose_button = QPushButton(gettext("&Choose…"))
        self.choose_button.setAutoDefault(False)
        self.choose_button.clicked.connect(lambda *_: self._ask_for_folder())
        self.names = faint("")
        self.names.setMinimumHeight(2 * self.names.fontMetrics().lineSpacing())
        self.names.setAlignment(Qt.AlignmentFlag.AlignTop)

    def _lay_out(self) -> None:
        boxes = self.boxes
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(heading(gettext("CONTENTS")))
        layout.addWidget(boxes["pdf"])
        parts = row(boxes["pictures"], boxes["verification"], boxes["history"], None)
        parts.setContentsMargins(24, 0, 0, 0)
        parts.setSpacing(12)
        layout.addLayout(parts)
        grid = QGridLayout()
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(2, 1)
        for place, (name, option) in enumerate(
            (("xlsx", None), ("csv", self.csv_styles), ("json", None), ("annotated", self.picture_formats))
        ):
            grid.addWidget(boxes[name], place, 0)
            grid.setRowMinimumHeight(place, self.csv_styles.sizeHint().height())
            if option is not None:
                grid.addWidget(option, place, 1)
        layout.addLayout(grid)
        layout.addWidget(heading(gettext("WHERE")))
        layout.addLayout(row(self.folder, self.choose_button))
        layout.addWidget(self.names)
        layout.addStretch(1)

    def outputs(self, stem: str) -> Outputs:
        """Return what would be written now, under this name."""
        folder, boxes = Path(self.folder.text()), self.boxes

        def path(name: str, suffix: str) -> Path | None:
            return folder / f"{stem}{suffix}" if boxes[name].isChecked() else None

        return Outputs(
            pdf=path("pdf", ".pdf"),
            xlsx=path("xlsx", ".xlsx"),
            csv=path("csv", ".csv"),
            json=path("json", ".json"),
            pictures=path("annotated", " images"),
            picture_suffix=_PICTURES[self.picture_formats.currentText()],
            csv_style=_STYLES[self.csv_styles.currentText()],
            contents=Contents(
                boxes["pictures"].isChecked(), boxes["verification"].isChecked(), boxes["history"].isChecked()
            ),
            palette=self._preferences.palette,
        )

    def show_names(self, names: list[str]) -> None:
        """Say which files will be written, and offer only what matters to them."""
        self.names.setText(", ".join(names) or gettext("Nothing is chosen."))
        self.csv_styles.setEnabled(self.boxes["csv"].isChecked())
        self.picture_formats.setEnabled(self.boxes["annotated"].isChecked())
        self.boxes["pictures"].setEnabled(self.boxes["pdf"].isChecked())

    def remember(self) -> None:
        """Keep what is chosen for the next time."""
        self._preferences.report_choices = [
            *(name for name, box in self.boxes.items() if box.isChecked()),
            self.csv_styles.currentText(),
            self.picture_formats.currentText(),
        ]

    def _ask_for_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, gettext("Where are the results put?"), self.folder.text())
        if name:
            self.folder.setText(name)
