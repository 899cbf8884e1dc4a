"""The outlines that are written into pixels are those that a painter would draw."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage

from gui.canvas.items.outlines import Outlines

ORANGE, BLUE = QColor(255, 140, 0), QColor(30, 60, 200)
WIDTH, HEIGHT = 60, 40


def seen(outlines: Outlines, ratio: int = 1) -> np.ndarray:
    """Return what of the outlines is on the screen, as ARGB numbers (H, W); 0 is nothing."""
    image = outlines.image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
    pixels = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.width())
    left, top = round(-outlines.corner.x() * ratio), round(-outlines.corner.y() * ratio)
    return pixels[top : top + HEIGHT * ratio, left : left + WIDTH * ratio].copy()


def expected(boxes: np.ndarray, colour: QColor, shift: int = 0) -> np.ndarray:
    """Draw boxes pixel by pixel."""
    pixels = np.zeros((HEIGHT, WIDTH), np.uint32)
    for x1, y1, x2, y2 in np.floor(boxes).astype(int) + shift:
        for x in range(x1, x2 + 1):
            for y in range(y1, y2 + 1):
                if (x in (x1, x2) or y in (y1, y2)) and 0 <= x < WIDTH and 0 <= y < HEIGHT:
                    pixels[y, x] = colour.rgba()
    return pixels


@pytest.mark.parametrize("seed", range(5))
def test_boxes_are_drawn_as_far_as_they_are_on_the_screen(seed: int) -> None:
    rng = np.random.default_rng(seed)
    corners = rng.uniform((-50, -50), (WIDTH + 20, HEIGHT + 20), (40, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(0, 70, (40, 2))], axis=1).astype(np.float32)
    outlines = Outlines(WIDTH, HEIGHT)
    outlines.draw(boxes, ORANGE)
    np.testing.assert_array_equal(seen(outlines), expected(boxes, ORANGE))
    outlines.clear()
    assert not seen(outlines).any()


def test_a_box_far_larger_than_the_screen_and_one_far_away_are_harmless() -> None:
    outlines = Outlines(WIDTH, HEIGHT)
    boxes = np.array([(-1e9, 10, 1e9, 1e9), (1e9, 1e9, 2e9, 2e9), (-2e9, -2e9, -1e9, -1e9)], np.float32)
    outlines.draw(boxes, ORANGE, 2, casing=(-1, 2))
    drawn = seen(outlines)
    assert (drawn[10:12] == ORANGE.rgba()).all()
    drawn[9:13] = 0
    assert not drawn.any()


def test_a_line_has_its_width_and_a_white_casing_on_both_sides() -> None:
    outlines = Outlines(WIDTH, HEIGHT)
    outlines.draw(np.array([(10, 10, 40, 30)], np.float32), ORANGE, 2, casing=(-1, 2))
    across = [QColor.fromRgba(int(value)).name() if value else "" for value in seen(outlines)[20, 7:15]]
    assert across == ["", "", "#ffffff", "#ff8c00", "#ff8c00", "#ffffff", "", ""]


def test_dashes_are_pieces_and_gaps() -> None:
    outlines = Outlines(WIDTH, HEIGHT)
    outlines.draw(np.array([(10, 10, 55, 30)], np.float32), BLUE, dash=(6, 4))
    assert (seen(outlines)[10, 10:40] != 0).tolist() == ([True] * 6 + [False] * 4) * 3


def test_on_a_finer_screen_lines_are_as_wide_to_the_eye() -> None:
    outlines = Outlines(2 * WIDTH, 2 * HEIGHT, 2.0)
    outlines.draw(np.array([(10, 10, 40, 30)], np.float32), ORANGE, 2)
    row = seen(outlines, 2)[40]
    assert np.flatnonzero(row)[:4].tolist() == [20, 21, 22, 23]
    assert outlines.image.devicePixelRatio() == 2.0


def test_a_contour_goes_round_closed_with_a_casing_on_both_sides() -> None:
    outlines = Outlines(WIDTH, HEIGHT)
    corners = ((25, 5), (35, 5), (45, 15), (45, 25), (35, 35), (25, 35), (15, 25), (15, 15))
    outlines.draw_contours(np.array(corners, np.float32), np.array([8]), ORANGE, 2, casing=1)
    drawn = seen(outlines)
    for x, y in (*corners, (30, 5), (40, 10), (45, 20), (40, 30), (30, 35), (20, 30), (15, 20), (20, 10)):
        assert drawn[y, x] == ORANGE.rgba(), (x, y)
    across = [QColor.fromRgba(int(value)).name() if value else "" for value in drawn[20, 12:20]]
    assert across == ["", "", "#ffffff", "#ff8c00", "#ff8c00", "#ffffff", "", ""]
    assert not drawn[18:23, 22:38].any(), "nothing inside"


def test_contours_are_apart_dashed_and_cut_off_at_the_screen() -> None:
    outlines = Outlines(WIDTH, HEIGHT)
    square = np.array([(0, 0), (20, 0), (20, 20), (0, 20)], np.float32)
    corners = np.array([(5, 5), (50, 10), (1e4, 1e4)], np.float32)
    points = np.concatenate([*(square + corner for corner in corners), np.array([(40, 35)], np.float32)])
    outlines.draw_contours(points, np.array([4, 4, 4, 1]), BLUE, 1, (6, 4))
    drawn = seen(outlines) == BLUE.rgba()
    assert drawn[5, 5:25].tolist() == ([True] * 6 + [False] * 4) * 2
    assert drawn[10, 50:60].tolist() == [True] * 6 + [False] * 4
    assert drawn[35, 40]
    assert not drawn[:, 30:39].any()


def test_at_150_per_cent_a_line_covers_whole_pixels_of_the_screen() -> None:
    outlines = Outlines(90, 60, 1.5)
    outlines.draw(np.array([(10.3, 10.7, 40.1, 30.2)], np.float32), ORANGE, casing=(-1, 1))
    image = outlines.image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
    pixels = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.width())
    row = pixels[round(-1.5 * outlines.corner.y()) + 30]
    drawn = [QColor.fromRgba(int(value)).name() for value in row if value]
    assert drawn == ["#ffffff", "#ff8c00", "#ff8c00", "#ffffff"] * 2
