"""Measure the bars on speed and memory, side by side with the detector that the sources use: ``make bench``."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from core.annotate import write_picture
from core.rendered_smear import render_smear

HERE = Path(__file__).parent
ROUNDS = 7
STARTS = 5


class Counter:
    """One of the two programs, in a process of its own."""

    def __init__(self, which: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, HERE / "counter.py", which], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __call__(self, path: Path | str = "") -> float:
        """Return the seconds that a picture takes; without one, the peak memory in MiB."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(f"{path}\n")
        stdin.flush()
        return float(stdout.readline())

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def make_pictures(folder: Path) -> dict[str, Path]:
    rng = np.random.default_rng(0)
    small = render_smear(640, 480, red_cells=60, white_cells=1, platelets=6, diameter=64, rng=rng).image
    field = render_smear(2592, 1944, red_cells=900, white_cells=4, platelets=60, diameter=64, rng=rng).image
    slide = np.tile(field, (6, 4, 1))[:10_000, :10_000]
    pictures = {
        "640 x 480": folder / "small.jpg",
        "2592 x 1944": folder / "field.jpg",
        "10,000 x 10,000": folder / "s.png",
    }
    for pixels, path in zip((small, field, slide), pictures.values(), strict=True):
        write_picture(pixels, path)
    return pictures


def compare(path: Path, rounds: int) -> tuple[float, float, float]:
    """Return the median seconds of ours and of the rival, and the median of the pairwise ratios."""
    ours, rival = Counter("ours"), Counter("rival")
    pairs = [(ours(path), rival(path)) for _ in range(rounds + 1)][1:]  # the first pair warms up
    ours.close()
    rival.close()
    ratios = [theirs / mine for mine, theirs in pairs]
    return (*(statistics.median(column) for column in zip(*pairs, strict=True)), statistics.median(ratios))


def peak_memory(which: str, path: Path) -> tuple[float, float]:
    """Return the seconds and the peak MiB of a fresh process that counts one picture."""
    counter = Counter(which)
    seconds, peak = counter(path), counter()
    counter.close()
    return seconds, peak


def median_of_runs(script: str, runs: int) -> float:
    """Return the median of the numbers that a script prints in several runs."""
    command, environment = [sys.executable, HERE / script], {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    outputs = [subprocess.run(command, stdout=subprocess.PIPE, env=environment, check=True).stdout for _ in range(runs)]
    return statistics.median(map(float, outputs))


def main() -> None:
    table = Table("what", "SmearCount", "torchvision RetinaNet", "ratio", "bar", title="Speed and memory")
    with tempfile.TemporaryDirectory() as folder:
        pictures = make_pictures(Path(folder))
        for name, rounds, bar in (("640 x 480", ROUNDS, "25 x"), ("2592 x 1944", 3, "")):
            mine, theirs, ratio = compare(pictures[name], rounds)
            table.add_row(f"{name}, file to counts", f"{mine:.3f} s", f"{theirs:.3f} s", f"{ratio:.1f} x", bar)
        for name in ("640 x 480", "2592 x 1944"):
            (_, mine), (_, theirs) = peak_memory("ours", pictures[name]), peak_memory("rival", pictures[name])
            table.add_row(f"{name}, peak memory", f"{mine:.0f} MiB", f"{theirs:.0f} MiB", f"{theirs / mine:.1f} x", "")
        seconds, peak = peak_memory("ours", pictures["10,000 x 10,000"])
        table.add_row("10,000 x 10,000, file to counts", f"{seconds:.1f} s", "", "", "")
        table.add_row("10,000 x 10,000, peak memory", f"{peak:.0f} MiB", "", "", "3072 MiB")
    table.add_row("start to first window", f"{median_of_runs('first_window.py', STARTS):.2f} s", "", "", "2 s")
    repaint = median_of_runs("slider_repaint.py", 1)
    table.add_row("slider to repaint, 5,000 boxes", f"{repaint:.1f} ms", "", "", "30 ms")
    Console().print(table)


if __name__ == "__main__":
    main()
