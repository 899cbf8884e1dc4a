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

from core.text import gettext

if TYPE_CHECKING:
    from core.detection.loading import AnyModel


class ModelDialog(QDialog):
    """What a model says of itself: what it finds, what it learned from, how well it was measured."""

    def __init__(self, model: AnyModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        card = model.card
        self.setWindowTitle(gettext("Model: {card}").format(card=card.name))
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
            (gettext("Reset to model defaults"), thresholds),
            (gettext("Overlap of one cell (NMS IoU)"), f"{card.nms_iou:.2f}"),
            (gettext("Red cell size in training"), f"{card.red_cell_diameter:.0f} px"),
            (
                "Trained",
                gettext("{epochs} epochs, seed {seed}, {date} (trainer {trainer_version})").format(
                    epochs=card.epochs, seed=card.seed, date=card.date, trainer_version=card.trainer_version
                ),
            ),
        ]
        rows += [
            (gettext("{name} are counted by").format(name=name), method.label) for name, method in card.methods.items()
        ]
        rows += [
            (
                data.purpose,
                gettext("{data}, {split}: {images} images (sha256 {sha256} …)").format(
                    data=data.name, split=data.split, images=data.images, sha256=data.sha256[:12]
                ),
            )
            for data in card.trained_on
        ]
        rows += [
            (gettext("Measured on ") + item.test_set, f"{item.figure}: {item.value:.4g}") for item in card.measured
        ]
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
