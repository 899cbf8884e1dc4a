"""Where the log and the traces of crashes lie, and what of them may leave this computer."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PySide6.QtCore import QStandardPaths

LOG_NAME = "smearcount.log"
LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
LOGGERS = ("smearcount", "gui", "core")
"""The loggers whose records are kept."""

TRACE_NAMES = ("faults.txt", "faults.1.txt", "faults.2.txt", "faults.3.txt")
_MOST_LINES = 200
_FILE_OF_FRAME = re.compile(r'File ".*?([^/\\"]+)"')
_ACTIVITY = re.compile(r"^\S+ \S+ (?:INFO|WARNING|ERROR) (?:gui|core)\.[\w.]+: ")


def log_folder() -> Path:
    """Return the folder of the log, as the platform has it."""
    state = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.StateLocation)
    return Path(state or Path.home()) / "logs"


def crash_traces(folder: Path) -> list[dict[str, Any]]:
    """Return when the program crashed and where it was then, the latest first; files are named without their folders.

    There is nothing but places in the program in them.
    """
    traces = []
    for name in TRACE_NAMES:
        try:
            text = (folder / name).read_text(encoding="utf-8", errors="replace")
            when = datetime.fromtimestamp((folder / name).stat().st_mtime, UTC)
        except OSError:
            continue
        if text.strip():
            lines = [_FILE_OF_FRAME.sub(r'File "\1"', line) for line in text.splitlines()[:_MOST_LINES]]
            traces.append({"when": when.isoformat(timespec="seconds"), "trace": lines})
    return traces


def recent_activity(log: Path) -> list[str]:
    """Return what the program did last, the latest at the end, without the names of files and folders."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return [without_paths(line) for line in lines if _ACTIVITY.match(line)][-_MOST_LINES:]


def without_paths(text: str) -> str:
    """Remove what looks like a path: it holds the name of the account, if not more."""
    return re.sub(r"(?:[A-Za-z]:)?[/\\][^:]*", "…", text)
