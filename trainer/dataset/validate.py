"""Checking a manifest against the images that it names."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from core.imaging.reading import ImageError, read_image
from core.text import gettext
from trainer.dataset.manifest import groups_on_both_sides, image_path, manifest_faults, read_manifest
from trainer.progress import progress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from trainer.dataset.manifest import ImageEntry


def check(file: Path) -> list[str]:
    """Return a sentence for each thing that is wrong, none if the data set can be used.

    Raises
    ------
    DataError
        If the manifest cannot be read.
    """
    manifest = read_manifest(file)
    faults = list(manifest_faults(file, manifest))
    paths = [image_path(file, image) for image in manifest.images]
    if len(paths) > 1 and not any(path.exists() for path in paths):
        return [
            *faults,
            gettext(
                "{file}: none of its images was found, such as {image}; put the manifest or the images back where they "
                "were, or import again."
            ).format(file=file, image=paths[0]),
        ]
    for image in progress(manifest.images, gettext("Checking images")):
        faults += _image_faults(image_path(file, image), image)
    for group, sides in groups_on_both_sides(manifest).items():
        faults.append(
            gettext(
                "{file}: group {group} is divided between splits ({splits}); split again with 'data split'."
            ).format(file=file, group=group, splits=gettext(" and ").join(sides))
        )
    return faults


def _image_faults(path: Path, entry: ImageEntry) -> Iterator[str]:
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        found = read_image(path)
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
    if (found.width, found.height) != (entry.width, entry.height):
        yield (
            gettext(
                "{file}: the image has {width} × {height} pixels, but {listed_width} × {listed_height} in the "
                "manifest; import it again."
            ).format(
                file=path,
                width=found.width,
                height=found.height,
                listed_width=entry.width,
                listed_height=entry.height,
            )
        )
    elif digest != entry.sha256:
        yield gettext("{file}: the image has changed since it was imported; import it again.").format(file=path)
