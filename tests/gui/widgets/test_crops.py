"""Pieces of images, from memory and from files on a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage

from core.report.formats.annotated import write_picture
from gui.widgets.colour import ink_on, luminance, readable
from gui.widgets.tiles.crops import Crops, Region, Wanted, cut, scaled_region

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from PySide6.QtCore import QCoreApplication
    from pytestqt.qtbot import QtBot


class Shop:
    """Crops, and what is wanted of them."""

    def __init__(self, app: QCoreApplication) -> None:
        self.wishes: list[Wanted] = []
        self.crops = Crops(lambda: self.wishes.pop() if self.wishes else None, app)


@pytest.fixture
def shop(qapp: QCoreApplication) -> Iterator[Shop]:
    shop = Shop(qapp)
    yield shop
    shop.crops.close()
    shop.crops.deleteLater()


@pytest.fixture
def pixels() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 255, (80, 100, 3)).astype(np.uint8)


def colour_at(image: QImage, x: int, y: int) -> tuple[int, int, int, int]:
    colour = image.pixelColor(x, y)
    return colour.red(), colour.green(), colour.blue(), colour.alpha()


def test_a_region_is_a_square_round_the_middle_of_a_cell() -> None:
    assert scaled_region((10, 20, 50, 40), 60) == (0, 0, 60)
    assert scaled_region((30, 30, 30, 30), 60) == (0, 0, 60), "a point is shown like a cell"
    assert scaled_region((0, 0, 100, 40), 60)[2] == 110, "what does not fit is shown whole"
    assert scaled_region((5, 5, 6, 6), 2)[2] == 8


def test_a_piece_of_its_own_size_is_the_image_and_transparent_beyond(pixels: NDArray[np.uint8]) -> None:
    piece = cut([pixels], (-10, 60, 40), 40)
    assert colour_at(piece, 9, 0)[3] == 0
    assert colour_at(piece, 20, 30)[3] == 0  # below the last row
    assert colour_at(piece, 15, 5) == (*pixels[65, 5].tolist(), 255)


def test_a_small_piece_of_a_large_image_comes_from_a_coarser_level() -> None:
    fine = np.zeros((400, 400, 3), np.uint8)
    coarse = np.full((200, 200, 3), 200, np.uint8)
    assert colour_at(cut([fine, coarse], (100, 100, 200), 150), 75, 75)[0] == 0
    assert colour_at(cut([fine, coarse], (100, 100, 200), 90), 45, 45)[0] == 200


def test_the_image_at_hand_needs_no_file(shop: Shop, pixels: NDArray[np.uint8]) -> None:
    levels = (pixels,)
    assert shop.crops.use(7, levels)
    assert not shop.crops.use(7, levels)
    piece = shop.crops.piece(7, (10, 10, 20), 20)
    assert piece is not None
    assert colour_at(piece.toImage(), 0, 0) == (*pixels[10, 10].tolist(), 255)
    assert shop.crops.use(7, (255 - pixels,))  # read again: another file
    piece = shop.crops.piece(7, (10, 10, 20), 20)
    assert piece is not None
    assert colour_at(piece.toImage(), 0, 0) == (*(255 - pixels[10, 10]).tolist(), 255)


def test_pieces_of_other_images_arrive_one_image_after_the_other(
    shop: Shop, pixels: NDArray[np.uint8], tmp_path: Path, qtbot: QtBot
) -> None:
    regions: tuple[Region, ...] = ((0, 0, 64), (20, 10, 64))
    for image in (1, 2):
        write_picture(pixels, tmp_path / f"{image}.png")
        shop.wishes.append(Wanted(image, tmp_path / f"{image}.png", regions))
    assert shop.crops.piece(1, regions[0], 60) is None
    qtbot.waitUntil(lambda: not shop.crops.is_missing(1, tmp_path / "1.png", regions[1]))
    assert not shop.crops.is_missing(2, tmp_path / "2.png", regions[0])
    piece = shop.crops.piece(1, regions[1], 60)
    assert piece is not None
    assert colour_at(piece.toImage(), 5, 6) == (*pixels[16, 25].tolist(), 255)


def test_an_image_that_cannot_be_read_says_why_and_is_tried_again_on_request(
    shop: Shop, pixels: NDArray[np.uint8], tmp_path: Path, qtbot: QtBot
) -> None:
    path, region = tmp_path / "gone.png", (0, 0, 64)
    shop.wishes.append(Wanted(1, path, (region,)))
    with qtbot.waitSignal(shop.crops.arrived):
        assert shop.crops.piece(1, region, 64) is None
    assert "gone.png" in shop.crops.error(1, path)
    assert not shop.crops.is_missing(1, path, region)
    write_picture(pixels, path)
    shop.crops.retry()
    assert shop.crops.is_missing(1, path, region)
    shop.wishes.append(Wanted(1, path, (region,)))
    with qtbot.waitSignal(shop.crops.arrived):
        assert shop.crops.piece(1, region, 64) is None
    assert shop.crops.piece(1, region, 64) is not None


@pytest.mark.parametrize("ground", ["white", "black", "#2b3037"])
@pytest.mark.parametrize("colour", ["#54beff", "#ff8c00", "#183cc8", "yellow"])
def test_colours_stand_out_from_their_ground(colour: str, ground: str) -> None:
    shown = luminance(readable(QColor(colour), QColor(ground)))
    light, dark = sorted((shown, luminance(QColor(ground))), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 3
    assert abs(luminance(ink_on(QColor(colour))) - luminance(QColor(colour))) > 0.3
