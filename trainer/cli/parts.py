"""What the trainer's commands share: arguments, errors, and how they speak."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from core.models.network import default_model_path
from trainer.dataset.load import DataSet, load_data_set

if TYPE_CHECKING:
    from rich.table import Table

_WIDTH_IN_FILES = 110


class BadInputError(ValueError):
    """Input of a command that cannot be used; the message says why and what to do."""


class FailedError(RuntimeError):
    """A command that failed on good input."""


def add_data(parser: argparse.ArgumentParser, split: str) -> None:
    """Add the arguments of a command that reads one split of a data set."""
    parser.add_argument("--data", type=Path, required=True, metavar="PATH", help="data set folder or manifest (.json)")
    parser.add_argument("--split", default=split, help=f"split of the data set (default: {split})")
    add_sources(parser)


def add_sources(parser: argparse.ArgumentParser) -> None:
    """Add the argument that chooses sources."""
    parser.add_argument(
        "--sources", type=names, metavar="A,B", help="use only the fields of these sources (default: all)"
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add the argument that names a model file."""
    parser.add_argument(
        "--model",
        type=Path,
        default=default_model_path(),
        help="model file, or 'classical' to measure counting without one (default: the model that ships)",
    )


def make_room(*folders: Path | None) -> None:
    """Make the folders of what will be written before the work begins; raises OSError where nothing can be written."""
    for folder in folders:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            if not os.access(folder, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))


def os_error_text(error: OSError) -> str:
    """Return what the system could not do, with the file and the remedy."""
    if error.filename is None:
        return f"{error.strerror or error}; see that the disk has room, and try again."
    return f"{error.filename}: {error.strerror}; choose another place, or see to its rights."


def load(arguments: argparse.Namespace, split: str) -> DataSet:
    """Read a split of the data set that the arguments name; raises DataError."""
    return load_data_set(arguments.data, split, arguments.sources)


def names(text: str) -> frozenset[str]:
    """Return names that are separated by commas."""
    return frozenset(name.strip() for name in text.split(",") if name.strip())


def positive(text: str) -> int:
    """Return a number of at least 1."""
    if (value := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return value


def not_negative(text: str) -> int:
    """Return a number of at least 0."""
    if (value := int(text)) < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative")
    return value


def say(text: str) -> None:
    """Print a sentence as it is."""
    Console(soft_wrap=True, highlight=False).print(text, markup=False)


def show(table: Table) -> None:
    """Print a table, in files as wide as the figures need."""
    Console(width=None if sys.stdout.isatty() else _WIDTH_IN_FILES).print(table)
