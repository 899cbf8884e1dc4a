"""``smearcount-train look``: what the training images look like goes to the card, and images unlike them are found."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.counting.count import CountSettings
from core.counting.likeness import unlike
from core.counting.pipeline import count_image
from core.detection.detector import Detector
from core.imaging.reading import read_image
from core.imaging.synthetic import render_smear
from core.models.network import Model
from core.report.formats.annotated import write_picture
from trainer.cli.main import main
from trainer.evaluation.look import FEWEST_FIELDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

OTHERS = 2


def bluer(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Let cells absorb red as they absorb green."""
    changed = pixels.copy()
    changed[..., 0] = pixels[..., 1]
    return changed


@pytest.fixture
def fields(tmp_path: Path) -> Path:
    """Return a data set: as many training fields as a range needs, and two of another stain to judge."""
    folder = tmp_path / "cells"
    (folder / "images").mkdir(parents=True)
    (folder / "labels").mkdir()
    (folder / "classes.txt").write_text("RBC\nWBC\nPlatelets", "utf-8")
    rows = ["file,split,source"]
    for number in range(FEWEST_FIELDS + OTHERS):
        smear = render_smear(260, 200, red_cells=16, diameter=34, rng=np.random.default_rng(number))
        other = number >= FEWEST_FIELDS
        write_picture(bluer(smear.image) if other else smear.image, folder / "images" / f"{number}.png")
        height, width = smear.image.shape[:2]
        sides = np.array([width, height, width, height])
        centred = np.concatenate(
            [(smear.boxes[:, :2] + smear.boxes[:, 2:]) / 2, smear.boxes[:, 2:] - smear.boxes[:, :2]], 1
        )
        lines = [" ".join(["0", *(f"{value:.6f}" for value in row)]) for row in centred / sides]
        (folder / "labels" / f"{number}.txt").write_text("\n".join(lines), "utf-8")
        rows.append(f"{number}.png,{'val' if other else 'train'},A")
    (folder / "manifest.csv").write_text("\n".join(rows), "utf-8")
    return folder


@pytest.fixture
def model_file(tmp_path: Path, model_path: Path) -> Path:
    """Return a copy of the model whose card may be changed."""
    return Path(shutil.copy(model_path, tmp_path / "model.onnx"))


@pytest.mark.slow
def test_the_look_goes_to_the_card_and_tells_other_stains(
    fields: Path, model_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["look", "--model", str(model_file), "--data", str(fields), "--judge", "val"]
    before = Model(model_file)
    assert main([*common, "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert f"100.0% of {OTHERS} fields of val look unlike {FEWEST_FIELDS} of cells train" in said
    assert f"stain red            {OTHERS}" in said
    assert Model(model_file).sha256 == before.sha256
    assert main(common) == 0
    assert "Saved the look to the card of" in capsys.readouterr().out
    model = Model(model_file)
    assert (model.card.name, model.card.thresholds) == (before.card.name, before.card.thresholds)
    assert {"size", "stain density", "stain red", "light fall"} <= model.card.look.keys()
    assert all(known.low <= known.middle <= known.high for known in model.card.look.values())

    def told(number: int) -> list[str]:
        image = read_image(fields / "images" / f"{number}.png")
        counted = count_image(image, Detector(model), CountSettings.suggested_by(model.card))
        return [one.measure for one in unlike(counted.found.look, model.card.look)]

    assert "stain red" in told(FEWEST_FIELDS)
    assert "stain red" not in told(0)


@pytest.mark.slow
def test_too_few_fields_give_no_range(fields: Path, model_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["look", "--model", str(model_file), "--data", str(fields), "--fields", "4"]) == 0
    assert Model(model_file).card.look == {}
    assert "size" not in capsys.readouterr().out


def test_the_bundled_model_and_a_missing_one_are_refused(
    fields: Path, model_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["look", "--model", str(tmp_path / "gone.onnx"), "--data", str(fields)]) == 2
    assert "gone.onnx" in capsys.readouterr().err
    assert main(["look", "--data", str(fields)]) == 2
    assert "the bundled model cannot be changed" in capsys.readouterr().err
