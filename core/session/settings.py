"""What a session keeps beside its pictures and cells that a number hangs on: each value has its name here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from core.counting.count import CountSettings
from core.counting.estimates import EstimateInputs
from core.counting.frame import EdgeRule
from core.counting.region import Region
from core.models.card import CardError, ModelCard
from core.verification.thresholds import ThresholdRecord

if TYPE_CHECKING:
    from core.detection.detector import DetectorResult
    from core.session.session import Session

SETTINGS_KEY = "settings"


class _Settings(msgspec.Struct):
    """The settings of a count as a session keeps them; version 0.1 had no edge rule."""

    classes: tuple[str, ...]
    thresholds: dict[str, float]
    nms_iou: float
    edge_rule: EdgeRule = EdgeRule.ALL


class _Field(msgspec.Struct):
    """What the detector says of a field besides its cells."""

    blur: float | None = None
    capped: bool = False
    levels: tuple[float, float] | None = None


def stored_settings(settings: CountSettings, classes: tuple[str, ...]) -> dict[str, Any]:
    """Return the value under ``SETTINGS_KEY`` for these settings and classes, in the order of the labels."""
    stored = _Settings(classes, dict(settings.thresholds), settings.nms_iou, settings.edge_rule)
    return msgspec.json.decode(msgspec.json.encode(stored))  # as it comes back: tuples are lists


def load_settings(session: Session) -> tuple[CountSettings, tuple[str, ...]] | None:
    """Return how the session counts, and its classes in the order of the labels; None before its first count.

    Raises
    ------
    ValueError
        If they are damaged.
    """
    value = session.get(SETTINGS_KEY)
    if not value:
        return None
    stored = msgspec.convert(value, _Settings)
    return CountSettings(stored.thresholds, stored.nms_iou, stored.edge_rule), stored.classes


_ESTIMATES_KEY = "estimates"


def load_estimate_inputs(session: Session) -> EstimateInputs:
    """Return what the laboratory gave for estimates; raises ValueError if it is damaged."""
    return msgspec.convert(session.get(_ESTIMATES_KEY, {}), EstimateInputs)


def save_estimate_inputs(session: Session, inputs: EstimateInputs) -> None:
    """Store what the laboratory gives for estimates."""
    session.put(_ESTIMATES_KEY, msgspec.to_builtins(inputs))


def region_key(image: int | str) -> str:
    """Return the name of the setting that holds an image's region of interest."""
    return f"region {image}"


def load_region(session: Session, image: int) -> Region | None:
    """Return the region of interest of an image, None if all of it counts; raises ValueError if it is damaged."""
    value = session.get(region_key(image))
    return None if value is None else msgspec.convert(value, Region)


def load_regions(session: Session) -> dict[int, Region]:
    """Return image id -> its region of interest, for the images that have one; raises ValueError if one is damaged."""
    stored = session.get_all(region_key(""))
    return {int(image): msgspec.convert(value, Region) for image, value in stored.items() if value is not None}


def save_region(session: Session, image: int, region: Region | None) -> None:
    """Store the region of interest of an image, or with None that all of it counts."""
    session.put(region_key(image), None if region is None else msgspec.to_builtins(region))


def _field_key(image: int) -> str:
    return f"field {image}"


def load_field(session: Session, image: int) -> tuple[float | None, bool, tuple[float, float] | None]:
    """Return the blur of an image, whether candidates were dropped, and its grey levels, as in ``DetectorResult``."""
    stored = msgspec.convert(session.get(_field_key(image), {}), _Field)
    return stored.blur, stored.capped, stored.levels


def save_field(session: Session, image: int, found: DetectorResult) -> None:
    """Store what the detector says of a field besides its cells."""
    session.put(_field_key(image), {"blur": found.blur, "capped": found.capped, "levels": found.levels})


def _card_key(sha256: str) -> str:
    return f"model {sha256}"


def load_card(session: Session, sha256: str) -> ModelCard | None:
    """Return the card of a model that counted images of the session; None if it was not kept."""
    value = session.get(_card_key(sha256))
    try:
        return None if value is None else ModelCard.from_json(msgspec.json.encode(value).decode())
    except CardError:
        return None


def keep_card(session: Session, sha256: str, card: ModelCard) -> None:
    """Store the card of a model: what it says of itself is wanted long after its file is gone."""
    if session.get(_card_key(sha256)) is None:
        session.put(_card_key(sha256), msgspec.to_builtins(card))


class ModelInUse(msgspec.Struct, frozen=True):
    """What a session is counted with: the file of the model, "" for the one that ships, and the model's hash."""

    path: str
    sha256: str


_MODEL_IN_USE_KEY = "model in use"


def load_model_in_use(session: Session) -> ModelInUse | None:
    """Return what the session is counted with; None if nothing was counted yet, or if that is damaged."""
    try:
        return msgspec.convert(session.get(_MODEL_IN_USE_KEY), ModelInUse | None)
    except ValueError:
        return None


def save_model_in_use(session: Session, model: ModelInUse) -> None:
    """Store what the session is counted with; the card of each file's model that was is kept apart."""
    if load_model_in_use(session) != model:
        session.put(_MODEL_IN_USE_KEY, msgspec.to_builtins(model))
        session.put(_last_of_key(model.path), model.sha256)


def _last_of_key(path: str) -> str:
    return f"last model of {path}"


def load_last_card(session: Session, path: str) -> ModelCard | None:
    """Return the card that the model of a file (as in ``ModelInUse``) had when the session was last counted with it.

    None if it never was.
    """
    sha256 = session.get(_last_of_key(path))
    return load_card(session, sha256) if isinstance(sha256, str) else None


def threshold_key(name: str) -> str:
    """Return the name of the setting that says where the threshold of a class comes from."""
    return f"threshold of {name}"


def load_threshold_record(session: Session, name: str) -> ThresholdRecord | None:
    """Return where the threshold of a class comes from, if it was chosen by verification."""
    value = session.get(threshold_key(name))
    return None if value is None else ThresholdRecord.from_stored(value)
