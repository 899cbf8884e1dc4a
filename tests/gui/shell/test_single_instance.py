"""A second start hands its images to the window that is open."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtNetwork import QLocalSocket

from gui.application import answer_call
from gui.shell.single_instance import SingleInstance, hand_over, server_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

    from gui.shell.window import MainWindow


@pytest.fixture
def name(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> str:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("r")))
    return server_name()


@pytest.fixture
def instance(name: str, qtbot: QtBot) -> Iterator[SingleInstance]:
    instance = SingleInstance(name)
    yield instance
    instance.close()


def start_again(*paths: str) -> subprocess.Popen[bytes]:
    load = "import sys, pathlib, gui.shell.single_instance as s"
    code = f"{load}; sys.exit(not s.hand_over([*map(pathlib.Path, sys.argv[1:])]))"
    return subprocess.Popen([sys.executable, "-c", code, *paths])


def test_without_a_window_nothing_is_handed_over(name: str) -> None:
    assert not hand_over([], name)


def test_another_process_hands_its_paths_over(instance: SingleInstance, qtbot: QtBot) -> None:
    assert instance.listening
    with qtbot.waitSignal(instance.called, timeout=60_000) as called:
        second = start_again("ä b.png", "c.tif")
    assert second.wait(60) == 0
    assert called.args == [[Path("ä b.png").absolute(), Path("c.tif").absolute()]]


def test_a_window_that_was_killed_is_not_in_the_way(name: str, qtbot: QtBot) -> None:
    code = (
        "import os, signal, gui.shell.single_instance as s; from PySide6.QtCore import QCoreApplication\n"
        "a = QCoreApplication([]); i = s.SingleInstance(); assert i.listening; os.kill(os.getpid(), signal.SIGKILL)"
    )
    if sys.platform != "win32":
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode < 0
    assert not hand_over([], name)
    instance = SingleInstance(name)
    assert instance.listening
    instance.close()


@pytest.mark.parametrize("message", [b"no json\n", json.dumps({"paths": 3}).encode() + b"\n"])
def test_nonsense_is_not_answered(instance: SingleInstance, name: str, qtbot: QtBot, message: bytes) -> None:
    socket = QLocalSocket()
    socket.connectToServer(name)
    assert socket.waitForConnected(5000)
    with qtbot.assertNotEmitted(instance.called), qtbot.waitSignal(socket.disconnected, timeout=10_000):
        socket.write(message)


def test_the_window_opens_what_it_is_given(
    window: MainWindow, make_smear: Callable[..., tuple[Path, dict[str, int]]], wait_counted: Callable[..., None]
) -> None:
    path, _ = make_smear("a.png")
    window.showMinimized()
    answer_call(window, [path])
    assert not window.isMinimized()
    assert [item.path for item in window.workspace.images.items] == [path]
    wait_counted(window)
    answer_call(window, [])
    assert len(window.workspace.images.items) == 1
