"""Everything that can be done from the keyboard and the menus, in one table."""

from __future__ import annotations

from gui.commands.count_actions import COUNT_ACTIONS
from gui.commands.edit_actions import EDIT_ACTIONS
from gui.commands.file_actions import FILE_ACTIONS
from gui.commands.help_actions import HELP_ACTIONS
from gui.commands.kind_actions import KIND_ACTIONS
from gui.commands.view_actions import VIEW_ACTIONS

ACTIONS = (*FILE_ACTIONS, *EDIT_ACTIONS, *COUNT_ACTIONS, *KIND_ACTIONS, *VIEW_ACTIONS, *HELP_ACTIONS)
