"""From one sample straight to another: their images have the same ids, and nothing of one may be seen in the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.imaging.reading import read_image
from core.report.gather import gather
from gui.commands.context import View
from gui.workspace.images import State

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.shell.window import MainWindow

    MakeSmear = Callable[..., tuple[Path, dict[str, int]]]
    Samples = list[tuple[Path, list[tuple[Path, dict[str, int]]]]]
WAIT_MS = 30_000


@pytest.fixture
def samples(window: MainWindow, make_smear: MakeSmear, wait_counted: Callable[[MainWindow], None]) -> Samples:
    """Return two samples of two images: their session files, and each image with its counts."""
    found: Samples = []
    for name, seeds in (("a", (1, 2)), ("b", (3, 4))):
        images = [make_smear(f"{name}/{seed}.png", seed, 10 + 2 * seed) for seed in seeds]
        window.workspace.store.close()
        window.workspace.opening.open([path for path, _ in images])
        wait_counted(window)
        assert window.workspace.store.path is not None
        found.append((window.workspace.store.path, images))
    return found


def shows(window: MainWindow, path: Path) -> bool:
    pixels = window.canvas.photograph.pixels
    wanted = read_image(path).pixels
    return pixels is not None and pixels.shape == wanted.shape and bool((pixels == wanted).all())


@pytest.mark.slow
def test_the_image_that_is_seen_is_of_the_sample_that_is_open(
    window: MainWindow, samples: Samples, qtbot: QtBot
) -> None:
    workspace = window.workspace
    for session, images in [*samples, *samples]:
        assert workspace.store.open(session)
        for (path, counts), item in zip(images, workspace.images.items, strict=True):
            assert item.path == path
            workspace.images.set_current(item.id)
            qtbot.waitUntil(lambda path=path: shows(window, path), timeout=WAIT_MS)
            assert workspace.counts.counts(item.id) == counts


def test_tiles_are_of_the_sample_that_is_open(window: MainWindow, samples: Samples, qtbot: QtBot) -> None:
    workspace = window.workspace
    window.show_view(View.CELLS)
    for session, images in samples:
        assert workspace.store.open(session)
        window.show_view(View.CELLS)
        qtbot.waitUntil(lambda: workspace.inference.shown is not None, timeout=WAIT_MS)
        shown = workspace.inference.shown
        assert shown is not None
        assert (shown.levels[0] == read_image(images[0][0]).pixels).all()


@pytest.mark.slow
def test_a_count_that_is_under_way_never_ends_in_the_next_sample(
    window: MainWindow, samples: Samples, qtbot: QtBot
) -> None:
    workspace = window.workspace
    (first, _), (second, images) = samples
    assert workspace.store.open(first)
    for _ in range(3):
        workspace.inference.count([item.id for item in workspace.images.items])
        qtbot.waitUntil(lambda: workspace.inference.queue.busy is not None, timeout=WAIT_MS)
        assert workspace.store.open(second)
        workspace.inference.count([item.id for item in workspace.images.items])
        qtbot.waitUntil(lambda: all(one.state is State.COUNTED for one in workspace.images.items), timeout=WAIT_MS)
        for item, (_, counts) in zip(workspace.images.items, images, strict=True):
            assert workspace.counts.counts(item.id) == counts
        assert workspace.store.open(first)


@pytest.mark.slow
def test_what_was_signed_is_not_asked_of_the_next_sample(window: MainWindow, samples: Samples, qtbot: QtBot) -> None:
    workspace = window.workspace
    (first, _), (second, _) = samples
    assert workspace.store.open(first)
    session = workspace.store.session
    assert session is not None
    assert workspace.sign_offs.sign(gather(session), "Ada") is not None
    qtbot.waitUntil(lambda: workspace.sign_offs.holds, timeout=WAIT_MS)
    assert workspace.store.open(second)
    assert workspace.sign_offs.text == ""
    workspace.settings.set_threshold("RBC", 0.6)
    assert not workspace.sign_offs.superseded
    assert workspace.store.open(first)
    qtbot.waitUntil(lambda: workspace.sign_offs.text == "Signed by Ada", timeout=WAIT_MS)


@pytest.mark.parametrize("level", ["warning", "error"])
def test_a_message_stays_above_the_view_that_is_chosen(window: MainWindow, samples: Samples, level: str) -> None:
    assert window.workspace.store.open(samples[0][0])
    window.show_view(View.REVIEW)
    getattr(window.workspace.messages, level)("Something to read, whatever is looked at.")
    [shown] = [one for one in (window.toast, window.notice) if one.isVisible()]
    for view in (View.CELLS, View.RESULTS, View.REVIEW):
        window.show_view(view)
        above = window.stage.childAt(shown.geometry().center())
        assert above is not None
        assert above is shown or shown.isAncestorOf(above), view
