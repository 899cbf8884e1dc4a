"""The packages that the program stands on."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

CONSTRAINTS = Path(__file__).parents[2] / "constraints.txt"


def test_there_is_one_opencv_and_it_brings_no_qt():
    """The full wheel's Qt plugins clash with PySide6."""
    names = {(dist.metadata["Name"] or "").lower() for dist in metadata.distributions()}
    assert {name for name in names if name.startswith("opencv")} == {"opencv-python-headless"}


@pytest.mark.skipif(not CONSTRAINTS.exists(), reason="not run from a source tree")
def test_every_requirement_is_pinned_and_no_pin_is_an_address():
    pins: dict[str, str] = {}
    for line in CONSTRAINTS.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            match = re.fullmatch(r"([a-z0-9-]+)==([0-9][0-9a-z.]*)", line)
            assert match, line
            pins[match[1]] = match[2]
    needed = {re.split(r"[^\w-]", text, maxsplit=1)[0].lower() for text in metadata.requires("smearcount") or ()}
    needed.discard("smearcount")  # the extra train includes the extra measure
    assert len(needed) > 10
    assert needed <= set(pins)


def test_nothing_is_sent_to_anyone_and_nothing_is_left_in_the_home_folder(tmp_path: Path):
    """OpenVINO by itself reports its use as it is imported."""
    code = (
        "import socket, sys\n"
        "def refuse(*_): raise SystemExit('the network was used')\n"
        "socket.getaddrinfo = socket.socket.connect = refuse\n"
        "import core.cli.run\n"
        "assert 'openvino_telemetry' not in sys.modules\n"
    )
    environment = {**os.environ, "HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []
