"""The photograph of an image is there before the worker comes to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from core.imaging.synthetic import render_smear

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.shell.window import MainWindow


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_the_photograph_is_shown_while_the_worker_is_busy_and_the_boxes_follow(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, wait_counted: Callable[..., None], suffix: str
) -> None:
    smear = render_smear(1999, 1500, red_cells=30, diameter=150, rng=np.random.default_rng(3))
    path = tmp_path / f"large{suffix}"
    Image.fromarray(smear.image).save(path)
    workspace, canvas = window.workspace, window.canvas
    queue = workspace.inference.queue
    queue.opening_model = True  # as at the start of the program
    with qtbot.waitSignal(workspace.previews.ready):
        workspace.opening.open([path])
    assert workspace.inference.shown is None
    assert (canvas.area.width(), canvas.area.height()) == (1999, 1500)
    assert canvas.photograph.smallest is not None
    assert canvas.boxes.shown_count == 0
    mean = canvas.photograph.smallest.mean(axis=(0, 1))
    assert mean == pytest.approx(smear.image.mean(axis=(0, 1)), abs=3)
    canvas.zoom_to(1.7)
    before = canvas.viewportTransform()
    queue.opening_model = False
    queue.dispatch()
    wait_counted(window)
    assert canvas.viewportTransform() == before
    assert canvas.boxes.shown_count > 0
    assert canvas.photograph.pixels is not None
    assert canvas.photograph.pixels.shape == (1500, 1999, 3)
    assert workspace.previews.shown is None


def test_what_cannot_be_read_is_left_to_the_worker_to_explain(
    window: MainWindow, tmp_path: Path, wait_counted: Callable[..., None]
) -> None:
    path = tmp_path / "broken.jpg"
    path.write_bytes(b"\xff\xd8 broken")
    window.workspace.opening.open([path])
    wait_counted(window)
    assert window.image_page.currentWidget() is window.image_page.failure_page
