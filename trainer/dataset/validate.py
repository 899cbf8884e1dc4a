"""Checking a manifest against the pictures that it names."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from core.imaging.reading import ImageError, read_image
from core.text import gettext
from trainer.dataset.manifest import groups_on_both_sides, manifest_faults, picture_path, read_manifest
from trainer.progress import progress

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
            gettext(
                "{file}: none of its images was found, such as {image}; put the manifest or the images back where they "
                "were, or import again."
            ).format(file=file, image=paths[0]),
        ]
    for picture in progress(manifest.images, gettext("Checking images")):
        faults += _picture_faults(picture_path(file, picture), picture)
    for group, sides in groups_on_both_sides(manifest).items():
        faults.append(
            gettext(
                "{file}: group {group} is divided between splits ({splits}); split again with 'data split'."
            ).format(file=file, group=group, splits=gettext(" and ").join(sides))
        )
    return faults


def _picture_faults(path: Path, picture: Picture) -> Iterator[str]:
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        image = read_image(path)
    except FileNotFoundError:
        yield gettext("{file}: this image is missing; put it back, or import again.").format(file=path)
        return
    except OSError as error:
        yield gettext("{file}: the image cannot be read ({reason}); check the drive and your permissions.").format(
            file=path, reason=error.strerror or error
        )
        return
    except ImageError as error:
        yield str(error)
        return
    if (image.width, image.height) != (picture.width, picture.height):
        yield (
            gettext(
                "{file}: the image has {width} × {height} pixels, but {listed_width} × {listed_height} in the "
                "manifest; import it again."
            ).format(
                file=path,
                width=image.width,
                height=image.height,
                listed_width=picture.width,
                listed_height=picture.height,
            )
        )
    elif digest != picture.sha256:
        yield gettext("{file}: the image has changed since it was imported; import it again.").format(file=path)
