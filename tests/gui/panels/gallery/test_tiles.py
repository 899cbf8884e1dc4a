"""What the gallery shows of the cells of one image, which the default model found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication

from core.cells import Origin
from core.classes import COLOUR_BLIND_SAFE, PAPER
from gui.panels.gallery.section import ClassSection, shares
from gui.panels.gallery.tiles import Order
from gui.widgets.colour import class_ink
from gui.widgets.tiles import crops
from gui.widgets.tiles.crops import EXTENT
from tests.gui.panels.gallery.builders import all_ids, choose, click, counted_ids, counts, ids, marked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from PySide6.QtGui import QColor, QImage
    from pytestqt.qtbot import QtBot

    from gui.panels.gallery.panel import Gallery
    from gui.workspace.workspace import Workspace


def test_without_a_picture_it_says_what_to_do(gallery: Gallery, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: "Open an image" in gallery.empty.text())
    assert gallery.pages.currentWidget() is gallery.empty


def test_every_counted_cell_is_a_tile_of_its_class(
    gallery: Gallery, workspace: Workspace, open_smear: Callable[..., None]
) -> None:
    open_smear()
    assert tuple(gallery.sections) == workspace.settings.classes
    for name, section in gallery.sections.items():
        assert set(ids(gallery, name)) == counted_ids(workspace, name)
        assert section.count.text() == str(counts(workspace)[name])
    assert counts(workspace)["RBC"] > 5


def test_the_least_sure_come_first_and_what_a_person_decided_last(
    gallery: Gallery, workspace: Workspace, open_smear: Callable[..., None]
) -> None:
    open_smear()
    view = gallery.sections["RBC"].view
    assert (np.diff(view.tiles.scores) >= 0).all()
    first = ids(gallery, "RBC")[0]
    assert view.tile_model.index(0).data() == f"{view.tiles.scores[0]:.2f}"
    workspace.editing.accept([first])
    gallery.refresh()
    assert ids(gallery, "RBC")[-1] == first
    assert view.tile_model.index(len(view.tiles) - 1).data() == "✓"
    choose(gallery, Order.CERTAIN)
    assert ids(gallery, "RBC")[0] == first
    assert (np.diff(view.tiles.scores[1:]) <= 0).all()


def test_tiles_follow_the_threshold_and_the_scroll_position_stays(
    gallery: Gallery, workspace: Workspace, open_smear: Callable[..., None], qtbot: QtBot
) -> None:
    open_smear()
    gallery.window().resize(780, 320)
    gallery.tile_side = 96
    view = gallery.sections["RBC"].view
    qtbot.waitUntil(lambda: view.verticalScrollBar().maximum() > 100)
    place = view.verticalScrollBar().maximum() // 2
    first, second = ids(gallery, "RBC")[:2]
    click(qtbot, gallery, "RBC", second)
    view.verticalScrollBar().setValue(place)
    workspace.settings.set_threshold("RBC", float(np.nextafter(view.tiles.scores[0], np.float32(1))))
    qtbot.waitUntil(lambda: first not in ids(gallery, "RBC"))
    assert view.verticalScrollBar().value() == place
    workspace.editing.remove_cells(ids(gallery, "Platelets")[:1])
    qtbot.waitUntil(lambda: all_ids(gallery) == counted_ids(workspace))
    assert view.verticalScrollBar().value() == place


def test_nothing_is_done_while_it_is_hidden(
    gallery: Gallery, workspace: Workspace, open_smear: Callable[..., None], qtbot: QtBot
) -> None:
    open_smear()
    before = ids(gallery, "RBC")
    gallery.hide()
    workspace.editing.remove_cells(before[:1])
    QApplication.processEvents()
    assert ids(gallery, "RBC") == before
    gallery.show()
    qtbot.waitUntil(lambda: ids(gallery, "RBC") == before[1:])


def test_when_nothing_is_counted_it_says_so(
    gallery: Gallery, workspace: Workspace, open_smear: Callable[..., None], qtbot: QtBot
) -> None:
    open_smear()
    workspace.editing.remove_cells(all_ids(gallery))
    qtbot.waitUntil(lambda: gallery.pages.currentWidget() is gallery.empty)
    assert gallery.empty.text() == "No cells are counted in this image yet"
    workspace.history.undo()
    qtbot.waitUntil(lambda: gallery.pages.currentWidget() is not gallery.empty)


def test_a_tile_shows_its_piece_of_the_photograph(
    gallery: Gallery, workspace: Workspace, open_smear: Callable[..., None]
) -> None:
    open_smear()
    picture, cells = workspace.inference.shown, workspace.counts.current_cells()
    assert picture is not None
    assert cells is not None
    view = gallery.sections["RBC"].view
    for row in range(len(view.tiles)):
        box = tuple(view.tiles.boxes[row].tolist())
        region = left, top, size = view.tiles.region(row)
        crop = gallery.crops.piece(int(view.tiles.images[row]), region, size)
        assert crop is not None
        image = crop.toImage()
        for x in range(0, size, 7):
            for y in range(0, size, 7):
                inside = 0 <= left + x < picture.image.width and 0 <= top + y < picture.image.height
                shown = image.pixelColor(x, y)
                assert shown.alpha() == (255 if inside else 0)
                if inside:
                    assert (shown.red(), shown.green(), shown.blue()) == tuple(
                        picture.image.pixels[top + y, left + x].tolist()
                    )
        # All are shown at the same scale, whatever their size.
        assert size == pytest.approx(EXTENT * cells.found.diameter, abs=1)
        assert left == pytest.approx((box[0] + box[2] - size) / 2, abs=1)


def test_only_tiles_in_view_are_cut_out_and_only_once(
    gallery: Gallery,
    workspace: Workspace,
    open_smear: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    qtbot: QtBot,
) -> None:
    gallery.window().resize(780, 260)
    gallery.tile_side = 96
    open_smear()  # what comes before the photograph is read from the file, with more than is in view
    view = gallery.sections["RBC"].view
    cut: list[tuple[crops.Region, int]] = []
    real = crops.cut

    def counting(levels: Sequence[NDArray[np.uint8]], region: crops.Region, side: int) -> QImage:
        cut.append((region, side))
        return real(levels, region, side)

    monkeypatch.setattr(crops, "cut", counting)
    gallery.tile_side = 192
    view.viewport().repaint()
    assert view.side > 96
    red = {(view.tiles.region(row), view.side) for row in range(len(view.tiles))}
    assert 0 < len(red & set(cut)) < len(red)
    view.viewport().repaint()  # the layout may have settled in between, and shown a tile more
    assert len(cut) == len(set(cut))


def test_tiles_grow_but_never_beyond_their_column(gallery: Gallery, open_smear: Callable[..., None]) -> None:
    open_smear()
    view = gallery.sections["WBC"].view
    gallery.tile_side = 48
    small = view.cell_size()
    gallery.tile_side = 128
    assert view.cell_size().width() > small.width()
    gallery.window().resize(610, 900)
    gallery.splitter.setOrientation(Qt.Orientation.Horizontal)
    gallery.splitter.setSizes([200, 80, 80])
    assert view.cell_size().width() <= view.viewport().width()


def test_classes_lie_side_by_side_in_a_wide_gallery_and_one_below_the_other_in_a_high_one(
    gallery: Gallery, open_smear: Callable[..., None]
) -> None:
    open_smear()
    assert gallery.splitter.orientation() is Qt.Orientation.Horizontal
    gallery.window().resize(580, 800)
    assert gallery.splitter.orientation() is Qt.Orientation.Vertical
    assert gallery.window().width() == 580


@pytest.mark.parametrize(
    ("room", "wishes", "given"),
    [(900, [2000, 100, 300], [500, 100, 300]), (900, [2000, 2000, 2000], [300, 300, 300]), (900, [100], [900])],
)
def test_room_goes_where_it_is_needed(room: int, wishes: list[int], given: list[int]) -> None:
    assert shares(room, wishes) == given


def test_colours_follow_the_palette(gallery: Gallery, workspace: Workspace, open_smear: Callable[..., None]) -> None:
    open_smear()

    def colour(section: ClassSection) -> QColor:
        return section.grab().toImage().pixelColor(section.line.geometry().center())

    for palette in (PAPER, COLOUR_BLIND_SAFE):
        gallery.set_palette(palette)
        for label, section in enumerate(gallery.sections.values()):
            assert colour(section) == class_ink(palette.colour(workspace.settings.classes, label))


def test_a_cell_that_a_person_put_appears_with_a_tick(
    gallery: Gallery, workspace: Workspace, open_smear: Callable[..., None], qtbot: QtBot
) -> None:
    open_smear()
    number = workspace.editing.add_cell("WBC", (200, 200, 260, 260))
    assert number is not None
    qtbot.waitUntil(lambda: number in ids(gallery, "WBC"))
    view = gallery.sections["WBC"].view
    index = view.tile_model.index(ids(gallery, "WBC").index(number))
    assert index.data() == "✓"
    assert "by hand" in index.data(Qt.ItemDataRole.ToolTipRole)
    cell = workspace.editing.cell(number)
    assert cell is not None
    assert cell.origin is Origin.PERSON
    assert marked(gallery) == {number}


def test_a_ring_is_only_where_the_keyboard_was_used(
    gallery: Gallery, open_smear: Callable[..., None], qtbot: QtBot
) -> None:
    open_smear()
    view = gallery.sections["RBC"].view

    def look() -> QImage:
        return view.viewport().grab().toImage()

    view.clearFocus()
    before = look()
    view.setFocus()
    assert look() == before
    view.clearFocus()
    view.setFocus(Qt.FocusReason.TabFocusReason)
    assert look() != before
    view.clearFocus()
    view.setFocus()
    qtbot.keyClick(view, Qt.Key.Key_Right)
    assert view.currentIndex().row() == 0, "the first key chooses the first cell, which had no ring"
    qtbot.keyClick(view, Qt.Key.Key_Right)
    assert view.currentIndex().row() == 1


def test_the_corners_of_the_cell_that_is_meant_are_marked(gallery: Gallery, open_smear: Callable[..., None]) -> None:
    open_smear()
    view = gallery.sections["RBC"].view
    tiles, shot = view.tiles, view.viewport().grab().toImage()
    left, top, size = tiles.region(0)
    scale = view.side / size
    photo = view.visualRect(view.model().index(0, 0)).topLeft() + QPoint(3, 3)
    x1, y1, _, _ = ((one - start) * scale for one, start in zip(tiles.boxes[0].tolist(), (left, top) * 2, strict=True))
    corner = photo + QPoint(round(x1 - 1.5), round(y1 - 1.5))
    near = [shot.pixelColor(corner + QPoint(x, y)).lightness() for x in range(-1, 3) for y in range(-1, 3)]
    assert min(near) < 110
    assert max(near) > 150
