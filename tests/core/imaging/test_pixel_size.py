from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile

from core.imaging.containers.pixel_size import micrometres_in_file

if TYPE_CHECKING:
    from pathlib import Path

PIXELS = np.full((8, 10, 3), 200, np.uint8)


def test_the_size_of_a_pixel_is_read_from_ome_and_imagej_files(tmp_path: Path) -> None:
    ome, imagej = tmp_path / "a.ome.tif", tmp_path / "b.tif"
    metadata = {"axes": "YXS", "PhysicalSizeX": 0.0645, "PhysicalSizeXUnit": "µm"}
    tifffile.imwrite(ome, PIXELS, ome=True, photometric="rgb", metadata=metadata)
    tifffile.imwrite(imagej, PIXELS, imagej=True, resolution=(10, 10), metadata={"unit": "um"})
    assert micrometres_in_file(ome) == pytest.approx(0.0645)
    assert micrometres_in_file(imagej) == pytest.approx(0.1)


def test_dots_per_inch_say_nothing_about_cells(tmp_path: Path) -> None:
    plain = tmp_path / "c.tif"
    tifffile.imwrite(plain, PIXELS, photometric="rgb", resolution=(300, 300), resolutionunit="INCH")
    assert micrometres_in_file(plain) is None


@pytest.mark.parametrize("content", [b"", b"II*\0 no image at all"])
def test_a_file_that_is_none_has_no_size(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "d.tif"
    path.write_bytes(content)
    assert micrometres_in_file(path) is None
    assert micrometres_in_file(tmp_path / "missing.tif") is None
    assert micrometres_in_file(tmp_path / "e.png") is None
