"""Help ▸ Check this installation: counts the demo smear, and writes a file for whoever helps."""

from __future__ import annotations

import json
import os
import platform
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import openvino
from PySide6.QtCore import QLocale, Qt, Slot, qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QLabel, QPushButton, QVBoxLayout, QWidget

from core.files import write_result
from core.self_check import SelfCheck, check_installation
from core.text import gettext
from core.version import __version__
from gui.logs import LOG_NAME, crash_traces, log_folder, recent_activity, without_paths
from gui.tasks import Task
from gui.widgets.forms import Busy, FittingDialog, row

if TYPE_CHECKING:
    from core.detection.loading import AnyModel

_FRAME = re.compile(r'^\s+File ".*?([^/\\"]+)", line (\d+), in (\S+)$')
_EXCEPTION = re.compile(r"^([A-Za-z_][\w.]*(?:Error|Exception|Warning|Exit|Interrupt))\b")
_MOST_FAULTS = 20


def recent_faults(log: Path) -> list[str]:
    """Return what failed and where in the program, the latest last, without the messages, which may name files."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    faults, place = [], ""
    for line in lines:
        if frame := _FRAME.match(line):
            place = f"{frame[1]}:{frame[2]} {frame[3]}"
        elif place and (error := _EXCEPTION.match(line)):
            faults.append(f"{error[1]} at {place}")
            place = ""
    return faults[-_MOST_FAULTS:]


def support_facts(check: SelfCheck, model: AnyModel | None, log: Path) -> dict[str, Any]:
    """Return what helps to find a fault: versions, computer, check, faults. No names of images, folders or people."""
    screens = QGuiApplication.screens()
    return {
        "program": f"SmearCount {__version__}",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processors": os.cpu_count(),
        "locale": QLocale.system().name(),
        "window_system": QGuiApplication.platformName(),
        "screens": [
            f"{screen.size().width()} x {screen.size().height()} at {screen.devicePixelRatio():g}" for screen in screens
        ],
        "versions": {
            "python": platform.python_version(),
            "qt": qVersion(),
            "openvino": openvino.__version__,
            "opencv": cv2.__version__,
            "numpy": np.__version__,
        },
        "check": {
            "good": check.good,
            "findings": [
                {"name": finding.name, "good": finding.good, "text": without_paths(finding.text)}
                for finding in check.findings
            ],
            "counts": check.counts,
            "truth": check.truth,
            "seconds": round(check.seconds, 3),
            "model_sha256": check.model_sha256,
        },
        "model_in_use": None if model is None else {"name": model.card.name, "sha256": model.sha256},
        "recent_faults": recent_faults(log),
        "recent_activity": recent_activity(log),
        "crashes": crash_traces(log.parent),
    }


class SelfCheckDialog(FittingDialog):
    """Shows the check while it runs and what it found."""

    def __init__(self, model: AnyModel | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(gettext("Check this installation"))
        self.setMinimumWidth(460)
        self.check: SelfCheck | None = None
        self._model = model
        self.busy = Busy()
        self.busy.show_text(gettext("Counting the demo smear…"))
        self.findings = QLabel()
        self.findings.setWordWrap(True)
        self.findings.setTextFormat(Qt.TextFormat.PlainText)
        self.findings.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.findings.hide()
        self.save_button = QPushButton(gettext("Save a support file…"))
        self.save_button.setToolTip(
            gettext(
                "Versions, computer, this check, and where the program failed. No names of images, patients or people"
            )
        )
        self.save_button.setEnabled(False)
        self.save_button.clicked.connect(self._ask_to_save)
        close = QPushButton(gettext("Close"))
        close.clicked.connect(self.reject)
        self.verdict = QLabel()
        self.verdict.setObjectName("cardTitle")
        self.verdict.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 16)
        layout.setSpacing(12)
        for widget in (self.busy, self.verdict, self.findings):
            layout.addWidget(widget)
        layout.addStretch(1)
        layout.addLayout(row(self.save_button, None, close))
        self._checking = Task("self-check", self._on_checked, self)
        self._checking.start(lambda _: check_installation())

    def done(self, result: int) -> None:
        self._checking.close()
        super().done(result)

    @Slot(object)
    def _on_checked(self, outcome: SelfCheck) -> None:
        self.check = outcome
        self.verdict.setText(gettext("No problems found.") if outcome.good else gettext("Problems were found."))
        lines = [f"{'✓' if finding.good else '✗'} {finding.name}: {finding.text}" for finding in outcome.findings]
        if not outcome.good:
            lines.append(
                gettext("\nInstall SmearCount again; if that does not help, save a support file and send it to us.")
            )
        self.findings.setText("\n".join(lines))
        self.busy.hide()
        self.verdict.show()
        self.findings.show()
        self.save_button.setEnabled(True)
        self.fit()

    @Slot()
    def _ask_to_save(self) -> None:
        start = str(Path.home() / "smearcount-support.json")
        name, _ = QFileDialog.getSaveFileName(
            self, gettext("Save a support file"), start, gettext("Support file (*.json)")
        )
        if name and self.check is not None:
            facts = support_facts(self.check, self._model, log_folder() / LOG_NAME)
            try:
                write_result(Path(name), json.dumps(facts, indent=2, ensure_ascii=False).encode())
            except OSError as error:
                self.findings.setText(
                    gettext("{name}: the file cannot be written ({strerror}); choose another place.").format(
                        name=name, strerror=error.strerror
                    )
                )
