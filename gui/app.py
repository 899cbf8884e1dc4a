"""The program: ``smearcount [PATH...]``."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

# The inference runtime is imported before Qt: on Windows the other order loads clashing libraries.
from core.cli.run import main as count_headless
from core.imaging.demo import demo_smear
from core.models.network import default_model_path
from core.text import gettext
from core.version import __version__
from gui.preflight import has_display, missing_packages

if TYPE_CHECKING:
    from collections.abc import Sequence


def build_parser() -> argparse.ArgumentParser:
    """Return the argument parser of ``smearcount``."""
    parser = argparse.ArgumentParser(prog="smearcount", description=gettext("Count blood cells in smear photographs."))
    parser.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH", help=gettext("images and folders of images to open")
    )
    parser.add_argument("--demo", action="store_true", help=gettext("open the demo smear"))
    parser.add_argument("--model", type=Path, help=gettext("a model file (.onnx); default: the bundled model"))
    parser.add_argument("--version", action="version", version=f"SmearCount {__version__}")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Open the window; without a display, count headless."""
    multiprocessing.freeze_support()
    arguments = build_parser().parse_args(argv)
    paths = [*([demo_smear()] if arguments.demo else []), *arguments.paths]
    model = arguments.model or default_model_path()
    if not has_display():
        return _without_window(gettext("There is no display here, so no window is opened."), paths, model)
    if missing := missing_packages():
        names = " ".join(missing)
        return _without_window(
            gettext(
                "Qt needs system libraries that are missing here; install them with: sudo apt-get install {names}"
            ).format(names=names),
            paths,
            model,
        )
    from gui.shell.single_instance import hand_over

    if arguments.model is None and hand_over(paths):
        return 0  # the window that is already open has them
    from gui.application import run_window

    return run_window(paths, model)


def _without_window(reason: str, paths: list[Path], model: Path) -> int:
    sys.stderr.write(reason + "\n")
    if not paths:
        sys.stderr.write(gettext("Name images to count them without a window: smearcount-count PATH...\n"))
        return 1
    folder = Path(tempfile.mkdtemp(prefix="smearcount-"))
    code = count_headless(["--model", str(model), "--annotated", str(folder), *map(str, paths)])
    for picture in sorted(folder.iterdir()):
        sys.stdout.write(gettext("Annotated image: {path}").format(path=picture) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
