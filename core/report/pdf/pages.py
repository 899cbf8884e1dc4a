"""The pages of a PDF file as pixels, to be looked at or printed."""

# pypdfium2 is imported where it is used: it takes a moment to load.

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from types import TracebackType

    from numpy.typing import NDArray

_ONE_AT_A_TIME = threading.Lock()  # PDFium is not made for threads
_POINTS = 72


class PdfPages:
    """A PDF file that is open for reading; it may be used on any thread, and is a context manager."""

    def __init__(self, data: bytes) -> None:
        import pypdfium2  # pyright: ignore[reportMissingTypeStubs]

        with _ONE_AT_A_TIME:
            self._document = pypdfium2.PdfDocument(data)
            self.sizes = [page.get_size() for page in self._document]
        """Width and height of each page in points."""

    def __len__(self) -> int:
        """Return the number of pages."""
        return len(self.sizes)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file; its pages cannot be shown afterwards."""
        with _ONE_AT_A_TIME:
            self._document.close()

    def width_at(self, page: int, dots_per_inch: float) -> int:
        """Return how many pixels wide a page is at a resolution."""
        return max(round(self.sizes[page][0] / _POINTS * dots_per_inch), 1)

    def render(self, page: int, width: int) -> NDArray[np.uint8]:
        """Return a page, counted from 0, so many pixels wide: uint8 RGB (H, W, 3)."""
        with _ONE_AT_A_TIME:
            shown = self._document[page]
            bitmap = shown.render(scale=width / self.sizes[page][0], rev_byteorder=True)
            pixels = np.array(bitmap.to_numpy()[:, :width, :3])
            bitmap.close()
            shown.close()
        return pixels
