"""A real window with a worker thread, a settings file of its own, and rendered smears to open."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import weakref
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QSettings, QThread, QTimer
from PySide6.QtWidgets import QApplication, QDialog, QMainWindow, QMenu, QMessageBox, QProgressDialog, QWidget
from shiboken6 import isValid

from core.counting.count import CountSettings
from core.counting.pipeline import count_image
from core.detection.detector import Detector
from core.imaging.reading import read_image
from core.imaging.synthetic import render_smear
from core.report.formats.annotated import write_picture
from gui.preferences import Preferences, Theme
from gui.shell.window import MainWindow
from gui.widgets.theme import apply_theme, styled_in_the_end
from gui.workspace.images import State
from gui.workspace.workspace import Workspace
from tests.programs import Programs

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from types import FrameType

    from pytestqt.qtbot import QtBot

    from core.models.network import Model


@pytest.fixture(autouse=True, scope="session")
def quick_collections() -> None:
    """Leave what the imports made out of every collection: it stays anyway."""
    gc.freeze()


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory, networks_folder: Path) -> Iterator[Programs]:
    """Return what starts programs with a window."""
    programs = Programs(tmp_path_factory.mktemp("programs"), networks_folder, "gui.shell.window")
    yield programs
    programs.close()


DOCUMENTS: weakref.WeakSet[Workspace] = weakref.WeakSet()
"""The windows of the tests hold them; each has a compiled network."""

_MADE_AT: weakref.WeakKeyDictionary[QObject, list[tuple[str, int]]] = weakref.WeakKeyDictionary()
_LEFT_OVER: weakref.WeakSet[QObject] = weakref.WeakSet()
_HERE = f"{Path(__file__).parents[2]}{os.sep}"
_FAILED = pytest.StashKey[bool]()


def _remember_places(kind: type[QObject]) -> None:
    """Note where each object of a kind is made, for those that outlive their test."""
    make = kind.__init__

    def init(self: QObject, *arguments: Any, **named: Any) -> None:
        make(self, *arguments, **named)
        frame: FrameType | None = sys._getframe(1)
        places: list[tuple[str, int]] = []
        while frame is not None and len(places) < 4:
            if frame.f_code.co_filename.startswith(_HERE):
                places.append((frame.f_code.co_filename, frame.f_lineno))
            frame = frame.f_back
        _MADE_AT[self] = places

    kind.__init__ = init  # type: ignore[method-assign]


def _place(made: QObject) -> str:
    """Return where an object was made, and from where that was called."""
    places = _MADE_AT.get(made, [])
    return " < ".join(f"{file.removeprefix(_HERE)}:{line}" for file, line in places) or "a place outside this program"


for _kind in (QThread, QTimer, QWidget, QMainWindow, QDialog, QMenu, QMessageBox, QProgressDialog):
    _remember_places(_kind)


def _left_over() -> dict[QObject, str]:
    """Return the threads, timers and windows that are still there, and where they were made."""
    left: dict[QObject, str] = {}
    for made in list(_MADE_AT):
        if not isValid(made):
            continue
        if isinstance(made, QThread) and made.isRunning():
            left[made] = f"the thread {made.objectName() or type(made).__name__} runs; made at {_place(made)}"
        elif isinstance(made, QTimer) and made.isActive():
            left[made] = f"a timer of {made.interval()} ms runs; made at {_place(made)}"
    if isinstance(QApplication.instance(), QApplication):
        for widget in QApplication.topLevelWidgets():
            name = widget.windowTitle() or widget.objectName() or "without a name"
            left[widget] = f"the {type(widget).__name__} {name} is there; made at {_place(widget)}"
    return left


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    item.stash[_FAILED] = item.stash.get(_FAILED, False) or report.failed
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Fail a test that leaves a thread, a timer or a window; a failed one may, since its traceback holds them."""
    yield
    if item.stash.get(_FAILED, False):
        _LEFT_OVER.update(_left_over())
        return
    getattr(item, "funcargs", {}).clear()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    gc.collect()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    left = _left_over()
    new = [text for made, text in left.items() if made not in _LEFT_OVER]
    _LEFT_OVER.update(left)
    if new:
        pytest.fail(f"left over: {'; '.join(new)}", pytrace=False)
    assert len(DOCUMENTS) <= 1, "something keeps closed windows, and each takes 65 MB"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that open the whole window."""
    for item in items:
        if "window" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.window)


@pytest.fixture
def preferences(tmp_path: Path) -> Preferences:
    return Preferences(QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat))


@pytest.fixture
def window(qtbot: QtBot, model_path: Path, tmp_path: Path, preferences: Preferences) -> Iterator[MainWindow]:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    apply_theme(app, Theme.LIGHT)
    with styled_in_the_end(app):
        window = MainWindow(Workspace(model_path, tmp_path / "sessions", "Anna"), preferences)
    DOCUMENTS.add(window.workspace)
    qtbot.addWidget(window)
    window.resize(1100, 760)
    window.show()
    qtbot.waitUntil(lambda: window.workspace.inference.model is not None, timeout=30_000)
    yield window
    window.close()


@pytest.fixture
def agreed(window: MainWindow) -> MainWindow:
    """Return the window; there *Count again* is pressed whenever it asks whether to."""

    def press(_recount: object) -> None:
        for box in window.findChildren(QMessageBox):
            if box.windowTitle() == "Count again":
                box.accept()

    window.workspace.choice.recount_wanted.connect(press)
    return window


@pytest.fixture(scope="session")
def counted_smears(
    model: Model, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, int, int], tuple[Path, dict[str, int]]]:
    """Return a function that renders a small smear into a file and counts it without a window; each only once."""
    detector, settings = Detector(model), CountSettings.suggested_by(model.card)
    folder = tmp_path_factory.mktemp("smears")

    @cache
    def smear(suffix: str, seed: int, red_cells: int) -> tuple[Path, dict[str, int]]:
        smear = render_smear(
            420,
            320,
            red_cells=red_cells,
            white_cells=1,
            platelets=2,
            diameter=56,
            rng=np.random.default_rng(seed),
        )
        path = folder / f"{seed} {red_cells}{suffix}"
        write_picture(smear.image, path)
        return path, count_image(read_image(path), detector, settings).result.counts

    return smear


@pytest.fixture
def make_smear(
    tmp_path: Path, counted_smears: Callable[[str, int, int], tuple[Path, dict[str, int]]]
) -> Callable[..., tuple[Path, dict[str, int]]]:
    """Put a small smear into a file; return its path and what the headless path counts in it."""

    def make(name: str, seed: int = 0, red_cells: int = 14) -> tuple[Path, dict[str, int]]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        there, counts = counted_smears(path.suffix, seed, red_cells)
        shutil.copyfile(there, path)
        return path, dict(counts)

    return make


@pytest.fixture
def wait_counted(qtbot: QtBot) -> Callable[[MainWindow], None]:
    """Wait until every image is counted or has failed, and the current one is on the canvas."""

    def wait(window: MainWindow) -> None:
        def done() -> bool:
            workspace = window.workspace
            settled = all(item.state in (State.COUNTED, State.FAILED) for item in workspace.images.items)
            current = workspace.images.current
            return settled and (
                current is None or current.state is State.FAILED or workspace.inference.shown is not None
            )

        qtbot.waitUntil(done, timeout=120_000)

    return wait
