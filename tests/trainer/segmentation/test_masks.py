"""Masks: exact, derived from boxes, and as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.detection.segmentation.instances import count_masks
from core.detection.segmentation.masks import CellMasks
from core.imaging.synthetic import CLASS_NAMES, render_smear
from core.models.method import usual_method
from core.report.formats.annotated import write_picture
from trainer.cli.main import main
from trainer.dataset.load import load_data_set
from trainer.dataset.manifest import DataError, read_manifest
from trainer.dataset.masks import UNKNOWN, read_masks, write_masks
from trainer.segmentation.data import MaskStore
from trainer.segmentation.masks import derive_masks, exact_masks
from trainer.segmentation.measure import derived_quality

if TYPE_CHECKING:
    from pathlib import Path


from tests.trainer.segmentation.tiny import TINY, exact


def test_exact_masks_count_to_the_truth():
    smear = render_smear(
        300, 240, red_cells=16, white_cells=1, platelets=3, diameter=40, rng=np.random.default_rng(2), max_overlap=0.1
    )
    values = exact(smear, 40)
    masks = CellMasks(np.clip(values[:-1], 0, 1).astype(np.float32), (values[-1] > 0).astype(np.float32), 40.0)
    found = count_masks(masks, CLASS_NAMES, {name: usual_method(name) for name in CLASS_NAMES})
    for label in range(3):
        assert abs(int((found.labels == label).sum()) - int((smear.labels == label).sum())) <= (label == 0)


def test_edges_lie_where_cells_touch_and_nowhere_else():
    boxes = np.array([[10, 10, 40, 40], [38, 10, 68, 40], [100, 10, 130, 40]], np.float32)
    image = np.full((60, 150, 3), 235, np.uint8)
    y, x = np.mgrid[:60, :150]
    for x1, y1, x2, y2 in boxes:
        inside = np.hypot(x + 0.5 - (x1 + x2) / 2, y + 0.5 - (y1 + y2) / 2) < 15
        image[inside] = (200, 130, 150)
    truth = derive_masks(image, boxes, np.zeros(3, np.int64), 1, 30)
    assert truth.edge[:, 34:44].any()
    assert not truth.edge[:, :30].any()
    assert not truth.edge[:, 50:].any()
    assert truth.masks[0].sum() == pytest.approx(3 * np.pi * 15**2, rel=0.08)


@pytest.mark.slow
def test_masks_derived_from_boxes_are_near_the_exact_ones():
    quality = derived_quality(6, seed=0)
    iou = {name: values[0] for name, values in quality.items()}
    assert iou["RBC"] > 0.85
    assert iou["WBC"] > 0.8
    assert iou["Platelets"] > 0.6


def test_a_stained_place_at_the_border_without_a_box_is_unknown():
    image = np.full((80, 80, 3), 235, np.uint8)
    image[30:50, :12] = (200, 130, 150)
    truth = derive_masks(image, np.zeros((0, 4), np.float32), np.zeros(0, np.int64), 1, 30)
    assert (truth.values[:, 32:48, 2:8] == UNKNOWN).all()
    assert (truth.values[:, :, 40:] == 0).all()


def test_mask_files_come_back_as_they_were_written(tmp_path: Path):
    smear = render_smear(120, 90, red_cells=6, white_cells=1, diameter=30, rng=np.random.default_rng(0))
    truth = exact_masks(smear.boxes, smear.labels.astype(np.int64), smear.shapes, (90, 120), 3, 30)
    truth.values[:, :5] = UNKNOWN
    write_masks(tmp_path, "field 1", truth, CLASS_NAMES)
    back = read_masks(tmp_path, "field 1", CLASS_NAMES)
    assert back is not None
    assert (back.values == truth.values).all()
    assert read_masks(tmp_path, "field 2", CLASS_NAMES) is None


def test_masks_of_other_sizes_are_refused(tmp_path: Path):
    for name, side in (("RBC", 20), ("WBC", 30)):
        (tmp_path / name).mkdir()
        write_picture(np.zeros((side, side, 3), np.uint8), tmp_path / name / "a.png")
    with pytest.raises(DataError, match="differ in size"):
        read_masks(tmp_path, "a", ("RBC", "WBC"))


def test_masks_that_somebody_drew_become_a_data_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    smear = render_smear(200, 160, red_cells=9, platelets=2, diameter=34, rng=np.random.default_rng(4), max_overlap=0)
    (tmp_path / "photographs").mkdir()
    write_picture(smear.image, tmp_path / "photographs" / "a.png")
    truth = exact_masks(smear.boxes, smear.labels.astype(np.int64), smear.shapes, (160, 200), 3, 34)
    write_masks(tmp_path / "masks", "a", truth, CLASS_NAMES)
    out = tmp_path / "drawn.json"
    arguments = ["data", "import", "masks", str(tmp_path / "masks"), "--images", str(tmp_path / "photographs")]
    assert main([*arguments, "--split", "train", "--out", str(out)]) == 0
    manifest = read_manifest(out)
    assert len(manifest.annotations) == len(smear.boxes)
    data = load_data_set(out, "train")
    store = MaskStore(data, TINY, tmp_path / "masks")
    assert (store.images[0].truth.values > 0).any()
    assert main([*arguments[:4], "--out", str(out)]) == 2
    assert "--images" in capsys.readouterr().err
