"""Which session images go into, and how one goes from one image to the next."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox

from core.imaging.reading import read_image
from core.imaging.synthetic import SmearStyle, render_smear
from core.report.formats.annotated import write_picture
from core.report.formats.images import read_counted
from core.report.gather import gather
from gui.app import demo_smear
from gui.commands.context import View
from gui.panels.images.filters import Show
from gui.panels.images.thumbnails import Thumbnails

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PySide6.QtGui import QImage
    from pytestqt.qtbot import QtBot

    from gui.shell.window import MainWindow


def gather_counts(window: MainWindow) -> dict[str, int]:
    assert window.workspace.store.session is not None
    return {row.name: row.count for row in gather(window.workspace.store.session).totals}


def names(window: MainWindow) -> list[str]:
    return [item.path.name for item in window.workspace.images.items]


def test_own_pictures_are_not_added_to_the_demo(
    window: MainWindow, make_smear: Callable[..., tuple[Path, dict[str, int]]], wait_counted: Callable[..., None]
) -> None:
    window.workspace.opening.open([demo_smear()])
    wait_counted(window)
    demo = window.workspace.store.session
    assert demo is not None
    window.workspace.opening.open([make_smear("mine.png")[0]])
    assert names(window) == ["mine.png"]
    assert window.workspace.store.session is not None
    assert window.workspace.store.session.path != demo.path
    assert demo.path.exists()


def test_opening_pictures_anew_points_to_their_corrections(
    window: MainWindow, make_smear: Callable[..., tuple[Path, dict[str, int]]], wait_counted: Callable[..., None]
) -> None:
    path, _ = make_smear("slides/mine.png")
    window.workspace.opening.open([path])
    wait_counted(window)
    window.workspace.editing.mark_reviewed(True)
    corrected = window.workspace.store.path
    assert corrected is not None
    window.workspace.store.close()
    window.dialogs.open_paths([path])
    answer = next(iter(window.dialogs.where.buttons.values()))
    assert answer.answer == "Go on with it"
    assert answer.explained.startswith(f"{corrected.stem} · 1 of 1 reviewed")
    window.dialogs.where.reject()
    assert not window.workspace.store.is_open


def test_next_unreviewed_goes_in_the_order_shown_and_passes_what_is_filtered_out(
    window: MainWindow,
    make_smear: Callable[..., tuple[Path, dict[str, int]]],
    wait_counted: Callable[..., None],
    qtbot: QtBot,
) -> None:
    window.workspace.opening.open([make_smear(name)[0] for name in ("a1.png", "b.png", "a2.png", "a3.png")])
    wait_counted(window)
    window.workspace.images.set_current(window.workspace.images.items[2].id)
    window.workspace.editing.mark_reviewed(True)
    window.workspace.images.set_current(window.workspace.images.items[0].id)
    qtbot.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert window.image_list.name_filter.hasFocus()
    qtbot.keyClicks(window.image_list.name_filter, "a")
    window.canvas.setFocus()
    qtbot.keyClick(window.canvas, Qt.Key.Key_Space, Qt.KeyboardModifier.ShiftModifier)
    assert names(window)[window.workspace.images.current_position] == "a3.png"
    qtbot.keyClick(window.canvas, Qt.Key.Key_Space, Qt.KeyboardModifier.ShiftModifier)
    assert names(window)[window.workspace.images.current_position] == "a1.png"


def test_keys_go_to_the_picture_after_opening_and_not_into_the_filter(
    window: MainWindow,
    make_smear: Callable[..., tuple[Path, dict[str, int]]],
    wait_counted: Callable[..., None],
    qtbot: QtBot,
) -> None:
    window.workspace.opening.open([make_smear("a.png")[0]])
    wait_counted(window)
    assert window.focusWidget() is window.canvas
    window.image_list.name_filter.setFocus()
    window.workspace.opening.open([make_smear("b.png", seed=1)[0]])
    wait_counted(window)
    assert window.focusWidget() is window.canvas


def test_a_copy_is_told_once_and_can_be_removed(
    window: MainWindow,
    make_smear: Callable[..., tuple[Path, dict[str, int]]],
    wait_counted: Callable[..., None],
    qtbot: QtBot,
) -> None:
    path, _ = make_smear("first/a.png")
    copy = path.parents[1] / "again" / "a.png"
    copy.parent.mkdir()
    shutil.copy(path, copy)
    workspace = window.workspace
    workspace.opening.open([path, make_smear("first/b.png", seed=2)[0], copy])
    wait_counted(window)
    qtbot.waitUntil(window.notice.isVisible)
    text = "again/a.png is a copy of first/a.png. Cells in both copies are counted twice."
    assert window.notice.label.text() == text
    tip = window.image_list.model.data(window.image_list.model.index_of(2), Qt.ItemDataRole.ToolTipRole)
    assert "A copy of a.png" in tip
    [remove] = window.notice.answers
    remove.click()
    assert [item.path for item in workspace.images.items] == [path, path.with_name("b.png")]
    assert workspace.images.current_position == 0
    assert not window.notice.isVisible()


def test_the_same_pixels_in_another_format_are_a_copy_also_after_opening_again(
    window: MainWindow,
    make_smear: Callable[..., tuple[Path, dict[str, int]]],
    wait_counted: Callable[..., None],
    qtbot: QtBot,
) -> None:
    path, _ = make_smear("a.png")
    copy = path.with_name("exported.tif")
    Image.open(path).save(copy, compression="tiff_lzw")
    workspace = window.workspace
    workspace.opening.open([path, make_smear("b.png", seed=2)[0], copy])
    wait_counted(window)
    qtbot.waitUntil(window.notice.isVisible)
    assert window.notice.label.text() == "exported.tif is a copy of a.png. Cells in both copies are counted twice."
    assert all(workspace.counts.result(item.id) is not None for item in workspace.images.items)  # both count
    assert workspace.store.session is not None
    session = workspace.store.session.path
    workspace.store.close()
    workspace.store.open(session)
    last = workspace.images.items[2]
    first = workspace.duplicates.original(last.id)
    assert first is not None
    assert (first.path.name, last.path.name) == ("a.png", "exported.tif")


def test_the_line_at_the_bottom_names_what_failed(
    window: MainWindow,
    make_smear: Callable[..., tuple[Path, dict[str, int]]],
    wait_counted: Callable[..., None],
    qtbot: QtBot,
) -> None:
    good, _ = make_smear("a.png")
    bad = good.with_name("bad.png")
    bad.write_bytes(good.read_bytes()[:900])
    window.workspace.opening.open([good, bad])
    wait_counted(window)
    qtbot.waitUntil(lambda: window.status.activity.full_text == "2 images, 1 failed")
    assert not window.status.tools.isHidden()
    window.workspace.images.set_current(window.workspace.images.items[1].id)
    qtbot.waitUntil(window.image_page.failure_page.isVisible)
    assert window.status.tools.isHidden()


@pytest.mark.slow
def test_doubtful_fields_are_marked_and_can_be_filtered(
    window: MainWindow,
    make_smear: Callable[..., tuple[Path, dict[str, int]]],
    wait_counted: Callable[..., None],
    qtbot: QtBot,
) -> None:
    few, _ = make_smear("few.png", red_cells=4)
    blurred = few.with_name("blurred.png")
    style, rng = SmearStyle(blur=0.12), np.random.default_rng(2)
    write_picture(render_smear(560, 420, red_cells=26, diameter=64, style=style, rng=rng).image, blurred)
    workspace, image_list = window.workspace, window.image_list
    workspace.opening.open([few, blurred])
    wait_counted(window)
    image_list.state_filter.setCurrentText(Show.DOUBTFUL.value)
    # a field with few cells is one with few cells: that is known, and nothing to be done about
    assert [workspace.images.items[row].path.name for row in image_list.model.rows] == ["blurred.png"]
    assert "Out of focus" in image_list.model.reason(workspace.images.items[1])
    image_list.clear_filter()
    spoken = image_list.model.data(image_list.model.index_of(0), Qt.ItemDataRole.AccessibleTextRole)
    assert "Too few cells" in spoken
    assert workspace.store.session is not None
    path = workspace.store.session.path
    workspace.store.close()
    assert workspace.store.open(path)
    qtbot.waitUntil(lambda: workspace.counts.counted_images == 2)
    assert [workspace.quality.known(item.id) is not None for item in workspace.images.items] == [True, True]


def test_a_review_is_of_the_counts_that_were_seen(
    window: MainWindow,
    make_smear: Callable[..., tuple[Path, dict[str, int]]],
    wait_counted: Callable[..., None],
    qtbot: QtBot,
) -> None:
    workspace, image_list, panel = window.workspace, window.image_list, window.panel
    workspace.opening.open([make_smear("a.png")[0], make_smear("b.png", seed=1)[0]])
    wait_counted(window)
    for row in (0, 1):
        workspace.images.set_current(workspace.images.items[row].id)
        window.actions_["reviewed"].trigger()
    result = workspace.counts.result(workspace.images.items[0].id)
    assert result is not None
    seen = result.counts["RBC"]
    assert workspace.settings.value is not None
    before = workspace.settings.value.thresholds["RBC"]
    workspace.images.set_current(workspace.images.items[0].id)
    workspace.settings.set_threshold("RBC", 0.98)
    qtbot.waitUntil(lambda: image_list.footer.reviewed.text() == "0 of 2 reviewed")
    assert "2 more were reviewed before" in image_list.footer.reviewed.toolTip()
    spoken = image_list.model.data(image_list.model.index(0), Qt.ItemDataRole.AccessibleTextRole)
    assert "reviewed before the count changed" in spoken
    qtbot.waitUntil(lambda: panel.field_note.text.text() == "Changed since its review")
    assert f"it was RBC {seen}," in panel.field_note.reason.text()
    image_list.state_filter.setCurrentText(Show.OUTDATED.value)
    assert len(image_list.model.rows) == 2
    image_list.clear_filter()
    qtbot.keyClick(window.canvas, Qt.Key.Key_Space, Qt.KeyboardModifier.ShiftModifier)
    assert workspace.images.current_position == 1  # the next whose present count nobody reviewed
    assert window.actions_["reviewed"].text() == "Mark reviewed again"
    window.actions_["reviewed"].trigger()
    qtbot.waitUntil(lambda: image_list.footer.reviewed.text() == "1 of 2 reviewed")
    workspace.history.undo()
    qtbot.waitUntil(lambda: image_list.footer.reviewed.text() == "0 of 2 reviewed")
    workspace.settings.set_threshold("RBC", before)
    qtbot.waitUntil(lambda: image_list.footer.reviewed.text() == "2 of 2 reviewed")
    qtbot.waitUntil(lambda: panel.field_note.text.text() != "Changed since its review")


def test_what_was_reviewed_is_known_when_the_session_is_opened_again(
    window: MainWindow,
    make_smear: Callable[..., tuple[Path, dict[str, int]]],
    wait_counted: Callable[..., None],
    qtbot: QtBot,
) -> None:
    workspace = window.workspace
    workspace.opening.open([make_smear("a.png")[0]])
    wait_counted(window)
    workspace.editing.mark_reviewed(True)
    workspace.settings.set_threshold("RBC", 0.98)
    workspace.store.flush()
    assert workspace.store.session is not None
    path = workspace.store.session.path
    workspace.store.close()
    assert workspace.store.open(path)
    footer = window.image_list.footer
    qtbot.waitUntil(lambda: "1 more was reviewed before" in footer.reviewed.toolTip())
    assert footer.reviewed.text() == "0 of 1 reviewed"
    cells = workspace.counts.current_cells()
    assert cells is not None
    workspace.editing.remove_cells([int(cells.cells.ids[0])])  # takes the mark
    assert "reviewed before" not in footer.reviewed.toolTip()
    workspace.history.undo()
    qtbot.waitUntil(lambda: "1 more was reviewed before" in footer.reviewed.toolTip())


def folder_of_folders(tmp_path: Path, number: int) -> Path:
    folder = tmp_path / "slides"
    for place in range(number):
        path = folder / f"slide {place % 3}" / f"{place:04}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_picture(np.full((64, 64, 3), 230, np.uint8), path)
    return folder


def test_a_folder_of_folders_is_opened(window: MainWindow, tmp_path: Path) -> None:
    window.dialogs.open_paths([folder_of_folders(tmp_path, 5)])
    assert len(window.workspace.images.items) == 5


@pytest.mark.parametrize("wanted", [True, False])
def test_more_than_500_images_are_asked_for(window: MainWindow, qtbot: QtBot, tmp_path: Path, wanted: bool) -> None:
    window.workspace.inference.queue.paused = True
    window.dialogs.open_paths([folder_of_folders(tmp_path, 501)])
    assert window.workspace.images.items == []
    question = window.dialogs.question
    assert "501" in question.text()
    role = QMessageBox.ButtonRole.AcceptRole if wanted else QMessageBox.ButtonRole.RejectRole
    [button] = [button for button in question.buttons() if question.buttonRole(button) == role]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert len(window.workspace.images.items) == (501 if wanted else 0)
    window.workspace.store.close()


def test_a_report_knows_how_deep_images_were_scaled_when_they_were_counted(
    window: MainWindow, make_smear: Callable[..., tuple[Path, dict[str, int]]], wait_counted: Callable[..., None]
) -> None:
    """A dark exposure of the same camera is no brighter on paper than it was on the screen."""
    path, _ = make_smear("mine.png")
    pixels = read_image(path).pixels.astype(np.uint16) * 16
    camera = [(271, "s", 0, "Zeiss", True), (272, "s", 0, "Axiocam 208", True)]
    files = [path.with_name(name) for name in ("bright.tif", "dark.tif")]
    for file, stored in zip(files, (pixels, pixels // 5), strict=True):
        tifffile.imwrite(file, stored, photometric="rgb", extratags=camera)
    window.workspace.opening.open([*files, path])
    wait_counted(window)
    session = window.workspace.store.session
    assert session is not None
    bright, dark, shallow = gather(session).images
    assert bright.span is not None
    assert dark.span is not None
    assert dark.span.high == bright.span.high > 3000
    assert shallow.span is None
    assert dark.counted is not None
    assert "White was taken to be 4,095, as in the brightest images beside it, not 1,023" in dark.counted.notices[0]
    assert np.array_equal(read_counted(bright).pixels, read_image(files[0]).pixels)
    assert abs(read_counted(dark).pixels.mean() / read_counted(bright).pixels.mean() - 0.2) < 0.01


def test_a_dark_exposure_stays_dark_in_the_list_and_among_the_cells_after_reopening(
    window: MainWindow,
    make_smear: Callable[..., tuple[Path, dict[str, int]]],
    wait_counted: Callable[..., None],
    qtbot: QtBot,
) -> None:
    path, _ = make_smear("mine.png")
    pixels = read_image(path).pixels.astype(np.uint16) * 16
    camera = [(271, "s", 0, "Zeiss", True), (272, "s", 0, "Axiocam 208", True)]
    files = [path.with_name(name) for name in ("bright.tif", "dark.tif")]
    for file, stored in zip(files, (pixels, pixels // 2), strict=True):
        tifffile.imwrite(file, stored, photometric="rgb", extratags=camera)
    window.workspace.opening.open(files)
    wait_counted(window)
    session = window.workspace.store.path
    assert session is not None
    window.workspace.store.close()
    window.workspace.store.open(session)
    bright, dark = window.workspace.images.items
    qtbot.waitUntil(lambda: _list_light(window, dark.path) > 0, timeout=30_000)
    qtbot.waitUntil(lambda: _list_light(window, bright.path) > 0, timeout=30_000)
    assert abs(_list_light(window, dark.path) / _list_light(window, bright.path) - 0.5) < 0.05
    window.show_view(View.CELLS)
    window.gallery.set_all(True)
    qtbot.waitUntil(lambda: "RBC" in window.gallery.sections)
    qtbot.waitUntil(lambda: _cells_light(window, dark.id) > 0, timeout=30_000)
    qtbot.waitUntil(lambda: _cells_light(window, bright.id) > 0, timeout=30_000)
    assert abs(_cells_light(window, dark.id) / _cells_light(window, bright.id) - 0.5) < 0.05


def _list_light(window: MainWindow, path: Path) -> float:
    """Return how bright the small image of a row is; 0 while it is not there."""
    thumbnails = window.image_list.findChildren(Thumbnails)[0]
    item = next(item for item in window.workspace.images.items if item.path == path)
    small = thumbnails.get(path, window.devicePixelRatioF(), window.workspace.images.scale(item))
    return 0.0 if small is None or small.pixmap is None else _mean(small.pixmap.toImage(), 20)


def _cells_light(window: MainWindow, image: int) -> float:
    """Return how bright the first red cells of an image are as tiles; 0 while they are not there."""
    view = window.gallery.sections["RBC"].view
    rows = np.flatnonzero(view.tiles.images == image).tolist()[:1]
    pieces = [window.gallery.crops.piece(image, view.tiles.region(row), 96) for row in rows]
    return 0.0 if not pieces or pieces[0] is None else _mean(pieces[0].toImage(), 8)


def _mean(image: QImage, half: int) -> float:
    """Return the mean green of the middle of an image."""
    middle = image.rect().center()
    places = [(middle.x() + x, middle.y() + y) for x in range(-half, half) for y in range(-half, half)]
    return sum(image.pixelColor(x, y).green() for x, y in places) / len(places)


def test_many_images_in_folders_of_a_folder_are_opened_only_after_asking(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    for number in range(501):
        inner = tmp_path / "archive" / f"day {number % 7}" / "slide"
        inner.mkdir(parents=True, exist_ok=True)
        (inner / f"{number}.jpg").touch()
    window.dialogs.open_paths([tmp_path / "archive"])
    question = window.dialogs.question
    assert "Open 501 images?" in question.text()
    cancel = question.button(QMessageBox.StandardButton.Cancel)
    qtbot.mouseClick(cancel, Qt.MouseButton.LeftButton)
    assert names(window) == []


def test_what_the_window_drew_is_not_counted_whatever_it_is_called(
    window: MainWindow,
    make_smear: Callable[..., tuple[Path, dict[str, int]]],
    wait_counted: Callable[..., None],
    tmp_path: Path,
) -> None:
    path, expected = make_smear("slides/mine.png")
    window.workspace.opening.open([path])
    wait_counted(window)
    for name in ("best field.png", "for the talk.jpg", "print.tif"):
        assert window.workspace.saving.save_image(path.with_name(name), window.preferences.palette)
    window.workspace.opening.open([path.parent])
    wait_counted(window)
    own = [item for item in window.workspace.images.items if item.path != path]
    assert len(own) == 3
    assert all(item.error.endswith("open the image that it was made from.") for item in own)
    assert gather_counts(window) == expected
