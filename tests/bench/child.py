"""Run a script of the bench in a process of its own, which keeps its messages to itself unless it fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ENVIRONMENT = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(HERE.parents[1])}


def output_of(script: str, *arguments: object) -> str:
    """Return what a script prints; ends the bench with its messages if it fails."""
    command = [sys.executable, str(HERE / script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=False)
    if done.returncode:
        sys.exit(f"{script} failed:\n{done.stderr}")
    return done.stdout


def figures_of(script: str, *arguments: object) -> Any:
    """Return the figures that a script prints as JSON."""
    return json.loads(output_of(script, *arguments))
