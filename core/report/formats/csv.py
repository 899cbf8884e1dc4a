"""Tables as CSV that Excel opens right, whatever the country."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from core.report.tables import Table, Value

_FORMULA = ("=", "+", "-", "@")


class Separator(StrEnum):
    """What stands between two cells of a line."""

    COMMA = ","
    SEMICOLON = ";"
    TAB = "\t"


@dataclass(frozen=True)
class CsvStyle:
    """How numbers and lines are written: Excel expects what its country uses.

    Raises
    ------
    ValueError
        If commas are to stand both in numbers and between cells.
    """

    separator: Separator = Separator.COMMA
    decimal_comma: bool = False

    def __post_init__(self) -> None:
        if self.decimal_comma and self.separator is Separator.COMMA:
            raise ValueError(gettext("decimal commas need another separator than the comma, such as ';'"))


def to_csv(table: Table, style: CsvStyle | None = None) -> bytes:
    """Return a table with its headings as CSV, see ``csv_bytes``."""
    return csv_bytes([table.header, *table.rows], style)


def csv_bytes(rows: Iterable[Sequence[Value]], style: CsvStyle | None = None) -> bytes:
    """Return a table as UTF-8 with a mark at its beginning, without which Excel takes it for another encoding.

    A text that Excel would take for a formula gets an apostrophe before it, as a person would type it.
    """
    style = style or CsvStyle()
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=style.separator.value)
    for row in rows:
        writer.writerow([_written(value, style.decimal_comma) for value in row])
    return b"\xef\xbb\xbf" + text.getvalue().encode("utf-8", "replace")


def _written(value: Value, decimal_comma: bool) -> str | int:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4f}".replace(".", ",") if decimal_comma else f"{value:.4f}"
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
