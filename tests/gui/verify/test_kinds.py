"""Kinds of cells against those of the ground truth, and of a second reading."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt

from core.annotations.base import AnnotatedImage
from core.annotations.formats.voc import write_voc
from core.exchange.import_plan import Use
from gui.commands.context import Dialog
from gui.dialogs.import_ import ImportDialog
from tests.gui.dialogs.exchange_steps import drop
from tests.gui.verify.verify_steps import opened

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.shell.window import MainWindow
    from gui.verify.kinds import KindsPage
    from gui.verify.window import VerifyWindow
    from tests.gui.verify.verify_steps import Counted


def red_cells(window: MainWindow) -> tuple[AnnotatedImage, list[int]]:
    """Return four red cells of the current image as a file calls them, and their ids."""
    item = window.workspace.images.items[0]
    cells, result = window.workspace.counts.cells(item.id), window.workspace.counts.result(item.id)
    assert cells is not None
    assert result is not None
    rows = np.flatnonzero(result.counted & (cells.cells.labels == cells.found.classes.index("RBC")))[:4]
    names = ("Normal red cell", "Spherocyte", "Spherocyte", "Target cells")
    return AnnotatedImage(item.path.name, *item.size, cells.cells.boxes[rows], names), cells.cells.ids[rows].tolist()


def import_truth(qtbot: QtBot, window: MainWindow, file: AnnotatedImage, folder: Path) -> None:
    """Import a file with kinds as class names through the dialog, as it stands then."""
    folder.mkdir()
    write_voc(folder, [file])
    window.dialogs.open(Dialog.IMPORT)
    dialog = window.findChild(ImportDialog)
    assert isinstance(dialog, ImportDialog)
    drop(dialog, [folder])
    qtbot.waitUntil(lambda: dialog.found is not None, timeout=60_000)
    assert dialog.plan().use is Use.TRUTH
    with qtbot.waitSignal(dialog.finished, timeout=60_000):
        qtbot.mouseClick(dialog.import_button, Qt.MouseButton.LeftButton)


def click_entry(qtbot: QtBot, page: KindsPage, true: str, said: str) -> None:
    shown = page.shown
    assert shown is not None
    item = page.confusion.item(shown.found.kinds.index(true), shown.found.kinds.index(said))
    assert item is not None
    place = page.confusion.visualItemRect(item).center()
    qtbot.mouseClick(page.confusion.viewport(), Qt.MouseButton.LeftButton, pos=place)


def has_kinds(page: VerifyWindow) -> bool:
    return page.pages.isTabVisible(page.pages.indexOf(page.kinds_page))


def test_kinds_of_imported_boxes_are_compared_with_those_that_users_gave(
    counted: Counted, qtbot: QtBot, tmp_path: Path
) -> None:
    window = counted(1)
    kinds = window.workspace.kinds
    assert kinds.tree.add_ready_set("RBC")
    file, ids = red_cells(window)
    image = window.workspace.images.items[0].id
    page = opened(qtbot, window)
    assert not has_kinds(page)
    import_truth(qtbot, window, file, tmp_path / "voc")
    qtbot.waitUntil(lambda: has_kinds(page), timeout=30_000)
    assert page.kinds_page.summary.text() == "4 cells with a true kind have no confirmed kind."
    assert kinds.typed.give([(image, ids[0])], "normal-red-cell")
    assert kinds.typed.give([(image, cell) for cell in ids[1:3]], "spherocyte")
    assert kinds.typed.give([(image, ids[3])], "spherocyte")
    qtbot.waitUntil(lambda: page.kinds_page.confusion.rowCount() == 3, timeout=30_000)
    page.pages.setCurrentWidget(page.kinds_page)
    assert page.kinds_page.summary.text().startswith("75 % of 4 cells are of the same kind, 95 % interval 19 to 99 %.")
    lines = {line[0]: line[1:] for line in page.kinds_page.model.lines()}
    assert lines["Spherocyte"][:2] == ["2", "67 %"]
    assert lines["Target cell"][0::3] == ["1", "0 %"]
    click_entry(qtbot, page.kinds_page, "target-cell", "spherocyte")
    places = page.kinds_page.view.place_model.places
    assert [place.cell for place in places] == [ids[3]]
    assert page.kinds_page.about.text() == "Target cell by the truth, called Spherocyte: 1"
    view = page.kinds_page.view
    qtbot.mouseClick(
        view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(view.place_model.index(0)).center()
    )
    assert window.workspace.selection.cells == (ids[3],)
    window.workspace.history.undo()
    qtbot.waitUntil(lambda: not view.place_model.places, timeout=30_000)


def test_a_second_reading_is_compared_kind_by_kind(counted: Counted, qtbot: QtBot) -> None:
    window = counted(1)
    kinds = window.workspace.kinds
    assert kinds.tree.add_ready_set("WBC")
    file, ids = red_cells(window)
    assert file.file_name
    image = window.workspace.images.items[0].id
    for cell, (first, second) in zip(ids, (("lymphocyte", "lymphocyte"), ("lymphocyte", "monocyte")), strict=False):
        assert kinds.typed.give([(image, cell)], first)
        assert kinds.typed.give([(image, cell)], second, "Bea")
    assert kinds.typed.give([(image, ids[0])], "monocyte", "Cem")
    kinds.differential.set_reading("Cem")
    page = opened(qtbot, window)
    which = page.kinds_page.which
    qtbot.waitUntil(lambda: has_kinds(page), timeout=30_000)
    assert which.currentText() == "WBC: second reading by Bea"
    assert which.count() == 1  # Cem is still reading
    kinds.differential.set_reading("")
    qtbot.waitUntil(lambda: which.count() == 2, timeout=30_000)
    assert page.kinds_page.summary.text().startswith("50 % of 2 cells")
    window.workspace.store.close()
    qtbot.waitUntil(lambda: not has_kinds(page), timeout=30_000)
