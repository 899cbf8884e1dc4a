from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from trainer.cli.main import main
from trainer.dataset.load import load_data_set, median_diameter

if TYPE_CHECKING:
    from pathlib import Path


def test_a_packed_data_set_holds_the_same_cells_on_smaller_images(data_folder: Path, tmp_path: Path) -> None:
    whole, packed = tmp_path / "whole.json", tmp_path / "small" / "packed.json"
    assert main(["data", "import", "yolo", str(data_folder), "--out", str(whole)]) == 0
    assert main(["data", "pack", str(whole), "--red-cells", "20", "--out", str(packed)]) == 0
    assert main(["data", "check", str(packed)]) == 0
    before, after = load_data_set(whole, "train"), load_data_set(packed, "train")
    assert len(before.images) == len(after.images) == 4
    for old, new in zip(before.images, after.images, strict=True):
        np.testing.assert_allclose(new.boxes, old.boxes, atol=1e-4)
        np.testing.assert_array_equal(new.labels, old.labels)
        assert new.source == old.source
        assert new.path.parent == tmp_path / "small" / "images"
        width, height = (round(side * 20 / 34) for side in (200, 160))
        diameter = median_diameter(new.pixel_boxes(width, height), new.labels)
        assert diameter == pytest.approx(20, rel=0.1)


def test_images_with_small_cells_keep_their_size(data_folder: Path, tmp_path: Path) -> None:
    whole, packed = tmp_path / "whole.json", tmp_path / "packed" / "packed.json"
    assert main(["data", "import", "yolo", str(data_folder), "--out", str(whole)]) == 0
    assert main(["data", "pack", str(whole), "--out", str(packed)]) == 0
    assert '"width": 200' in packed.read_text("utf-8")
