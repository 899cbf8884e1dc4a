"""Every depth, sample format, photometric, layout and compression of TIFF, against known pixels.

What was written is known, and a second reader (Pillow or libtiff, whichever wrote none of it) must agree where it can.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from core.imaging.doubts import Doubt
from core.imaging.reading import read_image
from tests.core.imaging.fields import HEIGHT, WIDTH, assert_refused, assert_shows, colours, field, planar

if TYPE_CHECKING:
    from pathlib import Path

    pass


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
    doubts = (Doubt.HIDDEN,) if kind == "unassalpha" else ()  # of what was premultiplied nothing is left there
    shown = expected if colour == "rgb" else expected[..., 0]
    assert_shows(read_image(tmp_path / "a.tif"), shown, 2, doubts=doubts)


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
