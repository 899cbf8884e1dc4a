"""The history tells of everything that changes a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gui.shell.window import MainWindow

    MakeSmear = Callable[..., tuple[Path, dict[str, int]]]


def test_opening_images_and_counting_them_again_is_in_the_history(
    window: MainWindow, make_smear: MakeSmear, wait_counted: Callable[[MainWindow], None]
):
    workspace = window.workspace
    workspace.opening.open([make_smear("one.png", 1)[0], make_smear("two.png", 2)[0]])
    wait_counted(window)
    assert [line.text for line in workspace.history.lines()] == ["Open 2 images"]
    workspace.images.add([make_smear("three.png", 3)[0]])
    wait_counted(window)
    workspace.inference.count_current()
    wait_counted(window)
    lines = workspace.history.lines()
    assert [line.text for line in lines] == ["Counted again", "Open 1 image", "Open 2 images"]
    assert lines[0].image == workspace.images.current_id
    assert [line.user for line in lines] == ["SmearCount", "Anna", "Anna"]
    assert not workspace.history.can_undo
