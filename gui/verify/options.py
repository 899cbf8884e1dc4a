"""Which images are compared, and how; the figures that few people need are folded away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from core.text import gettext
from core.verification.request import STEPS, VerificationScope
from gui.widgets.numbers import NumberBox
from gui.widgets.wheel_safe import QuietComboBox

if TYPE_CHECKING:
    from gui.workspace.workspace import Workspace

_VERIFIED = ((gettext("the model's count"), False), (gettext("the corrected count"), True))
_EXPLAINED = gettext(
    "A counted box and one of yours are the same cell if they overlap by this share of their common area (IoU). "
    "AP sums up how well all thresholds do together; 100 % is perfect."
)


class OptionsBar(QWidget):
    """The images and the count that are compared; overlap and step behind *Details*."""

    details_changed = Signal(bool)

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self.verifier = workspace.verifier
        self.details_button = QToolButton()
        self.details_button.setText(gettext("&Details"))
        self.details_button.setToolTip(
            gettext("Overlap of boxes (IoU), step of the thresholds, average precision (AP)")
        )
        self.details_button.setCheckable(True)
        self.details_button.setObjectName("sectionHeading")
        self.details_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.details_button.setArrowType(Qt.ArrowType.RightArrow)
        self.details_button.toggled.connect(self._on_details)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(self._build_bar())
        layout.addWidget(self._build_details())
        self.verifier.options_changed.connect(self.refresh)
        self.verifier.answered.connect(self.refresh)
        self.refresh()

    def _build_bar(self) -> QHBoxLayout:
        self.scope = QuietComboBox()
        self.scope.activated.connect(lambda *_: self.verifier.set_options(scope=self.scope.currentData()))
        for scope in VerificationScope:
            self.scope.addItem("", scope)
        self.scope.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.whose = QuietComboBox()
        for text, corrected in _VERIFIED:
            self.whose.addItem(text, corrected)
        self.whose.setToolTip(
            gettext("The corrected count has your own changes in it; to choose a threshold, verify the model's")
        )
        self.whose.activated.connect(lambda *_: self.verifier.set_options(corrected=self.whose.currentData()))
        self.reviewed = QCheckBox(gettext("With re&viewed counts"))
        self.reviewed.setToolTip(
            gettext(
                "Compare the images that were only reviewed too. A reviewed count is the program's own as you "
                "corrected it, so that it agrees better than a count by hand would."
            )
        )
        self.reviewed.clicked.connect(lambda on: self.verifier.set_options(reviewed=on))
        bar = QHBoxLayout()
        _add(bar, gettext("Ima&ges"), self.scope)
        _add(bar, gettext("Veri&fy"), self.whose)
        bar.addWidget(self.reviewed)
        bar.addStretch(1)
        bar.addWidget(self.details_button)
        return bar

    def _build_details(self) -> QWidget:
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
        explained = QLabel(_EXPLAINED)
        explained.setWordWrap(True)
        explained.setObjectName("faint")
        self.details = QWidget()
        line = QHBoxLayout(self.details)
        line.setContentsMargins(0, 0, 0, 0)
        _add(line, gettext("Match at &IoU"), self.iou)
        _add(line, gettext("Ste&p of thresholds"), self.step)
        line.addWidget(explained, 1)
        self.details.hide()
        return self.details

    def _on_details(self, shown: bool) -> None:
        self.details_button.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)
        self.details.setVisible(shown)
        self.details_changed.emit(shown)

    def refresh(self) -> None:
        """Show how the comparison is made."""
        options, items = self.verifier.options, self._workspace.images.items
        ticked = sum(item.id in options.ticked for item in items)
        for place, text in enumerate(
            (
                gettext("this image"),
                gettext("ticked images ({ticked})").format(ticked=ticked),
                gettext("all images ({total})").format(total=len(items)),
            )
        ):
            self.scope.setItemText(place, text)
        self.scope.setCurrentIndex(self.scope.findData(options.scope))
        self.whose.setCurrentIndex(self.whose.findData(options.corrected))
        answer = self.verifier.answer
        left = answer is not None and answer.request.left_out.reviewed > 0
        self.reviewed.setChecked(options.reviewed)
        self.reviewed.setEnabled(options.reviewed or left)
        self.iou.blockSignals(True)
        self.iou.setValue(options.iou)
        self.iou.blockSignals(False)
        self.step.setCurrentIndex(max(self.step.findData(options.step), 0))


def _add(line: QHBoxLayout, text: str, widget: QWidget) -> None:
    label = QLabel(text)
    label.setBuddy(widget)
    label.setToolTip(widget.toolTip())
    widget.setAccessibleName(text.replace("&", ""))
    line.addWidget(label)
    line.addWidget(widget)
    line.addSpacing(12)
