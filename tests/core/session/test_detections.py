"""Detections in a session: those that count, and those of other models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.cells import Detections
from core.detection.detector import DetectorResult
from core.imaging.doubts import Doubt
from core.session.session import FileStamp, Session
from core.session.values import Edit, StoredDetections, Subject, ValueChange

if TYPE_CHECKING:
    from pathlib import Path

CLASSES = ("RBC", "WBC", "Platelets")
STAMP = FileStamp("file", 10, 20)


def found(seed: int = 1, model: str = "abc", cells: int = 50) -> StoredDetections:
    """Return made up detections of a model, with everything that a detector can say."""
    rng = np.random.default_rng(seed)
    detections = Detections.from_model(
        rng.uniform(0, 900, (cells, 4)).astype(np.float32),
        rng.random(cells).astype(np.float32),
        rng.integers(0, 3, cells).astype(np.int32),
    )
    look = {"stain red": 0.1234, "size": 71.25}
    result = DetectorResult(detections, 71.25, 0.9, ("A notice.",), 0.05, True, (40.0, 210.0), (Doubt.SUSPECT,), look)
    return StoredDetections.of(result, CLASSES, f"model {model}", model, file="file")


def set_counted(session: Session, image: int, detections: StoredDetections) -> None:
    session.detections.set_counted(
        image, detections, width=900, height=900, seconds=1, notices=("A notice.",), stamp=STAMP
    )


def assert_same(got: StoredDetections | None, expected: StoredDetections) -> None:
    """Everything but the ids is the same, bit for bit."""
    assert got is not None
    for name in ("boxes", "scores", "labels"):
        assert np.array_equal(getattr(got.detections, name), getattr(expected.detections, name))
    assert got.detections.contours is None
    facts = (
        "classes",
        "diameter",
        "scale",
        "model_name",
        "model_sha256",
        "blur",
        "capped",
        "levels",
        "doubts",
        "look",
        "notices",
        "file",
    )
    for name in facts:
        assert getattr(got, name) == getattr(expected, name)


def test_detections_of_several_models_come_back_bit_for_bit(tmp_path: Path) -> None:
    first, second = found(1, "abc"), found(2, "def")
    with Session.create(tmp_path / "a.smearcount") as session:
        [image] = session.images.add([tmp_path / "a.png"])
        set_counted(session, image.id, first)
        session.detections.save(image.id, second)
        assert session.images.get(image.id).model == "abc"
    with Session.open(tmp_path / "a.smearcount") as session:
        assert_same(session.detections.get(image.id), first)
        assert_same(session.detections.get(image.id, "abc"), first)
        assert_same(session.detections.get(image.id, "def"), second)
        assert session.detections.get(image.id, "ghi") is None


def test_which_images_a_model_has_seen_is_known(tmp_path: Path) -> None:
    with Session.create(tmp_path / "a.smearcount") as session:
        first, second, third = session.images.add([tmp_path / f"{name}.png" for name in "abc"])
        set_counted(session, first.id, found(1, "abc"))
        set_counted(session, third.id, found(2, "abc"))
        session.detections.save(second.id, found(3, "def"))
        session.detections.save(third.id, found(4, "def"))
        assert session.detections.images_of("abc") == {first.id, third.id}
        assert session.detections.images_of("def") == {second.id, third.id}
        assert session.detections.images_of("ghi") == set()


def test_kept_detections_count_from_one_moment_to_the_next(tmp_path: Path) -> None:
    first, second = found(1, "abc"), found(2, "def")
    with Session.create(tmp_path / "a.smearcount") as session:
        [image] = session.images.add([tmp_path / "a.png"])
        set_counted(session, image.id, first)
        kept = session.detections.save(image.id, second)
        assert not session.detections.use(image.id, "ghi")
        assert session.detections.use(image.id, "def")
        now = session.detections.get(image.id)
        assert_same(now, second)
        assert now is not None
        assert np.array_equal(now.detections.ids, kept.detections.ids)
        assert session.images.get(image.id).model == "def"
        assert session.detections.use(image.id, "abc")
        assert_same(session.detections.get(image.id), first)


@pytest.mark.parametrize("what", ["file", "diameter"])
def test_kept_detections_of_another_file_or_scale_do_not_count(tmp_path: Path, what: str) -> None:
    with Session.create(tmp_path / "a.smearcount") as session:
        [image] = session.images.add([tmp_path / "a.png"])
        set_counted(session, image.id, found(1, "abc"))
        session.detections.save(image.id, found(2, "def"))
        if what == "diameter":
            session.edits.record(Edit(image.id, "", values=(ValueChange(Subject.DIAMETER, image.id, 80),)), "Ada")
        else:
            session.detections.set_counted(
                image.id, found(1, "abc"), width=9, height=9, seconds=1, notices=(), stamp=FileStamp("new", 1, 2)
            )
        assert not session.detections.use(image.id, "def")
        assert session.images.get(image.id).model == "abc"


def test_those_that_count_are_not_replaced_by_kept_ones(tmp_path: Path) -> None:
    with Session.create(tmp_path / "a.smearcount") as session:
        [image] = session.images.add([tmp_path / "a.png"])
        set_counted(session, image.id, found(1))
        session.detections.save(image.id, found(2))
        assert_same(session.detections.get(image.id), found(1))


@pytest.mark.parametrize("count", [0, 3])
def test_contours_are_kept_to_a_quarter_of_a_pixel(tmp_path: Path, count: int) -> None:
    rng = np.random.default_rng(1)
    contours = tuple(rng.uniform(0, 5000, (length, 2)).astype(np.float32) for length in (4, 0, 30)[:count])
    boxes, scores = np.zeros((count, 4), np.float32), np.linspace(0.9, 0.4, count, dtype=np.float32)
    cells = Detections.from_model(boxes, scores, np.zeros(count, np.int32), contours)
    with Session.create(tmp_path / "a.smearcount") as session:
        [image] = session.images.add([tmp_path / "a.png"])
        set_counted(session, image.id, StoredDetections(cells, ("RBC",), 40.0, 1.0, "U-Net", "abc"))
        again = session.detections.get(image.id)
        assert again is not None
        kept = again.detections.contours
        assert kept is not None
        assert len(kept) == count
        for contour, before in zip(kept, contours, strict=True):
            assert contour.shape == before.shape
            assert np.abs(contour - before).max(initial=0) <= 0.125 + 1e-3
