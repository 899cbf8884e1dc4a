"""The command ``smearcount-train``: its parser, and what an error makes of its exit code."""

from __future__ import annotations

import argparse
import shlex
import sys
from typing import TYPE_CHECKING

from core.errors import UserError
from core.imaging.reading import ImageError
from core.models.network import ModelError
from core.text import gettext
from core.version import __version__
from trainer.cli import data, export, fit, kinds, masks, measure, tune
from trainer.cli.console import print_error
from trainer.errors import FailedError

if TYPE_CHECKING:
    from collections.abc import Sequence

EXIT_GOOD, EXIT_FAILED, EXIT_BAD_INPUT = 0, 1, 2

_OF_TRAINING = {"lightning", "nncf", "onnxruntime", "torch", "torchmetrics", "torchvision"}
"""Packages of the extra ``train`` that the extra ``measure`` lacks."""


def build_parser() -> argparse.ArgumentParser:
    """Return the argument parser of ``smearcount-train``."""
    parser = argparse.ArgumentParser(
        prog="smearcount-train", description=gettext("Train, measure and export the models that count blood cells.")
    )
    parser.add_argument("--version", action="version", version=f"SmearCount {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    data_commands = data.add_commands(commands)
    masks.add_command(data_commands)
    fit.add_command(commands)
    export.add_command(commands)
    tune.add_commands(commands)
    measure.add_commands(commands)
    kinds.add_commands(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code: 0 good, 1 it failed, 2 bad arguments or data."""
    arguments = build_parser().parse_args(argv)
    arguments.command_line = shlex.join(["smearcount-train", *(sys.argv[1:] if argv is None else argv)])
    try:
        arguments.run_command(arguments)
    except FailedError as error:
        print_error(str(error))
        return EXIT_FAILED
    except (UserError, ModelError, ImageError) as error:
        print_error(str(error))
        return EXIT_BAD_INPUT
    except OSError as error:
        print_error(_os_error_text(error))
        return EXIT_FAILED
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", "core", "trainer"):
            raise
        print_error(_missing_package_text(arguments.command, package))
        return EXIT_BAD_INPUT
    return EXIT_GOOD


def _os_error_text(error: OSError) -> str:
    """Return what the system could not do, with the file and the remedy."""
    if error.filename is None:
        return gettext("{reason}; check that the disk has room, and try again.").format(reason=error.strerror or error)
    return gettext("{file}: {reason}; choose another place, or check its permissions.").format(
        file=error.filename, reason=error.strerror
    )


def _missing_package_text(command: str, package: str) -> str:
    extra = "train" if package in _OF_TRAINING else "measure"
    return gettext(
        "smearcount-train {command} needs a package that is not installed here ({package}). In the folder of the "
        'source, run: pip install -c constraints.txt -e ".[{extra}]"'
    ).format(command=command, package=package, extra=extra)


if __name__ == "__main__":
    sys.exit(main())
