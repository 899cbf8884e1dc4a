"""Teaching sets from annotated cells."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from core.kinds.crops import cell_crops, cell_picture, even_pixels
from core.kinds.embeddings import in_8_bits
from core.kinds.teaching_set import Header, TaughtCell, TeachingSet
from core.kinds.tree import NO_CELL, Kind, KindTree, ready_sets
from trainer.kinds.cells import by_image

if TYPE_CHECKING:
    from datetime import datetime

    from core.models.embedding import EmbeddingModel
    from trainer.kinds.cells import AnnotatedCell


def teach(
    model: EmbeddingModel, cells: list[AnnotatedCell], class_name: str, name: str, user: str, time: datetime
) -> TeachingSet:
    """Return a teaching set of annotated cells of one class."""
    vectors = np.zeros((len(cells), model.card.dimensions), np.float32)
    crops: list[bytes] = [b""] * len(cells)
    for pixels, boxes, places in by_image(cells):
        seen = cell_crops(even_pixels(pixels, model.card), boxes, model.card)
        vectors[places] = model.embed(seen)
        for place, crop in zip(places, seen, strict=True):
            crops[place] = cell_picture(crop)
    samples = tuple(dict.fromkeys(cell.sample for cell in cells))
    images = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in {cell.image for cell in cells}}
    said = time.isoformat()
    taught = tuple(
        TaughtCell(images[cell.image], cell.box, samples.index(cell.sample), class_name, key_of(cell.kind), user, said)
        for cell in cells
    )
    header = Header(
        name=name,
        embedding=model.sha256,
        dimensions=model.card.dimensions,
        tree=tree_of(sorted({cell.kind for cell in cells}), class_name),
        samples=tuple(sample or name for sample in samples),
        cells=taught,
        made=said,
        made_by=user,
    )
    steps, scales = in_8_bits(vectors)
    return TeachingSet(header, steps, scales, tuple(crops))


def key_of(name: str) -> str:
    """Return the key of a kind that a table or folder calls by its name: ``Band neutrophil`` is ``band-neutrophil``."""
    return "-".join(name.casefold().replace("_", " ").split())


def tree_of(names: list[str], class_name: str) -> KindTree:
    """Return the kinds of a class: those of the ready set where they are known, else plain ones."""
    ready = ready_sets().get(class_name, KindTree())
    known = {kind.key: kind for kind in ready.kinds}
    needed: dict[str, Kind] = {}
    for name in names:
        key = key_of(name)
        kind = known.get(key)
        while kind is not None:  # what it stands under comes along
            needed[kind.key] = kind
            kind = known.get(kind.parent)
        if key != NO_CELL:
            needed.setdefault(key, Kind(key=key, name=name, parent=class_name))
    return KindTree().with_kinds(needed.values())
