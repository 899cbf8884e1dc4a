"""Results as JSON: the document of the headless command and, with more about the session, that of a report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from core.counting.pipeline import FailedImage, totals
from core.report.content import ReportModel
from core.report.kind_tables import kinds_json
from core.report.kinds import JSON_SCHEMA_WITH_KINDS, cell_kinds, image_kinds
from core.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.counting.count import CountSettings
    from core.counting.estimates import Figure
    from core.counting.pipeline import CountedImage
    from core.kinds.batch import SortedBatch, SortedImage
    from core.models.method import Method
    from core.report.content import ReportContent, ReportImage
    from core.report.sign_off import SignOff
    from core.verification.profile import ProfileInUse


JSON_SCHEMA = 1


@dataclass(frozen=True)
class ModelName:
    """Which model counted; ``classes`` in the order of its labels.

    ``methods``: class name -> how it is counted in its mask; empty for a model that finds boxes.
    """

    name: str
    sha256: str
    classes: tuple[str, ...]
    methods: Mapping[str, Method]


@dataclass(frozen=True)
class BatchKinds:
    """The kinds of a batch, and what is said of them as a whole (``core.report.kinds.kinds_entry``)."""

    batch: SortedBatch
    entry: Mapping[str, Any]


def batch_json(
    images: Sequence[CountedImage],
    failed: Sequence[FailedImage],
    model: ModelName,
    settings: CountSettings,
    *,
    all_detections: bool = False,
    session: Mapping[str, Any] | None = None,
    shard: Mapping[str, Any] | None = None,
    incomplete: bool = False,
    kinds: BatchKinds | None = None,
    profile: ProfileInUse | None = None,
    not_as_profile: Sequence[str] = (),
    left_out: Sequence[str] = (),
) -> bytes:
    """Return the JSON document of a batch (UTF-8, indented): schema 1, or schema 2 with kinds of cells.

    Boxes are pixels of the orientation-corrected image. ``detections`` holds the counted cells;
    with ``all_detections`` also everything above the model's score floor, as ``"counted": false``, and
    with ``"excluded": true`` what only the frame keeps from counting. ``region`` has the corners of the
    region of interest. ``session`` is what else is known of images that were counted in a session; ``shard``
    which part of an archive the images are, and what the other parts must share with it; ``incomplete``, that the run
    was stopped and what it did not count is among the errors. ``counted_by`` of a model that makes masks says how
    each class was counted in them. ``profile`` is the laboratory's profile that was counted by, and
    ``not_as_profile`` what differs from it. ``left_out`` are sentences on files that were passed over on purpose, the
    ``notices`` of the document.
    """
    classes = model.classes
    entries = [_image_entry(image, classes, all_detections) for image in images]
    if kinds is not None:
        for entry, image, found in zip(entries, images, kinds.batch.images, strict=True):
            _add_kinds(entry, image, found, kinds.batch, all_detections)
    document = {
        "schema": JSON_SCHEMA if kinds is None else JSON_SCHEMA_WITH_KINDS,
        "model": {
            "name": model.name,
            "sha256": model.sha256,
            "classes": list(classes),
            **_counted_by(model.methods),
        },
        "settings": {
            "thresholds": dict(settings.thresholds),
            "nms_iou": settings.nms_iou,
            "edge_rule": settings.edge_rule,
        },
        **({} if profile is None else {"profile": _profile(profile, not_as_profile)}),
        "images": entries,
        "errors": [{"path": printable(item.path), "error": printable(item.error)} for item in failed],
        "totals": totals(images, classes),
        **({"notices": [printable(text) for text in left_out]} if left_out else {}),
        **({"incomplete": True} if incomplete else {}),
        **({} if session is None else {"session": session}),
        **({} if shard is None else {"shard": dict(shard)}),
        **({} if kinds is None else {"kinds": kinds.entry}),
    }
    return json_text(document)


def _profile(used: ProfileInUse, changes: Sequence[str]) -> dict[str, Any]:
    profile = used.profile
    return {
        "name": profile.name,
        "sha256": used.sha256,
        "model_sha256": profile.model_sha256,
        "red_cell_diameter": profile.red_cell_diameter,
        "changed": list(changes),
    }


def _counted_by(methods: Mapping[str, Method]) -> dict[str, dict[str, Method]]:
    """Return the entry that says how each class was counted in its mask; nothing for a model that finds boxes."""
    return {"counted_by": dict(methods)} if methods else {}


def json_text(document: Mapping[str, Any]) -> bytes:
    """Return a document as it is written: UTF-8, indented."""
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def _image_entry(image: CountedImage, classes: tuple[str, ...], all_detections: bool) -> dict[str, Any]:
    cells = image.found.detections
    chosen = np.arange(len(cells)) if all_detections else np.flatnonzero(image.result.counted)
    detections: list[dict[str, Any]] = []
    for cell in chosen:
        entry: dict[str, Any] = {
            "class": classes[cells.labels[cell]],
            "score": round(float(cells.scores[cell]), 4),
            "box": [round(float(value), 2) for value in cells.boxes[cell]],
        }
        if cells.contours is not None:
            entry["contour"] = np.round(cells.contours[cell].astype(float), 1).tolist()
        if all_detections:
            entry["counted"] = bool(image.result.counted[cell])
            entry["excluded"] = bool(image.result.excluded[cell])
        detections.append(entry)
    return {
        "path": printable(image.path),
        "width": image.width,
        "height": image.height,
        "counts": image.result.counts,
        "mean_score": {
            name: None if mean is None else round(mean, 4) for name, mean in image.result.mean_scores.items()
        },
        "scale": round(image.found.scale, 4),
        "seconds": round(image.seconds, 4),
        "notices": list(image.notices),
        "region": image.frame.region.corners if image.frame and image.frame.region else None,
        "excluded": _excluded(image, classes),
        "quality": image.quality and {"light": image.quality.grade, "reasons": list(image.quality.texts)},
        "detections": detections,
    }


def _add_kinds(
    entry: dict[str, Any], image: CountedImage, found: SortedImage, batch: SortedBatch, all_detections: bool
) -> None:
    """Add the kinds to the entry of an image and of its detections."""
    entry["kinds"] = image_kinds(found, batch)
    if batch.leaves_out:
        entry["left_out_as_no_cell"] = {name: found.left_out_of(name) for name in batch.classes}
    places = range(len(image.found.detections)) if all_detections else np.flatnonzero(image.result.counted).tolist()
    by_place = cell_kinds(found)
    for place, detection in zip(places, entry["detections"], strict=True):
        detection.update(by_place.get(place, {}))


def _excluded(image: CountedImage, classes: tuple[str, ...]) -> dict[str, int]:
    """Return by class name how many cells only the frame keeps from counting."""
    labels = image.found.detections.labels[image.result.excluded]
    return {name: int((labels == label).sum()) for label, name in enumerate(classes)}


def report_json(content: ReportContent, *, all_detections: bool = False) -> bytes:
    """Return the JSON document of a session: that of ``batch_json`` with the key ``session``.

    ``model`` is the first one if images were counted by several; ``session`` names them all.
    """
    first = content.models[0] if content.models else ReportModel("", "", 0)
    model = ModelName(first.name, first.sha256, content.classes, first.methods)
    failed = [FailedImage(image.path, image.problem) for image in content.uncounted]
    return batch_json(
        content.counted,
        failed,
        model,
        content.settings,
        all_detections=all_detections,
        session=_session(content),
        profile=content.profile,
        not_as_profile=content.not_as_profile,
    )


def _session(content: ReportContent) -> dict[str, Any]:
    return {
        "path": printable(content.session),
        "sample": {"id": content.sample.id, "fields": dict(content.sample.fields)},
        "totals": {
            row.name: {
                "count": row.count,
                "interval": list(row.interval),
                "model": row.ledger.model,
                "added": row.ledger.added,
                "removed": row.ledger.removed,
                **({"left_out_as_no_cell": row.ledger.left_out} if row.ledger.left_out else {}),
                "mean_score": row.mean,
                "share": row.share,
                "share_interval": row.share_interval and list(row.share_interval),
                **_erythroblasts(content.erythroblasts(row.name), row.count),
            }
            for row in content.totals
        },
        "figures": [_figure(one) for one in content.figures],
        "inputs": content.inputs,
        "images": [_image(image) for image in content.images if image.counted is not None],
        "models": [
            {
                "name": model.name,
                "sha256": model.sha256,
                "images": model.images,
                **_counted_by(model.methods),
            }
            for model in content.models
        ],
        "thresholds_from": {name: content.origin_of(name) for name in content.classes},
        "verification": [
            {"class": row.name, "handed_in": row.handed_in, "images": row.images, "score": row.score}
            for row in content.verification
        ],
        **({} if content.kinds is None else {"kinds": kinds_json(content.kinds)}),
        "content_sha256": content.content,
        "signed": _signed(content.signed),
        "superseded": _signed(content.superseded),
        "made": content.made,
        "version": content.version,
    }


def _erythroblasts(erythroblasts: int, count: int) -> dict[str, int]:
    """Return how many erythroblasts are in a count, and the count without them; nothing if there are none."""
    if not erythroblasts:
        return {}
    return {"erythroblasts": erythroblasts, "without_erythroblasts": count - erythroblasts}


def _image(image: ReportImage) -> dict[str, Any]:
    assert image.counted is not None
    ledger = image.counted.result.ledger
    return {
        "path": printable(image.path),
        "sha256": image.sha256,
        "model_sha256": image.model_sha256,
        "ledger": {name: [row.model, row.added, row.removed] for name, row in ledger.items()},
        "reviewed": image.reviewed,
        "reviewer": image.reviewer,
        "changed_since_review": image.changed,
    }


def _signed(sign_off: SignOff | None) -> dict[str, Any] | None:
    if sign_off is None:
        return None
    return {"person": sign_off.user, "time": sign_off.time, "content_sha256": sign_off.content}


def _figure(figure: Figure) -> dict[str, Any]:
    ends = None
    if figure.ends is not None:
        low, high = figure.ends
        ends = {"low": low, "high": None if high == float("inf") else high, "are": figure.span}
    return {"what": figure.what, "unit": figure.unit, "value": figure.value, "ends": ends}
