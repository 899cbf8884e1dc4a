"""Files of several pages: which one is the image, and what is told about the others."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile
from PIL import Image

from core.imaging.doubts import Doubt
from core.imaging.reading import ImageError, read_image
from tests.core.imaging.fields import assert_refused, assert_shows, field, planar

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("depth", [8, 12, 16])
@pytest.mark.parametrize("how", ["plain", "ome", "imagej", "named backwards"])
def test_channels_in_grey_pages_are_put_together(tmp_path: Path, how: str, depth: int):
    shown = field()
    planes = planar(shown)
    if depth > 8:
        planes = (planes.astype(np.float64) / 255 * (2**depth - 1)).round().astype(np.uint16)
    path = tmp_path / ("a.ome.tif" if how == "ome" else "a.tif")
    names = {"Channel": {"Name": ["Red", "Green", "Blue"]}}
    if how == "ome":
        tifffile.imwrite(path, planes, photometric="minisblack", metadata={"axes": "CYX", **names})
    elif how == "imagej":
        tifffile.imwrite(path, planes, imagej=True, photometric="minisblack", metadata={"axes": "CYX"})
    else:
        with tifffile.TiffWriter(path) as writer:
            for plane, name in zip(planes[::-1] if "back" in how else planes, ("Blue", "Green", "Red"), strict=True):
                tags = [(285, "s", 0, name, True)] if "back" in how else []
                writer.write(plane, photometric="minisblack", metadata=None, extratags=tags)
    image = read_image(path)
    np.testing.assert_allclose(image.pixels.astype(int), shown, atol=1)
    assert "red, green and blue" in " ".join(image.notices)
    assert image.doubts == ((Doubt.COMBINED,) if how == "plain" else ())


@pytest.mark.parametrize("number", [2, 4])
def test_other_channels_are_asked_for_as_rgb(tmp_path: Path, number: int):
    grey = field()[..., 0]
    tifffile.imwrite(
        tmp_path / "a.tif", np.stack([grey] * number), imagej=True, photometric="minisblack", metadata={"axes": "CYX"}
    )
    assert "RGB" in assert_refused(tmp_path / "a.tif")


@pytest.mark.parametrize("flagged", [True, False])
@pytest.mark.parametrize("first", [True, False])
def test_a_thumbnail_is_passed_over(tmp_path: Path, first: bool, flagged: bool):
    small = np.ascontiguousarray(field()[::4, ::4])
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for page in (small, field()) if first else (field(), small):
            is_small = page is small
            writer.write(page, photometric="rgb", metadata=None, subfiletype=int(is_small and flagged))
    image = read_image(tmp_path / "a.tif")
    assert_shows(image, field(), 0)


@pytest.mark.parametrize("page", ["blank", "another field"])
def test_a_page_of_the_same_shape_that_shows_something_else_is_told(tmp_path: Path, page: str):
    """A larger blank overview was counted instead of the field, without a word."""
    large = np.full((480, 640, 3), 245, np.uint8) if page == "blank" else field(480, 640)[::-1].copy()
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(field(), photometric="rgb", metadata=None)
        writer.write(large, photometric="rgb", metadata=None)
    image = read_image(tmp_path / "a.tif")
    assert_shows(image, large, 0, doubts=(Doubt.ONE_OF_SEVERAL,))
    assert image.notices == ("The file has 2 pages; only the largest is counted.",)


def test_a_pyramid_is_read_at_its_full_size(tmp_path: Path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(field(), photometric="rgb", subifds=2, metadata=None)
        for step in (2, 4):
            writer.write(np.ascontiguousarray(field()[::step, ::step]), photometric="rgb", subfiletype=1, metadata=None)
    assert_shows(read_image(tmp_path / "a.tif"), field(), 0)


@pytest.mark.parametrize("axes", ["ZYX", "TYX"])
def test_one_plane_of_a_stack_is_doubted(tmp_path: Path, axes: str):
    grey = field()[..., 0]
    stack = np.stack([grey, grey // 2, grey // 3])
    tifffile.imwrite(tmp_path / "a.tif", stack, imagej=True, photometric="minisblack", metadata={"axes": axes})
    image = read_image(tmp_path / "a.tif")
    np.testing.assert_array_equal(image.pixels[..., 0], grey)
    assert image.doubts == (Doubt.ONE_OF_SEVERAL,)
    assert "3 pages" in image.notices[0]


def test_colour_pages_of_one_size_are_doubted(tmp_path: Path):
    pages = [Image.fromarray(field()), Image.fromarray(field()[::-1].copy())]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    image = read_image(tmp_path / "a.tif")
    np.testing.assert_array_equal(image.pixels, field())
    assert image.doubts == (Doubt.ONE_OF_SEVERAL,)


@pytest.mark.parametrize("name", ["a.png", "a.webp"])
def test_an_animation_is_doubted(tmp_path: Path, name: str):
    frames = [Image.fromarray(field()), Image.fromarray(field()[::-1].copy())]
    frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], lossless=True)
    assert read_image(tmp_path / name).doubts == (Doubt.ONE_OF_SEVERAL,)


def test_nothing_is_printed_about_odd_files(tmp_path: Path):
    tifffile.imwrite(tmp_path / "a.tif", field(), photometric="rgb", software="x" * 3)
    data = bytearray((tmp_path / "a.tif").read_bytes())
    (tmp_path / "a.tif").write_bytes(data[: len(data) // 2])
    script = (
        "import sys; from core.imaging.reading import ImageError, read_image\n"
        "try: read_image(sys.argv[1])\nexcept ImageError: pass"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, tmp_path / "a.tif"],
        capture_output=True,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert (done.stdout, done.stderr) == (b"", b"")


@pytest.mark.parametrize("name", ["a.tif", "a.webp", "a.png"])
def test_the_page_that_is_asked_for_is_read(tmp_path: Path, name: str):
    pages = [field(), field()[::-1].copy(), field()[:, ::-1].copy()]
    first, *others = map(Image.fromarray, pages)
    first.save(tmp_path / name, save_all=True, append_images=others, lossless=True)
    for number, page in enumerate(pages, start=1):
        image = read_image(tmp_path / name, page=number)
        np.testing.assert_array_equal(image.pixels, page)
        assert (image.notices[0], image.doubts) == (f"Page {number} of 3 was counted.", ())
    with pytest.raises(ImageError, match=r"there is no page 4: the file has 3; choose another page\.$"):
        read_image(tmp_path / name, page=4)


def test_a_page_beyond_the_only_one_is_refused(tmp_path: Path):
    for name in ("a.jpg", "a.png", "a.bmp", "a.tif", "a.webp"):
        Image.fromarray(field()).save(tmp_path / name)
        assert read_image(tmp_path / name, page=1).notices == ()
        with pytest.raises(ImageError, match="no page 2"):
            read_image(tmp_path / name, page=2)


def test_of_channels_in_time_the_sentences_agree(tmp_path: Path):
    planes = np.stack([planar(field())] * 2)
    options = {"axes": "TCYX", "Channel": {"Name": ["Red", "Green", "Blue"]}}
    tifffile.imwrite(tmp_path / "a.ome.tif", planes, photometric="minisblack", metadata=options)
    image = read_image(tmp_path / "a.ome.tif")
    np.testing.assert_array_equal(image.pixels, field())
    assert image.notices[1] == "The file has 6 pages; only the first three are counted, as one image."
