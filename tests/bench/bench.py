"""Measure the bars on speed and memory, side by side with the detector that the sources use: ``make bench``."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table
from window_table import window_table

HERE = Path(__file__).parent
STARTS = 5
COMPARED = (
    # the rival shrinks every picture to 800 pixels; SmearCount brings red cells to one width, so theirs decides
    ("usual.jpg", "640 × 480, cells of 104 px", 7, "> 25 ×"),  # the median of the BCCD photographs
    ("dense.jpg", "640 × 480, cells of 64 px", 7, "> 25 ×"),
    ("field.jpg", "2592 × 1944, cells of 64 px", 3, ""),
)


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


def compare(path: Path, rounds: int) -> tuple[float, float, float]:
    """Return the median seconds of ours and of the rival, and the median of the pairwise ratios."""
    ours, rival = Counter("ours"), Counter("rival")
    pairs = [(ours(path), rival(path)) for _ in range(rounds + 1)][1:]  # the first pair warms up
    ours.close()
    rival.close()
    ratios = [theirs / ours for ours, theirs in pairs]
    mine, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    return mine, theirs, statistics.median(ratios)


def peak_memory(which: str, path: Path) -> tuple[float, float]:
    """Return the seconds and the peak MiB of a fresh process that counts one picture."""
    counter = Counter(which)
    seconds, peak = counter(path), counter()
    counter.close()
    return seconds, peak


def median_of_runs(script: str, runs: int, *arguments: str) -> float:
    """Return the median of the numbers that a script prints in several runs."""
    command, environment = [sys.executable, HERE / script, *arguments], {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    outputs = [subprocess.run(command, stdout=subprocess.PIPE, env=environment, check=True).stdout for _ in range(runs)]
    return statistics.median(map(float, outputs))


def main() -> None:
    table = Table("what", title="Speed and memory")
    for column in ("SmearCount", "RetinaNet", "ratio", "bar"):
        table.add_column(column, justify="right", no_wrap=True)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, HERE / "pictures.py", folder], check=True)
        for name, title, rounds, bar in COMPARED:
            mine, theirs, ratio = compare(Path(folder) / name, rounds)
            table.add_row(f"{title}, file to counts", f"{mine:.3f} s", f"{theirs:.3f} s", f"{ratio:.1f} ×", bar)
        for name, title, _, _ in COMPARED:
            (_, mine), (_, theirs) = (peak_memory(which, Path(folder) / name) for which in ("ours", "rival"))
            table.add_row(f"{title}, peak memory", f"{mine:.0f} MiB", f"{theirs:.0f} MiB", f"{theirs / mine:.1f} ×", "")
        seconds, peak = peak_memory("ours", Path(folder) / "slide.png")
        table.add_row("10,000 × 10,000, file to counts", f"{seconds:.1f} s", "", "", "")
        table.add_row("10,000 × 10,000, peak memory", f"{peak:.0f} MiB", "", "", "< 3072 MiB")
    table.add_row("start to first window", f"{median_of_runs('first_window.py', STARTS):.2f} s", "", "", "< 2 s")
    repaint = median_of_runs("slider_repaint.py", 1)
    table.add_row("slider to repaint, 5,000 boxes", f"{repaint:.1f} ms", "", "", "< 30 ms")
    sweep = median_of_runs("sweep.py", 3)
    table.add_row("verification of 1,000 × 150 boxes, 14 thresholds", f"{sweep:.0f} ms", "", "", "< 2000 ms")
    for size in (("640", "480"), ("2592", "1944")):
        seconds = median_of_runs("report.py", 1, "50", *size)
        title = f"report of 50 pictures of {' × '.join(size)}, PDF, XLSX, CSV and JSON"
        table.add_row(title, f"{seconds:.1f} s", "", "", "< 20 s")
    Console().print(table)
    Console().print(window_table())


if __name__ == "__main__":
    main()
