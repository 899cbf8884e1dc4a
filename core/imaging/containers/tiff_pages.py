"""Which of the pages of a TIFF file are the image: thumbnails passed over, channels put together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from tifffile import PHOTOMETRIC, TiffFileError, xml2dict

from core.imaging.containers.decoded import TRUNCATED, Unreadable, choose_page
from core.imaging.doubts import Doubt
from core.text import gettext, ngettext

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tifffile import TiffFile, TiffPage

_REDUCED, _MASK = 1, 4  # bits of NewSubfileType
_SAME_SHAPE = 0.02
_PAGE_NAME = 285


@dataclass(frozen=True, eq=False)
class Choice:
    """The page that is read, or the three grey ones that are red, green and blue.

    ``smaller`` have the shape of the page and nothing says that they show the same; ``others`` is what is to be said
    if they do not.
    """

    pages: tuple[TiffPage, ...]
    notices: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    smaller: tuple[TiffPage, ...] = ()
    others: str = ""


def choose_pages(file: TiffFile, wanted: int | None = None) -> Choice:
    """Choose what to read of a file: the page that is ``wanted``, counted from 1, or the one that is the image.

    Raises
    ------
    Unreadable
        If it has no such page, or channels that are not red, green and blue.
    """
    pages = _all_pages(file)
    if wanted is not None and pages:
        page = choose_page(wanted, len(pages))
        return Choice((pages[page.index],), page.notices)
    images = [page for page in pages if not page.subfiletype & (_REDUCED | _MASK)] or pages
    if not images:
        raise Unreadable(TRUNCATED)
    largest = max(images, key=_area)
    if (behind := _planes_behind(file, largest)) is not None:
        return behind
    full = [page for page in images if _area(page) == _area(largest)]
    if len(full) > 1:
        return _of_several(file, full, len(pages))
    if any(_area(page) > _area(largest) for page in pages):  # though called a reduced copy, or a mask
        text = gettext("The file has {n:,} pages; a larger one says that it is a copy, and is left out.")
        return Choice((largest,), (text.format(n=len(pages)),), (Doubt.ONE_OF_SEVERAL,))
    if all(_is_thumbnail(page, largest) for page in images if page is not largest):
        unsaid = tuple(page for page in images if page is not largest)
        return Choice((largest,), smaller=unsaid, others=_only_the_largest(len(pages)))
    text = _only_the_largest(len(pages))
    return Choice((largest,), (text,), (Doubt.ONE_OF_SEVERAL,))


def _only_the_largest(number: int) -> str:
    return gettext("The file has {n:,} pages; only the largest is counted.").format(n=number)


def _all_pages(file: TiffFile) -> list[TiffPage]:
    """Return the pages of a file and the pages inside them."""
    pages: list[TiffPage] = []
    for page in file.pages:
        whole = page.aspage()
        pages.append(whole)
        if whole.subifds and whole.pages is not None:
            pages += [inner.aspage() for inner in whole.pages]
    return [page for page in pages if page.imagewidth and page.imagelength]


def _planes_behind(file: TiffFile, first: TiffPage) -> Choice | None:
    """Choose the first of several planes behind one header, as ImageJ writes large stacks; None if there is but one.

    Raises
    ------
    Unreadable
        If the planes are channels.
    """
    if len(file.pages) > 1 or not (file.is_imagej or file.is_shaped):
        return None
    try:
        series = file.series[0]
        axes, number = series.axes, int(np.prod(series.shape, dtype=int)) // int(np.prod(first.shape, dtype=int))
    except (TiffFileError, ValueError, IndexError, KeyError, TypeError):
        return None
    if number < 2:
        return None
    if _is_grey(first) and ("C" in axes or (number == 3 and not set(axes) & set("ZT"))):
        raise Unreadable(_as_one_rgb(number))
    page = choose_page(None, number)
    return Choice((first,), page.notices, page.doubts)


def _as_one_rgb(channels: int) -> str:
    text = ngettext(
        "its {n:,} channel lies in a page of its own; export it as one RGB image",
        "its {n:,} channels lie in pages of their own; export it as one RGB image",
        channels,
    )
    return text.format(n=channels)


def _area(page: TiffPage) -> int:
    return page.imagewidth * page.imagelength


def _is_thumbnail(page: TiffPage, of: TiffPage) -> bool:
    """Tell a smaller copy from another image: it has the shape of the large one, and at most half of its sides."""
    if 2 * page.imagewidth > of.imagewidth + 1 or 2 * page.imagelength > of.imagelength + 1:
        return False
    shape, large = page.imagewidth / page.imagelength, of.imagewidth / of.imagelength
    return abs(shape / large - 1) <= _SAME_SHAPE + 1 / min(page.imagewidth, page.imagelength)


def _of_several(file: TiffFile, full: list[TiffPage], in_all: int) -> Choice:
    """Choose among pages of one size."""
    page = choose_page(None, in_all)
    first = Choice((full[0],), page.notices, page.doubts)
    if not all(_is_grey(page) and page.dtype == full[0].dtype for page in full):
        return first
    channels = _channels(file, full)
    if channels is None:
        return first
    if len(channels) != 3:
        raise Unreadable(_as_one_rgb(len(channels)))
    names = _names(file, channels)
    order = _colour_order(names)
    stated = order is not None or (file.is_imagej and len(full) == 3)
    combined = tuple(channels[place] for place in order or range(3))
    notices = (gettext("Three grey pages were put together as red, green and blue."),)
    doubts = () if stated else (Doubt.COMBINED,)
    if len(full) > 3:
        text = gettext("The file has {n:,} pages; only the first three are counted, as one image.").format(n=in_all)
        notices, doubts = (*notices, text), (*doubts, *first.doubts)
    return Choice(combined, notices, doubts)


def _is_grey(page: TiffPage) -> bool:
    return page.samplesperpixel == 1 and page.photometric in (PHOTOMETRIC.MINISBLACK, PHOTOMETRIC.MINISWHITE)


def _channels(file: TiffFile, full: Sequence[TiffPage]) -> list[TiffPage] | None:
    """Return the pages of the channels of the first plane, None if the pages are no channels.

    Three grey pages of which nothing is said are taken for channels.
    """
    axes, shape = "", ()
    if file.is_ome or file.is_imagej or file.is_shaped or file.is_micromanager:
        try:
            series = file.series[0]
            axes, shape = series.axes[:-2], series.shape[:-2]
        except (TiffFileError, ValueError, IndexError, KeyError, TypeError):
            axes = ""
    if np.prod(shape, dtype=int) != len(full) or not axes:
        axes, shape = "Q", (len(full),)
    if "C" in axes:
        place = axes.index("C")
        places = np.arange(len(full)).reshape(shape)
        of_first = places[tuple(slice(None) if at == place else 0 for at in range(len(shape)))]
        return [full[int(at)] for at in of_first] if len(of_first) > 1 else None
    unnamed = not set(axes) & set("ZT")
    return list(full) if unnamed and len(full) == 3 else None


def _names(file: TiffFile, channels: Sequence[TiffPage]) -> list[str]:
    """Return what the file calls its channels, empty if it does not."""
    if file.is_ome and file.ome_metadata:
        try:
            entries = xml2dict(file.ome_metadata)["OME"]["Image"]
            entries = (entries[0] if isinstance(entries, list) else entries)["Pixels"]["Channel"]
            return [str(entry.get("Name", "")) for entry in entries]
        except (KeyError, TypeError, ValueError, AttributeError, SyntaxError):
            return []
    if file.is_imagej and file.imagej_metadata and isinstance(file.imagej_metadata.get("Labels"), list):
        return [str(label) for label in file.imagej_metadata["Labels"][: len(channels)]]
    return [str(page.tags.valueof(_PAGE_NAME, "")) for page in channels]


def _colour_order(names: Sequence[str]) -> tuple[int, ...] | None:
    """Return the places of red, green and blue among names of channels, None if they are called otherwise."""
    found = [
        [place for place, name in enumerate(names) if re.search(rf"\b({colour}|{colour[0]})\b", name, re.IGNORECASE)]
        for colour in ("red", "green", "blue")
    ]
    if len(names) != 3 or any(len(places) != 1 for places in found):
        return None
    order = tuple(places[0] for places in found)
    return order if len(set(order)) == 3 else None
