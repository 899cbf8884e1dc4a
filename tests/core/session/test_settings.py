"""Settings, what a window remembers, and the other things that an edit changes besides cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from core.counting.count import CountSettings
from core.counting.frame import EdgeRule
from core.counting.region import Region
from core.session.session import Session
from core.session.tables.settings import kept_key
from core.session.values import Edit, Mark, ModelInUse, Subject, ValueChange
from core.verification.ground_truth import GroundTruth, TruthKind, TruthSource
from tests.core.session.session_builders import contents, found

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CLASSES = ("RBC", "WBC", "Platelets")
SETTINGS = CountSettings({"RBC": 0.5, "WBC": 0.4, "Platelets": 0.3}, 0.45, EdgeRule.TOP_LEFT)
BOXES = GroundTruth(
    TruthKind.BOXES, TruthSource.IMPORTED, CLASSES, ("RBC", "WBC"), np.array([[1, 2, 3, 4.5], [5, 6, 7, 8]], np.float32)
)
TALLY = GroundTruth.tally(("RBC",), blind=True).with_point("RBC", 1.5, 2.5)


def record(session: Session, *values: ValueChange) -> Edit:
    return session.edits.record(Edit(values[0].image, "Change", values=values), "Ada")


def same_truths(got: tuple[GroundTruth, ...], expected: tuple[GroundTruth, ...]) -> bool:
    return [truth.stored() for truth in got] == [truth.stored() for truth in expected]


def test_what_a_window_remembers_has_defaults_and_last_values(session: Session):
    assert session.view.get("zoom") is None
    assert session.view.get("zoom", 1) == 1
    session.view.put("zoom", 2)
    session.view.put("zoom", None)
    assert session.view.get("zoom", 1) is None


def test_a_session_knows_how_it_counts(path: Path):
    with Session.create(path) as session:
        assert session.settings.counting() is None
        session.settings.set_counting(SETTINGS, CLASSES)
    with Session.open(path) as session:
        assert session.settings.counting() == (SETTINGS, CLASSES)
        assert session.settings.changes(SETTINGS, CLASSES) == ()
        higher = CountSettings({**SETTINGS.thresholds, "RBC": 0.6}, 0.45, EdgeRule.ALL)
        changes = session.settings.changes(higher, CLASSES)
        assert [change.key for change in changes] == ["threshold RBC", "edge_rule"]
        edit = record(session, *changes)
        assert session.settings.counting() == (higher, CLASSES)
        session.edits.record(edit.reversed(), "Ada")
        assert session.settings.counting() == (SETTINGS, CLASSES)


VALUES: dict[str, tuple[ValueChange, Callable[[Session], Any]]] = {
    "review": (ValueChange(Subject.REVIEW, 1, {"RBC": 5}), lambda session: session.images.get(1).reviewed_counts),
    "region": (
        ValueChange(Subject.REGION, 1, Region.between(1, 2, 30, 40)),
        lambda session: session.images.get(1).region,
    ),
    "diameter": (ValueChange(Subject.DIAMETER, 1, 71.5), lambda session: session.images.get(1).diameter),
    "list": (ValueChange(Subject.LISTED, 1, False), lambda session: [image.id for image in session.images.all()]),
    "truths": (
        ValueChange(Subject.TRUTHS, 1, (BOXES, TALLY)),
        lambda session: [truth.stored() for truth in session.truths.all(1)],
    ),
    "setting": (ValueChange(Subject.SETTING, None, {"a": [1, None]}, "x"), lambda session: session.settings.get("x")),
    "model": (ValueChange(Subject.MODEL, None, ModelInUse("m.onnx", "cd" * 32)), lambda session: session.models.in_use),
}


@pytest.mark.parametrize("what", VALUES)
def test_every_value_that_a_number_depends_on_can_be_undone_and_redone(path: Path, tmp_path: Path, what: str):
    change, read = VALUES[what]
    with Session.create(path) as session:
        session.images.add([tmp_path / name for name in "abc"])
        session.models.use(ModelInUse("", "ab" * 32))
        before = read(session)
        edit = record(session, change)
        after = read(session)
        assert after != before
    with Session.open(path) as session:
        assert read(session) == after
        [last], [] = session.edits.stack()
        assert last.number == edit.number
        undo = session.edits.record(last.reversed(), "Ada")
        assert read(session) == before
    with Session.open(path) as session:
        assert read(session) == before
        [], [last] = session.edits.stack()
        assert last.number == undo.number
        session.edits.record(undo.reversed(), "Ada")
        assert read(session) == after
        assert len(session.edits.stack()[0]) == 1


def test_edits_of_all_kinds_are_undone_in_one_order(session: Session, tmp_path: Path):
    session.images.add([tmp_path / name for name in "abc"])
    states = [contents(session)]
    for change, _ in VALUES.values():
        record(session, change)
        states.append(contents(session))
    for earlier in reversed(states[:-1]):
        done, _ = session.edits.stack()
        session.edits.record(done[-1].reversed(), "Ada")
        now = contents(session)
        assert {key: now[key] for key in earlier if not key.startswith(("line", "done", "undone"))} == {
            key: value for key, value in earlier.items() if not key.startswith(("line", "done", "undone"))
        }


def test_an_image_that_was_removed_comes_back_to_its_place(session: Session, tmp_path: Path):
    session.images.add([tmp_path / name for name in "abc"])
    edit = record(session, ValueChange(Subject.LISTED, 1, False), ValueChange(Subject.LISTED, 2, False))
    assert [image.id for image in session.images.all()] == [3]
    session.edits.record(edit.reversed(), "Ada")
    assert [image.id for image in session.images.all()] == [1, 2, 3]


def test_a_value_that_an_edit_says_wrongly_is_the_one_of_the_session(session: Session, tmp_path: Path):
    session.images.add([tmp_path / "a"])
    record(session, ValueChange(Subject.DIAMETER, 1, 50.0))
    edit = record(session, ValueChange(Subject.DIAMETER, 1, 60.0, before=1.0))
    assert edit.values[0].before == 50.0


def test_marks_are_put_into_the_tally_and_taken_out(session: Session, tmp_path: Path):
    session.images.add([tmp_path / "a"])
    record(session, ValueChange(Subject.TRUTHS, 1, (TALLY, BOXES)))
    first = record(session, ValueChange(Subject.MARK, 1, Mark(1, "WBC", 7.5, 8.5, first=True)))
    second = record(session, ValueChange(Subject.MARK, 1, Mark(0, "RBC", 3, 4)))
    tally, boxes = session.truths.all(1)
    assert (tally.names, tally.classes, tally.blind) == (("RBC", "RBC", "WBC"), ("RBC", "WBC"), True)
    assert tally.points.tolist() == [[3, 4], [1.5, 2.5], [7.5, 8.5]]
    assert same_truths((boxes,), (BOXES,))
    session.edits.record(second.reversed(), "Ada")
    session.edits.record(first.reversed(), "Ada")
    assert same_truths(session.truths.all(1), (TALLY, BOXES))


def test_truths_come_back_bit_for_bit(path: Path, tmp_path: Path):
    typed = GroundTruth.typed({"WBC": 100, "RBC": 0})
    with Session.create(path) as session:
        session.images.add([tmp_path / name for name in "abc"])
        record(session, ValueChange(Subject.TRUTHS, 1, (TALLY, BOXES, typed)))
        record(session, ValueChange(Subject.TRUTHS, 2, (typed,)))
    with Session.open(path) as session:
        assert same_truths(session.truths.all(1), (TALLY, BOXES, typed))
        used = session.truths.get(2)
        assert used is not None
        assert used.counts() == {"WBC": 100, "RBC": 0}
        assert session.truths.get(3) is None
        assert list(session.truths.from_source(TruthSource.TYPED)) == [1, 2]
        assert list(session.truths.from_source(TruthSource.TALLY)) == [1]


def test_two_truths_of_one_source_are_refused(session: Session, tmp_path: Path):
    session.images.add([tmp_path / "a"])
    with pytest.raises(ValueError, match="one ground truth from each source"):
        record(session, ValueChange(Subject.TRUTHS, 1, (TALLY, TALLY)))
    assert session.edits.history() == []


def test_the_history_of_an_image_has_the_edits_of_several_images(session: Session, tmp_path: Path):
    session.images.add([tmp_path / name for name in "abc"])
    values = tuple(ValueChange(Subject.REGION, image, Region.between(0, 0, 9, 9)) for image in (1, 2))
    session.edits.record(Edit(None, "Region in 2 images", values=values), "Ada")
    assert [line.text for line in session.edits.history(1)] == ["Region in 2 images"]
    assert session.edits.history(3) == []


def test_the_thresholds_of_a_model_are_kept_and_forgotten_by_undo(session: Session):
    assert session.settings.kept_thresholds("ab" * 32) == {}
    edit = record(session, ValueChange(Subject.SETTING, None, {"RBC": 0.4, "WBC": 0.6}, kept_key("ab" * 32)))
    assert session.settings.kept_thresholds("ab" * 32) == {"RBC": 0.4, "WBC": 0.6}
    assert session.settings.kept_thresholds("cd" * 32) == {}
    session.edits.record(edit.reversed(), "Ada")
    assert session.settings.kept_thresholds("ab" * 32) == {}


def test_the_model_in_use_and_the_models_of_files_are_known(path: Path):
    with Session.create(path) as session:
        assert session.models.in_use is None
        session.models.use(ModelInUse("", "ab" * 32))
        record(session, ValueChange(Subject.MODEL, None, ModelInUse("m.onnx", "cd" * 32)))
        session.models.set_compared([("", "ab" * 32), ("other.onnx", "ef" * 32)])
    with Session.open(path) as session:
        assert session.models.in_use == ModelInUse("m.onnx", "cd" * 32)
        assert [session.models.last_used(path) for path in ("", "m.onnx", "other.onnx")] == ["ab" * 32, "cd" * 32, ""]
        assert session.models.compared == [("", "ab" * 32), ("other.onnx", "ef" * 32)]
        assert session.models.card("ab" * 32) is None
        session.models.set_compared([("other.onnx", "ef" * 32)])
        assert session.models.compared == [("other.onnx", "ef" * 32)]


@pytest.mark.parametrize("images", [1_000, 13_000])
def test_a_look_up_does_not_depend_on_how_many_images_there_are(memory_folder: Path, images: int):
    """Every look-up reads as many rows of the file as it returns, however many there are."""
    with Session.create(memory_folder / "many.smearcount") as session:
        with session.transaction():
            added = session.images.add([memory_folder / f"{number}.png" for number in range(images)])
            for image in added:
                session._file.write("images", [session.images.row(image.id)._replace(truths="typed")])
            session.detections.save(images, found(session, 3))
        connection = session._file.connection
        steps = 0

        def tick() -> int:
            nonlocal steps
            steps += 1
            return 0

        connection.set_progress_handler(tick, 1)
        session.detections.get(images, "ab" * 32)
        session.images.get(images)
        session.view.put("zoom", 1)
        session.view.get("zoom")
        session.settings.get("nms_iou")
        record(session, ValueChange(Subject.REGION, images, Region.between(0, 0, 9, 9)))
        session.edits.changes(images)
        connection.set_progress_handler(None, 0)
        assert steps < 500  # steps of SQLite's machine; a scan takes several for each row
