"""Writing the model card inside a model file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import onnx

from core.models.card import CARD_KEY, Measurement, ModelCard

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def write_card(path: Path, card: ModelCard) -> None:
    """Put the card into a model file, in place of the one it had."""
    proto = onnx.load(path)
    onnx.helper.set_model_props(proto, {CARD_KEY: card.to_json()})
    save_proto(proto, path)


def save_proto(proto: onnx.ModelProto, path: Path) -> None:
    """Check and write a model; a crash leaves the file that was there, never half a one."""
    onnx.checker.check_model(proto)
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(proto.SerializeToString())
    partial.replace(path)


def with_measurements(card: ModelCard, test_set: str, figures: Mapping[str, float]) -> ModelCard:
    """Return the card with these figures in place of any earlier ones of the same test set."""
    others = tuple(item for item in card.measured if item.test_set != test_set)
    new = tuple(Measurement(test_set, name, round(float(value), 4)) for name, value in figures.items())
    return msgspec.structs.replace(card, measured=others + new)
