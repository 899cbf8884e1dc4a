"""Handing a result in from the window: the dialog, its files, and the sign-off."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import openpyxl
import pypdfium2
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QFileDialog, QInputDialog, QMessageBox

from core.report.content import Sample
from gui.dialogs.report.choices import file_stem
from gui.dialogs.report.dialog import ReportDialog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.preferences import Preferences
    from gui.shell.window import MainWindow

    MakeSmear = Callable[..., tuple[Path, dict[str, int]]]


class Bench:
    """A window with counted images, and the dialog."""

    def __init__(self, qtbot: QtBot, window: MainWindow, folder: Path) -> None:
        self.qtbot, self.window, self.folder = qtbot, window, folder
        self.question = ""
        window.preferences.folder = str(folder)

    def open(self) -> ReportDialog:
        """Open the dialog by its key, and wait until it knows what the session says."""
        self.qtbot.waitUntil(lambda: self.window.findChild(ReportDialog) is None, timeout=10_000)
        self.window.actions_["report"].trigger()
        dialog = self.window.findChild(ReportDialog)
        assert isinstance(dialog, ReportDialog)
        self.qtbot.waitUntil(lambda: "Content" in dialog.state.text(), timeout=10_000)
        return dialog

    def write(self, dialog: ReportDialog, *names: str) -> str:
        """Tick boxes, write, wait, and return what the dialog says."""
        for name, box in dialog.choices.boxes.items():
            box.setChecked(name in names)
        self.click(dialog.write_button)
        self.qtbot.waitUntil(lambda: not dialog.busy.isVisible() and bool(dialog.hint.text()), timeout=60_000)
        return dialog.hint.text()

    def click(self, button: object) -> None:
        self.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)  # type: ignore[arg-type]

    def sign(self, dialog: ReportDialog, name: str = "Ada Byron") -> None:
        """Sign off through the question for the name."""

        def answer() -> None:
            question = QApplication.activeModalWidget()
            if isinstance(question, QInputDialog):
                self.question = question.labelText()
                question.setTextValue(name)
                question.accept()
            else:
                QTimer.singleShot(20, answer)

        QTimer.singleShot(0, answer)
        self.click(dialog.sign_button)
        self.qtbot.waitUntil(lambda: dialog.state.text().startswith("Signed off"), timeout=10_000)


@pytest.fixture
def bench(
    qtbot: QtBot,
    window: MainWindow,
    make_smear: MakeSmear,
    wait_counted: Callable[[MainWindow], None],
    tmp_path: Path,
) -> Bench:
    window.workspace.opening.open([make_smear("one.png", 1)[0], make_smear("two.png", 2)[0]])
    wait_counted(window)
    out = tmp_path / "out"
    out.mkdir()
    return Bench(qtbot, window, out)


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
    assert "Threshold RBC 0.70, set by hand" in first
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


def test_a_sign_off_is_superseded_by_an_edit_and_holds_again_when_it_is_undone(bench: Bench):
    window, workspace = bench.window, bench.window.workspace
    dialog = bench.open()
    assert dialog.state.text().startswith("Not signed off.")
    bench.sign(dialog)
    assert not dialog.sign_button.isEnabled()
    dialog.reject()
    assert workspace.store.session is not None
    assert [one.user for one in workspace.store.session.sign_offs.all()] == ["Ada Byron"]
    bench.qtbot.waitUntil(lambda: window.head.state.accessibleName() == "Signed off by Ada Byron", timeout=10_000)
    number = workspace.editing.add_cell("WBC", (10, 10, 60, 60))
    assert number is not None
    bench.qtbot.waitUntil(lambda: "superseded" in window.head.state.accessibleName(), timeout=10_000)
    dialog = bench.open()
    assert dialog.state.text().startswith("Superseded: Ada Byron signed off on")
    assert dialog.sign_button.isEnabled()
    dialog.reject()
    workspace.history.undo()
    bench.qtbot.waitUntil(lambda: window.head.state.accessibleName() == "Signed off by Ada Byron", timeout=10_000)
    workspace.settings.set_threshold("RBC", 0.8)
    bench.qtbot.waitUntil(lambda: "superseded" in window.head.state.accessibleName(), timeout=10_000)
    workspace.store.close()
    bench.qtbot.waitUntil(lambda: window.head.state.accessibleName() == "Ready", timeout=10_000)


def test_who_signs_is_told_what_nobody_reviewed(bench: Bench):
    workspace = bench.window.workspace
    total = len(workspace.images.items)
    workspace.editing.mark_reviewed(True)
    workspace.settings.set_threshold("RBC", 0.98)
    workspace.store.flush()
    bench.sign(bench.open())
    unreviewed = f"Nobody has reviewed {total - 1} of them. " if total > 1 else ""
    assert f"{unreviewed}1 was reviewed before the count changed." in bench.question


def test_another_sample_is_another_content(bench: Bench):
    dialog = bench.open()
    bench.sign(dialog)
    dialog.sample.id.setText("other")
    assert dialog.state.text().startswith("Superseded")
    dialog.sample.id.setText("")
    assert dialog.state.text().startswith("Signed off")
    dialog.reject()


def test_stopping_writes_nothing_and_the_dialog_stays(bench: Bench):
    dialog = bench.open()
    for name, box in dialog.choices.boxes.items():
        box.setChecked(name in ("pdf", "pictures"))
    bench.click(dialog.write_button)
    assert dialog.close_button.text() == "Stop"
    bench.click(dialog.close_button)
    bench.qtbot.waitUntil(lambda: not dialog.busy.isVisible(), timeout=30_000)
    assert dialog.hint.text().startswith("Stopped")
    assert list(bench.folder.iterdir()) == []
    assert dialog.isVisible()
    assert bench.write(dialog, "pdf").startswith("Written")
    dialog.reject()


def test_files_that_are_there_are_asked_about(bench: Bench):
    dialog = bench.open()
    dialog.sample.id.setText("a")
    (bench.folder / "a.csv").write_bytes(b"mine")
    asked: list[str] = []

    def answer(button: str) -> None:
        box = QApplication.activeModalWidget()
        if isinstance(box, QMessageBox):
            asked.append(box.text())
            next(other for other in box.buttons() if other.text().strip("&") == button).click()
        else:
            QTimer.singleShot(20, lambda: answer(button))

    for name, box in dialog.choices.boxes.items():
        box.setChecked(name == "csv")
    QTimer.singleShot(0, lambda: answer("Cancel"))
    bench.click(dialog.write_button)
    assert asked == ["a.csv is there already."]
    assert (bench.folder / "a.csv").read_bytes() == b"mine"
    QTimer.singleShot(0, lambda: answer("Replace"))
    assert bench.write(dialog, "csv").startswith("Written: a.csv.")
    assert (bench.folder / "a.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    dialog.reject()


def test_what_goes_wrong_is_said_and_the_rest_is_written(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    bench.window.workspace.images.items[0].path.unlink()
    dialog = bench.open()
    said = bench.write(dialog, "pdf", "pictures")
    assert "Written: " in said
    assert "one.png: the image is no longer there; its counts are reported without it." in said
    bench.click(dialog.open_button)
    assert opened == [str(bench.folder)]
    gone = bench.folder / "gone"
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(gone))
    bench.click(dialog.choices.choose_button)
    said = bench.write(dialog, "csv")
    assert said.startswith(str(gone))
    assert "cannot be written" in said
    dialog.reject()


def test_choices_are_remembered(bench: Bench):
    dialog = bench.open()
    dialog.choices.csv_styles.setCurrentText("Semicolons, 0,5")
    bench.write(dialog, "csv", "history")
    dialog.reject()
    text = next(bench.folder.glob("*.csv")).read_text("utf-8-sig")
    assert text.startswith("image;width;")
    dialog = bench.open()
    assert [name for name, box in dialog.choices.boxes.items() if box.isChecked()] == ["csv", "history"]
    assert dialog.choices.csv_styles.currentText() == "Semicolons, 0,5"
    dialog.reject()


def test_without_pictures_there_is_nothing_to_hand_in(window: MainWindow):
    window.actions_["report"].trigger()
    assert window.findChild(ReportDialog) is None
    assert "open images first" in window.toast.text


def test_closing_the_window_while_a_report_is_written_ends_it(bench: Bench):
    dialog = bench.open()
    for box in dialog.choices.boxes.values():
        box.setChecked(True)
    bench.click(dialog.write_button)
    bench.window.close()
    bench.qtbot.waitUntil(lambda: not dialog.busy.isVisible(), timeout=30_000)
    assert not list(bench.folder.rglob("*.part"))


@pytest.mark.parametrize(
    ("sample", "stem"), [("2026/0815: A?", "2026-0815- A"), (" .. ", ""), ("x" * 200, "x" * 80), ("Ж 1", "Ж 1")]
)
def test_files_are_named_after_the_sample(sample: str, stem: str):
    assert file_stem(sample) == stem
