"""Class lists of YOLO data sets, and class names as other programs write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.annotations.formats.yolo import yaml_names
from core.classes import canonical_class

if TYPE_CHECKING:
    from pathlib import Path


from tests.core.annotations.annotation_builders import CLASSES, image_of, one, put, read, sizes_of


@pytest.mark.parametrize("above", ["", "..", "../.."])
def test_the_class_list_may_lie_beside_or_above(tmp_path: Path, above: str):
    labels = tmp_path / "set" / "labels" / "train"
    put(labels / "a.txt", "1 0.5 0.5 0.25 0.5\r\n\r\n0 0.5 0.5 0.1 0.1 0.75\r\n")
    put(labels / above / "classes.txt", "\ufeffleukocyte\r\nMy class\r\n\r\n")
    image = one(read(labels / "a.txt"))
    assert image.names == ("My class", "WBC")
    np.testing.assert_allclose(image.boxes, [[240, 120, 400, 360], [288, 216, 352, 264]], atol=1e-3)
    assert image.scores is not None
    np.testing.assert_allclose(image.scores, [1, 0.75])


@pytest.mark.parametrize(
    "text",
    [
        "names: [WBC, 'My class', \"RBC\"]\n",
        "nc: 3\r\nnames:  # three\r\n  - WBC\r\n  - 'My class'  # mine\r\n\r\n  - RBC\r\ntrain: images\r\n",
        "names:\n- WBC\n# mine\n- My class\n- RBC\n",
        "path: .\nnames:\n  0: WBC\n  1: My class\n  2: 'RBC'\nother:\n  3: x\n",
        "names: {0: WBC, 1: 'My class', 2: RBC}",
    ],
)
def test_plain_yaml_names_the_classes(tmp_path: Path, text: str):
    assert yaml_names(text.replace("\r", "")) == ["WBC", "My class", "RBC"]
    put(tmp_path / "data.yaml", text)
    assert one(read(put(tmp_path / "a.txt", "1 0.5 0.5 0.25 0.5"))).names == ("My class",)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", []),
        ("nc: 3", []),
        ("names: &x\n  - a", ["a"]),
        ("names: [a,\n  b]", ["a", "b"]),
        ("names: ['a, b', NO, 1]", ["a, b", "NO", "1"]),
        ("names: [RBC, WBC]\ntrain: !!python/object/apply:os.abort []", ["RBC", "WBC"]),
    ],
)
def test_yaml_names_classes_as_they_are_written(text: str, names: list[str]):
    assert yaml_names(text) == names


@pytest.mark.parametrize(
    "text",
    ["names: []", "names: RBC", "names:\n  1: a", "names:\n  - a\n  - [b]", "names:\n  - a\n  c: d", "[" * 5000, "\t"],
)
def test_yaml_without_a_list_of_names_is_refused(text: str):
    with pytest.raises(ValueError, match=r"."):
        yaml_names(text)


def test_without_a_class_list_numbers_stand_for_the_known_classes_and_this_is_said(tmp_path: Path):
    put(tmp_path / "a.txt", "2 0.5 0.5 0.25 0.5")
    put(tmp_path / "b.txt", "0 0.5 0.5 0.25 0.5\n3 0.5 0.5 0.25 0.5")
    found = read(tmp_path)
    assert [image.names for image in found.images] == [("Platelets",), ("RBC",)]
    default, unknown = found.notices
    assert "0 RBC, 1 WBC, 2 Platelets" in default
    assert unknown.startswith(f"{tmp_path / 'b.txt'}: line 2 has the class number 3")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [("classes.txt", b"\xff\xfe\xff", "cannot be read"), ("data.yaml", b"names: *classes\n", "not a plain list")],
)
def test_a_class_list_that_cannot_be_used_is_not_replaced_by_a_guess(
    tmp_path: Path, name: str, content: bytes, said: str
):
    put(tmp_path / name, content)
    found = read(put(tmp_path / "a.txt", "2 0.5 0.5 0.25 0.5"))
    assert found.images == ()
    about_list, about_line = found.notices
    assert about_list.startswith(f"{tmp_path / name}: the class names")
    assert said in about_list
    assert f"line 1 has the class number 2, which {tmp_path / name} does not name" in about_line


def test_labels_of_pictures_that_are_not_open_are_skipped_in_one_sentence(tmp_path: Path):
    for name in "abcdefgh":
        put(tmp_path / f"{name}.txt", "0 0.5 0.5 0.25 0.5")
    put(tmp_path / "classes.txt", "RBC")
    found = read(tmp_path, sizes=sizes_of(image_of(file_name="c.jpg")))
    assert [image.file_name for image in found.images] == ["c"]
    assert found.notices == (
        f"{tmp_path / 'a.txt'}: the image a is missing or cannot be read; open it first, or name its folder "
        "(also b.txt, d.txt, e.txt and 3 more).",
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rbc", "RBC"),
        (" Red-Blood_cells ", "RBC"),
        ("ERYTHROCYTE", "RBC"),
        ("White blood cell", "WBC"),
        ("leukocyte", "WBC"),
        ("plt", "Platelets"),
        ("platelet", "Platelets"),
        ("Thrombocytes", "Platelets"),
        ("sickle cell", "Sickle_Cell"),
        ("neutrophil", None),
        ("", None),
    ],
)
def test_class_names_are_matched(name: str, expected: str | None):
    assert canonical_class(name, (*CLASSES, "Sickle_Cell")) == expected


def test_an_equal_class_name_goes_before_a_synonym():
    known = ("Erythrocyte", "cell", "Cell", "rbc")
    assert [canonical_class(name, known) for name in ("RBC", "Cell", "CELL", "red cell")] == [
        "rbc",
        "Cell",
        "cell",
        "Erythrocyte",
    ]
    assert canonical_class("platelet", known) is None
