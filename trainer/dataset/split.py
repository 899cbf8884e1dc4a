"""Splitting a data set: whole groups to each side, by a seed that the manifest keeps."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import numpy as np

from core.text import gettext, ngettext
from trainer.dataset.linking import linked, same_name
from trainer.dataset.manifest import EXCLUDED, DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trainer.dataset.manifest import ImageEntry, Manifest

TEST = "test"
_PICTURE = ("", "picture")


def split_by_shares(manifest: Manifest, shares: Mapping[str, float], seed: int, by: str = "group") -> None:
    """Give each image a split, in place; excluded images stay so, and folds go.

    Each split gets its share of the images of each source and of those with each class, as far as units of
    images that stay together allow.

    Parameters
    ----------
    shares
        Name of the split to its share of the images; the shares add up to 1.
    by
        ``group``: what shows the same stays together; ``source``: all images of a source.

    Raises
    ------
    DataError
        If the shares do not add up, or there are fewer units than splits.
    """
    if any(share <= 0 for share in shares.values()) or abs(sum(shares.values()) - 1) > 1e-6:
        raise DataError(gettext("The shares must be above 0 and add up to 1, such as train=0.7 val=0.15 test=0.15."))
    images = [image for image in manifest.images if image.split != EXCLUDED]
    units = _units(images, by, seed)
    if len(units) < len(shares):
        raise DataError(
            gettext("{splits} splits cannot be made of {units}; use fewer.").format(
                splits=len(shares), units=_units_text(len(units), by)
            )
        )
    for unit, name in zip(units, _deal(_traits(manifest, units), shares), strict=True):
        for image in unit:
            image.split, image.fold = name, None
    manifest.info.split_seed = seed


def split_into_folds(manifest: Manifest, folds: int, seed: int, by: str = "group") -> None:
    """Give each image a fold from 1 to ``folds``, in place; those of the split test, or excluded, have none.

    Raises
    ------
    DataError
        If there are fewer than two folds, or fewer units than folds.
    """
    images = [image for image in manifest.images if image.split not in (TEST, EXCLUDED)]
    units = _units(images, by, seed)
    if folds < 2 or len(units) < folds:
        raise DataError(
            gettext("{folds} folds cannot be made of {units}; use 2 to {most}.").format(
                folds=folds, units=_units_text(len(units), by), most=len(units)
            )
        )
    for image in manifest.images:
        image.fold = None
    shares = {str(fold): 1 / folds for fold in range(1, folds + 1)}
    for unit, name in zip(units, _deal(_traits(manifest, units), shares), strict=True):
        for image in unit:
            image.fold = int(name)
    manifest.info.split_seed = seed


def _units_text(count: int, by: str) -> str:
    if by == "source":
        return ngettext("{n:,} source", "{n:,} sources", count).format(n=count)
    return ngettext("{n:,} group", "{n:,} groups", count).format(n=count)


def classes_not_in_splits(manifest: Manifest) -> list[str]:
    """Return a sentence for each split, and each fold, that lacks classes which others have."""
    splits = {image.id: image.split for image in manifest.images if image.split not in (None, EXCLUDED)}
    folds = {image.id: f"fold{image.fold}" for image in manifest.images if image.fold is not None}
    return [*_lacking(manifest, splits), *_lacking(manifest, folds)]


def _lacking(manifest: Manifest, parts: Mapping[int, str | None]) -> list[str]:
    held: dict[str | None, set[int]] = {part: set() for part in parts.values()}
    for cell in manifest.annotations:
        if cell.image_id in parts:
            held[parts[cell.image_id]].add(cell.category_id)
    everywhere = set[int]().union(*held.values())
    sentences = []
    for split, there in held.items():
        if names := [item.name for item in manifest.categories if item.id in everywhere - there]:
            names_text = ", ".join(names)
            sentences.append(
                gettext("No image of {split} contains {classes}, which cannot be learned or measured there.").format(
                    split=split, classes=names_text
                )
            )
    return sentences


def _units(images: Sequence[ImageEntry], by: str, seed: int) -> list[list[ImageEntry]]:
    """Return the images that stay together, in random order that depends on names and seed alone.

    Sources that share a group stay together too.
    """
    links = same_name(image.group for image in images)
    if by == "source":
        links += same_name(image.source for image in images)
    units: dict[int, list[ImageEntry]] = defaultdict(list)
    for first, image in zip(linked(len(images), links), images, strict=True):
        units[first].append(image)
    in_order = sorted(units.values(), key=lambda unit: min((item.sha256, item.file_name) for item in unit))
    order = np.random.default_rng(seed).permutation(len(in_order))
    return [in_order[place] for place in order]


def _traits(manifest: Manifest, units: Sequence[Sequence[ImageEntry]]) -> list[Counter[tuple[str, str]]]:
    """Return for each unit how many of its images there are, are of each source, and hold each class."""
    held = {place: {cell.category_id for cell in cells} for place, cells in manifest.cells_by_image().items()}
    return [
        Counter(
            trait
            for image in unit
            for trait in (
                _PICTURE,
                ("source", image.source),
                *(("class", str(number)) for number in held[image.id]),
            )
        )
        for unit in units
    ]


def _deal(units: Sequence[Counter[tuple[str, str]]], shares: Mapping[str, float]) -> list[str]:
    """Return the split of each unit, given its traits: iterative stratification.

    The rarest trait that is left is dealt out first, each unit to the split that lacks most of it; Sechidis, Tsoumakas
    and Vlahavas, "On the stratification of multi-label data", ECML PKDD 2011. The last units go to splits without any.
    """
    total = sum(units, Counter[tuple[str, str]]())
    lacking = {name: {trait: share * count for trait, count in total.items()} for name, share in shares.items()}
    chosen = [""] * len(units)
    waiting = list(range(len(units)))
    while waiting:
        left = sum((units[place] for place in waiting), Counter[tuple[str, str]]())
        rarest = min(left, key=lambda trait: (left[trait], trait))
        for place in waiting:
            if rarest in units[place]:
                empty = [name for name in shares if name not in chosen]
                names = empty if chosen.count("") <= len(empty) else list(shares)
                chosen[place] = max(names, key=lambda name: (lacking[name][rarest], lacking[name][_PICTURE]))
                for trait, count in units[place].items():
                    lacking[chosen[place]][trait] -= count
        waiting = [place for place in waiting if rarest not in units[place]]
    return chosen
