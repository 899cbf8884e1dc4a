"""The look of a printed report: page, texts and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reportlab import rl_config
from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Paragraph, TableStyle
from reportlab.platypus import Table as PageTable

from core.report.pdf.fonts import BOLD, PLAIN, Typesetter
from core.report.pdf.shaping import ShapedText

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reportlab.platypus import Flowable

    from core.classes import Rgb
    from core.report.tables import Table, Value

rl_config.useA85 = 0  # streams as bytes: text would be a quarter longer, and take a third of the time

PAGE: tuple[float, float] = A4
MARGIN = 18 * mm
HEAD = 24 * mm
FOOT = 22 * mm
WIDTH: float = PAGE[0] - 2 * MARGIN
HEIGHT: float = PAGE[1] - HEAD - FOOT

RULE = colors.HexColor("#aab2bd")
SHADE = colors.HexColor("#f1f3f6")
FAINT = colors.HexColor("#4a5462")
ALARM = colors.HexColor("#b3122e")

_LEAST_CONTRAST = 3.0  # of lines on white paper (WCAG 2, graphics)
_PADDING, _AIR = 3.0, 10.0  # beside the text of a cell; points


def _style(name: str, size: float, **more: Any) -> ParagraphStyle:
    return ParagraphStyle(name, fontName=more.pop("font", PLAIN), fontSize=size, leading=1.32 * size, **more)


TITLE = _style("title", 11.5, font=BOLD, textColor=FAINT)
SAMPLE = _style("sample", 20, font=BOLD)
STATE = _style("state", 9, font=BOLD, alignment=TA_RIGHT)
CLASS = _style("class", 12, font=BOLD)
COUNT = _style("count", 19, font=BOLD, alignment=TA_RIGHT)
COUNT_OF_MANY = _style("counts", 11, font=BOLD, alignment=TA_RIGHT)
BESIDE_COUNT = _style("beside", 10, alignment=TA_RIGHT)
HEADING = _style("heading", 11.5, font=BOLD, spaceBefore=13, spaceAfter=5, keepWithNext=1)
BODY = _style("body", 8.5)
SMALL = _style("small", 7.2, textColor=FAINT, spaceBefore=3)
WARNING = _style("warning", 8.5, font=BOLD, textColor=ALARM, spaceBefore=2, spaceAfter=2)
CELL = _style("cell", 8)
CELL_RIGHT = _style("cell right", 8, alignment=TA_RIGHT)
HEAD_CELL = _style("head cell", 7.4, font=BOLD)
HEAD_CELL_RIGHT = _style("head cell right", 7.4, font=BOLD, alignment=TA_RIGHT)
LABEL = _style("label", 8, textColor=FAINT)
LEDGER = _style("ledger", 8, spaceBefore=3)
CAPTION = _style("caption", 8.5, font=BOLD, spaceBefore=4, spaceAfter=3, keepWithNext=1)


Ink = tuple[float, float, float]


def ink_of(colour: Rgb) -> Ink:
    """Return a colour of the screen as ink, red, green and blue from 0 to 1: dark enough to be seen on white paper."""
    parts = [part / 255 for part in colour]
    for share in range(100, 0, -2):
        red, green, blue = (part * share / 100 for part in parts)
        if 1.05 / (_luminance(red, green, blue) + 0.05) >= _LEAST_CONTRAST:
            return red, green, blue
    return 0.0, 0.0, 0.0


def _luminance(*parts: float) -> float:
    """Return the relative luminance of red, green and blue from 0 to 1 (WCAG 2)."""
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


class Printer:
    """Makes the parts of a page out of texts; all of them go through one typesetter."""

    def __init__(self) -> None:
        self.types = Typesetter()

    def text(self, text: str, style: ParagraphStyle = BODY) -> Flowable:
        """Return a paragraph with exactly this text."""
        if self.types.needs_shaping(text):
            return ShapedText(self.types.runs(text), style)
        return Paragraph(self.types.markup(text), style)

    def table(
        self,
        table: Table,
        shares: Sequence[float],
    ) -> PageTable:
        """Return a table of texts over the width of the page, its heading repeated on every page.

        ``shares`` are the relative widths of the columns.
        """
        align, header, footer = table.align, table.header, table.footer
        plain = [CELL if side == "l" else CELL_RIGHT for side in align]
        bold = [HEAD_CELL if side == "l" else HEAD_CELL_RIGHT for side in align]

        def line(texts: Sequence[Value], styles: Sequence[ParagraphStyle]) -> list[Flowable]:
            return [self.text(str(text), style) for text, style in zip(texts, styles, strict=True)]

        rules: list[Any] = [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
            ("LINEBELOW", (0, 0), (-1, 0), 0.8, colors.black),
            ("LINEBELOW", (0, 1), (-1, -1), 0.3, RULE),
            ("TOPPADDING", (0, 0), (-1, -1), 2.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
            ("LEFTPADDING", (0, 0), (-1, -1), _PADDING),
            ("RIGHTPADDING", (0, 0), (-1, -1), _PADDING),
        ]
        # a text beside a column of numbers needs more air than the next column of numbers
        airy = [place for place in range(1, len(align)) if align[place - 1 : place + 1] == "rl"]
        rules += [("LEFTPADDING", (place, 0), (place, -1), _AIR) for place in airy]
        paddings = [_PADDING + (_AIR if place in airy else _PADDING) for place in range(len(align))]
        if footer:
            rules += [("LINEABOVE", (0, -1), (-1, -1), 0.8, colors.black), ("NOSPLIT", (0, -3), (-1, -1))]
        lines = [
            line(header, bold),
            *(line(row, plain) for row in table.rows),
            *([line(footer, bold)] if footer else []),
        ]
        page_table = PageTable(lines, colWidths=_widths(header, shares, paddings), repeatRows=1)
        page_table.setStyle(TableStyle(rules))
        return page_table

    def pairs(self, pairs: Sequence[tuple[str, str]], columns: int = 1, label: float = 34 * mm) -> PageTable:
        """Return names and values side by side, in one or two columns."""
        height = -(-len(pairs) // columns)
        rows: list[list[Any]] = []
        for place in range(height):
            row: list[Any] = []
            for name, value in pairs[place::height]:
                row += [self.text(name, LABEL), self.text(value, CELL)]
            rows.append(row + [""] * (2 * columns - len(row)))
        table = PageTable(rows, colWidths=[label, WIDTH / columns - label] * columns)
        table.setStyle(
            TableStyle(
                [
                    ("VALIGN", (0, 0), (-1, -1), "TOP"),
                    ("TOPPADDING", (0, 0), (-1, -1), 1.2),
                    ("BOTTOMPADDING", (0, 0), (-1, -1), 1.2),
                    ("LEFTPADDING", (0, 0), (-1, -1), 3),
                    ("RIGHTPADDING", (0, 0), (-1, -1), 3),
                ]
            )
        )
        return table

    def boxed(self, parts: Sequence[Flowable], alarm: bool) -> PageTable:
        """Return parts in a frame that draws the eye."""
        table = PageTable([[list(parts)]], colWidths=[WIDTH])
        table.setStyle(
            TableStyle(
                [
                    ("BOX", (0, 0), (-1, -1), 1.4 if alarm else 0.6, ALARM if alarm else RULE),
                    ("BACKGROUND", (0, 0), (-1, -1), colors.white if alarm else SHADE),
                    ("TOPPADDING", (0, 0), (-1, -1), 6),
                    ("BOTTOMPADDING", (0, 0), (-1, -1), 7),
                    ("LEFTPADDING", (0, 0), (-1, -1), 8),
                    ("RIGHTPADDING", (0, 0), (-1, -1), 8),
                ]
            )
        )
        return table


def _widths(header: Sequence[str], shares: Sequence[float], paddings: Sequence[float]) -> list[float]:
    """Return the widths of columns over the page; none is narrower than the longest word of its heading."""
    least = [
        max((stringWidth(word, BOLD, HEAD_CELL.fontSize) for word in text.split()), default=0.0) + padding
        for text, padding in zip(header, paddings, strict=True)
    ]
    fixed: set[int] = set()
    while True:
        room = WIDTH - sum(least[place] for place in fixed)
        rest = sum(share for place, share in enumerate(shares) if place not in fixed)
        widths = [
            least[place] if place in fixed else room * share / rest if rest else 0 for place, share in enumerate(shares)
        ]
        narrow = {place for place, width in enumerate(widths) if width < least[place]}
        if not narrow or room <= 0:
            return widths if room > 0 else [WIDTH * share / sum(shares) for share in shares]
        fixed |= narrow
