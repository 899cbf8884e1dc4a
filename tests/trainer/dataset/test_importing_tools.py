"""Importing what other programs export: their folders, their names of images, and images that a camera turned."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from core.annotations.base import AnnotatedImage
from core.annotations.formats.qupath import write_geojson
from core.annotations.formats.voc import write_voc
from core.report.formats.annotated import write_picture
from trainer.cli.main import main
from trainer.dataset.load import load_data_set
from trainer.dataset.manifest import read_manifest

if TYPE_CHECKING:
    from pathlib import Path

    from core.imaging.synthetic import RenderedSmear

HASHES = ("0a1b2c3d4e5f60718293a4b5c6d7e8f9", "1b2c3d4e5f60718293a4b5c6d7e8f90a", "2c3d4e5f60718293a4b5c6d7e8f90a1b")
FOLDERS = {"train": "train", "valid": "val", "test": "test"}


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def label_lines(smear: RenderedSmear) -> str:
    height, width = smear.image.shape[:2]
    lines: list[str] = []
    for label, (x1, y1, x2, y2) in zip(smear.labels.tolist(), smear.boxes.tolist(), strict=True):
        values = (x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height
        lines.append(" ".join([str(label), *(f"{value:.6f}" for value in values)]))
    return "\n".join(lines)


def image_of(smear: RenderedSmear, name: str) -> AnnotatedImage:
    height, width = smear.image.shape[:2]
    names = tuple(("RBC", "WBC", "Platelets")[label] for label in smear.labels)
    return AnnotatedImage(name, width, height, smear.boxes.copy(), names)


def splits_of(manifest: Path) -> dict[str, Any]:
    return {picture.file_name.rpartition("/")[2]: picture.split for picture in read_manifest(manifest).images}


def test_a_yolo_folder_of_roboflow_keeps_its_split(tmp_path: Path, smears: list[RenderedSmear]) -> None:
    """Two of the images have one name: Roboflow's hash tells them apart, but folders do where a person renames."""
    source = tmp_path / "blood.v1i.yolov8"
    for folder, smear, digest in zip(FOLDERS, smears, HASHES, strict=False):
        name = f"field-1_jpg.rf.{digest}" if folder != "test" else "field-1"
        for inner in ("images", "labels"):
            (source / folder / inner).mkdir(parents=True)
        write_picture(smear.image, source / folder / "images" / f"{name}.png")
        (source / folder / "labels" / f"{name}.txt").write_text(label_lines(smear), encoding="utf-8")
    (source / "data.yaml").write_text(
        "train: ../train/images\nval: ../valid/images\ntest: ../test/images\n\nnc: 3\n"
        "names: ['RBC', 'WBC', 'Platelets']\n\nroboflow:\n  workspace: lab\n  version: 1\n",
        encoding="utf-8",
    )
    (source / "README.roboflow.txt").write_text("blood - v1\n==========\n", encoding="utf-8")
    assert run("data", "import", "yolo", source, "--out", tmp_path / "cells.json") == 0
    for (_, split), smear in zip(FOLDERS.items(), smears, strict=False):
        (field,) = load_data_set(tmp_path / "cells.json", split).images
        height, width = smear.image.shape[:2]
        np.testing.assert_allclose(field.pixel_boxes(width, height), smear.boxes, atol=0.01)


def test_a_coco_folder_of_roboflow_keeps_its_split(tmp_path: Path, smears: list[RenderedSmear]) -> None:
    source = tmp_path / "set"
    for folder, smear in zip(FOLDERS, smears, strict=False):
        (source / folder).mkdir(parents=True)
        write_picture(smear.image, source / folder / "field-1.png")
        height, width = smear.image.shape[:2]
        cells = [
            {"id": number, "image_id": 0, "category_id": int(label) + 1, "bbox": [x1, y1, x2 - x1, y2 - y1]}
            for number, (label, (x1, y1, x2, y2)) in enumerate(zip(smear.labels, smear.boxes.tolist(), strict=True))
        ]
        document = {
            "images": [{"id": 0, "file_name": "field-1.png", "width": width, "height": height}],
            "annotations": cells,
            "categories": [
                {"id": number, "name": name} for number, name in enumerate(("cells", "RBC", "WBC", "Platelets"))
            ],
        }
        (source / folder / "_annotations.coco.json").write_text(json.dumps(document), encoding="utf-8")
    assert run("data", "import", "coco", source, "--out", tmp_path / "cells.json") == 0
    for (_, split), smear in zip(FOLDERS.items(), smears, strict=False):
        (field,) = load_data_set(tmp_path / "cells.json", split).images
        assert len(field.labels) == len(smear.boxes)


def test_labels_of_two_folders_go_to_the_images_of_theirs(tmp_path: Path, smears: list[RenderedSmear]) -> None:
    for folder, smear in zip("AB", smears, strict=False):
        (tmp_path / "images" / folder).mkdir(parents=True)
        write_picture(smear.image, tmp_path / "images" / folder / "a.png")
        write_voc(tmp_path / "labels" / folder, [image_of(smear, "a.png")])
    out = tmp_path / "cells.json"
    assert run("data", "import", "voc", tmp_path / "labels", "--images", tmp_path / "images", "--out", out) == 0
    manifest = read_manifest(out)
    counts = {
        picture.file_name: sum(cell.image_id == picture.id for cell in manifest.annotations)
        for picture in manifest.images
    }
    assert counts == {f"images/{folder}/a.png": len(smear.boxes) for folder, smear in zip("AB", smears, strict=False)}


def test_objects_of_qupath_and_regions_of_imagej_become_a_manifest(tmp_path: Path, smears: list[RenderedSmear]) -> None:
    smear = smears[0]
    (tmp_path / "images").mkdir()
    write_picture(smear.image, tmp_path / "images" / "a.png")
    write_geojson(tmp_path / "qupath", [image_of(smear, "a.png")])
    out = tmp_path / "cells.json"
    assert (
        run(
            "data",
            "import",
            "qupath",
            tmp_path / "qupath",
            "--images",
            tmp_path / "images",
            "--split",
            "train",
            "--out",
            out,
        )
        == 0
    )
    (field,) = load_data_set(out, "train").images
    height, width = smear.image.shape[:2]
    np.testing.assert_allclose(field.pixel_boxes(width, height), smear.boxes, atol=0.01)


def test_markers_of_imagej_become_boxes_that_are_found_in_the_image(
    tmp_path: Path, smears: list[RenderedSmear]
) -> None:
    smear = smears[0]
    (tmp_path / "images").mkdir()
    write_picture(smear.image, tmp_path / "images" / "a.png")
    red = smear.boxes[smear.labels == 0]
    markers = "".join(
        f"<Marker><MarkerX>{(x1 + x2) / 2:.0f}</MarkerX><MarkerY>{(y1 + y2) / 2:.0f}</MarkerY></Marker>"
        for x1, y1, x2, y2 in red.tolist()
    )
    kinds = f"<Marker_Type><Type>1</Type><Name>RBC</Name>{markers}</Marker_Type>"
    text = (
        "<CellCounter_Marker_File><Image_Properties><Image_Filename>a.png</Image_Filename></Image_Properties>"
        f"<Marker_Data>{kinds}</Marker_Data></CellCounter_Marker_File>"
    )
    (tmp_path / "CellCounter_a.xml").write_text(text, encoding="utf-8")
    out = tmp_path / "cells.json"
    assert (
        run(
            "data",
            "import",
            "imagej",
            tmp_path / "CellCounter_a.xml",
            "--images",
            tmp_path / "images",
            "--split",
            "train",
            "--out",
            out,
        )
        == 0
    )
    manifest = read_manifest(out)
    assert len(manifest.annotations) == len(red)
    assert {cell.origin for cell in manifest.annotations} == {"point"}
    sides = np.array([cell.bbox[2:] for cell in manifest.annotations])
    assert np.median(sides) == pytest.approx(np.median(red[:, 2:] - red[:, :2]), rel=0.3)


@pytest.fixture
def turned(tmp_path: Path, smears: list[RenderedSmear]) -> Path:
    """Return a folder with a YOLO set of one image that lies on its side, labelled on the rows as they are stored."""
    folder, smear = tmp_path / "set", smears[0]
    for inner in ("images", "labels"):
        (folder / inner).mkdir(parents=True)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(smear.image).save(folder / "images" / "a.jpg", exif=exif)
    (folder / "labels" / "a.txt").write_text(label_lines(smear), encoding="utf-8")
    (folder / "classes.txt").write_text("RBC\nWBC\nPlatelets\n", encoding="utf-8")
    return folder


def test_images_that_lie_on_their_side_are_told_and_can_be_read_as_stored(
    tmp_path: Path, turned: Path, smears: list[RenderedSmear], capsys: pytest.CaptureFixture[str]
) -> None:
    out, smear = tmp_path / "cells.json", smears[0]
    assert run("data", "import", "yolo", turned, "--split", "train", "--out", out) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "turned 1 image (a.jpg)" in said
    assert "--rows upright or --rows stored" in said
    assert run("data", "import", "yolo", turned, "--split", "train", "--rows", "stored", "--out", out) == 0
    (field,) = load_data_set(out, "train").images
    height, width = smear.image.shape[:2]
    x1, y1, x2, y2 = smear.boxes.T
    upright = np.stack([height - y2, x1, height - y1, x2], axis=1)
    np.testing.assert_allclose(field.pixel_boxes(height, width), upright, atol=0.02)


def test_images_that_stand_upright_are_not_spoken_of(
    tmp_path: Path, turned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Image.open(turned / "images" / "a.jpg") as image:
        image.save(tmp_path / "a.jpg", exif=Image.Exif())
    shutil.move(tmp_path / "a.jpg", turned / "images" / "a.jpg")
    assert run("data", "import", "yolo", turned, "--out", tmp_path / "cells.json") == 0
    assert "--rows" not in capsys.readouterr().out
