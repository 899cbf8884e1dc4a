"""Annotations of images that the camera stored on their side: drawn on upright, or on the rows as they are stored."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from core.annotations.orientation import ImageInfo, upright_boxes
from core.annotations.read import read_annotations
from core.exchange.match_images import ImageIndex, ListedImage, image_info
from core.imaging.reading import read_image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.annotations.read import ImportedAnnotations

WIDTH, HEIGHT = 64, 48
SPOT = (8, 4, 20, 12)
"""Where the stored rows are dark; the rest of them is white."""


def photograph(path: Path, orientation: int) -> Path:
    pixels = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    x1, y1, x2, y2 = SPOT
    pixels[y1:y2, x1:x2] = 0
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(path, exif=exif)
    return path


def spot_in(path: Path) -> list[int]:
    """Return the box of what is dark in an image as the program counts it."""
    rows, columns = np.nonzero(read_image(path).pixels[..., 0] < 128)
    return [int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1]


def voc(size: tuple[int, int], box: tuple[int, ...], name: str) -> str:
    corners = "".join(f"<{side}>{at}</{side}>" for side, at in zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True))
    return (
        f"<annotation><filename>{name}</filename><size><width>{size[0]}</width><height>{size[1]}</height></size>"
        f"<object><name>RBC</name><bndbox>{corners}</bndbox></object></annotation>"
    )


def yolo(size: tuple[int, int], box: tuple[int, ...], name: str) -> str:
    del name
    x1, y1, x2, y2 = box
    width, height = size
    return f"0 {(x1 + x2) / 2 / width} {(y1 + y2) / 2 / height} {(x2 - x1) / width} {(y2 - y1) / height}\n"


def table(size: tuple[int, int], box: tuple[int, ...], name: str) -> str:
    del size
    return f"filename,cell_type,xmin,ymin,xmax,ymax\n{name},RBC,{','.join(map(str, box))}\n"


def read(
    image: Path, write: Callable[..., str], size: tuple[int, int], box: tuple[int, ...], *, stored_rows: bool = False
) -> ImportedAnnotations:
    suffix = {voc: ".xml", yolo: ".txt", table: ".csv"}[write]
    file = image.with_suffix(suffix)
    file.write_text(write(size, box, image.name), encoding="utf-8")
    return read_annotations([file], ImageIndex([ListedImage(1, image)]), ["RBC"], stored_rows=stored_rows)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
def test_boxes_are_turned_as_the_pixels_are(tmp_path: Path, orientation: int, suffix: str) -> None:
    image = photograph(tmp_path / f"a{suffix}", orientation)
    upright = read_image(image)
    assert image_info(image).size == (upright.width, upright.height)
    turned = upright_boxes(np.array([SPOT], np.float64), (WIDTH, HEIGHT), image_info(image).orientation)
    assert turned.tolist() == [spot_in(image)]


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_the_stated_size_says_which_way_round_it_was(tmp_path: Path, orientation: int) -> None:
    image = photograph(tmp_path / "a.jpg", orientation)
    spot = spot_in(image)
    for size, box in (((WIDTH, HEIGHT), SPOT), ((HEIGHT, WIDTH), tuple(spot))):
        for stored_rows in (False, True):
            found = read(image, voc, size, box, stored_rows=stored_rows)
            assert found.images[0].boxes.tolist() == [spot]
            assert (found.images[0].width, found.images[0].height) == (HEIGHT, WIDTH)
            assert found.notices == found.undecided == ()


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("write", [yolo, table])
def test_without_a_stated_size_it_is_asked(tmp_path: Path, orientation: int, write: Callable[..., str]) -> None:
    image = photograph(tmp_path / "a.jpg", orientation)
    spot, info = spot_in(image), image_info(image)
    upright = read(image, write, info.size, tuple(spot))
    assert upright.undecided == (image.name,)
    np.testing.assert_allclose(upright.images[0].boxes, [spot], atol=1e-3)
    stored = read(image, write, (WIDTH, HEIGHT), SPOT, stored_rows=True)
    assert stored.undecided == upright.undecided
    np.testing.assert_allclose(stored.images[0].boxes, [spot], atol=1e-3)


def test_a_half_turn_is_asked_about_whatever_size_is_stated(tmp_path: Path) -> None:
    image = photograph(tmp_path / "a.jpg", 3)
    assert read(image, voc, (WIDTH, HEIGHT), SPOT).undecided == ("a.jpg",)
    assert read(image, voc, (WIDTH, HEIGHT), SPOT, stored_rows=True).images[0].boxes.tolist() == [spot_in(image)]


def test_images_that_are_not_turned_are_not_asked_about(tmp_path: Path) -> None:
    image = photograph(tmp_path / "a.jpg", 1)
    for write in (voc, yolo, table):
        found = read(image, write, (WIDTH, HEIGHT), SPOT, stored_rows=True)
        np.testing.assert_allclose(found.images[0].boxes, [SPOT], atol=1e-3)
        assert found.undecided == ()


def test_contours_and_masks_are_turned_with_their_boxes(tmp_path: Path) -> None:
    image = photograph(tmp_path / "a.jpg", 6)
    x1, y1, x2, y2 = SPOT
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[y1:y2, x1:x2] = True
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.ravel(order="F"), [0]])))
    runs = np.diff([0, *edges.tolist(), mask.size]).tolist()
    for segmentation in ([[x1, y1, x2, y1, x2, y2, x1, y2]], {"size": [HEIGHT, WIDTH], "counts": runs}):
        document = {
            "images": [{"id": 1, "file_name": "a.jpg", "width": WIDTH, "height": HEIGHT}],
            "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "segmentation": segmentation}],
            "categories": [{"id": 1, "name": "RBC"}],
        }
        (tmp_path / "a.json").write_text(json.dumps(document), encoding="utf-8")
        (found,) = read_annotations([tmp_path / "a.json"], ImageIndex([ListedImage(1, image)]), ["RBC"]).images
        assert found.boxes.tolist() == [spot_in(image)]
        assert found.contours is not None
        assert found.contours[0].min(axis=0) == pytest.approx(found.boxes[0, :2], abs=0.51)
        assert found.contours[0].max(axis=0) == pytest.approx(found.boxes[0, 2:], abs=0.51)


def test_another_size_is_refused_whichever_way_round(tmp_path: Path) -> None:
    image = photograph(tmp_path / "a.jpg", 6)
    found = read(image, voc, (WIDTH, WIDTH), SPOT)
    assert found.images == ()
    assert "drawn on 64 × 64 pixels, but the image has 48 × 64" in found.notices[0]
    assert ImageInfo(48, 64, 6).stored_size == (64, 48)
