"""Reading presets: the built-in ones by name, others from a TOML file."""

from __future__ import annotations

import dataclasses
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from core.errors import UserError
from core.text import gettext
from trainer.recipes.recipe import Preset
from trainer.recipes.segmentation_recipe import SegmentPreset


class PresetError(UserError):
    """A preset that cannot be used; the message names the file and the remedy."""


class AnyPreset(Protocol):
    """A kind of preset: a dataclass with a ``name``, all of whose other fields are entries of its files."""

    def problem(self) -> str | None:
        """Return what is wrong with the values, None if they go together."""
        ...


Kind = TypeVar("Kind", bound=AnyPreset)

_FOLDERS: dict[type[Any], str] = {Preset: "detection", SegmentPreset: "segmentation"}


def built_in_presets(cls: type[Any]) -> list[str]:
    """Return the names of the built-in presets of a kind."""
    return sorted(item.name[:-5] for item in _folder(cls).iterdir() if item.name.endswith(".toml"))


def preset_kind(name: str) -> type[Preset] | type[SegmentPreset]:
    """Return the kind of a built-in preset by its name, or of a preset file by its path.

    Raises
    ------
    PresetError
        If there is no such preset, or its file cannot be read.
    """
    return SegmentPreset if "network" in _entries(name) else Preset


def load_preset(cls: type[Kind], name: str) -> Kind:
    """Read a built-in preset by its name, or a preset file by its path.

    The entry ``like`` names a built-in preset whose entries hold wherever the file has none.

    Raises
    ------
    PresetError
        If there is no such preset, or it has an unknown or unusable entry.
    """
    entries = _entries(name)
    known = {item.name for item in dataclasses.fields(cls)} - {"name"}  # type: ignore[arg-type]
    if unknown := sorted(entries.keys() - known):
        raise PresetError(
            gettext("{preset}: unknown entry {entry!r}; known are {entries}.").format(
                preset=name, entry=unknown[0], entries=", ".join(sorted(known))
            )
        )
    try:
        preset = msgspec.convert({**entries, "name": Path(name).stem}, cls)
    except msgspec.ValidationError as error:
        raise PresetError(
            gettext("{preset}: an entry has the wrong kind of value ({reason}).").format(preset=name, reason=error)
        ) from error
    if (problem := preset.problem()) is not None:
        raise PresetError(f"{name}: {problem}.")
    return preset


def _folder(cls: type[Any]) -> Any:
    return resources.files("trainer") / "recipes" / _FOLDERS[cls]


def _all_built_in() -> dict[str, Any]:
    """Return the file of each built-in preset of any kind by its name."""
    return {name: _folder(cls) / f"{name}.toml" for cls in _FOLDERS for name in built_in_presets(cls)}


def _entries(name: str) -> dict[str, Any]:
    """Return the entries of a preset, with those of the preset that it is ``like``."""
    files = _all_built_in()
    file = files.get(name, Path(name))
    if not file.is_file():
        raise PresetError(
            gettext("{preset}: no such preset; choose one of {presets}, or give a .toml file.").format(
                preset=name, presets=", ".join(files)
            )
        )
    try:
        entries = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise PresetError(
            gettext("{preset}: not a readable preset ({reason}); correct the file.").format(preset=name, reason=error)
        ) from error
    if (base := entries.pop("like", None)) is None:
        return entries
    if base == name or base not in files:
        known = ", ".join(other for other in files if other != name)
        raise PresetError(
            gettext(
                "{preset}: like {base!r} is not the name of another built-in preset; choose one of {presets}."
            ).format(preset=name, base=base, presets=known)
        )
    return {**_entries(base), **entries}
