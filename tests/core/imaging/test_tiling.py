"""Tiles: nothing between them, and every cell looked at whole by the tile that owns it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.imaging.tiling import Tile, tiles

SLACK = 0.04  # a little more than what neighbours keep of each other beyond the seam


@st.composite
def layouts(draw: st.DrawFn) -> tuple[int, int, int, int]:
    """Width and height of a field, tile and overlap."""
    tile = draw(st.integers(16, 1100))
    overlap = draw(st.integers(1, tile // 2))
    return draw(st.integers(1, 4 * tile)), draw(st.integers(1, 4 * tile)), tile, overlap


@st.composite
def points(draw: st.DrawFn) -> tuple[list[Tile], int, int, float, float, tuple[int, int]]:
    """A layout's tiles, and a point of the field."""
    width, height, tile, overlap = draw(layouts())
    x = draw(st.floats(0, width, width=32))
    y = draw(st.floats(0, height, width=32))
    return list(tiles(width, height, tile, overlap)), width, height, x, y, (tile, overlap)


def owners(parts: list[Tile], x: float, y: float) -> list[Tile]:
    here = np.array([[x, y, x, y]], np.float32)
    return [part for part in parts if part.owns(here)[0]]


def seams(parts: list[Tile]) -> tuple[set[float], set[float]]:
    vertical = {edge for part in parts for edge in part.own[::2] if np.isfinite(edge)}
    horizontal = {edge for part in parts for edge in part.own[1::2] if np.isfinite(edge)}
    return vertical, horizontal


@given(layouts())
def test_tiles_lie_in_the_field_and_are_no_larger_than_asked(layout: tuple[int, int, int, int]):
    width, height, size, _ = layout
    for part in tiles(*layout):
        assert 0 <= part.x1 < part.x2 <= width
        assert 0 <= part.y1 < part.y2 <= height
        assert part.x2 - part.x1 <= size
        assert part.y2 - part.y1 <= size


@given(points())
def test_every_point_is_looked_at_and_owned(case: tuple[list[Tile], int, int, float, float, tuple[int, int]]):
    parts, _, _, x, y, _ = case
    assert any(part.x1 <= x <= part.x2 and part.y1 <= y <= part.y2 for part in owners(parts, x, y))


def _inside(part: Tile, x: float, y: float) -> bool:
    x1, y1, x2, y2 = part.own
    return x1 <= x < x2 and y1 <= y < y2


@given(points())
def test_away_from_seams_a_point_has_one_owner(
    case: tuple[list[Tile], int, int, float, float, tuple[int, int]],
):
    parts, _, _, x, y, (size, _) = case
    vertical, horizontal = seams(parts)
    assume(all(abs(x - seam) > SLACK * size for seam in vertical))
    assume(all(abs(y - seam) > SLACK * size for seam in horizontal))
    assert len(owners(parts, x, y)) == 1


@given(points())
def test_the_owner_sees_cells_up_to_the_overlap_whole(
    case: tuple[list[Tile], int, int, float, float, tuple[int, int]],
):
    parts, width, height, x, y, (_, overlap) = case
    [owner] = [part for part in parts if _inside(part, x, y)]
    half = (overlap - 1) / 2
    assert owner.x1 <= max(x - half, 0)
    assert owner.y1 <= max(y - half, 0)
    assert owner.x2 >= min(x + half, width)
    assert owner.y2 >= min(y + half, height)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1024, 1024), (300, 1024)])
def test_a_field_that_fits_is_one_tile(width: int, height: int):
    [part] = tiles(width, height, 1024, 256)
    assert (part.x1, part.y1, part.x2, part.y2) == (0, 0, width, height)
