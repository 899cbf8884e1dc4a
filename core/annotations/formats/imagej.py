"""ImageJ and Fiji: the XML of the Cell Counter, and the regions of the ROI Manager."""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING

import numpy as np
from roifile import ROI_TYPE, ImagejRoi

from core.annotations.notices import NotAnnotationsError, UnreadableError
from core.classes import canonical_class
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from core.annotations.base import AnnotatedImage
    from core.annotations.parsing import ImageBoxes, Reading

ROI = "ROI"
"""The class of a region that has no name of a class."""

_MARK = b"Iout"
_LARGEST = 16 * 2**20  # bytes of one region; a cell's outline has a few hundred
_MOST = 200_000  # regions of one archive
_NUMBERED = re.compile(r"[\s_.#:-]*\d*$")
_AROUND = re.compile(r"^(roi[\s_-]*set|cell[\s_-]?counter)[\s_-]+|[\s_-]+(roi[\s_-]*set|rois?)$", re.IGNORECASE)
_AREAS = (ROI_TYPE.POLYGON, ROI_TYPE.FREEHAND, ROI_TYPE.TRACED)


def read_cell_counter(reading: Reading, root: Element) -> Iterator[AnnotatedImage]:
    """Yield the image of a Cell Counter file: a point for each marker, named after its type."""
    stem = _AROUND.sub("", reading.path.stem)
    name = (root.findtext("Image_Properties/Image_Filename") or "").strip()
    image = reading.image(name or stem, others=(stem,))
    if image is None:
        return
    for kind in root.iterfind("Marker_Data/Marker_Type"):
        number = (kind.findtext("Type") or "").strip()
        called = (kind.findtext("Name") or "").strip() or f"Type {number}"
        for count, marker in enumerate(kind.iterfind("Marker"), start=1):
            place = gettext("marker {count} of {name}").format(count=count, name=called)
            image.add_point(place, called, _text(marker, "MarkerX"), _text(marker, "MarkerY"))
    if (annotated := image.finish()) is not None:
        yield annotated


def _text(element: Element, tag: str) -> str:
    return (element.findtext(tag) or "").strip()


def is_roi(data: bytes) -> bool:
    """Tell whether a file is a region, or an archive that may hold regions."""
    return data.startswith((_MARK, b"PK\x03\x04", b"PK\x05\x06"))


def read_rois(reading: Reading, data: bytes) -> Iterator[AnnotatedImage]:
    """Yield the image of a ``.roi`` file or of a ``.zip`` of them, named after the file.

    The class of a region is in its name, such as ``RBC-12``; else regions of a group are ``group 2``, and others
    ``ROI``.

    Raises
    ------
    NotAnnotationsError
        If there are no regions in it.
    UnreadableError
        If the archive is damaged.
    """
    regions = [(reading.path.stem, data)] if data.startswith(_MARK) else _unpacked(data)
    image = reading.image(_AROUND.sub("", reading.path.stem), others=(reading.path.stem,))
    if image is None:
        return
    for name, content in regions:
        place = gettext("region {name}").format(name=name)
        try:
            roi = ImagejRoi.frombytes(content)
        except Exception:  # noqa: BLE001  the parser takes every byte for true, and raises whatever comes of it
            image.refuse("damaged", place, gettext("is damaged; save the regions from ImageJ again"))
            continue
        _read_roi(image, place, _class_of(roi, name, reading.known), roi)
    if (annotated := image.finish()) is not None:
        yield annotated


def _unpacked(data: bytes) -> list[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [item for item in archive.infolist() if item.filename.lower().endswith(".roi")]
            if not members:
                text = gettext("there are no regions of ImageJ in it; unpack it, and choose the annotations")
                raise NotAnnotationsError(text)
            if len(members) > _MOST or any(item.file_size > _LARGEST for item in members):
                text = gettext("its regions are larger than cells can be; save the regions of one image from ImageJ")
                raise UnreadableError(text)
            return [(item.filename.rpartition("/")[2][:-4], archive.read(item)) for item in members]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise UnreadableError(gettext("the archive is damaged; save the regions from ImageJ again")) from error


def _class_of(roi: ImagejRoi, name: str, known: tuple[str, ...]) -> str:
    for called in (roi.name or "", name):
        word = _NUMBERED.sub("", called).strip()
        if word and re.search(r"[^\W\d_]", word) and (found := canonical_class(word, known)) is not None:
            return found
    return f"group {roi.group}" if roi.group else ROI


def _read_roi(image: ImageBoxes, place: str, name: str, roi: ImagejRoi) -> None:
    if roi.roitype == ROI_TYPE.POINT:
        points = np.asarray(roi.coordinates(), float).tolist()
        kinds = [0] * len(points) if roi.counters is None else roi.counters.tolist()
        for (x, y), kind in zip(points, kinds, strict=False):
            image.add_point(place, f"counter {kind}" if kind and name == ROI else name, x, y)
    elif roi.roitype in (ROI_TYPE.RECT, ROI_TYPE.OVAL) and not roi.composite:
        corners = [float(value) for value in (roi.left, roi.top, roi.right, roi.bottom)]
        if roi.subpixelrect:
            corners = [roi.xd, roi.yd, roi.xd + roi.widthd, roi.yd + roi.heightd]
        image.add(place, name, corners)
    elif roi.roitype in _AREAS or roi.composite:
        parts = roi.coordinates(multi=True)
        image.add_outline(place, name, [np.asarray(part, float).ravel().tolist() for part in parts])
    else:
        text = gettext("is a {kind}, which is no cell; draw an area around the cell, or delete it")
        image.refuse("kind", place, text.format(kind=roi.roitype.name.lower()))
