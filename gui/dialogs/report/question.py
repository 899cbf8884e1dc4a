"""What a report would lack that is written now, and the question whether it is written all the same."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMessageBox, QWidget

from core.text import gettext, ngettext
from gui.workspace.images import State
from gui.workspace.sample import SampleState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gui.workspace.workspace import Workspace


class Answer(Enum):
    """What the user wants to do about a report that lacks something."""

    WRITE = "write"
    WAIT = "wait"
    CANCEL = "cancel"


class Lack(Enum):
    """What a report should have."""

    COUNTS = "counts"
    SAMPLE_ID = "sample"
    REVIEW = "review"
    SIGNATURE = "signature"


def is_counting(workspace: Workspace) -> bool:
    """Tell whether images are still to be counted."""
    return workspace.sample.state in (SampleState.COUNTING, SampleState.PAUSED)


def images_left(workspace: Workspace) -> int:
    """Return how many images are still to be counted."""
    states = workspace.counts.states
    return states[State.WAITING] + states[State.COUNTING]


def lacking(workspace: Workspace, sample_id: str) -> dict[Lack, str]:
    """Return what a report would lack now, with a sentence about each."""
    found: dict[Lack, str] = {}
    left = images_left(workspace)
    if is_counting(workspace):
        text = ngettext(
            "Counting goes on: {n:,} image would be missing.",
            "Counting goes on: {n:,} images would be missing.",
            max(left, 1),
        )
        found[Lack.COUNTS] = text.format(n=max(left, 1))
    if not sample_id:
        found[Lack.SAMPLE_ID] = gettext("The sample has no id.")
    reviewed, total = workspace.sample.progress
    if total and not reviewed:
        found[Lack.REVIEW] = gettext("No image has been reviewed.")
    elif reviewed < total and Lack.COUNTS not in found:
        text = gettext("{reviewed:,} of {n:,} images have been reviewed.")
        found[Lack.REVIEW] = text.format(reviewed=reviewed, n=total)
    if workspace.sample.state is SampleState.SUPERSEDED:
        found[Lack.SIGNATURE] = gettext("The counts have changed since they were signed.")
    return found


def ask(parent: QWidget, sentences: Sequence[str], *, can_wait: bool) -> Answer:
    """Ask whether a report is written that lacks something."""
    box = QMessageBox(QMessageBox.Icon.Warning, gettext("Report"), gettext("Write the report now?"), parent=parent)
    box.setInformativeText("\n".join(sentences))
    wait = box.addButton(gettext("Wait until counted"), QMessageBox.ButtonRole.AcceptRole) if can_wait else None
    write = box.addButton(gettext("Write anyway"), QMessageBox.ButtonRole.DestructiveRole)
    cancel = box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(wait or cancel)
    box.exec()
    clicked = box.clickedButton()
    if wait is not None and clicked is wait:
        return Answer.WAIT
    return Answer.WRITE if clicked is write else Answer.CANCEL


def ask_to_replace(parent: QWidget, names: Sequence[str]) -> bool:
    """Ask whether files that are there are replaced."""
    text = ngettext("{names} is there already.", "{names} are there already.", len(names))
    box = QMessageBox(QMessageBox.Icon.Warning, gettext("Report"), text.format(names=", ".join(names)), parent=parent)
    box.setInformativeText(gettext("Writing replaces them."))
    wanted = box.addButton(gettext("Replace"), QMessageBox.ButtonRole.DestructiveRole)
    box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
    box.exec()
    return box.clickedButton() is wanted
