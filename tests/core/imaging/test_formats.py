"""Every format, depth, sample format, photometric, layout, byte order, tiling and compression, against known pixels.

What was written is known, and a second reader (Pillow or libtiff, whichever wrote none of it) must agree where it can.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from core.imaging.batch import BatchDepth, KnownSpan
from core.imaging.doubts import Doubt
from core.imaging.reading import ImageError, read_image

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from core.imaging.reading import SmearImage

HEIGHT, WIDTH = 80, 96
HEIC = Path(__file__).parent / "data"


def colours() -> NDArray[np.uint8]:
    """Return a smooth image that no flip or turn leaves as it is, uint8 RGB, from 0 to 255."""
    y, x = np.mgrid[0 : 1 : HEIGHT * 1j, 0 : 1 : WIDTH * 1j]
    return (255 * np.stack([(3 * x + y) / 4, y, 1 - (x + y) / 2], axis=2)).round().astype(np.uint8)


def field(height: int = 240, width: int = 320) -> NDArray[np.uint8]:
    """Return something like a field: a bright ground with noise, and darker discs; uint8 RGB."""
    rng = np.random.default_rng(5)
    image = np.full((height, width, 3), (226, 214, 222), np.float64)
    y, x = np.mgrid[:height, :width]
    for _ in range(30):
        inside = np.hypot(y - rng.integers(height), x - rng.integers(width)) < 14
        image[inside] = (190, 120, 130)
    return np.clip(image + rng.normal(0, 3, image.shape), 0, 255).astype(np.uint8)


def planar(image: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(np.moveaxis(image, 2, 0))


def assert_shows(image: SmearImage, expected: NDArray[np.uint8], tolerance: int = 1) -> None:
    if expected.ndim == 2:
        expected = np.repeat(expected[..., None], 3, axis=2)
    assert image.pixels.shape == expected.shape
    np.testing.assert_allclose(image.pixels.astype(int), expected.astype(int), atol=tolerance)
    assert image.doubts == ()


def assert_refused(path: Path) -> str:
    with pytest.raises(ImageError) as caught:
        read_image(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert ";" in message  # what is wrong; what to do
    assert message.endswith(".")
    return message


LOSSLESS = ("none", "lzw", "deflate", "adobe_deflate", "packbits", "lzma", "zstd", "png", "jpeg2000", "jpegxl", "lerc")


@pytest.mark.parametrize(
    ("byteorder", "tile"), [("<", (32, 48)), (">", None)], ids=["little endian tiles", "big endian strips"]
)
@pytest.mark.parametrize("layout", ["contig", "separate", "grey"])
@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("compression", LOSSLESS)
def test_tiff_of_every_layout(
    tmp_path: Path, compression: str, depth: int, layout: str, byteorder: str, tile: tuple[int, int] | None
):
    if depth == 16 and byteorder == ">" and compression in ("png", "jpegxl", "lerc"):
        pytest.skip("these keep a byte order of their own, and tifffile does not write them")
    shown = colours()
    stored = shown if depth == 8 else shown.astype(np.uint16) * 257
    stored = {"contig": stored, "separate": planar(stored), "grey": stored[..., 0]}[layout]
    path = tmp_path / "a.tif"
    options: dict[str, Any] = {"photometric": "minisblack" if layout == "grey" else "rgb"}
    if layout == "separate":
        options["planarconfig"] = "separate"
    if tile is None:
        options["rowsperstrip"] = 16
    level = {"jpeg2000": {"compressionargs": {"level": 0}}, "jpegxl": {"compressionargs": {"lossless": True}}}
    options |= level.get(compression, {})
    tifffile.imwrite(
        path,
        stored.astype(stored.dtype.newbyteorder(byteorder)),
        byteorder=byteorder,  # pyright: ignore[reportArgumentType]
        compression=None if compression == "none" else compression,
        tile=tile,
        **options,
    )
    image = read_image(path)
    assert_shows(image, shown if layout != "grey" else shown[..., 0], 0 if depth == 8 else 1)


@pytest.mark.parametrize("predictor", [False, True])
@pytest.mark.parametrize("big", [False, True])
def test_tiff_with_predictor_and_big_tiff(tmp_path: Path, predictor: bool, big: bool):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, colours(), compression="lzw", predictor=predictor, bigtiff=big, photometric="rgb")
    assert_shows(read_image(path), colours(), 0)


KINDS: dict[str, tuple[Any, Any]] = {
    # kind: from 8 bits to what is stored, and what then is shown
    "uint8": (lambda g: g, None),
    "int8": (lambda g: (g.astype(int) - 128).astype(np.int8), None),
    "uint16 full": (lambda g: g.astype(np.uint16) * 257, None),
    "uint16 of 12 bits": (lambda g: (g.astype(np.float64) / 255 * 4095).round().astype(np.uint16), None),
    "uint16 of 8 bits": (lambda g: g.astype(np.uint16), None),
    "int16 positive": (lambda g: (g.astype(np.float64) / 255 * 32767).round().astype(np.int16), None),
    "int16 around zero": (lambda g: (g.astype(int) * 257 - 32768).astype(np.int16), None),
    "int16 of 8 bits around zero": (lambda g: (g.astype(int) - 128).astype(np.int16), None),
    "uint32 full": (lambda g: g.astype(np.uint32) * 16843009, None),
    "uint32 of 16 bits": (lambda g: g.astype(np.uint32) * 257, None),
    "int32 of 16 bits": (lambda g: g.astype(np.int32) * 257, None),
    "uint64 of 16 bits": (lambda g: g.astype(np.uint64) * 257, None),
    "float16": (lambda g: (g / 255).astype(np.float16), None),
    "float32": (lambda g: (g / 255).astype(np.float32), None),
    "float64": (lambda g: g / 255, None),
    "float32 to 255": (lambda g: g.astype(np.float32), None),
    "float32 to 65535": (lambda g: g.astype(np.float32) * 257, None),
    "float32 around zero": (lambda g: (g / 127.5 - 1).astype(np.float32), None),
}


@pytest.mark.parametrize("layout", ["contig", "separate", "grey"])
@pytest.mark.parametrize("kind", list(KINDS))
def test_tiff_of_every_sample_format(tmp_path: Path, kind: str, layout: str):
    shown = colours()
    stored = KINDS[kind][0](shown)
    stored = {"contig": stored, "separate": planar(stored), "grey": stored[..., 0]}[layout]
    options: dict[str, Any] = {"photometric": "minisblack" if layout == "grey" else "rgb"}
    if layout == "separate":
        options["planarconfig"] = "separate"
    tifffile.imwrite(tmp_path / "a.tif", stored, **options)
    assert_shows(read_image(tmp_path / "a.tif"), shown if layout != "grey" else shown[..., 0])


@pytest.mark.parametrize("bits", [10, 12, 14])
@pytest.mark.parametrize("kind", ["rgb", "minisblack"])
def test_tiff_of_packed_bits(tmp_path: Path, bits: int, kind: str):
    shown = colours() if kind == "rgb" else colours()[..., 0]
    stored = (shown / 255 * (2**bits - 1)).round().astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric=kind, bitspersample=bits)
    assert_shows(read_image(tmp_path / "a.tif"), shown)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_tiff_of_few_bits(tmp_path: Path, bits: int):
    stored = colours()[..., 0] >> (8 - bits)
    shown = (stored.astype(int) * 255 // (2**bits - 1)).astype(np.uint8)
    what = stored.astype(bool) if bits == 1 else stored
    options: dict[str, Any] = {} if bits == 1 else {"bitspersample": bits}
    tifffile.imwrite(tmp_path / "a.tif", what, photometric="minisblack", **options)
    assert_shows(read_image(tmp_path / "a.tif"), shown, 0)


@pytest.mark.parametrize("depth", [1, 8, 16])
def test_white_may_be_zero(tmp_path: Path, depth: int):
    grey = colours()[..., 0]
    if depth == 1:
        grey = np.where(grey > 99, 255, 0).astype(np.uint8)
    stored = {1: grey < 99, 8: 255 - grey, 16: (255 - grey).astype(np.uint16) * 257}[depth]
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="miniswhite")
    assert_shows(read_image(tmp_path / "a.tif"), grey)


@pytest.mark.parametrize("layout", ["contig", "separate"])
@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("kind", ["unspecified", "assocalpha", "unassalpha"])
@pytest.mark.parametrize("colour", ["rgb", "minisblack"])
def test_a_fourth_channel_is_what_the_file_says(tmp_path: Path, colour: str, kind: str, depth: int, layout: str):
    """Premultiplied, transparent, or something else altogether: then the colours stand as they are."""
    shown = colours() if colour == "rgb" else colours()[..., :1]
    opacity = np.full((HEIGHT, WIDTH, 1), 255, np.uint8)
    opacity[:20], opacity[20:40] = 0, 128
    part = opacity.astype(np.float64) / 255
    stored = (shown * part).round().astype(np.uint8) if kind == "assocalpha" else shown
    planes = np.dstack([stored, opacity])
    planes = planes if depth == 8 else planes.astype(np.uint16) * 257
    planes = planes if layout == "contig" else planar(planes)
    tifffile.imwrite(tmp_path / "a.tif", planes, photometric=colour, planarconfig=layout, extrasamples=[kind])
    expected = shown if kind == "unspecified" else (shown * part + 255 * (1 - part)).round().astype(np.uint8)
    assert_shows(read_image(tmp_path / "a.tif"), expected if colour == "rgb" else expected[..., 0], 2)


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("layout", ["contig", "separate"])
def test_ink_has_its_colours(tmp_path: Path, depth: int, layout: str):
    ink = np.asarray(Image.fromarray(colours()).convert("CMYK"))
    expected = np.asarray(Image.fromarray(ink, "CMYK").convert("RGB"))
    ink = ink if depth == 8 else ink.astype(np.uint16) * 257
    ink = ink if layout == "contig" else planar(ink)
    tifffile.imwrite(tmp_path / "a.tif", ink, photometric="separated", planarconfig=layout)
    assert_shows(read_image(tmp_path / "a.tif"), expected)


def test_palette_tiff(tmp_path: Path):
    table = np.random.default_rng(1).integers(0, 256, (3, 256)).astype(np.uint16) * 257
    index = colours()[..., 0]
    tifffile.imwrite(tmp_path / "a.tif", index, photometric="palette", colormap=table)
    assert_shows(read_image(tmp_path / "a.tif"), (table.T[index] >> 8).astype(np.uint8), 0)


@pytest.mark.parametrize("options", [{"compression": "jpeg"}, {"compression": "raw"}])
def test_ycbcr_tiff_is_what_libtiff_makes_of_it(tmp_path: Path, options: dict[str, Any]):
    path = tmp_path / "a.tif"
    Image.fromarray(colours()).convert("YCbCr").save(path, **options)
    with Image.open(path) as second:
        expected = np.asarray(second.convert("RGB"))
    assert_shows(read_image(path), expected, 0)


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt"])
def test_fax_compression(tmp_path: Path, compression: str):
    bits = colours()[..., 0] > 99
    Image.fromarray(bits).save(tmp_path / "a.tif", compression=compression)
    assert_shows(read_image(tmp_path / "a.tif"), np.where(bits, 255, 0).astype(np.uint8), 0)


@pytest.mark.parametrize("compression", ["jpeg", "webp", "jpegxr", "jpeg2000"])
def test_lossy_compression_is_close(tmp_path: Path, compression: str):
    path = tmp_path / "a.tif"
    options: dict[str, Any] = {"compressionargs": {"level": 95}} if compression in ("jpeg", "webp") else {}
    tifffile.imwrite(path, colours(), photometric="rgb", compression=compression, **options)
    assert np.abs(read_image(path).pixels.astype(int) - colours()).mean() < 4


def test_every_8_bit_tiff_that_pillow_writes_has_pillows_pixels(tmp_path: Path):
    for mode in ("L", "RGB", "RGBA", "LA", "P", "CMYK", "1", "YCbCr", "LAB"):
        for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"):
            path = tmp_path / f"{mode}-{compression}.tif"
            picture = Image.fromarray(field(64, 80), "LAB" if mode == "LAB" else "RGB")
            try:
                picture = (
                    picture.convert("RGB").convert(mode) if mode != "LAB" else Image.fromarray(field(64, 80), "LAB")
                )
                picture.save(path, compression=compression)
            except (ValueError, OSError, KeyError):
                continue
            with Image.open(path) as second:
                expected = np.asarray(second.convert("RGB"))
            np.testing.assert_array_equal(read_image(path).pixels, expected, str(path))


@pytest.mark.parametrize("kind", ["complex", "cfa", "logluv", "unknown compression", "volume"])
def test_tiff_that_is_no_colour_image_is_refused_by_name(tmp_path: Path, kind: str):
    path = tmp_path / "a.tif"
    grey = colours()[..., 0]
    if kind == "complex":
        tifffile.imwrite(path, grey.astype(np.complex64), photometric="minisblack")
    elif kind == "volume":
        tifffile.imwrite(path, np.stack([grey] * 16), photometric="minisblack", volumetric=True, tile=(16, 16, 16))
    else:
        tifffile.imwrite(path, grey, photometric="minisblack", metadata=None)
        with tifffile.TiffFile(path, mode="r+") as file:
            tags = file.pages.first.tags
            if kind == "unknown compression":
                tags["Compression"].overwrite(34999)
            else:
                tags["PhotometricInterpretation"].overwrite({"cfa": 32803, "logluv": 32845}[kind])
    assert "export" in assert_refused(path)


def test_a_deep_planar_image_is_read_alike_after_any_other(tmp_path: Path):
    """Memory that was not written held the image before."""
    shown = field()
    tifffile.imwrite(
        tmp_path / "a.tif", planar(shown.astype(np.uint16) * 257), photometric="rgb", planarconfig="separate"
    )
    for _ in range(3):
        Image.fromarray(np.roll(shown, 50, axis=1)).save(tmp_path / "before.png")
        read_image(tmp_path / "before.png")
        np.testing.assert_array_equal(read_image(tmp_path / "a.tif").pixels, shown)


# -- PNG, BMP, WebP, JPEG, HEIC --------------------------------------------------------------------


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


# -- the scale of deep samples ---------------------------------------------------------------------


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
    assert "white is 4,095, alone 1,023" in again.notices[0]
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
    assert "white is 4,095, alone 1,023" in first.notices[0]


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


# -- samples that are no photograph ----------------------------------------------------------------


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


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.bmp", "a.webp", "a.pgm"])
@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_what_is_left_after_a_threshold_is_told(tmp_path: Path, name: str, mode: str):
    bits = Image.fromarray(field()[..., 1] > 180)
    if name == "a.pgm" and mode != "L":
        pytest.skip("PGM is grey")
    bits.convert(mode).save(tmp_path / name, lossless=True)
    assert "no shades in the image, as after a threshold" in read_image(tmp_path / name).notices[-1]


# -- PPM, PGM, JPEG 2000, and kinds that are not read ----------------------------------------------


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


# -- several pages ---------------------------------------------------------------------------------


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


# -- a page that is asked for ----------------------------------------------------------------------


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
