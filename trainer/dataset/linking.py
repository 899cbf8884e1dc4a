"""Which things belong together, when some pairs of them do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def linked(count: int, links: Iterable[tuple[int, int]]) -> list[int]:
    """Return for each of ``count`` things the first one that it is linked to, directly or by others."""
    parent = list(range(count))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    for one, other in links:
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    return [root(place) for place in range(count)]


def same_name(names: Iterable[str]) -> list[tuple[int, int]]:
    """Return links between things of one name; those without a name have none."""
    first: dict[str, int] = {}
    return [(first.setdefault(name, place), place) for place, name in enumerate(names) if name]
