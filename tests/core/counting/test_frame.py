"""The counting frame: adjacent frames count every cell once, and truth is treated like predictions."""

from __future__ import annotations

from itertools import pairwise

import cv2
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.counting.frame import TOUCH, EdgeRule, Frame, rule_text
from core.counting.region import Point, Region

WIDTH, HEIGHT = 400, 300
RULES = list(EdgeRule)
FRAMES = [rule for rule in EdgeRule if rule is not EdgeRule.ALL]

Boxes = NDArray[np.float32]


def boxes_of(cells: list[tuple[float, float, float, float]]) -> Boxes:
    """Return boxes of (left, top, width, height), cut off at the image's border."""
    boxes = np.array(cells, np.float32).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    return np.clip(boxes, 0, np.array([WIDTH, HEIGHT] * 2, np.float32))


place = st.integers(0, 16 * (WIDTH - 9)).map(lambda n: n / 16)
length = st.integers(16, 16 * 120).map(lambda n: n / 16)
cells = st.lists(
    st.tuples(place, place.map(lambda x: x * (HEIGHT - 9) / WIDTH), length, length), min_size=1, max_size=30
).map(boxes_of)
points = st.lists(st.tuples(place, place.map(lambda x: x * HEIGHT / WIDTH)), min_size=1, max_size=30).map(
    lambda found: np.array([(x, y, x, y) for x, y in found], np.float32)
)
cuts = st.lists(st.integers(1, 99), max_size=4, unique=True).map(lambda cut: [0, *sorted(cut), 100])


def grid(columns: list[int], rows: list[int]) -> list[Region]:
    """Return the rectangles of a grid over the whole image; cuts are in percent."""
    return [
        Region.between(x1 * WIDTH / 100, y1 * HEIGHT / 100, x2 * WIDTH / 100, y2 * HEIGHT / 100)
        for x1, x2 in pairwise(columns)
        for y1, y2 in pairwise(rows)
    ]


def counted_in(regions: list[Region], boxes: Boxes, rule: EdgeRule) -> NDArray[np.int64]:
    """Return in how many of the regions each cell counts."""
    return np.sum([Frame(WIDTH, HEIGHT, rule, region).inside(boxes) for region in regions], axis=0)


@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=40)
@given(cells, cuts, cuts)
def test_adjacent_frames_count_each_cell_once(rule: EdgeRule, boxes: Boxes, columns: list[int], rows: list[int]):
    """Only the image's own forbidden borders take cells away for good."""
    once = Frame(WIDTH, HEIGHT, rule).inside(boxes)
    assert counted_in(grid(columns, rows), boxes, rule).tolist() == once.astype(int).tolist()


@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=40)
@given(points, cuts, cuts)
def test_adjacent_frames_count_each_point_once(rule: EdgeRule, marks: Boxes, columns: list[int], rows: list[int]):
    assert (counted_in(grid(columns, rows), marks, rule) == 1).all()


@given(cells, st.lists(st.tuples(place, st.integers(1, 99)), min_size=1, max_size=6))
def test_adjacent_polygons_count_each_cell_once(boxes: Boxes, bends: list[tuple[float, int]]):
    border = [(WIDTH / 2, 0.0)]
    border += [(x, y * HEIGHT / 100) for (x, _), y in zip(bends, sorted({y for _, y in bends}), strict=False)]
    border += [(WIDTH / 3, float(HEIGHT))]
    left = Region((*border, (0.0, float(HEIGHT)), (0.0, 0.0)))
    right = Region((*border, (float(WIDTH), float(HEIGHT)), (float(WIDTH), 0.0)))
    assert (counted_in([left, right], boxes, EdgeRule.ALL) == 1).all()


@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=40)
@given(st.one_of(cells, points))
def test_a_region_of_the_whole_image_is_none(rule: EdgeRule, boxes: Boxes):
    whole = Frame(WIDTH, HEIGHT, rule, Region.between(0, 0, WIDTH, HEIGHT))
    larger = Frame(WIDTH, HEIGHT, rule, Region.between(-50, -1, WIDTH + 1, HEIGHT + 70))
    none = Frame(WIDTH, HEIGHT, rule)
    assert whole.inside(boxes).tolist() == larger.inside(boxes).tolist() == none.inside(boxes).tolist()
    assert whole.area == larger.area == none.area == WIDTH * HEIGHT


def allowed_by_the_forbidden_line(box: list[float], frame: tuple[float, ...], rule: EdgeRule) -> bool:
    """Gundersen's words: in or partly in the frame, and not on the forbidden line or its two extensions."""
    x1, y1, x2, y2 = box
    left, top, right, bottom = frame
    column, row = (left, right)["right" in rule.sides], (top, bottom)["bottom" in rule.sides]
    down = (row, np.inf) if "top" in rule.sides else (-np.inf, row)  # along the forbidden column, and on
    up = (-np.inf, row) if "top" in rule.sides else (row, np.inf)  # beyond the end of the forbidden row
    opposite = left + right - column
    on_column = x1 <= column <= x2 and y2 >= down[0] and y1 <= down[1]
    on_row = y1 <= row <= y2 and x2 >= left and x1 <= right
    on_extension = x1 <= opposite <= x2 and y2 >= up[0] and y1 <= up[1]
    in_frame = x2 >= left and x1 <= right and y2 >= top and y1 <= bottom
    return in_frame and not (on_column or on_row or on_extension)


@pytest.mark.parametrize("rule", FRAMES)
@settings(max_examples=40)
@given(cells)
def test_the_corner_is_what_the_forbidden_line_decides(rule: EdgeRule, boxes: Boxes):
    """Cells within the tolerance of a line are left out here; it has its own test."""
    frame = (101.03, 80.03, 299.03, 220.03)  # off the grid on which the cells lie
    inside = Frame(WIDTH, HEIGHT, rule, Region.between(*frame)).inside(boxes)
    for box, found in zip(boxes.astype(float), inside, strict=True):
        near = TOUCH * (box[2:] - box[:2]).max()
        if all(
            abs(box[i] - frame[j]) > near for i, j in ((0, 0), (0, 2), (2, 0), (2, 2), (1, 1), (1, 3), (3, 1), (3, 3))
        ):
            assert found == allowed_by_the_forbidden_line(box.tolist(), frame, rule)


@pytest.mark.parametrize("rule", FRAMES)
def test_cells_at_the_borders_of_an_image(rule: EdgeRule):
    middle = {
        "left": (0, 120, 50, 170),
        "right": (350, 120, 400, 170),
        "top": (90, 0, 140, 50),
        "bottom": (90, 250, 140, 300),
    }
    inside = Frame(WIDTH, HEIGHT, rule).inside(np.array([*middle.values(), (100, 100, 150, 150)], np.float32))
    assert dict(zip(middle, inside.tolist(), strict=False)) == {side: side not in rule.sides for side in middle}
    assert inside[-1]


def test_a_cell_in_a_corner_of_both_kinds_is_left_out():
    corners = np.array([(0, 0, 50, 50), (350, 0, 400, 50), (350, 250, 400, 300), (0, 250, 50, 300)], np.float32)
    assert Frame(WIDTH, HEIGHT, EdgeRule.TOP_LEFT).inside(corners).tolist() == [False, False, True, False]


@given(st.floats(-2, 0.9 * TOUCH), st.floats(1.1 * TOUCH, 0.3), st.floats(4, 200))
def test_a_box_touches_within_the_tolerance(near: float, far: float, side: float):
    """So a cut cell is left out whether a person drew its box at the border or a model two pixels from it."""
    boxes = [[gap * side, 90, (gap + 1) * side, 90 + side] for gap in (near, far)]
    assert Frame(500, 500, EdgeRule.TOP_LEFT).inside(np.array(boxes, np.float32)).tolist() == [False, True]


@given(cells)
def test_truth_and_predictions_are_treated_alike(boxes: Boxes):
    """Annotations may be float64 or whole numbers; the same box gets the same answer."""
    frame = Frame(WIDTH, HEIGHT, EdgeRule.BOTTOM_LEFT, Region.between(33, 20, 310, 260))
    assert frame.inside(boxes).tolist() == frame.inside(boxes.astype(np.float64)).tolist()
    assert frame.inside(boxes[::-1]).tolist() == frame.inside(boxes)[::-1].tolist()


def test_no_cells_are_no_matter():
    for rule in RULES:
        assert len(Frame(10, 10, rule, Region.between(1, 1, 5, 5)).inside(np.zeros((0, 4), np.float32))) == 0


def test_a_region_outside_the_image_holds_nothing():
    for rule in RULES:
        frame = Frame(WIDTH, HEIGHT, rule, Region.between(500, 500, 600, 600))
        assert not frame.inside(np.array([(350, 250, 400, 300), (0, 0, 40, 40)], np.float32)).any()
        assert frame.area == 0


def star(corners: list[tuple[int, int]]) -> tuple[Point, ...]:
    """Return an outline round (200, 150) from (angle in degrees, distance)."""
    far = dict(corners)
    ways = [(np.radians(angle), far[angle]) for angle in sorted(far)]
    return tuple((200 + float(np.cos(turn)) * far, 150 + float(np.sin(turn)) * far) for turn, far in ways)


def encloses(outline: tuple[Point, ...]) -> bool:
    try:
        Region(outline)
    except ValueError:
        return False
    return True


corners = st.lists(st.tuples(st.integers(0, 359), st.integers(20, 290)), min_size=5, max_size=12)
regions = corners.map(star).filter(encloses).map(Region)


@given(regions, points)
def test_inside_a_polygon_is_what_opencv_calls_so(region: Region, marks: Boxes):
    contour = np.array(region.corners, np.float32)
    distance = np.array([cv2.pointPolygonTest(contour, (float(x), float(y)), True) for x, y in marks[:, :2]])
    sure = np.abs(distance) > 1e-3
    assert Frame(WIDTH, HEIGHT, region=region).inside(marks)[sure].tolist() == (distance > 0)[sure].tolist()


@given(regions)
def test_the_area_is_that_of_the_part_in_the_image(region: Region):
    y, x = np.mgrid[0.5:HEIGHT, 0.5:WIDTH]
    pixels = np.stack([x.ravel(), y.ravel()], axis=1)
    outline = (*region.corners, region.corners[0])
    perimeter = sum(float(np.hypot(*np.subtract(a, b))) for a, b in pairwise(outline))
    area = Frame(WIDTH, HEIGHT, region=region).area
    assert area == pytest.approx(int(region.contains(pixels).sum()), abs=0.5 * perimeter + 1)


def test_a_polygon_keeps_the_forbidden_borders_of_the_image():
    triangle = Region(((-10, -10), (390, -10), (-10, 290)))
    boxes = np.array([(0, 60, 40, 100), (60, 0, 100, 40), (60, 60, 100, 100), (300, 200, 340, 240)], np.float32)
    assert Frame(WIDTH, HEIGHT, EdgeRule.TOP_LEFT, triangle).inside(boxes).tolist() == [False, False, True, False]
    assert Frame(WIDTH, HEIGHT, EdgeRule.ALL, triangle).inside(boxes).tolist() == [True, True, True, False]


@pytest.mark.parametrize(
    ("corners", "told"),
    [
        (((0, 0), (10, 10)), "area"),
        (((0, 0), (10, 10), (20, 20)), "area"),
        (((0, 0), (10, 10), (12, 0), (0, 20)), "cross"),
        (((0, 0), (10, 10), (10, 0), (0, 10)), "cross"),  # both halves of a bow tie together have no area
        (((0, 0), (10, float("nan")), (10, 0)), "finite"),
    ],
)
def test_an_outline_that_encloses_nothing_is_refused(corners: tuple[Point, ...], told: str):
    with pytest.raises(ValueError, match=told):
        Region(corners)


def test_a_rectangle_may_be_drawn_from_any_corner():
    assert Region.between(9, 8, 1, 2) == Region.between(1, 2, 9, 8) == Region.between(1, 8, 9, 2)
    assert Region.between(9, 8, 1, 2).bounds == (1, 2, 9, 8)
    assert Region(((1, 2), (1, 8), (9, 8), (9, 2))).is_rectangle
    assert not Region(((1, 2), (1, 8), (9, 8), (9, 3))).is_rectangle


def test_a_region_is_kept_as_json():
    region = Region(((1.5, 2), (9, 8), (3, 20.25)))
    text = msgspec.json.encode(region)
    assert msgspec.json.decode(text, type=Region) == region
    with pytest.raises(msgspec.ValidationError, match="area"):
        msgspec.json.decode(b'{"corners": [[0, 0], [1, 1]]}', type=Region)


@pytest.mark.parametrize("rule", FRAMES)
def test_the_sides_to_draw(rule: EdgeRule):
    region = Region.between(50, 40, 300, 500)
    sides = Frame(WIDTH, HEIGHT, rule, region).sides
    drawn = {"top": 40, "bottom": HEIGHT, "left": 50, "right": 300}
    for name, place in drawn.items():
        axis = int(name in ("top", "bottom"))
        [side] = [side for side in sides if side.start[axis] == side.end[axis] == place]
        assert side.forbidden == (name in rule.sides)
    assert len(sides) == 4
    assert sum(side.forbidden for side in Frame(WIDTH, HEIGHT, rule).sides) == 2


def test_nothing_is_drawn_where_everything_counts():
    assert Frame(WIDTH, HEIGHT).sides == ()


def test_a_polygon_is_drawn_with_the_forbidden_borders():
    triangle = Region(((10, 10), (90, 10), (10, 90)))
    assert [side.forbidden for side in Frame(100, 100, EdgeRule.ALL, triangle).sides] == [False] * 3
    assert [side.forbidden for side in Frame(100, 100, EdgeRule.TOP_RIGHT, triangle).sides] == [False] * 3 + [True] * 2


def test_the_rule_is_a_sentence():
    triangle = Region(((10, 10), (90, 10), (10, 90)))
    assert rule_text(EdgeRule.ALL) == "All cells count."
    assert rule_text(EdgeRule.TOP_LEFT) == "All cells count, except those that touch the image's top or left side."
    inner = Frame(WIDTH, HEIGHT, EdgeRule.BOTTOM_RIGHT, Region.between(40, 30.5, 360, 270))
    assert inner.text == (
        "Cells in the rectangle from (40, 30.5) to (360, 270) count, except those that touch its bottom or right side."
    )
    assert rule_text(EdgeRule.ALL, triangle) == "Cells with their centre in a region of 3 corners count."
