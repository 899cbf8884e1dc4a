"""Annotated images, and short ways to write and read files of annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import strategies as st

from core.annotations.base import AnnotatedImage
from core.annotations.orientation import ImageInfo
from core.annotations.read import read_annotations
from core.annotations.writing import same_on_every_disk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from core.annotations.orientation import Size
    from core.annotations.parsing import ImageFinder
    from core.annotations.read import ImportedAnnotations

CLASSES = ("RBC", "WBC", "Platelets")
WIDTH, HEIGHT = 640, 480
VOC = "<annotation><filename>{name}</filename><size><width>640</width><height>480</height></size>{objects}</annotation>"
OBJECT = (
    """<object><name>{}</name><bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox></object>"""
)
CELL = OBJECT.format("RBC", 10, 20, 110, 90)
HEADER = "filename,cell_type,xmin,ymin,xmax,ymax\n"


def image_of(
    boxes: Sequence[Sequence[float]] = ((10, 20, 110, 90), (200, 100, 260.5, 150.25), (30, 400, 40, 408)),
    names: Sequence[str] = CLASSES,
    file_name: str = "a.jpg",
    scores: Sequence[float] | None = None,
    size: tuple[int, int] = (WIDTH, HEIGHT),
) -> AnnotatedImage:
    array = np.array(boxes, np.float32).reshape(-1, 4)
    return AnnotatedImage(
        file_name, *size, array, tuple(names), None if scores is None else np.array(scores, np.float32)
    )


def sizes_of(*images: AnnotatedImage) -> Callable[[str], tuple[int, int] | None]:
    """Return the sizes of open images by name and by stem."""
    names = {image.file_name: (image.width, image.height) for image in images}
    return (names | {name.rpartition(".")[0]: size for name, size in names.items() if "." in name}).get


def any_size(name: str) -> tuple[int, int] | None:
    return WIDTH, HEIGHT


def no_size(name: str) -> None:
    return None


def read(
    *paths: Path, sizes: Callable[[str], tuple[int, int] | None] = any_size, **options: Any
) -> ImportedAnnotations:
    return read_annotations(paths, finder(sizes), CLASSES, **options)


def finder(sizes: Callable[[str], tuple[int, int] | None]) -> ImageFinder:
    """Return what finds images of the sizes by their whole names."""

    def find(name: str, _file: Path, _stated: Size | None) -> list[ImageInfo]:
        size = sizes(name)
        return [] if size is None else [ImageInfo(*size)]

    return find


def put(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def one(found: ImportedAnnotations) -> AnnotatedImage:
    assert found.notices == ()
    (image,) = found.images
    return image


def assert_same(found: AnnotatedImage, expected: AnnotatedImage, atol: float) -> None:
    assert (found.width, found.height) == (expected.width, expected.height)
    assert found.names == expected.names
    assert found.boxes.dtype == np.float32
    np.testing.assert_allclose(found.boxes, expected.boxes, rtol=0, atol=atol)


@st.composite
def annotated_images(draw: st.DrawFn) -> list[AnnotatedImage]:
    letters = st.characters(categories=["L", "N"], exclude_characters="İ") | st.sampled_from("._- ")
    # A folder's hidden files are passed over
    stems = st.text(letters, min_size=1, max_size=12).map(lambda text: text.strip(". ")).filter(bool)
    names = draw(st.lists(stems, min_size=1, max_size=4, unique_by=same_on_every_disk))
    images: list[AnnotatedImage] = []
    for name in names:
        width, height = draw(st.integers(1, 20_000)), draw(st.integers(1, 20_000))
        boxes: list[tuple[float, float, float, float]] = []
        for _ in range(draw(st.integers(0, 5))):
            x1, y1 = draw(st.floats(0, width - 1)), draw(st.floats(0, height - 1))
            boxes.append((x1, y1, draw(st.floats(x1 + 1, width)), draw(st.floats(y1 + 1, height))))
        classes = draw(st.lists(st.sampled_from(CLASSES), min_size=len(boxes), max_size=len(boxes)))
        scores = draw(st.none() | st.lists(st.floats(0, 1), min_size=len(boxes), max_size=len(boxes)))
        images.append(image_of(boxes, classes, f"{name}.png", scores or None, (width, height)))
    return images


def load(folder: Path, split: str) -> Any:
    return pytest.importorskip("trainer.dataset.load").load_data_set(folder, split)
