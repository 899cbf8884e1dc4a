"""A report as one self-contained HTML page: sections of text, tables and plots.

The page needs no script and no other file, asks no other computer for anything, follows the reader's light or
dark setting, and prints. Draw plots inside ``plot_style()``: text and axes then take the page's text colour.
"""

from __future__ import annotations

import io
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib as mpl
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from core.files import write_whole
from core.report.formats.csv import csv_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from matplotlib.figure import Figure

    from core.report.tables import Value

NOTHING = "–"
"""What stands where a number is not defined."""

_INK = "#010203"  # stands for the page's text colour, which an SVG in a page calls currentColor
_STYLE: dict[Any, Any] = {
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), _INK),
    **{"figure.facecolor": "none", "axes.facecolor": "none", "savefig.facecolor": "none", "legend.facecolor": "none"},
    **{"axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": "#888888"},
    **{"grid.alpha": 0.3, "grid.linewidth": 0.6, "axes.axisbelow": True, "legend.frameon": False, "font.size": 9},
    **{"axes.titlesize": 10, "figure.constrained_layout.use": True, "svg.fonttype": "none"},
}


class Strong(NamedTuple):
    """A value of a table that is the one to look at, such as the best of a column."""

    value: Value


Cell = str | int | float | Strong | None
"""What a cell of a table holds; None and NaN are not defined."""


@dataclass(frozen=True)
class Table:
    """A table of a report.

    The first ``texts`` columns hold words, the others numbers, which stand to the right. ``digits`` says how many
    decimals a column's floats have where it is not 3.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""
    texts: int = 1
    digits: Mapping[str, int] = field(default_factory=dict[str, int])

    def written(self) -> list[list[tuple[str, bool]]]:
        """Return the text of each cell of each row, and whether it is strong."""
        digits = [self.digits.get(name, 3) for name in self.header]
        return [[_written(cell, places) for cell, places in zip(row, digits, strict=True)] for row in self.rows]

    def csv(self) -> bytes:
        """Return the table as CSV that a spreadsheet opens right; what is not defined is empty."""
        rows = [[_value(cell) for cell in row] for row in self.rows]
        return csv_bytes([list(self.header), *rows])


@dataclass(frozen=True)
class Plot:
    """A matplotlib figure and what a person who cannot see it should know of it."""

    figure: Figure
    caption: str


@dataclass(frozen=True)
class Section:
    """A part of a report: paragraphs, then plots, then tables."""

    heading: str
    paragraphs: Sequence[str] = ()
    tables: Sequence[Table] = ()
    plots: Sequence[Plot] = ()


def plot_style() -> AbstractContextManager[None]:
    """Return the context in which the figures of a page are made (``matplotlib.figure.Figure``, never pyplot)."""
    return mpl.rc_context(_STYLE)


def render_page(title: str, sections: Sequence[Section], facts: Mapping[str, str] | None = None) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    title
        What the report is about, as its heading.
    sections
        Its parts in order; each gets an entry in the list of contents.
    facts
        Short facts under the title, such as the model and the data set, by their name.
    """
    environment = Environment(
        loader=PackageLoader("trainer.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("page.html")
    drawn = [
        [(_svg(plot, f"{place}.{number}"), plot.caption) for number, plot in enumerate(section.plots)]
        for place, section in enumerate(sections)
    ]
    return template.render(title=title, sections=list(zip(sections, drawn, strict=True)), facts=facts or {})


def write_page(path: Path, title: str, sections: Sequence[Section], facts: Mapping[str, str] | None = None) -> None:
    """Write the page as a whole file; raises OSError if it cannot be written."""
    write_whole(path, render_page(title, sections, facts).encode("utf-8", "replace"))


def _svg(plot: Plot, salt: str) -> Markup:
    """Return a figure as SVG to stand in the page; ``salt`` keeps its names apart from other figures'."""
    text = io.StringIO()
    with mpl.rc_context({**_STYLE, "svg.hashsalt": salt}):
        plot.figure.savefig(text, format="svg", metadata={"Date": None})
    svg = re.sub(r"<metadata>.*?</metadata>", "", text.getvalue(), flags=re.DOTALL)
    opening, content = svg[svg.index("<svg") :].split(">", 1)
    # A page needs no namespaces, and decides on the size itself
    opening = re.sub(r'\s(?:xmlns(?::\w+)?|width|height|version)="[^"]*"', "", opening)
    shown = Markup(content.replace(_INK, "currentColor"))
    return Markup('{} role="img" aria-label="{}">{}').format(Markup(opening), plot.caption, shown)


def _value(cell: Cell) -> Value:
    value = cell.value if isinstance(cell, Strong) else cell
    return None if isinstance(value, float) and math.isnan(value) else value


def _written(cell: Cell, digits: int) -> tuple[str, bool]:
    value = _value(cell)
    if value is None:
        text = NOTHING
    elif isinstance(value, float):
        text = f"{value:,.{digits}f}".replace("-", "−")
    else:
        text = f"{value:,}".replace("-", "−") if isinstance(value, int) else value
    return text, isinstance(cell, Strong)
