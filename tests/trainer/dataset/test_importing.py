"""Importing annotated images of every form into a manifest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.annotations.base import AnnotatedImage
from core.annotations.formats.coco import write_coco
from core.annotations.formats.table import write_csv
from core.annotations.formats.voc import write_voc
from core.cells import Cell, CellChange, Detections, Origin
from core.counting.count import CountSettings
from core.geometry.boxes import iou_matrix
from core.imaging.synthetic import CLASS_NAMES, RenderedSmear, render_smear
from core.report.formats.annotated import write_picture
from core.session.session import Session, StoredDetections, stamp_of
from core.session.values import Edit, Subject, ValueChange
from trainer.cli.main import main
from trainer.dataset.load import load_data_set
from trainer.dataset.manifest import read_manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def diamond(box: NDArray[np.float32]) -> NDArray[np.float32]:
    x1, y1, x2, y2 = box.tolist()
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    return np.array([(x, y1), (x2, y), (x, y2), (x1, y)], np.float32)


def annotated(smears: Sequence[RenderedSmear], names: tuple[str, ...] = CLASS_NAMES) -> list[AnnotatedImage]:
    return [
        AnnotatedImage(
            f"{number}.png",
            smear.image.shape[1],
            smear.image.shape[0],
            smear.boxes.copy(),
            tuple(names[label] for label in smear.labels),
            contours=tuple(map(diamond, smear.boxes)),
        )
        for number, smear in enumerate(smears)
    ]


@pytest.fixture
def pictures(tmp_path: Path, smears: list[RenderedSmear]) -> Path:
    """Return a folder with three pictures."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    for number, smear in enumerate(smears[:3]):
        write_picture(smear.image, folder / f"{number}.png")
    return folder


def as_voc(folder: Path, images: Sequence[AnnotatedImage]) -> Path:
    write_voc(folder, images)
    return folder


def as_coco(folder: Path, images: Sequence[AnnotatedImage]) -> Path:
    write_coco(folder / "cells.json", images, sorted({name for image in images for name in image.names}))
    return folder / "cells.json"


def as_csv(folder: Path, images: Sequence[AnnotatedImage]) -> Path:
    write_csv(folder / "cells.csv", images)
    return folder / "cells.csv"


WRITERS: dict[str, Callable[[Path, Sequence[AnnotatedImage]], Path]] = {"voc": as_voc, "coco": as_coco, "csv": as_csv}


@pytest.mark.parametrize("kind", WRITERS)
def test_boxes_come_over_as_they_are(tmp_path: Path, pictures: Path, smears: list[RenderedSmear], kind: str) -> None:
    names = ("Red blood cell", "leukocyte", "platelet")
    source = WRITERS[kind](tmp_path / "labels", annotated(smears[:3], names))
    out = tmp_path / "made" / "cells.json"
    assert run("data", "import", kind, source, "--images", pictures, "--split", "train", "--out", out) == 0
    data = load_data_set(out, "train")
    assert data.classes == CLASS_NAMES
    assert data.red_cells == {"RBC"}
    for field, smear in zip(data.images, smears, strict=False):
        height, width = smear.image.shape[:2]
        np.testing.assert_allclose(field.pixel_boxes(width, height), smear.boxes, atol=1.1)
        assert field.labels.tolist() == smear.labels.tolist()
        assert field.path.resolve().parent == pictures.resolve()


def test_a_manifest_is_what_any_coco_reader_reads(tmp_path: Path, data_folder: Path) -> None:
    from faster_coco_eval import COCO

    assert run("data", "import", "yolo", data_folder, "--out", tmp_path / "cells.json") == 0
    coco = COCO(str(tmp_path / "cells.json"))
    assert len(coco.getImgIds()) == 8
    assert {category["name"] for category in coco.loadCats(coco.getCatIds())} == set(CLASS_NAMES)


def test_yolo_keeps_splits_sources_and_groups(tmp_path: Path, data_folder: Path) -> None:
    lines = (data_folder / "manifest.csv").read_text("utf-8").splitlines()
    lines = [f"{lines[0]},group", *(f"{line},slide{number // 4}" for number, line in enumerate(lines[1:]))]
    (data_folder / "manifest.csv").write_text("\n".join(lines), "utf-8")
    (data_folder / "LICENSE").write_text("MIT License\n\nas is", "utf-8")
    assert run("data", "import", "yolo", data_folder, "--out", tmp_path / "cells.json") == 0
    for split in ("train", "val", "test"):
        before, after = load_data_set(data_folder, split), load_data_set(tmp_path / "cells.json", split)
        assert [field.source for field in before.images] == [field.source for field in after.images]
        for old, new in zip(before.images, after.images, strict=True):
            assert new.group == f"{old.source}/{old.group}"
            assert new.labels.tolist() == old.labels.tolist()
            np.testing.assert_allclose(new.boxes, old.boxes, atol=1e-4)
    sources = read_manifest(tmp_path / "cells.json").info.sources
    assert [(source.name, source.images, source.licence) for source in sources] == [
        ("A", 4, "MIT License"),
        ("B", 4, "MIT License"),
    ]


def test_official_splits_of_pascal_voc(tmp_path: Path, pictures: Path, smears: list[RenderedSmear]) -> None:
    source = as_voc(tmp_path / "voc", annotated(smears[:3]))
    lists = source / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("0\n2\n", "utf-8")
    (lists / "test.txt").write_text("1\n", "utf-8")
    (lists / "trainval.txt").write_text("0\n2\n", "utf-8")
    assert run("data", "import", "voc", source, "--images", pictures, "--out", tmp_path / "cells.json") == 0
    assert [field.path.name for field in load_data_set(tmp_path / "cells.json", "train").images] == ["0.png", "2.png"]
    assert [field.path.name for field in load_data_set(tmp_path / "cells.json", "test").images] == ["1.png"]


def test_broken_labels_are_refused_or_left_out_but_never_dropped_in_silence(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "cells.csv"
    table.write_text(
        "filename,cell_type,xmin,ymin,xmax,ymax\n0.png,RBC,10,10,40,40\n0.png,RBC,50,50,50,80\n1.png,RBC,10,10,40,40\n",
        "utf-8",
    )
    arguments = ("data", "import", "csv", table, "--images", pictures, "--split", "train", "--out", tmp_path / "o.json")
    assert run(*arguments) == 2
    assert "line 3 has a box without area" in capsys.readouterr().err
    assert not (tmp_path / "o.json").exists()
    assert run(*arguments, "--skip-broken") == 0
    assert "line 3 has a box without area" in capsys.readouterr().err
    assert [len(field.labels) for field in load_data_set(tmp_path / "o.json", "train").images] == [1, 1]


def test_a_picture_that_is_missing_is_named(
    tmp_path: Path, pictures: Path, smears: list[RenderedSmear], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = as_voc(tmp_path / "voc", annotated(smears))
    (pictures / "0.png").unlink()
    arguments = ("data", "import", "voc", folder, "--images", pictures, "--out", tmp_path / "o.json")
    assert run(*arguments) == 2
    assert "0.png: this image has boxes but is missing; put it back, or name its folder" in capsys.readouterr().err
    assert run(*arguments, "--skip-broken") == 0
    assert "0.png" not in [picture.file_name for picture in read_manifest(tmp_path / "o.json").images]


def test_classes_of_which_none_is_a_red_cell_are_told(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "cells.csv"
    table.write_text("filename,cell_type,xmin,ymin,xmax,ymax\n0.png,Ery,10,10,40,40\n", "utf-8")
    arguments = ("data", "import", "csv", table, "--images", pictures, "--out", tmp_path / "o.json")
    assert run(*arguments) == 0
    assert "None of the classes (Ery) is a red cell" in capsys.readouterr().out
    assert run(*arguments, "--kinds-of", "RBC") == 0
    assert "is a red cell" not in capsys.readouterr().out


def test_a_folder_is_no_manifest(data_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("data", "check", data_folder) == 2
    assert f"make a manifest with 'smearcount-train data import yolo {data_folder}" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["voc", "yolo", "coco", "csv", "points", "classes", "session"])
def test_nothing_to_import_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for source in (tmp_path / "not there", empty):
        assert run("data", "import", form, source, "--out", tmp_path / "o.json") == 2
        error = capsys.readouterr().err
        assert str(source) in error
        assert "Traceback" not in error


def test_a_table_with_other_columns_says_which_it_needs(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "cells.csv"
    table.write_text("filename,cell_type,left,top,right,bottom\n0.png,RBC,10,10,40,40\n", "utf-8")
    assert run("data", "import", "csv", table, "--images", pictures, "--out", tmp_path / "o.json") == 2
    assert f"{table}: there is no column xmin, ymin, xmax, ymax in the first line" in capsys.readouterr().err


def test_points_become_boxes_with_a_quality(
    tmp_path: Path, pictures: Path, smears: list[RenderedSmear], capsys: pytest.CaptureFixture[str]
) -> None:
    labels = tmp_path / "points"
    labels.mkdir()
    for number, smear in enumerate(smears[:3]):
        red = smear.boxes[smear.labels == 0]
        lines = [f"{(x1 + x2) / 2:.0f} {(y1 + y2) / 2:.0f} {place % 2}" for place, (x1, y1, x2, y2) in enumerate(red)]
        (labels / f"{number}.txt").write_text("\n".join(lines), "utf-8")
    (tmp_path / "names").write_text("Normal\nTarget\n", "utf-8")
    out = tmp_path / "cells.json"
    arguments = ("--images", pictures, "--names", tmp_path / "names", "--kinds-of", "RBC", "--split", "train")
    assert run("data", "import", "points", labels, *arguments, "--incomplete", "Normal", "WBC", "--out", out) == 0
    assert "median quality" in capsys.readouterr().out
    data = load_data_set(out, "train")
    assert set(data.classes) == {"WBC", "Normal", "Target"}
    assert data.red_cells == {"Normal", "Target"}
    assert data.images[0].incomplete == {"Normal", "WBC"}
    (tmp_path / "only").write_text("1.png\n", "utf-8")
    (tmp_path / "one name").write_text("Normal\n", "utf-8")
    fewer = ("--only", tmp_path / "only", "--names", tmp_path / "one name")
    assert run("data", "import", "points", labels, "--images", pictures, *fewer, "--out", tmp_path / "one.json") == 0
    assert "has no name for type 1" in capsys.readouterr().out
    assert [image.file_name for image in read_manifest(tmp_path / "one.json").images] == ["photographs/1.png"]
    cells = read_manifest(out).annotations
    assert all(cell.origin == "point" and isinstance(cell.quality, float) and 0 <= cell.quality <= 1 for cell in cells)


def test_a_misspelt_incomplete_class_is_no_new_class(
    tmp_path: Path, data_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("data", "import", "yolo", data_folder, "--incomplete", "Platelts", "--out", tmp_path / "o.json") == 2
    assert "there is no class 'Platelts' to be incomplete" in capsys.readouterr().err


def test_annotations_that_cannot_be_trusted_are_left_out_and_their_class_is_incomplete(
    tmp_path: Path, data_folder: Path
) -> None:
    out = tmp_path / "o.json"
    assert run("data", "import", "yolo", data_folder, "--unreliable", "wbc", "--out", out) == 0
    data = load_data_set(out, "train")
    white = data.classes.index("WBC")
    assert all(field.incomplete == {"WBC"} and len(field.labels) for field in data.images)
    assert not any((field.labels == white).any() for field in data.images)


def test_single_cell_pictures_get_the_box_of_the_cell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = []
    for name, white in (("Lymphocyte", 1), ("RBC", 0)):
        folder = tmp_path / "crops" / name
        folder.mkdir(parents=True)
        for seed in range(4):
            rng = np.random.default_rng(seed)
            smear = render_smear(200, 200, red_cells=1 - white, white_cells=white, diameter=42, rng=rng)
            while not len(smear.boxes):  # less than half of it was inside
                smear = render_smear(200, 200, red_cells=1 - white, white_cells=white, diameter=42, rng=rng)
            x1, y1, x2, y2 = smear.boxes[0].astype(int).tolist()
            left, top = max(x1 - 12, 0), max(y1 - 12, 0)
            crop = smear.image[top : y2 + 12, left : x2 + 12]
            write_picture(crop, folder / f"{seed}.png")
            truth.append((smear.boxes[:1] - np.array([left, top, left, top], np.float32), crop.shape))
    (tmp_path / "crops" / "blank").mkdir()
    write_picture(np.full((50, 60, 3), 230, np.uint8), tmp_path / "crops" / "blank" / "0.png")
    out, crops = tmp_path / "cells.json", tmp_path / "crops"
    assert run("data", "import", "classes", crops, "--kinds-of", "WBC", "--split", "train", "--out", out) == 0
    assert "In 1 images no outline was found" in capsys.readouterr().out
    manifest = read_manifest(out)
    kinds = {item.name: item.supercategory for item in manifest.categories}
    assert kinds == {"RBC": "RBC", "Lymphocyte": "WBC", "blank": "WBC"}
    data = load_data_set(out, "train")
    by_folder = {(field.path.parent.name, field.path.stem): field for field in data.images}
    assert by_folder["blank", "0"].boxes.tolist() == [[0, 0, 1, 1]]
    fields = [by_folder[name, str(seed)] for name in ("Lymphocyte", "RBC") for seed in range(4)]
    overlap = [
        float(iou_matrix(field.pixel_boxes(width, height), real)[0, 0])
        for field, (real, (height, width, _)) in zip(fields, truth, strict=True)
    ]
    assert min(overlap) > 0.6
    assert np.median(overlap) > 0.9


def reviewed(counts: dict[str, int]) -> ValueChange:
    return ValueChange(Subject.REVIEW, 1, counts)


def test_a_session_gives_its_reviewed_pictures_with_corrections(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    boxes = np.array([[10, 10, 40, 40], [60, 60, 90, 90]], np.float32)
    found = Detections.from_model(boxes, np.array([0.9, 0.8], np.float32), np.array([0, 0], np.int32))
    with Session.create(tmp_path / "s.smearcount") as session:
        images = session.images.add(sorted(pictures.iterdir())[:2])
        session.settings.set_counting(CountSettings(dict.fromkeys(CLASS_NAMES, 0.5)), CLASS_NAMES)
        for image in images:
            ids = found.numbered_from(session.detections.new_ids(2))
            stored = StoredDetections(ids, CLASS_NAMES, 30.0, 1.0, "model", "ab")
            session.detections.set_counted(
                image.id, stored, width=200, height=160, seconds=0.1, notices=(), stamp=stamp_of(image.path)
            )
        added = Cell("WBC", (100.0, 100.0, 150.0, 150.0), 1.0, Origin.PERSON)
        change = CellChange(session.detections.new_ids(1), None, added)
        session.edits.record(Edit(images[0].id, "add", (change,), (reviewed({}),)), "somebody")
    out = tmp_path / "cells.json"
    assert run("data", "import", "session", tmp_path / "s.smearcount", "--split", "train", "--out", out) == 0
    assert "1 images are not marked as reviewed as they count now" in capsys.readouterr().out
    data = load_data_set(out, "train")
    (field,) = data.images
    assert [data.classes[label] for label in field.labels] == ["RBC", "RBC", "WBC"]
    assert [cell.origin for cell in read_manifest(out).annotations] == ["model", "model", "person"]
    with Session.open(tmp_path / "s.smearcount") as session:
        earlier = reviewed({"RBC": 5, "WBC": 1, "Platelets": 0})  # it counted otherwise then
        session.edits.record(Edit(images[0].id, "Mark reviewed", values=(earlier,)), "somebody")
    assert run("data", "import", "session", tmp_path / "s.smearcount", "--split", "train", "--out", out) != 0
    assert "there is no image with annotations that can be used" in capsys.readouterr().err
    assert (
        run("data", "import", "session", tmp_path / "s.smearcount", "--unreviewed", "--split", "train", "--out", out)
        == 0
    )
    assert len(load_data_set(out, "train").images) == 2


def test_other_json_is_no_manifest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, text, expected in (
        ("coco", json.dumps({"images": [], "annotations": [], "categories": []}), "not a manifest"),
        ("newer", json.dumps({"info": {"smearcount_manifest": 9}}), "made by a newer SmearCount"),
        ("half", '{"info": ', "the JSON is damaged"),
    ):
        (tmp_path / f"{name}.json").write_text(text, "utf-8")
        assert run("data", "check", tmp_path / f"{name}.json") == 2
        assert expected in capsys.readouterr().err
