"""Reading photographs: every format that laboratories bring, and every way in which a file can be broken."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from core.imaging.finding import find_images
from core.imaging.reading import ImageError, read_image, size_in_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

ORIENTATION = 0x0112
HEIGHT, WIDTH = 48, 64


def gradient(height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.uint8]:
    """Return a smooth image that no flip or turn leaves as it is, uint8 RGB, from 0 to 255."""
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    return (255 * np.stack([x, y, 1 - (x + y) / 2], axis=2)).round().astype(np.uint8)


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


def write_deep(path: Path, rgb: NDArray[Any], **tags: int) -> Path:
    """Write more than 8 bits per channel, which Pillow cannot; RGB, RGBA or grey."""
    if rgb.ndim == 3:
        rgb = rgb[..., [2, 1, 0, *range(3, rgb.shape[2])]]
    parameters = [value for name, tag in tags.items() for value in (getattr(cv2, name), tag)]
    done, data = cv2.imencode(path.suffix, rgb, parameters)
    assert done
    path.write_bytes(data.tobytes())
    return path


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


def assert_one_sentence(message: str, path: Path) -> None:
    """The file is named, then one sentence in plain words says what is wrong."""
    assert message.startswith(f"{path}: ")
    sentence = message.removeprefix(f"{path}: ")
    assert sentence.endswith(".")
    assert ". " not in sentence
    assert "\n" not in message
    assert len(sentence) > 20
    assert "Traceback" not in sentence
    assert "Errno" not in sentence


def read_error(path: Path) -> str:
    with pytest.raises(ImageError) as caught:
        read_image(path)
    assert_one_sentence(str(caught.value), path)
    return str(caught.value)


def noise(dtype: type[np.uint8] | type[np.uint16] = np.uint8) -> NDArray[Any]:
    return np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (80, 120, 3)).astype(dtype)


@pytest.mark.parametrize("share", [0.02, 0.5, 0.97])
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.bmp", "a.webp", "deep.png", "deep.tif"])
def test_truncated_pictures_are_refused(tmp_path: Path, name: str, share: float):
    path = tmp_path / name
    if name.startswith("deep"):
        write_deep(path, noise(np.uint16))
    else:
        Image.fromarray(noise()).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    assert "bytes" not in read_error(path)


def test_one_missing_byte_is_told_in_plain_words(tmp_path: Path):
    path = tmp_path / "a.bmp"
    Image.fromarray(noise()).save(path)
    path.write_bytes(path.read_bytes()[:-1])
    assert read_error(path) == f"{path}: the image is truncated or damaged; copy it from the microscope again."


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_jpeg_to_be_looked_at_is_decoded_at_a_fraction(tmp_path: Path, orientation: int):
    path = tmp_path / "a.jpg"
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    Image.new("RGB", (1600, 1200), (200, 30, 60)).save(path, exif=exif)
    upright = (1600, 1200) if orientation == 1 else (1200, 1600)
    for long_side, share in ((2000, 1), (801, 1), (800, 2), (300, 4)):
        image = read_image(path, long_side=long_side)
        assert (image.width, image.height) == (upright[0] // share, upright[1] // share)
    assert np.abs(image.pixels.astype(int) - (200, 30, 60)).max() < 4


def test_an_empty_file_is_called_empty(tmp_path: Path):
    path = tmp_path / "a.jpg"
    path.touch()
    assert "empty" in read_error(path)


@pytest.mark.parametrize("content", ["These are my notes.\n" * 40, "x", "%PDF-1.7", "%!PS-Adobe-3.0 EPSF-3.0\n"])
def test_other_files_are_no_pictures(tmp_path: Path, content: str):
    path = tmp_path / "a.jpg"
    path.write_text(content)
    assert "not an image" in read_error(path)


def test_a_folder_is_called_a_folder(tmp_path: Path):
    path = tmp_path / "x.jpg"
    path.mkdir()
    assert "folder" in read_error(path)


def png_chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


@pytest.mark.parametrize("bits", [8, 16])
def test_a_decompression_bomb_is_refused_unopened(tmp_path: Path, bits: int):
    header = struct.pack(">IIBBBBB", 60_000, 60_000, bits, 2, 0, 0, 0)
    rows = zlib.compress(bytes(100_000))
    path = tmp_path / "bomb.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b"")
    )
    assert "60000 x 60000" in read_error(path)


def test_a_picture_that_vanished_after_it_was_listed(tmp_path: Path):
    Image.fromarray(gradient()).save(tmp_path / "a.png")
    [path] = find_images([tmp_path]).images
    path.unlink()
    assert "no such file" in read_error(path)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows takes names of another length")
def test_a_name_too_long_for_the_disk(tmp_path: Path):
    read_error(tmp_path / ("x" * 300 + ".png"))


def test_an_unreadable_picture(tmp_path: Path, ordinary_user: Callable[[], AbstractContextManager[None]]):
    path = tmp_path / "a.png"
    Image.fromarray(gradient()).save(path)
    path.chmod(0)
    with ordinary_user():
        message = read_error(path)
    assert "permission" in message


def test_odd_metadata_is_no_matter_in_any_thread(tmp_path: Path):
    """Pillow warns of it. Silencing it for the time of reading would also silence, or not, the other thread."""
    path = tmp_path / "odd.jpg"
    Image.fromarray(gradient()).save(path, exif=b"Exif\0\0II*\0\x08\0\0\0\x05\0\x12\x01")
    script = (
        "import sys, warnings; from concurrent.futures import ThreadPoolExecutor\n"
        "from core.imaging.reading import read_image\n"
        "before = list(warnings.filters)\n"
        "with ThreadPoolExecutor(4) as pool: images = list(pool.map(read_image, sys.argv[1:] * 100))\n"
        "assert list(warnings.filters) == before; assert len(images) == 100"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", script, path], capture_output=True, check=False)
    assert done.stderr == b""
    assert done.returncode == 0


def encoded(name: str) -> bytes:
    array = noise(np.uint16 if name.startswith("deep") else np.uint8)[:24, :24]
    done, data = cv2.imencode(Path(name).suffix, array)
    assert done
    return data.tobytes()


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(["a.jpg", "a.png", "a.tif", "a.bmp", "a.webp", "deep.png", "deep.tif"]),
    places=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_damaged_bytes_give_a_picture_or_a_sentence(tmp_path: Path, name: str, places: list[tuple[float, int]]):
    data = bytearray(encoded(name))
    for where, value in places:
        data[int(where * len(data))] = value
    path = tmp_path / name
    path.write_bytes(data)
    try:
        image = read_image(path)
    except ImageError as error:
        assert_one_sentence(str(error), path)
    else:
        assert image.pixels.dtype == np.uint8
        assert image.pixels.shape[2] == 3


def test_the_size_of_a_jpeg_that_is_called_otherwise(tmp_path: Path):
    Image.new("RGB", (1200, 900)).save(tmp_path / "a.png", "JPEG")
    small = read_image(tmp_path / "a.png", long_side=100)
    assert small.width < 1200
    assert size_in_file(tmp_path / "a.png", small) == (1200, 900)
