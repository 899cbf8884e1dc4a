"""A workspace with two counted images for tests of kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from gui.workspace.images import State
from gui.workspace.workspace import Workspace
from tests.gui.workspace.kinds.kinds_steps import WAIT_MS, ids

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot


@pytest.fixture
def workspace(qtbot: QtBot, model_path: Path, tmp_path: Path) -> Iterator[Workspace]:
    workspace = Workspace(model_path, tmp_path / "sessions", "Ada")
    qtbot.waitUntil(lambda: workspace.inference.model is not None, timeout=WAIT_MS)
    yield workspace
    workspace.close()


def count(workspace: Workspace, qtbot: QtBot, sharp: Path, soft: Path) -> Workspace:
    """Count two images, the second out of focus."""
    cv2.imwrite(str(soft), cv2.GaussianBlur(np.asarray(cv2.imread(str(soft))), (0, 0), 2.5))
    workspace.opening.open([sharp, soft])
    qtbot.waitUntil(lambda: all(item.state is State.COUNTED for item in workspace.images.items), timeout=WAIT_MS)
    return workspace


@pytest.fixture
def counted(qtbot: QtBot, workspace: Workspace, make_smear: Callable[..., tuple[Path, dict[str, int]]]) -> Workspace:
    """Return a workspace with two counted images; the second is out of focus."""
    return count(workspace, qtbot, make_smear("1.png")[0], make_smear("2.png", seed=3)[0])


def describe(workspace: Workspace, qtbot: QtBot) -> Workspace:
    """Describe the red cells."""
    workspace.kinds.tree.add_ready_set("RBC")
    qtbot.waitUntil(lambda: all(map(workspace.kinds.embeddings.of, ids(workspace))), timeout=WAIT_MS)
    return workspace


@pytest.fixture
def described(qtbot: QtBot, counted: Workspace) -> Workspace:
    """Return the workspace when its red cells are described."""
    return describe(counted, qtbot)


@pytest.fixture
def dense(qtbot: QtBot, workspace: Workspace, make_smear: Callable[..., tuple[Path, dict[str, int]]]) -> Workspace:
    """Return a workspace with the described red cells of two images with many; the second is out of focus."""
    sharp, soft = make_smear("1.png", red_cells=40)[0], make_smear("2.png", seed=3, red_cells=40)[0]
    return describe(count(workspace, qtbot, sharp, soft), qtbot)
