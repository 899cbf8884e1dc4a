"""Every way in which the file of an image can be broken, and what is said about it."""

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

from core.imaging.files.finding import find_images
from core.imaging.reading import ImageError, read_image, size_in_file
from tests.core.imaging.gradients import gradient, write_deep

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray


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
