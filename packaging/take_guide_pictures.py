"""Photograph the window for the user guide: ``QT_QPA_PLATFORM=offscreen python packaging/take_guide_pictures.py``."""

from __future__ import annotations

import io
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from PySide6.QtCore import QBuffer, QIODevice, QRect, QSettings
from PySide6.QtWidgets import QApplication, QTabWidget, QWidget

from core.detection.segmentation.classical import CLASSICAL
from core.imaging.demo import demo_smear, render_demo_smear
from core.imaging.synthetic import CLASS_NAMES, render_smear
from core.models.network import default_model_path
from core.verification.ground_truth import GroundTruth, TruthKind, TruthSource
from gui.commands.context import Dialog, View
from gui.dialogs.guide import guide_folder
from gui.preferences import Preferences, Theme
from gui.shell.window import MainWindow
from gui.widgets.theme import apply_theme
from gui.workspace.images import State
from gui.workspace.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable

_COLOURS = 64
_SETTLE_S = 3.0
_FIELDS = 12


def wait(app: QApplication, ready: Callable[[], bool]) -> None:
    """Let the window work until it is ready, and a moment longer."""
    settled = None
    while settled is None or time.monotonic() < settled:
        app.processEvents()
        if settled is None and ready():
            settled = time.monotonic() + _SETTLE_S


def shoot(widget: QWidget, name: str, left: int = 0) -> None:
    """Save a widget, from so many pixels from its left side on, as a small image of the guide."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    widget.grab(QRect(left, 0, -1, -1)).save(buffer, "PNG")
    picture = Image.open(io.BytesIO(buffer.data().data())).convert("RGB")
    target = guide_folder() / "pictures" / name
    target.parent.mkdir(exist_ok=True)
    picture.quantize(_COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)


def shoot_kinds(app: QApplication, window: MainWindow) -> None:
    """Call a few red cells normal and a few long ones elliptocytes, and take an image of the piles."""
    kinds, page = window.workspace.kinds, window.cells.kinds
    window.resize(1180, 720)
    window.show_view(View.CELLS)
    window.cells.show_by_kind(True)
    kinds.tree.add_ready_set("RBC")
    wait(app, lambda: not kinds.embeddings.waiting and bool(page.naming.cells.rows))
    tiles = page.naming.cells.tiles
    wide, high = (tiles.boxes[:, 2:] - tiles.boxes[:, :2]).T
    inside = (tiles.boxes > 30).all(axis=1) & (tiles.boxes[:, 2] < window.canvas.sceneRect().width() - 30)
    order = np.where(inside, np.maximum(wide, high) / np.minimum(wide, high), 1.1).argsort().tolist()
    cells = tiles.cells()
    kinds.typed.give([cells[row] for row in order[:6]], "normal-red-cell")
    kinds.typed.give([cells[row] for row in order[-6:]], "elliptocyte")
    wait(app, lambda: kinds.piles.figures("RBC") is not None)
    page.sort_again()
    page.area.go_to("normal-red-cell")
    page.naming.select([cells[order[7]]])
    window.toast.leave()
    wait(app, lambda: True)
    shoot(window, "kinds.png")
    window.show_view(View.REVIEW)
    window.resize(960, 640)


def shoot_adapt(app: QApplication, folder: Path) -> None:
    """Count rendered fields at a threshold that is too high, give their true numbers, and ask what would be better."""
    preferences = Preferences(QSettings(f"{folder}/adapt.ini", QSettings.Format.IniFormat))
    window = MainWindow(Workspace(default_model_path(), folder / "adapt", "Anna"), preferences)
    workspace = window.workspace
    truths: dict[Path, dict[str, int]] = {}
    for seed in range(_FIELDS):
        smear = render_smear(900, 680, red_cells=45, white_cells=2, platelets=5, rng=np.random.default_rng(seed))
        path = folder / f"field {seed + 1:02}.png"
        Image.fromarray(smear.image).save(path)
        truths[path] = {name: int((smear.labels == label).sum()) for label, name in enumerate(CLASS_NAMES)}
    window.show()
    workspace.opening.open(list(truths))
    wait(app, lambda: len(workspace.images.items) == _FIELDS and workspace.counts.counted_images == _FIELDS)
    workspace.settings.set_threshold("RBC", 0.97)
    workspace.truths.set_totals({item.id: truths[item.path] for item in workspace.images.items}, "Manual count")
    window.actions_["adapt"].trigger()
    dialog = window.dialogs.adapt
    assert dialog is not None
    dialog.name.setText("Ward 3, microscope 2")
    wait(app, lambda: workspace.adapting.can_apply)
    shoot(dialog, "adapt.png")
    window.close()


def main() -> None:
    """Open the demo smear, correct it, check it, count it without a model; take an image of each."""
    app = QApplication([])
    app.setStyle("fusion")
    with tempfile.TemporaryDirectory() as folder:
        preferences = Preferences(QSettings(f"{folder}/settings.ini", QSettings.Format.IniFormat))
        apply_theme(app, Theme.LIGHT)
        window = MainWindow(Workspace(default_model_path(), Path(folder) / "sessions", "Anna"), preferences)
        workspace, images = window.workspace, window.workspace.images
        window.resize(960, 640)
        window.show()
        workspace.opening.open([demo_smear()])
        wait(app, lambda: images.items[0].state is State.COUNTED and workspace.inference.shown is not None)
        shoot(window, "counted.png")
        image, truth = images.items[0].id, render_demo_smear()
        names = tuple(CLASS_NAMES[label] for label in truth.labels)
        drawn = GroundTruth(TruthKind.BOXES, TruthSource.IMPORTED, CLASS_NAMES, names, truth.boxes)
        added = workspace.editing.add_cell_at("Platelets", 380, 330)
        workspace.selection.set(() if added is None else (added,))
        wait(app, lambda: images.items[0].edited > 0)
        shoot(window, "corrected.png")
        workspace.history.undo()
        shoot_kinds(app, window)
        workspace.truths.set(image, drawn)
        window.open_dialog(Dialog.VERIFY)
        verify = window.dialogs.verify
        assert verify is not None
        verify.resize(960, 640)
        verify.findChildren(QTabWidget)[0].setCurrentIndex(1)
        wait(app, verify.isVisible)
        shoot(verify, "verified.png")
        verify.close()
        workspace.truths.clear_used([image])
        workspace.inference.open_model(Path(CLASSICAL))
        wait(app, lambda: (shown := workspace.counts.current_cells()) is not None and shown.cells.contours is not None)
        shoot(window, "contours.png", left=window.image_list.width())
        window.close()
        shoot_adapt(app, Path(folder))


if __name__ == "__main__":
    main()
