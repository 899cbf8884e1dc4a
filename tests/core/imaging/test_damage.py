"""Damage in a file is said, and its field is marked; a whole image is never doubted."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from core.imaging.doubts import Doubt
from core.imaging.reading import ImageError, SmearImage, read_image
from core.imaging.synthetic import render_smear

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


@pytest.fixture(scope="module")
def smear() -> NDArray[np.uint8]:
    rng = np.random.default_rng(3)
    return render_smear(640, 480, red_cells=60, white_cells=2, platelets=5, diameter=50.0, rng=rng).image


def jpeg(smear: NDArray[np.uint8], **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(smear).save(buffer, "JPEG", quality=90, **options)
    return buffer.getvalue()


def read(path: Path, data: bytes | bytearray) -> SmearImage:
    path.write_bytes(data)
    return read_image(path)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_rows": 2}])
def test_a_sound_jpeg_has_pillows_pixels_and_no_doubts(
    tmp_path: Path, smear: NDArray[np.uint8], options: dict[str, int]
):
    data = jpeg(smear, **options)
    for trailing in (b"", b"\0" * 512, b"camera's own"):
        image = read(tmp_path / "a.jpg", data + trailing)
        np.testing.assert_array_equal(image.pixels, np.asarray(Image.open(io.BytesIO(data))))
        assert (image.notices, image.doubts) == ((), ())


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 2}])
@pytest.mark.parametrize("what", [b"\0" * 4096, b"\xff" * 64, b"\xaa" * 2000], ids=["zeros", "ones", "pattern"])
@pytest.mark.parametrize("place", [0.4, 0.6, 0.8])
def test_a_jpeg_damaged_inside_is_marked(
    tmp_path: Path, smear: NDArray[np.uint8], place: float, what: bytes, options: dict[str, int]
):
    data = bytearray(jpeg(smear, **options))
    start = int(len(data) * place)
    data[start : start + len(what)] = what
    try:
        image = read(tmp_path / "a.jpg", data)
    except ImageError as error:
        assert "damaged" in str(error)
    else:
        assert Doubt.DAMAGED in image.doubts
        assert "damaged" in " ".join(image.notices)


@pytest.mark.slow
def test_a_wrong_bit_that_shows_is_marked(tmp_path: Path, smear: NDArray[np.uint8]):
    """libjpeg notices about two thirds of them; the rest shift all that follows, which is seen."""
    data = jpeg(smear)
    whole = np.asarray(Image.open(io.BytesIO(data))).astype(int)
    rng = np.random.default_rng(7)
    first = data.rfind(b"\xff\xda") + 14
    shown = marked = 0
    for place in rng.integers(first, len(data) - 2, 120):
        broken = bytearray(data)
        broken[place] ^= 1 << rng.integers(8)
        try:
            image = read(tmp_path / "a.jpg", broken)
        except ImageError:
            continue
        if (np.abs(image.pixels - whole).max(axis=2) > 12).mean() > 0.02:
            shown += 1
            marked += bool(image.doubts)
    assert shown > 20
    assert marked >= 0.9 * shown


def test_a_jpeg_without_its_end_mark_is_read_with_a_notice(tmp_path: Path, smear: NDArray[np.uint8]):
    data = jpeg(smear)
    image = read(tmp_path / "a.jpg", data[:-2])
    np.testing.assert_array_equal(image.pixels, np.asarray(Image.open(io.BytesIO(data))))
    assert image.doubts == ()
    assert "end mark" in image.notices[0]


def test_a_png_without_its_end_mark_is_read_with_a_notice(tmp_path: Path, smear: NDArray[np.uint8]):
    buffer = io.BytesIO()
    Image.fromarray(smear).save(buffer, "PNG")
    image = read(tmp_path / "a.png", buffer.getvalue()[:-12])
    np.testing.assert_array_equal(image.pixels, smear)
    assert image.doubts == ()
    assert "end mark" in image.notices[0]


@pytest.mark.parametrize("deep", [False, True])
def test_a_png_with_a_wrong_checksum_is_marked_or_refused(tmp_path: Path, smear: NDArray[np.uint8], deep: bool):
    import imagecodecs

    data = bytearray(imagecodecs.png_encode(smear.astype(np.uint16) * 257 if deep else smear, level=0))
    checksum = data.rfind(b"IEND") - 5
    data[checksum] ^= 1
    try:
        image = read(tmp_path / "a.png", data)
    except ImageError as error:
        assert "damaged" in str(error)
    else:
        assert image.doubts == (Doubt.DAMAGED,)


@pytest.mark.parametrize("compression", [None, "lzw", "deflate", "jpeg", "zstd"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_truncated_tiff_is_refused(tmp_path: Path, smear: NDArray[np.uint8], share: float, compression: str | None):
    for planar in (smear, np.ascontiguousarray(np.moveaxis(smear.astype(np.uint16) * 257, 2, 0))):
        if compression == "jpeg" and planar.dtype == np.uint16:
            continue
        layout = "contig" if planar is smear else "separate"
        path = tmp_path / "a.tif"
        tifffile.imwrite(path, planar, photometric="rgb", planarconfig=layout, compression=compression, rowsperstrip=64)
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * share)])
        with pytest.raises(ImageError, match="truncated or damaged"):
            read_image(path)


def test_jpeg_inside_a_tiff_is_checked_too(tmp_path: Path, smear: NDArray[np.uint8]):
    path = tmp_path / "a.tif"
    layouts: tuple[dict[str, Any], ...] = ({"tile": (128, 128)}, {"rowsperstrip": 480})
    for options in layouts:
        tifffile.imwrite(path, smear, photometric="rgb", compression="jpeg", **options)
        assert read_image(path).doubts == ()
        with tifffile.TiffFile(path) as file:
            offsets, counts = file.pages[0].dataoffsets, file.pages[0].databytecounts
        data = bytearray(path.read_bytes())
        inner = len(offsets) // 2
        middle, length = offsets[inner] + counts[inner] // 4, counts[inner] // 2
        data[middle : middle + length] = b"\xaa" * length
        image = read(path, data)
        assert Doubt.DAMAGED in image.doubts
    Image.fromarray(smear).save(path, compression="jpeg")  # with tables of its own
    assert read_image(path).doubts == ()


def test_a_tiff_that_lacks_a_strip_is_refused(tmp_path: Path, smear: NDArray[np.uint8]):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, smear, photometric="rgb", compression="lzw", rowsperstrip=64)
    with tifffile.TiffFile(path, mode="r+") as file:
        tag = file.pages.first.tags["StripByteCounts"]
        tag.overwrite([*tag.value[:2], 0, *tag.value[3:]])
    with pytest.raises(ImageError, match="truncated or damaged"):
        read_image(path)


@pytest.mark.parametrize("name", ["a.tif", "a.bmp"])
@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_part_that_was_lost_and_filled_up_is_marked(tmp_path: Path, smear: NDArray[np.uint8], value: int, name: str):
    broken = smear.copy()
    broken[200:320] = value
    Image.fromarray(broken).save(tmp_path / name)
    assert read_image(tmp_path / name).doubts == (Doubt.SUSPECT,)


def test_rows_that_repeat_are_marked(tmp_path: Path, smear: NDArray[np.uint8]):
    broken = smear.copy()
    broken[300:] = broken[300]
    Image.fromarray(broken).save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png").doubts == (Doubt.SUSPECT,)


def test_the_dark_surround_of_a_round_field_is_not_doubted(tmp_path: Path, smear: NDArray[np.uint8]):
    y, x = np.mgrid[:480, :640]
    round_field = np.where((np.hypot(y - 240, x - 320) < 220)[..., None], smear, 0).astype(np.uint8)
    for name in ("a.png", "a.jpg"):
        Image.fromarray(round_field).save(tmp_path / name)
        assert read_image(tmp_path / name).doubts == ()


def test_an_empty_field_is_not_doubted(tmp_path: Path):
    noisy = np.clip(np.random.default_rng(1).normal(230, 1, (480, 640, 3)), 0, 255).astype(np.uint8)
    for name, image in (("a.png", noisy), ("a.jpg", noisy), ("b.png", np.full_like(noisy, 230))):
        Image.fromarray(image).save(tmp_path / name)
        assert read_image(tmp_path / name).doubts == ()


def encoded(smear: NDArray[np.uint8], **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(smear).save(buffer, "WEBP", **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "options", [{"quality": 80}, {"quality": 95}, {"lossless": True}, {"quality": 50, "method": 0}]
)
def test_a_sound_webp_has_no_doubts(tmp_path: Path, smear: NDArray[np.uint8], options: dict[str, int]):
    data = encoded(smear, **options)
    told = (
        ("Lossless WebP has no checksum: damage inside the file may not be noticed.",) if "lossless" in options else ()
    )
    for trailing in (b"", b"\0" * 512):
        image = read(tmp_path / "a.webp", data + trailing)
        np.testing.assert_array_equal(image.pixels, np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))
        assert (image.notices, image.doubts) == (told, ())
    tiny = read(tmp_path / "a.webp", encoded(np.full((40, 40, 3), 200, np.uint8), **options))
    assert tiny.doubts == ()


@pytest.mark.parametrize("quality", [80, 95])
@pytest.mark.parametrize("what", [b"\0" * 4096, b"\xff" * 64, b"\xaa" * 8], ids=["zeros", "ones", "pattern"])
@pytest.mark.parametrize("place", [0.3, 0.5, 0.7, 0.9])
def test_a_webp_damaged_inside_is_marked_or_refused(
    tmp_path: Path, smear: NDArray[np.uint8], place: float, what: bytes, quality: int
):
    data = bytearray(encoded(smear, quality=quality))
    start = int(len(data) * place)
    data[start : start + len(what)] = what[: len(data) - start]
    try:
        image = read(tmp_path / "a.webp", data)
    except ImageError as error:
        assert "damaged" in str(error)
    else:
        assert image.doubts == (Doubt.DAMAGED,)
        assert "WebP data are damaged inside" in image.notices[0]


def test_a_lossless_webp_that_lost_a_block_is_marked(tmp_path: Path, smear: NDArray[np.uint8]):
    data = bytearray(encoded(smear, lossless=True))
    data[len(data) // 2 : len(data) // 2 + 4096] = bytes(4096)
    assert read(tmp_path / "a.webp", data).doubts == (Doubt.DAMAGED,)


def test_a_truncated_webp_is_refused(tmp_path: Path, smear: NDArray[np.uint8]):
    data = encoded(smear)
    for share in (0.1, 0.5, 0.99):
        with pytest.raises(ImageError, match="truncated or damaged"):
            read(tmp_path / "a.webp", data[: int(share * len(data))])


LAYOUTS: tuple[dict[str, Any], ...] = ({"tile": (128, 128)}, {"rowsperstrip": 64}, {"rowsperstrip": 480})


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("compression", ["jpeg", "lzw", "packbits", "deflate"])
def test_damage_in_a_compressed_tiff_is_marked_or_refused_as_damage(
    tmp_path: Path, smear: NDArray[np.uint8], compression: str, layout: dict[str, Any]
):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, smear, photometric="rgb", compression=compression, **layout)
    sound = path.read_bytes()
    assert (read_image(path).notices, read_image(path).doubts) == ((), ())
    for place in (0.3, 0.5, 0.7):
        data = bytearray(sound)
        start = int(place * len(data))
        data[start : start + 4096] = bytes(min(4096, len(data) - start))
        try:
            image = read(path, data)
        except ImageError as error:
            assert "truncated or damaged" in str(error)
        else:
            assert image.doubts == (Doubt.DAMAGED,)


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_a_wrong_bit_in_jpeg_inside_a_tiff_that_shows_is_marked(
    tmp_path: Path, smear: NDArray[np.uint8], layout: dict[str, Any]
):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, smear, photometric="rgb", compression="jpeg", **layout)
    data, whole = path.read_bytes(), read_image(path).pixels.astype(int)
    rng = np.random.default_rng(7)
    shown = marked = 0
    for place in rng.integers(2000, len(data), 60):
        broken = bytearray(data)
        broken[place] ^= 1 << rng.integers(8)
        try:
            image = read(path, broken)
        except ImageError:
            continue
        if image.pixels.shape == whole.shape and (np.abs(image.pixels - whole).max(axis=2) > 12).mean() > 0.02:
            shown += 1
            marked += bool(image.doubts)
    assert marked >= 0.85 * shown


def test_packed_bits_of_every_layout_are_sound(tmp_path: Path, smear: NDArray[np.uint8]):
    for compression in ("lzw", "packbits"):
        for stored in (smear[:479, :637], smear[:479, :637, 0], smear[:479, :637, 0] > 128):
            layouts: tuple[dict[str, Any], ...] = ({"rowsperstrip": 50}, {"tile": (64, 80)})
            for layout in layouts:
                kind = "rgb" if stored.ndim == 3 else "minisblack"
                if stored.dtype == bool and "tile" in layout:
                    continue
                tifffile.imwrite(tmp_path / "a.tif", stored, photometric=kind, compression=compression, **layout)
                assert read_image(tmp_path / "a.tif").doubts == (), (compression, stored.shape, layout)
        Image.fromarray(smear).save(tmp_path / "b.tif", compression={"lzw": "tiff_lzw"}.get(compression, compression))
        assert read_image(tmp_path / "b.tif").doubts == ()
