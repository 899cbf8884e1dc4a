"""The report as JSON: the document of the headless command, with what a session knows besides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.counting.pipeline import FailedImage, ModelName, counted_by
from core.counting.pipeline import to_json as results_to_json
from core.report.content import ReportModel
from core.text import printable

if TYPE_CHECKING:
    from core.counting.estimates import Figure
    from core.report.content import ReportContent, ReportImage
    from core.report.sign_off import SignOff


def to_json(content: ReportContent, *, all_detections: bool = False) -> bytes:
    """Return the JSON document of a session: schema 1 of ``core.counting.pipeline.to_json`` with the key ``session``.

    ``model`` is the first one if images were counted by several; ``session`` names them all.
    """
    first = content.models[0] if content.models else ReportModel("", "", 0)
    model = ModelName(first.name, first.sha256, content.classes, first.methods)
    failed = [FailedImage(image.path, image.problem) for image in content.uncounted]
    return results_to_json(
        content.counted, failed, model, content.settings, all_detections=all_detections, session=_session(content)
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
                "mean_score": row.mean,
                "share": row.share,
                "share_interval": row.share_interval and list(row.share_interval),
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
                **counted_by(model.methods),
            }
            for model in content.models
        ],
        "thresholds_from": {name: content.origin_of(name) for name in content.classes},
        "verification": [
            {"class": row.name, "handed_in": row.handed_in, "images": row.images, "score": row.score}
            for row in content.verification
        ],
        "content_sha256": content.content,
        "signed": _signed(content.signed),
        "superseded": _signed(content.superseded),
        "made": content.made,
        "version": content.version,
    }


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
    return {"person": sign_off.person, "time": sign_off.time, "content_sha256": sign_off.content}


def _figure(figure: Figure) -> dict[str, Any]:
    ends = None
    if figure.ends is not None:
        low, high = figure.ends
        ends = {"low": low, "high": None if high == float("inf") else high, "are": figure.span}
    return {"what": figure.what, "unit": figure.unit, "value": figure.value, "ends": ends}
