"""Count images with the program ``cbc`` (PyPI, MIT; a dual-output U-Net): ``python cbc_counts.py IMAGE FACTOR ...``.

``tests/bench/accuracy.py`` runs it with the Python of an environment of its own, which has TensorFlow before 2.16,
OpenCV, SciPy, Matplotlib and the files of ``cbc``. The program's own functions do all of it, with its own weights;
only the paths of the weights and an import that nothing uses are changed. Two things are done for it: each image is
resized by a factor, so that red cells are as wide as in its training images, and what it finds in its own black
padding is cut off.
Writes a JSON list to standard output, for each image: what the program prints for red cells (by circles, by
components), white cells and platelets, and the seconds.
"""

# Runs without the packages of this project, on whatever Python TensorFlow supports.

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2

if TYPE_CHECKING:
    from collections.abc import Callable

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["MPLBACKEND"] = "Agg"
PADDING = 100  # pixels of its own at each side of what it writes


def read(path: Path) -> Any:
    """Return the pixels of an image that is known to be one."""
    pixels = cv2.imread(str(path))
    assert pixels is not None
    return pixels


def program() -> dict[str, Any]:
    """Return the names of the program's script, run without its command line."""
    prefix = Path(sys.prefix)
    source = (prefix / "bin" / "cbc").read_text("utf-8")
    source = source.replace("/usr/share/cbc", str(prefix / "share" / "cbc"))
    source = source.replace("import tensorflow_addons as tfa\n", "").replace("filters /= 2", "filters //= 2")
    names: dict[str, Any] = {"__name__": "cbc"}
    exec(compile(source, "cbc", "exec"), names)
    return names


def printed(function: Callable[..., object], *arguments: object) -> int:
    """Return the number that a function of the program prints; 0 where it fails because it finds nothing."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        try:
            function(*arguments)
        except TypeError:  # no circles at all
            return 0
    numbers = re.findall(r": (\d+)\s*$", out.getvalue())
    return int(numbers[-1]) if numbers else 0


def counted(cbc: dict[str, Any], image: Path, folder: Path) -> dict[str, int]:
    """Return what the program counts in an image."""
    counts: dict[str, int] = {}
    for kind, name in (("rbc", "RBC"), ("wbc", "WBC"), ("plt", "Platelets")):
        cbc.update(cell_type=kind, model_name=kind, output_directory=str(folder / kind))
        with contextlib.redirect_stdout(io.StringIO()):
            cbc["predict"](str(image))
            height, width = read(image).shape[:2]
            for file in (folder / kind).glob("*.png"):
                found = read(file)[PADDING : PADDING + height, PADDING : PADDING + width]
                cv2.imwrite(str(file), found)
            for mask in ("mask.png", "edge.png", "edge_mask.png") if kind == "rbc" else ("mask.png",):
                cbc["threshold"](mask)
        if kind == "rbc":
            counts["RBC circles"] = printed(cbc["hough_transform"], "edge.png")
        counts[f"{name} components"] = printed(cbc["component_labeling"], "mask.png")
    return counts


def main() -> None:
    cbc = program()
    results: list[dict[str, Any]] = []
    for path, factor in zip(map(Path, sys.argv[1::2]), map(float, sys.argv[2::2]), strict=True):
        pixels = read(path.absolute())
        how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
        pixels = cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=how)
        start, home = time.perf_counter(), Path.cwd()
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)  # where the program makes a folder for its output
            image = Path(folder) / "image.png"
            cv2.imwrite(str(image), pixels)
            counts = counted(cbc, image, Path(folder))
            os.chdir(home)
        results.append({"counts": counts, "seconds": time.perf_counter() - start})
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
