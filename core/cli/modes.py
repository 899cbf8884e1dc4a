"""``smearcount-count PATH...``: what to do with the paths, by their suffixes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.cli.arguments import ArgumentsError
from core.session.values import SESSION_SUFFIX
from core.text import gettext

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

_OF_COUNTING = (
    "model",
    "profile",
    "threshold",
    "count_by",
    "nms_iou",
    "diameter",
    "edge_rule",
    "region",
    "page",
    "kinds",
    "leave_out_no_cell",
)


def mode_of(arguments: argparse.Namespace) -> str:
    """Return ``run``, ``session`` or ``merge``.

    Raises
    ------
    ArgumentsError
        If options or paths do not go together.
    """
    if _has_session(arguments):
        return "session"
    return "merge" if _has_parts(arguments) else "run"


def _has_session(arguments: argparse.Namespace) -> bool:
    sessions = [path for path in arguments.paths if path.suffix.lower() == SESSION_SUFFIX]
    if not sessions:
        for name in ("xlsx", "report", "export"):
            if getattr(arguments, name) is not None:
                text = gettext("--{name} is about a session; count the images in the window and name its session")
                raise ArgumentsError(text.format(name=name))
        return False
    if len(arguments.paths) > 1:
        text = gettext("{path}: one session at a time, and no images")
        raise ArgumentsError(text.format(path=sessions[0]))
    for name in _OF_COUNTING:
        if getattr(arguments, name):
            text = gettext("--{option}: a session has its own; change it in the window, or leave it out")
            raise ArgumentsError(text.format(option=name.replace("_", "-")))
    return True


def _has_parts(arguments: argparse.Namespace) -> bool:
    parts: list[Path] = [path for path in arguments.paths if path.suffix.lower() == ".json"]
    if not parts:
        return False
    if len(parts) < len(arguments.paths):
        text = gettext("{path}: put parts together without images")
        raise ArgumentsError(text.format(path=parts[0]))
    if arguments.json is None:
        raise ArgumentsError(gettext("{path}: say with --json FILE where the whole goes").format(path=parts[0]))
    for name in ("csv", "annotated", "shard", *_OF_COUNTING):
        if getattr(arguments, name):
            text = gettext("--{option}: parts are put together as they were counted, into --json")
            raise ArgumentsError(text.format(option=name.replace("_", "-")))
    return True
