"""Every format but TIFF, of every depth and kind of sample, against known pixels."""

from __future__ import annotations

from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from core.imaging.doubts import Doubt
from core.imaging.reading import read_image
from tests.core.imaging.fields import HEIGHT, WIDTH, assert_refused, assert_shows, colours, field

HEIC = Path(__file__).parent / "data"


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_png_of_16_bits(tmp_path: Path, channels: int):
    shown = colours()[..., :1] if channels < 3 else colours()
    opaque = [np.full((HEIGHT, WIDTH, 1), 255, np.uint8)] if channels in (2, 4) else []
    stored = np.concatenate([shown, *opaque], axis=2).astype(np.uint16) * 257
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(stored.squeeze()))
    assert_shows(read_image(tmp_path / "a.png"), shown.squeeze(), 0)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_png_of_few_bits(tmp_path: Path, bits: int):
    index = colours()[..., 0] >> (8 - bits)
    picture = Image.fromarray(index, "P")
    picture.putpalette([value for step in range(2**bits) for value in (step * 3, 255 - step, step * 7)])
    picture.save(tmp_path / "a.png", bits=bits)
    with Image.open(tmp_path / "a.png") as second:
        assert_shows(read_image(tmp_path / "a.png"), np.asarray(second.convert("RGB")), 0)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
def test_bmp(tmp_path: Path, mode: str):
    Image.fromarray(colours()).convert(mode).save(tmp_path / "a.bmp")
    with Image.open(tmp_path / "a.bmp") as second:
        assert_shows(read_image(tmp_path / "a.bmp"), np.asarray(second.convert("RGB")), 0)


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp"])
def test_an_image_transparent_all_over_is_shown_with_a_notice(tmp_path: Path, name: str):
    empty = np.dstack([colours(), np.zeros((HEIGHT, WIDTH), np.uint8)])
    Image.fromarray(empty).save(tmp_path / name, lossless=True, exact=True)
    image = read_image(tmp_path / name)
    assert_shows(image, colours(), 0)
    assert "transparent" in " ".join(image.notices)


def test_jpeg_of_12_bits(tmp_path: Path):
    deep = (colours() / 255 * 4095).round().astype(np.uint16)
    (tmp_path / "a.jpg").write_bytes(imagecodecs.jpeg8_encode(deep, level=95, bitspersample=12))
    assert np.abs(read_image(tmp_path / "a.jpg").pixels.astype(int) - colours()).mean() < 4


@pytest.mark.parametrize("name", ["phone.heic", "deep.heic"])
def test_heic_from_a_phone(name: str):
    small = np.asarray(Image.fromarray(colours()).resize((64, 48)))
    image = read_image(HEIC / name)
    assert image.pixels.shape == small.shape
    assert np.abs(image.pixels.astype(int) - small).mean() < 6
    assert image.doubts == ()
    assert image.notices == ("HEIC has no checksum: damage inside the file may not be noticed.",)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.97])
def test_truncated_heic_is_refused(tmp_path: Path, share: float):
    data = (HEIC / "phone.heic").read_bytes()
    (tmp_path / "a.heic").write_bytes(data[: int(len(data) * share)])
    assert_refused(tmp_path / "a.heic")


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.bmp", "a.webp", "a.pgm"])
@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_what_is_left_after_a_threshold_is_told(tmp_path: Path, name: str, mode: str):
    bits = Image.fromarray(field()[..., 1] > 180)
    if name == "a.pgm" and mode != "L":
        pytest.skip("PGM is grey")
    bits.convert(mode).save(tmp_path / name, lossless=True)
    assert "no shades in the image, as after a threshold" in read_image(tmp_path / name).notices[-1]


@pytest.mark.parametrize("kind", ["grey", "rgb"])
@pytest.mark.parametrize("most", [255, 100, 1023, 4095, 65535])
def test_pgm_and_ppm(tmp_path: Path, most: int, kind: str):
    shown = field() if kind == "rgb" else field()[..., 0]
    stored = (shown / 255 * most).round().astype("u1" if most < 256 else ">u2")
    header = f"{'P6' if kind == 'rgb' else 'P5'}\n# made by a microscope\n320 240\n{most}\n".encode()
    (tmp_path / "a.ppm").write_bytes(header + stored.tobytes())
    assert_shows(read_image(tmp_path / "a.ppm"), shown, 2 if most == 100 else 1)
    (tmp_path / "a.ppm").write_bytes(header + stored.tobytes()[:-40])
    assert "truncated" in assert_refused(tmp_path / "a.ppm")
    (tmp_path / "a.ppm").write_bytes((header + stored.tobytes()) * 2)
    assert read_image(tmp_path / "a.ppm").doubts == (Doubt.ONE_OF_SEVERAL,)


@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_samples_written_as_text_and_single_bits(tmp_path: Path, mode: str):
    picture = Image.fromarray(colours()).convert(mode)
    samples = " ".join(str(int(value)) for value in np.asarray(picture).ravel())
    text = {"1": f"P1\n{WIDTH} {HEIGHT}\n", "L": f"P2\n{WIDTH} {HEIGHT}\n255\n", "RGB": f"P3\n{WIDTH} {HEIGHT}\n255\n"}
    samples = samples.translate(str.maketrans("01", "10")) if mode == "1" else samples  # there 1 is black
    (tmp_path / "a.pnm").write_text(text[mode] + samples + "\n")
    assert_shows(read_image(tmp_path / "a.pnm"), np.asarray(picture.convert("RGB")), 0)
    picture.save(tmp_path / "a.pbm", "PPM")
    assert_shows(read_image(tmp_path / "a.pbm"), np.asarray(picture.convert("RGB")), 0)


def test_a_threshold_for_each_colour_is_told_too(tmp_path: Path):
    Image.fromarray(np.where(field() > 180, 255, 0).astype(np.uint8)).save(tmp_path / "a.png")
    assert "no shades" in read_image(tmp_path / "a.png").notices[0]


@pytest.mark.parametrize("depth", [8, 12, 16])
@pytest.mark.parametrize("kind", ["grey", "rgb"])
@pytest.mark.parametrize("name", ["a.jp2", "a.j2k"])
def test_jpeg_2000(tmp_path: Path, name: str, kind: str, depth: int):
    shown = field() if kind == "rgb" else field()[..., 0]
    stored = shown if depth == 8 else (shown / 255 * (2**depth - 1)).round().astype(np.uint16)
    data = imagecodecs.jpeg2k_encode(
        stored, level=0, codecformat="jp2" if name == "a.jp2" else "j2k", bitspersample=depth
    )
    (tmp_path / name).write_bytes(data)
    assert_shows(read_image(tmp_path / name), shown)
    (tmp_path / name).write_bytes(data[: len(data) // 2])
    assert "truncated" in assert_refused(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "kind"), [("a.gif", "GIF"), ("a.avif", "AVIF"), ("a.tga", ".tga"), ("a.png", "GIF"), ("a.pcx", ".pcx")]
)
def test_intact_images_of_other_kinds_are_called_by_their_kind(tmp_path: Path, name: str, kind: str):
    forms = {"a.tga": "TGA", "a.avif": "AVIF", "a.pcx": "PCX"}
    Image.fromarray(field()).save(tmp_path / name, forms.get(name, "GIF"))
    assert f"images of the kind {kind} cannot be read; export it as TIFF, PNG or JPEG" in assert_refused(
        tmp_path / name
    )
