"""What a manifest holds, as a table on the terminal."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from msgspec import UNSET
from rich.table import Table

from trainer.points_to_boxes import GOOD_QUALITY

if TYPE_CHECKING:
    from trainer.manifest import Manifest


def summary_table(manifest: Manifest, title: str) -> Table:
    """Return pictures and cells by source and split; a class that is not all annotated has a tilde."""
    names = {category.id: category.name for category in manifest.categories}
    table = Table(title=title, title_justify="left")
    for column in ("source", "split"):
        table.add_column(column)
    for column in ("pictures", "no cells", *manifest.classes):
        table.add_column(column, justify="right")
    cells = manifest.cells_by_picture()
    rows: dict[tuple[str, str], list[int]] = {}
    partly: dict[tuple[str, str], set[str]] = {}
    for picture in manifest.images:
        key = picture.source, picture.split or "–"
        counts = Counter(names[cell.category_id] for cell in cells[picture.id])
        row = rows.setdefault(key, [0] * (2 + len(names)))
        added = [1, int(not counts), *(counts[name] for name in manifest.classes)]
        rows[key] = [value + more for value, more in zip(row, added, strict=True)]
        partly.setdefault(key, set()).update(picture.incomplete)
    for key in sorted(rows):
        pictures, empty, *counts = rows[key]
        marks = ["~" if name in partly[key] else "" for name in manifest.classes]
        written = [f"{mark}{count:,}" for mark, count in zip(marks, counts, strict=True)]
        table.add_row(*key, f"{pictures:,}", f"{empty:,}", *written)
    if any(partly.values()):
        table.caption = "~ not all cells of this class are annotated"
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
