"""Measure the bars on the window: 5,000 boxes on the canvas, and folders of many pictures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
FRAMES = (
    ("pan", "5,000 boxes, pan, all in view", "> 30 / s"),
    ("pan at 100 %", "5,000 boxes, pan at 100 %, with texts", "> 30 / s"),
    ("zoom", "5,000 boxes, zoom", "> 30 / s"),
    ("edit", "5,000 boxes, an edit until it is stored and painted", "< 16 ms"),
    ("undo", "5,000 boxes, an undo until it is stored and painted", "< 16 ms"),
)


def run(script: str, *arguments: object) -> dict:
    """Return what a script prints; it runs in a process of its own."""
    command = [sys.executable, str(HERE / script), *map(str, arguments)]
    output = subprocess.run(
        command, stdout=subprocess.PIPE, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"}, check=True
    ).stdout
    return json.loads(output)


def window_table() -> Table:
    """Return the measurements; they take some minutes."""
    table = Table("what", title="The window")
    for column in ("SmearCount", "compared with", "ratio", "bar"):
        table.add_column(column, justify="right", no_wrap=True)
    frames = run("field_frames.py")
    for key, title, bar in FRAMES:
        mine, empty = frames["boxes"][key], frames["empty"][key]
        rate = f", {1000 / mine:.0f} / s" if bar.endswith("/ s") else ""
        table.add_row(title, f"{mine:.1f} ms{rate}", f"{empty:.1f} ms, no boxes", f"{mine / empty:.1f} ×", bar)
    listed = run("many_images.py", "list", 13_000)
    table.add_row(
        "13,000 pictures listed",
        f"{listed['listed']:.2f} s",
        f"{listed['scandir']:.3f} s, scandir",
        f"{listed['listed'] / listed['scandir']:.0f} ×",
        "< 2 s",
    )
    for arguments, title in (((60, 640, 480, 40), "640 × 480"), ((6, 2592, 1944, 900), "2592 × 1944")):
        beat = run("many_images.py", "beat", *arguments)
        table.add_row(
            f"{arguments[0]} pictures of {title} counted, longest gap",
            f"{beat['counting']:.0f} ms",
            f"{beat['idle']:.0f} ms, at rest",
            f"{beat['counting'] / beat['idle']:.1f} ×",
            "< 50 ms",
        )
    memory = run("many_images.py", "memory", 2000)
    grown = memory["after all"] - memory["after 50"]
    table.add_row(
        "2,000 pictures shown, memory after the 50th",
        f"+{grown:.0f} MiB",
        f"{memory['after 50']:.0f} MiB",
        "",
        "< +95 MiB",
    )
    return table


if __name__ == "__main__":
    Console().print(window_table())
