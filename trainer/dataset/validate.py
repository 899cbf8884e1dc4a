"""Checking a manifest against the pictures that it names."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from core.imaging.reading import ImageError, read_image
from trainer.cli.console import progress
from trainer.dataset.manifest import groups_on_both_sides, manifest_faults, picture_path, read_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from trainer.dataset.manifest import Picture


def check(file: Path) -> list[str]:
    """Return a sentence for each thing that is wrong, none if the data set can be used.

    Raises
    ------
    DataError
        If the manifest cannot be read.
    """
    manifest = read_manifest(file)
    faults = list(manifest_faults(file, manifest))
    paths = [picture_path(file, picture) for picture in manifest.images]
    if len(paths) > 1 and not any(path.exists() for path in paths):
        return [
            *faults,
            f"{file}: none of its pictures is there, such as {paths[0]}; they are looked for as seen from the "
            "manifest: put it back where it was, or the pictures beside it, or import again.",
        ]
    for picture in progress(manifest.images, "Checking pictures"):
        faults += _picture_faults(picture_path(file, picture), picture)
    for group, sides in groups_on_both_sides(manifest).items():
        faults.append(
            f"{file}: the group {group} is on several sides of a split ({' and '.join(sides)}); split anew with "
            "'data split'."
        )
    return faults


def _picture_faults(path: Path, picture: Picture) -> Iterator[str]:
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        image = read_image(path)
    except FileNotFoundError:
        yield f"{path}: the picture is missing; put it back, or import again."
        return
    except OSError as error:
        yield f"{path}: the picture cannot be read ({error.strerror or error}); check the drive and your permissions."
        return
    except ImageError as error:
        yield str(error)
        return
    if (image.width, image.height) != (picture.width, picture.height):
        yield (
            f"{path}: the picture has {image.width} × {image.height} pixels, but the manifest says "
            f"{picture.width} × {picture.height}; import it again."
        )
    elif digest != picture.sha256:
        yield f"{path}: the picture has changed since it was imported; import it again."
