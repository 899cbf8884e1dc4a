"""How large a pixel is, where the microscope wrote it into the file."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Any

from tifffile import TiffFile, xml2dict

if TYPE_CHECKING:
    from pathlib import Path

LOG = logging.getLogger(__name__)

_SUFFIXES = (".tif", ".tiff")
_MICROMETRES = {"µm": 1.0, "μm": 1.0, "um": 1.0, "micron": 1.0, "micrometer": 1.0, "nm": 0.001, "mm": 1000.0}
_SMALLEST, _LARGEST = 0.005, 5.0  # micrometres; outside it is a printer's resolution or a slip


def micrometres_in_file(path: Path) -> float | None:
    """Return how many micrometres a pixel of a TIFF file has by its OME or ImageJ data; None if they do not say.

    Plain dots per inch are those of a printer, and say nothing about cells.
    """
    if path.suffix.lower() not in _SUFFIXES:
        return None
    try:
        with TiffFile(path) as file:
            size = _of_ome(file) if file.is_ome else _of_imagej(file) if file.is_imagej else None
    except Exception as error:  # noqa: BLE001  the image itself may be sound
        LOG.info("no pixel size in %s: %s", path, error)
        return None
    return size if size is not None and math.isfinite(size) and _SMALLEST <= size <= _LARGEST else None


def _of_ome(file: TiffFile) -> float | None:
    document: dict[str, Any] = xml2dict(file.ome_metadata or "")
    image = document["OME"]["Image"]
    pixels = (image[0] if isinstance(image, list) else image)["Pixels"]
    return float(pixels["PhysicalSizeX"]) * _MICROMETRES[pixels.get("PhysicalSizeXUnit", "µm")]


def _of_imagej(file: TiffFile) -> float | None:
    unit = str((file.imagej_metadata or {}).get("unit", "")).replace("\\u00B5", "µ")
    pixels, units = file.pages.first.tags["XResolution"].value
    return units / pixels * _MICROMETRES[unit]
