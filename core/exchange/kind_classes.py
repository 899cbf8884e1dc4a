"""Kinds of cells as the classes of an annotation file: each beside the counted class that it stands under."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.kinds.tree import KindTree

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.cells import Detections


@dataclass(frozen=True)
class KindClasses:
    """The classes of a file, in order; with a tree each counted class is followed by the keys of its kinds.

    A cell without a kind is of its counted class.
    """

    counted: tuple[str, ...]
    tree: KindTree = field(default_factory=KindTree)

    @property
    def names(self) -> tuple[str, ...]:
        """What the file calls its classes."""
        return tuple(name for one in self.counted for name in (one, *(kind.key for kind in self.tree.of_class(one))))

    @property
    def above(self) -> dict[str, str]:
        """Key of a kind -> the counted class that it stands under."""
        return {kind.key: name for name in self.counted for kind in self.tree.of_class(name)}

    def names_of(self, cells: Detections, kinds: Mapping[int, str]) -> tuple[str, ...]:
        """Return what the file calls each cell; ``kinds``: the kinds that users gave them, by their ids."""
        known = self.above
        pairs = zip(cells.ids.tolist(), cells.labels.tolist(), strict=True)
        return tuple(kinds[cell] if kinds.get(cell) in known else self.counted[label] for cell, label in pairs)
