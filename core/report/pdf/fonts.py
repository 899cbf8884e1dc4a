"""The fonts of a printed report, and what becomes of letters that they lack.

DejaVu Sans ships with the program: Latin, Greek, Cyrillic, Armenian and Georgian letters and the signs of a
laboratory. What it lacks is taken from a font of this computer that can be embedded, such as Chinese, Japanese
and Korean. What no font has, and what needs shaping that the PDF writer cannot do (Arabic, Hebrew, Indic and
other scripts), is written as Unicode numbers, and the report says so: no name becomes a row of empty boxes.
"""

from __future__ import annotations

import os
import sys
import unicodedata
from functools import cache
from importlib import resources
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterator

PLAIN, BOLD = "SmearCount", "SmearCount-Bold"
_FILES = {PLAIN: "DejaVuSans.ttf", BOLD: "DejaVuSans-Bold.ttf"}
_NEED_SHAPING = ((0x0900, 0x0DFF), (0x0E00, 0x109F), (0x1780, 0x17FF), (0x1A00, 0x1CFF))
_LARGE_FONTS = (
    "msyh.ttc",
    "msgothic.ttc",
    "malgun.ttf",
    "simsun.ttc",
    "Supplemental/Arial Unicode.ttf",
    "truetype/droid/DroidSansFallbackFull.ttf",
    "truetype/wqy/wqy-microhei.ttc",
    "truetype/wqy/wqy-zenhei.ttc",
    "truetype/arphic/uming.ttc",
)
"""Fonts of Windows, macOS and Linux with many letters, as TrueType outlines, which can be embedded."""


def _font_folders() -> tuple[Path, ...]:
    if sys.platform == "win32":
        return (Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts",)
    return Path("/System/Library/Fonts"), Path("/usr/share/fonts")


def _register(name: str, file: str) -> dict[int, Any]:
    """Make a font known to the PDF writer; return its letters."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    font: Any = TTFont(name, file)
    pdfmetrics.registerFont(font)
    return font.face.charToGlyph


@cache
def _own_letters() -> dict[int, Any]:
    from reportlab.pdfbase import pdfmetrics

    folder = Path(str(resources.files("resources") / "fonts"))
    letters = [_register(name, str(folder / file)) for name, file in _FILES.items()]
    pdfmetrics.registerFontFamily(PLAIN, normal=PLAIN, bold=BOLD, italic=PLAIN, boldItalic=BOLD)
    return letters[0]


@cache
def _other_fonts() -> dict[str, dict[int, Any]]:
    """Return the letters of the fonts of this computer by the name of the font; looked up when first needed."""
    from reportlab.pdfbase.ttfonts import TTFError

    fonts: dict[str, dict[int, Any]] = {}
    for path in (folder / file for folder in _font_folders() for file in _LARGE_FONTS):
        if path.is_file():
            try:
                fonts[f"Other{len(fonts)}"] = _register(f"Other{len(fonts)}", str(path))
            except (TTFError, OSError):  # a font that may not be embedded, or of another kind
                continue
    return fonts


@cache
def _font_for(letter: str) -> str | None:
    """Return the name of the font that has a letter: "" for the report's own, None if there is none."""
    code = ord(letter)
    shaped = any(low <= code <= high for low, high in _NEED_SHAPING)
    if shaped or unicodedata.bidirectional(letter) in ("R", "AL", "AN"):
        return None
    if code in _own_letters():
        return ""
    return next((name for name, letters in _other_fonts().items() if code in letters), None)


class Typesetter:
    """Turns texts into the markup of paragraphs; ``lacking`` becomes True once a letter could not be written."""

    def __init__(self) -> None:
        _own_letters()
        self.lacking = False

    def markup(self, text: str) -> str:
        """Return a text as markup that shows exactly this text, or numbers for what cannot be shown."""
        clean = text.encode("utf-8", "replace").decode("utf-8")
        return "".join(self._runs(unicodedata.normalize("NFC", clean)))

    def _runs(self, text: str) -> Iterator[str]:
        printable = "".join(" " if letter.isspace() else letter for letter in text)
        for font, letters in groupby(printable, _font_for):
            run = "".join(letters)
            if font == "":
                yield escape(run)
            elif font is None:
                self.lacking = True
                yield "".join(f"[{ord(letter):04X}]" for letter in run)
            else:
                yield f'<font name="{font}">{escape(run)}</font>'
