"""Deep images are as bright as they were meant: what is burned in, what files state, what a camera shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from core.imaging.batch import BatchDepth, KnownSpan
from core.imaging.doubts import Doubt
from core.imaging.reading import read_image
from tests.core.imaging.fields import HEIGHT, WIDTH, assert_refused, assert_shows, field

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize("bits", [10, 12, 14])
@pytest.mark.parametrize("name", ["a.tif", "a.png"])
@pytest.mark.parametrize("blemish", ["hot pixel", "bar", "legend", "coloured bar"])
def test_what_is_burned_in_does_not_darken_the_rest(tmp_path: Path, name: str, bits: int, blemish: str):
    shown = field()
    deep = (shown.astype(np.float64) / 255 * (2**bits - 1)).round().astype(np.uint16)
    where = {"hot pixel": np.s_[7:8, 9:10], "bar": np.s_[-30:-24, -120:-20], "legend": np.s_[-24:]}.get(blemish)
    if where is None:
        deep[-30:-24, -120:-20] = (65535, 0, 0)
        where = np.s_[-30:-24, -120:-20]
    else:
        deep[where] = 65535
    path = tmp_path / name
    if name.endswith("png"):
        path.write_bytes(imagecodecs.png_encode(deep))
    else:
        tifffile.imwrite(path, deep, photometric="rgb")
    difference = np.abs(read_image(path).pixels.astype(int) - shown)
    difference[where] = 0
    assert difference.max() <= 1


@pytest.mark.parametrize("tag", ["max sample", "ome", "sbit"])
def test_the_bits_that_a_file_states_are_believed(tmp_path: Path, tag: str):
    dark = (field() // 8).astype(np.uint16) * 16  # 12 bits, exposed so little that it looks like 9
    path = tmp_path / ("a.png" if tag == "sbit" else "a.ome.tif" if tag == "ome" else "a.tif")
    if tag == "sbit":
        data = imagecodecs.png_encode(dark)
        body = b"sBIT\x0c\x0c\x0c"
        import zlib

        chunk = (3).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
        path.write_bytes(data[:33] + chunk + data[33:])
    elif tag == "ome":
        tifffile.imwrite(path, dark, photometric="rgb", metadata={"axes": "YXS", "SignificantBits": 12})
    else:
        tifffile.imwrite(path, dark, photometric="rgb", extratags=[(281, "H", 3, (4095,) * 3, True)])
    assert_shows(read_image(path), field() // 8)


def test_images_of_one_camera_share_their_scale(tmp_path: Path):
    bright = field().astype(np.uint16) * 16
    dark = bright // 5
    paths = [tmp_path / "dark.tif", tmp_path / "bright.tif", tmp_path / "other.png"]
    camera = [(271, "s", 0, "Zeiss", True), (272, "s", 0, "Axiocam 208", True)]
    tifffile.imwrite(paths[0], dark, photometric="rgb", extratags=camera)
    tifffile.imwrite(paths[1], bright, photometric="rgb", extratags=camera)
    Image.fromarray(field()).save(paths[2])
    batch = BatchDepth(paths)
    both = [read_image(path, batch=batch).pixels.astype(int) for path in paths[:2]]
    assert np.abs(both[1] - field()).max() <= 1
    assert np.abs(both[0] - field() // 5).max() <= 1
    tifffile.imwrite(paths[2].with_suffix(".tif"), bright // 16 * 257, photometric="rgb")  # another camera, of 16 bits
    later = BatchDepth([*paths[::-1], paths[2].with_suffix(".tif")])
    again = read_image(paths[0], batch=later)
    np.testing.assert_array_equal(again.pixels, both[0])
    assert "White was taken to be 4,095, as in the brightest images beside it, not 1,023" in again.notices[0]
    assert read_image(paths[1], batch=later).notices == ()
    assert again.span is not None
    np.testing.assert_array_equal(read_image(paths[0], batch=KnownSpan(again.span)).pixels, both[0])


@pytest.mark.parametrize("exposure", [1.0, 0.4])
def test_images_of_other_depths_keep_their_own_scale_in_a_batch(tmp_path: Path, exposure: float):
    """8 bits in a file of 16 were all black beside images of 12 and 14 bits."""
    shown = field()
    paths = {bits: tmp_path / f"{bits}.tif" for bits in (8, 10, 12, 14, 16)}
    for bits, path in paths.items():
        share = 1.0 if bits == 8 else exposure
        deep = (shown.astype(np.float64) / 255 * share * (2**bits - 1)).round().astype(np.uint16)
        tifffile.imwrite(path, deep, photometric="rgb")
    alone = {bits: read_image(path) for bits, path in paths.items()}
    batch = BatchDepth(paths.values())
    for bits, path in paths.items():
        image = read_image(path, batch=batch)
        np.testing.assert_array_equal(image.pixels, alone[bits].pixels)
        assert image.notices == ()
    np.testing.assert_array_equal(alone[8].pixels, shown)


def test_exposures_at_the_border_of_two_depths_share_a_scale(tmp_path: Path):
    for name, share in (("a", 0.23), ("b", 0.27)):  # of 12 bits: the one fills 10 bits, the other no longer does
        deep = (field().astype(np.float64) / field().max() * share * 4095).round().astype(np.uint16)
        tifffile.imwrite(tmp_path / f"{name}.tif", deep, photometric="rgb")
    paths = [tmp_path / "a.tif", tmp_path / "b.tif"]
    first, second = (read_image(path, batch=BatchDepth(paths)) for path in paths)
    assert abs(second.pixels.mean() / first.pixels.mean() - 27 / 23) < 0.02
    assert "White was taken to be 4,095, as in the brightest images beside it, not 1,023" in first.notices[0]


@pytest.mark.parametrize(
    "stored",
    [
        lambda g: (g.astype(int) - 128).astype(np.int8),
        lambda g: (g.astype(int) - 128).astype(np.int16),
        lambda g: (g.astype(int) * 257 - 32768).astype(np.int16),
        lambda g: (g / 127.5 - 1).astype(np.float32),
        lambda g: (g / 127.5 - 1).astype(np.float16),
        lambda g: (g / 255 - 0.5).astype(np.float64),
    ],
    ids=["int8", "int16 of 8 bits", "int16", "float32", "float16", "float64 of one half"],
)
def test_a_bright_field_around_zero_has_few_pixels_below_it(tmp_path: Path, stored: Callable[[Any], Any]):
    """Less than a hundredth of a field is darker than the middle grey: the nuclei."""
    shown = field()
    shown[50:62, 60:72] = (70, 40, 90)
    assert (shown < 110).mean() < 0.01
    tifffile.imwrite(tmp_path / "a.tif", stored(shown), photometric="rgb")
    assert np.abs(read_image(tmp_path / "a.tif").pixels.astype(int) - shown).max() <= 1


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_image_without_a_number_in_it_is_refused(tmp_path: Path, value: float):
    tifffile.imwrite(tmp_path / "a.tif", np.full((HEIGHT, WIDTH, 3), value, np.float32), photometric="rgb")
    assert "none of its pixels holds a number" in assert_refused(tmp_path / "a.tif")


@pytest.mark.parametrize(("rows", "doubts"), [(1, ()), (60, (Doubt.SUSPECT,))])
def test_pixels_without_a_number_are_told(tmp_path: Path, rows: int, doubts: tuple[Doubt, ...]):
    stored = (field() / 255).astype(np.float32)
    stored[100 : 100 + rows, :100] = np.nan
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="rgb")
    image = read_image(tmp_path / "a.tif")
    assert "of the pixels hold no number" in image.notices[0]
    assert image.doubts == doubts
    assert np.abs(image.pixels[:100].astype(int) - field()[:100]).max() <= 1
