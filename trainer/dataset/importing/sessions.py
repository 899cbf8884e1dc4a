"""Session files: images that a person looked through and corrected in the program."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from core.cells import Origin
from core.report.gather import gather
from core.session.session import Session, SessionError
from trainer.dataset.importing.fields import Imported, ImportedCell, ImportedField
from trainer.dataset.manifest import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from core.report.content import ReportImage


def read_session(source: Path, *, unreviewed: bool = False) -> Imported:
    """Read the counted cells of a session, corrections included, as the session counts them.

    Cells that only the counting frame leaves out are taken too: without them an image would teach that those are
    none. Images that were not marked as reviewed, or whose count changed since, are left out unless ``unreviewed``.
    """
    result = Imported(files=[source])
    try:
        with Session.open(source, read_only=True) as session:
            content = gather(session)
            result.faults += session.damage
    except SessionError as error:
        raise DataError(str(error)) from error
    result.classes = content.classes
    chosen = [image for image in content.images if unreviewed or (image.reviewed and not image.changed)]
    for image in chosen:
        _take(result, image, content.classes)
    if left := len(content.images) - len(chosen):
        result.notes.append(f"{left} images are not marked as reviewed as they count now, and are left out.")
    return result


def _take(result: Imported, image: ReportImage, classes: tuple[str, ...]) -> None:
    counted = image.counted
    if counted is None:
        problem = image.problem
        result.faults.append(problem if str(image.path) in problem else f"{image.path}: {problem}")
        return
    try:
        same = hashlib.sha256(image.path.read_bytes()).hexdigest() == image.sha256
    except OSError as error:
        result.faults.append(f"{image.path}: the image cannot be read ({error.strerror or error}); put it back.")
        return
    if not same:
        result.faults.append(f"{image.path}: the image has changed since it was counted; count it again.")
        return
    if image.unclassed:
        result.notes.append(
            f"{image.path}: {image.unclassed} cells of classes that the model does not know are left out."
        )
    cells, chosen = counted.found.detections, counted.result.counted | counted.result.excluded
    result.fields.append(
        ImportedField(
            image.path,
            counted.width,
            counted.height,
            [
                ImportedCell(
                    classes[int(cells.labels[cell])],
                    tuple(cells.boxes[cell].tolist()),
                    Origin(int(cells.origin[cell])).name.lower(),
                )
                for cell in np.flatnonzero(chosen).tolist()
            ],
        )
    )
