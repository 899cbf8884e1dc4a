"""Parts of an image that are there twice are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from core.imaging.doubts import Doubt
from core.imaging.reading import read_image
from core.imaging.repeats import repeated_share
from tests.core.imaging.fields import field

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]


def pasted(image: Pixels, change: Callable[[Pixels], Pixels] = lambda block: block) -> Pixels:
    """Put a ninth of an image once more at another place, changed."""
    high, wide = image.shape[0] // 3, image.shape[1] // 3
    result = image.copy()
    result[-high - 5 : -5, -wide - 3 : -3] = change(image[3 : 3 + high, 7 : 7 + wide])
    return result


def padded(image: Pixels, how: str) -> Pixels:
    return np.pad(image, ((0, 0), (30, 30), (0, 0)), mode=how)  # pyright: ignore[reportCallIssue, reportArgumentType]


REPEATS: dict[str, tuple[Callable[[Pixels], Pixels], float]] = {
    "side by side": (lambda image: np.hstack([image, image]), 0.5),
    "one below the other": (lambda image: np.vstack([image, image]), 0.5),
    "a block elsewhere": (pasted, 1 / 9),
    "a block mirrored": (lambda image: pasted(image, lambda block: block[:, ::-1]), 1 / 9),
    "a block upside down": (lambda image: pasted(image, lambda block: block[::-1]), 1 / 9),
    "a block turned": (lambda image: pasted(image, lambda block: block[::-1, ::-1]), 1 / 9),
    "mirrored beside itself": (lambda image: np.hstack([image, image[:, ::-1]]), 0.5),
    "mirrored at its sides": (lambda image: padded(image, "symmetric"), 60 / 380),
    "mirrored around its outermost columns": (lambda image: padded(image, "reflect"), 60 / 380),
    "continued from the other side": (lambda image: padded(image, "wrap"), 60 / 380),
    "overlapping strips of a scan": (lambda image: np.vstack([image[:160], image[100:]]), 60 / 300),
}


@pytest.mark.parametrize("name", REPEATS)
def test_what_is_there_twice_is_told_and_doubted(tmp_path: Path, name: str) -> None:
    make, share = REPEATS[name]
    path = tmp_path / "field.png"
    Image.fromarray(make(field())).save(path)
    image = read_image(path)
    assert image.doubts == (Doubt.REPEATED,)
    [notice] = image.notices
    assert "there twice" in notice
    assert 0.6 * share <= repeated_share(image.pixels) <= 1.05 * share  # whole blocks, and a flat ground says nothing


@pytest.mark.parametrize("turn", range(4))
def test_a_field_is_not_there_twice(turn: int) -> None:
    assert repeated_share(np.rot90(field(), turn)) == 0


def test_flat_parts_frames_and_grids_are_no_repeats() -> None:
    image = field()
    image[:80] = 255
    image[-20:, :100] = 0
    assert repeated_share(image) == 0
    ruled = np.full((300, 400), 230, np.uint8)
    ruled[::20], ruled[:, ::20] = 90, 90
    assert repeated_share(ruled) == 0
    assert repeated_share(np.full((200, 200, 3), 255, np.uint8)) == 0
    assert repeated_share(np.zeros((8, 8), np.uint8)) == 0


def test_an_enlarged_image_is_no_repeat() -> None:
    assert repeated_share(field().repeat(2, axis=0).repeat(2, axis=1)) == 0


def test_of_a_jpeg_the_repeat_is_told_where_its_blocks_are_alike(tmp_path: Path) -> None:
    path = tmp_path / "field.jpg"
    Image.fromarray(np.hstack([field(), field()])).save(path, quality=90)
    assert Doubt.REPEATED in read_image(path).doubts


def test_no_photograph_is_said_to_be_there_twice(shared_data: Path) -> None:
    files = [path for path in sorted(shared_data.glob("**/*")) if path.suffix.lower() in (".jpg", ".png")]
    shares = [repeated_share(np.asarray(Image.open(path).convert("RGB"))) for path in files[::20]]
    assert shares
    assert max(shares) == 0
