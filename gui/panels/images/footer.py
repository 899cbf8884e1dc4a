"""The line below the list: how far one is, or what the filter shows, and one button that changes it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from core.text import gettext, ngettext
from gui.widgets.elided import ElidedLabel

_HEIGHT, _MARGIN = 32, 8
_CHANGED_TIP = gettext(
    "A threshold, rule or region changed the counts of images after they were reviewed; their tick is "
    "yellow. Look at them and mark them again, or take the change back."
)


class Footer(QWidget):
    """One line of fixed height."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("imageListFooter")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(_HEIGHT)
        self.showing, self.reviewed = ElidedLabel(), ElidedLabel()
        self.show_all, self.show_rest = QPushButton(gettext("Show all")), QPushButton(gettext("Not reviewed"))
        self.show_rest.setToolTip(gettext("List only the images that are not reviewed yet"))
        line = QHBoxLayout(self)
        line.setContentsMargins(_MARGIN, 0, _MARGIN, 0)
        for label in (self.showing, self.reviewed):
            label.setObjectName("faint")
            line.addWidget(label, 1)
        for button in (self.show_all, self.show_rest):
            button.setObjectName("link")
            button.setCursor(Qt.CursorShape.PointingHandCursor)
            line.addWidget(button)

    def show_filtered(self, listed: int, total: int, *, filtered: bool) -> None:
        """Show how many images pass the filter, if one is set."""
        self.showing.setText(gettext("Showing {n:,} of {total:,}").format(n=listed, total=total))
        for widget in (self.showing, self.show_all):
            widget.setVisible(filtered)
        for widget in (self.reviewed, self.show_rest):
            widget.setVisible(not filtered)

    def show_reviewed(self, reviewed: int, total: int, changed: int) -> None:
        """Show how many images are reviewed as they count now, as the head line does; the tip says what changed."""
        now = reviewed - changed
        text = gettext("{reviewed:,} of {total:,} reviewed")
        self.reviewed.setText(text.format(reviewed=now, total=total))
        since = ngettext("{n:,} more was reviewed before.", "{n:,} more were reviewed before.", changed)
        self.reviewed.setToolTip(f"{since.format(n=changed)} {_CHANGED_TIP}" if changed else "")
        self.show_rest.setEnabled(0 < reviewed < total)
