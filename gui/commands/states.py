"""When actions can be done, whether switches are on, and the texts that change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from core.detection.segmentation.classical import CLASSICAL
from core.models.network import default_model_path
from core.text import gettext
from gui.commands.context import View
from gui.workspace.images import State
from gui.workspace.selection import ToolName

if TYPE_CHECKING:
    from collections.abc import Callable

    from gui.commands.context import Context, Pane

# -- sessions and images -----------------------------------------------------------------------


def has_session(context: Context) -> bool:
    """Whether a session is open."""
    return context.workspace.store.is_open


def has_image(context: Context) -> bool:
    """Whether an image is shown."""
    return context.workspace.images.current is not None


def can_remove_image(context: Context) -> bool:
    """Whether the image that is shown can be taken off the list: not among cells, where that may be another one."""
    return has_image(context) and context.workspace.store.writable and context.shell.view is not View.CELLS


def has_images(context: Context) -> bool:
    """Whether there are several images."""
    return len(context.workspace.images.items) > 1


def is_counted(context: Context) -> bool:
    """Whether the image that is shown is counted."""
    current = context.workspace.images.current
    return current is not None and current.state is State.COUNTED


def any_counted(context: Context) -> bool:
    """Whether any image is counted."""
    return context.workspace.counts.states[State.COUNTED] > 0


def can_sign(context: Context) -> bool:
    """Whether there are counts to sign, and a session that keeps the signature."""
    return any_counted(context) and context.workspace.store.writable


def any_failed(context: Context) -> bool:
    """Whether any image failed."""
    return context.workspace.counts.states[State.FAILED] > 0


# -- counting ----------------------------------------------------------------------------------


def can_count(context: Context) -> bool:
    """Whether the image that is shown can be counted."""
    return has_image(context) and context.workspace.inference.model is not None


def is_waiting(context: Context) -> bool:
    """Whether images wait to be counted."""
    return context.workspace.inference.queue.waiting > 0


def is_counting(context: Context) -> bool:
    """Whether an image is being counted."""
    return context.workspace.inference.queue.busy is not None


def can_use_profile(context: Context) -> bool:
    """Whether a sample is open that can be counted by a profile."""
    return context.workspace.store.writable


def counts_without_model(context: Context) -> bool:
    """Whether images are counted without a model."""
    model = context.workspace.inference.model
    return model is not None and model.path == Path(CLASSICAL)


def counts_with_default(context: Context) -> bool:
    """Whether images are counted with the bundled model."""
    model = context.workspace.inference.model
    return model is not None and model.path == default_model_path()


# -- kinds -------------------------------------------------------------------------------------


def shows_by_kind(context: Context) -> bool:
    """Whether the cells are shown, by kind."""
    return context.shell.view is View.CELLS and context.shell.cells.by_kind


def can_accept(context: Context) -> bool:
    """Whether cells are selected for which a kind is suggested."""
    return shows_by_kind(context) and has_selection(context) and context.shell.cells.can_accept


def can_clear(context: Context) -> bool:
    """Whether cells are selected that have a kind."""
    return shows_by_kind(context) and has_selection(context) and context.shell.cells.can_clear


def can_sort(context: Context) -> bool:
    """Whether there are piles to be sorted."""
    return shows_by_kind(context) and bool(context.workspace.kinds.tree.tree.kinds) and can_see_counts(context)


def leaves_out(context: Context) -> bool:
    """Whether what is certainly no cell is left out of the counts."""
    return context.workspace.kinds.leaving_out.on


def can_leave_out(context: Context) -> bool:
    """Whether what is certainly no cell can be left out."""
    return bool(context.workspace.kinds.tree.tree.kinds) and context.workspace.store.writable


def can_leave_out_more(context: Context) -> bool:
    """Whether more cells were found to be none."""
    return can_leave_out(context) and bool(context.workspace.kinds.leaving_out.waiting)


def leave_out_more_text(context: Context) -> str:
    """Return how many more cells can be left out."""
    number = len(context.workspace.kinds.leaving_out.waiting) if can_leave_out(context) else 0
    return gettext("Leave out {n:,} &more").format(n=number) if number else gettext("Leave out &more")


# -- cells -------------------------------------------------------------------------------------


def is_editable(context: Context) -> bool:
    """Whether the cells of the image that is shown can be edited: it is counted, and there to be seen."""
    return context.workspace.editing.editable and not context.workspace.inference.unseen


def has_selection(context: Context) -> bool:
    """Whether cells are selected that can be edited, and can be seen where they are selected."""
    workspace = context.workspace
    unseen = context.shell.view is View.REVIEW and workspace.inference.unseen
    return workspace.store.writable and bool(workspace.selection.all) and not unseen


def can_remove(context: Context) -> bool:
    """Whether a cell or a mark can be removed; one that is pointed at only on the image."""
    if context.shell.view is not View.REVIEW:
        return has_selection(context)
    return is_editable(context) or has_selection(context) or context.workspace.tally.active


def can_select_all(context: Context) -> bool:
    """Whether there are cells that can be selected where the user looks."""
    return can_see_counts(context) if context.shell.view is View.CELLS else is_editable(context)


def has_tool(tool: ToolName) -> Callable[[Context], bool]:
    """Return whether a tool is the active one."""
    return lambda context: context.shell.tools.tool is tool


def add_text(context: Context) -> str:
    """Return what the Add tool adds."""
    armed = context.shell.tools.armed
    return gettext("Add {name}").format(name=armed) if armed else gettext("&Add cells")


def can_undo(context: Context) -> bool:
    """Whether there is a step to take back."""
    workspace = context.workspace
    if context.shell.tools.tool is ToolName.POLYGON:
        return True
    return (workspace.history.can_undo or workspace.settings.pending) and workspace.store.writable


def can_redo(context: Context) -> bool:
    """Whether there is a step to make again."""
    return context.workspace.history.can_redo and context.workspace.store.writable


def undo_text(context: Context) -> str:
    """Return what is undone next."""
    return _with_step(gettext("&Undo"), context.workspace.history.undo_text)


def redo_text(context: Context) -> str:
    """Return what is redone next."""
    return _with_step(gettext("&Redo"), context.workspace.history.redo_text)


def _with_step(verb: str, step: str) -> str:
    return f"{verb} {step[:1].lower()}{step[1:]}" if step else verb


# -- reviews -----------------------------------------------------------------------------------


def is_reviewed(context: Context) -> bool:
    """Whether the present count of the image that is shown is reviewed."""
    current = context.workspace.images.current
    return current is not None and context.workspace.reviews.is_reviewed(current)


def review_text(context: Context) -> str:
    """Return what the review action does, or that it is done."""
    current = context.workspace.images.current
    if current is not None and context.workspace.reviews.is_outdated(current.id):
        return gettext("Mark reviewed again")
    return gettext("Reviewed") if is_reviewed(context) else gettext("Mark reviewed")


def reviews_image(context: Context) -> bool:
    """Whether an image is shown where it is reviewed: nobody marks what is not seen."""
    return has_image(context) and context.shell.view is View.REVIEW


def reviewed_next_text(context: Context) -> str:
    """Return what marking the image that is shown and going on does."""
    current = context.workspace.images.current
    if current is not None and context.workspace.reviews.is_outdated(current.id):
        return gettext("Reviewed again, next")
    return gettext("✓ Reviewed, next") if is_reviewed(context) else gettext("Reviewed, next")


# -- regions -----------------------------------------------------------------------------------


def can_draw(context: Context) -> bool:
    """Whether a region can be drawn on the image that is shown."""
    workspace = context.workspace
    return has_image(context) and workspace.inference.shown is not None and workspace.store.writable


def has_rectangle(context: Context) -> bool:
    """Whether the image that is shown has a rectangle that other images can have too."""
    region = context.workspace.regions.current
    return region is not None and region.is_rectangle and has_images(context) and context.workspace.store.writable


def can_inset(context: Context) -> bool:
    """Whether a frame can be put inside the border of the image that is shown."""
    return can_draw(context) and is_counted(context)


def can_inset_all(context: Context) -> bool:
    """Whether a frame can be put inside the border of any image."""
    return any_counted(context) and context.workspace.store.writable


def has_region(context: Context) -> bool:
    """Whether the image that is shown has a region to be removed."""
    return context.workspace.regions.current is not None and context.workspace.store.writable


def any_region(context: Context) -> bool:
    """Whether any image has a region to be removed."""
    return context.workspace.store.writable and context.workspace.images.any_region


# -- manual counts, the gallery, the view ------------------------------------------------------


def can_tally(context: Context) -> bool:
    """Whether the image that is shown can be counted by hand."""
    workspace = context.workspace
    return workspace.inference.shown is not None and workspace.store.writable and bool(workspace.settings.classes)


def may_see_counts(context: Context) -> bool:
    """Whether detections may be seen: not during a blind manual count."""
    return not context.workspace.tally.hides_counts


def can_see_counts(context: Context) -> bool:
    """Whether there are images whose counts may be seen."""
    return has_image(context) and may_see_counts(context)


def shows_view(view: View) -> Callable[[Context], bool]:
    """Return whether a view is shown."""
    return lambda context: context.shell.view is view


def can_walk_uncertain(context: Context) -> bool:
    """Whether there are cells to walk that may be seen."""
    return is_editable(context) and may_see_counts(context)


def can_peek_before(context: Context) -> bool:
    """Whether there is a count without corrections that may be seen."""
    return is_counted(context) and may_see_counts(context)


def walks_uncertain(context: Context) -> bool:
    """Whether uncertain cells are being walked."""
    return context.shell.uncertain.active


def shows_pane(pane: Pane) -> Callable[[Context], bool]:
    """Return whether a pane is open."""
    return lambda context: context.shell.shows_pane(pane)


def shows_all_cells(context: Context) -> bool:
    """Whether the gallery shows the cells of all images."""
    return context.shell.gallery.all_images


def class_text(place: int) -> Callable[[Context], str]:
    """Return the class that has the key of a place."""

    def text(context: Context) -> str:
        classes = context.workspace.settings.classes
        if place < len(classes):
            return gettext("Class: {name}").format(name=classes[place])
        return gettext("Class {number}").format(number=place + 1)

    return text
