"""Changes to a session that is reported, and what its report says."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import openpyxl
import pypdfium2

from core.cells import Cell, CellChange, Origin
from core.counting.reconcile import found_cell
from core.report.content import Contents
from core.report.formats.xlsx import to_xlsx
from core.report.gather import gather
from core.report.pdf.build import to_pdf
from core.report.progress import Progress
from core.report.sign_off import sign
from core.session.values import Edit, Subject, ValueChange

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.report.content import ReportContent
    from core.session.session import Session

    MakeSession = Callable[..., Path]


CLASSES = ("RBC", "WBC", "Platelets")
NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)


def add_cell(session: Session, image: int, name: str = "WBC", x: float = 20) -> None:
    cell = Cell(name, (x, 70, x + 10, 80), 1.0, Origin.PERSON)
    session.edits.record(Edit(image, f"Add {name}", (CellChange(session.detections.new_ids(1), None, cell),)), "Ada")


def change(session: Session, subject: Subject, after: Any, key: str = "", image: int = 1) -> Edit:
    """Change a setting, or a value of an image."""
    where = None if subject is Subject.SETTING else image
    return session.edits.record(Edit(where, "Change", values=(ValueChange(subject, where, after, key),)), "Ada")


def remove_first(session: Session, image: int) -> Edit:
    stored = session.detections.get(image)
    assert stored is not None
    cells = stored.detections
    change = CellChange(int(cells.ids[0]), found_cell(cells, 0, CLASSES), None)
    return session.edits.record(Edit(image, "Remove RBC", (change,)), "Ada")


def signed_by(session: Session, person: str = "Ada Byron") -> ReportContent:
    sign(session, gather(session), person, NOW)
    return gather(session)


def sheets(content: ReportContent, contents: Contents | None = None) -> dict[str, list[tuple[Any, ...]]]:
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx(content, Progress(), contents or Contents())))
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}


def pages(content: ReportContent, contents: Contents | None = None) -> list[str]:
    """Return the text of each page of the PDF."""
    data, _ = to_pdf(content, Progress(), contents or Contents())
    return text_of(data)


def text_of(data: bytes) -> list[str]:
    """Return the text of each page of a PDF file."""
    with pypdfium2.PdfDocument(data) as document:
        return [" ".join(page.get_textpage().get_text_bounded().split()) for page in document]
