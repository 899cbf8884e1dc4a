"""A sample unlike the training images says so as a whole, where its numbers are, and leads to what helps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import Qt

from core.imaging.synthetic import render_smear
from core.report.formats.annotated import write_picture
from gui.commands.context import View

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.shell.window import MainWindow

    WaitCounted = Callable[[MainWindow], None]


def stained(folder: Path, seed: int, *, bluer: bool) -> Path:
    """Write a rendered field, with cells that absorb red as they absorb green if ``bluer``."""
    pixels = render_smear(480, 360, red_cells=20, diameter=64, rng=np.random.default_rng(seed)).image.copy()
    if bluer:
        pixels[..., 0] = pixels[..., 1]
    path = folder / f"{seed}.png"
    write_picture(pixels, path)
    return path


@pytest.fixture(autouse=True)
def model_with_a_look(window: MainWindow) -> None:
    model = window.workspace.inference.model
    if model is None or not model.card.look:
        pytest.skip("the model does not know what its training images look like")


def test_an_unlike_sample_is_told_and_leads_to_adapting(
    window: MainWindow, tmp_path: Path, qtbot: QtBot, wait_counted: WaitCounted
) -> None:
    window.workspace.opening.open([stained(tmp_path, seed, bluer=True) for seed in range(2)])
    wait_counted(window)
    note = window.review.panel.sample_note
    qtbot.waitUntil(lambda: note.note == "2 of 2 unlike training images")
    assert "Stain: red cells are bluer than in 99 % of the training images (red against green 1.0" in note.toolTip()
    assert "Adapt to these images" in note.toolTip()
    qtbot.mouseClick(note, Qt.MouseButton.LeftButton)
    assert window.dialogs.adapt is not None
    assert window.dialogs.adapt.isVisible()
    window.dialogs.adapt.close()
    window.show_view(View.RESULTS)
    qtbot.waitUntil(lambda: window.results.panel.side.note.note == "2 of 2 unlike training images")
    session = window.workspace.store.path
    assert session is not None
    window.workspace.store.close()
    assert note.note == ""
    window.workspace.store.open(session)
    qtbot.waitUntil(lambda: note.note == "2 of 2 unlike training images")


@pytest.mark.slow
def test_a_sample_with_few_unlike_images_is_not(
    window: MainWindow, tmp_path: Path, qtbot: QtBot, wait_counted: WaitCounted
) -> None:
    window.workspace.opening.open([stained(tmp_path, seed, bluer=seed == 0) for seed in range(4)])
    wait_counted(window)
    qtbot.waitUntil(lambda: window.workspace.counts.counted_images == 4)
    qtbot.waitUntil(lambda: not window.workspace.likeness.busy)
    assert window.workspace.likeness.text == ""
