"""What actions do, where it takes more than one call."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from core.detection.segmentation.classical import CLASSICAL
from core.kinds.sample import ENOUGH_NO_CELLS
from core.kinds.tree import NO_CELL
from core.models.network import default_model_path
from core.text import gettext, ngettext
from gui.commands.context import View
from gui.workspace.selection import ToolName
from gui.workspace.view_options import GHOST_REACH

if TYPE_CHECKING:
    from collections.abc import Callable

    from gui.commands.context import Context, Dialog, Pane


def dialog(which: Dialog) -> Callable[[Context], None]:
    """Return what opens a dialog."""
    return lambda context: context.shell.open_dialog(which)


def remove_image(context: Context) -> None:
    """Take the image that is shown off the list."""
    current = context.workspace.images.current_id
    if current is not None:
        context.workspace.images.remove([current])


def show_saved(context: Context) -> None:
    """Write what is pending, and say that all is saved, and where."""
    store = context.workspace.store
    store.flush()
    if store.path is not None and store.saved:
        context.workspace.messages.info(gettext("All changes are saved in {name}.").format(name=store.path.name))


def undo(context: Context) -> None:
    """Have the active tool take back its last step, or else undo the last edit."""
    if not context.shell.tools.undo():
        context.workspace.history.undo()


def tool(which: ToolName) -> Callable[[Context], None]:
    """Return what chooses a tool, or leaves it."""
    return lambda context: context.shell.tools.toggle(which)


def select_tool(context: Context) -> None:
    """Choose the tool that selects."""
    context.shell.tools.choose(ToolName.SELECT)


def region_tool(which: ToolName) -> Callable[[Context], None]:
    """Return what chooses a tool that draws a region, or leaves it."""

    def run(context: Context) -> None:
        context.workspace.selection.set(())
        context.shell.tools.toggle(which)

    return run


def tally(context: Context) -> None:
    """Count by hand, or stop."""
    context.workspace.selection.set(())
    context.shell.tools.toggle(ToolName.TALLY)


def select_all(context: Context) -> None:
    """Select all cells that are shown."""
    if context.shell.view is View.CELLS:
        context.shell.cells.select_all()
    else:
        context.shell.tools.select_all()


def confirm(context: Context) -> None:
    """Confirm the selected cells."""
    context.workspace.editing.confirm(context.workspace.selection.all)


def toggle_reviewed(context: Context) -> None:
    """Mark the image that is shown as reviewed, or take the mark off."""
    current = context.workspace.images.current
    if current is not None:
        context.workspace.editing.mark_reviewed(not context.workspace.reviews.is_reviewed(current))


def reviewed_next(context: Context) -> None:
    """Mark the image that is shown as reviewed, if it can be, and show the next that is not."""
    current = context.workspace.images.current
    if current is not None and context.workspace.inference.unseen:
        text = gettext("{image} cannot be seen, so it was not marked as reviewed.")
        context.workspace.messages.info(text.format(image=current.path.name))
    elif (
        current is not None
        and context.workspace.editing.editable
        and not context.workspace.reviews.is_reviewed(current)
    ):
        context.workspace.editing.mark_reviewed(True)
    next_unreviewed(context)


def toggle_ghosts(context: Context) -> None:
    """Show the cells just below the threshold, or no more; say so where there are none to be seen."""
    context.options.show_ghosts(not context.options.ghosts)
    counts, settings = context.workspace.counts, context.workspace.settings
    index = counts.index(context.workspace.images.current_id)
    if not context.options.ghosts or index is None or settings.value is None:
        return
    _, margins = index.uncertain(settings.value.thresholds, settings.classes, GHOST_REACH)
    if not (margins < 0).any():
        context.workspace.messages.info(gettext("No cell of this image is just below its threshold."))


def next_unreviewed(context: Context) -> None:
    """Show the next image of the list, as it is filtered, that nobody has reviewed."""
    workspace, listed = context.workspace, context.shell.listed_images()
    image = workspace.reviews.next_unreviewed(listed)
    if image is not None:
        workspace.images.set_current(image)
        return
    reviewed, total = workspace.sample.progress
    if reviewed == total:
        text = ngettext("The image is reviewed.", "All {n:,} images are reviewed.", total).format(n=total)
        workspace.messages.offer(text, gettext("Results"), lambda: context.shell.show_view(View.RESULTS))
    elif len(listed) < total:
        workspace.messages.info(gettext("All other images that are listed are reviewed."))
    else:
        workspace.messages.info(gettext("All other images are reviewed."))


def inset(context: Context) -> None:
    """Put a frame inside the border of the image that is shown."""
    current = context.workspace.images.current
    context.workspace.regions.inset([] if current is None else [current])


def inset_all(context: Context) -> None:
    """Put a frame inside the border of all images."""
    context.workspace.regions.inset(context.workspace.images.items)


def use_no_model(context: Context) -> None:
    """Count without a model."""
    context.workspace.choice.use(Path(CLASSICAL))


def use_default_model(context: Context) -> None:
    """Count with the bundled model."""
    context.workspace.choice.use(default_model_path())


def toggle_pane(pane: Pane) -> Callable[[Context], None]:
    """Return what opens a pane, or closes it."""
    return lambda context: context.shell.show_pane(pane, not context.shell.shows_pane(pane))


def toggle_gallery_scope(context: Context) -> None:
    """Show the cells of all images in the gallery, or of one, and the gallery if it is closed."""
    context.shell.gallery.set_all(not context.shell.gallery.all_images)


def toggle_by_kind(context: Context) -> None:
    """Show the cells by kind; if they are shown so already, by class."""
    by_kind = context.shell.view is not View.CELLS or not context.shell.cells.by_kind
    context.shell.show_view(View.CELLS)
    context.shell.cells.show_by_kind(by_kind)


def toggle_leaving_out(context: Context) -> None:
    """Leave out of the counts what is certainly no cell, or bring it back."""
    leaving_out = context.workspace.kinds.leaving_out
    if leaving_out.set_on(not leaving_out.on) and leaving_out.on:
        left = len(leaving_out.cells)
        text = ngettext("{n:,} cell is left out of the counts.", "{n:,} cells are left out of the counts.", left)
        if not left:
            typed, classes = context.workspace.kinds.typed, context.workspace.settings.classes
            named = max(typed.numbers(name).get(NO_CELL, 0) for name in classes)
            text = gettext("0 cells are left out: no other one is certainly no cell by what was taught.")
            if named < ENOUGH_NO_CELLS:
                text = gettext(
                    "0 cells are left out: none is certainly no cell yet. Name more examples of No cell, {enough} at "
                    "least."
                )
        context.workspace.messages.info(text.format(n=left, enough=ENOUGH_NO_CELLS))


def toggle_uncertain(context: Context) -> None:
    """Walk the uncertain cells, or stop."""
    context.shell.uncertain.set_active(not context.shell.uncertain.active)


def class_key(place: int) -> Callable[[Context], None]:
    """Return what the key of the class at a place does."""

    def run(context: Context) -> None:
        classes = context.workspace.settings.classes
        unseen = context.shell.view is View.REVIEW and context.workspace.inference.unseen
        if place < len(classes) and not unseen:
            context.shell.tools.class_key(classes[place])

    return run
