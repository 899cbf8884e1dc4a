"""How cells are sorted into piles: no window, no image."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.cells import Detections, Origin
from gui.panels.gallery.columns import CellColumns
from gui.panels.gallery.darkness import darkness_of
from gui.panels.gallery.tiles import Order, sort_into_piles
from gui.widgets.tiles.crops import EXTENT
from gui.workspace.counting.cells import CountedCells

if TYPE_CHECKING:
    from collections.abc import Sequence


def image_of(
    number: int,
    scores: Sequence[float],
    sides: Sequence[float],
    *,
    diameter: float = 40.0,
    counted: Sequence[bool] | None = None,
    by_hand: Sequence[int] = (),
) -> CountedCells:
    """An image with red cells in a row, of these scores and sides; their ids are 100 times the image's and on."""
    corners = np.stack([100.0 * np.arange(len(scores)), np.zeros(len(scores))], axis=1)
    boxes = np.concatenate([corners, corners + np.array(sides)[:, None]], axis=1).astype(np.float32)
    origin = np.full(len(scores), Origin.MODEL, np.uint8)
    origin[list(by_hand)] = Origin.PERSON
    ids = 100 * number + np.arange(len(scores), dtype=np.int64)
    cells = Detections(boxes, np.array(scores, np.float32), np.zeros(len(scores), np.int32), ids, origin)
    mask = np.ones(len(scores), bool) if counted is None else np.array(counted)
    return CountedCells(number, cells, mask, diameter)


IMAGES = [
    image_of(2, [0.9, 0.5, 0.7], [40, 20, 60], counted=[True, True, False]),
    image_of(1, [0.6, 1.0], [30, 80], diameter=80.0, by_hand=[1]),
]


@pytest.mark.parametrize(
    ("order", "ids"),
    [
        (Order.UNCERTAIN, [201, 100, 200, 101]),  # what a person decided is surest
        (Order.CERTAIN, [101, 200, 100, 201]),
        (Order.LARGEST, [101, 200, 201, 100]),  # against the red cells of its own image; equal ones by their ids
        (Order.SMALLEST, [100, 201, 101, 200]),
        (Order.IMAGE, [200, 201, 100, 101]),
    ],
)
def test_cells_are_sorted(order: Order, ids: list[int]) -> None:
    tiles = sort_into_piles(CellColumns.of(IMAGES), ("RBC", "WBC"), order)["RBC"]
    sizes = {200: 1.0, 201: 0.5, 100: 30 / 80, 101: 1.0}
    if order in (Order.LARGEST, Order.SMALLEST):
        assert [sizes[number] for number in tiles.ids.tolist()] == sorted(
            sizes.values(), reverse=order is Order.LARGEST
        )
    else:
        assert tiles.ids.tolist() == ids
    assert dict(zip(tiles.ids.tolist(), tiles.images.tolist(), strict=True)) == {200: 2, 201: 2, 100: 1, 101: 1}


def test_the_darkest_come_first_and_what_was_not_measured_last() -> None:
    darkness = {2: np.array([10, 200, 255], np.float32)}
    tiles = sort_into_piles(CellColumns.of(IMAGES), ("RBC",), Order.DARKEST, darkness)["RBC"]
    assert tiles.ids.tolist()[:2] == [201, 200]
    assert set(tiles.ids.tolist()[2:]) == {100, 101}


def test_all_tiles_of_an_image_are_at_one_scale_unless_a_cell_is_too_large() -> None:
    tiles = sort_into_piles(CellColumns.of(IMAGES), ("RBC",), Order.IMAGE)["RBC"]
    assert [tiles.region(row)[2] for row in range(4)] == [round(EXTENT * 40)] * 2 + [round(EXTENT * 80)] * 2
    giant = sort_into_piles(CellColumns.of([image_of(3, [0.9], [300])]), ("RBC",), Order.IMAGE)["RBC"]
    assert giant.region(0)[2] > 300


def test_nothing_gives_no_tiles() -> None:
    piles = sort_into_piles(CellColumns.of([]), ("RBC", "WBC"), Order.IMAGE)
    assert {name: len(tiles) for name, tiles in piles.items()} == {"RBC": 0, "WBC": 0}


def test_darkness_is_that_of_the_middle() -> None:
    pixels = np.full((60, 100, 3), 255, np.uint8)
    pixels[10:50, 10:50] = 155
    pixels[20:40, 20:40] = 55
    boxes = np.array([[10, 10, 50, 50], [60, 10, 90, 40], [-20, -20, 8, 8], [90, 50, 140, 90]], np.float32)
    assert darkness_of(pixels, boxes).tolist() == pytest.approx([200, 0, 0, 0])


def test_a_table_of_cells_follows_what_changes_in_images() -> None:
    images = [image_of(number, [0.9, 0.6], [30, 50]) for number in range(8)]
    table, now = CellColumns.of(images), list(images)
    now[2] = replace(images[2], counted=np.array([False, True]))
    now[5] = image_of(5, [0.8, 0.7, 0.4], [20, 30, 40])
    for images_now in (now, now[1:], [image_of(number, [0.5], [30]) for number in range(8)]):
        followed, anew = table.now(images_now), CellColumns.of(images_now)
        for order in (Order.UNCERTAIN, Order.IMAGE):
            one, other = (sort_into_piles(these, ("RBC",), order)["RBC"] for these in (followed, anew))
            assert one.same_as(other)
            assert one.images.tolist() == other.images.tolist()
