"""What is said of annotation files: the errors that end a file, and the sentences that are collected on the way."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from core.text import gettext, printable

if TYPE_CHECKING:
    from pathlib import Path

_ALSO_NAMED = 3


class UnreadableError(Exception):
    """An annotation file that cannot be used; the message says why and what to do, but not which file."""


class NotAnnotationsError(UnreadableError):
    """A file that is something else than annotations, which need not be a fault."""


class Notices:
    """Sentences for the user; those of one kind about one file or folder become one sentence.

    A remark is about something that was used all the same, or that its format means to be left out.
    """

    def __init__(self) -> None:
        self._said: dict[tuple[Path, str], str] = {}
        self._also: defaultdict[tuple[Path, str], list[str]] = defaultdict(list)
        self._remarks: set[tuple[Path, str]] = set()

    def remark(self, path: Path, kind: str, place: str, text: str) -> None:
        """Report what is odd at a place in a file and was used; grouped by file and kind."""
        self._remarks.add((path, kind))
        self.about_line(path, kind, place, text)

    def about_line(self, path: Path, kind: str, place: str, text: str) -> None:
        """Report what is wrong at a place in a file, such as ``line 7``; grouped by file and kind."""
        self._add((path, kind), f"{path}: {place} {text}", place)

    def about_file(self, path: Path, text: str, kind: str | None = None) -> None:
        """Report what is wrong with a file; grouped by folder and kind, or on its own without a kind."""
        key = (path, text) if kind is None else (path.parent, kind)
        self._add(key, f"{path}: {text}", path.name)

    def once(self, folder: Path, text: str) -> None:
        """Report something about a folder, and only once."""
        self._said.setdefault((folder, text), f"{folder}: {text}")

    def _add(self, key: tuple[Path, str], sentence: str, item: str) -> None:
        if key in self._said:
            self._also[key].append(item)
        else:
            self._said[key] = sentence

    def sentences(self) -> tuple[str, ...]:
        """Return everything that was reported, in order."""
        return tuple(self._sentence(key) for key in self._said)

    def remarks(self) -> tuple[str, ...]:
        """Return those of the sentences that are remarks."""
        return tuple(self._sentence(key) for key in self._said if key in self._remarks)

    def _sentence(self, key: tuple[Path, str]) -> str:
        return printable(f"{self._said[key]}{self._others(key)}.")

    def _others(self, key: tuple[Path, str]) -> str:
        also = list(dict.fromkeys(self._also[key]))
        if not also:
            return ""
        named, more = ", ".join(also[:_ALSO_NAMED]), len(also) - _ALSO_NAMED
        if more > 0:
            return gettext(" (also {named} and {more} more)").format(named=named, more=more)
        return gettext(" (also {named})").format(named=named)
