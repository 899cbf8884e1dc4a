"""Evaluations side by side: each figure with its interval, and which differences are more than chance."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from core.classes import canonical_class
from core.statistics.metrics import average_precision, f1_score, ratio
from core.text import gettext
from core.verification.bootstrap import draws, percentile_interval
from core.verification.comparison import Difference, paired_difference
from core.verification.verify import AP_IOUS
from trainer.dataset.manifest import DataError
from trainer.evaluation.evaluate import EVALUATION_SCHEMA
from trainer.evaluation.per_image import ImageClass, ImageFigures
from trainer.progress import progress

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from core.statistics.intervals import Interval

EVALUATION_FILE = "evaluation.json"
MEAN = "mean"
AP50, AP, F1, COUNT_ERROR = FIGURES = ("AP50", "AP50:95", "F1", "count error %")


class Run(msgspec.Struct, kw_only=True, rename={"images": "pictures"}):
    """The parts of an evaluation file that a comparison needs."""

    schema: int
    model: dict[str, str]
    data: dict[str, Any]
    images: list[ImageFigures] = []

    @property
    def classes(self) -> tuple[str, ...]:
        """The model's classes that at least one image can judge."""
        return tuple(dict.fromkeys(name for image in self.images for name in image.classes))


@dataclass(frozen=True)
class Figure:
    """A figure with its 95 % bootstrap interval over the images, and how much higher it is than the first run's.

    NaN where it is not defined; there is then no interval, and no difference.
    """

    value: float
    interval: Interval | None
    difference: Difference | None


@dataclass(frozen=True)
class ComparedClass:
    """One class in one run, or the mean of all classes that are there; ``figures`` are by the names in ``FIGURES``."""

    run: str
    class_name: str
    truth: int
    counted: int
    figures: dict[str, Figure]


class Comparison(msgspec.Struct, frozen=True, kw_only=True, rename={"images": "pictures"}):
    """Everything that ``smearcount-train compare`` finds out, class by class, the runs in the order given.

    ``runs`` are the runs' names, with the model and the file of each.
    """

    data: dict[str, Any]
    images: int
    seed: int
    runs: list[dict[str, str]]
    rows: list[ComparedClass]


def read_run(path: Path) -> Run:
    """Read an evaluation file, or that of a report folder.

    Raises
    ------
    DataError
        If it is not an evaluation, or was written by another version.
    """
    file = path / EVALUATION_FILE if path.is_dir() else path
    try:
        run = msgspec.json.decode(file.read_bytes(), type=Run)
    except OSError as error:
        raise DataError(
            gettext("{file}: the evaluation cannot be read ({reason}); check the name and your permissions.").format(
                file=file, reason=error.strerror or error
            )
        ) from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DataError(
            gettext(
                "{file}: not an evaluation ({reason}); make one with 'smearcount-train evaluate --report DIR'."
            ).format(file=file, reason=error)
        ) from error
    if run.schema != EVALUATION_SCHEMA:
        if run.schema < EVALUATION_SCHEMA:
            text = gettext("{file}: made by an earlier version of SmearCount; evaluate the model again with this one.")
        else:
            text = gettext("{file}: made by a newer version of SmearCount; evaluate the model again with this one.")
        raise DataError(text.format(file=file))
    return run


def compare(paths: Sequence[Path], *, seed: int = 0) -> Comparison:
    """Compare evaluations of the same images.

    All runs see the same draws of images: what is hard about an image is hard for all of them.

    Parameters
    ----------
    paths
        Evaluation files or report folders; the first is the one that the others are compared with.
    seed
        Decides the draws.

    Raises
    ------
    DataError
        If a file cannot be used, or the runs are of different images or truths.
    """
    runs = [read_run(path) for path in paths]
    for run in runs:
        run.images.sort(key=lambda image: image.file)
    for path, run in zip(paths[1:], runs[1:], strict=True):
        _check_same(paths[0], runs[0], path, run)
    names = _names([run.model["name"] for run in runs])
    classes = [one for one in runs[0].classes if all(canonical_class(one, run.classes) for run in runs)]
    if not classes:
        raise DataError(
            gettext("{file}: its model has no class in common with that of {other}; compare other models.").format(
                file=paths[-1], other=paths[0]
            )
        )
    times = np.array(list(draws(len(runs[0].images), seed)))
    sampled = [[_Sampled.of(run, name, times) for run in runs] for name in progress(classes, gettext("Comparing"))]
    sampled.append(_means(sampled))
    rows = [_row(name, one, of_class[0]) for of_class in sampled for name, one in zip(names, of_class, strict=True)]
    return Comparison(
        data=runs[0].data,
        images=len(runs[0].images),
        seed=seed,
        runs=[
            {"name": name, "model": run.model["name"], "sha256": run.model["sha256"], "file": str(path)}
            for name, run, path in zip(names, runs, paths, strict=True)
        ],
        rows=rows,
    )


def _check_same(first_path: Path, first: Run, path: Path, run: Run) -> None:
    """Refuse a run over other images than the first one, or over the same with another truth."""
    ours, theirs = ({image.file for image in one.images} for one in (first, run))
    if different := sorted(ours ^ theirs):
        where = first_path if different[0] in ours else path
        raise DataError(
            gettext(
                "{file}: not the same images as {other} ({image} is only in {where}); evaluate both models with the "
                "same --data, --split and --sources."
            ).format(file=path, other=first_path, image=different[0], where=where)
        )
    same = {name: canonical_class(name, run.classes) for name in first.classes}
    for one, other in zip(first.images, run.images, strict=True):
        for name, own in same.items():
            if own is not None and _truth(one, name) != _truth(other, own):
                why = (
                    gettext("the annotations have changed, so evaluate both models again")
                    if set(first.classes) == set(run.classes)
                    else gettext(
                        "the models know different classes, and a kind unknown to one is a red cell to it; compare "
                        "models of the same classes"
                    )
                )
                raise DataError(
                    gettext("{file}: {image} has a different number of true {name} than in {other}: {why}.").format(
                        file=path, image=one.file, name=name, other=first_path, why=why
                    )
                )


def _truth(image: ImageFigures, name: str) -> int | None:
    return image.classes[name].truth if name in image.classes else None


def _names(models: Sequence[str]) -> list[str]:
    """Return a name for each run: that of its model, numbered if several runs have the same model."""
    seen: Counter[str] = Counter()
    names = []
    for model in models:
        seen[model] += 1
        names.append(model if seen[model] == 1 else f"{model} ({seen[model]})")
    return names


@dataclass(frozen=True, eq=False)
class ClassCells:
    """One class in I images, K ranked cells in descending order of score (ties: in the order of the images).

    ``truth``, ``counted`` and ``matched`` int64 (I,); ``image`` int64 (K,): places of images; ``scores``
    float32 (K,); ``is_true`` bool (10, K): at each overlap from 0.50 to 0.95, which are true cells.
    """

    truth: NDArray[np.int64]
    counted: NDArray[np.int64]
    matched: NDArray[np.int64]
    image: NDArray[np.int64]
    scores: NDArray[np.float32]
    is_true: NDArray[np.bool_]

    @classmethod
    def of(cls, images: Sequence[ImageFigures], name: str) -> ClassCells:
        nothing = ImageClass(0, 0, 0, [], [])
        rows = [image.classes.get(name, nothing) for image in images]
        scores = np.array([score for row in rows for score in row.scores], np.float32)
        hits = np.array([hit for row in rows for hit in row.hits], np.int64)
        order = np.argsort(-scores, kind="stable")
        return cls(
            np.array([row.truth for row in rows], np.int64),
            np.array([row.counted for row in rows], np.int64),
            np.array([row.matched for row in rows], np.int64),
            np.repeat(np.arange(len(rows)), [len(row.scores) for row in rows])[order],
            scores[order],
            (hits[order] >> np.arange(len(AP_IOUS))[:, None] & 1).astype(bool),
        )

    def figures(self, times: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the figures of each draw, float64 (B, 4), in the order of ``FIGURES``.

        ``times`` int64 (B, I): how often each image is in a draw.
        """
        truth, counted, matched = (times @ column for column in (self.truth, self.counted, self.matched))
        drawn = np.full((len(times), len(FIGURES)), np.nan)
        drawn[:, 2], drawn[:, 3] = f1_score(truth, counted, matched), 100 * ratio(counted - truth, truth)
        for draw in np.flatnonzero(truth):
            precision = average_precision(np.repeat(self.is_true, times[draw, self.image], axis=1), int(truth[draw]))
            drawn[draw, :2] = precision[0], precision.mean()
        return drawn


@dataclass(frozen=True, eq=False)
class _Sampled:
    """One class in one run: its figures float64 (4,), and in each draw of the images, float64 (B, 4)."""

    class_name: str
    truth: int
    counted: int
    figures: NDArray[np.float64]
    drawn: NDArray[np.float64]

    @classmethod
    def of(cls, run: Run, name: str, times: NDArray[np.int64]) -> _Sampled:
        """Draw each image of a run so many times, int64 (B, I); ``name`` may be any usual name of the class."""
        cells = ClassCells.of(run.images, canonical_class(name, run.classes) or name)
        different, same = np.unique(times, axis=0, return_inverse=True)  # of few images, most draws are the same
        return cls(
            name,
            int(cells.truth.sum()),
            int(cells.counted.sum()),
            cells.figures(np.ones((1, len(run.images)), np.int64))[0],
            cells.figures(different)[same],
        )


def _means(sampled: Sequence[Sequence[_Sampled]]) -> list[_Sampled]:
    """Return the mean over the classes that are present, for each run; count errors have no mean."""
    return [
        _Sampled(
            MEAN,
            sum(one.truth for one in of_run),
            sum(one.counted for one in of_run),
            _mean_of_known(np.stack([one.figures for one in of_run])),
            _mean_of_known(np.stack([one.drawn for one in of_run])),
        )
        for of_run in zip(*sampled, strict=True)
    ]


def _mean_of_known(figures: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean over classes (C, ..., 4) whose average precision is defined, which takes a true cell."""
    known = ~np.isnan(figures[..., [0]])
    mean = ratio(np.where(known, figures, 0.0).sum(axis=0), known.sum(axis=0))
    mean[..., FIGURES.index(COUNT_ERROR)] = np.nan
    return mean


def _row(run: str, one: _Sampled, first: _Sampled) -> ComparedClass:
    figures = {}
    for place, name in enumerate(FIGURES):
        value, drawn = float(one.figures[place]), one.drawn[:, place]
        interval = None if np.isnan(value) else percentile_interval(drawn)
        before = float(first.figures[place]), first.drawn[:, place]
        difference = None if one is first else paired_difference(value, before[0], drawn, before[1])
        figures[name] = Figure(value, interval, difference)
    return ComparedClass(run, one.class_name, one.truth, one.counted, figures)
