"""Leaving out what is certainly no cell, and bringing it back, by clicks in the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton

from core.kinds.tree import NO_CELL
from tests.gui.panels.gallery.builders import LEFT
from tests.gui.panels.gallery.kinds.conftest import WAIT_MS
from tests.gui.panels.gallery.kinds.test_page import click_tile, red_cells

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.panels.gallery.kinds.pile import Pile
    from gui.shell.window import MainWindow


@pytest.fixture
def smears(make_smear: Callable[..., tuple[Path, dict[str, int]]]) -> list[Path]:
    """Return a sharp smear and one out of focus, with many red cells."""
    sharp, soft = make_smear("1.png", red_cells=40)[0], make_smear("2.png", seed=3, red_cells=40)[0]
    cv2.imwrite(str(soft), cv2.GaussianBlur(np.asarray(cv2.imread(str(soft))), (0, 0), 2.5))
    return [sharp, soft]


@pytest.fixture
def taught(by_kind: MainWindow, qtbot: QtBot) -> MainWindow:
    """Return the window when it was taught that what is out of focus is no cell."""
    kinds, page = by_kind.workspace.kinds, by_kind.cells.kinds
    for item, kind in zip(by_kind.workspace.images.items, ("normal-red-cell", NO_CELL), strict=True):
        cells = [cell for cell in page.naming.cells.rows if cell[0] == item.id]
        assert kinds.typed.give(cells[:12], kind)
    qtbot.waitUntil(lambda: bool(kinds.piles.certainly_no_cells("RBC")), timeout=WAIT_MS)
    page.sort_again()
    return by_kind


def switch(pile: Pile, start: str) -> QToolButton:
    return next(one for one in pile.findChildren(QToolButton) if one.text().replace("&", "").startswith(start))


def ledgers(window: MainWindow) -> str:
    """Return how the review says that the counts of the images came about."""
    texts: list[str] = []
    for item in window.workspace.images.items:
        window.workspace.images.set_current(item.id)
        texts.append(window.review.panel.classes.cards["RBC"].ledger.text())
    return " ".join(texts)


def test_one_click_leaves_out_and_the_ledger_says_how_many_and_one_click_brings_back(
    taught: MainWindow, qtbot: QtBot
) -> None:
    page, before = taught.cells.kinds, red_cells(taught)
    certain = taught.workspace.kinds.piles.certainly_no_cells("RBC")
    pile = page.area.piles[NO_CELL]
    button = switch(pile, "Leave out what is certainly no cell")
    assert not button.isChecked()
    qtbot.mouseClick(button, LEFT)
    qtbot.waitUntil(lambda: red_cells(taught) == before - len(certain), timeout=WAIT_MS)
    assert button.isChecked()
    qtbot.waitUntil(lambda: f"left out {len(certain)}" in pile.numbers.text(), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: f"{len(certain)} left out as no cell" in ledgers(taught), timeout=WAIT_MS)
    qtbot.mouseClick(button, LEFT)
    qtbot.waitUntil(lambda: red_cells(taught) == before, timeout=WAIT_MS)
    assert not button.isChecked()
    assert "left out" not in ledgers(taught)


def test_with_too_few_examples_it_is_said_that_nothing_is_left_out(by_kind: MainWindow, qtbot: QtBot) -> None:
    before = red_cells(by_kind)
    by_kind.actions_["leave_out"].trigger()
    assert by_kind.toast.text.startswith("0 cells are left out: none is certainly no cell yet. Name more examples")
    assert red_cells(by_kind) == before


def test_a_single_cell_comes_back_and_one_step_is_undone(taught: MainWindow, qtbot: QtBot) -> None:
    page, before = taught.cells.kinds, red_cells(taught)
    pile = page.area.piles[NO_CELL]
    qtbot.mouseClick(switch(pile, "Leave out what is certainly no cell"), LEFT)
    qtbot.waitUntil(lambda: bool(pile.tiles.left_out.any()), timeout=WAIT_MS)
    left = len(taught.workspace.kinds.leaving_out.cells)
    pile.show_all(True)
    cell = click_tile(qtbot, pile.view, int(pile.tiles.left_out.argmax()))
    assert cell in taught.workspace.kinds.leaving_out.cells
    assert taught.actions_["clear_kind"].isEnabled()
    qtbot.keyClick(pile.view, Qt.Key.Key_Backspace)
    assert cell not in taught.workspace.kinds.leaving_out.cells
    assert red_cells(taught) == before - left + 1
    taught.actions_["undo"].trigger()
    assert cell in taught.workspace.kinds.leaving_out.cells
    taught.actions_["undo"].trigger()
    assert red_cells(taught) == before
