"""Tables of figures: one value for the terminal, the page of a report and CSV.

Column headings stay as they are in every language, since CSV files are read by programs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from core.report.formats.csv import csv_bytes

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from core.report.formats.csv import Value

NOTHING = "–"
"""Stands where a number is not defined."""


class Strong(NamedTuple):
    """A value that a table emphasises, such as the best of a column."""

    value: Value


Cell = str | int | float | Strong | None
"""What a cell of a table holds; None and NaN are not defined."""


@dataclass(frozen=True)
class Table:
    """A table of figures.

    The first ``texts`` columns hold words, the others numbers, aligned to the right. ``digits`` gives the decimals of
    a column's floats where they are not 3; the numbers of ``signed`` columns have a sign. ``note`` stands below.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""
    texts: int = 1
    digits: Mapping[str, int] = field(default_factory=dict[str, int])
    signed: Collection[str] = ()
    note: str = ""

    def written(self) -> list[list[tuple[str, bool]]]:
        """Return the text of each cell of each row, and whether it is emphasised."""
        forms = [f"{'+' if name in self.signed else ''},.{self.digits.get(name, 3)}f" for name in self.header]
        return [
            [(_text(cell, form), isinstance(cell, Strong)) for cell, form in zip(row, forms, strict=True)]
            for row in self.rows
        ]

    def csv(self) -> bytes:
        """Return the table as CSV that a spreadsheet opens correctly; what is not defined is empty."""
        return csv_bytes([list(self.header), *([_value(cell) for cell in row] for row in self.rows)])


def number(value: float, form: str = ".3f") -> str:
    """Return a number as text, with a real minus sign; a dash where it is not defined."""
    return NOTHING if math.isnan(value) else format(value, form).replace("-", "−")


def _value(cell: Cell) -> Value:
    value = cell.value if isinstance(cell, Strong) else cell
    return None if isinstance(value, float) and math.isnan(value) else value


def _text(cell: Cell, form: str) -> str:
    value = _value(cell)
    if value is None:
        return NOTHING
    if isinstance(value, float):
        return number(value, form)
    return number(value, ",") if isinstance(value, int) else str(value)
