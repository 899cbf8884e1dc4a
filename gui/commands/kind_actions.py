"""Actions of the Kinds menu."""

from __future__ import annotations

from core.text import gettext
from gui.commands import handlers, states
from gui.commands.action import Action, Change, Menu, on
from gui.commands.context import Dialog

KIND_ACTIONS = (
    Action(
        "by_kind",
        Menu.KINDS,
        gettext("Cells by &kind"),
        handlers.toggle_by_kind,
        key="Ctrl+K",
        tip=gettext("Show the cells sorted into kinds, or by class"),
        enabled=states.can_see_counts,
        checked=states.shows_by_kind,
        depends_on=on(Change.CURRENT, Change.KINDS, Change.STEP, Change.TALLY),
    ),
    Action(
        "accept_kind",
        Menu.KINDS,
        gettext("&Accept the suggestion"),
        lambda context: context.shell.cells.accept_selected(),
        tip=gettext("The selected cells are what is suggested; Return does the same on a tile"),
        enabled=states.can_accept,
        depends_on=on(Change.SELECTION, Change.SESSION, Change.KINDS, Change.STEP),
    ),
    Action(
        "clear_kind",
        Menu.KINDS,
        gettext("&Take the kind away"),
        lambda context: context.shell.cells.clear_selected(),
        tip=gettext("The selected cells are without a kind again; Backspace does the same on a tile"),
        enabled=states.can_clear,
        depends_on=on(Change.SELECTION, Change.SESSION, Change.KINDS, Change.STEP),
    ),
    Action(
        "sort_piles",
        Menu.KINDS,
        gettext("&Sort again"),
        lambda context: context.shell.cells.sort_again(),
        key="Ctrl+R",
        tip=gettext("Put every cell into its pile"),
        enabled=states.can_sort,
        depends_on=on(Change.CURRENT, Change.KINDS, Change.STEP, Change.TALLY),
        separator_after=True,
    ),
    Action(
        "leave_out",
        Menu.KINDS,
        gettext("&Leave out what is certainly no cell"),
        handlers.toggle_leaving_out,
        tip=gettext("Cells that are certainly none, by what was taught, do not count; off brings all of them back"),
        enabled=states.can_leave_out,
        checked=states.leaves_out,
        depends_on=on(Change.SESSION, Change.KINDS, Change.LEFT_OUT),
    ),
    Action(
        "leave_out_more",
        Menu.KINDS,
        gettext("Leave out &more"),
        lambda context: context.workspace.kinds.leaving_out.leave_out(),
        tip=gettext("Leave out the cells that were found to be none since"),
        enabled=states.can_leave_out_more,
        label=states.leave_out_more_text,
        depends_on=on(Change.SESSION, Change.KINDS, Change.LEFT_OUT),
        separator_after=True,
    ),
    Action(
        "differential",
        Menu.KINDS,
        gettext("&Differential count…"),
        handlers.dialog(Dialog.DIFFERENTIAL),
        key="Ctrl+D",
        tip=gettext("Per cent of each kind of white cell, and what follows from them"),
        enabled=states.can_see_counts,
        depends_on=on(Change.CURRENT, Change.TALLY),
    ),
    Action(
        "teaching_sets",
        Menu.KINDS,
        gettext("&Teaching sets…"),
        handlers.dialog(Dialog.TEACHING_SETS),
        tip=gettext("What was taught: use it here, save it, put two together, lock it"),
        enabled=states.has_session,
        depends_on=on(Change.SESSION),
    ),
    Action(
        "edit_kinds",
        Menu.KINDS,
        gettext("&Edit kinds…"),
        handlers.dialog(Dialog.KINDS),
        tip=gettext("Names, keys and colours of the kinds"),
        enabled=states.has_session,
        depends_on=on(Change.SESSION),
    ),
)
