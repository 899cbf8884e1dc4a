"""Counting a large archive in parts, on several computers, and putting the results together again."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from core.errors import UserError
from core.imaging.files.copies import copy_notice
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TEXT = re.compile(r"(\d{1,6})/(\d{1,6})")


class ShardError(UserError):
    """Results that are not the parts of one whole; the message names the file and says why."""


@dataclass(frozen=True)
class Shard:
    """One part of an archive: the ``number``-th of ``of``, from 1 on."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read text such as ``2/8``; raises ValueError if it is not like that."""
        match = _TEXT.fullmatch(text.strip())
        if match is None or not 1 <= int(match[1]) <= int(match[2]):
            raise ValueError(gettext("{text!r} is no part such as 2/8, the second of eight").format(text=text))
        return cls(int(match[1]), int(match[2]))

    def share(self, pictures: Sequence[Path]) -> list[Path]:
        """Return this part's images: neighbours, so that all parts in their order are all images in theirs."""
        first, last = ((self.number - 1) * len(pictures) // self.of, self.number * len(pictures) // self.of)
        return list(pictures[first:last])

    def entry(self, archive: str, given: Mapping[str, Any], contents: Sequence[str]) -> dict[str, Any]:
        """Return what a part's result says of it.

        Parameters
        ----------
        archive
            The digest of all images, see ``archive_digest``.
        given
            Options besides the settings that decide what is counted.
        contents
            A digest of the pixels of each image of the part, in order.
        """
        options = msgspec.to_builtins(dict(given))
        return {"number": self.number, "of": self.of, "archive": archive, "given": options, "contents": list(contents)}


def archive_digest(images: Sequence[Path]) -> str:
    """Return what names the images of an archive: their order, names below their common folder, and sizes."""
    absolute = [os.path.abspath(path) for path in images]
    top = os.path.commonpath(absolute) if absolute else ""
    digest = hashlib.sha256(usedforsecurity=False)
    for path in absolute:
        try:
            size = os.path.getsize(path)
        except OSError:
            size = -1
        digest.update(f"{Path(os.path.relpath(path, top)).as_posix()}\0{size}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def merge_parts(paths: Sequence[Path]) -> dict[str, Any]:
    """Return the result document (``batch_json``) of the whole from those of its parts, in any order.

    It is the document that one run over all images would have written; ``of_one_archive`` besides says whether the
    parts are known to be of the same images.

    Raises
    ------
    ShardError
        If a file is no result of a part, a part is missing or there twice, or parts were counted differently.
    """
    parts: dict[int, dict[str, Any]] = {}
    for path in paths:
        document = _read(path)
        first = next(iter(parts.values()), document)
        for key, what in (
            ("schema", "version"),
            ("model", "model"),
            ("settings", gettext("threshold or rule")),
            ("profile", gettext("profile")),
        ):
            if document.get(key) != first.get(key):
                raise ShardError(
                    gettext("{path}: it was counted with another {what} than the first part; count it again.").format(
                        path=path, what=what
                    )
                )
        if document.get("incomplete"):
            text = gettext("{path}: counting this part was stopped before its end; count it again.")
            raise ShardError(text.format(path=path))
        shard, its_first = document["shard"], first["shard"]
        if shard.get("archive") != its_first.get("archive"):
            text = gettext("{path}: its folder held other images than that of the first part; count all parts again.")
            raise ShardError(text.format(path=path))
        for name, value in shard.get("given", {}).items():
            if value != its_first.get("given", {}).get(name):
                text = gettext("{path}: it was counted with another --{option} than the first part; count it again.")
                raise ShardError(text.format(path=path, option=name))
        number, of = shard["number"], shard["of"]
        if of != its_first["of"]:
            raise ShardError(
                gettext("{path}: it is one of {of} parts, the others of {first}.").format(
                    path=path, of=of, first=its_first["of"]
                )
            )
        if number in parts:
            raise ShardError(
                gettext("{path}: part {number} of {of} is there twice.").format(path=path, number=number, of=of)
            )
        parts[number] = document
    whole = {**parts[min(parts)]}
    shard = whole.pop("shard")
    of = shard["of"]
    if missing := sorted(set(range(1, of + 1)) - set(parts)):
        raise ShardError(
            gettext("{parent}: part {missing} of {of} is missing; count it and merge again.").format(
                parent=paths[0].parent, missing=missing[0], of=of
            )
        )
    ordered = [parts[number] for number in sorted(parts)]
    # what is wrong with a folder is found out by every part
    errors = {(item["path"], item["error"]): item for part in ordered for item in part["errors"]}
    whole["images"] = _told_of_copies(ordered)
    whole["of_one_archive"] = "archive" in shard
    whole["errors"] = list(errors.values())
    if notices := dict.fromkeys(text for part in ordered for text in part.get("notices", [])):
        whole["notices"] = list(notices)
    whole["totals"] = {name: sum(part["totals"][name] for part in ordered) for name in whole["totals"]}
    return whole


def _told_of_copies(parts: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the images of all parts; those of which another part has a copy say so."""
    first: dict[str, str] = {}
    images: list[dict[str, Any]] = []
    for part in parts:
        contents = part["shard"].get("contents", [])
        own = dict(zip((image["path"] for image in part["images"]), contents, strict=False))
        for image in part["images"]:
            original = first.get(own.get(image["path"], ""))
            images.append(
                image if original is None else {**image, "notices": [*image["notices"], copy_notice(original)]}
            )
        first = {**{digest: path for path, digest in reversed(own.items())}, **first}
    return images


def _read(path: Path) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except OSError as error:
        raise ShardError(
            gettext("{path}: it cannot be read ({strerror}); check the name.").format(
                path=path, strerror=error.strerror
            )
        ) from error
    except msgspec.MsgspecError as error:
        raise ShardError(
            gettext("{path}: it is damaged, or no result of smearcount-count; count this part again.").format(path=path)
        ) from error
    if not {"schema", "model", "settings", "images", "errors", "totals", "shard"} <= document.keys():
        raise ShardError(
            gettext("{path}: it is not the result of a part; count with --shard and --json.").format(path=path)
        )
    return document
