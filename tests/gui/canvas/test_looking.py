"""Where the photograph is looked at: never moved without being asked, and given back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QGraphicsScene

from core.imaging.reading import read_image
from core.report.formats.annotated import write_picture
from gui.canvas.camera import LEAST_SIDE, Camera

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.shell.window import MainWindow

AREA = QRectF(0, 0, 1000, 800)


@pytest.fixture
def camera(qtbot: QtBot) -> Iterator[Camera]:
    camera = Camera()
    camera.setScene(QGraphicsScene(camera))
    qtbot.addWidget(camera)
    camera.resize(516, 416)
    camera.show()
    camera.set_area(AREA)
    yield camera
    camera.close()


def look(camera: Camera) -> tuple[float, ...]:
    """Return where every pixel is."""
    transform = camera.viewportTransform()
    return transform.m11(), transform.dx(), transform.dy()


def wheel(camera: Camera, pointer: QPointF, turned: int) -> None:
    keys, buttons = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.NoButton
    where = camera.viewport().mapToGlobal(pointer)
    phase = Qt.ScrollPhase.NoScrollPhase
    QApplication.sendEvent(
        camera.viewport(), QWheelEvent(pointer, where, QPoint(), QPoint(0, turned), buttons, keys, phase, False)
    )


def beside(camera: Camera) -> QRectF:
    """Return what is in view, without the margin round the area."""
    margin = 9 / camera.zoom
    return camera.visible_area().adjusted(margin, margin, -margin, -margin)


def test_a_cell_that_is_large_enough_keeps_the_zoom_and_moves_nothing(camera: Camera) -> None:
    before = look(camera)
    camera.reveal(QRectF(500, 400, 2 * LEAST_SIDE, 90))
    assert look(camera) == before


def test_a_small_cell_is_brought_to_80_pixels_and_the_next_large_one_to_the_own_zoom(camera: Camera) -> None:
    before = look(camera)
    camera.reveal(QRectF(500, 400, 20, 16))
    assert 20 * camera.zoom == pytest.approx(80)
    camera.reveal(QRectF(540, 420, 24, 16))
    assert 20 * camera.zoom == pytest.approx(80), "the zoom does as well for another small cell"
    camera.reveal(QRectF(100, 100, 100, 100))
    assert look(camera) == before


@pytest.mark.parametrize("corner", [(0, 0), (985, 0), (0, 785), (985, 785)])
def test_a_cell_at_the_border_shows_no_empty_canvas(camera: Camera, corner: tuple[float, float]) -> None:
    rect = QRectF(*corner, 15, 15)
    camera.reveal(rect)
    assert camera.visible_area().contains(rect)
    assert AREA.contains(beside(camera))


def test_the_view_before_is_given_back_to_the_pixel(camera: Camera) -> None:
    camera.zoom_to(1.3)
    camera.move_to(QPointF(300, 500))
    before = look(camera)
    for x in (20, 600, 900):
        camera.reveal(QRectF(x, 30, 12, 12))
    assert look(camera) != before
    assert camera.give_back()
    assert look(camera) == before
    assert not camera.give_back(), "once"


def test_a_view_that_the_user_has_taken_over_stays(camera: Camera) -> None:
    camera.reveal(QRectF(20, 30, 12, 12))
    wheel(camera, QPointF(200, 200), 120)
    before = look(camera)
    assert not camera.give_back()
    assert look(camera) == before


def test_fit_stays_fit_when_the_size_changes_even_after_a_cell_was_looked_at(camera: Camera) -> None:
    camera.reveal(QRectF(20, 30, 12, 12))
    camera.resize(400, 300)
    camera.give_back()
    assert camera.shows_all
    fitting = look(camera)
    camera.resize(700, 500)
    assert camera.shows_all
    assert camera.zoom > fitting[0]


def test_an_area_of_the_same_size_is_looked_at_as_the_last(camera: Camera) -> None:
    camera.zoom_to(2.7)
    camera.move_to(QPointF(701, 333))
    before = look(camera)
    camera.set_area(QRectF(AREA))
    assert look(camera) == before
    camera.set_area(QRectF(0, 0, 640, 480))
    assert camera.shows_all


def test_a_drag_moves_no_further_than_the_photograph(camera: Camera, qtbot: QtBot) -> None:
    viewport, start = camera.viewport(), QPoint(250, 200)

    def drag(by: QPoint) -> None:
        qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
        qtbot.mouseMove(viewport, start + by / 2)
        qtbot.mouseMove(viewport, start + by)
        qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=start + by)

    before = look(camera)
    drag(QPoint(60, 40))
    assert look(camera) == before, "all is in view"
    camera.zoom_to(1.5)
    before = look(camera)
    drag(QPoint(30, 20))
    assert look(camera) == (before[0], before[1] + 30, before[2] + 20)
    for _ in range(9):
        drag(QPoint(200, 150))
    assert AREA.contains(beside(camera))


def test_the_wheel_keeps_what_is_under_the_pointer(camera: Camera) -> None:
    pointer = QPointF(90, 333)
    place = camera.mapToScene(pointer.toPoint())
    for turned in (120, 360, -240, 120):
        wheel(camera, pointer, turned)
        now = camera.mapToScene(pointer.toPoint())
        assert abs(now.x() - place.x()) * camera.zoom <= 2
        assert abs(now.y() - place.y()) * camera.zoom <= 2


# -- through the window ------------------------------------------------------------------------------


@pytest.fixture
def opened(
    window: MainWindow,
    make_smear: Callable[..., tuple[Path, dict[str, int]]],
    wait_counted: Callable[..., None],
    tmp_path: Path,
) -> MainWindow:
    paths = [make_smear(f"{seed}.png", seed=seed)[0] for seed in range(2)]
    cut = tmp_path / "smaller.png"
    write_picture(read_image(paths[0]).pixels[:200, :300].copy(), cut)
    window.workspace.opening.open([*paths, cut])
    wait_counted(window)
    window.canvas.setFocus()
    return window


def test_paging_through_images_of_one_size_keeps_the_view(opened: MainWindow, qtbot: QtBot) -> None:
    canvas, workspace = opened.canvas, opened.workspace
    canvas.zoom_to(3.3)
    canvas.move_to(QPointF(150, 210))
    before = look(canvas)
    qtbot.keyClick(canvas, Qt.Key.Key_PageDown)
    qtbot.waitUntil(lambda: workspace.inference.shown is not None)
    assert look(canvas) == before
    qtbot.keyClick(canvas, Qt.Key.Key_PageDown)
    qtbot.waitUntil(lambda: workspace.inference.shown is not None and canvas.area.width() == 300)
    assert canvas.shows_all


def test_the_walk_keeps_the_zoom_and_escape_leads_home(opened: MainWindow, qtbot: QtBot) -> None:
    canvas, selection = opened.canvas, opened.workspace.selection
    before = look(canvas)
    numbers = canvas.boxes.shown_ids()
    for number in numbers:
        qtbot.keyClick(canvas, Qt.Key.Key_Tab)
        assert selection.cells == (number,)
        rect = canvas.boxes.rect_of(number)
        assert rect is not None
        assert canvas.visible_area().adjusted(-1, -1, 1, 1).contains(rect)
        assert max(rect.width(), rect.height()) * canvas.zoom >= LEAST_SIDE - 1
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert look(canvas) == before
    assert not selection.cells


def test_tab_leaves_the_image_after_escape_and_after_the_last_cell(opened: MainWindow, qtbot: QtBot) -> None:
    canvas, selection = opened.canvas, opened.workspace.selection
    qtbot.keyClick(canvas, Qt.Key.Key_Tab)
    assert len(selection.cells) == 1
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    qtbot.keyClick(canvas, Qt.Key.Key_Tab)
    assert not canvas.hasFocus()
    canvas.setFocus()
    selection.set([canvas.boxes.shown_ids()[-1]])
    qtbot.keyClick(canvas, Qt.Key.Key_Tab)
    assert not canvas.hasFocus()
    canvas.setFocus()
    selection.set([canvas.boxes.shown_ids()[0]])
    qtbot.keyClick(canvas, Qt.Key.Key_Backtab)
    assert not canvas.hasFocus()


def test_uncertain_cells_give_the_view_back(opened: MainWindow, qtbot: QtBot) -> None:
    canvas, settings = opened.canvas, opened.workspace.settings
    for name in settings.classes:
        settings.set_threshold(name, 0.9)
    canvas.zoom_to(1.1)
    before = look(canvas)
    qtbot.keyClick(canvas, Qt.Key.Key_D)
    while opened.uncertain.cell is not None:
        qtbot.keyClick(canvas, Qt.Key.Key_S)
    opened.uncertain.set_active(False)
    assert look(canvas)[0] == before[0]


def test_a_cell_of_an_image_that_is_not_read_yet_is_shown_when_it_is(opened: MainWindow, qtbot: QtBot) -> None:
    canvas, workspace = opened.canvas, opened.workspace
    other = workspace.images.items[1]
    cells, result = workspace.counts.cells(other.id), workspace.counts.result(other.id)
    assert cells is not None
    assert result is not None
    number = int(cells.cells.ids[result.counted][0])
    canvas.zoom_to(6)
    workspace.inference.queue.forget_pixels(other)
    workspace.selection.show_cell(other.id, number)
    qtbot.waitUntil(lambda: workspace.inference.shown is not None)
    rect = canvas.boxes.rect_of(number)
    assert rect is not None
    assert canvas.visible_area().intersects(rect)
    assert workspace.selection.cells == (number,)


def test_an_image_is_kept_beside_and_looked_at_together(opened: MainWindow, qtbot: QtBot) -> None:
    canvas, beside, workspace = opened.canvas, opened.review.beside, opened.workspace
    first = workspace.images.items[0].id
    opened.actions_["beside"].trigger()
    qtbot.waitUntil(beside.isVisible)
    assert beside.image == first
    assert beside.boxes.shown_count == canvas.boxes.shown_count
    qtbot.keyClick(canvas, Qt.Key.Key_PageDown)
    qtbot.waitUntil(lambda: workspace.inference.shown is not None)
    assert beside.image == first, "others are paged through beside it"
    canvas.zoom_to(5)
    canvas.move_to(QPointF(200, 150))
    assert beside.zoom == canvas.zoom
    assert (beside.visible_area().center() - canvas.visible_area().center()).manhattanLength() < 2
    beside.move_to(QPointF(120, 100))
    assert (beside.visible_area().center() - canvas.visible_area().center()).manhattanLength() < 2
    counted = workspace.counts.counts(first)
    qtbot.mouseClick(beside.viewport(), Qt.MouseButton.LeftButton, pos=beside.viewport().rect().center())
    qtbot.keyClick(beside, Qt.Key.Key_Delete)
    assert workspace.counts.counts(first) == counted, "it is not edited"
    opened.actions_["beside"].trigger()
    assert not beside.isVisible()
