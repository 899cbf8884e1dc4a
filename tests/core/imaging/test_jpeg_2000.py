"""JPEG 2000: deep samples stay deep, alpha stays alpha, and a stream that ends elsewhere than its data is damaged."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from core.imaging.containers.j2k_stream import ends_elsewhere
from core.imaging.doubts import Doubt
from core.imaging.reading import ImageError, read_image
from core.imaging.synthetic import render_smear

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

NO_CHECKSUM = "JPEG 2000 has no checksum: damage inside the file may not be noticed."


@pytest.fixture(scope="module")
def smear() -> NDArray[np.uint8]:
    rng = np.random.default_rng(3)
    return render_smear(320, 240, red_cells=15, white_cells=1, platelets=2, diameter=50.0, rng=rng).image


def encoded(image: NDArray[np.uint8], **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG2000", **options)
    return buffer.getvalue()


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_12_bits_that_are_called_16_are_not_dark(tmp_path: Path, smear: NDArray[np.uint8], channels: int):
    """Pillow cuts colour to 8 bits, and cut these to nearly black."""
    shown = {1: smear[..., 0], 3: smear, 4: np.dstack([smear, np.full_like(smear[..., 0], 255)])}[channels]
    stored = shown.astype(np.uint16) * 16
    if channels == 4:
        stored[..., 3] = 65535
        stored[:9, :, 3] = 0
    (tmp_path / "a.jp2").write_bytes(imagecodecs.jpeg2k_encode(stored, level=0))
    image = read_image(tmp_path / "a.jp2")
    expected = smear[..., :1] if channels == 1 else smear.copy()
    if channels == 4:
        expected[:9] = 255
    assert np.abs(image.pixels.astype(int) - expected).max() <= 1
    hidden = ("4% of the image is transparent; what lies there does not count.",) if channels == 4 else ()
    assert image.notices == (NO_CHECKSUM, *hidden)
    assert image.doubts == ((Doubt.HIDDEN,) if channels == 4 else ())


def test_samples_of_32_bits_are_refused(tmp_path: Path, smear: NDArray[np.uint8]):
    data = imagecodecs.jpeg2k_encode(smear[..., 0].astype(np.uint32) << 24, level=0)
    (tmp_path / "a.jp2").write_bytes(data)
    with pytest.raises(ImageError, match="JPEG 2000 of this kind cannot be read; export it as RGB of 8 or 16 bits"):
        read_image(tmp_path / "a.jp2")


SOUND: dict[str, dict[str, Any]] = {
    "lossless": {},
    "lossy": {"irreversible": True, "quality_mode": "rates", "quality_layers": [20]},
    "hardly anything left": {"irreversible": True, "quality_mode": "rates", "quality_layers": [1000]},
    "layers": {"quality_mode": "rates", "quality_layers": [100, 40, 10]},
    "tiles with an offset": {"tile_size": (100, 77), "offset": (3, 5), "tile_offset": (1, 2)},
    "tiles, some all alike": {
        "tile_size": (64, 64),
        "irreversible": True,
        "quality_layers": [30],
        "quality_mode": "dB",
    },
    "precincts": {"num_resolutions": 3, "codeblock_size": (32, 32), "precinct_size": (128, 128), "progression": "RPCL"},
    "by component": {"progression": "CPRL"},
    "bare": {"no_jp2": True},
}


@pytest.mark.parametrize("options", list(SOUND.values()), ids=list(SOUND))
def test_a_sound_file_ends_where_its_data_end(smear: NDArray[np.uint8], options: dict[str, Any]):
    opaque = np.full_like(smear[..., 0], 255)
    for image in (smear, smear[..., 0], np.full_like(smear, 200), np.dstack([smear, opaque]), smear[:41, :33]):
        assert not ends_elsewhere(encoded(image, **options))


@pytest.mark.parametrize("options", [{}, {"tile_size": (128, 128)}], ids=["whole", "tiles"])
@pytest.mark.parametrize("container", ["jp2", "tiff"])
def test_damage_that_changes_much_is_marked(
    tmp_path: Path, smear: NDArray[np.uint8], options: dict[str, Any], container: str
):
    lossy = {"irreversible": True, "quality_mode": "rates", "quality_layers": [10]}
    path = tmp_path / "a.jp2"
    path.write_bytes(encoded(smear, **lossy, **options))
    if container == "tiff":
        path = tmp_path / "a.tif"
        tile = options.get("tile_size")
        tifffile.imwrite(path, smear, photometric="rgb", compression="jpeg2000", tile=tile)
    data, whole = path.read_bytes(), read_image(path)
    assert (whole.notices, whole.doubts) == ((NO_CHECKSUM,), ())
    rng = np.random.default_rng(7)
    for place in rng.integers(400, len(data) - 600, 8):
        path.write_bytes(data[:place] + bytes(512) + data[place + 512 :])
        try:
            image = read_image(path)
        except ImageError as error:
            assert "damaged" in str(error)
            continue
        if (np.abs(image.pixels - whole.pixels.astype(int)).max(axis=2) > 12).mean() > 0.25:
            assert image.doubts == (Doubt.DAMAGED,)
            assert "JPEG 2000 data are damaged inside" in image.notices[0]
        assert image.notices
