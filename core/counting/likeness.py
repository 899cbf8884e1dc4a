"""How far the look of an image is from that of the images a model was trained on, in words."""

from __future__ import annotations

import math
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from core.detection.look import (
    BLUR,
    LIGHT_FALL,
    LIGHT_TINT,
    SIZE,
    STAIN_BLUE,
    STAIN_DENSITY,
    STAIN_RED,
    UNCERTAIN,
)
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from core.models.card import LookRange

MARGIN = 0.5
"""How far beyond the range is unlike, as a share of the range between its middle and that end."""

SHARE_OF_SAMPLE = 1 / 3
"""From this share of its images on, a sample as a whole is unlike the training images."""

_LEAST_MARGIN = 0.02  # of the numbers themselves; a narrow range is no reason to be strict
_SIZE_FACTOR = 3.0
"""Images are brought to one scale before they are counted: three times smaller or larger cells are counted as well."""

_BELOW = {
    STAIN_DENSITY: gettext("Stain: red cells are paler"),
    STAIN_RED: gettext("Stain: red cells are redder"),
    STAIN_BLUE: gettext("Stain: red cells are more violet"),
    SIZE: gettext("Scale: red cells are smaller in pixels"),
}
_ABOVE = {
    LIGHT_FALL: gettext("Light: it falls off more across the field"),
    LIGHT_TINT: gettext("Light: its colour changes more across the field"),
    STAIN_DENSITY: gettext("Stain: red cells are darker"),
    STAIN_RED: gettext("Stain: red cells are bluer"),
    STAIN_BLUE: gettext("Stain: red cells are yellower"),
    BLUR: gettext("Focus: borders are softer"),
    SIZE: gettext("Scale: red cells are larger in pixels"),
}


_UNITS = {
    LIGHT_FALL: gettext("by {value}"),
    LIGHT_TINT: gettext("by {value}"),
    STAIN_DENSITY: gettext("they absorb {value} of the green light"),
    STAIN_RED: gettext("red against green {value}"),
    STAIN_BLUE: gettext("blue against green {value}"),
    BLUR: gettext("{value} of a red cell"),
    SIZE: gettext("{value} px"),
}


class Unlike(NamedTuple):
    """One number of a look that is far from the training images, with a sentence for the user."""

    measure: str
    text: str


class UnlikeSample(NamedTuple):
    """``unlike`` of ``images`` images are unlike the training images; ``reasons`` are sentences."""

    unlike: int
    images: int
    reasons: tuple[str, ...]


def unlike(look: Mapping[str, float], reference: Mapping[str, LookRange]) -> Iterator[Unlike]:
    """Yield what of a look is far from the training images; nothing where the model's card has no reference.

    Parameters
    ----------
    look
        From ``core.detection.look.look_of``.
    reference
        The ``look`` of the model's card.
    """
    for measure, value in look.items():
        known = reference.get(measure)
        if known is None:
            continue
        above, below = _is_above(measure, value, known), _is_below(measure, value, known)
        if (what := _what(measure, above=above, below=below)) is not None:
            text = gettext(
                "{what} than in 99 % of the training images ({value}; there {low} to {high}, mostly {usual})."
            )
            low, usual, high = (_shown(measure, number) for number in (known.low, known.middle, known.high))
            shown = _UNITS.get(measure, "{value}").format(value=_shown(measure, value))
            yield Unlike(measure, text.format(what=what, value=shown, low=low, usual=usual, high=high))


def unlike_values(look: Mapping[str, float], reference: Mapping[str, LookRange]) -> dict[str, float]:
    """Return the numbers of a look that are far from the training images, by their measures."""
    return {one.measure: look[one.measure] for one in unlike(look, reference)}


def unlike_sample(images: Sequence[Mapping[str, float]], reference: Mapping[str, LookRange]) -> UnlikeSample | None:
    """Tell whether a sample as a whole is unlike the training images; None if it is like them.

    Parameters
    ----------
    images
        The ``unlike_values`` of each of its images.
    reference
        The ``look`` of the model's card.

    Returns
    -------
    The reasons have the median of the images that each of them is true of.
    """
    far = [values for values in images if values]
    if not far or len(far) < SHARE_OF_SAMPLE * len(images):
        return None
    by_measure: dict[str, list[float]] = {}
    for values in far:
        for measure, value in values.items():
            by_measure.setdefault(measure, []).append(value)
    commonest = sorted(by_measure, key=lambda measure: -len(by_measure[measure]))
    middle = {measure: median(by_measure[measure]) for measure in commonest}
    return UnlikeSample(len(far), len(images), tuple(one.text for one in unlike(middle, reference)))


def _shown(measure: str, value: float) -> str:
    """Return a number of a look as people read it, without its unit."""
    if measure in (LIGHT_FALL, LIGHT_TINT, STAIN_DENSITY):
        value = 1 - math.exp(-value)  # a share of the light, from its logarithm
    if measure == SIZE:
        return f"{value:.0f}"
    if measure == BLUR:
        return gettext("{share:.1f} %").format(share=100 * value)
    if measure in (STAIN_RED, STAIN_BLUE):
        return f"{value:.2f}"
    return gettext("{share:.0f} %").format(share=100 * value)


def _is_above(measure: str, value: float, known: LookRange) -> bool:
    if measure == SIZE:
        return value > _SIZE_FACTOR * known.high
    return value > known.high + max(MARGIN * (known.high - known.middle), _LEAST_MARGIN)


def _is_below(measure: str, value: float, known: LookRange) -> bool:
    if measure == SIZE:
        return value < known.low / _SIZE_FACTOR
    return value < known.low - max(MARGIN * (known.middle - known.low), _LEAST_MARGIN)


def _what(measure: str, *, above: bool, below: bool) -> str | None:
    if above and measure.startswith(UNCERTAIN):
        return gettext("Scores: more {name} are uncertain").format(name=measure.removeprefix(UNCERTAIN))
    return _ABOVE.get(measure) if above else _BELOW.get(measure) if below else None
