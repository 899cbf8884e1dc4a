"""XML and JSON files as trees, however they are encoded and whatever they try."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, cast

import msgspec
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from core.annotations.notices import UnreadableError
from core.annotations.parsing import decode_text
from core.text import gettext

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

Entry = dict[str, Any]

_DECLARED_ENCODING = re.compile(rb"""\s*<\?xml[^>]*?\sencoding\s*=\s*["']([\w.-]+)["']""")


def parse_xml(data: bytes) -> Element:
    """Return the root of an XML file.

    Raises
    ------
    UnreadableError
        If it is no XML, or XML that could attack the program.
    """
    try:
        # as text, since the parser itself knows few encodings
        return fromstring(_decode(data), forbid_dtd=True)
    except DefusedXmlException as error:
        text = gettext(
            "the file declares a document type or entities, which annotations do not need and which can do harm; "
            "export it again, for instance with LabelImg"
        )
        raise UnreadableError(text) from error
    except SyntaxError as error:  # the ParseError of ElementTree
        line = cast("tuple[int, int]", getattr(error, "position", (1, 0)))[0]
        raise UnreadableError(
            gettext("the XML is damaged at line {line}; export it again").format(line=line)
        ) from error


def _decode(data: bytes) -> str:
    declared = _DECLARED_ENCODING.match(data)
    if declared is None:
        return decode_text(data)
    encoding = declared[1].decode("ascii", "replace")
    try:
        return data.decode(encoding)
    except (UnicodeError, LookupError) as error:
        text = gettext("the file is not {encoding}, as it says; save it as UTF-8").format(encoding=encoding)
        raise UnreadableError(text) from error


def parse_json(data: bytes) -> Any:
    """Return the content of a JSON file; raises UnreadableError if it is no JSON."""
    text = decode_text(data)
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        pass
    # Python's own parser is slower, but takes the NaN that its writer writes, and names the line of a fault
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        said = gettext("the JSON is damaged at line {line} ({reason}); export it again")
        raise UnreadableError(said.format(line=error.lineno, reason=error.msg)) from error
    except (ValueError, RecursionError) as error:
        raise UnreadableError(gettext("the JSON is damaged; export it again")) from error


def entries_of(value: Any) -> list[Entry]:
    """Return the objects in a list; anything else is left out."""
    items = cast("list[Any]", value) if isinstance(value, list) else []
    return [cast("Entry", item) for item in items if isinstance(item, dict)]
