"""Measure the bars on speed and memory: ``make bench``, or ``make bench-quick`` in under three minutes."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from child import ENVIRONMENT, HERE, output_of
from effort import FULL, QUICK, Effort
from rich.console import Console
from rich.table import Table
from window_table import window_table

COMPARED = (
    # the rival shrinks every image to 800 pixels; SmearCount brings red cells to one width, so theirs decides
    ("usual.jpg", "640 × 480, cells of 104 px", 7, "> 25 ×"),  # the median of the BCCD photographs
    ("dense.jpg", "640 × 480, cells of 64 px", 7, "> 25 ×"),
    ("field.jpg", "2592 × 1944, cells of 64 px", 3, ""),
)


class Counter:
    """One of the two programs, in a process of its own."""

    def __init__(self, which: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, HERE / "counter.py", which],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
        )

    def __call__(self, path: Path | str = "") -> float:
        """Return the seconds that an image takes; without one, the peak memory in MiB."""
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


def median_of_runs(script: str, runs: int, *arguments: object) -> float:
    """Return the median of the numbers that a script prints in several runs."""
    return statistics.median(float(output_of(script, *arguments)) for _ in range(runs))


def program_table(effort: Effort) -> Table:
    """Measure speed and memory, side by side with the detector that the sources use."""
    table = Table("what", title="Speed and memory")
    for column in ("SmearCount", "RetinaNet", "ratio", "bar"):
        table.add_column(column, justify="right", no_wrap=True)
    with tempfile.TemporaryDirectory() as folder:
        output_of("pictures.py", folder, *(name for name, *_ in COMPARED[: effort.compared]))
        for name, title, rounds, bar in COMPARED[: effort.compared]:
            mine, theirs, ratio = compare(Path(folder) / name, min(rounds, effort.rounds))
            table.add_row(f"{title}, file to counts", f"{mine:.3f} s", f"{theirs:.3f} s", f"{ratio:.1f} ×", bar)
        for name, title, _, _ in COMPARED[: effort.compared]:
            (_, mine), (_, theirs) = (peak_memory(which, Path(folder) / name) for which in ("ours", "rival"))
            table.add_row(f"{title}, peak memory", f"{mine:.0f} MiB", f"{theirs:.0f} MiB", f"{theirs / mine:.1f} ×", "")
        if effort.slide:
            seconds, peak = peak_memory("ours", Path(folder) / "slide.png")
            table.add_row("10,000 × 10,000, file to counts", f"{seconds:.1f} s", "", "", "")
            table.add_row("10,000 × 10,000, peak memory", f"{peak:.0f} MiB", "", "", "< 3072 MiB")
    table.add_row("start to first window", f"{median_of_runs('first_window.py', effort.starts):.2f} s", "", "", "< 2 s")
    repaint = median_of_runs("slider_repaint.py", 1)
    table.add_row("slider to repaint, 5,000 boxes", f"{repaint:.1f} ms", "", "", "< 30 ms")
    sweep = median_of_runs("sweep.py", effort.starts)
    table.add_row("verification of 1,000 × 150 boxes, 14 thresholds", f"{sweep:.0f} ms", "", "", "< 2000 ms")
    for size in ((640, 480), (2592, 1944))[: effort.compared]:
        seconds = median_of_runs("report.py", 1, effort.reported, *size)
        title = f"report of {effort.reported} images of {size[0]} × {size[1]}, PDF, XLSX, CSV and JSON"
        table.add_row(title, f"{seconds:.1f} s", "", "", "< 20 s")
    return table


def main() -> None:
    effort = QUICK if "--quick" in sys.argv[1:] else FULL
    console = Console()
    console.print(program_table(effort))
    console.print(window_table(effort))


if __name__ == "__main__":
    main()
