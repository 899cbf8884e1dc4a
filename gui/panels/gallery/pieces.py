"""Which pieces of images the tiles in view still need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gui.widgets.tiles.crops import Crops, Region, Wanted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gui.panels.gallery.view import TileView
    from gui.workspace.images import Images

_ALONGSIDE = 48


def missing_in_view(views: Sequence[TileView], crops: Crops, images: Images) -> Wanted | None:
    """Return pieces of the first image of which one is missing in view, and others of it that come soon."""
    for view in views:
        tiles = view.tiles
        for row in view.visible_rows():
            image = int(tiles.images[row])
            item, region = images.item(image), tiles.region(row)
            if item is not None and crops.is_missing(image, item.path, region):
                return Wanted(image, item.path, _regions_of(views, image), images.scale(item))
    return None


def _regions_of(views: Sequence[TileView], image: int) -> tuple[Region, ...]:
    """Return the pieces of an image to be cut: those in view last, so that they are kept longest."""
    regions: dict[bool, list[Region]] = {False: [], True: []}
    for view in views:
        tiles, visible = view.tiles, view.visible_rows()
        rows = np.flatnonzero(tiles.images == image).tolist()
        seen = [row for row in rows if row in visible]
        rest = [row for row in rows if row not in visible][:_ALONGSIDE]
        for in_view, mine in ((False, rest), (True, seen)):
            regions[in_view] += [tiles.region(row) for row in mine]
    return tuple(dict.fromkeys(regions[False] + regions[True]))
