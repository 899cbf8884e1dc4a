"""Names in every script on paper: what is printed is what a shaping text engine draws."""

from __future__ import annotations

import io
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pypdfium2
import pytest
from PIL import Image, ImageDraw, ImageFont, features
from reportlab.platypus import SimpleDocTemplate

from core.report.pdf.styles import BODY, CELL_RIGHT, Printer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from reportlab.lib.styles import ParagraphStyle

SCALE = 16
NAMES = {
    "Arabic": "الأحمدلله",
    "Hebrew": "שָׁלוֹם",
    "Devanagari": "क्षितिजशर्मा",
    "Bengali": "চৌধুরী",
    "Gurmukhi": "ਗੁਰਪ੍ਰੀਤਸਿੰਘ",
    "Gujarati": "શ્રીમતી",
    "Oriya": "ଓଡ଼ିଆ",
    "Tamil": "தமிழ்ச்செல்வி",
    "Telugu": "శ్రీనివాస్",
    "Kannada": "ಕೃಷ್ಣಮೂರ್ತಿ",
    "Malayalam": "പേര്",
    "Sinhala": "ශ්‍රී",
    "Thai": "ที่นี่",
    "Lao": "ສະບາຍດີ",
    "Khmer": "ខ្មែរឈ្មោះ",
    "Myanmar": "မြန်မာ",
    "Ethiopic": "ቢቂላ",
    "Thaana": "ދިވެހި",
}


def printed(*texts: str, style: ParagraphStyle = BODY, width: float = 500) -> tuple[NDArray[np.bool_], Printer]:
    """Return where there is ink on a page with texts, and what printed it."""
    printer, stream = Printer(), io.BytesIO()
    page = SimpleDocTemplate(stream, pagesize=(width, 100), leftMargin=0, rightMargin=0, topMargin=0, bottomMargin=0)
    page.build([printer.text(text, style) for text in texts])
    document: Any = pypdfium2.PdfDocument(stream.getvalue())
    return np.asarray(document[0].render(scale=SCALE).to_pil().convert("L")) < 128, printer


def inked(page: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the part of a page with ink on it."""
    rows, columns = np.flatnonzero(page.any(axis=1)), np.flatnonzero(page.any(axis=0))
    return page[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def drawn(text: str, font: str) -> NDArray[np.bool_]:
    """Return the ink of a text that Raqm laid out, which shapes and orders letters by itself."""
    file = Path(str(resources.files("resources") / "fonts" / font))
    letters = ImageFont.truetype(file, round(BODY.fontSize * SCALE), layout_engine=ImageFont.Layout.RAQM)
    image = Image.new("L", (3000, 500), 255)
    ImageDraw.Draw(image).text((100, 100), text, font=letters, fill=0, features=["-dlig"])
    return inked(np.asarray(image) < 128)


def likeness(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Return the share of the ink that two drawings have in common, made as large as each other."""
    other = np.asarray(Image.fromarray(second).resize(first.shape[::-1]))
    return float((first & other).sum() / (first | other).sum())


@pytest.mark.skipif(not features.check("raqm"), reason="this Pillow cannot shape text to compare with")
@pytest.mark.parametrize("script", NAMES)
def test_a_name_is_printed_as_it_is_written(script: str) -> None:
    page, printer = printed(NAMES[script])
    expected, found = drawn(NAMES[script], f"NotoSans{script}.ttf"), inked(page)
    assert found.shape == pytest.approx(expected.shape, rel=0.03, abs=3)
    assert likeness(found, expected) > 0.8
    assert not printer.types.transliterated


@pytest.mark.skipif(not features.check("raqm"), reason="this Pillow cannot shape text to compare with")
def test_the_comparison_would_see_letters_in_the_wrong_order() -> None:
    name = NAMES["Hebrew"]
    assert likeness(inked(printed(name)[0]), drawn(name[::-1], "NotoSansHebrew.ttf")) < 0.5


def columns_of(page: NDArray[np.bool_]) -> tuple[int, int]:
    columns = np.flatnonzero(page.any(axis=0))
    return int(columns[0]), int(columns[-1])


def test_latin_words_and_numbers_stay_in_order_among_others() -> None:
    """The name stands between the words around it, and the number of the ward is not turned round."""
    whole = inked(printed("Levi שלום (Ward 12)")[0])
    start, end = inked(printed("Levi")[0]), inked(printed("(Ward 12)")[0])
    assert likeness(inked(whole[:, : start.shape[1]]), start) > 0.9
    assert likeness(inked(whole[:, -end.shape[1] :]), end) > 0.6  # kerned, as a word alone is not


def test_a_number_in_brackets_after_a_name_keeps_both_brackets() -> None:
    whole = inked(printed("Levi שמש (12)")[0])  # read from right to left: the number stands between the names
    number = inked(printed("(12)")[0])
    start = columns_of(printed("Levi (12")[0])[1] - columns_of(printed("Levi ")[0])[0]
    gap = start - inked(printed("(12")[0]).shape[1]
    assert likeness(inked(whole[:, gap : gap + number.shape[1]]), number) > 0.8


def test_long_names_are_broken_between_words_and_stay_in_their_column() -> None:
    words = "محمد عبد الله الأحمد"
    one_line, _ = printed(words)
    broken, _ = printed(words, width=60)
    assert len(inked(broken)) > 1.8 * len(inked(one_line))
    assert columns_of(broken)[1] < 60 * SCALE


def test_names_are_aligned_with_the_numbers_of_their_column() -> None:
    margin = 6  # points beside the texts of a page
    right, _ = printed(NAMES["Hebrew"], style=CELL_RIGHT, width=200)
    assert columns_of(right)[1] > (200 - margin - 2) * SCALE
    left, _ = printed(NAMES["Hebrew"], width=200)
    assert columns_of(left)[0] < (margin + 2) * SCALE


@pytest.mark.parametrize("text", ["µ × − ± ≤ <b> & Łódź", "Κύτταρο Кровь ½", "e\u0301a\u0302"])
def test_other_texts_are_paragraphs_of_exactly_this_text(text: str) -> None:
    printer = Printer()
    assert not printer.types.needs_shaping(text)
    assert "font name" not in printer.types.markup(text)
    assert not printer.types.transliterated


@pytest.mark.parametrize("text", ["བོད་ཡིག", "ⲕⲏⲙⲉ", "\U00010330\U0001033f", "𒀀", "👩", "\ue123"])
def test_letters_that_no_font_has_are_transliterated_and_never_numbers(text: str) -> None:
    printer = Printer()
    said = "".join(run for _, run in printer.types.runs(f"A {text}"))
    assert said.startswith("A ")
    assert "[" not in said
    assert said.isascii() or not printer.types.transliterated
    page, _ = printed(f"A {text}")
    assert inked(page).shape[1] > 0


def test_marks_and_signs_of_direction_leave_no_trace() -> None:
    plain, marked = (inked(printed(text)[0]) for text in ("שמש Levi", "\u200fשמש\u200f \u202aLevi\u202c\u2069"))
    assert likeness(plain, marked) > 0.95


def fonts_in_all() -> Sequence[Path]:
    return sorted(Path(str(resources.files("resources") / "fonts")).glob("Noto*.ttf"))


def test_the_fonts_are_few_and_free() -> None:
    assert len(fonts_in_all()) == len(NAMES)
    assert sum(path.stat().st_size for path in fonts_in_all()) < 2_000_000
    licence = fonts_in_all()[0].with_name("LICENSE_NOTO.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence


@pytest.mark.skipif(not features.check("raqm"), reason="this Pillow cannot shape text to compare with")
@pytest.mark.parametrize("number", ["\u0661\u0662", "\u06f1\u06f2\u06f3\u06f4", "\u0663\u066b\u0665"])
@pytest.mark.parametrize("words", ["شريحة {}", "{} شريحة", "Slide {}", "{}", "شريحة ({})"])
def test_numbers_of_arabic_are_read_from_left_to_right(number: str, words: str) -> None:
    """Slide 12 was printed as slide 21."""
    page = inked(printed(words.format(number))[0])

    def best(expected: NDArray[np.bool_]) -> float:
        places = range(0, page.shape[1] - expected.shape[1] + 1, SCALE // 8)
        return max((likeness(inked(page[:, x : x + expected.shape[1]]), expected) for x in places), default=0.0)

    right, turned = (drawn(text, "NotoSansArabic.ttf") for text in (number, number[::-1]))
    assert best(right[:, : page.shape[1]]) > best(turned[:, : page.shape[1]])
