"""The card of the model, readable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

if TYPE_CHECKING:
    from core.detection.loading import AnyModel


class ModelDialog(QDialog):
    """What a model says of itself: what it finds, what it learned from, how well it was measured."""

    def __init__(self, model: AnyModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        card = model.card
        self.setWindowTitle(f"Model: {card.name}")
        self.resize(620, 520)
        form = QFormLayout()
        form.setLabelAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        thresholds = ", ".join(f"{name} {value:.2f}" for name, value in card.thresholds.items())
        rows = [
            ("Name", card.name),
            ("Architecture", card.architecture),
            ("File", str(model.path)),
            ("SHA-256", model.sha256),
            ("Classes", ", ".join(card.classes)),
            ("Suggested thresholds", thresholds),
            ("Overlap of one cell (NMS IoU)", f"{card.nms_iou:.2f}"),
            ("Red cell size in training", f"{card.red_cell_diameter:.0f} px"),
            (
                "Trained",
                f"{card.epochs} epochs, seed {card.seed}, {card.date} (trainer {card.trainer_version})",
            ),
        ]
        rows += [(f"{name} are counted by", method.label) for name, method in card.methods.items()]
        rows += [
            (data.purpose, f"{data.name}, {data.split}: {data.images} pictures (sha256 {data.sha256[:12]} …)")
            for data in card.trained_on
        ]
        rows += [("Measured on " + item.test_set, f"{item.figure}: {item.value:.4g}") for item in card.measured]
        if card.notes:
            rows.append(("Notes", card.notes))
        for name, text in rows:
            label = QLabel(text)
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
            form.addRow(name + ":", label)
        inside = QWidget()
        inside.setLayout(form)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(inside)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(scroll)
        layout.addWidget(buttons)
