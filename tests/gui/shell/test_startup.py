"""Starting without a display, and without Qt's system libraries."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from core.imaging.demo import render_demo_smear
from gui.preflight import has_display, missing_packages

if TYPE_CHECKING:
    from pathlib import Path


def test_a_linux_without_display_is_noticed() -> None:
    assert not has_display({}, "linux")
    assert has_display({"DISPLAY": ":0"}, "linux")
    assert has_display({"WAYLAND_DISPLAY": "wayland-0"}, "linux")
    assert has_display({}, "win32")
    assert has_display({}, "darwin")


def test_only_linux_is_asked_for_packages() -> None:
    assert missing_packages({"DISPLAY": ":0"}, "win32") == []


@pytest.mark.slow
def test_without_a_display_the_demo_is_counted_headless(model_path: Path, tmp_path: Path) -> None:
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    }
    environment |= {"TMPDIR": str(tmp_path), "COLUMNS": "200"}
    if sys.platform.startswith("linux"):
        run = subprocess.run(
            [sys.executable, "-m", "gui.app", "--demo", "--model", str(model_path)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=environment,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        assert "no display" in run.stderr
        for number in render_demo_smear().counts().values():
            assert str(number) in run.stdout
        annotated = list(tmp_path.glob("smearcount-*/demo_smear_counted.png"))
        assert len(annotated) == 1
        assert str(annotated[0]) in run.stdout


@pytest.mark.slow
def test_the_program_never_imports_torch() -> None:
    code = "import sys, gui.shell.window, core.cli.run; sys.exit('torch' in sys.modules or 'trainer' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.slow
def test_the_window_opens_without_the_writers_of_reports() -> None:
    code = (
        "import sys, gui.shell.window, core.cli.run; sys.exit(not {'reportlab', 'xlsxwriter'}.isdisjoint(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
