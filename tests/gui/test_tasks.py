"""Work on a thread, in slices and after a pause; no window takes part."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QCoreApplication, QObject, QThread

from core.errors import Cancelled
from gui.tasks import Debounce, IdleLoop, Job, Task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from gui.tasks import Work


class Owner(QObject):
    """Has a task, and keeps what comes of it."""

    def __init__(self) -> None:
        super().__init__()
        self.results: list[object] = []
        self.errors: list[Exception] = []
        self.parts: list[object] = []
        self.task = Task("counter", self.results.append, self, on_error=self.errors.append, on_part=self.parts.append)


@pytest.fixture
def owner(qapp: QCoreApplication) -> Iterator[Owner]:
    owner = Owner()
    yield owner
    owner.task.close()


def held(release: threading.Event, result: object) -> Work:
    def work(_job: Job) -> object:
        assert release.wait(20)
        return result

    return work


def test_work_is_done_on_its_own_named_thread_and_answered_on_ours(owner: Owner, qtbot: QtBot) -> None:
    ours = QThread.currentThread()
    answered_on: list[QThread] = []

    def work(job: Job) -> str:
        job.report("half")
        return QThread.currentThread().objectName()

    task = Task("reader", lambda _: answered_on.append(QThread.currentThread()), owner)
    task.start(work)
    owner.task.start(work)
    assert owner.task.busy
    qtbot.waitUntil(lambda: bool(owner.results and answered_on))
    task.close()
    assert (owner.parts, owner.results, owner.errors) == (["half"], ["counter"], [])
    assert answered_on == [ours]
    assert not owner.task.busy


def test_only_the_latest_work_is_answered(owner: Owner, qtbot: QtBot) -> None:
    release = threading.Event()
    owner.task.start(held(release, "first"))
    owner.task.start(held(release, "second"))
    owner.task.start(held(release, "third"))
    release.set()
    qtbot.waitUntil(lambda: bool(owner.results))
    assert owner.results == ["third"]


def test_a_result_that_was_on_its_way_when_the_work_was_cancelled_is_dropped(owner: Owner, qtbot: QtBot) -> None:
    done = threading.Event()

    def work(job: Job) -> str:
        job.report("part")
        done.set()
        return "result"

    owner.task.start(work)
    assert done.wait(20)
    owner.task.cancel()
    owner.task.start(lambda _: "next")
    qtbot.waitUntil(lambda: bool(owner.results))
    assert (owner.parts, owner.results) == ([], ["next"])


def test_cancelled_work_sees_it_and_may_just_stop(owner: Owner, qtbot: QtBot) -> None:
    begun, saw = threading.Event(), threading.Event()

    def work(job: Job) -> None:
        begun.set()
        assert job.cancelled.wait(20)
        saw.set()
        raise Cancelled

    owner.task.start(work)
    assert begun.wait(20)
    owner.task.cancel()
    assert saw.wait(20)
    owner.task.start(lambda _: "next")
    qtbot.waitUntil(lambda: bool(owner.results))
    assert owner.errors == []


def test_an_error_is_handed_over_and_the_thread_goes_on(owner: Owner, qtbot: QtBot) -> None:
    owner.task.start(lambda _: 1 / 0)
    qtbot.waitUntil(lambda: bool(owner.errors))
    assert isinstance(owner.errors[0], ZeroDivisionError)
    owner.task.start(lambda _: 7)
    qtbot.waitUntil(lambda: owner.results == [7])


def test_an_error_that_nobody_explains_is_raised_where_the_crash_report_sees_it(owner: Owner, qtbot: QtBot) -> None:
    task = Task("unexplained", owner.results.append, owner)
    with qtbot.captureExceptions() as raised:
        task.start(lambda _: 1 / 0)
        qtbot.waitUntil(lambda: bool(raised))
    task.close()
    assert raised[0][0] is ZeroDivisionError


def test_closing_waits_for_the_work_and_starts_no_more(owner: Owner, qtbot: QtBot) -> None:
    begun, ended = threading.Event(), threading.Event()

    def work(job: Job) -> None:
        begun.set()
        assert job.cancelled.wait(20)
        ended.set()

    owner.task.start(work)
    assert begun.wait(20)
    owner.task.close()
    assert ended.is_set()
    owner.task.start(lambda _: "too late")
    assert not owner.task.busy
    QCoreApplication.processEvents()
    assert owner.results == []


def test_a_task_ends_with_its_owner(qtbot: QtBot) -> None:
    owner = QObject()
    begun, ended = threading.Event(), threading.Event()

    def work(_job: Job) -> None:
        begun.set()
        assert release.wait(20)
        ended.set()

    release = threading.Event()
    Task("short-lived", lambda _: None, owner).start(work)
    assert begun.wait(20)
    thread = owner.findChild(QThread)
    assert thread is not None
    release.set()
    with qtbot.waitSignal(owner.destroyed):
        owner.deleteLater()
    assert ended.is_set()


def test_steps_are_taken_between_events_in_slices(owner: Owner, qtbot: QtBot) -> None:
    taken: list[int] = []
    progress: list[int] = []
    loop = IdleLoop(owner, budget_ms=0.0001)
    loop.progressed.connect(progress.append)
    with qtbot.waitSignal(loop.ended):
        loop.start(iter(map(taken.append, range(4))))
        assert taken == []
        assert loop.running
    assert taken == [0, 1, 2, 3]
    assert progress == [1, 2, 3, 4]
    assert not loop.running


def test_new_steps_take_the_place_of_those_under_way(owner: Owner, qtbot: QtBot) -> None:
    loop = IdleLoop(owner)
    taken: list[str] = []

    def first() -> Iterator[None]:
        taken.append("first")
        loop.start(iter(map(taken.append, ["second", "third"])))
        yield
        taken.append("never")

    with qtbot.waitSignal(loop.ended):
        loop.start(first())
    assert taken == ["first", "second", "third"]


def test_a_stopped_loop_takes_no_step_and_does_not_end(owner: Owner, qtbot: QtBot) -> None:
    loop, other = IdleLoop(owner), IdleLoop(owner)
    taken: list[int] = []
    ended: list[bool] = []
    loop.ended.connect(lambda: ended.append(True))
    loop.start(iter(map(taken.append, range(3))))
    loop.stop()
    with qtbot.waitSignal(other.ended):
        other.start(iter(range(3)))
    assert (taken, ended, loop.running) == ([], [], False)


def test_a_step_that_fails_ends_the_loop_and_is_not_hidden(owner: Owner, qtbot: QtBot) -> None:
    loop = IdleLoop(owner)

    def steps() -> Iterator[None]:
        yield
        raise ValueError("step")

    with qtbot.captureExceptions() as raised:
        loop.start(steps())
        qtbot.waitUntil(lambda: bool(raised))
    assert raised[0][0] is ValueError
    assert not loop.running


def test_many_starts_call_once(owner: Owner, qtbot: QtBot) -> None:
    calls: list[int] = []
    debounce = Debounce(0, lambda: calls.append(1), owner)
    for _ in range(5):
        debounce.start()
    qtbot.waitUntil(lambda: bool(calls))
    QCoreApplication.processEvents()
    assert calls == [1]


def test_a_due_call_can_be_made_now_or_forgotten(owner: Owner) -> None:
    calls: list[int] = []
    debounce = Debounce(60_000, lambda: calls.append(1), owner)
    debounce.flush()
    assert calls == []
    debounce.start()
    debounce.flush()
    debounce.flush()
    assert calls == [1]
    debounce.start()
    debounce.stop()
    debounce.flush()
    assert calls == [1]


def test_a_steady_stream_of_changes_does_not_put_the_call_off(owner: Owner) -> None:
    debounce = Debounce(60_000, lambda: None, owner)
    debounce.start_unless_due()
    due = debounce.remainingTime()
    debounce.start_unless_due()
    assert debounce.isActive()
    assert debounce.remainingTime() <= due
