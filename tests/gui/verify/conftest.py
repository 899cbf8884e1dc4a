"""Smears that are opened and counted, and a second model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import onnx
import pytest

from core.models.card import CARD_KEY, ModelCard

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gui.shell.window import MainWindow
    from tests.gui.verify.verify_steps import Counted, MakeSmear


@pytest.fixture
def counted(window: MainWindow, make_smear: MakeSmear, wait_counted: Callable[..., None]) -> Counted:
    """Return a function that opens and counts some smears."""

    def count(pictures: int) -> MainWindow:
        window.workspace.opening.open([make_smear(f"{place:02}.png", seed=place)[0] for place in range(pictures)])
        wait_counted(window)
        return window

    return count


@pytest.fixture
def other_model(model_path: Path, tmp_path: Path) -> Path:
    """Write the model under another name and with other thresholds."""
    network = onnx.load(model_path)
    for item in network.metadata_props:
        if item.key == CARD_KEY:
            card = ModelCard.from_json(item.value)
            thresholds = dict.fromkeys(card.classes, 0.9)
            item.value = msgspec.structs.replace(card, name="Strict", thresholds=thresholds).to_json()
    path = tmp_path / "strict.onnx"
    onnx.save(network, path)
    return path
