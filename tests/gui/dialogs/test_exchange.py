"""Annotations in and out, through the dialogs and a real session."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication, QComboBox, QDialog, QFileDialog, QMessageBox, QWidget

import gui.workspace.counting.counts
from core.annotations.base import AnnotatedImage
from core.annotations.formats.coco import write_coco
from core.annotations.formats.voc import write_voc
from core.annotations.formats.yolo import write_yolo
from core.cells import Origin
from core.exchange.export_items import Format
from core.exchange.import_plan import Use, read_for_session
from core.exchange.match_images import ImageIndex, ListedImage, image_info
from core.session.session import Session
from core.verification.ground_truth import TruthKind
from gui.commands.context import Dialog
from gui.commands.shortcuts import Actions
from gui.dialogs.export import ExportDialog
from gui.dialogs.import_ import ImportDialog
from gui.shell.dialogs import Dialogs
from gui.workspace.exchange.exporting import Scope
from gui.workspace.images import ImageItem, State
from gui.workspace.messages import Level
from gui.workspace.workspace import Workspace
from trainer.dataset.load import load_data_set

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytestqt.qtbot import QtBot

    from gui.preferences import Preferences

    MakeSmear = Callable[..., tuple[Path, dict[str, int]]]

BOXES = ((20, 30, 76, 86), (200, 40, 256, 96), (300, 200, 320, 220))
NAMES = ("RBC", "RBC", "Platelets")


class Bench:
    """A workspace with a window to put dialogs on, and what a person does with them."""

    def __init__(self, qtbot: QtBot, workspace: Workspace, preferences: Preferences) -> None:
        self.qtbot = qtbot
        self.workspace = workspace
        self.messages: list[tuple[Level, str]] = []
        self.window = QWidget()
        qtbot.addWidget(self.window)
        self.window.show()
        self.dialogs = Dialogs(self.window, workspace, preferences, Actions(self.window, preferences))
        workspace.messages.posted.connect(self._on_message)

    def _on_message(self, level: Level, text: str) -> None:
        self.messages.append((level, text))

    def open(self, *paths: Path) -> None:
        """Begin a session with images and wait until all are counted."""
        self.workspace.store.close()
        self.workspace.opening.open(paths)
        self.wait_counted()

    def wait_counted(self) -> None:
        self.qtbot.waitUntil(
            lambda: all(item.state in (State.COUNTED, State.FAILED) for item in self.workspace.images.items),
            timeout=120_000,
        )

    def counts(self) -> dict[str, dict[str, int]]:
        """Return the counts by picture."""
        results = {item.path.name: self.workspace.counts.result(item.id) for item in self.workspace.images.items}
        return {name: dict(result.counts) for name, result in results.items() if result is not None}

    def wait_closed(self) -> None:
        """Wait until no dialog is left, not even a hidden one."""
        self.qtbot.waitUntil(lambda: self.window.findChild(QDialog) is None, timeout=30_000)

    def import_dialog(self) -> ImportDialog:
        self.wait_closed()
        self.dialogs.open(Dialog.IMPORT)
        dialog = self.window.findChild(ImportDialog)
        assert isinstance(dialog, ImportDialog)
        return dialog

    def read(self, *paths: Path) -> ImportDialog:
        """Open the dialog, drop files on it, and wait for what it says of them."""
        dialog = self.import_dialog()
        drop(dialog, paths)
        self.qtbot.waitUntil(lambda: dialog.found is not None, timeout=60_000)
        return dialog

    def finish(self, dialog: ImportDialog, use: Use) -> None:
        """Choose what the boxes are, and import them."""
        dialog.use_buttons[use].click()
        with self.qtbot.waitSignal(dialog.finished, timeout=60_000):
            dialog.import_button.click()

    def import_(self, use: Use, *paths: Path) -> None:
        self.finish(self.read(*paths), use)

    def export_dialog(self) -> ExportDialog:
        self.wait_closed()
        self.dialogs.open(Dialog.EXPORT)
        dialog = self.window.findChild(ExportDialog)
        assert isinstance(dialog, ExportDialog)
        return dialog

    def start_export(self, kind: Format, scope: Scope, target: Path, monkeypatch: pytest.MonkeyPatch) -> ExportDialog:
        dialog = self.export_dialog()
        dialog.scope_buttons[scope].click()
        dialog.formats.setCurrentText(kind.value)
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(target))
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
        dialog.export_button.click()
        return dialog

    def export(self, kind: Format, scope: Scope, target: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Level, str]:
        """Export, and return the message about it."""
        self.wait_closed()
        self.messages.clear()
        self.start_export(kind, scope, target, monkeypatch)
        self.qtbot.waitUntil(lambda: bool(self.messages), timeout=60_000)
        return self.messages[-1]


def drop(dialog: ImportDialog, paths: Sequence[Path]) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    left, no_key = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    dialog.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, left, no_key))


def answer_question(button: str) -> list[str]:
    """Click a button of the next question; return a list that will hold what was asked."""
    asked: list[str] = []

    def answer() -> None:
        box = QApplication.activeModalWidget()
        if isinstance(box, QMessageBox):
            asked.append(box.text())
            next(other for other in box.buttons() if other.text().strip("&") == button).click()
        else:
            QTimer.singleShot(20, answer)

    QTimer.singleShot(0, answer)
    return asked


def annotated(
    name: str,
    boxes: Sequence[Sequence[float]] = BOXES,
    names: Sequence[str] = NAMES,
    size: tuple[int, int] = (420, 320),
) -> AnnotatedImage:
    return AnnotatedImage(name, *size, np.array(boxes, np.float32).reshape(-1, 4), tuple(names))


def voc(folder: Path, *images: AnnotatedImage) -> Path:
    write_voc(folder, images)
    return folder


@pytest.fixture
def bench(qtbot: QtBot, model_path: Path, tmp_path: Path, preferences: Preferences) -> Iterator[Bench]:
    workspace = Workspace(model_path, tmp_path / "sessions", user="Anna")
    qtbot.waitUntil(lambda: workspace.inference.model is not None, timeout=30_000)
    yield Bench(qtbot, workspace, preferences)
    workspace.close()
    workspace.deleteLater()


# -- import ---------------------------------------------------------------------------------------


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
    assert history.stack.undoText() == "Replace the count by 3 imported cells (and 1 more image)"
    history.undo()
    qtbot.waitUntil(lambda: bench.counts() == before)
    assert bench.workspace.images.current_position == 0  # c.png had no part in it
    assert not history.stack.canUndo()
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
    assert not workspace.history.stack.canUndo()


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


# -- matching -------------------------------------------------------------------------------------


def index_of(items: Sequence[ImageItem]) -> ImageIndex:
    return ImageIndex([ListedImage(item.id, item.path, item.size) for item in items])


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


# -- what the files do not say ---------------------------------------------------------------------


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


# -- export ---------------------------------------------------------------------------------------


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
