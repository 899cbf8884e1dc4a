"""The annotated image and how images are written."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile

from core.cells import Detections
from core.classes import PALETTES, PAPER
from core.counting.count import CountSettings, count
from core.counting.frame import EdgeRule, Frame
from core.counting.region import Region
from core.imaging.reading import read_image
from core.report.formats.annotated import annotate, write_picture
from core.report.formats.images import with_boxes
from core.report.gather import gather
from core.session.session import Session
from core.session.tables.settings import span_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.classes import Palette

CLASSES = ("RBC", "WBC", "Platelets", "Sickle cell", "Target cell")


@pytest.mark.parametrize("palette", PALETTES, ids=lambda palette: palette.name)
def test_every_class_has_a_colour_of_its_own(palette: Palette):
    colours = [palette.colour(CLASSES, label) for label in range(len(CLASSES))]
    assert len(set(colours)) == len(CLASSES)
    assert all(0 <= value <= 255 for colour in colours for value in colour)


@pytest.mark.parametrize("palette", PALETTES, ids=lambda palette: palette.name)
def test_counted_cells_are_boxed_in_their_colour(palette: Palette):
    field = np.full((200, 600, 3), 230, np.uint8)
    boxes = np.array([[20 + 110 * i, 60, 100 + 110 * i, 140] for i in range(5)], np.float32)
    cells = Detections.from_model(boxes, np.full(5, 0.9, np.float32), np.arange(5, dtype=np.int32))
    limits = dict.fromkeys(CLASSES, 0.5) | {"Target cell": 0.95}
    picture = annotate(field, cells, count(cells, CountSettings(limits), CLASSES), CLASSES, palette)
    for label in range(4):
        x1, _, x2, y2 = boxes[label].astype(int)
        assert (picture[y2, x1 + 5 : x2 - 5] == palette.colour(CLASSES, label)).all()
    assert (picture[:, 455:] == 230).all()
    assert (field == 230).all()


@pytest.mark.parametrize("rule", EdgeRule)
@pytest.mark.parametrize(
    "region",
    [None, Region.between(50, 40, 900, 150), Region(((40, 30), (300, 40), (80, 190)))],
    ids=["", "rectangle", "polygon"],
)
def test_the_sides_of_the_frame_are_drawn(rule: EdgeRule, region: Region | None):
    field = np.full((200, 600, 3), 230, np.uint8)
    frame = Frame(600, 200, rule, region)
    nothing = count(Detections.empty(), CountSettings({}, edge_rule=rule), (), None, frame)
    picture = annotate(field, Detections.empty(), nothing, (), frame=frame)
    drawn = (picture != 230).any(axis=2)
    for start, end, forbidden in frame.sides:
        steps = np.clip(np.linspace(start, end, 200), (2, 2), (597, 197)).astype(int)
        colours = picture[steps[:, 1], steps[:, 0]]
        assert drawn[steps[:, 1], steps[:, 0]].all()
        white = (colours == 255).all(axis=1).mean()
        assert (white > 0.25) == forbidden
    assert drawn.any() == bool(frame.sides)


def test_an_outline_may_leave_the_picture():
    field = np.full((200, 600, 3), 230, np.uint8)
    frame = Frame(600, 200, region=Region(((-200, 100), (300, -150), (800, 100), (300, 350))))
    nothing = count(Detections.empty(), CountSettings({}), (), None, frame)
    drawn = (annotate(field, Detections.empty(), nothing, (), frame=frame) != 230).any(axis=2)
    y, x = np.nonzero(drawn)
    assert np.abs(np.abs(x - 300) / 2 + np.abs(y - 100) - 250).max() < 5
    assert len(y) > 0


def test_cells_at_the_border_do_not_break_the_picture():
    field = np.full((40, 40, 3), 230, np.uint8)
    boxes = np.array([[0, 0, 40, 40], [39, 39, 40, 40], [0, 30, 3, 40]], np.float32)
    cells = Detections.from_model(boxes, np.array([0.9, 0.8, 0.7], np.float32), np.zeros(3, np.int32))
    result = count(cells, CountSettings(dict.fromkeys(CLASSES, 0.5)), CLASSES)
    assert annotate(field, cells, result, CLASSES).shape == field.shape


@pytest.mark.parametrize("name", ["a.png", "a.tif", "血 № 1.PNG"])
def test_pictures_are_written_as_they_are(tmp_path: Path, name: str):
    pixels = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
    write_picture(pixels, tmp_path / name)
    np.testing.assert_array_equal(read_image(tmp_path / name).pixels, pixels)


@pytest.mark.parametrize("name", ["a.xyz", "no/such/folder/a.png"])
def test_what_cannot_be_written_is_said(tmp_path: Path, name: str):
    with pytest.raises(OSError, match=r"a\.(xyz|png)"):
        write_picture(np.zeros((5, 5, 3), np.uint8), tmp_path / name)


def test_a_deep_image_is_printed_at_the_scale_it_was_counted_with(make_session: Callable[..., Path]):
    """Alone it would be four times as bright: its camera has 12 bits, of which it fills 10."""
    with Session.open(make_session()) as session:
        path = next(iter(session.images.all())).path
        deep = np.full((120, 200, 3), 800, np.uint16)
        tifffile.imwrite(path, deep, photometric="rgb")
        session.view.put(span_key(1), [0.0, 4000.0])
        image = replace(gather(session).images[0], sha256=None)
    assert image.counted is not None
    classes = ("RBC", "WBC", "Platelets")
    printed = with_boxes(image, image.counted, classes, PAPER)
    assert abs(int(printed[-1, -1, 0]) - round(800 / 4095 * 255)) <= 1
    alone = with_boxes(replace(image, span=None), image.counted, classes, PAPER)
    assert abs(int(alone[-1, -1, 0]) - round(800 / 1023 * 255)) <= 1
