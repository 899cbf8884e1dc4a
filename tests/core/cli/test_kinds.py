"""``smearcount-count --kinds``: what it adds, and that nothing changes without it."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import cv2
import msgspec
import numpy as np
import pytest

from core.cli.run import main
from core.imaging.demo import demo_smear
from core.imaging.reading import read_image
from core.kinds.crops import cell_crops, even_pixels
from core.kinds.embeddings import in_8_bits
from core.kinds.teaching_set import Header, TaughtCell, TeachingSet, write_teaching_set
from core.kinds.tree import NO_CELL, red_cell_kinds
from core.models.embedding import EmbeddingModel, default_embedding_path
from core.models.network import default_model_path

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    not default_model_path().exists() or not default_embedding_path().exists(),
    reason="there is no model in resources/models",
)


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the JSON document of the demo smear without kinds."""
    path = tmp_path_factory.mktemp("plain") / "plain.json"
    assert main([str(demo_smear()), "--json", str(path), "--quiet"]) == 0
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def teaching_set(tmp_path_factory: pytest.TempPathFactory, counted: dict[str, Any]) -> Path:
    """Return a set that teaches the larger red cells as normal and the smaller ones as spherocytes."""
    boxes = [cell["box"] for cell in counted["images"][0]["detections"] if cell["class"] == "RBC"]
    boxes.sort(key=lambda box: box[2] - box[0])
    chosen = np.array([*boxes[:8], *boxes[-8:]], np.float32)
    model = EmbeddingModel(default_embedding_path())
    pixels = even_pixels(read_image(demo_smear()).pixels, model.card)
    steps, scales = in_8_bits(model.embed(cell_crops(pixels, chosen, model.card)))
    said = "2026-11-28T10:00:00Z"
    kinds = ["spherocyte"] * 8 + ["normal-red-cell"] * 8
    cells = tuple(
        TaughtCell(str(place % 4), tuple(box), 0, "RBC", kind, "Ada", said)
        for place, (box, kind) in enumerate(zip(chosen.tolist(), kinds, strict=True))
    )
    header = Header(
        name="House",
        embedding=model.sha256,
        dimensions=model.card.dimensions,
        tree=red_cell_kinds(),
        samples=("demo",),
        cells=cells,
    )
    path = tmp_path_factory.mktemp("sets") / "house.smearkinds"
    write_teaching_set(path, TeachingSet(header, steps, scales, (b"",) * 16))
    return path


@pytest.mark.slow
def test_kinds_are_added_to_json_and_csv(counted: dict[str, Any], teaching_set: Path, tmp_path: Path):
    results = ["--json", str(tmp_path / "kinds.json"), "--csv", str(tmp_path / "kinds.csv")]
    assert main([str(demo_smear()), "--kinds", str(teaching_set), *results, "--quiet"]) == 0
    document = json.loads((tmp_path / "kinds.json").read_text())
    assert (counted["schema"], document["schema"]) == (1, 2)
    [image], [plain] = document["images"], counted["images"]
    assert image["counts"] == plain["counts"]
    kinds = image["kinds"]["RBC"]
    assert sum(kinds.values()) == image["counts"]["RBC"]
    assert document["kinds"]["totals"] == image["kinds"]
    assert document["kinds"]["set"]["name"] == "House"
    assert document["kinds"]["names"]["spherocyte"] == "Spherocyte"
    of_cells = [cell["kind"] for cell in image["detections"] if cell["class"] == "RBC"]
    assert of_cells.count("spherocyte") == kinds["spherocyte"]
    assert of_cells.count(None) == kinds["unsure"]
    assert all("kind" not in cell for cell in image["detections"] if cell["class"] != "RBC")
    [row] = csv.DictReader(io.StringIO((tmp_path / "kinds.csv").read_text("utf-8-sig")))
    assert int(row["RBC: spherocyte"]) == kinds["spherocyte"]
    assert int(row["RBC: unsure"]) == kinds["unsure"]


@pytest.fixture(scope="module")
def soft(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the demo smear out of focus."""
    path = tmp_path_factory.mktemp("soft") / "soft.png"
    cv2.imwrite(str(path), cv2.GaussianBlur(np.asarray(cv2.imread(str(demo_smear()))), (0, 0), 2.5))
    return path


@pytest.fixture(scope="module")
def dirt(soft: Path, counted: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a set that teaches that red cells out of focus are no cells."""
    red = [cell["box"] for cell in counted["images"][0]["detections"] if cell["class"] == "RBC"]
    boxes, model = np.array(red[:15], np.float32), EmbeddingModel(default_embedding_path())
    parts: list[np.ndarray] = []
    cells: list[TaughtCell] = []
    for path, kind in ((demo_smear(), "normal-red-cell"), (soft, NO_CELL)):
        pixels = even_pixels(read_image(path).pixels, model.card)
        parts.append(model.embed(cell_crops(pixels, boxes, model.card)))
        images = (f"{kind} {place % 3}" for place in range(len(boxes)))
        cells += [TaughtCell(one, tuple(box), 0, "RBC", kind, "Ada", "") for one, box in zip(images, red, strict=False)]
    steps, scales = in_8_bits(np.concatenate(parts))
    header = Header(
        name="Dirt",
        embedding=model.sha256,
        dimensions=model.card.dimensions,
        tree=red_cell_kinds(),
        samples=("demo",),
        cells=tuple(cells),
    )
    path = tmp_path_factory.mktemp("dirt") / "dirt.smearkinds"
    write_teaching_set(path, TeachingSet(header, steps, scales, (b"",) * len(cells)))
    return path


def test_what_is_certainly_no_cell_is_left_out_if_asked(
    soft: Path, dirt: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    def run(*more: str) -> dict[str, Any]:
        files = ["--json", str(tmp_path / "out.json"), "--csv", str(tmp_path / "out.csv")]
        assert main([str(demo_smear()), str(soft), "--kinds", str(dirt), *files, *more]) == 0
        return json.loads((tmp_path / "out.json").read_text())

    kept = run("--quiet")
    before = [image["counts"] for image in kept["images"]]
    assert kept["kinds"]["left_out_as_no_cell"] is None
    document = run("--leave-out-no-cell")
    gone = [image["left_out_as_no_cell"]["RBC"] for image in document["images"]]
    assert gone[0] <= 1
    assert 15 <= sum(gone) <= kept["kinds"]["totals"]["RBC"][NO_CELL]
    assert document["kinds"]["left_out_as_no_cell"] == {"RBC": sum(gone)}
    for image, counts, left_out in zip(document["images"], before, gone, strict=True):
        assert image["counts"] == {**counts, "RBC": counts["RBC"] - left_out}
        assert sum(image["kinds"]["RBC"].values()) == image["counts"]["RBC"]
        assert len([cell for cell in image["detections"] if cell["class"] == "RBC"]) == image["counts"]["RBC"]
    red = sum(counts["RBC"] for counts in before) - sum(gone)
    assert document["totals"]["RBC"] == red
    printed = " ".join(capsys.readouterr().out.split())
    assert f"Left out of the counts as no cell: RBC {sum(gone)}." in printed
    assert f"Total of 2 │ {red} │" in printed
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text("utf-8-sig"))))
    assert [int(row["RBC: left out as no cell"]) for row in rows] == gone
    assert sum(int(row["RBC"]) for row in rows) == red
    every = [cell for image in run("--leave-out-no-cell", "--all-detections")["images"] for cell in image["detections"]]
    assert len([cell for cell in every if cell.get("kind") == NO_CELL and not cell["counted"]]) == sum(gone)


def test_leaving_out_needs_a_set_and_draws_no_images(dirt: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    for options in ([], ["--kinds", str(dirt), "--annotated", str(tmp_path)]):
        with pytest.raises(SystemExit) as end:
            main([str(demo_smear()), "--leave-out-no-cell", *options])
        assert end.value.code == 2
        assert "--leave-out-no-cell: " in capsys.readouterr().err


def test_the_table_says_that_nobody_has_confirmed_them(teaching_set: Path, capsys: pytest.CaptureFixture[str]):
    assert main([str(demo_smear()), "--kinds", str(teaching_set)]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "Suggested by the teaching set House, version 1; nobody has confirmed it." in printed


@pytest.mark.parametrize("fault", ["missing", "model", "class", "shard"])
def test_a_set_that_cannot_be_used_is_named(
    teaching_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], fault: str
):
    path, more = tmp_path / "other.smearkinds", list[str]()
    header = Header(name="Other", embedding="ab" * 32, dimensions=8, tree=red_cell_kinds())
    if fault == "class":
        header = msgspec.structs.replace(
            header,
            embedding=EmbeddingModel(default_embedding_path()).sha256,
            tree=msgspec.structs.replace(header.tree, kinds=()),
        )
    if fault != "missing":
        write_teaching_set(path, TeachingSet(header, np.zeros((0, 8), np.int8), np.zeros(0, np.float32), ()))
    if fault == "shard":
        path, more = teaching_set, ["--shard", "1/2"]
    with pytest.raises(SystemExit) as end:
        main([str(demo_smear()), "--kinds", str(path), *more])
    assert end.value.code == 2
    printed = capsys.readouterr().err
    expected = {
        "missing": "cannot be opened",
        "model": "another embedding model",
        "class": "no kinds of",
        "shard": "--shard",
    }
    assert expected[fault] in " ".join(printed.split())
