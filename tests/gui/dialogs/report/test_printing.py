"""Printing a report: every page is on the paper, as it is in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from PySide6.QtPrintSupport import QPrinter

from core.report.pdf.pages import PdfPages
from gui.dialogs.report.printing import paint_pages

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.gui.dialogs.report.report_bench import Bench


def coarse(page: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return how dark the parts of a page are."""
    return np.asarray(cv2.resize(page, (40, 56), interpolation=cv2.INTER_AREA), np.float64).ravel()


def test_the_pages_that_were_chosen_are_printed(bench: Bench, tmp_path: Path):
    dialog = bench.open()
    bench.write(dialog, "pdf", "history")
    dialog.reject()
    data = next(bench.folder.glob("*.pdf")).read_bytes()
    with PdfPages(data) as pages:
        assert len(pages) > 1
        for chosen, expected in (((0, 0), len(pages)), ((2, 2), 1)):
            printer = QPrinter()
            printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
            printer.setOutputFileName(str(tmp_path / "printed.pdf"))
            printer.setFromTo(*chosen)
            assert paint_pages(pages, printer)
            with PdfPages((tmp_path / "printed.pdf").read_bytes()) as printed:
                assert len(printed) == expected
                first = max(chosen[0] - 1, 0)
                given, seen = (coarse(one.render(page, 800)) for one, page in ((pages, first), (printed, 0)))
                assert np.corrcoef(given, seen)[0, 1] > 0.9
