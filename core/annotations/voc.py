"""Pascal VOC: an XML file for each picture, as LabelImg writes it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from core.annotations.base import base_name
from core.annotations.collecting import NotAnnotationsError, UnreadableError, decode_text, pixel_size
from core.annotations.writing import boxes_inside, check_stems, file_stem, write_whole
from core.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from core.annotations.base import AnnotatedImage
    from core.annotations.collecting import Reading

_SIDES = ("xmin", "ymin", "xmax", "ymax")
_DECLARED_ENCODING = re.compile(rb"""\s*<\?xml[^>]*?\sencoding\s*=\s*["']([\w.-]+)["']""")
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_voc(reading: Reading, data: bytes) -> Iterator[AnnotatedImage]:
    """Yield the picture of an XML file.

    Coordinates are taken as they are, since LabelImg and its kind do not count pixels from 1, even though
    the original Pascal VOC does.

    Raises
    ------
    UnreadableError
        If it is no XML, or XML that could attack the program.
    NotAnnotationsError
        If it is XML of something else.
    """
    root = _parse(data)
    if root.tag != "annotation":
        raise NotAnnotationsError("this is no Pascal VOC annotation; choose XML files as LabelImg writes them")
    stated = pixel_size(root.findtext("size/width"), root.findtext("size/height"))
    stem, name = reading.path.stem, (root.findtext("filename") or "").strip()
    if file_stem(name) != stem and reading.sizes(stem) is not None:
        name = stem  # a picture that was renamed keeps its old name inside, but not outside
    picture = reading.picture(name or stem, stated, others=(stem,))
    if picture is None:
        return
    for count, cell in enumerate(root.findall("object"), start=1):
        box = cell.find("bndbox")
        corners = [None] * 4 if box is None else [box.findtext(side) for side in _SIDES]
        picture.add(f"object {count}", cell.findtext("name") or "", corners)
    if (image := picture.finish()) is not None:
        yield image


def _parse(data: bytes) -> ElementTree.Element:
    # The parser gets the very text that was searched: in another encoding, a DTD could hide
    text = _decode(data)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise UnreadableError(
            "the file declares a document type or entities, which annotations do not need and which can do harm; "
            "export it again, for instance with LabelImg"
        )
    try:
        return ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise UnreadableError(f"the XML is damaged at line {error.position[0]}; export it again") from error


def _decode(data: bytes) -> str:
    declared = _DECLARED_ENCODING.match(data)
    if declared is None:
        return decode_text(data)
    encoding = declared[1].decode("ascii", "replace")
    try:
        return data.decode(encoding)
    except (UnicodeError, LookupError) as error:
        raise UnreadableError(f"the file is not {encoding}, as it says; save it as UTF-8") from error


def write_voc(folder: Path, images: Sequence[AnnotatedImage]) -> None:
    """Write one XML file for each picture into a folder, named after the picture.

    Coordinates are whole pixels, and 1 at the left and upper border, as LabelImg writes them. Scores
    have no place in this format.

    Raises
    ------
    AnnotationError
        If two pictures have the same stem or a box has no area, before anything is written; or if a
        file cannot be written.
    """
    check_stems(images)
    files = {f"{file_stem(image.file_name)}.xml": _to_xml(image) for image in images}
    for name, data in files.items():
        write_whole(folder / name, data)


def _to_xml(image: AnnotatedImage) -> bytes:
    root = ElementTree.Element("annotation")
    path = Path(*re.split(r"[/\\]", image.file_name))
    _put(root, "folder", path.parent.name)
    _put(root, "filename", base_name(image.file_name))
    _put(_put(root, "source"), "database", "SmearCount")
    size = _put(root, "size")
    for tag, value in (("width", image.width), ("height", image.height), ("depth", 3)):
        _put(size, tag, str(value))
    _put(root, "segmented", "0")
    for name, (x1, y1, x2, y2) in zip(image.names, boxes_inside(image).tolist(), strict=True):
        x1, x2 = _whole_pixels(x1, x2, image.width)
        y1, y2 = _whole_pixels(y1, y2, image.height)
        cell = _put(root, "object")
        at_border = x1 <= 1 or y1 <= 1 or x2 == image.width or y2 == image.height
        _put(cell, "name", name)
        _put(cell, "pose", "Unspecified")
        _put(cell, "truncated", str(int(at_border)))
        _put(cell, "difficult", "0")
        box = _put(cell, "bndbox")
        for side, value in zip(_SIDES, (x1, y1, x2, y2), strict=True):
            _put(box, side, str(value))
    ElementTree.indent(root, "\t")
    return ElementTree.tostring(root, "utf-8", xml_declaration=True) + b"\n"


def _whole_pixels(low: float, high: float, length: int) -> tuple[int, int]:
    """Round so that at least one pixel is left; like LabelImg, avoid 0, which some trainers subtract 1 from."""
    start = max(min(max(round(low), 1), length - 1), 0)
    return start, min(max(round(high), start + 1), length)


def _put(parent: ElementTree.Element, tag: str, text: str = "") -> ElementTree.Element:
    child = ElementTree.SubElement(parent, tag)
    child.text = _NOT_IN_XML.sub("\ufffd", printable(text)) or None
    return child
