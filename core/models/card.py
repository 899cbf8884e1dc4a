"""The card of a model: what a model file says of itself."""

from __future__ import annotations

from typing import Literal

import msgspec

from core.models.method import CountingMethod, Method, usual_method
from core.text import gettext

CARD_KEY = "smearcount"
"""Key of the card's JSON in the metadata of an ``.onnx`` file."""

CARD_SCHEMA = 1


class CardError(ValueError):
    """A card that is missing, damaged or of another version; the message says which."""


class _Versioned(msgspec.Struct):
    """What a card of any version and kind has."""

    schema: int = CARD_SCHEMA
    kind: str = ""


class DataProvenance(msgspec.Struct, frozen=True):
    """One data set that a model was trained on; or, if the split is ``val``, that its thresholds were chosen on."""

    name: str
    split: str
    images: int
    sha256: str

    @property
    def purpose(self) -> str:
        """What it was used for, as words before its name."""
        return gettext("Thresholds chosen on") if self.split == "val" else gettext("Trained on")


class Measurement(msgspec.Struct, frozen=True):
    """One measured figure, with the name of the data it was measured on."""

    test_set: str
    figure: str
    value: float


class LookRange(msgspec.Struct, frozen=True):
    """Where one number of the look lies in the training images: its 1 %, 50 % and 99 % quantiles."""

    low: float
    middle: float
    high: float


class ModelCard(msgspec.Struct, frozen=True, kw_only=True):
    """What the program must know of a model, and what a person should.

    Lengths are in pixels. ``red_cell_diameter`` is the size that red cells are scaled to before
    they reach the network; ``tile`` and ``overlap`` are lengths at that scale. ``thresholds`` has one
    suggested confidence threshold for each class. ``score_floor`` is the lowest score that the
    network hands out. ``even_light``: the illumination of the field is divided out first. ``red_cells`` names
    the classes that are red cells, of whatever shape: they tell the scale of a picture.

    A ``segmentation`` model makes masks; ``counting`` says for each class how its cells are counted in them.
    It looks at pieces of ``tile`` pixels and speaks of the ``tile_inside`` pixels in the middle of each (0: of
    all, and pieces overlap by ``overlap``).

    ``look``: where the numbers of ``core.detection.look`` lie in the training images; empty: not known.
    """

    schema: int = CARD_SCHEMA
    name: str
    architecture: str
    kind: Literal["detection", "segmentation"] = "detection"
    classes: tuple[str, ...]
    thresholds: dict[str, float]
    nms_iou: float = 0.5
    score_floor: float = 0.05
    red_cell_diameter: float
    tile: int = 1024
    overlap: int = 256
    even_light: bool = True
    red_cells: tuple[str, ...] = ("RBC",)
    padding_rgb: tuple[int, int, int] = (124, 116, 104)
    counting: dict[str, CountingMethod] = {}
    tile_inside: int = 0
    trained_on: tuple[DataProvenance, ...] = ()
    seed: int = 0
    epochs: int = 0
    date: str = ""
    trainer_version: str = ""
    measured: tuple[Measurement, ...] = ()
    notes: str = ""
    look: dict[str, LookRange] = {}

    @property
    def red_labels(self) -> tuple[int, ...]:
        """The places of the red cell classes among ``classes``."""
        return tuple(label for label, name in enumerate(self.classes) if name in self.red_cells)

    @property
    def methods(self) -> dict[str, Method]:
        """How each class is counted in its mask; empty for a model that finds boxes."""
        return {name: how.method for name, how in self.counting.items()} if self.kind == "segmentation" else {}

    def with_counting(self, counting: dict[str, CountingMethod]) -> ModelCard:
        """Return the card with these counting methods, and the usual ones for classes that are not named."""
        return msgspec.structs.replace(
            self, counting={name: counting.get(name) or usual_method(name) for name in self.classes}
        )

    def to_json(self) -> str:
        """Return the card as JSON text."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def from_json(cls, text: str) -> ModelCard:
        """Read and check a card.

        Raises
        ------
        CardError
            If the text is no card, or a card that this version cannot use.
        """
        try:
            facts = msgspec.json.decode(text, type=_Versioned)
            if facts.schema > CARD_SCHEMA:
                raise CardError(gettext("it was made for a newer version of SmearCount"))
            if facts.kind == "embedding":
                raise CardError(gettext("it tells kinds of cells apart, but finds none"))
            card = msgspec.json.decode(text, type=cls)
        except msgspec.MsgspecError as error:
            raise CardError(gettext("its card is damaged ({error})").format(error=error)) from error
        if not card.classes or len(set(card.classes)) != len(card.classes):
            raise CardError(gettext("its card names no classes, or one class twice"))
        if set(card.thresholds) != set(card.classes):
            raise CardError(gettext("its card lacks a threshold for a class"))
        numbers_fit = (
            all(0 <= value <= 1 for value in card.thresholds.values())
            and 0 < card.nms_iou <= 1
            and 0 <= card.score_floor < 1
            and 4 <= card.red_cell_diameter <= 1000
            and card.overlap > 0
            and 2 * card.overlap <= card.tile <= 8192
        )
        if not numbers_fit or not 0 <= card.tile_inside <= card.tile:
            raise CardError(gettext("its card holds an invalid number"))
        return card if card.kind == "detection" else card.with_counting(card.counting)
