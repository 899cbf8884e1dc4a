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


MIDDLES = ("qupath", "qupath of many", "cvat", "labelme", "imagej")


def marked(kind: str, folder: Path, points: list[list[float]], size: tuple[int, int]) -> tuple[str, Path]:
    """Write points as a tool does; return the name of the format and the file."""
    if kind.startswith("qupath"):
        whole = {"type": "MultiPoint", "coordinates": points}
        shapes = [whole] if "many" in kind else [{"type": "Point", "coordinates": point} for point in points]
        named = {"classification": {"name": "RBC"}}
        features = [{"type": "Feature", "geometry": shape, "properties": named} for shape in shapes]
        (folder / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        return "qupath", folder / "a.geojson"
    if kind == "labelme":
        shapes = [{"label": "RBC", "shape_type": "point", "points": [point]} for point in points]
        document = {"imagePath": "a.png", "imageWidth": size[0], "imageHeight": size[1], "shapes": shapes}
        (folder / "a.json").write_text(json.dumps(document))
        return kind, folder / "a.json"
    if kind == "cvat":
        shapes = "".join(f'<points label="RBC" points="{x},{y}"/>' for x, y in points)
        image = f'<image id="0" name="a.png" width="{size[0]}" height="{size[1]}">{shapes}</image>'
        (folder / "a.xml").write_text(f"<annotations>{image}</annotations>")
        return kind, folder / "a.xml"
    markers = "".join(f"<Marker><MarkerX>{x}</MarkerX><MarkerY>{y}</MarkerY></Marker>" for x, y in points)
    (folder / "a.xml").write_text(
        "<CellCounter_Marker_File><Image_Properties><Image_Filename>a.png</Image_Filename></Image_Properties>"
        f"<Marker_Data><Marker_Type><Type>1</Type><Name>RBC</Name>{markers}</Marker_Type></Marker_Data>"
        "</CellCounter_Marker_File>"
    )
    return kind, folder / "a.xml"


@pytest.mark.parametrize("kind", MIDDLES)
def test_points_of_every_tool_become_boxes_and_that_is_said(
    tmp_path: Path, smears: list[RenderedSmear], kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    smear = smears[0]
    (tmp_path / "images").mkdir()
    write_picture(smear.image, tmp_path / "images" / "a.png")
    red = smear.boxes[smear.labels == 0]
    points = [[round((x1 + x2) / 2), round((y1 + y2) / 2)] for x1, y1, x2, y2 in red.tolist()]
    again = [points[0][0] + 1, points[0][1]]
    height, width = smear.image.shape[:2]
    form, file = marked(kind, tmp_path, [*points, again], (width, height))
    out = tmp_path / "cells.json"
    assert run("data", "import", form, file, "--images", tmp_path / "images", "--out", out) == 0
    cells = read_manifest(out).annotations
    assert len(cells) == len(points)
    assert {cell.origin for cell in cells} == {"point"}
    said = " ".join(capsys.readouterr().out.split())
    assert f"{len(points)} cells of 1 image (a.png) are marked with points: their boxes were found in the image" in said
    assert f"1 point marks a cell that has one already, and is left out: a.png ({again[0]}, {again[1]})" in said


def test_corners_that_were_sorted_do_not_stop_an_import(
    tmp_path: Path, smears: list[RenderedSmear], capsys: pytest.CaptureFixture[str]
) -> None:
    write_picture(smears[0].image, tmp_path / "a.png")
    (tmp_path / "a.csv").write_text("image_path,xmin,ymin,xmax,ymax,label\na.png,60,70,20,30,RBC\n")
    out = tmp_path / "cells.json"
    assert run("data", "import", "csv", tmp_path / "a.csv", "--out", out) == 0
    assert read_manifest(out).annotations[0].bbox == (20, 30, 40, 40)
    assert "corners swapped, which were sorted" in " ".join(capsys.readouterr().out.split())
    (tmp_path / "a.csv").write_text("image_path,xmin,ymin,xmax,ymax,label\na.png,60,x,20,30,RBC\n")
    assert run("data", "import", "csv", tmp_path / "a.csv", "--out", out) == 2
    shape = {"label": "RBC", "shape_type": "rectangle", "points": [[60, 70], [20, 30]]}
    (tmp_path / "a.json").write_text(json.dumps({"imagePath": "a.png", "shapes": [shape]}))
    capsys.readouterr()
    assert run("data", "import", "labelme", tmp_path / "a.json", "--out", out) == 0
    assert "swapped" not in capsys.readouterr().out


def test_a_crowd_of_coco_makes_its_class_incomplete_in_that_image(
    tmp_path: Path, smears: list[RenderedSmear], capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("RBC", "WBC", "Platelets")
    images, cells = [], []
    for number, smear in enumerate(smears[:2], start=1):
        write_picture(smear.image, tmp_path / f"{number}.png")
        height, width = smear.image.shape[:2]
        images.append({"id": number, "file_name": f"{number}.png", "width": width, "height": height})
        for label, (x1, y1, x2, y2) in zip(smear.labels.tolist(), smear.boxes.tolist(), strict=True):
            box = [x1, y1, x2 - x1, y2 - y1]
            cells.append({"image_id": number, "category_id": label, "bbox": box, "iscrowd": 0})
    cells.append({"image_id": 2, "category_id": 0, "bbox": [0, 0, 200, 150], "iscrowd": 1})
    cells = [{"id": number, **cell} for number, cell in enumerate(cells)]
    categories = [{"id": number, "name": name} for number, name in enumerate(names)]
    document = {"images": images, "annotations": cells, "categories": categories}
    (tmp_path / "cells.coco.json").write_text(json.dumps(document), encoding="utf-8")
    out = tmp_path / "out" / "cells.json"
    out.parent.mkdir()
    assert run("data", "import", "coco", tmp_path / "cells.coco.json", "--out", out) == 0
    said = " ".join("".join(capsys.readouterr()).split())
    assert "marks a crowd of cells (iscrowd)" in said
    assert "1 image (2.png) has crowds" in said
    manifest = read_manifest(out)
    assert [image.incomplete for image in manifest.images] == [[], ["RBC"]]
    assert len(manifest.annotations) == len(cells) - 1
