"""The workspace runs without a widget."""

from __future__ import annotations

import subprocess
import sys


def test_the_workspace_loads_no_widgets() -> None:
    code = "import sys, gui.workspace.workspace; print([name for name in sys.modules if 'QtWidgets' in name])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
