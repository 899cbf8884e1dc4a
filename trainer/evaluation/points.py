"""Evaluation against points: sources that mark each red cell with a point, such as Chula RBC-12."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.counting.count import CountSettings
from core.imaging.files.finding import find_images
from core.text import gettext
from trainer.dataset.manifest import DataError
from trainer.evaluation.predict import predict_paths

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from core.counting.pipeline import CountedImage
    from core.detection.loading import AnyModel, CellDetector

_BORDER = 3.0  # pixels: a box that comes this close to the border is cut by it
_COVERAGE_COLUMNS = ("image", "isolated_cells", "isolated_cells_without_point")


@dataclass(frozen=True)
class PointImage:
    """An image whose red cells are marked with points, float64 (P, 2) x y in pixels.

    ``unmarked`` isolated cells are known to carry no point.
    """

    path: Path
    points: NDArray[np.float64]
    unmarked: int = 0


@dataclass(frozen=True)
class PointImageFigures:
    """The figures of one field."""

    file: str
    points: int
    points_inside: int
    whole_red_cells: int
    whole_points: int
    counts: dict[str, int]


@dataclass(frozen=True)
class PointEvaluation:
    """Everything that ``smearcount-train evaluate-points`` finds out; written as JSON.

    ``red_error_percent`` is the red cell total against the points, and
    ``red_error_with_unmarked_percent`` against the points and the isolated cells known to lack one.
    ``whole_red_error_percent`` leaves out the cells that the border cuts, with the points in them: the
    program counts those, and such sources mark few of them.
    White cells are not marked in such sources: those counted are false unless a look at the ``files``
    says otherwise.
    """

    model: dict[str, str]
    images: int
    points: int
    unmarked: int
    points_inside_share: float
    red_cells: int
    red_error_percent: float
    red_error_with_unmarked_percent: float
    whole_red_error_percent: float
    white_cells: int
    white_cells_per_field: float
    white_cell_files: dict[str, int]
    platelets: int
    seconds_per_image: float
    files: list[PointImageFigures]


def load_point_images(
    images: Path, points: Path, only: Path | None = None, max_missing: float = 0.1
) -> list[PointImage]:
    """Read the images of a folder and their point files, ``x y type`` lines by the same name.

    Parameters
    ----------
    only
        A list of file names, one a line; or a coverage table with the columns ``image,
        isolated_cells, isolated_cells_without_point``, of which the images count where at most the
        share ``max_missing`` of the isolated cells has no point.

    Raises
    ------
    DataError
        If a file is missing or broken, or nothing is left.
    """
    chosen = None if only is None else read_choice(only, max_missing)
    fields = []
    if chosen is None:
        if not images.is_dir():
            raise DataError(gettext("{folder}: no such folder; give the folder of the images.").format(folder=images))
        chosen = dict.fromkeys((path.name for path in find_images([images]).images), 0)
    for name, unmarked in chosen.items():
        fields.append(PointImage(images / name, _read_points((points / name).with_suffix(".txt")), unmarked))
    if not fields:
        raise DataError(
            gettext("{file}: no image is selected; check the folder and --max-missing.").format(file=only or images)
        )
    return fields


def read_choice(path: Path, max_missing: float = 0.1) -> dict[str, int]:
    """Return the chosen file names and how many of their isolated cells carry no point.

    Raises
    ------
    DataError
        If the file is neither a list of names nor a coverage table.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
        if not lines or "," not in lines[0]:
            return {line.strip(): 0 for line in lines if line.strip()}
        chosen = {}
        for row in csv.DictReader(lines):
            image, cells, unmarked = (row[column] for column in _COVERAGE_COLUMNS)
            if int(unmarked) <= max_missing * int(cells):
                chosen[image] = int(unmarked)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            gettext("{file}: neither a list of names nor a coverage table ({reason}); write one name per line.").format(
                file=path, reason=error
            )
        ) from error
    return chosen


def _read_points(path: Path) -> NDArray[np.float64]:
    try:
        rows = [line.split() for line in path.read_text("utf-8").splitlines() if line.strip()]
        return np.array([[float(row[0]), float(row[1])] for row in rows], np.float64).reshape(-1, 2)
    except (OSError, ValueError, IndexError) as error:
        raise DataError(
            gettext("{file}: the points cannot be read ({reason}); write 'x y type' on each line.").format(
                file=path, reason=error
            )
        ) from error


def evaluate_points(model: AnyModel, detector: CellDetector, fields: Sequence[PointImage]) -> PointEvaluation:
    """Count the fields at the model's card settings and compare the red cells of all kinds with the points."""
    settings = CountSettings.suggested_by(model.card)
    images = list(predict_paths([field.path for field in fields], detector, settings))
    files = [_figures(field, image, model.card.red_labels) for field, image in zip(fields, images, strict=True)]
    points, unmarked = sum(item.points for item in files), sum(field.unmarked for field in fields)
    red = sum(item.counts[model.card.classes[label]] for item in files for label in model.card.red_labels)
    white, platelets = (sum(item.counts.get(name, 0) for item in files) for name in ("WBC", "Platelets"))
    return PointEvaluation(
        model={"name": model.card.name, "sha256": model.sha256},
        images=len(files),
        points=points,
        unmarked=unmarked,
        points_inside_share=sum(item.points_inside for item in files) / points if points else float("nan"),
        red_cells=red,
        red_error_percent=_percent_off(red, points),
        red_error_with_unmarked_percent=_percent_off(red, points + unmarked),
        whole_red_error_percent=_percent_off(
            sum(item.whole_red_cells for item in files), sum(item.whole_points for item in files)
        ),
        white_cells=white,
        white_cells_per_field=white / len(files),
        white_cell_files={item.file: item.counts["WBC"] for item in files if item.counts.get("WBC")},
        platelets=platelets,
        seconds_per_image=float(np.median([image.seconds for image in images])),
        files=files,
    )


def _figures(field: PointImage, image: CountedImage, red_labels: Sequence[int]) -> PointImageFigures:
    boxes = _red_boxes(image, red_labels)
    limits = np.array([image.width, image.height], np.float32) - _BORDER
    cut = (boxes[:, :2] < _BORDER).any(axis=1) | (boxes[:, 2:] > limits).any(axis=1)
    inside, inside_whole = points_inside(field.points, boxes), points_inside(field.points, boxes[~cut])
    in_cut_only = inside & ~inside_whole
    return PointImageFigures(
        file=field.path.name,
        points=len(field.points),
        points_inside=int(inside.sum()),
        whole_red_cells=int((~cut).sum()),
        whole_points=int((~in_cut_only).sum()),
        counts=image.result.counts,
    )


def _red_boxes(image: CountedImage, red_labels: Sequence[int]) -> NDArray[np.float32]:
    cells = image.found.detections
    return cells.boxes[image.result.counted & np.isin(cells.labels, red_labels)]


def points_inside(points: NDArray[np.float64], boxes: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell which points (P, 2) lie in at least one of the boxes (N, 4); bool (P,)."""
    x, y = points[:, 0, None], points[:, 1, None]
    inside = (x >= boxes[:, 0]) & (x <= boxes[:, 2]) & (y >= boxes[:, 1]) & (y <= boxes[:, 3])
    return np.asarray(inside.any(axis=1))


def _percent_off(counted: int, truth: int) -> float:
    return 100 * (counted - truth) / truth if truth else float("nan")


def card_figures(evaluation: PointEvaluation) -> dict[str, float]:
    """Return the figures that belong on a model's card, by the name they get there."""
    return {
        "points inside a counted red cell": evaluation.points_inside_share,
        "count error RBC, %": evaluation.red_error_percent,
        "count error of whole RBC, %": evaluation.whole_red_error_percent,
        "white cells counted per field": evaluation.white_cells_per_field,
    }
