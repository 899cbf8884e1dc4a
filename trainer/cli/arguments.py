"""Arguments that several of the trainer's commands share."""

from __future__ import annotations

import argparse
import errno
import os
from pathlib import Path

from core.models.network import default_model_path
from core.text import gettext
from trainer.dataset.load import DataSet, load_data_set


def add_data(parser: argparse.ArgumentParser, split: str) -> None:
    """Add the arguments of a command that reads one split of a data set."""
    add_data_set(parser, required=True)
    parser.add_argument(
        "--split", default=split, help=gettext("split of the data set (default: {split})").format(split=split)
    )
    add_sources(parser)


def add_data_set(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """Add the argument that names a data set."""
    parser.add_argument(
        "--data", type=Path, required=required, metavar="PATH", help=gettext("manifest (.json) or data set folder")
    )


def add_sources(parser: argparse.ArgumentParser) -> None:
    """Add the argument that chooses sources."""
    parser.add_argument(
        "--sources", type=names, metavar="A,B", help=gettext("use only images from these sources (default: all)")
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add the argument that names a model file."""
    parser.add_argument(
        "--model",
        type=Path,
        default=default_model_path(),
        metavar="FILE",
        help=gettext("model file, or 'classical' to count without a model (default: the bundled model)"),
    )


def prepare_folders(*folders: Path | None) -> None:
    """Make the folders of the results before the work begins; raises OSError where nothing can be written."""
    for folder in folders:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            if not os.access(folder, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))


def load(arguments: argparse.Namespace, split: str) -> DataSet:
    """Read a split of the data set that the arguments name; raises DataError."""
    return load_data_set(arguments.data, split, arguments.sources)


def names(text: str) -> frozenset[str]:
    """Return names that are separated by commas."""
    return frozenset(name.strip() for name in text.split(",") if name.strip())


def positive(text: str) -> int:
    """Return a number of at least 1."""
    if (value := int(text)) < 1:
        raise argparse.ArgumentTypeError(gettext("{text} is not at least 1").format(text=text))
    return value


def not_negative(text: str) -> int:
    """Return a number of at least 0."""
    if (value := int(text)) < 0:
        raise argparse.ArgumentTypeError(gettext("{text} is negative").format(text=text))
    return value
