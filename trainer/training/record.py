"""What a run was started with: kept in its folder and in every checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from core.errors import UserError
from core.models.card import DataProvenance  # noqa: TC001  msgspec needs it when it reads a record
from core.text import gettext

if TYPE_CHECKING:
    from pathlib import Path

RECORD_FILE = "run.json"


class RunError(UserError):
    """A run folder that cannot be used; the message gives the reason and the remedy."""


class RunRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that decides what model comes out of a run.

    ``preset`` is the preset by entry; ``weights`` what the network started from, None if random;
    ``data`` the training and the validation set.
    """

    preset: dict[str, Any]
    seed: int
    precision: str
    weights: str | None
    data: tuple[DataProvenance, ...]
    trainer_version: str

    def as_dict(self) -> dict[str, Any]:
        """Return plain dicts, lists, strings and numbers, which a checkpoint may hold."""
        return msgspec.json.decode(msgspec.json.encode(self))

    def differences(self, other: RunRecord) -> list[str]:
        """Say in words what another run does differently; versions of the trainer may differ."""
        mine, theirs = self._flat(), other._flat()
        return [
            f"{key} {mine.get(key)} here, {theirs.get(key)} now"
            for key in {**mine, **theirs}
            if mine.get(key) != theirs.get(key)
        ]

    def _flat(self) -> dict[str, Any]:
        entries = {f"preset {key}": value for key, value in self.as_dict()["preset"].items()}
        for item in self.data:
            entries[f"{item.split} data"] = f"{item.name} ({item.images} images, {item.sha256[:8]})"
        # first, in the words of --epochs: a segmentation network divides them between its two phases
        epochs = sum(self.preset.get(key, 0) for key in ("epochs", "mask_epochs", "edge_epochs"))
        return {
            "epochs": epochs,
            "seed": self.seed,
            "precision": self.precision,
            "weights": self.weights,
            **entries,
        }


def read_record(folder: Path) -> RunRecord | None:
    """Return the record of a run folder, None if it has none.

    Raises
    ------
    RunError
        If it is damaged.
    """
    path = folder / RECORD_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=RunRecord)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise RunError(
            gettext("{file}: the record of the run cannot be read ({reason}); use another --run folder.").format(
                file=path, reason=error
            )
        ) from error


def open_run(folder: Path, record: RunRecord) -> bool:
    """Claim a run folder for a run; return whether it holds a run of the same kind to resume.

    Raises
    ------
    RunError
        If the folder holds a run that was started with something else.
    """
    checkpoint = folder / "last.ckpt"
    folder.mkdir(parents=True, exist_ok=True)
    if not checkpoint.exists():
        content = msgspec.json.format(msgspec.json.encode(record), indent=1)
        (folder / RECORD_FILE).write_bytes(content + b"\n")
        return False
    earlier = read_record(folder)
    if earlier is None:
        raise RunError(
            gettext("{folder}: has a checkpoint but no {record} of how it was made; use another --run folder.").format(
                folder=folder, record=RECORD_FILE
            )
        )
    if differences := earlier.differences(record):
        raise RunError(
            gettext(
                "{folder}: this run was started differently ({difference}); start it the same way, or use another "
                "--run folder."
            ).format(folder=folder, difference=differences[0])
        )
    return True
