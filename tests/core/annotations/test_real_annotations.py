"""Published data sets are read."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tests.core.annotations.annotation_builders import CLASSES, HEIGHT, WIDTH, load, no_size, read


@pytest.fixture(scope="module")
def shared_data() -> Path:
    beside_the_repository = Path(__file__).resolve().parents[4] / "shared" / "data"
    folder = Path(os.environ.get("SMEARCOUNT_DATA") or beside_the_repository)
    if not folder.is_dir():
        pytest.skip("the real smear data is not on this machine (SMEARCOUNT_DATA says where it is)")
    return folder


def test_bccd_is_read(shared_data: Path):
    found = read(shared_data / "bccd" / "Annotations", sizes=no_size)
    names = [name for image in found.images for name in image.names]
    assert len(found.images) == 364
    assert [names.count(name) for name in CLASSES] == pytest.approx([4155, 372, 361], abs=2)
    assert len(names) + 2 >= 4155 + 372 + 361
    assert len(found.notices) <= 4


def test_txl_pbc_is_read_as_the_trainer_reads_it(shared_data: Path):
    found = read(shared_data / "txl-pbc" / "labels")
    assert found.notices == ()
    images = {image.file_name: image for image in found.images}
    assert len(images) == 1260
    for field in load(shared_data / "txl-pbc", "test").images:
        image = images[field.path.stem]
        assert [CLASSES[label] for label in field.labels] == list(image.names)
        np.testing.assert_allclose(image.boxes, field.pixel_boxes(WIDTH, HEIGHT), atol=1e-3)


def test_chula_points_are_read(shared_data: Path):
    found = read(shared_data / "chula-rbc-12" / "labels", point_diameter=70)
    assert len(found.images) == 621
