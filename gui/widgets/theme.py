"""Light and dark themes."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette

from gui.preferences import Theme

if TYPE_CHECKING:
    from collections.abc import Generator

    from PySide6.QtWidgets import QApplication


SIDE_WIDTH = 280
"""Of what is at the right of the image, in pixels: nothing that it shows makes it wider."""

SPACE = (4, 8, 12, 16, 24)
"""The distances in the window, in pixels; there are no others."""

RADIUS = 6
"""The radius of corners, in pixels."""

_ACCENT = QColor("#2f7bd9")
_STYLED = "smearcount styled"
_LIGHT = {
    "window": "#f4f5f7",
    "base": "#ffffff",
    "text": "#1c2430",
    "faint": "#5b6675",
    "button": "#ffffff",
    "border": "#cdd3db",
    "canvas": "#dde1e6",
    "pressed": "#2566b5",
    "wrong": "#b3261e",
    "hover": "#e7eaee",
}
_DARK = {
    "window": "#22262c",
    "base": "#2b3037",
    "text": "#e8ebef",
    "faint": "#a3adba",
    "button": "#363c45",
    "border": "#454c57",
    "canvas": "#15181c",
    "pressed": "#2566b5",
    "wrong": "#ff9a8f",
    "hover": "#30363e",
}

_SHEET = """
QToolBar {{ border: none; border-bottom: 1px solid {border}; background: {window}; padding: 0 4px; spacing: 2px; }}
#headBar {{ background: {base}; }}
#qt_toolbar_ext_button {{ padding: 2px; qproperty-icon: url("{more}"); }}
QToolBar QToolButton {{ padding: 4px 4px 3px 4px; min-width: 36px; font-size: 11px; }}
QToolBar QToolButton {{ border: 1px solid transparent; border-radius: 6px; }}
QToolBar QToolButton[popupMode="1"] {{ padding-right: 18px; }}
QToolBar QToolButton::menu-indicator {{ image: none; }}
QToolBar QToolButton::menu-button {{ border: none; width: 16px; margin: 2px; border-radius: 6px; }}
QToolBar QToolButton::menu-button:hover {{ background: {window}; }}
QToolBar QToolButton:hover {{ background: {hover}; }}
QToolBar QToolButton:focus {{ border-color: palette(highlight); }}
QToolBar QToolButton:checked {{ background: {border}; border-color: {faint}; }}
QToolBar QToolButton:disabled {{ color: {faint}; }}
#viewBar QToolButton#viewTab {{ border-radius: 0; border: none; border-bottom: 3px solid transparent; }}
#viewBar QToolButton#viewTab {{ font-size: 13px; padding: 4px 10px 3px 10px; }}
#viewBar QToolButton#viewTab:checked {{ background: transparent; border-bottom-color: palette(highlight); }}
#viewBar QToolButton#viewTab:focus {{ background: {border}; }}
#sampleId {{ font-size: 16px; font-weight: 600; background: transparent; padding: 3px 6px; }}
#sampleId {{ border: 1px solid transparent; border-radius: 6px; }}
#sampleId:hover:enabled {{ border-color: {border}; }}
#sampleId:focus {{ border-color: palette(highlight); background: {base}; }}
#flat, #details, #state {{ border: 1px solid transparent; border-radius: 6px; }}
#flat, #details, #state {{ padding: 4px 8px; background: transparent; }}
#flat:hover:enabled, #details:hover:enabled, #state:hover:enabled {{ background: {border}; }}
#flat:focus, #details:focus, #state:focus {{ border-color: palette(highlight); }}
#details {{ text-align: left; color: {faint}; }}
#details[low="true"] {{ padding: 0 8px; }}
#flat:disabled {{ color: {text}; }}
#startPage, #startPage > #qt_scrollarea_viewport > QWidget {{ background: {window}; }}
#dropArea {{ border: 2px dashed {border}; border-radius: 6px; background: {base}; }}
#dropArea[dragged="true"] {{ border-color: palette(highlight); }}
#pageHeading {{ font-size: 16px; font-weight: 600; }}
#dialogTitle {{ font-size: 16px; font-weight: 600; }}
#sampleTile, #answer {{ border: 1px solid {border}; border-radius: 6px; background: {base}; }}
#sampleTile:hover, #answer:hover {{ border-color: {faint}; }}
#sampleTile:focus, #answer:focus {{ border: 2px solid palette(highlight); }}
QPushButton[primary="true"] {{ background: palette(highlight); color: white; border: 1px solid palette(highlight); }}
QPushButton[primary="true"] {{ border-radius: 6px; padding: 4px 14px; font-weight: 600; }}
QPushButton[primary="true"]:hover {{ background: {pressed}; }}
QPushButton[primary="true"]:focus {{ border: 2px solid {text}; }}
#answer {{ text-align: left; }}
#answerTitle {{ font-weight: 600; }}
#popup {{ background: {base}; border: 1px solid {border}; border-radius: 6px; }}
#toast {{ background: #20252c; border: 1px solid #454c57; border-radius: 6px; }}
#toast QLabel {{ color: white; }}
#toastButton {{ color: #8fc1ff; font-weight: 600; border: 1px solid transparent; padding: 4px 10px; }}
#toastButton, #toastClose {{ background: transparent; border: 1px solid transparent; border-radius: 6px; }}
#toastClose {{ color: white; padding: 2px 6px; }}
#toastButton:hover, #toastClose:hover {{ background: #363c45; }}
#toastButton:focus, #toastClose:focus {{ border-color: #8fc1ff; }}
QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
#viewTool {{ border: 1px solid transparent; border-radius: 6px; background: transparent; padding: 2px; }}
#viewTool:hover {{ background: {border}; }}
#viewTool:checked, #viewTool:pressed {{ background: {border}; }}
#viewTool:focus {{ border-color: palette(highlight); }}
QStatusBar {{ border-top: 1px solid {border}; }}
QStatusBar::item {{ border: none; }}
QStatusBar QLabel {{ padding: 2px 8px; }}
QRadioButton::indicator {{ width: 13px; height: 13px; border: 1px solid {faint}; border-radius: 7px; }}
QRadioButton::indicator {{ background: {base}; }}
QRadioButton::indicator:disabled {{ border-color: {border}; }}
QRadioButton::indicator:checked {{ width: 7px; height: 7px; border: 4px solid palette(highlight); background: white; }}
QCheckBox::indicator {{ width: 14px; height: 14px; border: 1px solid {faint}; border-radius: 3px; background: {base}; }}
QCheckBox::indicator:disabled {{ border-color: {border}; }}
QCheckBox::indicator:checked {{ background: palette(highlight); border-color: palette(highlight); }}
QCheckBox::indicator:checked {{ image: url("{check}"); }}
#canvas {{ background: {canvas}; }}
#card {{ background: {base}; border: 1px solid {border}; border-radius: 6px; }}
#threshold {{ min-height: 20px; }}
#threshold::groove:horizontal {{ height: 4px; border-radius: 2px; background: {border}; }}
#threshold::sub-page:horizontal {{ height: 4px; border-radius: 2px; background: {border}; }}
#threshold::add-page:horizontal {{ height: 4px; border-radius: 2px; background: palette(highlight); }}
#threshold::handle:horizontal {{ width: 14px; margin: -6px 0; border-radius: 8px; border: 1px solid {faint}; }}
#threshold::handle:horizontal {{ background: {button}; }}
#threshold::handle:horizontal:focus, #threshold::handle:horizontal:hover {{ border: 2px solid palette(highlight); }}
#lines {{ border: 1px solid {border}; border-radius: 6px; background: {base}; }}
#lines::item {{ padding: 4px 6px; }}
#cardTitle {{ font-size: 16px; font-weight: 600; }}
#faint {{ color: {faint}; }}
#classRow {{ border: none; border-bottom: 1px solid {border}; }}
#count[kind="usual"] {{ font-size: 22px; font-weight: 600; }}
#count[kind="small"] {{ font-size: 16px; font-weight: 600; }}
#count[kind="missing"] {{ font-size: 16px; font-weight: 400; color: {faint}; }}
#className {{ font-weight: 600; }}
#ledger, #interval, #fieldReason {{ font-size: 11px; color: {faint}; }}
#fieldVerdict {{ font-weight: 600; }}
#figureValue {{ font-weight: 600; }}
#eye {{ border: 1px solid transparent; border-radius: 6px; background: transparent; padding: 0; }}
#eye:hover {{ background: {border}; }}
#eye:focus {{ border-color: palette(highlight); }}
#primary {{ border: 1px solid palette(highlight); border-radius: 6px; background: palette(highlight); color: white; }}
#primary {{ font-size: 16px; font-weight: 600; }}
#primary:hover {{ border-color: {text}; }}
#primary:focus {{ border: 2px solid {text}; }}
#primary:disabled {{ background: {button}; border-color: {border}; color: {faint}; }}
#legend {{ background: {base}; border: 1px solid {border}; border-radius: 6px; }}
#tallyRow {{ background: {base}; border: 1px solid {border}; border-radius: 6px; }}
#tallyRow[armed="true"] {{ border: 2px solid palette(highlight); }}
#tallyCount[missing="true"] {{ font-size: 16px; font-weight: 400; color: {faint}; }}
#tallyCount[missing="false"] {{ font-size: 28px; font-weight: 600; }}
#tallyReached {{ background: #1f7a3d; color: white; padding: 6px 8px; border-radius: 6px; font-weight: 600; }}
#sectionHeading {{ border: none; background: transparent; padding: 4px 0; font-weight: 600; text-align: left; }}
#sectionHeading:focus {{ border: 1px solid palette(highlight); border-radius: 6px; }}
#menuButton {{ border: 1px solid {border}; border-radius: 6px; background: {button}; padding: 5px 22px 5px 10px; }}
#menuButton::menu-indicator {{ subcontrol-position: right center; right: 6px; }}
#heading {{ font-size: 11px; font-weight: 600; color: {faint}; }}
#title {{ font-size: 22px; font-weight: 600; }}
#imageList {{ border: none; border-right: 1px solid {border}; background: {window}; }}
#imageRows {{ border: none; background: {window}; }}
#imageListHeader {{ border-bottom: 1px solid {border}; }}
#imageListFooter {{ border-top: 1px solid {border}; }}
#link {{ border: 1px solid transparent; padding: 0; background: transparent; color: {text}; }}
#link {{ text-decoration: underline; }}
#note {{ border: 1px solid transparent; padding: 0; background: transparent; text-align: left; font-size: 11px; }}
#note:hover {{ text-decoration: underline; }}
#note:focus {{ border-color: palette(highlight); border-radius: 6px; }}
#link:focus {{ border-color: palette(highlight); }}
#panel {{ border: none; border-left: 1px solid {border}; background: {window}; }}
#panel > #qt_scrollarea_viewport > QWidget {{ background: {window}; }}
#keycap {{ background: {window}; border: 1px solid {border}; border-bottom-width: 2px; border-radius: 6px; }}
#keycap {{ padding: 1px 7px; }}
#keycap[key="other"] {{ border-color: palette(highlight); font-weight: 600; }}
#keycap[key="none"] {{ background: transparent; border-color: transparent; color: {faint}; }}
#keyRow {{ border: 1px solid transparent; border-radius: 6px; }}
#keyRow[chosen="true"] {{ background: {window}; border-color: palette(highlight); }}
#outcome[wrong="true"] {{ color: {wrong}; font-weight: 600; }}
#keyNote {{ padding: 5px 8px; border-radius: 6px; }}
#keyNote[level="warning"] {{ background: #ffd54a; color: #332700; }}
#keyNote[level="error"] {{ background: #b3261e; color: white; }}
#historyTabs::pane {{ border: none; border-top: 1px solid {border}; }}
#historyTabs QTabBar::tab {{ padding: 6px 10px; color: {faint}; border-bottom: 2px solid transparent; }}
#historyTabs QTabBar::tab:hover {{ color: {text}; }}
#historyTabs QTabBar::tab:selected {{ color: {text}; border-bottom-color: palette(highlight); }}
#historyTable::item {{ padding: 2px 6px; }}
#historyTable QHeaderView::section {{ background: {window}; color: {faint}; padding: 4px 9px; border: none; }}
#historyTable QHeaderView::section {{ border-bottom: 1px solid {border}; }}
#figures {{ border: 1px solid {border}; border-radius: 6px; background: {base}; gridline-color: {border}; }}
#figures QHeaderView::section {{ background: {window}; color: {faint}; padding: 4px 6px; border: none; }}
#figures QHeaderView::section {{ border-bottom: 1px solid {border}; }}
#figures::item {{ padding: 0 6px; }}
#figures::indicator {{ width: 12px; height: 12px; border: 1px solid {faint}; border-radius: 3px; background: {base}; }}
#figures::indicator:checked {{ background: palette(highlight); border-color: palette(highlight); }}
#figures::indicator:checked {{ image: url("{check}"); }}
#verifyTabs::pane {{ border: none; border-top: 1px solid {border}; }}
#verifyTabs > QTabBar::tab {{ padding: 7px 14px; color: {faint}; border-bottom: 2px solid transparent; }}
#verifyTabs > QTabBar::tab:hover {{ color: {text}; }}
#verifyTabs > QTabBar::tab:selected {{ color: {text}; border-bottom-color: palette(highlight); }}
#caution {{ background: #ffd54a; color: #332700; padding: 5px 8px; border-radius: 6px; }}
#plot {{ border: 1px solid {border}; border-radius: 6px; }}
QLineEdit[wrong="true"] {{ border: 2px solid #d6453d; }}
QLineEdit[readOnly="true"] {{ background: transparent; border: none; padding: 2px 0; }}
#bigTotal {{ font-size: 28px; font-weight: 600; }}
#bigTotal:disabled {{ color: {faint}; }}
#resultTab {{ border: none; border-bottom: 3px solid transparent; padding: 6px 12px; background: transparent; }}
#resultTab:hover {{ background: {border}; }}
#resultTab:checked {{ border-bottom-color: palette(highlight); }}
#resultTab:focus {{ background: {border}; }}
#resultSide {{ border: none; border-left: 1px solid {border}; }}
#stateLine {{ font-weight: 600; }}
#tiles {{ background: {base}; }}
#segment {{ border: 1px solid {border}; background: {button}; padding: 4px 10px; }}
#segment:checked {{ background: palette(highlight); border-color: palette(highlight); color: white; font-weight: 600; }}
#segment:hover:!checked {{ background: {border}; }}
#segment:focus {{ border: 1px solid {text}; }}
#kindList {{ border: 1px solid {border}; border-radius: 6px; background: {base}; }}
#kindList::branch {{ image: none; border-image: none; }}
#kindList::item {{ padding: 3px 2px; }}
#kindList QHeaderView::section {{ background: {window}; color: {faint}; padding: 4px 4px; border: none; }}
#kindList QHeaderView::section {{ border-bottom: 1px solid {border}; }}
#piles, #piles > #qt_scrollarea_viewport > QWidget {{ background: {window}; border: none; }}
#conflicts {{ background: {base}; border: 1px solid {border}; border-radius: 6px; }}
#notice[level="info"] {{ background: #1f6fbf; }}
#notice[level="warning"] {{ background: #ffd54a; }}
#notice[level="error"] {{ background: #b3261e; }}
#notice[level="info"] QLabel, #notice[level="error"] QLabel {{ color: white; }}
#notice[level="warning"] QLabel {{ color: #332700; }}
"""


def is_dark(app: QApplication, theme: Theme) -> bool:
    """Tell whether a theme comes out dark on this computer."""
    if theme is Theme.SYSTEM:
        return app.styleHints().colorScheme() is Qt.ColorScheme.Dark
    return theme is Theme.DARK


def apply_theme(app: QApplication, theme: Theme) -> None:
    """Give every window of the program the colours of a theme."""
    scheme = {
        Theme.SYSTEM: Qt.ColorScheme.Unknown,
        Theme.LIGHT: Qt.ColorScheme.Light,
        Theme.DARK: Qt.ColorScheme.Dark,
    }[theme]
    if not app.property(_STYLED):  # set anew under a style sheet, it rebuilds the style of every widget for nothing
        app.setStyle("Fusion")
        app.setProperty(_STYLED, True)
    app.styleHints().setColorScheme(scheme)
    colours = _DARK if is_dark(app, theme) else _LIGHT
    palette = QPalette()
    for role, name in (
        (QPalette.ColorRole.Window, "window"),
        (QPalette.ColorRole.WindowText, "text"),
        (QPalette.ColorRole.Base, "base"),
        (QPalette.ColorRole.AlternateBase, "window"),
        (QPalette.ColorRole.Text, "text"),
        (QPalette.ColorRole.Button, "button"),
        (QPalette.ColorRole.ButtonText, "text"),
        (QPalette.ColorRole.ToolTipBase, "base"),
        (QPalette.ColorRole.ToolTipText, "text"),
        (QPalette.ColorRole.PlaceholderText, "faint"),
    ):
        palette.setColor(role, QColor(colours[name]))
    palette.setColor(QPalette.ColorRole.Highlight, _ACCENT)
    palette.setColor(QPalette.ColorRole.HighlightedText, QColor("white"))
    palette.setColor(QPalette.ColorRole.Link, _ACCENT)
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText, QPalette.ColorRole.WindowText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(colours["faint"]))
    icons = Path(str(resources.files("resources"))) / "icons"
    check, more = ((icons / name).as_posix() for name in ("check.svg", "more.svg"))
    with _nothing_freed():
        app.setPalette(palette)
        app.setStyleSheet(_SHEET.format(**colours, check=check, more=more))


@contextmanager
def styled_in_the_end(app: QApplication) -> Generator[None]:
    """Put the style sheet off while the first window is built.

    Under one, a widget that is put into another is styled anew with all that it holds: again at each level. Where
    there are widgets already it stays, since Qt would no longer notice that those which were never shown are deleted.
    """
    sheet = app.styleSheet()
    if app.topLevelWidgets():
        yield
        return
    app.setStyleSheet("")
    try:
        yield
    finally:
        with _nothing_freed():
            app.setStyleSheet(sheet)


@contextmanager
def _nothing_freed() -> Generator[None]:
    """Put collections off: Qt goes through a list of widgets, and one of it that is freed meanwhile ends the program.

    What changes with the palette runs Python, and any of that may set a collection off, which frees closed dialogs.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
