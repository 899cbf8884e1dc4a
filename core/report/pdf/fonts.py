"""The fonts of a printed report, and what becomes of letters that they lack.

DejaVu Sans comes with the program: Latin, Greek, Cyrillic, Armenian and Georgian letters and the signs of a
laboratory. So does Noto Sans for Arabic, Hebrew, Indic and other Asian and African scripts, most of which have to be
shaped (``core.report.pdf.shaping``). What both lack is taken from a font of this computer that can be embedded, such
as Chinese, Japanese and Korean. What no font has is transliterated, and the report says so: no name becomes a row of
empty boxes.
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

from anyascii import anyascii

if TYPE_CHECKING:
    from collections.abc import Iterator

PLAIN, BOLD = "SmearCount", "SmearCount-Bold"
_FILES = {PLAIN: "DejaVuSans.ttf", BOLD: "DejaVuSans-Bold.ttf"}
_SCRIPTS = (
    *("Arabic", "Hebrew", "Devanagari", "Bengali", "Gurmukhi", "Gujarati", "Oriya", "Tamil", "Telugu", "Kannada"),
    *("Malayalam", "Sinhala", "Thai", "Lao", "Khmer", "Myanmar", "Ethiopic", "Thaana"),
)
_NEED_SHAPING = (
    *(
        (0x0590, 0x08FF),
        (0x0900, 0x0DFF),
        (0x0E00, 0x0EFF),
        (0x1000, 0x109F),
        (0x1200, 0x139F),
        (0x1780, 0x17FF),
        (0x1A00, 0x1CFF),
    ),
    *((0xA8E0, 0xA8FF), (0xA9E0, 0xA9FF), (0xAA60, 0xAA7F), (0xFB1D, 0xFDFF), (0xFE70, 0xFEFE)),
)
"""Blocks of scripts that run from right to left, or whose letters change with their neighbours."""

_JOINERS = "\u200c\u200d"
_DIRECTIONS = dict.fromkeys((0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))
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


def _own_folder() -> Path:
    return Path(str(resources.files("resources") / "fonts"))


def _register(name: str, file: Path) -> dict[int, Any]:
    """Make a font known to the PDF writer; return its letters."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    font: Any = TTFont(name, str(file))
    pdfmetrics.registerFont(font)
    return dict(font.face.charToGlyph)  # the writer adds places of its own for shaped letters


@cache
def _own_letters() -> dict[int, Any]:
    from reportlab.pdfbase import pdfmetrics

    letters = [_register(name, _own_folder() / file) for name, file in _FILES.items()]
    pdfmetrics.registerFontFamily(PLAIN, normal=PLAIN, bold=BOLD, italic=PLAIN, boldItalic=BOLD)
    return letters[0]


@cache
def _script_fonts() -> dict[str, dict[int, Any]]:
    """Return the letters of the fonts for scripts by the name of the font; looked up when first needed."""
    return {f"SmearCount-{name}": _register(f"SmearCount-{name}", _script_file(name)) for name in _SCRIPTS}


def _script_file(name: str) -> Path:
    return _own_folder() / f"NotoSans{name}.ttf"


@cache
def _other_fonts() -> dict[str, dict[int, Any]]:
    """Return the letters of the fonts of this computer by the name of the font; looked up when first needed."""
    from reportlab.pdfbase.ttfonts import TTFError

    fonts: dict[str, dict[int, Any]] = {}
    for path in (folder / file for folder in _font_folders() for file in _LARGE_FONTS):
        if path.is_file():
            try:
                fonts[f"Other{len(fonts)}"] = _register(f"Other{len(fonts)}", path)
            except (TTFError, OSError):  # a font that may not be embedded, or of another kind
                continue
    return fonts


def _is_shaped(letter: str) -> bool:
    code = ord(letter)
    return any(low <= code <= high for low, high in _NEED_SHAPING)


@cache
def _font_for(letter: str) -> str | None:
    """Return the name of the font that has a letter: "" for the report's own, None if there is none."""
    code = ord(letter)
    if code in _own_letters() and not _is_shaped(letter):
        return ""
    fonts = {**_script_fonts(), **({} if _is_shaped(letter) else _other_fonts())}
    return next((name for name, letters in fonts.items() if code in letters), None)


class Typesetter:
    """Turns texts into what can be printed; ``transliterated`` becomes True once a letter had to be written in others.

    A text that ``needs_shaping`` is printed by its ``runs``, any other by its ``markup``.
    """

    def __init__(self) -> None:
        _own_letters()
        self.transliterated = False

    def needs_shaping(self, text: str) -> bool:
        """Tell whether a text has letters that run from right to left, or change with their neighbours."""
        return any(_is_shaped(letter) for letter in text)

    def markup(self, text: str) -> str:
        """Return a text as the markup of a paragraph that shows exactly this text, or a transliteration."""
        runs = ((font, escape(run)) for font, run in self.runs(text))
        return "".join(f'<font name="{font}">{run}</font>' if font else run for font, run in runs)

    def runs(self, text: str) -> Iterator[tuple[str, str]]:
        """Yield the pieces of a text, in the order of reading, with the font of each: "" for the report's own."""
        clean = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode("utf-8")).translate(_DIRECTIONS)
        letters = "".join(" " if letter.isspace() else letter for letter in clean)
        fonts: list[str | None] = []
        for letter in letters:
            # marks and joiners belong to the letter before them
            joined = fonts and (letter in _JOINERS or unicodedata.category(letter) in ("Mn", "Mc"))
            fonts.append(fonts[-1] if joined and _has(fonts[-1], letter) else _font_for(letter))
        for font, pairs in groupby(zip(fonts, letters, strict=True), lambda pair: pair[0]):
            run = "".join(letter for _, letter in pairs)
            if font is None:
                self.transliterated = True
                yield "", _in_own_letters(run)
            else:
                yield font, run


def _has(font: str | None, letter: str) -> bool:
    return font is not None and ord(letter) in (_script_fonts().get(font) or _other_fonts().get(font) or {})


def _in_own_letters(text: str) -> str:
    """Return a text in Latin letters; a sign that has none becomes a question mark."""
    return "".join(anyascii(letter) or "?" for letter in text)
