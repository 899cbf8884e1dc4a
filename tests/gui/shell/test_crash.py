"""What nobody caught: one dialog, a log, and the session stays."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QTimer, qCritical
from PySide6.QtWidgets import QPushButton

from gui.logs import LOG_NAME, log_folder
from gui.shell.crash import LOG, CrashGuard, explain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.preferences import Preferences
    from gui.shell.window import MainWindow


@pytest.fixture
def guard(tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[CrashGuard]:
    guard = CrashGuard(tmp_path / "logs")
    monkeypatch.setattr(sys, "stderr", None)  # as in a window on Windows
    yield guard
    if guard.dialog is not None:
        guard.dialog.close()
    guard.close()


def log_of(guard: CrashGuard) -> str:
    return (guard.folder / LOG_NAME).read_text(encoding="utf-8")


def fail() -> None:
    raise ZeroDivisionError("something odd")


def raise_unseen(error: BaseException) -> None:
    sys.excepthook(type(error), error, error.__traceback__)


def test_an_exception_shows_one_dialog_and_is_logged(guard: CrashGuard, qtbot: QtBot) -> None:
    for _ in range(3):
        raise_unseen(ZeroDivisionError("something odd"))
    qtbot.waitUntil(lambda: guard.dialog is not None)
    dialog = guard.dialog
    assert dialog is not None
    assert "unexpected error" in dialog.text()
    assert "Your edits are safe" in dialog.informativeText()
    assert "something odd" in dialog.detailedText()
    assert log_of(guard).count("ZeroDivisionError: something odd") == 3
    next(button for button in dialog.findChildren(QPushButton) if button.text() == "Continue").click()
    qtbot.waitUntil(lambda: guard.dialog is None)
    raise_unseen(ValueError())
    qtbot.waitUntil(lambda: guard.dialog is not None)


def test_a_thread_that_fails_is_noticed(guard: CrashGuard, qtbot: QtBot) -> None:
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: guard.dialog is not None)
    assert "in fail" in log_of(guard)


def test_what_is_said(tmp_path: Path) -> None:
    assert "memory" in explain(MemoryError())
    assert "No space left" in explain(OSError(28, "No space left on device", str(tmp_path)))


def test_messages_of_qt_are_logged(guard: CrashGuard) -> None:
    qCritical("a message of Qt")
    assert "ERROR smearcount: Qt: a message of Qt" in log_of(guard)


def test_the_log_is_rotated(guard: CrashGuard, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(40):
        LOG.info("x" * 60_000)
    files = sorted(path.name for path in guard.folder.glob("smearcount.log*"))
    assert files == [LOG_NAME, *(f"{LOG_NAME}.{number}" for number in (1, 2, 3))]
    assert all(path.stat().st_size < 600_000 for path in guard.folder.iterdir())


def test_a_folder_that_takes_no_log_does_not_keep_the_program_from_starting(tmp_path: Path, qtbot: QtBot) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    handlers = list(LOG.handlers)
    guard = CrashGuard(blocked / "logs")
    raise_unseen(ValueError("not logged"))
    guard.close()
    assert LOG.handlers == handlers


def test_everything_is_put_back(tmp_path: Path, qtbot: QtBot) -> None:
    hooks, handlers = (sys.excepthook, threading.excepthook), list(LOG.handlers)
    CrashGuard(tmp_path).close()
    assert (sys.excepthook, threading.excepthook) == hooks
    assert LOG.handlers == handlers


def test_the_log_folder_is_of_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    assert log_folder().name == "logs"


def test_an_exception_in_the_window_leaves_session_and_window(
    guard: CrashGuard,
    window: MainWindow,
    make_smear: Callable[..., tuple[Path, dict[str, int]]],
    wait_counted: Callable[..., None],
    qtbot: QtBot,
) -> None:
    path, counts = make_smear("a.png")
    window.workspace.opening.open([path])
    wait_counted(window)
    with qtbot.captureExceptions() as caught:
        QTimer.singleShot(0, fail)
        qtbot.waitUntil(lambda: bool(caught))
    raise_unseen(caught[0][1])
    qtbot.waitUntil(lambda: guard.dialog is not None)
    assert window.isVisible()
    item = window.workspace.images.items[0]
    result = window.workspace.counts.result(item.id)
    assert result is not None
    assert result.counts == counts
    window.workspace.editing.mark_reviewed(True)
    assert window.workspace.images.items[0].reviewed


def test_a_session_that_was_not_closed_is_offered(
    window: MainWindow,
    preferences: Preferences,
    make_smear: Callable[..., tuple[Path, dict[str, int]]],
    wait_counted: Callable[..., None],
    tmp_path: Path,
) -> None:
    assert not window.start_page.reopen_button.isVisible()
    path, _ = make_smear("a.png")
    window.workspace.opening.open([path])
    wait_counted(window)
    window.workspace.sample.set_id("S-17")
    session = window.workspace.store.session
    assert session is not None
    unfinished = preferences.unfinished_session  # what the next start finds if the program is killed now
    assert unfinished == str(session.path)
    window.workspace.store.close()
    assert preferences.unfinished_session == ""
    window.start_page.offer_unfinished(str(tmp_path / "gone.smearcount"))
    assert not window.start_page.reopen_button.isVisible()
    assert "Drop images" in window.start_page.title.text()
    window.start_page.offer_unfinished(unfinished)
    assert "not closed properly" in window.start_page.title.text()
    assert window.start_page.reopen_button.text() == "Go on with S-17"
    window.start_page.reopen_button.click()
    assert [item.path for item in window.workspace.images.items] == [path]
    window.workspace.store.close()
    assert "Drop images" in window.start_page.title.text()
    window.close()
    assert preferences.unfinished_session == ""
