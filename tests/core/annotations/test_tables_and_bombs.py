"""Tables of other programs, and files that could do harm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.core.annotations.annotation_builders import one, put

if TYPE_CHECKING:
    from pathlib import Path


from tests.core.annotations.tool_builders import BOX, read


@pytest.mark.parametrize(
    "text",
    [
        "image_path,xmin,ymin,xmax,ymax,label\nimages/a.jpg,10,20,110,90,RBC\n",
        ",image_path,xmin,ymin,xmax,ymax,label\n0,a.jpg,10,20,110,90,RBC\n",
        "path,x1,y1,x2,y2,class_name\n/data/a.jpg,10,20,110,90,RBC\n",
        "/data/a.jpg,10,20,110,90,RBC\n",
        "filename,width,height,class,xmin,ymin,xmax,ymax\na.jpg,640,480,RBC,10,20,110,90\n",
    ],
)
def test_tables_of_deepforest_torchvision_and_roboflow_are_read(tmp_path: Path, text: str):
    image = one(read(put(tmp_path / "a.csv", text)))
    assert image.names == ("RBC",)
    assert image.boxes.tolist() == [BOX]


def test_a_table_without_a_header_may_have_images_without_cells(tmp_path: Path):
    found = read(put(tmp_path / "a.csv", "b.jpg,,,,,\na.jpg,10,20,110,90,RBC\n"), images=("a.jpg", "b.jpg"))
    assert sorted(len(image) for image in found.images) == [0, 1]


def test_entity_bombs_are_refused_in_every_xml(tmp_path: Path):
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    for root in ("annotation", "annotations", "CellCounter_Marker_File"):
        text = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "lol">{levels}]><{root}>&l9;</{root}>'
        (notice,) = read(put(tmp_path / "a.xml", text)).notices
        assert "declares a document type or entities" in notice


def test_yaml_bombs_are_no_class_list(tmp_path: Path):
    rows = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    rows += [
        f"{after}: &{after} [{', '.join([f'*{name}'] * 9)}]" for name, after in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    put(tmp_path / "data.yaml", "\n".join([*rows, "names: *i"]))
    found = read(put(tmp_path / "a.txt", "0 0.5 0.5 0.1 0.1\n"))
    assert found.images == ()
    assert "the class names are not a plain list" in found.notices[0]


@pytest.mark.parametrize(
    "text",
    [
        "image_path,xmin,ymin,xmax,ymax,label\na.jpg,0.1,0.2,0.25,0.4,RBC\na.jpg,0.1,0.1,0.9,0.9,RBC\n",
        "filename;cell_type;xmin;ymin;xmax;ymax\na.jpg;RBC;0,1;0,2;0,25;0,4\n",
    ],
)
def test_fractions_in_a_table_of_pixels_are_called_so(tmp_path: Path, text: str):
    found = read(put(tmp_path / "a.csv", text))
    assert "line 2 has its corners in fractions of the image's size; export them in pixels" in found.notices[0]
    assert found.images == ()


def test_swapped_corners_are_a_remark_and_what_is_left_out_is_not(tmp_path: Path):
    rows = "a.jpg,110,90,10,20,RBC\na.jpg,5,5,x,9,RBC\n"
    found = read(put(tmp_path / "a.csv", f"image_path,xmin,ymin,xmax,ymax,label\n{rows}"))
    assert found.images[0].boxes.tolist() == [BOX]
    assert ["corners swapped" in text for text in found.notices] == [True, False]
    assert found.remarks == found.notices[:1]
