"""Merging manifests: one list of classes, no picture twice, and what shows the same in one group."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from core.classes import CANONICAL_CLASSES
from trainer.dataset.duplicates import Likeness, find_alike
from trainer.dataset.linking import linked, same_name
from trainer.dataset.manifest import (
    MANIFEST_VERSION,
    Category,
    Cell,
    DataError,
    Info,
    Manifest,
    Picture,
    Source,
    groups_on_both_sides,
    manifest_faults,
    name_from,
    picture_path,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from trainer.dataset.duplicates import Pair

STRICTEST_FIRST = ("test", "val", "train")
"""Where a group goes that is on several sides: what was measured on is never trained on."""


@dataclass
class Merged:
    """A merged manifest, sentences about the copies that were left out, and about everything else."""

    manifest: Manifest
    copies: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def merge(
    parts: Sequence[tuple[Path, Manifest]],
    out: Path,
    names: Mapping[str, str],
    command: str,
    *,
    resplit: bool = False,
    compare: bool = True,
) -> Merged:
    """Merge manifests.

    Parameters
    ----------
    parts
        The files and their manifests; where two hold the same picture, the first one's stays.
    out
        Where the merged manifest will lie.
    names
        Old class names to new ones.
    resplit
        Move a group that is on several sides of a split to one side instead of refusing it.
    compare
        Look for copies and overlapping fields in the pictures.

    Raises
    ------
    DataError
        If a manifest is faulty, a class is renamed that is not there, a picture cannot be read, or a group would be on
        several sides of a split.
    """
    for file, part in parts:
        if (fault := next(manifest_faults(file, part), None)) is not None:
            raise DataError(fault)
    known = {name for _, part in parts for name in part.classes}
    if unknown := sorted(set(names) - known):
        raise DataError(f"There is no class {unknown[0]!r} to rename; the classes are {', '.join(sorted(known))}.")
    merged = Merged(_join(parts, out, names, command))
    merged.notes += _unknown_classes(merged.manifest, parts, names)
    if compare:
        paths = [picture_path(file, picture) for file, part in parts for picture in part.images]
        _use(merged, find_alike(paths))
    _check_sides(merged, resplit)
    _count_sources(merged.manifest)
    return merged


def _join(parts: Sequence[tuple[Path, Manifest]], out: Path, names: Mapping[str, str], command: str) -> Manifest:
    categories = _categories(parts, names)
    ids = {category.name: category.id for category in categories}
    sources: dict[str, Source] = {}
    images: list[Picture] = []
    annotations: list[Cell] = []
    for file, part in parts:
        for source in part.info.sources:
            if sources.setdefault(source.name, source).sha256 != source.sha256:
                raise DataError(
                    f"{file}: another manifest has a source called {source.name!r} too; import one of them with --name."
                )
        called = {category.id: ids[names.get(category.name, category.name)] for category in part.categories}
        place = {picture.id: len(images) + number for number, picture in enumerate(part.images, start=1)}
        images += [
            msgspec.structs.replace(
                picture,
                id=place[picture.id],
                file_name=name_from(out, picture_path(file, picture)),
                incomplete=_renamed(_not_within(picture.incomplete, part, names), names),
            )
            for picture in part.images
        ]
        annotations += [
            msgspec.structs.replace(
                cell,
                id=len(annotations) + number,
                image_id=place[cell.image_id],
                category_id=called[cell.category_id],
            )
            for number, cell in enumerate(part.annotations, start=1)
        ]
    history = [text for _, part in parts for text in part.info.history]
    info = Info(MANIFEST_VERSION, "Merged by SmearCount", list(sources.values()), None, [*history, command])
    return Manifest(info, categories, images, annotations)


def _not_within(incomplete: Sequence[str], part: Manifest, names: Mapping[str, str]) -> list[str]:
    """Leave out the kinds that are renamed to the class that they are kinds of, where that is complete."""
    parents = dict(zip(part.classes, part.parents, strict=True))
    return [
        name
        for name in incomplete
        if (parent := parents[name]) < 0
        or names.get(name) != part.classes[parent]
        or part.classes[parent] in incomplete
    ]


def _renamed(classes: Sequence[str], names: Mapping[str, str]) -> list[str]:
    return list(dict.fromkeys(names.get(name, name) for name in classes))


def _categories(parts: Sequence[tuple[Path, Manifest]], names: Mapping[str, str]) -> list[Category]:
    """Return the classes of all parts, red cells, white cells and platelets first."""
    kinds: dict[str, str] = {}
    for _, part in parts:
        for category in part.categories:
            name = names.get(category.name, category.name)
            kind = name if name in CANONICAL_CLASSES else category.supercategory
            kinds[name] = kinds.get(name) or kind
    order = [name for name in CANONICAL_CLASSES if name in kinds] + [n for n in kinds if n not in CANONICAL_CLASSES]
    return [Category(number, name, kinds[name]) for number, name in enumerate(order, start=1)]


def _unknown_classes(manifest: Manifest, parts: Sequence[tuple[Path, Manifest]], names: Mapping[str, str]) -> list[str]:
    """Mark the classes that a part does not have as incomplete in its pictures; nobody looked for them there."""
    notes = []
    place = 0
    for file, part in parts:
        missing = [name for name in manifest.classes if name not in _renamed(part.classes, names)]
        for picture in manifest.images[place : place + len(part.images)]:
            picture.incomplete = list(dict.fromkeys([*picture.incomplete, *missing]))
        place += len(part.images)
        if missing:
            notes.append(f"{file}: does not have {', '.join(missing)}; they are marked as incomplete in its pictures.")
    return notes


def _use(merged: Merged, pairs: Sequence[Pair]) -> None:
    """Leave out exact copies, and put what shows the same into one group."""
    images = merged.manifest.images
    copies = {pair.other: pair.one for pair in pairs if pair.likeness is Likeness.EXACT}
    for other, one in copies.items():
        left, kept = images[other], images[one]
        merged.copies.append(f"{left.file_name}: the same pixels as {kept.file_name}, which stays; left out.")
    # the links of a copy that goes are those of the picture that stays
    links = [(pair.one, pair.other) for pair in pairs]
    _group(images, links)
    gone = {images[other].id for other in copies}
    merged.manifest.images = [picture for picture in images if picture.id not in gone]
    merged.manifest.annotations = [cell for cell in merged.manifest.annotations if cell.image_id not in gone]
    for number, cell in enumerate(merged.manifest.annotations, start=1):
        cell.id = number
    stays = [(copies.get(pair.one, pair.one), copies.get(pair.other, pair.other), pair.likeness) for pair in pairs]
    number = Counter(likeness for *two, likeness in {(min(a, b), max(a, b), alike) for a, b, alike in stays if a != b})
    merged.notes.append(
        f"Exact copies left out: {len(copies)}. Pairs put into one group each: near duplicates "
        f"{number[Likeness.NEAR]}, overlapping fields {number[Likeness.OVERLAP]}."
    )


def _group(images: Sequence[Picture], links: Sequence[tuple[int, int]]) -> None:
    """Give linked pictures, and all others of their groups, one group name."""
    firsts = linked(len(images), [*same_name(picture.group for picture in images), *links])
    shared = {firsts[place] for link in links for place in link}
    names: dict[int, str] = {}
    for first, picture in zip(firsts, images, strict=True):
        if first in shared:
            own = picture.group or f"{picture.source}/{picture.file_name.rsplit('/', 1)[-1]}"
            picture.group = names.setdefault(first, own)


def _check_sides(merged: Merged, resplit: bool) -> None:
    """Leave no group on several sides of a split."""
    manifest = merged.manifest
    torn = groups_on_both_sides(manifest)
    if not torn:
        return
    members: dict[str, list[Picture]] = defaultdict(list)
    for picture in manifest.images:
        if picture.group in torn:
            members[picture.group].append(picture)
    if not resplit:
        group, sides = next(iter(torn.items()))
        names = ", ".join(f"{picture.file_name} ({picture.split})" for picture in members[group][:4])
        raise DataError(
            f"{len(torn)} groups of pictures that show the same are on several sides of a split: the first is {group} "
            f"({' and '.join(sides)}): {names}. A model would be measured on what it was trained on. With --resplit "
            "each such group goes to one side (test before val before train); or split anew with 'data split'."
        )
    moved = 0
    for pictures in members.values():
        splits = {picture.split for picture in pictures}
        side = next((name for name in STRICTEST_FIRST if name in splits), min(filter(None, splits)))
        for picture in pictures:
            if picture.split in (side, None, "excluded"):
                continue
            picture.split, picture.fold = side, None
            moved += 1
    merged.notes.append(f"Groups on several sides of a split: {len(torn)}; pictures moved to one side: {moved}.")


def _count_sources(manifest: Manifest) -> None:
    """Let the list of sources say how many of their pictures are left."""
    left = Counter(picture.source for picture in manifest.images)
    for source in manifest.info.sources:
        source.pictures = left[source.name]
