"""The small images of the list: read when they are seen, on a thread."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from PIL import ExifTags, Image
from PySide6.QtCore import QThread
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

from gui.panels.images import thumbnails
from gui.panels.images.panel import ImageList
from gui.panels.images.thumbnails import read_thumbnail
from tests.gui.panels.images.builders import (
    put,
    waiting,
)

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from pytestqt.qtbot import QtBot

    from core.imaging.reading import CommonSpan
    from gui.commands.shortcuts import Actions
    from gui.workspace.workspace import Workspace
    from tests.gui.panels.images.builders import MakeList


RED, GREEN, BLUE = (200, 30, 30), (30, 160, 30), (30, 30, 200)


def write_field(path: Path, colour: tuple[int, int, int], size: tuple[int, int] = (160, 120)) -> Path:
    Image.new("RGB", size, colour).save(path)
    return path


def shown_colour(image_list: ImageList, row: int) -> tuple[int, int, int]:
    """The colour in the middle of a row's thumbnail."""
    rows = image_list.rows
    rect = rows.visualRect(image_list.model.index_of(row))
    colour = rows.viewport().grab().toImage().pixelColor(rect.left() + 32, rect.center().y())
    return colour.red(), colour.green(), colour.blue()


def is_near(colour: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    return max(abs(a - b) for a, b in zip(colour, other, strict=True)) < 8


@pytest.fixture
def files_read(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that thumbnails were really made from."""
    read: list[Path] = []

    def reading(path: Path, side: int, scale: CommonSpan | None = None) -> np.ndarray | None:
        read.append(path)
        return read_thumbnail(path, side, scale)

    monkeypatch.setattr(thumbnails, "read_thumbnail", reading)
    return read


def test_only_what_is_on_the_screen_is_read(
    make_list: MakeList, workspace: Workspace, qtbot: QtBot, tmp_path: Path, files_read: list[Path]
) -> None:
    real = write_field(tmp_path / "0.png", RED)
    items = [waiting(tmp_path / f"{number}.png") for number in range(2000)]
    for item in items[1:]:
        os.link(real, item.path)
    image_list = make_list(items)
    qtbot.waitUntil(lambda: is_near(shown_colour(image_list, 1), RED))
    qtbot.waitUntil(lambda: len(files_read) >= len(image_list.rows.visible_places()))  # the layout may settle late
    assert 5 < len(files_read) < 15
    assert files_read == [item.path for item in items[: len(files_read)]]
    files_read.clear()
    bar = image_list.rows.verticalScrollBar()
    for value in range(0, bar.maximum(), bar.maximum() // 40):  # what is scrolled past is not read
        bar.setValue(value)
    bar.setValue(bar.maximum())
    qtbot.waitUntil(lambda: is_near(shown_colour(image_list, 1999), RED))
    assert set(files_read) <= {item.path for item in items[1980:]}
    files_read.clear()
    bar.setValue(0)
    qtbot.waitUntil(lambda: is_near(shown_colour(image_list, 1), RED))
    assert files_read == []  # they were kept


def test_unreadable_files_are_marked_and_the_rest_goes_on(
    make_list: MakeList, workspace: Workspace, qtbot: QtBot, tmp_path: Path, files_read: list[Path]
) -> None:
    good = write_field(tmp_path / "good.jpg", BLUE, (900, 700))
    cut, empty = tmp_path / "cut.jpg", tmp_path / "empty.png"
    cut.write_bytes(good.read_bytes()[:600])
    empty.write_bytes(b"")
    image_list = make_list([waiting(path) for path in (cut, empty, tmp_path / "gone.tif", tmp_path, good)])
    image_list.resize(230, 700)
    qtbot.waitUntil(lambda: is_near(shown_colour(image_list, 4), BLUE))

    def unreadable(path: Path) -> bool:
        thumbnail = image_list._thumbnails.get(path, image_list.devicePixelRatioF())
        return thumbnail is not None and not thumbnail.readable

    qtbot.waitUntil(lambda: all(unreadable(item.path) for item in workspace.images.items[:4]))
    write_field(empty, GREEN)
    workspace.images.item_changed.emit(workspace.images.items[1].id)  # it waits to be counted again
    qtbot.waitUntil(lambda: is_near(shown_colour(image_list, 1), GREEN))
    assert files_read.count(cut) == 1


def test_stopping_joins_the_thread_and_can_be_repeated(
    make_list: MakeList, qtbot: QtBot, tmp_path: Path, files_read: list[Path]
) -> None:
    image_list = make_list([waiting(write_field(tmp_path / f"{number}.png", RED)) for number in range(30)])
    thread = image_list.findChild(QThread)
    assert thread is not None
    qtbot.waitUntil(thread.isRunning)
    image_list.stop()
    assert thread.isFinished()
    image_list.stop()
    read = len(files_read)
    image_list.rows.verticalScrollBar().setValue(10_000)
    image_list.rows.grab()
    QApplication.processEvents()
    assert thread.isFinished()
    assert len(files_read) == read
    image_list.close()


def test_a_list_that_is_destroyed_takes_its_thread_with_it(
    workspace: Workspace, actions: Actions, qtbot: QtBot, tmp_path: Path
) -> None:
    image_list = ImageList(workspace, actions)
    put(workspace, [waiting(write_field(tmp_path / f"{number}.png", RED)) for number in range(8)])
    image_list.show()
    thread = image_list.findChild(QThread)
    assert thread is not None
    qtbot.waitUntil(thread.isRunning)
    with qtbot.waitSignal(image_list.destroyed):
        image_list.deleteLater()
    assert not isValid(thread) or thread.isFinished()  # Qt ends the program when it deletes a running thread
    workspace.images.changed.emit()
    workspace.counts.changed.emit(frozenset())


def two_halves(size: tuple[int, int]) -> Image.Image:
    """Red above, blue below."""
    image = Image.new("RGB", size, BLUE)
    image.paste(RED, (0, 0, size[0], size[1] // 2))
    return image


@pytest.mark.parametrize("name", ["field.jpg", "field.png", "field.tif"])
def test_a_thumbnail_is_the_upright_middle(tmp_path: Path, name: str) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 3
    two_halves((1200, 800)).save(tmp_path / name, exif=exif)
    pixels = read_thumbnail(tmp_path / name, 72)
    assert pixels is not None
    assert pixels.shape == (72, 72, 3)
    assert is_near(tuple(pixels[10, 36].tolist()), BLUE)
    assert is_near(tuple(pixels[60, 36].tolist()), RED)


@pytest.mark.parametrize(("mode", "name"), [("L", "grey.jpg"), ("CMYK", "print.jpg"), ("I;16", "deep.png")])
def test_a_thumbnail_of_uncommon_pixels(tmp_path: Path, mode: str, name: str) -> None:
    Image.new(mode, (100, 10)).save(tmp_path / name)  # smaller than the thumbnail too
    pixels = read_thumbnail(tmp_path / name, 48)
    assert pixels is not None
    assert pixels.shape == (48, 48, 3)


def test_a_picture_too_large_to_decode_for_it_has_no_thumbnail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnails, "_MOST_DECODED", 100 * 100)
    write_field(tmp_path / "large.png", RED, (200, 100))
    write_field(tmp_path / "large.jpg", RED, (200, 100))
    assert read_thumbnail(tmp_path / "large.png", 48) is None
    assert read_thumbnail(tmp_path / "large.jpg", 48) is not None
