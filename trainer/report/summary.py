"""What a manifest holds, in tables and a sentence."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import numpy as np
from msgspec import UNSET

from core.text import gettext
from trainer.dataset.boxes_from_points import GOOD_QUALITY
from trainer.report.tables import Table

if TYPE_CHECKING:
    from trainer.dataset.manifest import Manifest

NO_SPLIT = "–"


def summary_tables(manifest: Manifest, title: str) -> list[Table]:
    """Return the images by source and split, the cells by class and split, and what each fold holds."""
    tables = [_images(manifest, title), _cells(manifest)]
    return [*tables, _folds(manifest)] if any(image.fold is not None for image in manifest.images) else tables


def _images(manifest: Manifest, title: str) -> Table:
    cells = manifest.cells_by_image()
    rows: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    groups: dict[tuple[str, str], set[str]] = defaultdict(set)
    for image in manifest.images:
        key = image.source, image.split or NO_SPLIT
        number = len(cells[image.id])
        rows[key] = [one + more for one, more in zip(rows[key], (1, int(not number), number), strict=True)]
        groups[key].add(image.group or image.file_name)
    header = ("source", "split", "images", "without cells", "groups", "cells")
    lines = [[*key, images, empty, len(groups[key]), number] for key, (images, empty, number) in sorted(rows.items())]
    return Table(header, lines, title, texts=2)


def _cells(manifest: Manifest) -> Table:
    splits = sorted({image.split or NO_SPLIT for image in manifest.images})
    of_image = {image.id: image for image in manifest.images}
    counts = Counter((cell.category_id, of_image[cell.image_id].split or NO_SPLIT) for cell in manifest.annotations)
    holding = Counter(category for category, _ in {(cell.category_id, cell.image_id) for cell in manifest.annotations})
    partly = Counter(name for image in manifest.images for name in image.incomplete)
    header = ("class", "kind of", *splits, "images with it", "not fully annotated in")
    rows = [
        [
            category.name,
            category.supercategory,
            *(counts[category.id, split] for split in splits),
            holding[category.id],
            partly[category.name],
        ]
        for category in manifest.categories
    ]
    return Table(header, rows, texts=2)


def _folds(manifest: Manifest) -> Table:
    fold = {image.id: image.fold for image in manifest.images if image.fold is not None}
    folds = sorted(set(fold.values()))
    images = Counter(fold.values())
    counts = Counter((cell.category_id, fold[cell.image_id]) for cell in manifest.annotations if cell.image_id in fold)
    rows = [
        [gettext("(images)"), *(images[number] for number in folds)],
        *([item.name, *(counts[item.id, number] for number in folds)] for item in manifest.categories),
    ]
    return Table(("class", *(f"fold{number}" for number in folds)), rows)


def quality_text(manifest: Manifest) -> str | None:
    """Return a sentence on the boxes that were made from points, None if there are none."""
    quality = np.array([cell.quality for cell in manifest.annotations if cell.quality is not UNSET], np.float64)
    if not len(quality):
        return None
    low = int((quality < GOOD_QUALITY).sum())
    return gettext(
        "Boxes made from points: {n:,}, median quality {median:.2f} (0 to 1); {low:,} ({share:.1f} %) are below "
        "{good:g} and should be reviewed."
    ).format(n=len(quality), median=np.median(quality), low=low, share=100 * low / len(quality), good=GOOD_QUALITY)
