"""The gallery beside a real workspace, with cells that the default model found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QDrag, QDragEnterEvent, QDropEvent, QImage, QKeyEvent
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget

from core.cells import Origin
from core.classes import COLOUR_BLIND_SAFE, PAPER
from gui.commands.shortcuts import Actions
from gui.panels.gallery.panel import Gallery
from gui.panels.gallery.section import ClassSection, shares
from gui.preferences import Theme
from gui.widgets.theme import apply_theme
from gui.widgets.tiles import crops
from gui.workspace.images import State
from gui.workspace.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from pytestqt.qtbot import QtBot

    from gui.panels.gallery.view import TileView
    from gui.preferences import Preferences

LEFT = Qt.MouseButton.LeftButton


class Host(QMainWindow):
    """A window that notes the keys which reach it."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[int] = []

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self.keys.append(event.key())


@pytest.fixture
def workspace(qtbot: QtBot, model_path: Path, tmp_path: Path) -> Iterator[Workspace]:
    workspace = Workspace(model_path, tmp_path / "sessions", "Anna")
    yield workspace
    workspace.close()
    workspace.deleteLater()


@pytest.fixture
def gallery(qtbot: QtBot, workspace: Workspace, preferences: Preferences) -> Iterator[Gallery]:
    """A gallery in a window with the window's keys; no image is open yet."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    apply_theme(app, Theme.LIGHT)
    host = Host()
    gallery = Gallery(workspace, PAPER)
    host.setCentralWidget(gallery)
    actions = Actions(host, preferences)
    editing, selection, classes = workspace.editing, workspace.selection, workspace.settings
    actions["remove"].triggered.connect(lambda *_: editing.remove_cells(selection.cells))
    actions["class_2"].triggered.connect(lambda *_: editing.reclassify(selection.cells, classes.classes[1]))
    actions["reviewed"].triggered.connect(lambda *_: editing.mark_reviewed(True))
    host.resize(900, 600)
    qtbot.addWidget(host)
    host.show()
    qtbot.waitExposed(host)
    yield gallery
    host.close()


@pytest.fixture
def open_smear(
    qtbot: QtBot, workspace: Workspace, gallery: Gallery, smear_file: Callable[[str], Path]
) -> Callable[[str], None]:
    """Return a function that opens a smear under a name and waits until its cells are in the gallery."""

    def open_(name: str = "a.png") -> None:
        workspace.opening.open([smear_file(name)])

        def shown() -> bool:
            item = workspace.images.current
            return (
                item is not None
                and item.path.name == name
                and item.state is State.COUNTED
                and workspace.inference.shown is not None
                and all_ids(gallery) == counted_ids(workspace)
            )

        qtbot.waitUntil(shown, timeout=60_000)
        for section in gallery.sections.values():
            QAbstractItemModelTester(
                section.view.tile_model, QAbstractItemModelTester.FailureReportingMode.Warning, section
            )

    return open_


def counted_ids(workspace: Workspace, name: str | None = None) -> set[int]:
    item, cells = workspace.images.current, workspace.counts.current_cells()
    result = workspace.counts.result(item.id if item else None)
    if cells is None or result is None:
        return set()
    mine = result.counted.copy()
    if name is not None:
        mine &= cells.cells.labels == workspace.settings.classes.index(name)
    return set(cells.cells.ids[mine].tolist())


def all_ids(gallery: Gallery) -> set[int]:
    return {number for section in gallery.sections.values() for number in section.view.tiles.ids.tolist()}


def ids(gallery: Gallery, name: str) -> list[int]:
    return gallery.sections[name].view.tiles.ids.tolist()


def place_of(view: TileView, number: int) -> QPoint:
    index = view.tile_model.index(view.tiles.ids.tolist().index(number))
    view.scrollTo(index)
    return view.visualRect(index).center()


def click(
    qtbot: QtBot, gallery: Gallery, name: str, number: int, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    view = gallery.sections[name].view
    qtbot.mouseClick(view.viewport(), LEFT, keys, place_of(view, number))


def marked(gallery: Gallery) -> set[int]:
    """The ids of the tiles that are drawn as selected."""
    return {number for section in gallery.sections.values() for _, number in section.view.selected_cells()}


def counts(workspace: Workspace) -> dict[str, int]:
    item = workspace.images.current
    result = workspace.counts.result(item.id if item else None)
    assert result is not None
    return result.counts


def target_at(gallery: Gallery, name: str) -> tuple[QWidget, QPoint]:
    """The widget that Qt would hand a drop on the tiles of a class to, and where in it."""
    viewport = gallery.sections[name].view.viewport()
    widget: QWidget | None = viewport
    while widget is not None and not widget.acceptDrops():
        widget = widget.parentWidget()
    assert widget is not None
    return widget, widget.mapFromGlobal(viewport.mapToGlobal(viewport.rect().center()))


def drop(gallery: Gallery, mime: QMimeData, name: str) -> bool:
    """Let go of a drag over a class, as the platform does; True if it is taken."""
    target, place = target_at(gallery, name)
    move, none = Qt.DropAction.MoveAction, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(place, move, mime, LEFT, none)
    QApplication.sendEvent(target, enter)
    if not enter.isAccepted():
        return False
    event = QDropEvent(QPointF(place), move, mime, LEFT, none)
    QApplication.sendEvent(target, event)
    return event.isAccepted()


@pytest.fixture
def drag(
    qtbot: QtBot, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, int, str | None], list[bool]]:
    """Return a function that drags a tile with the mouse to a class, or into nothing.

    The offscreen platform has no drag and drop: what it would do while the drag lasts is done here.
    """

    def drag_(name: str, number: int, to: str | None) -> list[bool]:
        taken: list[bool] = []

        def run(self: QDrag, *_: object) -> Qt.DropAction:
            taken.append(to is not None and drop(gallery, self.mimeData(), to))
            return Qt.DropAction.MoveAction if taken[-1] else Qt.DropAction.IgnoreAction

        monkeypatch.setattr(QDrag, "exec", run)
        view = gallery.sections[name].view
        place = place_of(view, number)
        qtbot.mousePress(view.viewport(), LEFT, pos=place)
        qtbot.mouseMove(view.viewport(), place + QPoint(QApplication.startDragDistance() + 5, 0))
        qtbot.mouseMove(view.viewport(), place + QPoint(QApplication.startDragDistance() + 15, 0))
        qtbot.mouseRelease(view.viewport(), LEFT, pos=place)
        return taken

    return drag_


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
    gallery.doubtful_first.click()
    assert ids(gallery, "RBC")[0] == first
    assert (np.diff(view.tiles.scores[1:]) <= 0).all()


def test_a_click_selects_the_cell_and_brings_it_into_view_on_the_canvas(
    gallery: Gallery, workspace: Workspace, open_smear: Callable[..., None], qtbot: QtBot
) -> None:
    open_smear()
    number = ids(gallery, "RBC")[3]
    with qtbot.waitSignal(workspace.selection.reveal_cell) as shown:
        click(qtbot, gallery, "RBC", number)
    assert shown.args == [number]
    assert workspace.selection.cells == (number,)


def test_ctrl_and_shift_select_many_also_in_several_classes(
    gallery: Gallery, workspace: Workspace, open_smear: Callable[..., None], qtbot: QtBot
) -> None:
    open_smear()
    red, platelets = ids(gallery, "RBC"), ids(gallery, "Platelets")
    click(qtbot, gallery, "RBC", red[1])
    click(qtbot, gallery, "RBC", red[3], Qt.KeyboardModifier.ShiftModifier)
    assert set(workspace.selection.cells) == set(red[1:4])
    click(qtbot, gallery, "Platelets", platelets[0], Qt.KeyboardModifier.ControlModifier)
    assert set(workspace.selection.cells) == {*red[1:4], platelets[0]}
    click(qtbot, gallery, "RBC", red[2], Qt.KeyboardModifier.ControlModifier)
    assert set(workspace.selection.cells) == {red[1], red[3], platelets[0]} == marked(gallery)
    click(qtbot, gallery, "Platelets", platelets[0])
    assert workspace.selection.cells == (platelets[0],)
    assert marked(gallery) == {platelets[0]}


def test_what_is_selected_elsewhere_is_marked_and_a_single_cell_scrolled_to(
    gallery: Gallery, workspace: Workspace, open_smear: Callable[..., None]
) -> None:
    open_smear()
    gallery.window().resize(500, 320)
    gallery.tile_side = 128
    view = gallery.sections["RBC"].view
    last = ids(gallery, "RBC")[-1]
    assert not view.viewport().rect().intersects(view.visualRect(view.tile_model.index(len(view.tiles) - 1)))
    workspace.selection.set([last])
    assert marked(gallery) == {last}
    assert view.viewport().rect().intersects(view.visualRect(view.tile_model.index(len(view.tiles) - 1)))
    workspace.selection.set([])
    assert marked(gallery) == set()


def test_arrow_keys_walk_the_tiles(
    gallery: Gallery, workspace: Workspace, open_smear: Callable[..., None], qtbot: QtBot
) -> None:
    open_smear()
    first, second = ids(gallery, "RBC")[:2]
    click(qtbot, gallery, "RBC", first)
    with qtbot.waitSignal(workspace.selection.reveal_cell, check_params_cb=lambda number: number == second):
        qtbot.keyClick(gallery.sections["RBC"].view, Qt.Key.Key_Right)
    assert workspace.selection.cells == (second,)


def test_a_drag_to_another_class_gives_the_cells_that_class(
    gallery: Gallery,
    workspace: Workspace,
    open_smear: Callable[..., None],
    qtbot: QtBot,
    drag: Callable[[str, int, str | None], list[bool]],
) -> None:
    open_smear()
    before = counts(workspace)
    number, other = ids(gallery, "RBC")[:2]
    assert drag("RBC", number, "WBC") == [True]
    after = {**before, "RBC": before["RBC"] - 1, "WBC": before["WBC"] + 1}
    assert counts(workspace) == after
    qtbot.waitUntil(lambda: number in ids(gallery, "WBC"))
    assert number not in ids(gallery, "RBC")
    assert gallery.sections["WBC"].count.text() == str(after["WBC"])
    assert workspace.selection.cells == (number,)

    click(qtbot, gallery, "RBC", other)
    click(qtbot, gallery, "WBC", number, Qt.KeyboardModifier.ControlModifier)
    assert drag("WBC", number, "Platelets") == [True]
    assert counts(workspace)["Platelets"] == before["Platelets"] + 2
    workspace.history.undo()
    workspace.history.undo()
    assert counts(workspace) == before
    qtbot.waitUntil(lambda: number in ids(gallery, "RBC"))


def test_a_drag_to_its_own_class_or_into_nothing_changes_nothing(
    gallery: Gallery,
    workspace: Workspace,
    open_smear: Callable[..., None],
    drag: Callable[[str, int, str | None], list[bool]],
) -> None:
    open_smear()
    assert drag("RBC", ids(gallery, "RBC")[0], "RBC") == [False]
    assert drag("RBC", ids(gallery, "RBC")[0], None) == [False]
    assert not workspace.history.stack.canUndo()


def test_what_another_program_or_another_picture_drags_is_not_taken(
    gallery: Gallery, workspace: Workspace, open_smear: Callable[..., None], qtbot: QtBot
) -> None:
    open_smear("a.png")
    click(qtbot, gallery, "RBC", ids(gallery, "RBC")[0])
    cells = gallery.drag_data()
    assert cells is not None
    open_smear("b.png")
    assert not drop(gallery, cells, "WBC")
    text = QMimeData()
    text.setText("RBC")
    assert not drop(gallery, text, "WBC")
    assert not workspace.history.stack.canUndo()


def test_delete_removes_the_selected_tiles(
    gallery: Gallery, workspace: Workspace, open_smear: Callable[..., None], qtbot: QtBot
) -> None:
    open_smear()
    before = counts(workspace)
    red = ids(gallery, "RBC")
    click(qtbot, gallery, "RBC", red[0])
    click(qtbot, gallery, "RBC", red[2], Qt.KeyboardModifier.ShiftModifier)
    view = gallery.sections["RBC"].view
    qtbot.keyClick(view, Qt.Key.Key_Delete)
    assert counts(workspace) == {**before, "RBC": before["RBC"] - 3}
    qtbot.waitUntil(lambda: ids(gallery, "RBC") == red[3:])
    assert workspace.selection.cells == ()
    # The keyboard goes on where it was.
    qtbot.keyClick(view, Qt.Key.Key_Left)
    assert len(workspace.selection.cells) == 1


def test_letters_and_numbers_are_the_windows_keys(
    gallery: Gallery, workspace: Workspace, open_smear: Callable[..., None], qtbot: QtBot
) -> None:
    open_smear()
    number = ids(gallery, "RBC")[1]
    click(qtbot, gallery, "RBC", number)
    view = gallery.sections["RBC"].view
    qtbot.keyClick(view, "2")
    qtbot.waitUntil(lambda: number in ids(gallery, "WBC"))
    qtbot.keyClick(view, "r")
    item = workspace.images.current
    assert item is not None
    assert item.reviewed
    row = view.currentIndex().row()
    free = [Qt.Key.Key_0, Qt.Key.Key_B, Qt.Key.Key_Escape]
    for key in free:
        qtbot.keyClick(view, key)
    host = gallery.window()
    assert isinstance(host, Host)
    assert host.keys == free
    assert view.currentIndex().row() == row
    assert workspace.selection.cells == (number,)


def test_tiles_follow_the_threshold_and_the_scroll_position_stays(
    gallery: Gallery, workspace: Workspace, open_smear: Callable[..., None], qtbot: QtBot
) -> None:
    open_smear()
    gallery.window().resize(500, 320)
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
    picture = workspace.inference.shown
    assert picture is not None
    view = gallery.sections["RBC"].view
    for row in range(len(view.tiles)):
        box = tuple(view.tiles.boxes[row].tolist())
        region = left, top, size = gallery.crops.region(box)
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
        # A quarter of the box's longer side is shown on each side of it.
        assert size == pytest.approx(1.5 * max(box[2] - box[0], box[3] - box[1]), abs=1)
        assert left == pytest.approx((box[0] + box[2] - size) / 2, abs=1)


def test_only_tiles_in_view_are_cut_out_and_only_once(
    gallery: Gallery,
    workspace: Workspace,
    open_smear: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    qtbot: QtBot,
) -> None:
    gallery.window().resize(500, 320)
    gallery.tile_side = 128
    cut: list[crops.Region] = []
    real = crops.cut

    def counting(levels: Sequence[NDArray[np.uint8]], region: crops.Region, side: int) -> QImage:
        cut.append(region)
        return real(levels, region, side)

    monkeypatch.setattr(crops, "cut", counting)
    open_smear()
    view = gallery.sections["RBC"].view
    view.viewport().repaint()
    red = {gallery.crops.region(box) for box in view.tiles.boxes.tolist()}
    assert 0 < len(red & set(cut)) < len(red)
    before = len(cut)
    view.viewport().repaint()
    assert len(cut) == before


def test_tiles_grow_but_never_beyond_their_column(gallery: Gallery, open_smear: Callable[..., None]) -> None:
    open_smear()
    view = gallery.sections["WBC"].view
    gallery.tile_side = 48
    small = view.cell_size()
    gallery.tile_side = 128
    assert view.cell_size().width() > small.width()
    gallery.window().resize(330, 900)
    gallery.splitter.setOrientation(Qt.Orientation.Horizontal)
    gallery.splitter.setSizes([200, 80, 80])
    assert view.cell_size().width() <= view.viewport().width()


def test_classes_lie_side_by_side_in_a_wide_gallery_and_one_below_the_other_in_a_high_one(
    gallery: Gallery, open_smear: Callable[..., None]
) -> None:
    open_smear()
    assert gallery.splitter.orientation() is Qt.Orientation.Horizontal
    gallery.window().resize(300, 800)
    assert gallery.splitter.orientation() is Qt.Orientation.Vertical
    assert gallery.window().width() == 300


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
            assert colour(section) == QColor(*palette.colour(workspace.settings.classes, label))


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
