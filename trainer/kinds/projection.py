"""The projection of a describer: what tells kinds apart counts, what differs within a kind does not.

Averages are evened out by their covariance within kinds (Hatch and others 2006, "within-class covariance
normalization"), and the directions in which cells differ most beyond that are kept. That is what lets three examples
of a kind teach something: few examples cannot tell by themselves in which directions cells of one kind differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from trainer.kinds.network import DIMENSIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trainer.kinds.network import CellDescriber

SHRINKAGE = 0.1
_SMALLEST = 1e-3


def fit_projection(
    describer: CellDescriber, averages: NDArray[np.float32], groups: NDArray[np.int64], shrinkage: float = SHRINKAGE
) -> None:
    """Set the projection of a describer.

    Parameters
    ----------
    averages
        float32 (N, W): ``CellDescriber.averages`` of cells.
    groups
        int64 (N,): which of them are of one kind; or, where nobody told, of one cell that was photographed anew.
    shrinkage
        How much of the covariance within groups is taken to be the same in all directions.
    """
    mean, spread = averages.mean(axis=0), averages.std(axis=0) + _SMALLEST
    values = ((averages - mean) / spread).astype(np.float64)
    _, places, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    centres = np.zeros((len(sizes), values.shape[1]))
    np.add.at(centres, places, values)
    rest = values - (centres / sizes[:, None])[places]
    within = rest.T @ rest / len(rest)
    width = len(within)
    within = (1 - shrinkage) * within + shrinkage * np.trace(within) / width * np.eye(width)
    lengths, directions = np.linalg.eigh(within)
    evened = directions / np.sqrt(lengths)
    points = values @ evened
    _, axes = np.linalg.eigh(np.cov(points.T))
    kept = evened @ axes[:, ::-1][:, :DIMENSIONS]
    weight = (kept / spread[:, None]).T
    with torch.no_grad():
        describer.projection.weight.copy_(torch.from_numpy(weight))
        describer.projection.bias.copy_(torch.from_numpy(-weight @ mean))
