"""Kinds that users gave to cells, and embeddings; sessions of schema 2, which has no place for them, and 3."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.imaging.doubts import Doubt
from core.kinds.embeddings import Embeddings
from core.session.session import Session, recover
from core.session.storage.schema import APPLICATION_ID, COLUMNS_2, PAGE_SIZE, build, checksum
from core.session.values import Edit, Subject, ValueChange, kind_key
from tests.core.session.session_builders import add, cells_now, count, take_back

DATA = Path(__file__).with_name("data")
MODEL = "cd" * 32


def give(session: Session, image: int, kinds: dict[int, str | None], reading: str = "") -> Edit:
    values = tuple(ValueChange(Subject.KIND, image, kind, kind_key(cell, reading)) for cell, kind in kinds.items())
    return session.edits.record(Edit(image, "Kinds", values=values), "Ada")


def described(cells: int = 3, seed: int = 0) -> Embeddings:
    rng = np.random.default_rng(seed)
    boxes = rng.random((cells, 4)).astype(np.float32)
    return Embeddings.of(np.arange(cells), boxes, rng.normal(size=(cells, 8)).astype(np.float32))


def make_schema_2(path: Path, new: Path) -> None:
    """Write what a session holds as the last program of schema 2 did: the same tables but for the new ones."""
    source, target = sqlite3.connect(path), sqlite3.connect(new, isolation_level=None)
    target.execute(f"PRAGMA page_size = {PAGE_SIZE}")
    target.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    target.execute("PRAGMA user_version = 2")
    build(target, 2)
    for table, columns in COLUMNS_2.items():
        for row in source.execute(f"SELECT {', '.join(columns)} FROM {table}"):
            marks = ", ".join("?" * (len(columns) + 1))
            target.execute(f"INSERT INTO {table} VALUES ({marks})", (*row, checksum(table, row)))
    source.close()
    target.close()


def test_kinds_are_edits_that_can_be_undone(session: Session, path: Path):
    session.images.add([path.parent / "1.png"])
    count(session, 1)
    session.edits.record(Edit(1, "Kinds", values=(ValueChange(Subject.KIND, 1, "blast", kind_key(0)),)), "Ada")
    edit = give(session, 1, {0: "monocyte", 2: "monocyte"})
    give(session, 1, {0: "blast"}, "Ben")
    assert session.edits.kinds(1) == {0: "monocyte", 2: "monocyte"}
    assert session.edits.kinds(1, "Ben") == {0: "blast"}
    assert session.edits.readings() == ("Ben",)
    session.close()
    with Session.open(path) as again:
        assert again.edits.kinds(1) == {0: "monocyte", 2: "monocyte"}
        undone = take_back(again, edit)
        assert again.edits.kinds(1) == {0: "blast"}
        take_back(again, undone)
        assert again.edits.kinds(1) == {0: "monocyte", 2: "monocyte"}
        assert [line.user for line in again.edits.history(1)][:2] == ["Ada", "Ada"]
        assert again.edits.kinds(2) == {}


def test_a_kind_makes_the_digest_of_its_image_void(session: Session, path: Path):
    session.images.add([path.parent / "1.png"])
    count(session, 1)
    session.images.set_digests({1: b"x" * 24})
    give(session, 1, {0: "blast"})
    assert session.images.digests()[1] is None


def test_embeddings_hold_for_one_model_and_one_box(session: Session, path: Path):
    session.images.add([path.parent / "1.png"])
    found = described()
    session.kinds.save_embeddings(1, MODEL, found)
    back = session.kinds.embeddings(1, MODEL)
    assert back is not None
    np.testing.assert_array_equal(back.vectors, found.vectors)
    assert session.kinds.embeddings(1, "ef" * 32) is None
    assert session.kinds.embeddings(2, MODEL) is None
    moved = found.boxes.copy()
    moved[1, 0] += 1
    assert back.rows_of(np.array([0, 1, 2, 7]), np.concatenate([moved, moved[:1]])).tolist() == [0, -1, 2, -1]
    [size] = session._file.select(
        "SELECT length(cells) + length(boxes) + length(steps) + length(scales) FROM embeddings"
    )
    assert size[0] / 3 <= 256


def test_a_session_of_schema_2_is_brought_up_to_date(path: Path, tmp_path: Path):
    with Session.create(path) as session:
        session.images.add([tmp_path / "1.png", tmp_path / "2.png"])
        count(session, 1, 40)
        add(session, 1)
        before = cells_now(session, 1), session.edits.history()
    old = tmp_path / "old.smearcount"
    make_schema_2(path, old)
    content = old.read_bytes()
    with Session.open(old, read_only=True) as session:
        assert (cells_now(session, 1), session.edits.history()) == before
        assert session.kinds.embeddings(1, MODEL) is None
    assert old.read_bytes() == content
    with Session.open(old) as session:
        assert (cells_now(session, 1), session.edits.history()) == before
        give(session, 1, {0: "blast"})
        session.kinds.save_embeddings(1, MODEL, described())
    with Session.open(old) as session:
        assert session.edits.kinds(1) == {0: "blast"}
        assert session.kinds.embeddings(1, MODEL) is not None
        assert session.damage == ()


def test_a_damaged_session_of_schema_2_is_recovered(path: Path, tmp_path: Path):
    with Session.create(path) as session:
        session.images.add([tmp_path / f"{number}.png" for number in range(30)])
        for image in range(1, 31):
            count(session, image, 40)
    old = tmp_path / "old.smearcount"
    make_schema_2(path, old)
    with recover(old, tmp_path / "whole.smearcount") as session:
        assert session.damage == ()
        assert len(session.images.all()) == 30


@pytest.mark.parametrize("recovered", [False, True])
def test_a_session_of_schema_3_is_brought_up_to_date(tmp_path: Path, recovered: bool):
    old = tmp_path / "old.smearcount"
    shutil.copy(DATA / "schema_3.smearcount", old)
    with recover(old, tmp_path / "whole.smearcount") if recovered else Session.open(old) as session:
        first, second = session.detections.get(1), session.detections.get(2)
        assert first is not None
        assert second is not None
        assert (len(first.detections), len(cells_now(session, 1))) == (12, 1)
        assert (first.doubts, second.doubts) == ((), (Doubt.SUSPECT,))
        assert (first.blur, first.look, second.look) == (0.05, {}, {})
        assert session.edits.kinds(1) == {0: "monocyte"}
        assert session.kinds.embeddings(1, MODEL) is not None
        session.detections.set_counted(
            2, replace(second, look={"size": 50.0}), width=640, height=480, seconds=1, notices=(), stamp=None
        )
        kept = session.path
    with Session.open(kept) as session:
        again = session.detections.get(2)
        assert again is not None
        assert again.look == {"size": 50.0}
        assert session.damage == ()


def test_recovery_keeps_embeddings(path: Path, tmp_path: Path):
    with Session.create(path) as session:
        session.images.add([tmp_path / "1.png"])
        session.kinds.save_embeddings(1, MODEL, described(40))
        give(session, 1, {0: "blast"})
    with recover(path, tmp_path / "whole.smearcount") as session:
        assert session.damage == ()
        assert session.edits.kinds(1) == {0: "blast"}
        found = session.kinds.embeddings(1, MODEL)
        assert found is not None
        assert len(found) == 40
