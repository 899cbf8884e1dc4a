"""What an action may use: the workspace, and of the window what is named here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from PySide6.QtCore import SignalInstance

    from gui.workspace.selection import ToolName
    from gui.workspace.view_options import ViewOptions
    from gui.workspace.workspace import Workspace


class Dialog(Enum):
    """What the window can open."""

    OPEN_IMAGES = auto()
    OPEN_FOLDER = auto()
    OPEN_SESSION = auto()
    COPY_SESSION = auto()
    IMPORT = auto()
    EXPORT = auto()
    SAVE_IMAGE = auto()
    SAVE_TABLE = auto()
    REPORT = auto()
    SIGN = auto()
    FIND_MOVED = auto()
    IMPORT_MODEL = auto()
    MODEL_CARD = auto()
    VERIFY = auto()
    COUNTING_SETTINGS = auto()
    ADAPT = auto()
    USE_PROFILE = auto()
    PREFERENCES = auto()
    GUIDE = auto()
    KEYS = auto()
    DIFFERENTIAL = auto()
    TEACHING_SETS = auto()
    KINDS = auto()
    USER = auto()
    SELF_CHECK = auto()
    ABOUT = auto()


class View(Enum):
    """The steps of a sample, of which the window shows one."""

    REVIEW = "review"
    CELLS = "cells"
    RESULTS = "results"


class Pane(Enum):
    """Parts of the window that can be opened and closed."""

    IMAGES = "images"
    COUNTS = "counts"
    HISTORY = "history"


class CanvasTools(Protocol):
    """The tools of the canvas."""

    @property
    def tool_changed(self) -> SignalInstance:
        """Emitted when another tool or class was chosen."""
        ...

    @property
    def tool(self) -> ToolName:
        """The active tool."""
        ...

    @property
    def armed(self) -> str:
        """The class that the Add tool adds."""
        ...

    def choose(self, tool: ToolName, class_name: str = "") -> None:
        """Choose what a click does."""
        ...

    def toggle(self, tool: ToolName) -> None:
        """Choose a tool, or leave it."""
        ...

    def class_key(self, name: str) -> None:
        """Answer the key of a class."""
        ...

    def remove(self) -> None:
        """Answer the key that removes."""
        ...

    def undo(self) -> bool:
        """Take back what is not an edit yet."""
        ...

    def walk(self, by: int) -> None:
        """Select the next or previous cell."""
        ...

    def select_all(self) -> None:
        """Select all cells that are shown."""
        ...


class CanvasView(Protocol):
    """How the image is shown."""

    def fit(self) -> None:
        """Show the whole image."""
        ...

    def zoom_to(self, zoom: float) -> None:
        """Set the zoom."""
        ...

    def zoom_in(self) -> None:
        """Zoom in."""
        ...

    def zoom_out(self) -> None:
        """Zoom out."""
        ...


class UncertainCells(Protocol):
    """The bar that walks the uncertain cells."""

    @property
    def active_changed(self) -> SignalInstance:
        """Emitted when cells begin to be walked, or stop."""
        ...

    @property
    def active(self) -> bool:
        """Whether cells are being walked."""
        ...

    def set_active(self, active: bool) -> None:
        """Begin or stop."""
        ...

    def accept(self) -> None:
        """Confirm the cell."""
        ...

    def reject(self) -> None:
        """Remove the cell."""
        ...

    def skip_cell(self) -> None:
        """Decide later."""
        ...


class GalleryScope(Protocol):
    """Which cells the gallery shows."""

    @property
    def all_changed(self) -> SignalInstance:
        """Emitted when the scope has changed."""
        ...

    @property
    def all_images(self) -> bool:
        """Whether the cells of all images are shown."""
        ...

    def set_all(self, everything: bool) -> None:
        """Show the cells of all images, or of one."""
        ...


class CellsShown(Protocol):
    """The view of the cells, by class or by kind."""

    @property
    def mode_changed(self) -> SignalInstance:
        """Emitted when the cells are shown by kind, or no longer."""
        ...

    @property
    def kinds_changed(self) -> SignalInstance:
        """Emitted when kinds or suggestions of cells are shown anew."""
        ...

    @property
    def by_kind(self) -> bool:
        """Whether the cells are shown by kind."""
        ...

    @property
    def can_accept(self) -> bool:
        """Whether something is suggested for a selected cell."""
        ...

    @property
    def can_clear(self) -> bool:
        """Whether a selected cell has a kind, or was left out of the counts."""
        ...

    def show_by_kind(self, by_kind: bool) -> None:
        """Show the cells by kind, or by class."""
        ...

    def select_all(self) -> None:
        """Select the cells where the focus is, or else all that are shown."""
        ...

    def accept_selected(self) -> None:
        """Confirm what the selected cells are suggested as."""
        ...

    def clear_selected(self) -> None:
        """Take the kind from the selected cells."""
        ...

    def sort_again(self) -> None:
        """Put every cell into its pile."""
        ...


class Shell(Protocol):
    """What actions ask of the window."""

    @property
    def panes_changed(self) -> SignalInstance:
        """Emitted when a pane was opened or closed."""
        ...

    @property
    def view_changed(self) -> SignalInstance:
        """Emitted with the View that is shown now."""
        ...

    @property
    def view(self) -> View:
        """The view that is shown."""
        ...

    @property
    def tools(self) -> CanvasTools:
        """The tools of the canvas."""
        ...

    @property
    def canvas(self) -> CanvasView:
        """The canvas."""
        ...

    @property
    def uncertain(self) -> UncertainCells:
        """The bar of the uncertain cells."""
        ...

    @property
    def gallery(self) -> GalleryScope:
        """The gallery."""
        ...

    @property
    def cells(self) -> CellsShown:
        """The view of the cells."""
        ...

    def open_dialog(self, dialog: Dialog) -> None:
        """Open a dialog or a window."""
        ...

    def show_view(self, view: View) -> None:
        """Show another view; the sample, the image and the selection stay."""
        ...

    def show_image(self, image: int, cell: int | None = None) -> None:
        """Show an image in Review, and a cell of it selected and in view."""
        ...

    def show_pane(self, pane: Pane, shown: bool) -> None:
        """Open or close a pane."""
        ...

    def shows_pane(self, pane: Pane) -> bool:
        """Tell whether a pane is open."""
        ...

    def step_pane(self, by: int) -> None:
        """Give the next (1) or previous (-1) pane the keyboard."""
        ...

    def step_image(self, by: int) -> None:
        """Show the next or previous image of the list as it is sorted and filtered."""
        ...

    def listed_images(self) -> list[int]:
        """Return the ids of the images that pass the filter, in the order shown."""
        ...

    def focus_filter(self) -> None:
        """Give the filter of the list the keyboard."""
        ...

    @property
    def full_screen(self) -> bool:
        """Whether the window fills the screen."""
        ...

    def fill_screen(self, filled: bool) -> None:
        """Fill the screen, or be a window again."""
        ...

    def close(self) -> bool:
        """Close the window."""
        ...


@dataclass(frozen=True)
class Context:
    """What every action gets."""

    workspace: Workspace
    shell: Shell
    options: ViewOptions
