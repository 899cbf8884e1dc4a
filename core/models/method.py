"""How the cells of one class are told apart in its mask, and with which numbers."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from core.text import gettext


class Method(StrEnum):
    """The three ways to get from a mask to cells."""

    WATERSHED = "watershed"
    COMPONENTS = "components"
    HOUGH = "hough"

    @property
    def label(self) -> str:
        """What people call it."""
        return _LABELS[self]


_LABELS = {
    Method.WATERSHED: "Watershed",
    Method.COMPONENTS: gettext("Connected components"),
    Method.HOUGH: gettext("Circles (Hough)"),
}


class CountingMethod(msgspec.Struct, frozen=True, kw_only=True):
    """A way of counting a mask. Lengths are in red cell diameters.

    ``threshold``: the probability from which on a pixel belongs to a cell; ``edge_threshold``: the one from which on it
    belongs to the edge between two cells, 1 to leave the edges alone. ``typical``: the usual diameter of the
    class; ``smallest``: that of the smallest cell, taken as a circle of the same area. ``marker_height`` (watershed):
    the share of the greatest thickness nearby from which on the inside of a cell marks a cell of its own; the higher
    it is, the more is split. ``arc`` (Hough): the share of a circle's outline that must at least be
    seen; ``radius_range``: how far radii may be from the typical one, as a share of it.

    Raises
    ------
    ValueError
        If a number cannot be.
    """

    method: Method = Method.WATERSHED
    threshold: float = 0.5
    edge_threshold: float = 0.5
    typical: float = 1.0
    smallest: float = 0.45
    marker_height: float = 0.85
    arc: float = 0.08
    radius_range: float = 0.3

    def __post_init__(self) -> None:
        shares = (self.threshold, self.edge_threshold, self.marker_height, self.arc)
        lengths_fit = 0 < self.smallest <= 10 and 0 < self.typical <= 10
        if not all(0 < share <= 1 for share in shares) or not lengths_fit or not 0 < self.radius_range < 1:
            raise ValueError(gettext("the counting method has an invalid number"))


_USUAL: dict[str, CountingMethod] = {
    "RBC": CountingMethod(),
    "WBC": CountingMethod(typical=1.8, smallest=0.7, marker_height=0.6),
    "Platelets": CountingMethod(method=Method.COMPONENTS, typical=0.35, smallest=0.14, edge_threshold=1.0),
}
"""What a class is counted with unless a model's card says something else."""


def usual_method(class_name: str) -> CountingMethod:
    """Return the usual way to count a class; that of red cells for classes of other names."""
    return _USUAL.get(class_name, _USUAL["RBC"])
