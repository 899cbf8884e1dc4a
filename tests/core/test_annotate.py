"""The annotated picture and how pictures are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.annotate import annotate, write_picture
from core.classes import PALETTES
from core.counting import CountSettings, count
from core.detections import Detections
from core.images import read_image

if TYPE_CHECKING:
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
