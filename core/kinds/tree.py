"""The tree of kinds: what cells of a counted class can be told apart as."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from core.classes import PLATELETS, RED_CELL, WHITE_CELL
from core.errors import UserError
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Iterable

NO_CELL = "no-cell"
"""The kind of what a detector took for a cell: dirt, precipitate, smudges. It is in every tree, under every class."""


class KindError(UserError):
    """A tree of kinds that cannot be; the message says why."""


class Role(StrEnum):
    """What a kind stands for in the figures of a differential count, whatever it is called."""

    SEGMENTED = "segmented"
    BAND = "band"
    IMMATURE = "immature"
    ERYTHROBLAST = "erythroblast"
    OTHER = "other"


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of cell.

    ``key`` names it in the session and in files, and never changes; ``name`` is what users read. ``parent`` is the
    key of a kind or the name of a counted class. ``shortcut`` is one letter or digit, "" for none; ``colour`` RGB.
    """

    key: str
    name: str
    parent: str
    shortcut: str = ""
    colour: tuple[int, int, int] = (128, 128, 128)
    role: Role = Role.OTHER


class KindTree(msgspec.Struct, frozen=True):
    """Kinds in the order in which they are shown; those of a parent follow it.

    Raises
    ------
    KindError
        If a key or shortcut occurs twice, or a parent is missing.
    """

    kinds: tuple[Kind, ...] = ()

    def __post_init__(self) -> None:
        keys = [kind.key for kind in self.kinds]
        shortcuts = [kind.shortcut.casefold() for kind in self.kinds if kind.shortcut]
        for kind in self.kinds:
            if not kind.key or not kind.name.strip():
                raise KindError(gettext("A kind needs a name; give it one."))
            if kind.key == NO_CELL or keys.count(kind.key) > 1:
                raise KindError(gettext("{name}: there is a kind of this name already.").format(name=kind.name))
            if kind.shortcut and shortcuts.count(kind.shortcut.casefold()) > 1:
                other = next(one for one in self.kinds if one is not kind and _same_key(one, kind))
                raise KindError(
                    gettext("{key} is the key of {name} and of {other}; choose another one for one of them.").format(
                        key=kind.shortcut, name=kind.name, other=other.name
                    )
                )
            self._class_of(kind)

    def _class_of(self, kind: Kind) -> str:
        by_key = {one.key: one for one in self.kinds}
        seen = {kind.key}
        parent = kind.parent
        while parent in by_key:
            if parent in seen:
                raise KindError(gettext("{name}: a kind cannot stand under itself.").format(name=kind.name))
            seen.add(parent)
            parent = by_key[parent].parent
        if not parent:
            raise KindError(gettext("{name}: a kind stands under a counted class.").format(name=kind.name))
        return parent

    def get(self, key: str) -> Kind | None:
        """Return a kind by its key; *no cell* too."""
        if key == NO_CELL:
            return no_cell()
        return next((kind for kind in self.kinds if kind.key == key), None)

    def name(self, key: str) -> str:
        """Return what users read for a key; the key itself if the kind was removed."""
        kind = self.get(key)
        return key if kind is None else kind.name

    def class_of(self, key: str) -> str:
        """Return the counted class that a kind stands under; "" for *no cell* and for an unknown key."""
        kind = next((one for one in self.kinds if one.key == key), None)
        return "" if kind is None else self._class_of(kind)

    def of_class(self, class_name: str) -> tuple[Kind, ...]:
        """Return the kinds under a counted class, at any depth, without *no cell*."""
        return tuple(kind for kind in self.kinds if self._class_of(kind) == class_name)

    @property
    def classes(self) -> tuple[str, ...]:
        """The counted classes that have kinds, in order."""
        return tuple(dict.fromkeys(self._class_of(kind) for kind in self.kinds))

    def children(self, parent: str) -> tuple[Kind, ...]:
        """Return the kinds right under a class or kind."""
        return tuple(kind for kind in self.kinds if kind.parent == parent)

    def within(self, key: str) -> frozenset[str]:
        """Return the keys of a kind and of all kinds under it."""
        below = frozenset[str]().union(*(self.within(kind.key) for kind in self.children(key)))
        return frozenset({key}) | below

    def by_shortcut(self, key: str) -> Kind | None:
        """Return the kind that a pressed key stands for."""
        wanted = key.casefold()
        kinds = (*self.kinds, no_cell())
        return next((kind for kind in kinds if wanted and kind.shortcut.casefold() == wanted), None)

    def named(self, text: str, class_name: str = "") -> Kind | None:
        """Return the kind that a file of another program calls so, by its key or its name.

        Case, blanks, hyphens, underscores and a plural do not matter, and of ``WBC: Neutrophil`` the last part counts.
        ``class_name``: among the kinds of that class; else None if two classes have such a kind.
        """
        wanted = _plain(text)
        found = [kind for kind in self.kinds if wanted in (_plain(kind.key), _plain(kind.name))]
        found = [kind for kind in found if class_name in ("", self._class_of(kind))]
        classes = {self._class_of(kind) for kind in found}
        return found[0] if len(classes) == 1 else None

    def check_name(self, kind: Kind) -> None:
        """Raise KindError if another kind of the same class has the name of a kind, whatever its letters are."""
        changed = self.with_kinds([kind])
        same = (one for one in changed.of_class(changed.class_of(kind.key)) if one.key != kind.key)
        if any(one.name.strip().casefold() == kind.name.strip().casefold() for one in same):
            raise KindError(gettext("{name}: there is a kind of this name already.").format(name=kind.name))

    def with_kinds(self, kinds: Iterable[Kind]) -> KindTree:
        """Return the tree with these kinds added, in place of those of the same key."""
        known = {kind.key: kind for kind in self.kinds}
        known.update({kind.key: kind for kind in kinds})
        return KindTree(_in_order(known.values()))

    def without(self, key: str) -> KindTree:
        """Return the tree without a kind and what stands under it."""
        gone = self.within(key)
        return KindTree(tuple(kind for kind in self.kinds if kind.key not in gone))


def _same_key(one: Kind, other: Kind) -> bool:
    """Tell whether two kinds have the same key to press."""
    return one.shortcut.casefold() == other.shortcut.casefold()


def _plain(name: str) -> str:
    """Return a name as it is compared."""
    words = re.sub(r"[\s_-]+", " ", name.rpartition(":")[2]).strip().casefold()
    return words.removesuffix("s") if not words.endswith("ss") else words


def _in_order(kinds: Iterable[Kind]) -> tuple[Kind, ...]:
    """Return the kinds with those of a parent behind it."""
    kinds = tuple(kinds)
    keys = {kind.key for kind in kinds}
    ordered: list[Kind] = []

    def add(kind: Kind) -> None:
        if kind not in ordered:
            ordered.append(kind)
            for child in kinds:
                if child.parent == kind.key:
                    add(child)

    for kind in kinds:
        if kind.parent not in keys:
            add(kind)
    return (*ordered, *(kind for kind in kinds if kind not in ordered))


def no_cell() -> Kind:
    """Return the kind of what is no cell."""
    return Kind(key=NO_CELL, name=gettext("No cell"), parent="", shortcut="0", colour=(120, 120, 120))


def white_cell_kinds() -> KindTree:
    """Return the usual kinds of white cells."""
    rows = (
        ("neutrophil", gettext("Neutrophil"), WHITE_CELL, "N", (106, 61, 154), Role.SEGMENTED),
        ("segmented-neutrophil", gettext("Segmented neutrophil"), "neutrophil", "S", (140, 90, 190), Role.SEGMENTED),
        ("band-neutrophil", gettext("Band neutrophil"), "neutrophil", "D", (178, 140, 214), Role.BAND),
        ("lymphocyte", gettext("Lymphocyte"), WHITE_CELL, "L", (31, 120, 180), Role.OTHER),
        ("monocyte", gettext("Monocyte"), WHITE_CELL, "M", (51, 160, 44), Role.OTHER),
        ("eosinophil", gettext("Eosinophil"), WHITE_CELL, "E", (227, 90, 28), Role.OTHER),
        ("basophil", gettext("Basophil"), WHITE_CELL, "B", (20, 40, 110), Role.OTHER),
        ("immature-granulocyte", gettext("Immature granulocyte"), WHITE_CELL, "I", (180, 150, 0), Role.IMMATURE),
        ("promyelocyte", gettext("Promyelocyte"), "immature-granulocyte", "", (205, 180, 40), Role.IMMATURE),
        ("myelocyte", gettext("Myelocyte"), "immature-granulocyte", "", (220, 195, 70), Role.IMMATURE),
        ("metamyelocyte", gettext("Metamyelocyte"), "immature-granulocyte", "", (232, 210, 110), Role.IMMATURE),
        ("blast", gettext("Blast"), WHITE_CELL, "X", (200, 20, 60), Role.OTHER),
        ("erythroblast", gettext("Erythroblast"), WHITE_CELL, "R", (150, 75, 60), Role.ERYTHROBLAST),
    )
    return _tree(rows)


def red_cell_kinds() -> KindTree:
    """Return the usual kinds of red cells."""
    rows = (
        ("normal-red-cell", gettext("Normal"), RED_CELL, "1", (255, 140, 0), Role.OTHER),
        ("spherocyte", gettext("Spherocyte"), RED_CELL, "2", (214, 39, 40), Role.OTHER),
        ("target-cell", gettext("Target cell"), RED_CELL, "3", (148, 103, 189), Role.OTHER),
        ("sickle-cell", gettext("Sickle cell"), RED_CELL, "4", (23, 120, 140), Role.OTHER),
        ("schistocyte", gettext("Schistocyte"), RED_CELL, "5", (31, 90, 170), Role.OTHER),
        ("teardrop", gettext("Teardrop"), RED_CELL, "6", (44, 130, 60), Role.OTHER),
        ("elliptocyte", gettext("Elliptocyte"), RED_CELL, "7", (150, 110, 40), Role.OTHER),
        ("stomatocyte", gettext("Stomatocyte"), RED_CELL, "8", (200, 70, 150), Role.OTHER),
        ("burr-cell", gettext("Burr cell"), RED_CELL, "9", (90, 90, 160), Role.OTHER),
    )
    return _tree(rows)


def platelet_kinds() -> KindTree:
    """Return the usual kinds of platelets."""
    rows = (
        ("normal-platelet", gettext("Normal"), PLATELETS, "P", (24, 60, 200), Role.OTHER),
        ("giant-platelet", gettext("Giant platelet"), PLATELETS, "G", (110, 60, 200), Role.OTHER),
        ("platelet-clump", gettext("Clump"), PLATELETS, "C", (0, 130, 160), Role.OTHER),
    )
    return _tree(rows)


def ready_sets() -> dict[str, KindTree]:
    """Return the ready sets by the name of the counted class that they are of."""
    return {WHITE_CELL: white_cell_kinds(), RED_CELL: red_cell_kinds(), PLATELETS: platelet_kinds()}


def class_named(text: str, tree: KindTree) -> str:
    """Return the counted class of which a name is a kind: one of a tree, or a usual one; "" if it is none."""
    usual = KindTree(tuple(kind for ready in ready_sets().values() for kind in ready.kinds))
    found = [(one, kind) for one in (tree, usual) if (kind := one.named(text)) is not None]
    return found[0][0].class_of(found[0][1].key) if found else ""


def _tree(rows: Iterable[tuple[str, str, str, str, tuple[int, int, int], Role]]) -> KindTree:
    return KindTree(
        tuple(
            Kind(key=key, name=name, parent=parent, shortcut=shortcut, colour=colour, role=role)
            for key, name, parent, shortcut, colour, role in rows
        )
    )
