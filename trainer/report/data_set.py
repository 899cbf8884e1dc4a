"""The report on a data set before training: how many cells of each class, how large, and which are outliers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter
from msgspec import UNSET

from core.classes import COLOUR_BLIND_SAFE
from core.text import gettext
from trainer.dataset.boxes_from_points import GOOD_QUALITY
from trainer.dataset.manifest import DataError, box_fault
from trainer.report.page import Plot, Section, plot_style, write_page
from trainer.report.summary import NO_SPLIT, quality_text
from trainer.report.tables import Table

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from trainer.dataset.manifest import ImageEntry, Manifest
    from trainer.report.tables import Cell

OUTLIER = 3.0
"""A box is an outlier if the logarithm of its side is this many robust standard deviations from its source's middle."""

_FEWEST = 20
_LONGEST_LIST = 60
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
_DOTS = 2.0


@dataclass(frozen=True, eq=False)
class Cells:
    """All annotations in columns, N cells.

    ``label`` int64 (N,) place of the class; ``image`` int64 (N,) place of the image; ``left``, ``top``, ``width``
    and ``height`` float64 (N,) in pixels; ``quality`` float64 (N,), 1 where it is not known; ``faulty`` bool (N,):
    boxes without area, or beyond the image.
    """

    label: NDArray[np.int64]
    image: NDArray[np.int64]
    left: NDArray[np.float64]
    top: NDArray[np.float64]
    width: NDArray[np.float64]
    height: NDArray[np.float64]
    quality: NDArray[np.float64]
    faulty: NDArray[np.bool_]

    @classmethod
    def of(cls, manifest: Manifest) -> Cells:
        """Take the annotations of a manifest; those of unknown images or classes are left out."""
        label = {category.id: place for place, category in enumerate(manifest.categories)}
        place = {image.id: number for number, image in enumerate(manifest.images)}
        known = [cell for cell in manifest.annotations if cell.image_id in place and cell.category_id in label]
        box = np.array([cell.bbox for cell in known], np.float64).reshape(-1, 4)
        images = [manifest.images[place[cell.image_id]] for cell in known]
        return cls(
            np.array([label[cell.category_id] for cell in known], np.int64),
            np.array([place[cell.image_id] for cell in known], np.int64),
            box[:, 0],
            box[:, 1],
            box[:, 2],
            box[:, 3],
            np.array([1.0 if cell.quality is UNSET else cell.quality for cell in known], np.float64),
            np.array(
                [
                    box_fault(cell.bbox, image.width, image.height) is not None
                    for cell, image in zip(known, images, strict=True)
                ],
                bool,
            ),
        )

    @property
    def side(self) -> NDArray[np.float64]:
        """``sqrt(w * h)`` of each box, float64 (N,), in pixels."""
        return np.sqrt(np.maximum(self.width, 0) * np.maximum(self.height, 0))


def explore(file: Path, manifest: Manifest, out: Path) -> None:
    """Write the report; raises DataError if there is nothing to report, or it cannot be written."""
    if not manifest.images or not manifest.categories:
        raise DataError(gettext("{file}: contains no images; import some first.").format(file=file))
    cells = Cells.of(manifest)
    with plot_style():
        sections = [
            _classes(manifest, cells),
            _per_image(manifest, cells),
            _sizes(manifest, cells),
            _standing_out(manifest, cells),
            _origin(manifest),
        ]
    facts = {
        gettext("data set"): str(file),
        gettext("images"): f"{len(manifest.images):,}",
        gettext("cells"): f"{len(cells.label):,}",
        gettext("sources"): ", ".join(sorted({image.source for image in manifest.images})),
    }
    try:
        write_page(out, gettext("Contents of {data}").format(data=file.stem), sections, facts)
    except OSError as error:
        raise DataError(
            gettext("{file}: the report cannot be written ({reason}); choose another place.").format(
                file=out, reason=error.strerror or error
            )
        ) from error


def _colour(manifest: Manifest, label: int) -> tuple[float, float, float]:
    red, green, blue = COLOUR_BLIND_SAFE.colour(manifest.classes, label)
    return red / 255, green / 255, blue / 255


def _short(image: ImageEntry) -> str:
    """Return the name of an image with its folder, which is enough to find it."""
    return "/".join(image.file_name.split("/")[-2:])


def _classes(manifest: Manifest, cells: Cells) -> Section:
    splits = sorted({image.split or NO_SPLIT for image in manifest.images})
    of_cell = np.array([image.split or NO_SPLIT for image in manifest.images])[cells.image]
    counts = np.array(
        [
            [np.sum((cells.label == label) & (of_cell == split)) for split in splits]
            for label in range(len(manifest.classes))
        ]
    )
    total = counts.sum(axis=1)
    share = total / max(int(total.sum()), 1)
    figure = Figure((7, 0.6 + 0.3 * len(manifest.classes)))
    axes = figure.subplots()
    colours = [_colour(manifest, label) for label in range(len(manifest.classes))]
    bars = axes.barh(manifest.classes, np.maximum(total, 0.5), color=colours)
    axes.bar_label(bars, [f" {number:,}" for number in total])
    axes.set_xscale("log")
    axes.set_xlim(left=1)
    axes.set_xlabel(gettext("cells (logarithmic)"))
    axes.invert_yaxis()
    partly = {name: sum(name in image.incomplete for image in manifest.images) for name in manifest.classes}
    rows = [
        [name, *map(int, counts[label]), int(total[label]), 100 * float(share[label]), partly[name]]
        for label, name in enumerate(manifest.classes)
    ]
    there = total[total > 0]
    text = (
        gettext("The most frequent class has {ratio:,.0f} times as many cells as the rarest.").format(
            ratio=there.max() / there.min()
        )
        if len(there)
        else ""
    )
    return Section(
        gettext("Classes"),
        [text] if text else [],
        [
            Table(
                ["class", *splits, "all", "% of all", "images not fully annotated"],
                rows,
                gettext("Cells of each class by split"),
                digits={"% of all": 1},
            )
        ],
        [Plot(figure, gettext("Cells of each class"))],
    )


def _per_image(manifest: Manifest, cells: Cells) -> Section:
    images = len(manifest.images)
    counts = np.stack(
        [np.bincount(cells.image[cells.label == label], minlength=images) for label in range(len(manifest.classes))]
    )
    # how many cells there are of a class is only known where all are annotated
    looked = np.array([[name not in image.incomplete for image in manifest.images] for name in manifest.classes])
    values = [number[there] for number, there in zip(counts, looked, strict=True)]
    ink = {"color": mpl.rcParams["text.color"]}
    figure = Figure((7, 0.8 + 0.35 * len(manifest.classes)))
    axes = figure.subplots()
    axes.boxplot(
        values,
        orientation="horizontal",
        tick_labels=list(manifest.classes),
        boxprops=ink,
        whiskerprops=ink,
        capprops=ink,
        medianprops={"color": "#d55e00"},
        flierprops={"markersize": 2, "markeredgecolor": ink["color"]},
    )
    axes.set_xlabel(gettext("cells per image"))
    axes.invert_yaxis()
    rows: list[list[Cell]] = []
    for name, number in zip(manifest.classes, values, strict=True):
        if len(number):
            figures = float(number.mean()), float(np.median(number)), int(number.max()), int((number == 0).sum())
            rows.append([name, len(number), *figures])
    empty = [_short(image) for image, number in zip(manifest.images, counts.sum(axis=0), strict=True) if not number]
    text = gettext("{n:,} of {images:,} images have no cells.").format(n=len(empty), images=images)
    if empty:
        text += " " + gettext("The first are {files}.").format(files=", ".join(empty[:5]))
    tables = [
        Table(
            ["class", "images", "mean", "median", "most", "without it"],
            rows,
            gettext("Cells per image, where all cells of the class are annotated"),
            digits={"mean": 2, "median": 1},
        )
    ]
    return Section(
        gettext("Cells per image"),
        [text, *_without_usual(manifest, counts)],
        tables,
        [Plot(figure, gettext("Cells of each class per image"))],
    )


def _without_usual(manifest: Manifest, counts: NDArray[np.int64]) -> list[str]:
    """Name the images that lack a class that nearly all others of their source have: labels may be missing."""
    source = np.array([image.source for image in manifest.images])
    sentences = []
    for label, name in enumerate(manifest.classes):
        for one in sorted(set(source.tolist())):
            mine = np.flatnonzero(source == one)
            lacking = mine[counts[label, mine] == 0]
            if len(mine) >= _FEWEST and 0 < len(lacking) <= 0.1 * len(mine):
                names = ", ".join(_short(manifest.images[place]) for place in lacking[:3])
                sentences.append(
                    gettext(
                        "{n:,} of {images:,} images of {source} have no {name}, although the others do; labels may be "
                        "missing: {files}."
                    ).format(n=len(lacking), images=len(mine), source=one, name=name, files=names)
                )
    return sentences


def _sizes(manifest: Manifest, cells: Cells) -> Section:
    figure = Figure((7, 5))
    axes = figure.subplots()
    order = sorted(range(len(manifest.classes)), key=lambda label: -int((cells.label == label).sum()))
    for label in order:
        mine = (cells.label == label) & (cells.width > 0) & (cells.height > 0)
        axes.scatter(
            cells.width[mine],
            cells.height[mine],
            _DOTS,
            color=_colour(manifest, label),
            marker=_MARKERS[label % len(_MARKERS)],
            linewidths=0,
            alpha=0.5,
            rasterized=True,
            label=manifest.classes[label],
        )
    axes.set(xlabel=gettext("box width, pixels"), ylabel=gettext("box height, pixels"), xscale="log", yscale="log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(ScalarFormatter())
        axis.set_minor_formatter(NullFormatter())
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), markerscale=4)
    rows: list[list[Cell]] = []
    sources = np.array([image.source for image in manifest.images])[cells.image]
    for source in sorted(set(sources.tolist())):
        for label, name in enumerate(manifest.classes):
            side = cells.side[(cells.label == label) & (sources == source)]
            if len(side):
                rows.append(
                    [source, name, len(side), *(float(value) for value in np.percentile(side, (0, 5, 50, 95, 100)))]
                )
    header = ["source", "class", "cells", "smallest", "5 %", "median", "95 %", "largest"]
    digits = dict.fromkeys(header[3:], 0)
    text = gettext("The side of a box is the square root of width times height, in pixels of the image.")
    return Section(
        gettext("Sizes"),
        [text],
        [Table(header, rows, gettext("Box sides, pixels"), 2, digits)],
        [Plot(figure, gettext("Width and height of the boxes by class"))],
    )


def outliers(manifest: Manifest, cells: Cells) -> NDArray[np.bool_]:
    """Tell which boxes are much larger or smaller than others of their class and source, bool (N,)."""
    sources = np.array([image.source for image in manifest.images])[cells.image]
    far = np.zeros(len(cells.label), bool)
    log = np.log(np.maximum(cells.side, 1e-3))
    for source in set(sources.tolist()):
        for label in range(len(manifest.classes)):
            mine = np.flatnonzero((cells.label == label) & (sources == source))
            if len(mine) < _FEWEST:
                continue
            middle = np.median(log[mine])
            spread = max(1.4826 * float(np.median(np.abs(log[mine] - middle))), 0.05)
            far[mine] = np.abs(log[mine] - middle) > OUTLIER * spread
    return far


def _standing_out(manifest: Manifest, cells: Cells) -> Section:
    far = outliers(manifest, cells)
    reasons = {
        gettext("no area, or beyond the image"): cells.faulty,
        gettext("made from a point, low quality"): cells.quality < GOOD_QUALITY,
        gettext("size"): far,
    }
    why = {int(cell): reason for reason in reversed(reasons) for cell in np.flatnonzero(reasons[reason])}
    order = list(reasons)
    rows: list[list[Cell]] = []
    for cell in sorted(why, key=lambda cell: (order.index(why[cell]), cell))[:_LONGEST_LIST]:
        image, name = manifest.images[int(cells.image[cell])], manifest.classes[int(cells.label[cell])]
        sides = (cells.left, cells.top, cells.width, cells.height)
        rows.append([image.source, _short(image), name, why[cell], *(float(side[cell]) for side in sides)])
    paragraphs = [
        gettext(
            "Boxes without area or beyond their image: {faulty:,}. Boxes unusually large or small for their class and "
            "source: {far:,} (the logarithm of the side is off by more than {limit:g} robust standard deviations)."
        ).format(faulty=int(cells.faulty.sum()), far=int(far.sum()), limit=OUTLIER)
    ]
    if (text := quality_text(manifest)) is not None:
        paragraphs.append(text)
    places = ["x", "y", "width", "height"]
    header = ["source", "image", "class", "reason", *places]
    digits = dict.fromkeys(places, 1)
    tables = (
        [Table(header, rows, gettext("Boxes to review, at most {n}").format(n=_LONGEST_LIST), 4, digits)]
        if rows
        else []
    )
    return Section(gettext("Outliers"), paragraphs, tables)


def _origin(manifest: Manifest) -> Section:
    rows = [
        [source.name, source.format, source.licence, source.note, source.images] for source in manifest.info.sources
    ]
    header = ["source", "format", "licence", "note", "images"]
    history = [gettext("Made by: {command}").format(command=command) for command in manifest.info.history]
    return Section(gettext("Origin"), history, [Table(header, rows, gettext("Sources"), 4)])
