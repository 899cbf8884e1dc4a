"""What speaks against the pixels of a file, before any cell is looked for."""

from __future__ import annotations

from enum import StrEnum


class Doubt(StrEnum):
    """Why the count of an image that could be read should not be trusted unseen."""

    DAMAGED = "damaged"
    """The decoder says that the file is damaged inside."""

    SUSPECT = "suspect"
    """Nothing was reported, but a part of the image looks as damage does."""

    ONE_OF_SEVERAL = "one of several"
    """The file holds several images, and one of them was read."""

    COMBINED = "combined"
    """Grey pages were taken for red, green and blue, which the file does not say."""

    HIDDEN = "hidden"
    """A part of the image is transparent, and something lies there."""

    REPEATED = "repeated"
    """A part of the image is there twice, as no field is."""

    SIZE = "size"
    """The red cell size that was set does not fit what is seen."""

    SHIFTED = "shifted"
    """All samples lie above the middle of 16 bits, as signed ones do that were shifted."""
