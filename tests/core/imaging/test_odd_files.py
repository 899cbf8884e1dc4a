"""Files that other programs write in ways that a reader passes over: told or refused, never counted in silence."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from core.imaging.batch import BatchDepth
from core.imaging.doubts import Doubt
from core.imaging.reading import ImageError, read_image
from core.imaging.synthetic import render_smear

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


@pytest.fixture(scope="module")
def smear() -> NDArray[np.uint8]:
    rng = np.random.default_rng(3)
    return render_smear(320, 240, red_cells=15, white_cells=1, platelets=2, diameter=50.0, rng=rng).image


def planes(image: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(np.moveaxis(image, 2, 0))


# -- several planes behind one header --------------------------------------------------------------


def imagej_stack(stack: NDArray[np.uint8], said: str) -> bytes:
    """Return a file as ImageJ writes more than 4 GB: one header, and behind it all planes."""
    number, height, width = stack.shape
    text = f"ImageJ=1.53t\nimages={number}\n{said}\n".encode() + b"\0"
    begin = 8 + 2 + 9 * 12 + 4
    tags = [(256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 1), (262, 3, 1), (270, 2, begin)]
    tags += [(273, 4, begin + len(text)), (278, 4, height), (279, 4, width * height)]
    body = b"".join(struct.pack("<HHII", tag, kind, len(text) if tag == 270 else 1, value) for tag, kind, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + body + bytes(4) + text + stack.tobytes()


def test_the_first_plane_of_a_stack_behind_one_header_is_doubted(tmp_path: Path, smear: NDArray[np.uint8]):
    (tmp_path / "a.tif").write_bytes(imagej_stack(planes(smear), "slices=3"))
    tifffile.imwrite(tmp_path / "b.tif", np.stack([smear, smear[::-1]]), photometric="rgb", truncate=True)
    for name, number in (("a.tif", 3), ("b.tif", 2)):
        image = read_image(tmp_path / name)
        assert image.doubts == (Doubt.ONE_OF_SEVERAL,)
        assert image.notices == (f"The file has {number} pages; only the first is counted.",)


def test_channels_behind_one_header_are_asked_for_as_rgb(tmp_path: Path, smear: NDArray[np.uint8]):
    """Only the red of the three was counted."""
    (tmp_path / "a.tif").write_bytes(imagej_stack(planes(smear), "channels=3\nmode=composite"))
    tifffile.imwrite(tmp_path / "b.tif", planes(smear), photometric="minisblack", truncate=True)
    for name in ("a.tif", "b.tif"):
        with pytest.raises(ImageError, match="3 channels lie in pages of their own; export it as one RGB image"):
            read_image(tmp_path / name)


def test_a_larger_page_that_is_called_a_copy_is_told(tmp_path: Path, smear: NDArray[np.uint8]):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(smear[:120], photometric="rgb", metadata=None)
        writer.write(smear, photometric="rgb", metadata=None, subfiletype=1)
    image = read_image(tmp_path / "a.tif")
    assert image.doubts == (Doubt.ONE_OF_SEVERAL,)
    assert "a larger one says that it is a copy" in image.notices[0]


def test_jpeg_images_one_after_the_other_are_told_unless_the_second_is_a_preview(
    tmp_path: Path, smear: NDArray[np.uint8]
):
    image, preview = tmp_path / "a.jpg", tmp_path / "p.jpg"
    Image.fromarray(smear).save(image, quality=95)
    Image.fromarray(smear).resize((80, 60)).save(preview)
    alone = read_image(image)
    (tmp_path / "two.jpg").write_bytes(image.read_bytes() + image.read_bytes())
    (tmp_path / "phone.jpg").write_bytes(image.read_bytes() + preview.read_bytes())
    two, phone = read_image(tmp_path / "two.jpg"), read_image(tmp_path / "phone.jpg")
    assert two.doubts == (Doubt.ONE_OF_SEVERAL,)
    assert two.notices == ("The file holds several JPEG images, one after the other; only the first is counted.",)
    assert (phone.doubts, phone.notices) == ((), ())
    assert (two.pixels == alone.pixels).all()
    assert (phone.pixels == alone.pixels).all()


# -- samples that are called grey ------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["contig", "separate"])
@pytest.mark.parametrize(("photometric", "channels"), [("minisblack", 4), ("minisblack", 6), ("miniswhite", 3)])
def test_channels_that_are_called_grey_are_refused(
    tmp_path: Path, smear: NDArray[np.uint8], photometric: Any, channels: int, layout: Any
):
    """Only the first of them was counted."""
    stored = np.dstack([smear, smear])[..., :channels]
    stored = stored if layout == "contig" else planes(stored)
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric=photometric, planarconfig=layout)
    with pytest.raises(ImageError, match="other channels than grey, or red, green and blue; export it as RGB"):
        read_image(tmp_path / "a.tif")


def test_colours_that_are_called_grey_keep_their_alpha(tmp_path: Path, smear: NDArray[np.uint8]):
    alpha = np.full_like(smear[..., 0], 255)
    alpha[:9] = 0
    kinds: Any = ["unspecified", "unspecified", "unassalpha"]
    stored = np.dstack([smear, alpha])
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="minisblack", planarconfig="contig", extrasamples=kinds)
    pixels = read_image(tmp_path / "a.tif").pixels
    assert (pixels[:9] == 255).all()
    np.testing.assert_array_equal(pixels[9:], smear[9:])


# -- how bright samples are ------------------------------------------------------------------------


def test_signed_samples_that_imagej_shifted_are_shifted_back(tmp_path: Path, smear: NDArray[np.uint8]):
    shifted = smear[..., 1].astype(np.uint16) * 16 + 32768
    said = "ImageJ=1.53t\nimages=1\ncf=0\nc0=-32768.0\nc1=1.0\nvunit=gray value\n"
    tifffile.imwrite(tmp_path / "a.tif", shifted, photometric="minisblack", metadata=None, description=said)
    image = read_image(tmp_path / "a.tif")
    assert np.abs(image.pixels[..., 1].astype(int) - smear[..., 1]).max() <= 1
    assert (image.notices, image.doubts) == ((), ())


def test_shifted_samples_of_which_the_file_says_nothing_are_doubted(tmp_path: Path, smear: NDArray[np.uint8]):
    tifffile.imwrite(tmp_path / "a.tif", smear.astype(np.uint16) * 16 + 32768, photometric="rgb")
    image = read_image(tmp_path / "a.tif")
    assert image.doubts == (Doubt.SHIFTED,)
    assert "darkest pixels are half as bright as white" in image.notices[0]


@pytest.mark.parametrize(
    ("kind", "said"),
    [("z-scores", "-8 and 8"), ("around zero", "-1 and 1"), ("per cent", "0 and 255"), ("tiny", "0 and 0.0"),
     ("one", ""), ("8 bits", ""), ("16 bits", "")],
)  # fmt: skip
def test_real_numbers_of_which_the_scale_is_assumed_say_so(
    tmp_path: Path, smear: NDArray[np.uint8], kind: str, said: str
):
    part = smear.astype(np.float32) / 255
    stored = {
        "z-scores": (part - part.mean()) / part.std(),
        "around zero": 2 * part - 1,
        "per cent": 100 * part,
        "tiny": part / 50,
        "one": part,
        "8 bits": part * 255,
        "16 bits": part * 65535,
    }[kind]
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="rgb")
    notices = read_image(tmp_path / "a.tif").notices
    assert len(notices) == bool(said)
    assert said in " ".join(notices)
    assert not said or "does not say what is black and what is white" in notices[0]


def test_centred_numbers_do_not_change_others_of_the_batch(tmp_path: Path, smear: NDArray[np.uint8]):
    part = smear.astype(np.float32) / 255
    tifffile.imwrite(tmp_path / "a.tif", (part - part.mean()) / part.std(), photometric="rgb")
    tifffile.imwrite(tmp_path / "b.tif", part, photometric="rgb")
    batch = BatchDepth([tmp_path / "a.tif", tmp_path / "b.tif"])
    assert np.abs(read_image(tmp_path / "b.tif", batch=batch).pixels.astype(int) - smear).max() <= 1


# -- kinds of JPEG and BMP -------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("kind", ["grey", "rgb"])
def test_lossless_jpeg_is_read(tmp_path: Path, smear: NDArray[np.uint8], kind: str, bits: int):
    """Asking libjpeg for its complaints about one ended the process."""
    shown = smear if kind == "rgb" else smear[..., 0].copy()
    stored = shown if bits == 8 else (shown / 255 * (2**bits - 1)).round().astype(np.uint16)
    data = imagecodecs.jpeg8_encode(stored, lossless=True, bitspersample=None if bits == 8 else bits)
    (tmp_path / "a.jpg").write_bytes(data)
    image = read_image(tmp_path / "a.jpg")
    assert np.abs(image.pixels.astype(int) - (shown if kind == "rgb" else shown[..., None])).max() <= 1
    assert (image.notices, image.doubts) == (
        ("Lossless JPEG has no checksum: damage inside the file may not be noticed.",),
        (),
    )
    (tmp_path / "a.jpg").write_bytes(data[: len(data) // 2])
    with pytest.raises(ImageError, match="truncated or damaged"):
        read_image(tmp_path / "a.jpg")


def test_bmp_of_a_kind_that_is_not_read_is_not_called_damaged(tmp_path: Path, smear: NDArray[np.uint8]):
    Image.fromarray(smear).convert("RGBA").save(tmp_path / "a.bmp")
    data = bytearray((tmp_path / "a.bmp").read_bytes())
    data[30:34] = (4).to_bytes(4, "little")  # a JPEG inside
    (tmp_path / "a.bmp").write_bytes(data)
    with pytest.raises(ImageError, match="BMP of this kind cannot be read; export it as TIFF or PNG"):
        read_image(tmp_path / "a.bmp")


# -- what the header, or transparency, keeps from being counted --------------------------------------


def as_tiff(path: Path, image: NDArray[Any], **how: Any) -> bytearray:
    tifffile.imwrite(path, image, photometric="rgb", metadata=None, **how)
    return bytearray(path.read_bytes())


def test_rows_that_the_header_does_not_tell_of_are_told(tmp_path: Path, smear: NDArray[np.uint8]):
    path = tmp_path / "a.tif"
    assert read_image_of(path, as_tiff(path, smear, rowsperstrip=240)).doubts == ()
    with tifffile.TiffFile(path) as file:
        place = file.pages[0].aspage().tags["ImageLength"].valueoffset
    data = bytearray(path.read_bytes())
    data[place : place + 2] = (120).to_bytes(2, "little")
    half = read_image_of(path, data)
    assert half.height == 120
    assert half.doubts == (Doubt.DAMAGED,)
    assert "contradict each other" in half.notices[0]
    bitmap = tmp_path / "a.bmp"
    Image.fromarray(smear).save(bitmap)
    assert read_image(bitmap).doubts == ()
    data = bytearray(bitmap.read_bytes())
    data[22:26] = (120).to_bytes(4, "little")
    half = read_image_of(bitmap, data)
    assert half.doubts == (Doubt.DAMAGED,)
    assert "more rows than its header says" in half.notices[0]


@pytest.mark.parametrize("layout", [{"rowsperstrip": 32}, {"rowsperstrip": 240}, {"tile": (64, 64)}])
@pytest.mark.parametrize("compression", ["lzw", "deflate", "lzma", "zstd", "packbits", "jpeg", "jpeg2000"])
def test_compressed_data_of_more_rows_than_the_header_says_are_told(
    tmp_path: Path, smear: NDArray[np.uint8], compression: str, layout: dict[str, Any]
):
    path = tmp_path / "a.tif"
    as_tiff(path, smear, compression=compression, **layout)
    assert Doubt.DAMAGED not in read_image(path).doubts
    with tifffile.TiffFile(path, mode="r+") as file:
        file.pages[0].aspage().tags["ImageLength"].overwrite(120)
    try:
        assert read_image(path).doubts[:1] == (Doubt.DAMAGED,)
    except ImageError as error:  # what the decoder itself notices
        assert "truncated or damaged" in str(error)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "I;16"])
def test_a_png_of_more_rows_than_its_header_says_is_told(tmp_path: Path, smear: NDArray[np.uint8], mode: str):
    path = tmp_path / "a.png"
    if mode == "I;16":
        Image.fromarray(smear[..., 1].astype(np.uint16) * 257).save(path)
    else:
        Image.fromarray(smear).convert(mode).save(path)
    assert Doubt.DAMAGED not in read_image(path).doubts
    data = bytearray(path.read_bytes())
    data[20:24] = struct.pack(">I", 120)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    half = read_image_of(path, data)
    assert Doubt.DAMAGED in half.doubts
    assert "more rows than its header says" in " ".join(half.notices)


def interlaced_png(image: NDArray[np.uint8]) -> bytes:
    """Return a PNG file whose rows come in seven passes, as Pillow reads and does not write them."""
    height, width = image.shape[:2]
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    rows = [b"\0" + row.tobytes() for x, y, across, down in passes for row in image[y::down, x::across]]

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 1)
    chunks = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"".join(rows))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def test_a_png_of_several_passes_has_as_many_rows_as_its_header_says(tmp_path: Path, smear: NDArray[np.uint8]):
    path = tmp_path / "a.png"
    path.write_bytes(interlaced_png(smear))
    image = read_image(path)
    assert (image.doubts, image.notices) == ((), ())
    assert (image.pixels == smear).all()


def test_a_ppm_of_more_rows_than_its_header_says_is_told(tmp_path: Path, smear: NDArray[np.uint8]):
    path = tmp_path / "a.ppm"
    Image.fromarray(smear).save(path)
    half = read_image_of(path, bytearray(path.read_bytes().replace(b"320 240", b"320 120", 1)))
    assert half.doubts == (Doubt.DAMAGED,)
    assert half.notices == ("The file holds more rows than its header says; open it with the program that made it.",)


def test_strips_that_are_there_twice_are_told(tmp_path: Path, smear: NDArray[np.uint8]):
    path = tmp_path / "a.tif"
    data = as_tiff(path, smear, rowsperstrip=40)
    with tifffile.TiffFile(path) as file:
        tag = file.pages[0].aspage().tags["StripOffsets"]
        place, size = tag.valueoffset, len(tag.value)
    step = 4 if tag.dtype == 4 else 2
    assert size == 6
    data[place + step : place + 2 * step] = data[place : place + step]
    assert read_image_of(path, data).doubts == (Doubt.DAMAGED, Doubt.REPEATED)


def test_a_page_that_is_nearly_as_large_is_no_thumbnail(tmp_path: Path, smear: NDArray[np.uint8]):
    other = np.ascontiguousarray(smear[::-1, ::-1])
    for name, first in (
        ("near.tif", other[:239, :319]),
        ("less.tif", other[:225, :300]),
        ("half.tif", smear[::2, ::2]),
    ):
        with tifffile.TiffWriter(tmp_path / name) as writer:
            writer.write(np.ascontiguousarray(first), photometric="rgb", metadata=None)
            writer.write(smear, photometric="rgb", metadata=None)
    assert read_image(tmp_path / "near.tif").doubts == (Doubt.ONE_OF_SEVERAL,)
    assert read_image(tmp_path / "less.tif").doubts == (Doubt.ONE_OF_SEVERAL,)
    assert read_image(tmp_path / "half.tif").doubts == ()


@pytest.mark.parametrize("kind", ["png", "tif", "deep.png"])
def test_what_lies_below_transparency_is_told(tmp_path: Path, smear: NDArray[np.uint8], kind: str):
    y, x = np.mgrid[:240, :320]
    round_ = ((y - 120) ** 2 + (x - 160) ** 2 < 100**2).astype(np.uint8) * np.uint8(255)
    layered = np.dstack([smear, round_])
    path = tmp_path / f"a.{kind}"
    if kind == "png":
        Image.fromarray(layered).save(path)
    elif kind == "tif":
        tifffile.imwrite(path, layered, photometric="rgb", extrasamples=["unassalpha"])
    else:
        path.write_bytes(imagecodecs.png_encode(layered.astype(np.uint16) * 257))
    image = read_image(path)
    assert image.doubts == (Doubt.HIDDEN,)
    assert image.notices == ("59% of the image is transparent; what lies there does not count.",)
    blank = np.where(round_[..., None] > 0, smear, 0).astype(np.uint8)
    Image.fromarray(np.dstack([blank, round_])).save(tmp_path / "blank.png")
    assert read_image(tmp_path / "blank.png").doubts == ()


def read_image_of(path: Path, data: bytes | bytearray) -> Any:
    path.write_bytes(data)
    return read_image(path)


# -- holes in samples that are not compressed --------------------------------------------------------


@pytest.mark.parametrize(("begin", "length"), [(8192, 30_000), (50_000, 20_000), (100_001, 40_000), (60_000, 4_100)])
@pytest.mark.parametrize("kind", ["tif", "bmp", "tiles"])
def test_a_block_that_the_drive_lost_is_told(
    tmp_path: Path, smear: NDArray[np.uint8], kind: str, begin: int, length: int
):
    """Filled with zeros in the middle of rows; both border rows are more than half lost."""
    path = tmp_path / ("a.bmp" if kind == "bmp" else "a.tif")
    if kind == "bmp":
        Image.fromarray(smear).save(path)
    else:
        as_tiff(path, smear, **({"tile": (64, 64)} if kind == "tiles" else {}))
    assert read_image(path).doubts == ()
    data = bytearray(path.read_bytes())
    data[begin : begin + length] = bytes(length)
    assert read_image_of(path, data).doubts == (Doubt.SUSPECT,)


def test_tiles_that_were_lost_are_told_and_the_surround_of_a_field_is_not(tmp_path: Path, smear: NDArray[np.uint8]):
    lost = smear.copy()
    lost[64:128, 128:192] = 0
    y, x = np.mgrid[:240, :320]
    outside = (y - 120) ** 2 + (x - 160) ** 2 > 110**2
    eyepiece, framed = smear.copy(), np.zeros((260, 400, 3), np.uint8)
    eyepiece[outside] = 0
    framed[10:250, 40:360] = smear
    legend = smear.copy()
    legend[:12] = 0
    legend[4:8, 20:90] = 255
    as_tiff(tmp_path / "lost.tif", lost, tile=(64, 64))
    assert read_image(tmp_path / "lost.tif").doubts == (Doubt.SUSPECT,)
    for name, image in (("eyepiece", eyepiece), ("framed", framed), ("legend", legend)):
        Image.fromarray(image).save(tmp_path / f"{name}.png")
        as_tiff(tmp_path / f"{name}.tif", image, tile=(64, 64))
        for path in (tmp_path / f"{name}.png", tmp_path / f"{name}.tif"):
            assert read_image(path).doubts == (), path.name
