"""A bench for the dialogs of annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gui.workspace.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.preferences import Preferences

    MakeSmear = Callable[..., tuple[Path, dict[str, int]]]

from tests.gui.dialogs.exchange_steps import Bench


@pytest.fixture
def bench(qtbot: QtBot, model_path: Path, tmp_path: Path, preferences: Preferences) -> Iterator[Bench]:
    workspace = Workspace(model_path, tmp_path / "sessions", user="Anna")
    qtbot.waitUntil(lambda: workspace.inference.model is not None, timeout=30_000)
    yield Bench(qtbot, workspace, preferences)
    workspace.close()
    workspace.deleteLater()
