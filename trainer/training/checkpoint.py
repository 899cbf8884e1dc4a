"""Opening checkpoints, without ever running what is inside."""

from __future__ import annotations

import pickle
import warnings
from typing import TYPE_CHECKING, Any

import torch

from core.errors import UserError
from core.text import gettext

if TYPE_CHECKING:
    from pathlib import Path


class CheckpointError(UserError):
    """A checkpoint that cannot be used; the message names the file and the remedy."""


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint's tensors and plain values; anything else in it is refused, not run.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, or holds more than tensors and plain values.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # whatever is odd about the file, the answer is below
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            gettext(
                "{file}: refused, because it is damaged or holds more than weights; use a trusted checkpoint."
            ).format(file=path)
        ) from error
    except FileNotFoundError as error:
        raise CheckpointError(
            gettext("{file}: there is no such checkpoint; give the best.ckpt of a run folder.").format(file=path)
        ) from error
    except (OSError, RuntimeError, EOFError, ValueError) as error:
        raise CheckpointError(
            gettext("{file}: not a checkpoint, or damaged; give the best.ckpt of a run folder.").format(file=path)
        ) from error
    if not isinstance(content, dict):
        raise CheckpointError(
            gettext("{file}: not a checkpoint of a run; give the best.ckpt of a run folder.").format(file=path)
        )
    return content
