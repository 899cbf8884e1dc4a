"""Splitting a data set: whole groups to each side, by a seed that the manifest keeps."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from trainer.linking import linked, same_name
from trainer.manifest import EXCLUDED, DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trainer.manifest import Manifest, Picture

TEST = "test"


def split_by_shares(manifest: Manifest, shares: Mapping[str, float], seed: int, by: str = "group") -> None:
    """Give each picture a split, in place; excluded pictures stay so, and folds go.

    Units of pictures are drawn in random order, and each goes to the split that lacks most of its share.

    Parameters
    ----------
    shares
        Name of the split to its share of the pictures; the shares add up to 1.
    by
        ``group``: what shows the same stays together; ``source``: all pictures of a source.

    Raises
    ------
    DataError
        If the shares do not add up, or there are fewer units than splits.
    """
    if any(share <= 0 for share in shares.values()) or abs(sum(shares.values()) - 1) > 1e-6:
        raise DataError("The shares must be above 0 and add up to 1, such as train=0.7 val=0.15 test=0.15.")
    pictures = [picture for picture in manifest.images if picture.split != EXCLUDED]
    units = _units(pictures, by, seed)
    if len(units) < len(shares):
        raise DataError(f"There are {len(units)} {by}s for {len(shares)} splits; use fewer splits.")
    for unit, name in zip(units, _deal(units, dict(shares)), strict=True):
        for picture in unit:
            picture.split, picture.fold = name, None
    manifest.info.split_seed = seed


def split_into_folds(manifest: Manifest, folds: int, seed: int, by: str = "group") -> None:
    """Give each picture a fold from 1 to ``folds``, in place; those of the split test, or excluded, have none.

    Raises
    ------
    DataError
        If there are fewer than two folds, or fewer units than folds.
    """
    pictures = [picture for picture in manifest.images if picture.split not in (TEST, EXCLUDED)]
    units = _units(pictures, by, seed)
    if folds < 2 or len(units) < folds:
        raise DataError(f"{folds} folds cannot be made of {len(units)} {by}s; use from 2 to {len(units)}.")
    for picture in manifest.images:
        picture.fold = None
    for unit, name in zip(units, _deal(units, {str(fold): 1 / folds for fold in range(1, folds + 1)}), strict=True):
        for picture in unit:
            picture.fold = int(name)
    manifest.info.split_seed = seed


def _units(pictures: Sequence[Picture], by: str, seed: int) -> list[list[Picture]]:
    """Return the pictures that stay together, in random order that depends on names and seed alone.

    Sources that share a group stay together too.
    """
    links = same_name(picture.group for picture in pictures)
    if by == "source":
        links += same_name(picture.source for picture in pictures)
    units: dict[int, list[Picture]] = defaultdict(list)
    for first, picture in zip(linked(len(pictures), links), pictures, strict=True):
        units[first].append(picture)
    in_order = sorted(units.values(), key=lambda unit: min((item.sha256, item.file_name) for item in unit))
    order = np.random.default_rng(seed).permutation(len(in_order))
    return [in_order[place] for place in order]


def _deal(units: Sequence[Sequence[Picture]], shares: dict[str, float]) -> list[str]:
    """Return the name for each unit: that of the split that lacks most of its share so far."""
    total = sum(len(unit) for unit in units)
    lacking = {name: share * total for name, share in shares.items()}
    chosen = []
    for unit in units:
        name = max(lacking, key=lambda key: lacking[key])
        lacking[name] -= len(unit)
        chosen.append(name)
    return chosen
