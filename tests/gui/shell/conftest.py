"""Windows with images that are counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.gui.shell.troubles import counted_cells

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gui.shell.window import MainWindow

    MakeSmear = Callable[..., tuple[Path, dict[str, int]]]
    WaitCounted = Callable[[MainWindow], None]


@pytest.fixture
def counted(window: MainWindow, make_smear: MakeSmear, wait_counted: WaitCounted) -> MainWindow:
    """Three images of one sample, counted."""
    window.workspace.opening.open([make_smear(f"{name}.png", seed)[0] for seed, name in enumerate("abc")])
    wait_counted(window)
    return window


@pytest.fixture
def corrected(window: MainWindow, make_smear: MakeSmear, wait_counted: WaitCounted) -> MainWindow:
    """The window with a counted image and one correction."""
    window.workspace.opening.open([make_smear("slides/1.png")[0]])
    wait_counted(window)
    window.workspace.editing.remove_cells(counted_cells(window)[:1])
    return window
