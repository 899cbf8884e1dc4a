"""Evaluating a model: the report and its tables, other classes than the usual three, and what cannot be judged."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest

from core.counting.count import CountSettings
from core.detection.detector import Detector
from core.imaging.synthetic import PLATELET, RBC, WBC, render_smear
from core.models.network import Model
from core.report.formats.annotated import write_picture
from trainer.cli.main import main
from trainer.dataset.load import load_data_set
from trainer.dataset.manifest import Annotation, Category, ImageEntry, Info, Manifest, write_manifest
from trainer.evaluation.confusion import confusion
from trainer.evaluation.dense_field import DenseField, count_dense
from trainer.evaluation.predict import predict, total_scores
from trainer.training.card import write_card

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.imaging.synthetic import RenderedSmear

CHULA = ("normal cell", "macrocyte", "microcyte", "spherocyte", "target cell", "stomatocyte", "ovalocyte", "teardrop",
         "burr cell", "schistocyte", "hypochromia", "elliptocyte")  # fmt: skip
MANY = ("rbc", "lymphocyte", "platelet", *CHULA, *("neutrophil", "eosinophil", "basophil", "monocyte"),
        *("erythroblast", "sickle cell", "blast", "uncategorised", "immature granulocyte"))  # fmt: skip


@pytest.fixture(scope="module")
def large_smears() -> list[RenderedSmear]:
    """Return two fields at the scale that the default model works at."""
    return [
        render_smear(400, 320, red_cells=10, white_cells=1, platelets=2, diameter=64, rng=np.random.default_rng(seed))
        for seed in (1, 2)
    ]


def write_manifest_of(
    folder: Path,
    smears: Sequence[RenderedSmear],
    categories: Sequence[tuple[str, str]],
    label_of: Any,
    incomplete: dict[int, list[str]] | None = None,
) -> Path:
    """Write smears and their manifest; ``label_of(number, label)`` is the category of a cell."""
    images, cells = [], []
    for number, smear in enumerate(smears):
        write_picture(smear.image, folder / f"{number}.png")
        height, width = smear.image.shape[:2]
        missing = (incomplete or {}).get(number, [])
        images.append(ImageEntry(number, f"{number}.png", width, height, "", "lab", split="test", incomplete=missing))
        for place, ((x1, y1, x2, y2), label) in enumerate(zip(smear.boxes.tolist(), smear.labels, strict=True)):
            box = (x1, y1, x2 - x1, y2 - y1)
            cells.append(Annotation(len(cells), number, label_of(place, int(label)), box, box[2] * box[3]))
    names = [Category(place, name, above) for place, (name, above) in enumerate(categories)]
    write_manifest(folder / "cells.json", Manifest(Info(1), names, images, cells))
    return folder / "cells.json"


@pytest.fixture
def model_file(tmp_path: Path, model_path: Path) -> Path:
    """Return a copy of the model whose card may be changed."""
    return Path(shutil.copy(model_path, tmp_path / "model.onnx"))


def rename_classes(model_file: Path, names: tuple[str, ...]) -> None:
    """Give the model these classes; the first three are those that it finds."""
    card = Model(model_file).card
    limits = dict(zip(names, [*card.thresholds.values(), *[0.5] * len(names)], strict=False))
    write_card(model_file, msgspec.structs.replace(card, classes=names, thresholds=limits))


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.slow
def test_the_report_holds_the_papers_tables(tmp_path: Path, data_folder: Path, model_file: Path) -> None:
    report, out = tmp_path / "new" / "report", tmp_path / "figures.json"
    arguments = ["evaluate", "--model", str(model_file), "--data", str(data_folder), "--split", "train"]
    assert main([*arguments, "--report", str(report), "--json", str(out)]) == 0
    assert out.read_bytes() == (report / "evaluation.json").read_bytes()

    rows = rows_of(report / "thresholds.csv")
    assert [row["threshold"] for row in rows if row["class"] == "WBC"] == [f"{t / 100:.4f}" for t in range(20, 90, 5)]
    model = Model(model_file)
    data = load_data_set(data_folder, "train")
    results = predict(data, Detector(model), CountSettings.suggested_by(model.card))
    for row in rows:
        limit = float(row["threshold"])
        settings = CountSettings(dict.fromkeys(model.card.classes, limit), model.card.nms_iou)
        expected = total_scores(results, model.card.classes, settings=settings)[row["class"]]
        truth, counted, hits = (int(row[name]) for name in ("true", "counted", "TP"))
        assert (truth, counted, hits) == (expected.truth, expected.counted, expected.matched)
        assert (int(row["FP"]), int(row["FN"])) == (counted - hits, truth - hits)
        if counted:
            assert float(row["accuracy"]) == pytest.approx(min(truth, counted) / max(truth, counted), abs=1e-4)
            assert float(row["precision"]) == pytest.approx(hits / counted, abs=1e-4)

    figures = json.loads(out.read_text("utf-8"))
    assert [row["class"] for row in rows_of(report / "average_precision.csv")] == [*model.card.classes, "mean"]
    for name, item in figures["coco"]["classes"].items():
        assert len(item["ap_by_iou"]) == 10
        assert item["ap"]["all"] == pytest.approx(np.mean(item["ap_by_iou"]))
        assert item["truth"]["all"] == figures["overall"]["classes"][name]["truth"]
        assert item["truth"]["all"] == sum(item["truth"][size] for size in ("small", "medium", "large"))
        assert figures["overall"]["classes"][name]["ap50"] == item["ap_by_iou"][0]
    assert figures["coco"]["max_detections"] == 10_000
    for name, item in figures["overall"]["classes"].items():
        of_pictures = [picture["classes"][name] for picture in figures["pictures"]]
        for part in ("truth", "counted"):
            assert sum(picture[part] for picture in of_pictures) == item[part]
        assert sum(picture["matched"] for picture in of_pictures) == round(item["recall"] * item["truth"])
    page = (report / "report.html").read_text("utf-8")
    assert "http" not in page
    assert page.count("<svg") == 5


def test_pictures_without_any_cell_have_a_report_too(tmp_path: Path, data_folder: Path, model_file: Path) -> None:
    for labels in (data_folder / "labels").iterdir():
        labels.write_text("", "utf-8")
    for picture in (data_folder / "images").iterdir():
        write_picture(np.full((60, 80, 3), 235, np.uint8), picture)
    arguments = ["--model", str(model_file), "--data", str(data_folder)]
    assert main(["evaluate", *arguments, "--report", str(tmp_path / "report")]) == 0
    assert "<h2>Classes</h2>" in (tmp_path / "report" / "report.html").read_text("utf-8")
    assert main(["compare", str(tmp_path / "report"), str(tmp_path / "report")]) == 0
    assert main(["tune", *arguments]) == 2


def test_a_report_that_cannot_be_written_gives_one_sentence(
    tmp_path: Path, data_folder: Path, model_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_bytes(b"")
    arguments = ["evaluate", "--model", str(model_file), "--data", str(data_folder)]
    assert main([*arguments, "--report", str(tmp_path / "file")]) == 1
    error = capsys.readouterr().err
    assert str(tmp_path / "file") in error
    assert error.count("\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize("names", [CHULA, MANY], ids=["twelve", "twenty-four"])
def test_any_classes_can_be_evaluated(
    tmp_path: Path, large_smears: list[RenderedSmear], model_file: Path, names: tuple[str, ...]
) -> None:
    rename_classes(model_file, names)
    manifest = write_manifest_of(tmp_path, large_smears, [(name, "") for name in names], lambda _, label: label)
    report = tmp_path / "report"
    arguments = ["--model", str(model_file), "--data", str(manifest)]
    assert main(["evaluate", *arguments, "--report", str(report)]) == 0
    figures = json.loads((report / "evaluation.json").read_text("utf-8"))
    assert list(figures["overall"]["classes"]) == list(names)
    assert figures["overall"]["classes"][names[0]]["f1"] > 0.7
    assert figures["overall"]["classes"][names[4]]["ap50"] is None
    assert figures["overall"]["mean_ap50"] > 0.6, "classes that are not there do not lower the mean"
    assert len(figures["confusion"]["counts"]) == len(names) + 1
    assert main(["compare", str(report), str(report / "evaluation.json")]) == 0
    assert main(["tune", *arguments, "--split", "test"]) == 0
    assert set(Model(model_file).card.thresholds) == set(names)


def test_kinds_of_red_cells_are_red_cells_to_a_model_of_three_classes(
    tmp_path: Path, large_smears: list[RenderedSmear], model_file: Path
) -> None:
    categories = [("target cell", "RBC"), ("WBC", "WBC"), ("PLT", "Platelets"), ("teardrop", "RBC"), ("blast", "")]
    manifest = write_manifest_of(
        tmp_path, large_smears, categories, lambda place, label: 3 if label == RBC and place % 2 else label
    )
    out = tmp_path / "figures.json"
    assert main(["evaluate", "--model", str(model_file), "--data", str(manifest), "--json", str(out)]) == 0
    figures = json.loads(out.read_text("utf-8"))
    truth = {name: item["truth"] for name, item in figures["overall"]["classes"].items()}
    labels = np.concatenate([smear.labels for smear in large_smears])
    assert truth == {
        "RBC": (labels == RBC).sum(),
        "WBC": (labels == WBC).sum(),
        "Platelets": (labels == PLATELET).sum(),
    }
    assert figures["data"]["unknown_classes"] == ["blast"]


def test_what_is_not_all_annotated_is_not_judged(
    tmp_path: Path, large_smears: list[RenderedSmear], model_file: Path
) -> None:
    categories = [("RBC", "RBC"), ("WBC", "WBC")]
    only = [s.labels != PLATELET for s in large_smears]
    smears = [
        type(smear)(smear.image, smear.boxes[keep], smear.labels[keep])
        for smear, keep in zip(large_smears, only, strict=True)
    ]
    manifest = write_manifest_of(tmp_path, smears, categories, lambda _, label: label, {1: ["RBC"]})
    out = tmp_path / "figures.json"
    assert main(["evaluate", "--model", str(model_file), "--data", str(manifest), "--json", str(out)]) == 0
    figures = json.loads(out.read_text("utf-8"))
    first, second = figures["pictures"]
    assert (set(first["classes"]), set(second["classes"])) == ({"RBC", "WBC"}, {"WBC"})
    classes = figures["overall"]["classes"]
    assert classes["RBC"]["truth"] == (smears[0].labels == RBC).sum()
    assert classes["RBC"]["counted"] == first["classes"]["RBC"]["counted"]
    assert classes["Platelets"]["counted"] == 0, "nobody says where platelets are"
    assert figures["data"]["unjudged_classes"] == ["Platelets"]
    assert figures["sweep"]["Platelets"][0]["counted"] == 0
    assert figures["coco"]["classes"]["Platelets"]["ap"]["all"] is None
    invented = figures["confusion"]["counts"][-1]
    assert invented[2] == 0


def test_classes_that_the_model_does_not_know_give_one_sentence(
    tmp_path: Path, large_smears: list[RenderedSmear], model_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = write_manifest_of(
        tmp_path, large_smears, [(name, "") for name in ("a", "b", "c")], lambda _, label: label
    )
    assert main(["evaluate", "--model", str(model_file), "--data", str(manifest)]) == 2
    error = capsys.readouterr().err
    assert "none of its classes (a, b, c) are among the model's (RBC, WBC, Platelets)" in error
    assert error.count("\n") == 1


def test_the_confusion_matrix_says_what_became_of_each_cell(make: Any) -> None:
    place = np.array([[0, 0, 40, 40], [100, 0, 140, 40], [200, 0, 240, 40], [300, 0, 340, 40]], np.float32)
    found = (
        place[[0, 1, 3]],
        np.array([0.9, 0.8, 0.7], np.float32),
        np.array([RBC, WBC, PLATELET], np.int32),  # right, wrong class, nothing there
    )
    truth = (place[:3], np.array([RBC, RBC, PLATELET]))
    matrix = confusion([make.field(found, truth)], make.classes)
    assert matrix.counts == [[1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]


@pytest.mark.parametrize("seed", range(3))
def test_the_confusion_matrix_adds_up(make: Any, seed: int) -> None:
    fields = [make.noisy_field(10 * seed + number) for number in range(4)]
    counts = np.array(confusion(fields, make.classes).counts)
    for label in range(3):
        assert counts[label].sum() == sum((field.labels == label).sum() for field in fields)
        assert counts[:, label].sum() == sum(
            (field.image.found.detections.labels[field.image.result.counted] == label).sum() for field in fields
        )


def test_red_cells_of_unknown_kind_are_judged_where_the_model_knows_no_kinds(
    tmp_path: Path, large_smears: list[RenderedSmear], model_path: Path
) -> None:
    categories = [("RBC", "RBC"), ("WBC", "WBC"), ("Platelets", "Platelets"), ("Target", "RBC")]
    missing = {0: ["Target"], 1: ["RBC", "Target"]}
    manifest = write_manifest_of(tmp_path, large_smears, categories, lambda _, label: label, missing)
    model = Model(model_path)
    settings = CountSettings.suggested_by(model.card)
    whole, partly = predict(load_data_set(manifest, "test"), Detector(model), settings)
    assert whole.unjudged == set()
    assert partly.unjudged == {"RBC"}


@pytest.mark.slow
def test_a_dense_field_is_counted(model: Model) -> None:
    dense = DenseField(150, seed=4, width=900, height=700)
    smear = dense.render()
    assert np.array_equal(dense.render().image, smear.image)
    figures = count_dense(dense, Detector(model), CountSettings.suggested_by(model.card))
    assert figures.classes["RBC"].truth == smear.counts()["RBC"] > 120
    assert abs(figures.classes["RBC"].count_error_percent) < 5
    assert figures.classes["RBC"].f1 > 0.95
    assert not figures.capped
