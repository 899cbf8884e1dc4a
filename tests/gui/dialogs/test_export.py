"""Annotations that are brought out through the dialog."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtWidgets import QFileDialog

from core.exchange.export_items import Format
from core.exchange.import_plan import read_for_session
from gui.workspace.exchange.exporting import Scope
from gui.workspace.images import State
from gui.workspace.messages import Level
from trainer.dataset.load import load_data_set

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    MakeSmear = Callable[..., tuple[Path, dict[str, int]]]

from tests.gui.dialogs.exchange_steps import Bench, answer_question, index_of


@pytest.mark.parametrize("kind", [Format.VOC, Format.YOLO, Format.COCO, Format.CSV, Format.GEOJSON])
def test_what_is_exported_is_read_again(
    kind: Format, bench: Bench, make_smear: MakeSmear, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.open(make_smear("a.png", 1)[0], make_smear("b.png", 2)[0])
    bench.workspace.images.set_current(bench.workspace.images.items[0].id)
    bench.workspace.editing.remove_cells(bench.workspace.editing.cells_inside(0, 0, 200, 320))
    target = tmp_path / f"out{kind.suffix}"
    assert bench.export(kind, Scope.COUNTED, target, monkeypatch)[0] is Level.INFO
    found = read_for_session([target], index_of(bench.workspace.images.items), bench.workspace.settings.classes)
    assert not found.notices
    paths: dict[object, Path] = {item.id: item.path for item in bench.workspace.images.items}
    read = {
        paths[image.image_id].name: {name: image.names.count(name) for name in bench.workspace.settings.classes}
        for image in found.images
    }
    assert read == bench.counts()


def test_reviewed_pictures_are_training_data(
    bench: Bench, make_smear: MakeSmear, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.open(*(make_smear(f"{name}.png", seed)[0] for seed, name in enumerate("abc")))
    workspace = bench.workspace
    for row in (0, 2):
        workspace.images.set_current(workspace.images.items[row].id)
        workspace.editing.mark_reviewed(reviewed=True)
    dialog = bench.export_dialog()
    assert dialog.scope is Scope.REVIEWED
    dialog.close_button.click()
    counts = bench.counts()
    level, text = bench.export(Format.TRAINING, Scope.REVIEWED, tmp_path / "data", monkeypatch)
    assert level is Level.INFO
    assert text.startswith("Exported 2 images")
    fields = [field for split in ("train", "val") for field in load_data_set(tmp_path / "data", split).images]
    assert {field.path.name: np.bincount(field.labels, minlength=3).tolist() for field in fields} == {
        name: list(counts[name].values()) for name in ("a.png", "c.png")
    }
    assert workspace.store.session is not None
    assert {field.source for field in fields} == {workspace.store.session.path.stem}


def test_pictures_reviewed_before_their_count_changed_are_no_training_data(
    bench: Bench, make_smear: MakeSmear, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.open(make_smear("a.png", 1)[0], make_smear("b.png", 2)[0])
    workspace = bench.workspace
    for row in (0, 1):
        workspace.images.set_current(workspace.images.items[row].id)
        workspace.editing.mark_reviewed(reviewed=True)
    before = bench.counts()
    workspace.settings.set_threshold("RBC", 0.99)
    changed = [name for name, counts in bench.counts().items() if counts != before[name]]
    assert changed == ["a.png", "b.png"]
    dialog = bench.export_dialog()
    assert not dialog.scope_buttons[Scope.REVIEWED].isEnabled()
    assert (
        dialog.scope_buttons[Scope.REVIEWED].toolTip().startswith("2 images were reviewed before their count changed")
    )
    dialog.close_button.click()
    workspace.editing.mark_reviewed(reviewed=True)  # the second, as it counts now
    dialog = bench.export_dialog()
    assert dialog.hint.text().startswith("1 image was reviewed before its count changed, and will be left out")
    dialog.close_button.click()
    _, text = bench.export(Format.TRAINING, Scope.REVIEWED, tmp_path / "data", monkeypatch)
    assert text.startswith("Exported 1 image")
    assert [path.name for path in (tmp_path / "data" / "images").iterdir()] == ["b.png"]


def test_missing_and_changed_pictures_are_left_out_of_training_data(
    bench: Bench, make_smear: MakeSmear, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [make_smear(f"{name}.png", seed)[0] for seed, name in enumerate("abcd")]
    bench.open(*paths)
    paths[1].unlink()
    shutil.copy(paths[0], paths[2])
    os.utime(paths[3])  # touched, but the same
    level, text = bench.export(Format.TRAINING, Scope.COUNTED, tmp_path / "data", monkeypatch)
    assert level is Level.WARNING
    assert text.startswith("Exported 2 images")
    assert "2 images were left out" in text
    assert f"{paths[1]}: the image is missing" in text
    assert f"{paths[2]}: the file has changed" in text
    assert sorted(path.name for path in (tmp_path / "data" / "images").iterdir()) == ["a.png", "d.png"]


def test_a_failed_export_says_why_and_can_be_repeated(
    bench: Bench, make_smear: MakeSmear, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.open(make_smear("a.png")[0])
    (tmp_path / "file").write_text("")
    dialog = bench.start_export(Format.COCO, Scope.CURRENT, tmp_path / "file" / "x.json", monkeypatch)
    bench.qtbot.waitUntil(lambda: bool(bench.messages), timeout=30_000)
    level, text = bench.messages[-1]
    assert level is Level.ERROR
    assert str(tmp_path / "file" / "x.json") in text
    assert dialog.isVisible()
    assert dialog.hint.text() == text
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "x"), ""))
    with bench.qtbot.waitSignal(dialog.finished, timeout=30_000):
        dialog.export_button.click()
    assert "images" in json.loads((tmp_path / "x.json").read_text())


def test_labels_that_are_there_are_replaced_only_if_the_person_says_so(
    bench: Bench, make_smear: MakeSmear, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.open(make_smear("a.png")[0])
    (tmp_path / "A.XML").write_text("mine")
    asked = answer_question("Cancel")
    dialog = bench.start_export(Format.VOC, Scope.CURRENT, tmp_path, monkeypatch)
    assert asked == [f"{tmp_path} already has annotations of 1 of these images."]
    assert not bench.messages
    assert dialog.export_button.isEnabled()
    answer_question("Replace")
    with bench.qtbot.waitSignal(dialog.finished, timeout=30_000):
        dialog.export_button.click()
    assert bench.messages[-1][0] is Level.INFO


def test_pictures_of_one_name_go_to_folders_of_their_own(
    bench: Bench, make_smear: MakeSmear, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.open(make_smear("s1/a.png", 1)[0], make_smear("s2/a.png", 2)[0])
    assert bench.export(Format.VOC, Scope.COUNTED, tmp_path / "voc", monkeypatch)[0] is Level.INFO
    assert sorted(path.relative_to(tmp_path / "voc").as_posix() for path in (tmp_path / "voc").rglob("*.xml")) == [
        "s1/a.xml",
        "s2/a.xml",
    ]
    assert bench.export(Format.COCO, Scope.COUNTED, tmp_path / "all.json", monkeypatch)[0] is Level.INFO
    paths: dict[object, Path] = {item.id: item.path for item in bench.workspace.images.items}
    found = read_for_session(
        [tmp_path / "all.json"], index_of(bench.workspace.images.items), bench.workspace.settings.classes
    )
    assert [paths[image.image_id].parent.name for image in found.images] == ["s1", "s2"]
    assert not found.notices


def test_the_export_button_says_why_there_is_nothing(bench: Bench, make_smear: MakeSmear) -> None:
    dialog = bench.export_dialog()
    assert not dialog.export_button.isEnabled()
    assert dialog.export_button.toolTip() == dialog.hint.text() == "No image is open."
    dialog.close_button.click()
    bench.workspace.opening.open([make_smear("a.png")[0]])
    bench.workspace.inference.queue.stop()
    bench.qtbot.waitUntil(lambda: bench.workspace.inference.queue.busy is None, timeout=60_000)
    assert bench.workspace.images.items[0].state is State.WAITING
    dialog = bench.export_dialog()
    assert not dialog.export_button.isEnabled()
    assert dialog.export_button.toolTip() == "No image is counted yet."
    dialog.close_button.click()


def test_closing_while_pictures_are_gathered_writes_nothing(
    bench: Bench, make_smear: MakeSmear, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.open(make_smear("a.png")[0])
    dialog = bench.start_export(Format.VOC, Scope.CURRENT, tmp_path / "voc", monkeypatch)
    exporting = dialog._exporting
    assert exporting is not None
    with bench.qtbot.waitSignal(exporting.ended, timeout=30_000) as ended:
        dialog.close_button.click()
    assert ended.args == [False]
    assert not (tmp_path / "voc").exists()
