"""A report as one self-contained HTML page: sections of text, tables and plots.

The page needs no script and no other file, makes no network request, follows the light or dark setting of the
browser, and prints. Draw plots inside ``plot_style()``: text and axes then take the text colour of the page.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from core.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from matplotlib.figure import Figure

    from trainer.report.tables import Table


_INK = "#010203"  # replaced by currentColor, the text colour of the page
_STYLE: dict[Any, Any] = {
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), _INK),
    **{"figure.facecolor": "none", "axes.facecolor": "none", "savefig.facecolor": "none", "legend.facecolor": "none"},
    **{"axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": "#888888"},
    **{"grid.alpha": 0.3, "grid.linewidth": 0.6, "axes.axisbelow": True, "legend.frameon": False, "font.size": 9},
    **{"axes.titlesize": 10, "figure.constrained_layout.use": True, "svg.fonttype": "none"},
}


@dataclass(frozen=True)
class Plot:
    """A matplotlib figure, and a caption that describes it for those who cannot see it."""

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
    """Return a figure as SVG for the page; ``salt`` keeps its ids distinct from those of other figures."""
    text = io.StringIO()
    with mpl.rc_context({**_STYLE, "svg.hashsalt": salt}):
        plot.figure.savefig(text, format="svg", metadata={"Date": None})
    svg = re.sub(r"<metadata>.*?</metadata>", "", text.getvalue(), flags=re.DOTALL)
    opening, content = svg[svg.index("<svg") :].split(">", 1)
    # A page needs no namespaces, and decides on the size itself
    opening = re.sub(r'\s(?:xmlns(?::\w+)?|width|height|version)="[^"]*"', "", opening)
    shown = Markup(content.replace(_INK, "currentColor"))
    return Markup('{} role="img" aria-label="{}">{}').format(Markup(opening), plot.caption, shown)
