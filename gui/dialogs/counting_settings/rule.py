"""The counting rule: which cells at the border are left out, and which part of the image counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSignalBlocker, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QToolButton, QWidget

from core.counting.frame import EdgeRule
from core.text import gettext, ngettext
from gui.dialogs.counting_settings.card import Card, faint
from gui.widgets.colour import ALLOWED, DASHES, FORBIDDEN
from gui.widgets.wheel_safe import QuietComboBox

if TYPE_CHECKING:
    from PySide6.QtGui import QAction

    from gui.commands.shortcuts import Actions
    from gui.workspace.workspace import Workspace

_AT_THE_BORDER = gettext(
    "At the image's own border this rule counts too few, about 15 %: the model finds a cut cell only when more "
    "than half of it is visible. Put the frame one red cell inside the border, where every cell is seen whole."
)
_RULE_TIP = (
    gettext(
        "Which cells at the border count. A counting frame leaves out the cells that touch two of its sides, and "
        "counts those that touch the other two as whole ones: so the number is right for the area.\n\n"
    )
    + _AT_THE_BORDER
)


class RuleCard(Card):
    """Chooses the edge rule of the sample, and offers the tools for the region of the image."""

    def __init__(self, workspace: Workspace, actions: Actions) -> None:
        super().__init__(gettext("Counting rule"))
        self._workspace = workspace
        self.rule = QuietComboBox()
        self.rule.setAccessibleName(gettext("Cells at the border"))
        self.rule.setToolTip(_RULE_TIP)
        self.rule.setIconSize(QSize(18, 18))
        for rule in EdgeRule:
            self.rule.addItem(_rule_icon(rule), _rule_name(rule), rule)
        self.rule.activated.connect(self._on_chosen)
        self.legend = _legend()
        self.hint = QLabel(_AT_THE_BORDER)
        self.hint.setObjectName("caution")
        self.hint.setWordWrap(True)
        self.inset_button = _menu_button(gettext("Frame inside the border"), (actions["inset"], actions["inset_all"]))
        self.region = faint()
        self.region_button = _menu_button(
            gettext("Region of the image"),
            tuple(actions[name] for name in ("region_rectangle", "region_polygon")),
            tuple(actions[name] for name in ("region_all", "region_remove", "region_remove_all")),
        )
        label = QLabel(gettext("Cells at the border"))
        label.setBuddy(self.rule)
        line = QHBoxLayout()
        line.addWidget(label)
        line.addWidget(self.rule, 1)
        buttons = QHBoxLayout()
        buttons.addWidget(self.inset_button)
        buttons.addWidget(self.region_button)
        buttons.addStretch(1)
        self.column.addLayout(line)
        for widget in (self.legend, self.hint, self.region):
            self.column.addWidget(widget)
        self.column.addLayout(buttons)
        workspace.images.regions_changed.connect(self.refresh)
        workspace.settings.changed.connect(self.refresh)
        workspace.images.current_changed.connect(self.refresh)
        workspace.inference.model_changed.connect(self.refresh)
        workspace.store.session_changed.connect(self.refresh)
        workspace.counts.changed.connect(self._on_counts)
        self.refresh()

    def _on_counts(self, images: frozenset[int]) -> None:
        if self._workspace.images.current_id in images:
            self.refresh()

    def _on_chosen(self, place: int) -> None:
        self._workspace.settings.set_edge_rule(EdgeRule(self.rule.itemData(place)))

    def refresh(self, *_: object) -> None:
        """Show the rule, the region of the current image, and what can be done about them."""
        workspace = self._workspace
        item, rule = workspace.images.current, workspace.settings.edge_rule
        region = workspace.regions.current
        with QSignalBlocker(self.rule):
            self.rule.setCurrentIndex(list(EdgeRule).index(rule))
        self.rule.setEnabled(workspace.settings.value is not None)
        frame = workspace.settings.frame(item) if item else None
        result = workspace.counts.result(item.id if item else None)
        two_sided = rule is not EdgeRule.ALL
        self.legend.setEnabled(two_sided)
        self.hint.setVisible(two_sided and item is not None and region is None)
        self.inset_button.setEnabled(two_sided)
        left_out = int(result.excluded.sum()) if result is not None else 0
        texts = [frame.text if frame is not None else ""]
        if left_out:
            texts.append(
                ngettext("{n:,} cell is left out here.", "{n:,} cells are left out here.", left_out).format(n=left_out)
            )
        self.region.setText(" ".join(filter(None, texts)))


_SIDES = {"top": gettext("top"), "bottom": gettext("bottom"), "left": gettext("left"), "right": gettext("right")}


def _rule_name(rule: EdgeRule) -> str:
    if rule is EdgeRule.ALL:
        return gettext("All cells")
    first, second = rule.sides
    return gettext("None touching {first} or {second}").format(first=_SIDES[first], second=_SIDES[second])


def _menu_button(text: str, *groups: tuple[QAction, ...]) -> QToolButton:
    button = QToolButton()
    button.setObjectName("menuButton")
    button.setText(text)
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    menu = QMenu(button)
    for place, group in enumerate(groups):
        if place:
            menu.addSeparator()
        menu.addActions(list(group))
    button.setMenu(menu)
    return button


def _line_pen(*, forbidden: bool) -> QPen:
    pen = QPen(FORBIDDEN if forbidden else ALLOWED, 2)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    if forbidden:
        pen.setDashPattern([2.0, 1.2])
    return pen


def _rule_icon(rule: EdgeRule) -> QIcon:
    """Draw a small frame with the forbidden sides dashed."""
    side, ratio = 18, 2
    pixmap = QPixmap(side * ratio, side * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    box = QRectF(3, 3, 12, 12)
    ends = {
        "top": (box.topLeft(), box.topRight()),
        "bottom": (box.bottomLeft(), box.bottomRight()),
        "left": (box.topLeft(), box.bottomLeft()),
        "right": (box.topRight(), box.bottomRight()),
    }
    for name, (start, end) in ends.items():
        painter.setPen(_line_pen(forbidden=name in rule.sides))
        painter.drawLine(start, end)
    painter.end()
    return QIcon(pixmap)


def _legend() -> QWidget:
    """Explain the two kinds of lines on the image."""
    widget = QWidget()
    row = QHBoxLayout(widget)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(6)
    for forbidden, text in ((False, gettext("touching it counts")), (True, gettext("touching it does not count"))):
        sample = QLabel()
        pixmap = QPixmap(2 * 30, 2 * 10)
        pixmap.setDevicePixelRatio(2)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        pen = _line_pen(forbidden=forbidden)
        pen.setWidthF(3)
        if forbidden:
            pen.setDashPattern([part / 2 for part in DASHES])
        painter.setPen(pen)
        painter.drawLine(QPointF(1, 5), QPointF(29, 5))
        painter.end()
        sample.setPixmap(pixmap)
        label = QLabel(text)
        label.setObjectName("faint")
        row.addWidget(sample)
        row.addWidget(label)
    row.addStretch()
    return widget
