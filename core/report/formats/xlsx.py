"""The report as an XLSX workbook."""

# xlsxwriter is imported where it is used: neither the window nor a count waits for it.

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from core.report.kind_tables import kind_tables, with_confirmed_kinds
from core.report.tables import (
    CELLS_HEADER,
    Table,
    cells_tables,
    estimates_table,
    history_table,
    images_table,
    settings_table,
    totals_table,
    verification_table,
)
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.report.content import Contents, ReportContent
    from core.report.progress import Progress
    from core.report.tables import Value

_MOST_ROWS = 1_048_576  # of a sheet, by the format
_LONGEST_TEXT = 32_767  # of a cell, by the format
_WIDEST, _NARROWEST = 60, 9


def to_xlsx(content: ReportContent, progress: Progress, contents: Contents) -> bytes:
    """Return the workbook with the sheets images, cells, totals, estimates, verification, settings and history.

    Behind the estimates come the sheets of kinds, if the session has kinds.
    ``progress`` makes a step for each counted image. Texts are never taken for formulas or links.
    """
    import xlsxwriter  # pyright: ignore[reportMissingTypeStubs]

    stream = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book: Any = xlsxwriter.Workbook(stream, options)
    title, people = (
        gettext("Blood smear count {sample}").format(sample=content.sample.id).strip(),
        ", ".join(content.people),
    )
    book.set_properties({"title": title, "author": people, "created": content.made.replace(tzinfo=None)})
    sheets = _Sheets(book)
    sheets.add(with_confirmed_kinds(images_table(content, for_people=True), content))
    sheets.add_cells(content, progress)
    sheets.add(totals_table(content))
    sheets.add(estimates_table(content))
    for table in kind_tables(content.kinds) if content.kinds is not None else ():
        sheets.add(table)
    if contents.verification:
        sheets.add(verification_table(content))
    sheets.add(settings_table(content))
    if contents.history:
        sheets.add(history_table(content))
    book.close()
    return stream.getvalue()


class _Sheets:
    """The sheets of a workbook, with a heading that stays in view."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._heading = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self._number = book.add_format({"num_format": "0.0000"})

    def add(self, table: Table) -> None:
        sheet = self._begin(table.name, table.header)
        for place, row in enumerate(table.rows, 1):
            self._write(sheet, place, row)
        for column, name in enumerate(table.header):
            texts = [str(row[column]) for row in table.rows[:500] if row[column] is not None]
            width = max([len(name) // 2, *(8 if _is_number(text) else len(text) for text in texts)])
            sheet.set_column(column, column, min(max(width + 2, _NARROWEST), _WIDEST))

    def add_cells(self, content: ReportContent, progress: Progress) -> None:
        """Write one row for each cell, going on in another sheet where one is full."""
        number = row = 0
        sheet: Any = None
        for image, cells in cells_tables(content):
            progress.step(gettext("Cells of {name}").format(name=image.path.name))
            for cell in cells:
                if sheet is None or row == _MOST_ROWS:
                    number, row = number + 1, 1
                    sheet = self._begin("cells" if number == 1 else f"cells {number}", CELLS_HEADER)
                    sheet.set_column(0, 0, 40)
                self._write(sheet, row, cell)
                row += 1
        if sheet is None:
            self._begin("cells", CELLS_HEADER)

    def _begin(self, name: str, header: Sequence[str]) -> Any:
        sheet = self._book.add_worksheet(name)
        sheet.freeze_panes(1, 1)
        for column, text in enumerate(header):
            sheet.write_string(0, column, text, self._heading)
        return sheet

    def _write(self, sheet: Any, place: int, row: Sequence[Value]) -> None:
        for column, value in enumerate(row):
            match value:
                case str() if value:
                    sheet.write_string(place, column, value[:_LONGEST_TEXT])
                case float():
                    sheet.write_number(place, column, value, self._number)
                case int():
                    sheet.write_number(place, column, value)
                case _:
                    pass


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdecimal()
