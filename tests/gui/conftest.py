"""A real window with a worker thread, a settings file of its own, and rendered smears to open."""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from core.counting.count import CountSettings
from core.counting.pipeline import count_image
from core.detection.detector import Detector
from core.imaging.reading import read_image
from core.imaging.synthetic import render_smear
from core.report.formats.annotated import write_picture
from gui.preferences import Preferences, Theme
from gui.shell.window import MainWindow
from gui.widgets.theme import apply_theme
from gui.workspace.document import Document
from gui.workspace.images import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from core.models.network import Model


@pytest.fixture(autouse=True, scope="session")
def quick_collections() -> None:
    """Leave what the imports made out of every collection: it stays anyway."""
    gc.freeze()


DOCUMENTS: weakref.WeakSet[Document] = weakref.WeakSet()


@pytest.fixture(autouse=True)
def no_earlier_windows() -> None:
    """Free the windows of earlier tests: they are in reference cycles, and each holds a compiled network."""
    gc.collect()
    assert len(DOCUMENTS) <= 1, "something keeps closed windows, and each takes 65 MB"


@pytest.fixture
def preferences(tmp_path: Path) -> Preferences:
    return Preferences(QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat))


@pytest.fixture
def window(qtbot: QtBot, model_path: Path, tmp_path: Path, preferences: Preferences) -> Iterator[MainWindow]:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    apply_theme(app, Theme.LIGHT)
    window = MainWindow(Document(model_path, tmp_path / "sessions", "Anna"), preferences)
    DOCUMENTS.add(window.document)
    qtbot.addWidget(window)
    window.resize(1100, 760)
    window.show()
    qtbot.waitUntil(lambda: window.document.model is not None, timeout=30_000)
    yield window
    window.close()


@pytest.fixture
def make_smear(tmp_path: Path, model: Model) -> Callable[..., tuple[Path, dict[str, int]]]:
    """Render a small smear into a file; return its path and what the headless path counts in it."""
    detector, settings = Detector(model), CountSettings.suggested_by(model.card)

    def make(name: str, seed: int = 0, red_cells: int = 14) -> tuple[Path, dict[str, int]]:
        smear = render_smear(
            420,
            320,
            red_cells=red_cells,
            white_cells=1,
            platelets=2,
            diameter=56,
            rng=np.random.default_rng(seed),
        )
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_picture(smear.image, path)
        return path, count_image(read_image(path), detector, settings).result.counts

    return make


@pytest.fixture
def wait_counted(qtbot: QtBot) -> Callable[[MainWindow], None]:
    """Wait until every picture is counted or has failed, and the current one is on the canvas."""

    def wait(window: MainWindow) -> None:
        def done() -> bool:
            document = window.document
            settled = all(entry.state in (State.COUNTED, State.FAILED) for entry in document.entries)
            current = document.current_entry
            return settled and (current is None or current.state is State.FAILED or document.picture is not None)

        qtbot.waitUntil(done, timeout=120_000)

    return wait
