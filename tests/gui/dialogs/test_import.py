"""Annotations that are brought in through the dialog, into a real session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QComboBox, QFileDialog

import gui.workspace.counting.counts
from core.annotations.formats.coco import write_coco
from core.annotations.formats.yolo import write_yolo
from core.cells import Origin
from core.exchange.export_items import Format
from core.exchange.import_plan import Use
from core.exchange.match_images import image_info
from core.session.session import Session
from core.verification.ground_truth import TruthKind
from gui.commands.context import Dialog
from gui.dialogs.import_ import ImportDialog
from gui.workspace.exchange.exporting import Scope
from gui.workspace.images import State
from gui.workspace.messages import Level

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.preferences import Preferences

    MakeSmear = Callable[..., tuple[Path, dict[str, int]]]

from tests.gui.dialogs.exchange_steps import BOXES, NAMES, Bench, annotated, drop, voc


def test_voc_export_added_to_a_fresh_session_gives_the_same_counts(
    bench: Bench, make_smear: MakeSmear, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    smears = [make_smear("a.png", 1)[0], make_smear("b.png", 2)[0]]
    bench.open(*smears)
    before = bench.counts()
    total = sum(sum(counts.values()) for counts in before.values())
    level, text = bench.export(Format.VOC, Scope.COUNTED, tmp_path / "voc", monkeypatch)
    assert level is Level.INFO
    assert text == f"Exported 2 images with {total} boxes to {tmp_path / 'voc'}."

    bench.open(*smears)
    bench.import_(Use.ADD, tmp_path / "voc")
    assert bench.counts() == before
    assert bench.messages[-1] == (Level.INFO, f"Imported {total} boxes into 2 images.")
    cells = bench.workspace.counts.current_cells()
    assert cells is not None
    result = bench.workspace.counts.result(bench.workspace.images.items[0].id)
    assert result is not None
    assert set(cells.cells.origin[result.counted]) == {Origin.IMPORTED}


def test_importing_the_same_file_again_adds_nothing(bench: Bench, make_smear: MakeSmear, tmp_path: Path) -> None:
    bench.open(make_smear("a.png")[0])
    files = voc(tmp_path / "voc", annotated("a.png"))
    bench.import_(Use.ADD, files)
    once = bench.counts()
    bench.import_(Use.ADD, files)
    assert bench.counts() == once
    assert bench.messages[-1][1] == "Imported 0 boxes into 1 image. 3 cells were already there."


@pytest.mark.parametrize("at_once", [1, 20])
def test_an_import_is_one_step_to_undo(
    bench: Bench,
    make_smear: MakeSmear,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    at_once: int,
    qtbot: QtBot,
) -> None:
    monkeypatch.setattr(gui.workspace.counting.counts, "_EDITS_AT_ONCE", at_once)
    bench.open(*(make_smear(f"{name}.png", seed)[0] for seed, name in enumerate("abc")))
    before = bench.counts()
    files = voc(tmp_path / "voc", annotated("a.png"), annotated("b.png", BOXES[:1], NAMES[:1]))
    bench.import_(Use.REPLACE, files)
    after = bench.counts()
    assert after == {
        "a.png": {"RBC": 2, "WBC": 0, "Platelets": 1},
        "b.png": {"RBC": 1, "WBC": 0, "Platelets": 0},
        "c.png": before["c.png"],
    }
    bench.workspace.images.set_current(bench.workspace.images.items[2].id)
    history = bench.workspace.history
    assert history.undo_text == "Replace the count by 3 imported cells (and 1 more image)"
    history.undo()
    qtbot.waitUntil(lambda: bench.counts() == before)
    assert bench.workspace.images.current_position == 0  # c.png had no part in it
    assert not history.can_undo
    history.redo()
    qtbot.waitUntil(lambda: bench.counts() == after)
    assert [item.edited > 0 for item in bench.workspace.images.items] == [True, True, False]


def test_an_import_is_one_step_when_the_session_was_opened_again(
    bench: Bench, make_smear: MakeSmear, tmp_path: Path, qtbot: QtBot
) -> None:
    bench.open(make_smear("a.png", 1)[0], make_smear("b.png", 2)[0])
    before = bench.counts()
    bench.import_(Use.REPLACE, voc(tmp_path / "voc", annotated("a.png"), annotated("b.png")))
    workspace = bench.workspace
    assert workspace.store.session is not None
    path = workspace.store.session.path
    workspace.store.close()
    assert workspace.store.open(path)
    qtbot.waitUntil(lambda: workspace.counts.counted_images == 2)
    workspace.history.undo()
    assert bench.counts() == before
    assert not workspace.history.can_undo


def test_an_import_says_how_many_pictures_lose_their_mark(bench: Bench, make_smear: MakeSmear, tmp_path: Path) -> None:
    bench.open(make_smear("a.png", 1)[0], make_smear("b.png", 2)[0])
    bench.workspace.editing.mark_reviewed(True)
    files = voc(tmp_path / "voc", annotated("a.png"), annotated("b.png"))
    bench.import_(Use.TRUTH, files)
    assert [item.reviewed for item in bench.workspace.images.items] == [True, False]
    dialog = bench.read(files)
    dialog.use_buttons[Use.REPLACE].click()
    assert dialog.outcome.text().endswith("1 of them is marked reviewed and will lose the mark.")
    bench.finish(dialog, Use.REPLACE)
    assert [item.reviewed for item in bench.workspace.images.items] == [False, False]
    level, text = bench.messages[-1]
    assert level is Level.WARNING
    assert text.endswith("1 image is no longer marked Reviewed; Undo takes the whole import back.")
    bench.workspace.history.undo()
    assert [item.reviewed for item in bench.workspace.images.items] == [True, False]


def test_replacing_takes_corrections_and_the_found_cells_under_them(
    bench: Bench, make_smear: MakeSmear, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.open(make_smear("a.png")[0])
    workspace = bench.workspace
    bench.export(Format.COCO, Scope.CURRENT, tmp_path / "mine.json", monkeypatch)
    bench.import_(Use.ADD, tmp_path / "mine.json")  # now every found cell lies under an imported one
    assert workspace.editing.add_cell_at("WBC", 30, 30) is not None
    bench.import_(Use.REPLACE, voc(tmp_path / "voc", annotated("a.png", (), ())))
    assert bench.counts()["a.png"] == {"RBC": 0, "WBC": 0, "Platelets": 0}


def test_corrected_counts_survive_the_way_out_and_in(
    bench: Bench, make_smear: MakeSmear, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    smear = make_smear("a.png")[0]
    bench.open(smear)
    workspace = bench.workspace
    workspace.editing.remove_cells(workspace.editing.cells_inside(0, 0, 200, 320))
    workspace.editing.add_cell("Platelets", (3, 3, 25, 25))
    corrected = bench.counts()
    bench.export(Format.CSV, Scope.COUNTED, tmp_path / "cells.csv", monkeypatch)
    bench.open(smear)
    assert bench.counts() != corrected
    bench.import_(Use.REPLACE, tmp_path / "cells.csv")
    assert bench.counts() == corrected


def test_ground_truth_leaves_the_count_as_it_is(bench: Bench, make_smear: MakeSmear, tmp_path: Path) -> None:
    bench.open(make_smear("a.png")[0])
    before = bench.counts()
    bench.import_(Use.TRUTH, voc(tmp_path / "voc", annotated("a.png")))
    assert bench.counts() == before
    truth = bench.workspace.truths.used(bench.workspace.images.items[0].id)
    assert truth is not None
    assert (truth.names, truth.boxes.tolist()) == (NAMES, [list(box) for box in BOXES])
    assert truth.counts() == {"RBC": 2, "Platelets": 1}  # nobody looked for white cells
    assert bench.messages[-1] == (Level.INFO, "Imported 3 cells in 1 image as ground truth.")


def test_points_are_a_ground_truth_and_nothing_else(bench: Bench, make_smear: MakeSmear, tmp_path: Path) -> None:
    smear = make_smear("a.png")[0]
    bench.open(smear)
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "a.txt").write_text("20 30 0\n200 40 0\n", encoding="utf-8")
    (tmp_path / "labels" / "classes.txt").write_text("RBC\n", encoding="utf-8")
    dialog = bench.read(tmp_path / "labels")
    dialog.use_buttons[Use.ADD].click()
    assert not dialog.import_button.isEnabled()
    assert "ground truth only" in dialog.import_button.toolTip()
    bench.finish(dialog, Use.TRUTH)
    truth = bench.workspace.truths.used(bench.workspace.images.items[0].id)
    assert truth is not None
    assert (truth.kind, truth.counts()) == (TruthKind.POINTS, {"RBC": 2})
    assert truth.points.tolist() == [[20, 30], [200, 40]]
    assert bench.messages[-1] == (Level.INFO, "Imported 2 cells in 1 image as ground truth.")


def choose_class(dialog: ImportDialog, name: str, known: str) -> None:
    [box] = [box for box in dialog.findChildren(QComboBox) if box.accessibleName() == name]
    box.setCurrentText(known)


def test_unknown_classes_are_mapped_or_left_out(bench: Bench, make_smear: MakeSmear, tmp_path: Path) -> None:
    bench.open(make_smear("a.png")[0])
    files = voc(tmp_path / "voc", annotated("a.png", names=("Neutrophil", "red blood cell", "Dirt")))
    dialog = bench.read(files)
    assert dialog.found is not None
    assert dialog.found.unknown(bench.workspace.settings.classes) == {"Neutrophil": 1, "Dirt": 1}
    choose_class(dialog, "Neutrophil", "WBC")
    bench.finish(dialog, Use.REPLACE)
    assert bench.counts()["a.png"] == {"RBC": 1, "WBC": 1, "Platelets": 0}


def test_nothing_but_unknown_classes_cannot_be_added(bench: Bench, make_smear: MakeSmear, tmp_path: Path) -> None:
    bench.open(make_smear("a.png")[0])
    dialog = bench.read(voc(tmp_path / "voc", annotated("a.png", names=["Dirt"] * 3)))
    dialog.use_buttons[Use.ADD].click()
    assert not dialog.import_button.isEnabled()
    assert dialog.import_button.toolTip() == "No box is left to add: every class is left out."
    choose_class(dialog, "Dirt", "WBC")
    assert dialog.import_button.isEnabled()
    dialog.cancel_button.click()


def test_a_broken_file_is_told_and_the_rest_goes_on(bench: Bench, make_smear: MakeSmear, tmp_path: Path) -> None:
    bench.open(make_smear("a.png")[0])
    files = voc(tmp_path / "voc", annotated("a.png"), annotated("elsewhere.png"))
    (files / "broken.xml").write_text("<annotation><object>")
    dialog = bench.read(files)
    assert dialog.summary.text() == ("1 image, 3 boxes: RBC 2, Platelets 1. 1 annotated image is not in this session.")
    assert "broken.xml: the XML is damaged" in dialog.details.toPlainText()
    assert "elsewhere.png" in dialog.details.toPlainText()
    bench.finish(dialog, Use.REPLACE)
    assert bench.counts()["a.png"] == {"RBC": 2, "WBC": 0, "Platelets": 1}


def test_nothing_found_offers_other_files(bench: Bench, make_smear: MakeSmear, tmp_path: Path) -> None:
    bench.open(make_smear("a.png")[0])
    dialog = bench.read(voc(tmp_path / "voc", annotated("elsewhere.png")))
    assert dialog.summary.text().startswith("No boxes for the images of this session were found")
    assert not dialog.import_button.isEnabled()
    dialog.back_button.click()
    assert dialog.choosing.isVisible()
    dialog.cancel_button.click()


def test_files_and_folders_are_asked_for(
    bench: Bench, make_smear: MakeSmear, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, preferences: Preferences
) -> None:
    bench.open(make_smear("a.png")[0])
    folder = voc(tmp_path / "voc", annotated("a.png"))
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(folder / "a.xml")], ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
    dialog = bench.import_dialog()
    for button in (dialog.files_button, dialog.folder_button):
        button.click()
        bench.qtbot.waitUntil(lambda: dialog.found is not None, timeout=30_000)
        assert dialog.plan().total == 3
        assert preferences.folder == str(folder)
        dialog.back_button.click()
    dialog.cancel_button.click()


def test_pictures_that_are_not_counted_yet_take_imports_by_their_upright_size(
    bench: Bench, make_smear: MakeSmear, tmp_path: Path
) -> None:
    smear = make_smear("a.png")[0]
    photograph = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(smear) as picture:
        picture.convert("RGB").save(photograph, exif=exif)
    assert image_info(photograph).size == (320, 420)
    write_yolo(tmp_path / "yolo", [annotated("turned.jpg", size=(320, 420))], bench.workspace.settings.classes)
    workspace = bench.workspace
    workspace.opening.open([photograph])
    workspace.inference.queue.stop()
    bench.qtbot.waitUntil(lambda: workspace.inference.queue.busy is None, timeout=60_000)
    item = workspace.images.items[0]
    item.size = (0, 0)  # as before it is read
    assert item.state is State.WAITING
    dialog = bench.read(tmp_path / "yolo")
    dialog.use_buttons[Use.REPLACE].click()
    assert "not counted yet" in dialog.outcome.text()
    bench.finish(dialog, Use.ADD)
    assert workspace.store.session is not None
    boxes = [
        change.after.box
        for change in workspace.store.session.edits.changes(item.id).values()
        if change.after is not None
    ]
    assert np.allclose(boxes, BOXES, atol=0.01)


@pytest.mark.slow
def test_the_window_lives_while_many_boxes_are_read(bench: Bench, make_smear: MakeSmear, tmp_path: Path) -> None:
    bench.open(make_smear("a.png")[0])
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 300, (80_000, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(2, 20, (80_000, 2))], axis=1)
    write_coco(tmp_path / "many.json", [annotated("a.png", boxes.tolist(), ["RBC"] * len(boxes))], ("RBC",))
    beats = 0

    def beat() -> None:
        nonlocal beats
        beats += dialog.busy.isVisible()

    heart = QTimer(bench.window, interval=10)
    heart.timeout.connect(beat)
    heart.start()
    dialog = bench.import_dialog()
    drop(dialog, [tmp_path / "many.json"])
    bench.qtbot.waitUntil(lambda: dialog.found is not None, timeout=120_000)
    heart.stop()
    assert dialog.plan().total == 80_000
    assert beats >= 5
    dialog.cancel_button.click()


def test_stopped_reading_is_forgotten(bench: Bench, make_smear: MakeSmear, tmp_path: Path) -> None:
    bench.open(make_smear("a.png")[0])
    many, few = voc(tmp_path / "many", *(annotated(f"{n}.png") for n in range(300))), tmp_path / "few"
    dialog = bench.import_dialog()
    drop(dialog, [many])
    reading = dialog._reading
    assert reading is not None
    dialog.cancel_button.click()
    assert dialog.choosing.isVisible()
    drop(dialog, [voc(few, annotated("a.png"))])
    bench.qtbot.waitUntil(lambda: dialog.found is not None, timeout=60_000)
    assert dialog.plan().total == 3
    dialog.cancel_button.click()


def test_import_needs_a_session_that_can_be_written(
    bench: Bench, make_smear: MakeSmear, qtbot: QtBot, tmp_path: Path
) -> None:
    bench.dialogs.open(Dialog.IMPORT)
    assert bench.messages[-1][0] is Level.WARNING
    assert "open the images first" in bench.messages[-1][1]
    bench.open(make_smear("a.png")[0])
    workspace = bench.workspace
    assert workspace.store.session is not None
    path = workspace.store.session.path
    workspace.store.close()
    workspace.store.take(Session.open(path, read_only=True))
    bench.dialogs.open(Dialog.IMPORT)
    assert "reading only" in bench.messages[-1][1]
    assert bench.window.findChild(ImportDialog) is None
