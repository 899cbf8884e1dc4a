"""Counting a large archive in parts, on several computers, and putting the results together again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from core.errors import UserError
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

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


def merge_parts(paths: Sequence[Path]) -> dict[str, Any]:
    """Return the result document (``batch_json``) of the whole from those of its parts, in any order.

    It is the document that one run over all images would have written.

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
        number, of = document["shard"]["number"], document["shard"]["of"]
        if of != first["shard"]["of"]:
            raise ShardError(
                gettext("{path}: it is one of {of} parts, the others of {first}.").format(
                    path=path, of=of, first=first["shard"]["of"]
                )
            )
        if number in parts:
            raise ShardError(
                gettext("{path}: part {number} of {of} is there twice.").format(path=path, number=number, of=of)
            )
        parts[number] = document
    whole = {**parts[min(parts)]}
    of = whole.pop("shard")["of"]
    if missing := sorted(set(range(1, of + 1)) - set(parts)):
        raise ShardError(
            gettext("{parent}: part {missing} of {of} is missing; count it and merge again.").format(
                parent=paths[0].parent, missing=missing[0], of=of
            )
        )
    ordered = [parts[number] for number in sorted(parts)]
    # what is wrong with a folder is found out by every part
    errors = {(item["path"], item["error"]): item for part in ordered for item in part["errors"]}
    whole["images"] = [image for part in ordered for image in part["images"]]
    whole["errors"] = list(errors.values())
    whole["totals"] = {name: sum(part["totals"][name] for part in ordered) for name in whole["totals"]}
    return whole


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
