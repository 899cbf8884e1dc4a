"""Regions of interest: which part of each image counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from core.counting.frame import EdgeRule, rule_text
from core.counting.region import Region
from core.session.values import Edit, Subject, ValueChange
from core.text import gettext, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from core.counting.region import Point
    from gui.workspace.counting.counts import Counts
    from gui.workspace.history import History
    from gui.workspace.images import ImageItem, Images
    from gui.workspace.messages import Messages

_SMALLEST_SIDE = 4.0
"""Pixels; a region that is narrower was a slip of the hand."""

_LEAST_LEFT = 0.25
"""An inset frame must leave this share of each side of the image."""


class Regions(QObject):
    """Sets and removes regions. The regions themselves are kept with the images."""

    def __init__(
        self, history: History, images: Images, counts: Counts, messages: Messages, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._history = history
        self._images = images
        self._counts = counts
        self._messages = messages

    @property
    def current(self) -> Region | None:
        """The region of the image that is shown."""
        item = self._images.current
        return None if item is None else item.region

    def draw(self, corners: Sequence[Point]) -> bool:
        """Count only inside an outline drawn on the image that is shown; False, and a message, if it cannot be one."""
        item = self._images.current
        if item is None:
            return False
        width, height = item.size
        inside = tuple((float(min(max(round(x), 0), width)), float(min(max(round(y), 0), height))) for x, y in corners)
        try:
            region = Region(tuple(dict.fromkeys(inside)))
        except ValueError as error:
            sentence = str(error)
            sentence = sentence[:1].upper() + sentence[1:]
            self._messages.warning(gettext("{problem}; draw it again.").format(problem=sentence))
            return False
        x1, y1, x2, y2 = region.bounds
        if min(x2 - x1, y2 - y1) < _SMALLEST_SIDE:
            self._messages.warning(gettext("That region is too narrow to hold a cell. Draw it again."))
            return False
        self._set({item.id: region}, _name(region))
        return True

    def remove(self) -> None:
        """Count all of the image that is shown again."""
        item = self._images.current
        if item is not None and item.region is not None:
            self._set({item.id: None}, _name(None))

    def remove_all(self) -> None:
        """Count all of every image again."""
        regions = {item.id: None for item in self._images.items if item.region is not None}
        if regions:
            self._set(regions, gettext("Remove the regions of all images"))

    def apply_to_all(self) -> None:
        """Give every image the rectangle of the one that is shown."""
        region = self.current
        if region is None or not region.is_rectangle:
            return
        items = self._images.items
        within = [item for item in items if not item.size[0] or region.area_within(*item.size) > 0]
        name = gettext("{region} In all images.").format(region=_name(region))
        self._set({item.id: region for item in within}, name)
        beyond = len(items) - len(within)
        if beyond:
            self._messages.warning(
                ngettext(
                    "The rectangle lies outside {n:,} smaller image, which counts as before.",
                    "The rectangle lies outside {n:,} smaller images, which count as before.",
                    beyond,
                ).format(n=beyond)
            )

    def inset(self, items: Iterable[ImageItem]) -> None:
        """Put the frame of images one red cell diameter inside their border, so that no counted cell is cut."""
        regions: dict[int, Region | None] = {}
        skipped = 0
        for item in items:
            region = self._inset(item)
            if region is None:
                skipped += 1
            else:
                regions[item.id] = region
        if len(regions) == 1:
            self._set(regions, _name(next(iter(regions.values()))))
        elif regions:
            name = gettext("Frame one red cell inside the border of {n:,} images").format(n=len(regions))
            self._set(regions, name)
        if skipped:
            self._messages.warning(
                ngettext(
                    "{n:,} image is not counted yet, or too small for a frame inside, and counts as before.",
                    "{n:,} images are not counted yet, or too small for a frame inside, and count as before.",
                    skipped,
                ).format(n=skipped)
            )

    def _inset(self, item: ImageItem) -> Region | None:
        cells = self._counts.cells(item.id)
        width, height = item.size
        if cells is None:
            return None
        margin = float(round(cells.found.diameter))
        if min(width, height) - 2 * margin < _LEAST_LEFT * min(width, height):
            return None
        return Region.between(margin, margin, width - margin, height - margin)

    def _set(self, regions: Mapping[int, Region | None], name: str) -> None:
        """Record regions by the ids of their images, as one edit."""
        changes = tuple(
            ValueChange(Subject.REGION, image, region)
            for image, region in regions.items()
            if (item := self._images.item(image)) is not None and item.region != region
        )
        if changes:
            image = changes[0].image if len(changes) == 1 else None
            self._history.record([Edit(image, name, values=changes)])


def _name(region: Region | None) -> str:
    return gettext("Region: {region}").format(region=rule_text(EdgeRule.ALL, region))
