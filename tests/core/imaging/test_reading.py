"""Reading photographs: every format that laboratories bring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from PIL import Image

from core.imaging.reading import read_image
from tests.core.imaging.gradients import HEIGHT, WIDTH, gradient, write_deep

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


ORIENTATION = 0x0112


def as_stored(upright: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Return the rows that a camera held in this way stores (EXIF 2.3, orientation tag)."""
    transposed = upright.transpose(1, 0, *range(2, upright.ndim))
    return {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: transposed,
        6: np.rot90(upright, 1),
        7: transposed[::-1, ::-1],
        8: np.rot90(upright, -1),
    }[orientation]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.png", {}),
        ("a.bmp", {}),
        ("a.tif", {}),
        ("a.tiff", {"compression": "tiff_lzw"}),
        ("a.tif", {"compression": "tiff_adobe_deflate"}),
        ("a.webp", {"lossless": True}),
        ("A.PNG", {}),
    ],
)
def test_lossless_formats_come_back_pixel_by_pixel(tmp_path: Path, name: str, options: dict[str, Any]):
    path = tmp_path / name
    Image.fromarray(gradient()).save(path, **options)
    image = read_image(path)
    np.testing.assert_array_equal(image.pixels, gradient())
    assert (image.width, image.height) == (WIDTH, HEIGHT)
    assert not any(notice for notice in image.notices if "has no checksum" not in notice)


@pytest.mark.parametrize("options", [{"quality": 95}, {"quality": 95, "progressive": True}])
def test_jpeg_comes_back_within_its_loss(tmp_path: Path, options: dict[str, Any]):
    path = tmp_path / "a.jpg"
    Image.fromarray(gradient()).save(path, **options)
    difference = read_image(path).pixels.astype(int) - gradient()
    assert np.abs(difference).mean() < 3


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.bmp", "a.jpg"])
def test_grey_pictures_get_three_equal_channels(tmp_path: Path, name: str):
    grey = gradient()[..., 0]
    Image.fromarray(grey).save(tmp_path / name, quality=100)
    pixels = read_image(tmp_path / name).pixels
    assert pixels.shape == (HEIGHT, WIDTH, 3)
    np.testing.assert_allclose(pixels, np.repeat(grey[..., None], 3, axis=2), atol=2)


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("kind", ["rgb", "grey"])
@pytest.mark.parametrize(
    ("name", "tags"),
    [
        ("a.png", {}),
        ("a.tif", {"IMWRITE_TIFF_COMPRESSION": cv2.IMWRITE_TIFF_COMPRESSION_NONE}),
        ("a.tif", {"IMWRITE_TIFF_COMPRESSION": cv2.IMWRITE_TIFF_COMPRESSION_LZW}),
    ],
)
def test_deep_pictures_keep_their_brightness(tmp_path: Path, name: str, tags: dict[str, int], kind: str, bits: int):
    expected = gradient() if kind == "rgb" else np.repeat(gradient()[..., :1], 3, axis=2)
    deep = (expected / 255 * (2**bits - 1)).round().astype(np.uint16)
    path = write_deep(tmp_path / name, deep if kind == "rgb" else deep[..., 0], **tags)
    pixels = read_image(path).pixels
    assert pixels.dtype == np.uint8
    np.testing.assert_allclose(pixels.astype(int), expected, atol=1)


def test_a_deep_picture_may_be_all_black(tmp_path: Path):
    path = write_deep(tmp_path / "a.tif", np.zeros((8, 8, 3), np.uint16))
    assert read_image(path).pixels.max() == 0


def test_float_tiff_is_scaled_by_its_brightest_value(tmp_path: Path):
    path = write_deep(tmp_path / "a.tif", (gradient() / 255).astype(np.float32))
    np.testing.assert_allclose(read_image(path).pixels.astype(int), gradient(), atol=1)


def test_alpha_of_a_deep_picture_shows_white_and_does_not_darken_the_rest(tmp_path: Path):
    rgba = np.zeros((8, 8, 4), np.uint16)
    rgba[..., :3] = 4095  # the camera's 12 bits
    rgba[..., 2] = 0
    rgba[:4, :, 3] = 65535
    pixels = read_image(write_deep(tmp_path / "a.png", rgba)).pixels
    assert (pixels[:4] == (255, 255, 0)).all()
    assert (pixels[4:] == 255).all()


def test_the_first_of_several_pages_is_used_and_said_so(tmp_path: Path):
    pages = [Image.fromarray(gradient()), Image.new("RGB", (30, 20)), Image.new("RGB", (30, 20))]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    image = read_image(tmp_path / "a.tif")
    np.testing.assert_array_equal(image.pixels, gradient())
    [notice] = image.notices
    assert "3 pages" in notice
    assert notice.endswith(".")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp", "a.jpg"])
def test_pictures_are_turned_upright(tmp_path: Path, name: str, orientation: int):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    stored = Image.fromarray(np.ascontiguousarray(as_stored(gradient(), orientation)))
    stored.save(tmp_path / name, exif=exif, quality=100, lossless=True)
    pixels = read_image(tmp_path / name).pixels
    assert pixels.shape == gradient().shape
    np.testing.assert_allclose(pixels.astype(int), gradient(), atol=8 if name == "a.jpg" else 0)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_deep_pictures_are_turned_upright(tmp_path: Path, name: str, orientation: int):
    grey = gradient()[..., 2]
    stored = np.ascontiguousarray(as_stored(grey.astype(np.uint16) * 257, orientation))
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    Image.fromarray(stored).save(tmp_path / name, exif=exif)
    np.testing.assert_array_equal(read_image(tmp_path / name).pixels[..., 0], grey)


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp"])
def test_what_is_transparent_is_white(tmp_path: Path, name: str):
    rgba = np.dstack([gradient(), np.full((HEIGHT, WIDTH), 255, np.uint8)])
    rgba[:10, :, 3] = 0
    rgba[10:20, :, 3] = 128
    Image.fromarray(rgba).save(tmp_path / name, lossless=True, exact=True)
    pixels = read_image(tmp_path / name).pixels.astype(int)
    assert (pixels[:10] == 255).all()
    np.testing.assert_allclose(pixels[10:20], (gradient()[10:20].astype(int) + 255) / 2, atol=2)
    np.testing.assert_array_equal(pixels[20:], gradient()[20:])


def test_grey_with_alpha(tmp_path: Path):
    grey_alpha = np.zeros((8, 8, 2), np.uint8)
    grey_alpha[:4] = (90, 255)
    Image.fromarray(grey_alpha, "LA").save(tmp_path / "a.png")
    pixels = read_image(tmp_path / "a.png").pixels
    assert (pixels[:4] == 90).all()
    assert (pixels[4:] == 255).all()


def test_palette_pictures(tmp_path: Path):
    palette = Image.new("P", (8, 8), 1)
    palette.putpalette([10, 20, 30, 200, 100, 50])
    palette.paste(0, (0, 0, 8, 4))
    palette.save(tmp_path / "opaque.png")
    palette.save(tmp_path / "transparent.png", transparency=0)
    opaque, transparent = (read_image(tmp_path / f"{name}.png").pixels for name in ("opaque", "transparent"))
    assert (opaque[:4] == (10, 20, 30)).all()
    assert (transparent[:4] == 255).all()
    assert (opaque[4:] == (200, 100, 50)).all()
    assert (transparent[4:] == (200, 100, 50)).all()


def test_black_and_white_tiff(tmp_path: Path):
    bits = np.zeros((16, 16), bool)
    bits[:, 8:] = True
    Image.fromarray(bits).save(tmp_path / "a.tif", compression="group4")
    pixels = read_image(tmp_path / "a.tif").pixels
    assert (pixels[:, :8] == 0).all()
    assert (pixels[:, 8:] == 255).all()


def test_cmyk_jpeg_has_its_colours(tmp_path: Path):
    Image.fromarray(gradient()).convert("CMYK").save(tmp_path / "a.jpg", quality=98)
    difference = read_image(tmp_path / "a.jpg").pixels.astype(int) - gradient()
    assert np.abs(difference).mean() < 4


@pytest.mark.parametrize(
    "name",
    [
        "Ausstrich № 7 кровь 血液 🩸.png",
        "x" * 246 + ".png",
        "/".join(["a very long folder name that goes on and on"] * 8) + "/field.png",
        " leading and trailing spaces .png",
        "[bold]not markup[/bold] :smile: 100%.png",
    ],
)
@pytest.mark.parametrize("deep", [False, True])
def test_any_name_will_do(tmp_path: Path, name: str, deep: bool):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if deep:
        write_deep(path, gradient().astype(np.uint16) * 257)
    else:
        Image.fromarray(gradient()).save(path)
    np.testing.assert_array_equal(read_image(path).pixels, gradient())


@pytest.mark.parametrize("side", [1, 2, 64])
def test_small_pictures(tmp_path: Path, side: int):
    Image.new("RGB", (side, side), (9, 8, 7)).save(tmp_path / "a.png")
    assert (read_image(tmp_path / "a.png").pixels == (9, 8, 7)).all()


def test_a_picture_of_many_strips_is_whole(tmp_path: Path):
    tall = gradient(2500, 16)
    Image.fromarray(tall).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png").pixels, tall)


def test_pixels_cannot_be_changed_by_accident(tmp_path: Path):
    Image.fromarray(gradient()).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match="read-only"):
        read_image(tmp_path / "a.png").pixels[0, 0] = 0
