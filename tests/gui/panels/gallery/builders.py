"""What the tests of the gallery share: a window that notes keys, and what one sees and does in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from gui.panels.gallery.panel import Gallery
    from gui.panels.gallery.tiles import Order
    from gui.panels.gallery.view import TileView
    from gui.workspace.workspace import Workspace

LEFT = Qt.MouseButton.LeftButton


class Host(QMainWindow):
    """A window that notes the keys which reach it."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[int] = []

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self.keys.append(event.key())


def counted_ids(workspace: Workspace, name: str | None = None) -> set[int]:
    item, cells = workspace.images.current, workspace.counts.current_cells()
    result = workspace.counts.result(item.id if item else None)
    if cells is None or result is None:
        return set()
    mine = result.counted.copy()
    if name is not None:
        mine &= cells.cells.labels == workspace.settings.classes.index(name)
    return set(cells.cells.ids[mine].tolist())


def all_ids(gallery: Gallery) -> set[int]:
    return {number for section in gallery.sections.values() for number in section.view.tiles.ids.tolist()}


def ids(gallery: Gallery, name: str) -> list[int]:
    return gallery.sections[name].view.tiles.ids.tolist()


def place_of(view: TileView, number: int) -> QPoint:
    index = view.tile_model.index(view.tiles.ids.tolist().index(number))
    view.scrollTo(index)
    return view.visualRect(index).center()


def click(
    qtbot: QtBot, gallery: Gallery, name: str, number: int, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    view = gallery.sections[name].view
    qtbot.mouseClick(view.viewport(), LEFT, keys, place_of(view, number))


def marked(gallery: Gallery) -> set[int]:
    """The ids of the tiles that are drawn as selected."""
    return {number for section in gallery.sections.values() for _, number in section.view.selected_cells()}


def counts(workspace: Workspace) -> dict[str, int]:
    item = workspace.images.current
    result = workspace.counts.result(item.id if item else None)
    assert result is not None
    return result.counts


def target_at(gallery: Gallery, name: str) -> tuple[QWidget, QPoint]:
    """The widget that Qt would hand a drop on the tiles of a class to, and where in it."""
    viewport = gallery.sections[name].view.viewport()
    widget: QWidget | None = viewport
    while widget is not None and not widget.acceptDrops():
        widget = widget.parentWidget()
    assert widget is not None
    return widget, widget.mapFromGlobal(viewport.mapToGlobal(viewport.rect().center()))


def drop(gallery: Gallery, mime: QMimeData, name: str) -> bool:
    """Let go of a drag over a class, as the platform does; True if it is taken."""
    target, place = target_at(gallery, name)
    move, none = Qt.DropAction.MoveAction, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(place, move, mime, LEFT, none)
    QApplication.sendEvent(target, enter)
    if not enter.isAccepted():
        return False
    event = QDropEvent(QPointF(place), move, mime, LEFT, none)
    QApplication.sendEvent(target, event)
    return event.isAccepted()


def choose(gallery: Gallery, order: Order) -> None:
    """Choose an order as the user does, by its text."""
    gallery.bar.order_box.setCurrentText(order.value)
    gallery.refresh()
