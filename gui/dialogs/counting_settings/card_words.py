"""A model card in words: what it says to somebody who counts cells, and what it says to somebody who checks it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.text import gettext, ngettext, percent, signed
from gui.widgets.class_names import long_name

if TYPE_CHECKING:
    from core.detection.loading import AnyModel
    from core.models.card import Measurement, ModelCard

_MEASURES = {"count error": gettext("Count off by"), "F1": gettext("Right cells (F1)"), "AP50": "AP50"}
_LEAST_MEASURES = 2


@dataclass(frozen=True)
class FigureTable:
    """What was measured on one test set: a line for each class, with the text of each measure."""

    test_set: str
    measures: tuple[str, ...]
    lines: tuple[tuple[str, tuple[str, ...]], ...]


def sentences(card: ModelCard) -> str:
    """Return what the model finds, and what it learned from."""
    names = [long_name(name) for name in card.classes]
    names = [name[0].lower() + name[1:] if name[1:2].islower() else name for name in names]
    listed = names[-1]
    if len(names) > 1:
        listed = gettext("{others} and {last}").format(others=", ".join(names[:-1]), last=names[-1])
    parts = [gettext("It finds {classes}.").format(classes=listed)]
    trained = [data for data in card.trained_on if data.split != "val"]
    chosen = [data for data in card.trained_on if data.split == "val"]
    if trained:
        images = sum(data.images for data in trained)
        sets = ", ".join(dict.fromkeys(data.name for data in trained))
        text = ngettext(
            "It learned from {n:,} annotated image ({sets}).",
            "It learned from {n:,} annotated images ({sets}).",
            images,
        )
        parts.append(text.format(n=images, sets=sets))
    else:
        parts.append(gettext("It did not learn from images: it goes by colour, size and shape alone."))
    if chosen:
        images = sum(data.images for data in chosen)
        text = ngettext(
            "Its own thresholds were chosen on {n:,} other image.",
            "Its own thresholds were chosen on {n:,} other images.",
            images,
        )
        parts.append(text.format(n=images))
    return " ".join(parts)


def tables(card: ModelCard) -> list[FigureTable]:
    """Return what was measured of each class: a table for each test set with several measures."""
    found: dict[str, dict[tuple[str, str], str]] = {}
    for one in card.measured:
        place = _place(one, card)
        if place is not None:
            found.setdefault(one.test_set, {})[place] = _value(one)
    result: list[FigureTable] = []
    for test_set, values in found.items():
        measures = [name for name in _MEASURES if any(measure == name for measure, _ in values)]
        if len(measures) < _LEAST_MEASURES:
            continue
        names = [name for name in card.classes if any(other == name for _, other in values)]
        lines = tuple(
            (long_name(name), tuple(values.get((measure, name), "–") for measure in measures)) for name in names
        )
        result.append(FigureTable(test_set, tuple(_MEASURES[measure] for measure in measures), lines))
    return result


def details(model: AnyModel) -> list[tuple[str, str]]:
    """Return everything else that the card says, by its name."""
    card = model.card
    rows = [
        (gettext("Architecture"), card.architecture),
        (gettext("File"), str(model.path)),
        ("SHA-256", model.sha256),
        (gettext("Overlap of one cell (NMS IoU)"), f"{card.nms_iou:.2f}"),
        (gettext("Lowest probability"), f"{card.score_floor:.2f}"),
        (gettext("Red cell size in training"), gettext("{size:.0f} px").format(size=card.red_cell_diameter)),
    ]
    if card.epochs:
        text = gettext("{epochs} epochs, seed {seed}, {date}, trainer {version}")
        text = text.format(epochs=card.epochs, seed=card.seed, date=card.date, version=card.trainer_version)
        rows.append((gettext("Training"), text))
    for data in card.trained_on:
        text = ngettext(
            "{data}, {split}: {n:,} image (SHA-256 {sha256}…)",
            "{data}, {split}: {n:,} images (SHA-256 {sha256}…)",
            data.images,
        ).format(data=data.name, split=data.split, n=data.images, sha256=data.sha256[:12])
        rows.append((data.purpose, text))
    shown = {table.test_set for table in tables(card)}
    rows += [
        (one.test_set, f"{one.figure}: {one.value:.4g}")
        for one in card.measured
        if one.test_set not in shown or _place(one, card) is None
    ]
    if card.notes:
        rows.append((gettext("Notes"), card.notes))
    return rows


def _place(one: Measurement, card: ModelCard) -> tuple[str, str] | None:
    """Return the measure and the class of a figure, None if it has no place in a table."""
    for name in card.classes:
        match = re.fullmatch(rf"(.+) {re.escape(name)}(, %)?", one.figure)
        if match and match[1] in _MEASURES:
            return match[1], name
    return None


def _value(one: Measurement) -> str:
    return f"{signed(one.value)} %" if one.figure.endswith(", %") else percent(one.value)
