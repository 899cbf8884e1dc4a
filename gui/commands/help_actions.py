"""Actions of the Help menu, and the keys of the classes."""

from __future__ import annotations

from core.text import gettext
from gui.commands import handlers, states
from gui.commands.action import MOST_CLASS_KEYS, Action, Change, Menu, on
from gui.commands.context import Dialog

HELP_ACTIONS = (
    Action(
        "guide",
        Menu.HELP,
        gettext("&User guide"),
        handlers.dialog(Dialog.GUIDE),
        key="Shift+F1",
        tip=gettext("How to count, edit, verify and report"),
    ),
    Action(
        "shortcuts",
        Menu.HELP,
        gettext("&Keyboard shortcuts"),
        handlers.dialog(Dialog.KEYS),
        key="F1",
        tip=gettext("All keys, and how to change them"),
    ),
    Action(
        "person",
        Menu.HELP,
        gettext("Your &name…"),
        handlers.dialog(Dialog.USER),
        tip=gettext("The name that signs your edits"),
    ),
    Action(
        "self_check",
        Menu.HELP,
        gettext("&Check this installation…"),
        handlers.dialog(Dialog.SELF_CHECK),
        tip=gettext("Counts the demo smear, whose cells are known"),
    ),
    Action(
        "about",
        Menu.HELP,
        gettext("&About SmearCount"),
        handlers.dialog(Dialog.ABOUT),
    ),
    *(
        Action(
            f"class_{place + 1}",
            Menu.CLASS,
            gettext("Class {number}").format(number=place + 1),
            handlers.class_key(place),
            key=str(place + 1),
            tip=gettext("For the selected cell, or the armed one"),
            label=states.class_text(place),
            depends_on=on(Change.MODEL),
        )
        for place in range(MOST_CLASS_KEYS)
    ),
)
