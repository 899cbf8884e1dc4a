"""Help ▸ Check this installation, and the user guide."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtWidgets import QFileDialog

from core.imaging.demo import render_demo_smear
from core.models.network import default_model_path
from core.report.formats.annotated import write_picture
from core.self_check import check_installation, shipped_model_sha256
from gui.dialogs.guide import PAGES, GuideWindow, guide_folder
from gui.dialogs.self_check import SelfCheckDialog, recent_faults, support_facts
from gui.logs import crash_traces

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from core.imaging.synthetic import RenderedSmear
    from gui.shell.window import MainWindow


def test_the_shipped_model_is_whole() -> None:
    """After a new default model: sha256sum resources/models/default.onnx, into default.onnx.sha256."""
    assert hashlib.sha256(default_model_path().read_bytes()).hexdigest() == shipped_model_sha256()


@pytest.mark.slow
def test_the_check_counts_the_demo_smear(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.actions_["self_check"].trigger()
    dialog = next(child for child in window.children() if isinstance(child, SelfCheckDialog))
    qtbot.waitUntil(lambda: dialog.check is not None, timeout=120_000)
    check = dialog.check
    assert check is not None
    assert check.counts == render_demo_smear().counts()
    assert [finding.name for finding in check.findings if not finding.good] in ([], ["Speed"])
    assert "97 counted, 97 in the image" in dialog.findings.text()
    target = tmp_path / "support.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    facts = json.loads(target.read_text(encoding="utf-8"))
    assert facts["check"]["counts"] == check.counts
    assert facts["model_in_use"]["sha256"] == shipped_model_sha256()
    assert str(Path.home()) not in target.read_text(encoding="utf-8")
    dialog.close()


def test_a_wrong_count_is_found(tmp_path: Path, smear: RenderedSmear) -> None:
    picture = tmp_path / "other.png"
    write_picture(smear.image, picture)
    check = check_installation(picture=picture)
    assert not check.good
    assert "RBC" in [finding.name for finding in check.findings if not finding.good]


def test_a_missing_model_is_a_finding_without_its_path_in_the_support_file(tmp_path: Path, qtbot: QtBot) -> None:
    check = check_installation(tmp_path / "patient Smith" / "none.onnx")
    assert not check.good
    facts = json.dumps(support_facts(check, None, tmp_path / "no.log"))
    assert "Smith" not in facts
    assert "cannot be opened" in check.findings[0].text


def test_the_support_file_has_faults_without_their_messages(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text(
        "2026 ERROR Unexpected: Traceback (most recent call last):\n"
        '  File "/home/anna/gui/window.py", line 12, in show\n    x()\n'
        '  File "/home/anna/core/images.py", line 40, in read_image\n    y()\n'
        "ValueError: /home/anna/Smith.png is odd\n"
    )
    assert recent_faults(log) == ["ValueError at images.py:40 read_image"]


@pytest.mark.slow
def test_a_crash_trace_outlives_the_next_starts_and_is_in_the_support_file(tmp_path: Path, qtbot: QtBot) -> None:
    """The program is killed by a fault below Python, started anew, and asked for a support file."""
    logs = tmp_path / "patient Smith" / "logs"
    start = "import faulthandler, sys; from pathlib import Path; from gui.shell.crash import CrashGuard; "
    start += "guard = CrashGuard(Path(sys.argv[1])); "
    for crashes, then in enumerate(["crash", "crash", "end", "end", "crash", "crash", "crash"]):
        end = "def in_the_decoder(): faulthandler._sigsegv()\nin_the_decoder()" if then == "crash" else "guard.close()"
        code = subprocess.run([sys.executable, "-c", f"{start}\n{end}", str(logs)], check=False).returncode
        assert (code == 0) == (then == "end"), crashes
        assert "in_the_decoder" in json.dumps(crash_traces(logs))
    traces = crash_traces(logs)
    assert len(traces) == 4
    assert [trace["when"] for trace in traces] == sorted((trace["when"] for trace in traces), reverse=True)
    facts = json.dumps(support_facts(check_installation(tmp_path / "none.onnx"), None, logs / "smearcount.log"))
    assert "in_the_decoder" in facts
    assert "Smith" not in facts
    (logs / "faults.txt").write_text(
        'Windows fatal exception: access violation\n  File "C:\\Users\\anna\\gui\\canvas.py", line 3 in paint\n'
    )
    assert crash_traces(logs)[0]["trace"][1] == '  File "canvas.py", line 3 in paint'


@pytest.mark.parametrize("name", [name for name, _ in PAGES])
def test_links_and_pictures_of_the_guide_are_there(name: str) -> None:
    text = (guide_folder() / name).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert (guide_folder() / target).is_file(), target


def test_the_guide_is_shown(window: MainWindow, qtbot: QtBot) -> None:
    window.actions_["guide"].trigger()
    guide = window.dialogs.guide
    assert isinstance(guide, GuideWindow)
    assert guide.isVisible()
    assert "A first count" in guide.browser.toPlainText()
    for row, (_, title) in enumerate(PAGES):
        guide.pages.setCurrentRow(row)
        assert guide.browser.toPlainText().strip(), title
    guide.browser.setSource(QUrl.fromLocalFile(str(guide_folder() / "correcting.md")))
    assert guide.pages.currentItem().text() == "Correcting"
    qtbot.mouseClick(guide.back, Qt.MouseButton.LeftButton)
    assert guide.pages.currentItem().text() == "Troubleshooting"


def test_pictures_of_the_guide_fit_its_window(window: MainWindow) -> None:
    window.actions_["guide"].trigger()
    guide = window.dialogs.guide
    assert isinstance(guide, GuideWindow)
    with_pictures = [row for row, (name, _) in enumerate(PAGES) if "![" in (guide_folder() / name).read_text("utf-8")]
    assert len(with_pictures) > 3
    for width in (1400, 640):
        guide.resize(width, 600)
        for row in with_pictures:
            guide.pages.setCurrentRow(row)
            assert guide.browser.horizontalScrollBar().maximum() == 0
