"""Merging manifests: one list of classes, no image twice, and what shows the same in one group."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from core.classes import CANONICAL_CLASSES
from core.text import gettext, ngettext
from trainer.dataset.duplicates import Likeness, find_alike
from trainer.dataset.linking import linked, same_name
from trainer.dataset.manifest import (
    MANIFEST_VERSION,
    Annotation,
    Category,
    DataError,
    ImageEntry,
    Info,
    Manifest,
    Source,
    groups_on_both_sides,
    image_path,
    manifest_faults,
    name_from,
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
        The files and their manifests; where two hold the same image, the first one's stays.
    out
        Where the merged manifest will lie.
    names
        Old class names to new ones.
    resplit
        Move a group that is on several sides of a split to one side instead of refusing it.
    compare
        Look for copies and overlapping fields in the images.

    Raises
    ------
    DataError
        If a manifest is faulty, a class is renamed that is not there, an image cannot be read, or a group would be on
        several sides of a split.
    """
    for file, part in parts:
        if (fault := next(manifest_faults(file, part), None)) is not None:
            raise DataError(fault)
    known = {name for _, part in parts for name in part.classes}
    if unknown := sorted(set(names) - known):
        raise DataError(
            gettext("There is no class {name!r} to rename; the classes are {classes}.").format(
                name=unknown[0], classes=", ".join(sorted(known))
            )
        )
    merged = Merged(_join(parts, out, names, command))
    merged.notes += _unknown_classes(merged.manifest, parts, names)
    if compare:
        paths = [image_path(file, image) for file, part in parts for image in part.images]
        _use(merged, find_alike(paths))
    _check_sides(merged, resplit)
    _count_sources(merged.manifest)
    return merged


def _join(parts: Sequence[tuple[Path, Manifest]], out: Path, names: Mapping[str, str], command: str) -> Manifest:
    categories = _categories(parts, names)
    ids = {category.name: category.id for category in categories}
    sources: dict[str, Source] = {}
    images: list[ImageEntry] = []
    annotations: list[Annotation] = []
    for file, part in parts:
        for source in part.info.sources:
            if sources.setdefault(source.name, source).sha256 != source.sha256:
                raise DataError(
                    gettext(
                        "{file}: another manifest also has a source named {name!r}; import one of them with --name."
                    ).format(file=file, name=source.name)
                )
        called = {category.id: ids[names.get(category.name, category.name)] for category in part.categories}
        place = {image.id: len(images) + number for number, image in enumerate(part.images, start=1)}
        images += [
            msgspec.structs.replace(
                image,
                id=place[image.id],
                file_name=name_from(out, image_path(file, image)),
                incomplete=_renamed(_not_within(image.incomplete, part, names), names),
            )
            for image in part.images
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
    """Mark the classes that a part lacks as incomplete in its images: they were not annotated there."""
    notes = []
    place = 0
    for file, part in parts:
        missing = [name for name in manifest.classes if name not in _renamed(part.classes, names)]
        for image in manifest.images[place : place + len(part.images)]:
            image.incomplete = list(dict.fromkeys([*image.incomplete, *missing]))
        place += len(part.images)
        if missing:
            notes.append(
                gettext("{file}: has no {classes}; its images are marked as incomplete for them.").format(
                    file=file, classes=", ".join(missing)
                )
            )
    return notes


def _use(merged: Merged, pairs: Sequence[Pair]) -> None:
    """Leave out exact copies, and put what shows the same into one group."""
    images = merged.manifest.images
    copies = {pair.other: pair.one for pair in pairs if pair.likeness is Likeness.EXACT}
    for other, one in copies.items():
        left, kept = images[other], images[one]
        merged.copies.append(
            gettext("{file}: omitted, because it has the same pixels as {kept}.").format(
                file=left.file_name, kept=kept.file_name
            )
        )
    # the links of a copy that goes are those of the image that stays
    links = [(pair.one, pair.other) for pair in pairs]
    _group(images, links)
    gone = {images[other].id for other in copies}
    merged.manifest.images = [image for image in images if image.id not in gone]
    merged.manifest.annotations = [cell for cell in merged.manifest.annotations if cell.image_id not in gone]
    for number, cell in enumerate(merged.manifest.annotations, start=1):
        cell.id = number
    stays = [(copies.get(pair.one, pair.one), copies.get(pair.other, pair.other), pair.likeness) for pair in pairs]
    number = Counter(likeness for *two, likeness in {(min(a, b), max(a, b), alike) for a, b, alike in stays if a != b})
    merged.notes.append(
        gettext(
            "Exact copies omitted: {copies:,}. Pairs grouped: {near:,} near duplicates, {overlapping:,} overlapping "
            "fields."
        ).format(copies=len(copies), near=number[Likeness.NEAR], overlapping=number[Likeness.OVERLAP])
    )


def _group(images: Sequence[ImageEntry], links: Sequence[tuple[int, int]]) -> None:
    """Give linked images, and all others of their groups, one group name."""
    firsts = linked(len(images), [*same_name(image.group for image in images), *links])
    shared = {firsts[place] for link in links for place in link}
    names: dict[int, str] = {}
    for first, image in zip(firsts, images, strict=True):
        if first in shared:
            own = image.group or f"{image.source}/{image.file_name.rsplit('/', 1)[-1]}"
            image.group = names.setdefault(first, own)


def _check_sides(merged: Merged, resplit: bool) -> None:
    """Leave no group on several sides of a split."""
    manifest = merged.manifest
    torn = groups_on_both_sides(manifest)
    if not torn:
        return
    members: dict[str, list[ImageEntry]] = defaultdict(list)
    for image in manifest.images:
        if image.group in torn:
            members[image.group].append(image)
    if not resplit:
        group, sides = next(iter(torn.items()))
        names = ", ".join(f"{image.file_name} ({image.split})" for image in members[group][:4])
        raise DataError(
            ngettext(
                "{n:,} group of images of the same place is divided between splits, {group} ({splits}): {images}. A "
                "model would be tested on its training data. Use --resplit to move the group to one split (test "
                "before val before train), or split again with 'data split'.",
                "{n:,} groups of images of the same place are divided between splits; the first is {group} ({splits}): "
                "{images}. A model would be tested on its training data. Use --resplit to move each group to one split "
                "(test before val before train), or split again with 'data split'.",
                len(torn),
            ).format(n=len(torn), group=group, splits=gettext(" and ").join(sides), images=names)
        )
    moved = 0
    for images in members.values():
        splits = {image.split for image in images}
        side = next((name for name in STRICTEST_FIRST if name in splits), min(filter(None, splits)))
        for image in images:
            if image.split in (side, None, "excluded"):
                continue
            image.split, image.fold = side, None
            moved += 1
    merged.notes.append(
        gettext("Groups divided between splits: {groups:,}; images moved to one split: {images:,}.").format(
            groups=len(torn), images=moved
        )
    )


def _count_sources(manifest: Manifest) -> None:
    """Update the number of images of each source."""
    left = Counter(image.source for image in manifest.images)
    for source in manifest.info.sources:
        source.images = left[source.name]
