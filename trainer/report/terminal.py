"""Tables on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich.table
from rich.text import Text

if TYPE_CHECKING:
    from trainer.report.tables import Table


def render(table: Table) -> rich.table.Table:
    """Return a table for rich; rows with the same first words are a section that shows them once."""
    drawn = rich.table.Table(
        title=Text(table.caption) if table.caption else None,
        title_justify="left",
        title_style="bold",
        caption=Text(table.note) if table.note else None,
        caption_justify="left",
        show_header=any(table.header),
    )
    for place, name in enumerate(table.header):
        drawn.add_column(Text(name), justify="right" if place >= table.texts else "left")
    written = table.written()
    has_sections = table.texts > 1 and len({row[0][0] for row in written}) < len(written)
    before = ""
    for row in written:
        cells = [Text(text, style="bold" if strong else "") for text, strong in row]
        if has_sections:
            if row[0][0] == before:
                cells[0] = Text()
            elif before:
                drawn.add_section()
            before = row[0][0]
        drawn.add_row(*cells)
    return drawn
