"""Which image an annotation is about, also after other programs gave one of the two another name."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import tifffile

from core.annotations.base import AnnotatedImage
from core.exchange.import_plan import FoundAnnotations, ImportPlan, Use, read_for_session
from core.exchange.match_images import ImageIndex, ListedImage, ReadingStopped, image_info
from core.imaging.reading import read_image

SIZE = (640, 480)
ELSEWHERE = Path("/elsewhere/all.json")


def index(*paths: str, chosen: dict[str, int] | None = None) -> ImageIndex:
    return ImageIndex([ListedImage(number, Path(path), SIZE) for number, path in enumerate(paths)], chosen or {})


def found(name: str, *paths: str, file: Path = ELSEWHERE) -> list[str]:
    return [str(info.path) for info in index(*paths)(name, file)]


@pytest.mark.parametrize(
    ("name", "image"),
    [
        # Label Studio: a part of a hash before the name, blanks as underscores
        ("2f3a9c1e-field_1.jpg", "field 1.jpg"),
        ("/data/upload/3/2f3a9c1e-field-1.jpg", "field-1.jpg"),
        ("2f3a9c1e-field-1", "field-1.jpg"),
        ("/data/local-files/?d=slides/field%201.jpg", "field 1.jpg"),
        ("http://localhost:8080/data/upload/3/2f3a9c1e-field_1.jpg", "field 1.jpg"),
        # Roboflow: the suffix in the name, and a hash after it
        ("field-1_jpg.rf.0a1b2c3d4e5f60718293a4b5c6d7e8f9.jpg", "field 1.jpg"),
        ("field_1_JPG.rf.0a1b2c3d4e5f60718293a4b5c6d7e8f9", "field_1.JPG"),
        ("slide-2-v3_tiff.rf.kJ3mN8pQ2rS5tU7v.jpg", "slide 2.v3.tiff"),
        ("field 1.jpg", "field-1_jpg.rf.0a1b2c3d4e5f60718293a4b5c6d7e8f9.jpg"),
        ("field_1.jpg", "2f3a9c1e-field_1.jpg"),
        # escapes of web addresses
        ("field%201.jpg", "field 1.jpg"),
        ("slides%2Ffield%201.jpg", "field 1.jpg"),
        ("%E8%A1%80.jpg", "血.jpg"),
        ("field 1.jpg", "field%201.jpg"),
        ("100%.jpg", "100%.jpg"),
    ],
)
def test_renamed_images_are_matched(name: str, image: str) -> None:
    assert found(name, f"/x/{image}", "/x/other.jpg") == [f"/x/{image}"]


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("field_1.jpg", "field 1.jpg"),  # two photographs may well be called so
        ("field (1).jpg", "field 1.jpg"),
        ("2f3a9c1e-a.jpg", "9b8c7d6e-a.jpg"),  # two uploads
        ("a_jpg.rf.0a1b2c3d4e5f60718293a4b5c6d7e8f9.jpg", "a_jpg.rf.f9e8d7c6b5a493827160f5e4d3c2b1a0.jpg"),
        ("20240131-a.jpg", "a.jpg"),
        ("a_jpg.rf.jpg", "a.jpg"),
    ],
)
def test_names_that_are_only_alike_are_not_matched(name: str, image: str) -> None:
    assert found(name, f"/x/{image}") == []


def test_the_very_name_goes_before_a_guess() -> None:
    renamed = "a_jpg.rf.0a1b2c3d4e5f60718293a4b5c6d7e8f9.jpg"
    assert found(renamed, "/x/a.jpg", f"/x/{renamed}") == [f"/x/{renamed}"]
    assert found("a%20b.jpg", "/x/a b.jpg", "/x/a%20b.jpg") == ["/x/a%20b.jpg"]


@pytest.mark.parametrize(
    ("file", "image"),
    [
        ("/set/labels/A/a.txt", "/set/images/A/a.jpg"),
        ("/set/labels/B/a.txt", "/set/images/B/a.jpg"),
        ("/set/A/labels/a.txt", "/set/images/A/a.jpg"),
        ("/B/a.txt", "/set/images/B/a.jpg"),
    ],
)
def test_two_images_of_one_name_are_told_apart_by_their_folders(file: str, image: str) -> None:
    assert found("a", "/set/images/A/a.jpg", "/set/images/B/a.jpg", file=Path(file)) == [image]


def test_the_folders_of_the_splits_tell_images_apart() -> None:
    paths = ("/robo/train/images/a.jpg", "/robo/valid/images/a.jpg", "/robo/test/images/a.jpg")
    for path in paths:
        file = Path(path.replace("images", "labels")).with_suffix(".txt")
        assert found("a", *paths, file=file) == [path]


def test_images_that_cannot_be_told_apart_are_all_named() -> None:
    assert found("a.jpg", "/x/A/a.jpg", "/x/B/a.jpg") == ["/x/A/a.jpg", "/x/B/a.jpg"]


def test_labels_of_one_name_in_two_folders_are_two_images(tmp_path: Path) -> None:
    for folder, number in (("A", 1), ("B", 2)):
        labels = tmp_path / "labels" / folder
        labels.mkdir(parents=True)
        (labels / "a.txt").write_text("0 0.5 0.5 0.1 0.1\n" * number, encoding="utf-8")
    (tmp_path / "classes.txt").write_text("RBC\n", encoding="utf-8")
    images = index(f"{tmp_path}/images/A/a.jpg", f"{tmp_path}/images/B/a.jpg")
    read = read_for_session([tmp_path / "labels"], images, ["RBC"])
    assert [(image.image_id, len(image)) for image in read.images] == [(0, 1), (1, 2)]
    assert read.notices == ()


def test_the_user_says_which_image_a_name_means(tmp_path: Path) -> None:
    for name in ("RoiSet", "a"):
        (tmp_path / f"{name}.txt").write_text("0 0.5 0.5 0.1 0.1\n", encoding="utf-8")
    (tmp_path / "classes.txt").write_text("RBC\n", encoding="utf-8")
    paths = ("/x/A/a.jpg", "/x/B/a.jpg", "/x/c.jpg")
    read = read_for_session([tmp_path], index(*paths), ["RBC"])
    assert set(read.unmatched) == {"RoiSet", "a"}
    assert "2 annotated images are not in this session" in read.summary()
    read = read_for_session([tmp_path], index(*paths, chosen={"RoiSet": 2, "a": 1}), ["RBC"])
    assert {image.file_name: image.image_id for image in read.images} == {"RoiSet": 2, "a": 1}
    assert read.unmatched == read.notices == ()


def test_two_names_of_one_image_are_told_and_the_surer_is_used(tmp_path: Path) -> None:
    rows = ["filename,cell_type,xmin,ymin,xmax,ymax", "2f3a9c1e-a.jpg,RBC,1,2,30,40", "a.jpg,WBC,1,2,30,40"]
    (tmp_path / "a.csv").write_text("\n".join(rows), encoding="utf-8")
    read = read_for_session([tmp_path / "a.csv"], index("/x/a.jpg"), ["RBC", "WBC"])
    assert [image.names for image in read.images] == [("WBC",)]
    assert read.notices == (
        "2f3a9c1e-a.jpg: its image has boxes from a.jpg already, which are used; import one of them.",
    )


def test_reading_stops_when_it_is_no_longer_wanted() -> None:
    stopped = threading.Event()
    images = ImageIndex([ListedImage(1, Path("/x/a.jpg"), SIZE)], stopped=stopped)
    assert images("a", ELSEWHERE)
    stopped.set()
    with pytest.raises(ReadingStopped):
        images("a", ELSEWHERE)


# What a replacement takes away


def plan(tmp_path: Path, *rows: str, mapping: dict[str, str | None] | None = None) -> ImportPlan:
    header = "filename,cell_type,xmin,ymin,xmax,ymax"
    (tmp_path / "a.csv").write_text("\n".join([header, *rows]), encoding="utf-8")
    found = read_for_session([tmp_path / "a.csv"], index("/x/a.jpg", "/x/b.jpg"), ["RBC"])
    return ImportPlan(found, Use.REPLACE, ("RBC",), mapping or {})


def test_a_replacement_by_as_many_cells_or_more_needs_no_word(tmp_path: Path) -> None:
    wanted = plan(tmp_path, "a.jpg,RBC,10,20,30,40", "a.jpg,RBC,50,20,70,40")
    assert wanted.losses({0: 2}) == wanted.losses({0: 1}) == wanted.losses({}) == ""


def test_fewer_cells_are_told_with_what_was_refused_before_anything_is_replaced(tmp_path: Path) -> None:
    rows = ["a.jpg,RBC,10,20,30,40", "a.jpg,RBC,x,20,70,40", "a.jpg,Blast,90,20,110,40", "b.jpg,RBC,10,20,30,40"]
    wanted = plan(tmp_path, *rows)
    assert wanted.losses({0: 3, 1: 1}) == (
        "1 image will have fewer cells than now: a.jpg (3 → 1). 1 box of its file could not be used; see the notices "
        "above. 1 box is of a class that is left out."
    )
    assert "line 3 has a coordinate that is not a number" in wanted.found.notices[0]
    assert plan(tmp_path, *rows, mapping={"Blast": "RBC"}).losses({0: 2, 1: 5}).startswith("1 image will have")


def test_an_image_of_which_nothing_could_be_used_is_not_replaced_at_all(tmp_path: Path) -> None:
    wanted = plan(tmp_path, "a.jpg,RBC,10,20,x,40", "b.jpg,RBC,10,20,30,40")
    assert [image.file_name for image in wanted.found.images] == ["b.jpg"]
    assert len(wanted.found.notices) == 1


def test_an_empty_import_says_so() -> None:
    nothing = ImportPlan(FoundAnnotations(()), Use.ADD, ("RBC",), {})
    assert nothing.problem == "There is nothing to import."
    assert isinstance(nothing.found.images, tuple)
    assert not any(isinstance(image, AnnotatedImage) for image in nothing.found.images)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("thumbnail", ["none", "first", "flagged"])
def test_the_size_of_a_tiff_is_that_of_the_image_that_is_read(tmp_path: Path, thumbnail: str, orientation: int):
    pixels = np.random.default_rng(1).integers(0, 255, (60, 80, 3)).astype(np.uint8)
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        if thumbnail != "none":
            small = np.ascontiguousarray(pixels[::4, ::4])
            writer.write(small, photometric="rgb", metadata=None, subfiletype=int(thumbnail == "flagged"))
        writer.write(pixels, photometric="rgb", metadata=None, extratags=[(274, "H", 1, orientation, True)])
    image, info = read_image(tmp_path / "a.tif"), image_info(tmp_path / "a.tif")
    assert info.size == (image.width, image.height) == ((60, 80) if orientation in (6, 8) else (80, 60))
    assert info.orientation == orientation


def test_points_are_not_called_boxes(tmp_path: Path):
    markers = "<Marker><MarkerX>20</MarkerX><MarkerY>30</MarkerY></Marker>" * 2
    (tmp_path / "a.xml").write_text(
        "<CellCounter_Marker_File><Image_Properties><Image_Filename>a.jpg</Image_Filename></Image_Properties>"
        f"<Marker_Data><Marker_Type><Type>1</Type><Name>RBC</Name>{markers}</Marker_Type></Marker_Data>"
        "</CellCounter_Marker_File>"
    )
    annotations = read_for_session([tmp_path], index("/slides/a.jpg"), ("RBC",))
    assert annotations.summary() == "1 image, 2 points: RBC 2."
    assert "as ground truth only" in ImportPlan(annotations, Use.ADD, ("RBC",), {}).problem
