"""What a manifest holds, as tables on the terminal."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import numpy as np
from msgspec import UNSET
from rich.table import Table

from trainer.dataset.boxes_from_points import GOOD_QUALITY

if TYPE_CHECKING:
    from trainer.dataset.manifest import Manifest

NO_SPLIT = "–"


def summary_tables(manifest: Manifest, title: str) -> list[Table]:
    """Return a table of the pictures by source and split, one of the cells by class and split, and one of the folds."""
    tables = [_pictures(manifest, title), _cells(manifest)]
    return [*tables, _folds(manifest)] if any(picture.fold is not None for picture in manifest.images) else tables


def _pictures(manifest: Manifest, title: str) -> Table:
    table = _table(title, ("source", "split"), ("pictures", "without cells", "groups", "cells"))
    cells = manifest.cells_by_picture()
    rows: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    groups: dict[tuple[str, str], set[str]] = defaultdict(set)
    for picture in manifest.images:
        key = picture.source, picture.split or NO_SPLIT
        number = len(cells[picture.id])
        rows[key] = [one + more for one, more in zip(rows[key], (1, int(not number), number), strict=True)]
        groups[key].add(picture.group or picture.file_name)
    for key in sorted(rows):
        pictures, empty, number = rows[key]
        table.add_row(*key, f"{pictures:,}", f"{empty:,}", f"{len(groups[key]):,}", f"{number:,}")
    return table


def _cells(manifest: Manifest) -> Table:
    splits = sorted({picture.split or NO_SPLIT for picture in manifest.images})
    table = _table("", ("class", "kind of"), (*splits, "pictures with it", "not all annotated in"))
    of_picture = {picture.id: picture for picture in manifest.images}
    counts = Counter((cell.category_id, of_picture[cell.image_id].split or NO_SPLIT) for cell in manifest.annotations)
    holding = Counter(category for category, _ in {(cell.category_id, cell.image_id) for cell in manifest.annotations})
    partly = Counter(name for picture in manifest.images for name in picture.incomplete)
    for category in manifest.categories:
        numbers = [counts[category.id, split] for split in splits]
        numbers += [holding[category.id], partly[category.name]]
        table.add_row(category.name, category.supercategory, *(f"{number:,}" for number in numbers))
    return table


def _folds(manifest: Manifest) -> Table:
    fold = {picture.id: picture.fold for picture in manifest.images if picture.fold is not None}
    folds = sorted(set(fold.values()))
    table = _table("", ("class",), tuple(f"fold{number}" for number in folds))
    pictures = Counter(fold.values())
    table.add_row("(pictures)", *(f"{pictures[number]:,}" for number in folds))
    counts = Counter((cell.category_id, fold[cell.image_id]) for cell in manifest.annotations if cell.image_id in fold)
    for category in manifest.categories:
        table.add_row(category.name, *(f"{counts[category.id, number]:,}" for number in folds))
    return table


def _table(title: str, words: tuple[str, ...], numbers: tuple[str, ...]) -> Table:
    table = Table(title=title or None, title_justify="left")
    for name in words:
        table.add_column(name)
    for name in numbers:
        table.add_column(name, justify="right")
    return table


def quality_text(manifest: Manifest) -> str | None:
    """Return a sentence about the boxes that were made from points, None if there are none."""
    quality = np.array([cell.quality for cell in manifest.annotations if cell.quality is not UNSET], np.float64)
    if not len(quality):
        return None
    low = int((quality < GOOD_QUALITY).sum())
    return (
        f"Boxes made from points: {len(quality):,}, median quality {np.median(quality):.2f} (0 to 1); "
        f"{low:,} ({100 * low / len(quality):.1f} %) are below {GOOD_QUALITY:g} and should be looked at."
    )
