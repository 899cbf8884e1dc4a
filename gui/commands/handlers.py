"""What the actions do, and which of them can be done now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMessageBox

from core.detection.segmentation.classical import CLASSICAL
from core.models.network import default_model_path
from core.version import __version__
from gui.canvas.tools.editor import Tool
from gui.commands.actions import MOST_CLASS_KEYS
from gui.dialogs.keys import KeysDialog
from gui.widgets.colour import swatch
from gui.workspace.images import State

if TYPE_CHECKING:
    from gui.shell.window import MainWindow


class Commands(QObject):
    """Ties the window's actions to what they do."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._document = window.document
        self._actions = window.actions_
        self._connect()
        self._connect_switches()

    def _connect(self) -> None:
        window, document, canvas = self._window, self._document, self._window.canvas
        editor, files = window.editor, window.files
        self._actions.connect_to(
            {
                "open": files.ask_for_pictures,
                "open_folder": files.ask_for_folder,
                "open_demo": files.open_demo,
                "new_session": document.close_session,
                "open_session": files.ask_for_session,
                "copy_session": files.ask_to_copy_session,
                "import_cells": files.ask_to_import,
                "export_cells": files.ask_to_export,
                "save_picture": files.ask_to_save_picture,
                "save_table": files.ask_to_save_csv,
                "report": files.ask_to_report,
                "find_missing": files.ask_for_moved,
                "remove_picture": document.remove_current,
                "quit": window.close,
                "undo": self._undo,
                "redo": lambda: document.tally.redo() if document.tally.active else document.editing.redo(),
                "select": lambda: editor.set_tool(Tool.SELECT),
                "add": lambda: editor.set_tool(Tool.SELECT if editor.tool is Tool.ADD else Tool.ADD),
                "empty": lambda: editor.set_tool(Tool.SELECT if editor.tool is Tool.EMPTY else Tool.EMPTY),
                "remove": lambda: (
                    window.tally_controls.tool.remove_near() if document.tally.active else editor.remove()
                ),
                "accept": lambda: document.editing.confirm(document.editing.selected),
                "select_all": lambda: document.editing.select(canvas.boxes.shown_ids()),
                "next_cell": lambda: editor.walk(1),
                "previous_cell": lambda: editor.walk(-1),
                "count_again": document.count_again,
                "pause": document.queue.pause_or_go_on,
                "stop": document.queue.stop,
                "retry_failed": document.retry_failed,
                "next_unreviewed": self.next_unreviewed,
                "find": window.image_list.name_filter.setFocus,
                "import_model": files.ask_for_model,
                "no_model": lambda: self._use_model(Path(CLASSICAL)),
                "default_model": lambda: self._use_model(default_model_path()),
                "verify": window.show_verify,
                "next": lambda: self._step(1),
                "previous": lambda: self._step(-1),
                "next_pane": lambda: window.panes.step(1),
                "previous_pane": lambda: window.panes.step(-1),
                "fit": canvas.fit,
                "actual": lambda: canvas.zoom_to(1.0),
                "zoom_in": canvas.zoom_in,
                "zoom_out": canvas.zoom_out,
                "shortcuts": lambda: KeysDialog(self._actions, window).exec(),
                "person": window.ask_for_person,
                "guide": window.show_guide,
                "self_check": window.check_installation,
                "about": self._show_about,
            }
        )
        for number in range(1, MOST_CLASS_KEYS + 1):
            self._actions.connect_to({f"class_{number}": lambda place=number - 1: self._class_key(place)})

    def _connect_switches(self) -> None:
        window, action = self._window, self._actions
        action["labels"].setChecked(window.preferences.show_labels)
        action["labels"].toggled.connect(self._set_labels_shown)
        action["ghosts"].setChecked(window.preferences.show_ghosts)
        action["ghosts"].toggled.connect(self._set_ghosts_shown)
        action["ground_truth"].setChecked(True)
        action["ground_truth"].toggled.connect(lambda *_: window.view.show_cells())
        action["gallery_all"].setChecked(window.preferences.gallery_of_all)
        window.gallery.set_all(window.preferences.gallery_of_all)
        action["gallery_all"].triggered.connect(self._show_gallery_of_all)
        window.gallery.all_changed.connect(self._on_gallery_of_all)
        action["hide_boxes"].toggled.connect(lambda *_: window.view.show_cells())
        action["reviewed"].triggered.connect(self._document.editing.mark_reviewed)
        action["doubts"].toggled.connect(window.doubt_bar.set_active)

    # -- what they do ------------------------------------------------------------------------------

    def _step(self, by: int) -> None:
        row = self._window.image_list.next_row(by)
        if row is not None:
            self._document.set_current(row)

    def _class_key(self, place: int) -> None:
        if place >= len(self._document.classes):
            return
        name = self._document.classes[place]
        if self._document.tally.active:
            self._window.tally_controls.tool.class_key(name)
        else:
            self._window.editor.class_key(name)

    def _undo(self) -> None:
        """Take back the last mark while cells are counted by hand, or that the marks were cleared; else an edit."""
        document = self._document
        if document.tally.active and (document.tally.can_undo or not document.truths.cleared_last):
            document.tally.undo()
        else:
            document.editing.undo()

    def next_unreviewed(self) -> None:
        """Show the next picture of the list, as it is filtered, that nobody has reviewed."""
        self._document.next_unreviewed(self._window.image_list.visible_rows_order())

    def _set_labels_shown(self, shown: bool) -> None:
        self._window.preferences.show_labels = shown
        self._window.canvas.set_labels_shown(shown)

    def _show_gallery_of_all(self, everything: bool) -> None:
        """Show the cells of all pictures, or of the current one, in the gallery, and the gallery if it is closed."""
        self._window.gallery.set_all(everything)
        self._actions["gallery"].setChecked(True)

    def _on_gallery_of_all(self, everything: bool) -> None:
        self._window.preferences.gallery_of_all = everything
        self._actions["gallery_all"].setChecked(everything)

    def _set_ghosts_shown(self, shown: bool) -> None:
        self._window.preferences.show_ghosts = shown
        self._window.view.show_cells()

    def _show_about(self) -> None:
        QMessageBox.about(
            self._window,
            "About SmearCount",
            f"SmearCount {__version__}\n\n"
            "Counts red cells, white cells and platelets in photographs of blood smears.\n\n"
            "It is not a medical device: a person checks every count, signs the result and answers for it.",
        )

    # -- what can be done ----------------------------------------------------------------------------

    def enable(self) -> None:
        """Enable what can be done now."""
        document = self._document
        entry = document.current_entry
        editable, total = document.editing.editable, len(document.entries)
        counted = entry is not None and entry.state is State.COUNTED
        chosen = document.writable and bool(document.editing.selected)
        self._actions.enable(
            save_picture=counted,
            save_table=document.overview.states[State.COUNTED] > 0,
            count_again=entry is not None and document.model is not None,
            stop=document.queue.busy is not None,
            pause=document.queue.waiting > 0,
            retry_failed=document.overview.states[State.FAILED] > 0,
            remove_picture=entry is not None,
            next=total > 1,
            previous=total > 1,
            next_unreviewed=total > 1,
            fit=entry is not None,
            actual=entry is not None,
            select=editable,
            add=editable,
            empty=editable,
            remove=editable or chosen,
            accept=chosen,
            select_all=editable,
            next_cell=counted,
            previous_cell=counted,
            doubts=editable,
            reviewed=editable,
            new_session=document.session is not None,
            copy_session=document.session is not None,
            import_cells=entry is not None,
            export_cells=counted,
            find_missing=entry is not None,
        )
        stale = entry is not None and document.reviews.changed(entry)
        reviewed = entry is not None and entry.reviewed and not stale
        self._actions["reviewed"].setChecked(reviewed)
        text = "Mark reviewed again" if stale else "✓ Reviewed" if reviewed else "Mark reviewed"
        self._actions["reviewed"].setText(text)
        self._window.panel.enable()
        self._window.frame_controls.enable()
        self.show_undo()

    def show_undo(self) -> None:
        """Name what can be undone and redone."""
        stack = self._document.editing.undo_stack
        for name, verb, possible, text in (
            ("undo", "Undo", stack.canUndo(), stack.undoText()),
            ("redo", "Redo", stack.canRedo(), stack.redoText()),
        ):
            self._actions[name].setEnabled(possible)
            self._actions[name].setText(f"&{verb} {text[:1].lower()}{text[1:]}" if possible else f"&{verb}")
            self._actions[name].setIconText(verb)
        self._window.tally_controls.enable()

    def _use_model(self, path: Path) -> None:
        self._document.import_model(path)
        self.show_model()  # a click has moved the tick; what counts moves it when the model is open

    def show_model(self) -> None:
        """Tick what counts: the model that ships, or none; neither if it is another one."""
        path = self._document.model.path if self._document.model is not None else None
        self._actions["no_model"].setChecked(path == Path(CLASSICAL))
        self._actions["default_model"].setChecked(path == default_model_path())

    def show_tool(self) -> None:
        """Show which tool is in use, and what it adds."""
        editor, classes = self._window.editor, self._document.classes
        self._actions["add"].setChecked(editor.tool is Tool.ADD)
        self._actions["empty"].setChecked(editor.tool is Tool.EMPTY)
        self._actions["add"].setIconText(f"Add {editor.armed}" if editor.armed else "Add")
        if editor.armed in classes:
            self._actions["add"].setIcon(
                swatch(self._window.preferences.palette.colour(classes, classes.index(editor.armed)))
            )
