"""Evaluations side by side: the same figures as COCO's tools, paired intervals, and what cannot be compared."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest

from core.counting.count import CountSettings
from core.verification.verify import NO_RIVAL, Verification
from trainer.cli.main import main
from trainer.dataset.load import DataSet
from trainer.evaluation.coco_metrics import coco_evaluation
from trainer.evaluation.compare import AP, AP50, COUNT_ERROR, F1, FIGURES, ClassCells, Comparison, compare
from trainer.evaluation.evaluate import EVALUATION_SCHEMA
from trainer.evaluation.per_image import ImageFigures, image_figures
from trainer.evaluation.predict import total_scores

if TYPE_CHECKING:
    from collections.abc import Callable

    from trainer.evaluation.predict import ImageResult

THRESHOLDS = {"RBC": 0.3, "WBC": 0.4, "Platelets": 0.2}
NMS_IOU = 0.6


def pictures(fields: list[ImageResult], classes: tuple[str, ...], thresholds: dict[str, float]) -> list[ImageFigures]:
    settings = CountSettings(thresholds, NMS_IOU)
    cases = [field.case(number, settings, classes) for number, field in enumerate(fields)]
    data = DataSet(Path("cells"), "test", ())
    return image_figures(
        data, fields, Verification(cases, classes, NO_RIVAL), Verification(cases, classes, thresholds), thresholds
    )


@pytest.fixture(scope="module")
def fields(make: Any) -> list[ImageResult]:
    return [make.noisy_field(seed) for seed in range(8)]


def writer(folder: Path, make: Any) -> Callable[..., Path]:
    """Return a function that writes the evaluation file of fields."""

    def write_run(
        name: str, fields: list[ImageResult], thresholds: dict[str, float] = THRESHOLDS, **changes: Any
    ) -> Path:
        found = msgspec.to_builtins(pictures(fields, make.classes, thresholds))
        for number, picture in enumerate(found):
            picture["file"] = f"{number}.png"
        document = {
            "schema": EVALUATION_SCHEMA,
            "model": {"name": name, "sha256": "ab" * 32},
            "data": {"name": "cells", "split": "test"},
            "pictures": found,
            **changes,
        }
        path = folder / name / "evaluation.json"
        path.parent.mkdir()
        path.write_bytes(msgspec.json.encode(document))
        return path

    return write_run


@pytest.fixture
def write(tmp_path: Path, make: Any) -> Callable[..., Path]:
    return writer(tmp_path, make)


@pytest.fixture(scope="module")
def with_itself(tmp_path_factory: pytest.TempPathFactory, make: Any, fields: list[ImageResult]) -> Comparison:
    """Return the comparison of a run with one that found the same."""
    write = writer(tmp_path_factory.mktemp("runs"), make)
    return compare([write("one", fields), write("two", list(fields))])


@pytest.mark.parametrize("seed", range(4))
def test_figures_without_resampling_are_those_of_coco_and_of_counting(make: Any, seed: int) -> None:
    fields = [make.noisy_field(20 * seed + number) for number in range(10)]
    coco = coco_evaluation(fields, make.classes, NMS_IOU)
    scores = total_scores(fields, make.classes, settings=CountSettings(THRESHOLDS, NMS_IOU))
    written = msgspec.json.encode(pictures(fields, make.classes, THRESHOLDS))
    read = msgspec.json.decode(written, type=list[ImageFigures])
    for name in make.classes:
        cells = ClassCells.of(read, name)
        [[ap50, ap, f1, error]] = cells.figures(np.ones((1, len(fields)), np.int64))
        assert ap50 == pytest.approx(coco.classes[name].ap50, abs=1e-9)
        assert ap == pytest.approx(coco.classes[name].ap["all"], abs=1e-9)
        assert f1 == pytest.approx(scores[name].f1)
        assert error == pytest.approx(100 * scores[name].count_error)


def test_a_picture_drawn_twice_counts_twice_as_in_coco(make: Any, fields: list[ImageResult]) -> None:
    times = np.array([2, 0, 1, 3, 0, 1, 1, 0])
    drawn = [field for field, often in zip(fields, times.tolist(), strict=True) for _ in range(often)]
    coco = coco_evaluation(drawn, make.classes, NMS_IOU)
    for name in make.classes:
        [[ap50, ap, *_]] = ClassCells.of(pictures(fields, make.classes, THRESHOLDS), name).figures(times[None])
        assert ap50 == pytest.approx(coco.classes[name].ap50, abs=1e-9)
        assert ap == pytest.approx(coco.classes[name].ap["all"], abs=1e-9)


def test_a_class_of_which_nothing_was_found_has_an_average_precision_of_0(write: Any, make: Any) -> None:
    truth = (make.boxes(np.random.default_rng(1), 5), np.array([0, 0, 0, 1, 1]))
    found = (truth[0][:3], np.array([0.9, 0.8, 0.7], np.float32), np.zeros(3, np.int32))
    runs = [write(name, [make.field(found, truth)] * 2) for name in ("one", "two")]
    rows = {row.class_name: row.figures for row in compare(runs).rows if row.run == "two"}
    assert [rows[name][AP50].value for name in ("RBC", "WBC", "mean")] == [1.0, 0.0, 0.5]
    assert np.isnan(rows["Platelets"][AP50].value)
    assert rows["Platelets"][AP50].interval is None


def test_a_run_does_not_differ_from_itself(with_itself: Comparison) -> None:
    assert [(row.class_name, row.run) for row in with_itself.rows] == [
        (name, run) for name in ("RBC", "WBC", "Platelets", "mean") for run in ("one", "two")
    ]
    for first, second in zip(with_itself.rows[::2], with_itself.rows[1::2], strict=True):
        for name in FIGURES:
            one, other = first.figures[name], second.figures[name]
            assert one.difference is None
            if (first.class_name, name) == ("mean", COUNT_ERROR):
                assert other.difference is None
                continue
            assert other.value == one.value
            assert other.interval == one.interval
            assert other.interval is not None
            assert other.interval.low <= other.value <= other.interval.high
            assert other.difference is not None
            assert (other.difference.value, other.difference.interval, other.difference.clear) == (0, (0, 0), False)


def test_the_mean_is_that_of_the_classes(with_itself: Comparison) -> None:
    of_class = {row.class_name: row for row in with_itself.rows if row.run == "one"}
    for name in (AP50, AP, F1):
        values = [of_class[cls].figures[name].value for cls in ("RBC", "WBC", "Platelets")]
        assert of_class["mean"].figures[name].value == pytest.approx(np.mean(values))


def test_a_model_that_counts_too_little_everywhere_is_marked(write: Any, fields: list[ImageResult]) -> None:
    strict = write("strict", fields, dict.fromkeys(THRESHOLDS, 0.8))
    comparison = compare([write("usual", fields), strict], seed=3)
    rbc = next(row for row in comparison.rows if (row.class_name, row.run) == ("RBC", "strict"))
    change = rbc.figures[COUNT_ERROR].difference
    assert change is not None
    assert change.clear
    assert change.value < 0
    ranked = rbc.figures[AP50].difference
    assert ranked is not None
    assert not ranked.clear, "thresholds do not change what is ranked"


@pytest.mark.slow
def test_the_seed_decides_the_intervals(write: Any, fields: list[ImageResult]) -> None:
    runs = [write("one", fields), write("two", fields, dict.fromkeys(THRESHOLDS, 0.5))]
    first, again, other = (msgspec.json.encode(compare(runs, seed=seed).rows) for seed in (1, 1, 2))
    assert first == again != other


def test_the_order_of_the_pictures_does_not_matter(write: Any, fields: list[ImageResult]) -> None:
    one = write("one", fields)
    document = json.loads(one.read_text("utf-8"))
    document["pictures"].reverse()
    two = one.parent / "turned.json"
    two.write_text(json.dumps(document), "utf-8")
    comparison = compare([one, two])
    rows = comparison.rows
    assert all(row.figures[AP50].value == rows[2 * (place // 2)].figures[AP50].value for place, row in enumerate(rows))
    assert [run["name"] for run in comparison.runs] == ["one", "one (2)"]


def test_classes_may_have_other_usual_names(write: Any, fields: list[ImageResult]) -> None:
    one = write("one", fields)
    other = one.parent / "other.json"
    other.write_text(one.read_text("utf-8").replace('"RBC"', '"red cells"').replace('"WBC"', '"blast"'), "utf-8")
    assert list(dict.fromkeys(row.class_name for row in compare([one, other]).rows)) == ["RBC", "Platelets", "mean"]


def changed(one: Path, how: Callable[[Any], object]) -> Path:
    document = json.loads(one.read_text("utf-8"))
    how(document)
    path = one.parent / "changed.json"
    path.write_text(json.dumps(document), "utf-8")
    return path


REFUSED: dict[str, tuple[Callable[[Any], object], str]] = {
    "an image less": (lambda run: run["pictures"].pop(2), "not the same images as .*(2.png is only in "),
    "another image": (lambda run: run["pictures"][2].update(file="x.png"), "not the same images as "),
    "another truth": (
        lambda run: run["pictures"][3]["classes"]["WBC"].update(truth=99),
        "3.png has a different number of true WBC than in ",
    ),
    "other kinds": (
        lambda run: [
            picture["classes"].update(Target=picture["classes"]["RBC"], RBC={**picture["classes"]["RBC"], "truth": 1})
            for picture in run["pictures"]
        ],
        "a different number of true RBC than in .*: the models know different classes, "
        ".* compare models of the same classes",
    ),
    "a class not annotated": (lambda run: run["pictures"][3]["classes"].pop("WBC"), "a different number of true WBC"),
    "other classes": (
        lambda run: [picture.update(classes={"blast": picture["classes"]["WBC"]}) for picture in run["pictures"]],
        "its model has no class in common with that of ",
    ),
    "an earlier version": (lambda run: run.update(schema=1), "made by an earlier version of SmearCount"),
    "a newer version": (lambda run: run.update(schema=99), "made by a newer version of SmearCount"),
    "something else": (lambda run: run.pop("model"), "not an evaluation"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_compared_gives_one_sentence(
    write: Any, fields: list[ImageResult], capsys: pytest.CaptureFixture[str], name: str
) -> None:
    how, message = REFUSED[name]
    one = write("one", fields)
    assert main(["compare", str(one), str(changed(one, how))]) == 2
    error = capsys.readouterr().err
    assert all(part in error for part in message.split(".*"))
    assert "changed.json" in error
    assert error.count("\n") == 1


def test_files_that_are_none_give_one_sentence(
    tmp_path: Path, write: Any, fields: list[ImageResult], capsys: pytest.CaptureFixture[str]
) -> None:
    one = str(write("one", fields))
    (tmp_path / "text.json").write_text("hello", "utf-8")
    (tmp_path / "empty").mkdir()
    for arguments, message in (
        ([one, str(tmp_path / "text.json")], "text.json: not an evaluation"),
        ([one, str(tmp_path / "empty")], "the evaluation cannot be read"),
        ([one], "needs two evaluations or more"),
    ):
        assert main(["compare", *arguments]) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1


@pytest.mark.slow
def test_the_report_of_a_comparison(tmp_path: Path, write: Any, fields: list[ImageResult], capsys: Any) -> None:
    runs = [str(write("usual", fields).parent), str(write("strict", fields, dict.fromkeys(THRESHOLDS, 0.8)))]
    assert main(["compare", *runs, "--report", str(tmp_path / "report")]) == 0
    shown = capsys.readouterr().out
    assert "Differences from usual" in shown
    with (tmp_path / "report" / "comparison.csv").open(newline="", encoding="utf-8-sig") as stream:
        rows = list(csv.DictReader(stream))
    rows_of = {(row["class"], row["run"], row["figure"]): row for row in rows}
    assert rows_of["RBC", "strict", COUNT_ERROR]["leaves out 0"] == "yes"
    assert rows_of["RBC", "usual", COUNT_ERROR]["difference"] == ""
    document = json.loads((tmp_path / "report" / "comparison.json").read_text("utf-8"))
    assert len(document["rows"]) == 8
    page = (tmp_path / "report" / "report.html").read_text("utf-8")
    assert page.count("<svg") == len(FIGURES)
    assert "http" not in page
