"""Reporting from the window: the dialog and its files."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

import openpyxl
import pypdfium2
import pytest
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QFileDialog

from core.report.content import Sample
from gui.dialogs.report.choices import file_stem
from gui.dialogs.report.dialog import ReportDialog

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import QRect

    from gui.preferences import Preferences
    from gui.shell.window import MainWindow
    from tests.gui.dialogs.report.report_bench import Bench

    MakeSmear = Callable[..., tuple[Path, dict[str, int]]]


def test_every_file_has_the_numbers_of_the_window(bench: Bench):
    workspace = bench.window.workspace
    workspace.editing.add_cell("WBC", (10, 10, 60, 60))
    workspace.settings.set_threshold("RBC", 0.7)
    counts = [dict(result.counts) for item in workspace.images.items if (result := workspace.counts.result(item.id))]
    assert len(counts) == 2
    dialog = bench.open()
    dialog.sample.id.setText("S 1/2")
    said = bench.write(dialog, "pdf", "xlsx", "csv", "json", "annotated", "pictures")
    assert said.startswith("Written: S 1-2.csv, S 1-2.json, S 1-2.xlsx, S 1-2.pdf, S 1-2 images.")
    with (bench.folder / "S 1-2.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [{name: int(row[name]) for name in workspace.settings.classes} for row in rows] == counts
    assert [image["counts"] for image in json.loads((bench.folder / "S 1-2.json").read_bytes())["images"]] == counts
    sheet = openpyxl.load_workbook(bench.folder / "S 1-2.xlsx")["totals"]
    for place, name in enumerate(workspace.settings.classes, 2):
        assert sheet.cell(place, 2).value == sum(count[name] for count in counts)
    with pypdfium2.PdfDocument(bench.folder / "S 1-2.pdf") as pdf:
        first = " ".join(pdf[0].get_textpage().get_text_bounded().split())
        whole = " ".join(" ".join(page.get_textpage().get_text_bounded().split()) for page in pdf)
    assert "Threshold RBC 0.70, set by hand" in whole
    assert f"RBC {sum(count['RBC'] for count in counts)} " in first
    assert len(list((bench.folder / "S 1-2 images").iterdir())) == 2
    dialog.reject()


def test_the_sample_is_kept_in_the_session_and_its_fields_for_the_next(bench: Bench, preferences: Preferences):
    dialog = bench.open()
    dialog.sample.id.setText("4711")
    bench.click(dialog.sample.add_button)
    name, text, _ = dialog.sample.rows[0]
    name.setText("Stain")
    text.setText("Giemsa")
    dialog.reject()
    session = bench.window.workspace.store.session
    assert session is not None
    assert session.settings.sample() == Sample("4711", (("Stain", "Giemsa"),))
    assert preferences.report_fields == ["Stain"]
    bench.window.workspace.store.close()
    bench.window.workspace.opening.open([session.path.parent.parent / "one.png"])
    dialog = bench.open()
    assert [row[0].text() for row in dialog.sample.rows] == ["Stain"]
    assert dialog.sample.sample == Sample()
    bench.click(dialog.sample.rows[0][2])
    assert dialog.sample.names == []
    dialog.reject()


def test_stopping_writes_nothing_and_the_dialog_stays(bench: Bench):
    dialog = bench.open()
    bench.tick(dialog, "pdf", "pictures")
    bench.answer("Write anyway")
    bench.click(dialog.write_button)
    assert dialog.close_button.text() == "Stop"
    bench.click(dialog.close_button)
    bench.qtbot.waitUntil(lambda: not dialog.busy.isVisible(), timeout=30_000)
    assert dialog.outcome.label.text().startswith("Stopped")
    assert list(bench.folder.iterdir()) == []
    assert dialog.isVisible()
    assert bench.write(dialog, "pdf", answers=()).startswith("Written")
    dialog.reject()


def test_files_that_are_there_are_asked_about(bench: Bench):
    dialog = bench.open()
    dialog.sample.id.setText("a")
    (bench.folder / "a.csv").write_bytes(b"mine")
    bench.tick(dialog, "csv")
    bench.answer("Write anyway", "Cancel")
    bench.click(dialog.write_button)
    assert bench.questions[1] == "a.csv is there already. Writing replaces them."
    assert (bench.folder / "a.csv").read_bytes() == b"mine"
    assert bench.write(dialog, "csv", answers=("Replace",)).startswith("Written: a.csv.")
    assert (bench.folder / "a.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    dialog.reject()


def test_what_goes_wrong_is_said_and_the_rest_is_written(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()) or True)
    bench.window.workspace.images.items[0].path.unlink()
    dialog = bench.open()
    said = bench.write(dialog, "pdf", "pictures")
    assert "Written: " in said
    assert "one.png: the image is no longer there; its counts are reported without it." in said
    bench.click(dialog.folder_button)
    bench.click(dialog.open_button)
    assert opened == [str(bench.folder), str(next(bench.folder.glob("*.pdf")))]
    gone = bench.folder / "gone"
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(gone))
    bench.click(dialog.choices.choose_button)
    said = bench.write(dialog, "csv", answers=())
    assert said.startswith(str(gone))
    assert "cannot be written" in said
    failed = dialog.outcome.grab().toImage()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(bench.folder))
    bench.click(dialog.choices.choose_button)
    bench.write(dialog, "json", answers=())
    dialog.outcome.label.setText(said)  # the same words, so that the colours tell
    assert dialog.outcome.grab().toImage() != failed
    assert not dialog.outcome.label.property("wrong")
    dialog.reject()


def test_choices_are_remembered(bench: Bench):
    dialog = bench.open()
    dialog.choices.csv_styles.setCurrentText("Semicolon-separated, decimal comma")
    bench.write(dialog, "csv", "history")
    dialog.reject()
    text = next(bench.folder.glob("*.csv")).read_text("utf-8-sig")
    assert text.startswith("image;width;")
    dialog = bench.open()
    assert [name for name, box in dialog.choices.boxes.items() if box.isChecked()] == ["csv", "history"]
    assert dialog.choices.csv_styles.currentText() == "Semicolon-separated, decimal comma"
    dialog.reject()


def test_without_pictures_there_is_nothing_to_hand_in(window: MainWindow):
    window.actions_["report"].trigger()
    assert window.findChild(ReportDialog) is None
    assert "open images first" in window.toast.text


def test_closing_the_window_while_a_report_is_written_ends_it(bench: Bench):
    dialog = bench.open()
    for box in dialog.choices.boxes.values():
        box.setChecked(True)
    bench.answer("Write anyway")
    bench.click(dialog.write_button)
    bench.window.close()
    bench.qtbot.waitUntil(lambda: not dialog.busy.isVisible(), timeout=30_000)
    assert not list(bench.folder.rglob("*.part"))


def test_a_report_that_lacks_something_is_asked_about_once(bench: Bench):
    dialog = bench.open()
    assert bench.write(dialog, "csv").startswith("Written")
    assert bench.questions == [
        "Write the report now? The sample has no id.\nNo image has been reviewed.",
    ]
    dialog.sample.id.setText("24-1187")
    assert bench.write(dialog, "csv", answers=()).startswith("Written: 24-1187.csv")
    dialog.reject()
    bench.questions.clear()
    bench.window.workspace.editing.mark_reviewed(True)
    dialog = bench.open()
    assert bench.write(dialog, "json").startswith("Written: 24-1187.json")
    assert bench.questions == ["Write the report now? 1 of 2 images have been reviewed."]
    dialog.reject()
    for item in bench.window.workspace.images.items:
        bench.window.workspace.images.set_current(item.id)
        bench.window.workspace.editing.mark_reviewed(True)
    dialog = bench.open()
    assert bench.write(dialog, "xlsx", answers=()).startswith("Written: 24-1187.xlsx")
    dialog.reject()


def test_a_report_waits_until_everything_is_counted_if_the_user_wants_it(
    bench: Bench, make_smear: MakeSmear, wait_counted: Callable[[MainWindow], None]
):
    workspace = bench.window.workspace
    workspace.sample.set_id("S")
    workspace.editing.mark_reviewed(True)
    workspace.inference.queue.pause()
    workspace.images.add([make_smear("three.png", 3)[0]])
    dialog = bench.open()
    said = bench.write(dialog, "json", answers=("Wait until counted",))
    assert bench.questions == ["Write the report now? Counting goes on: 1 image would be missing."]
    assert said.startswith("Written: S.json")
    images = json.loads((bench.folder / "S.json").read_bytes())["images"]
    assert [Path(image["path"]).name for image in images] == ["one.png", "two.png", "three.png"]
    dialog.reject()


def test_waiting_can_be_stopped(bench: Bench, make_smear: MakeSmear):
    workspace = bench.window.workspace
    workspace.inference.queue.pause()
    workspace.images.add([make_smear("three.png", 3)[0]])
    dialog = bench.open()
    bench.tick(dialog, "json")
    bench.answer("Wait until counted")
    bench.click(dialog.write_button)
    bench.click(dialog.close_button)
    assert dialog.outcome.label.text() == "Stopped; nothing is written."
    assert list(bench.folder.iterdir()) == []
    dialog.reject()


def test_a_report_goes_to_its_own_sample_and_never_where_another_file_went_last(bench: Bench, tmp_path: Path):
    workspace, preferences = bench.window.workspace, bench.window.preferences
    elsewhere, mine = tmp_path / "elsewhere", tmp_path / "mine"
    for folder in (elsewhere, mine):
        folder.mkdir()
    preferences.reports_folder = ""
    preferences.folder = str(elsewhere)
    dialog = bench.open()
    assert dialog.choices.folder.text() == str(workspace.images.items[0].path.parent)
    dialog.choices.folder.setText(str(mine))
    bench.write(dialog, "csv")
    dialog.reject()
    path = workspace.store.path
    assert path is not None
    workspace.store.close()
    assert workspace.store.open(path)
    dialog = bench.open()
    assert dialog.choices.folder.text() == str(mine)
    dialog.reject()
    workspace.store.close()
    workspace.opening.open([tmp_path / "one.png"])
    dialog = bench.open()
    assert dialog.choices.folder.text() == str(tmp_path)
    dialog.reject()


def test_no_button_moves_whatever_the_dialog_says(bench: Bench):
    dialog = bench.open()
    buttons = (dialog.write_button, dialog.close_button, dialog.open_button, dialog.print_button)

    def places() -> list[QRect]:
        QApplication.processEvents()
        return [button.geometry() for button in buttons]

    before = places()
    for _ in range(12):
        bench.click(dialog.sample.add_button)
    assert places() == before
    bench.tick(dialog, "pdf", "pictures")
    bench.answer("Write anyway")
    bench.click(dialog.write_button)
    assert places() == before
    bench.wait_written(dialog)
    assert places() == before
    dialog.reject()


@pytest.mark.parametrize(
    ("sample", "stem"), [("2026/0815: A?", "2026-0815- A"), (" .. ", ""), ("x" * 200, "x" * 80), ("Ж 1", "Ж 1")]
)
def test_files_are_named_after_the_sample(sample: str, stem: str):
    assert file_stem(sample) == stem
