"""A window whose images are counted and reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.gui.dialogs.report.report_bench import Bench

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.shell.window import MainWindow


@pytest.fixture
def bench(
    qtbot: QtBot,
    window: MainWindow,
    make_smear: Callable[..., tuple[Path, dict[str, int]]],
    wait_counted: Callable[[MainWindow], None],
    tmp_path: Path,
) -> Bench:
    window.workspace.opening.open([make_smear("one.png", 1)[0], make_smear("two.png", 2)[0]])
    wait_counted(window)
    out = tmp_path / "out"
    out.mkdir()
    return Bench(qtbot, window, out)
