"""Which image annotations belong to, and what is asked where the files do not say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from core.annotations.formats.coco import write_coco
from core.exchange.import_plan import Use, read_for_session
from gui.workspace.images import ImageItem

if TYPE_CHECKING:
    from collections.abc import Callable

    MakeSmear = Callable[..., tuple[Path, dict[str, int]]]

from tests.gui.dialogs.exchange_steps import BOXES, NAMES, Bench, annotated, index_of, voc


def item(number: int, path: str, size: tuple[int, int] = (420, 320)) -> ImageItem:
    return ImageItem(number, Path(path), size=size)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Field1.JPG", [1]),
        ("field1", [1]),
        ("field1.tif", [1]),
        (r"C:\old\Field1.jpg", [1]),
        ("slide.2", [2]),
        ("twice.png", [3, 4]),
        ("b/twice.png", [4]),
        ("other/b/twice.png", [4]),
        ("c/twice.png", [3, 4]),
        ("nowhere.png", []),
        ("", []),
    ],
)
def test_pictures_are_found_by_name_then_stem(name: str, found: list[int]) -> None:
    index = index_of(
        [item(1, "/x/field1.jpg"), item(2, "/x/slide.2.png"), item(3, "/x/a/twice.png"), item(4, "/x/b/twice.png")]
    )
    assert [info.id for info in index(name, Path("/elsewhere/all.json"))] == found


def test_a_name_of_two_pictures_is_told(tmp_path: Path) -> None:
    index = index_of([item(1, "/x/a/twice.png"), item(2, "/x/b/twice.png"), item(3, "/x/c/one.png")])
    found = read_for_session([voc(tmp_path, annotated("twice.png"), annotated("one.png"))], index, NAMES)
    assert [image.image_id for image in found.images] == [3]
    [notice] = found.notices
    assert "twice.png may be /x/a/twice.png and /x/b/twice.png; choose" in notice
    assert found.unmatched == ("twice.png",)


def test_a_name_of_two_pictures_is_told_apart_by_size(tmp_path: Path) -> None:
    index = index_of([item(1, "/x/a/twice.png", (10, 10)), item(2, "/x/b/twice.png")])
    found = read_for_session([voc(tmp_path, annotated("twice.png"))], index, NAMES)
    assert [image.image_id for image in found.images] == [2]
    assert not found.notices


def test_two_annotations_of_one_picture_are_told(tmp_path: Path) -> None:
    write_coco(tmp_path / "a.json", [annotated("one.tif", BOXES[:1], NAMES[:1]), annotated("one.png")], NAMES[::2])
    found = read_for_session([tmp_path / "a.json"], index_of([item(3, "/x/one.png")]), NAMES)
    assert [len(image) for image in found.images] == [3]
    assert found.notices[0].startswith("one.tif: its image has boxes from one.png already")


def labels(folder: Path, name: str, box: tuple[float, float, float, float], size: tuple[int, int]) -> Path:
    """Write one YOLO label, a red cell, and the class list beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    x1, y1, x2, y2 = box
    width, height = size
    values = (x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height
    (folder / f"{name}.txt").write_text(" ".join(["0", *map(str, values)]), encoding="utf-8")
    (folder / "classes.txt").write_text("RBC\n", encoding="utf-8")
    return folder


def test_which_way_round_a_turned_image_was_annotated_is_asked(
    bench: Bench, make_smear: MakeSmear, tmp_path: Path
) -> None:
    smear, turned = make_smear("a.png")[0], tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(smear) as image:
        size = image.size
        image.convert("RGB").save(turned, exif=exif)
    bench.open(turned)
    dialog = bench.read(labels(tmp_path / "yolo", "turned", (20, 30, 76, 90), size))
    assert dialog.turned.isVisible()
    assert not dialog.stored_rows.isChecked()
    dialog.found = None
    dialog.stored_rows.click()
    bench.qtbot.waitUntil(lambda: dialog.found is not None, timeout=60_000)
    assert dialog.turned.isVisible()
    bench.finish(dialog, Use.TRUTH)
    truth = bench.workspace.truths.used(bench.workspace.images.items[0].id)
    assert truth is not None
    np.testing.assert_allclose(truth.boxes, [[size[1] - 90, 20, size[1] - 30, 76]], atol=0.01)


def test_images_that_stand_upright_are_not_asked_about(bench: Bench, make_smear: MakeSmear, tmp_path: Path) -> None:
    bench.open(make_smear("a.png")[0])
    dialog = bench.read(labels(tmp_path / "yolo", "a", (20, 30, 76, 90), (420, 320)))
    assert not dialog.turned.isVisible()
    assert not dialog.matching.isVisible()
    dialog.reject()


def test_the_user_picks_the_image_of_a_name_that_none_has(bench: Bench, make_smear: MakeSmear, tmp_path: Path) -> None:
    bench.open(make_smear("a.png", 1)[0], make_smear("b.png", 2)[0])
    dialog = bench.read(labels(tmp_path / "yolo", "RoiSet", (20, 30, 76, 90), (420, 320)))
    assert not dialog.import_button.isEnabled()
    assert dialog.matching.isVisible()
    (combo,) = dialog.image_combos.values()
    combo.setCurrentText("b.png")
    dialog.found = None
    dialog.match_button.click()
    bench.qtbot.waitUntil(lambda: dialog.found is not None, timeout=60_000)
    assert not dialog.matching.isVisible()
    bench.finish(dialog, Use.TRUTH)
    truths = [bench.workspace.truths.used(item.id) for item in bench.workspace.images.items]
    assert [truth is not None for truth in truths] == [False, True]


def test_a_replacement_that_loses_cells_says_so_before_it_is_done(
    bench: Bench, make_smear: MakeSmear, tmp_path: Path
) -> None:
    bench.open(make_smear("a.png")[0])
    counted = sum(bench.counts()["a.png"].values())
    assert counted > 1
    rows = ["filename,cell_type,xmin,ymin,xmax,ymax", "a.png,RBC,20,30,76,86", "a.png,RBC,oops,30,76,86"]
    (tmp_path / "cells.csv").write_text("\n".join(rows), encoding="utf-8")
    dialog = bench.read(tmp_path / "cells.csv")
    assert "fewer cells" not in dialog.outcome.text()
    dialog.use_buttons[Use.REPLACE].click()
    assert f"1 image will have fewer cells than now: a.png ({counted} → 1)." in dialog.outcome.text()
    assert "1 box of its file could not be used; see the notices above." in dialog.outcome.text()
    assert "line 3 has a coordinate that is not a number" in dialog.details.toPlainText()
    bench.finish(dialog, Use.REPLACE)
    assert bench.counts()["a.png"]["RBC"] == 1
