"""What can be told of a session without opening it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from core.session.glance import counted_before, glance
from core.session.session import Session
from core.session.values import Edit, Sample, SignOff, Subject, ValueChange

if TYPE_CHECKING:
    from pathlib import Path


def make(path: Path, images: list[Path]) -> Session:
    session = Session.create(path)
    session.images.add(images)
    return session


def test_a_glance_tells_sample_images_and_reviews(tmp_path: Path) -> None:
    images = [tmp_path / "a.png", tmp_path / "b.png"]
    with make(tmp_path / "one.smearcount", images) as session:
        first = session.images.all()[0].id
        sample = {"id": "24-1187", "fields": [["Ward", "4 B"]]}
        session.edits.record(
            Edit(None, "Sample", values=(ValueChange(Subject.SETTING, None, sample, "sample"),)), "Anna"
        )
        session.edits.record(Edit(first, "Review", values=(ValueChange(Subject.REVIEW, first, {"RBC": 3}),)), "Anna")
    seen = glance(tmp_path / "one.smearcount")
    assert seen is not None
    assert seen.sample == Sample("24-1187", (("Ward", "4 B"),))
    assert seen.title == "24-1187"
    assert (seen.images, seen.reviewed, seen.first) == (2, 1, images[0])


def test_without_an_id_a_session_is_called_after_its_file(tmp_path: Path) -> None:
    make(tmp_path / "monday.smearcount", []).close()
    seen = glance(tmp_path / "monday.smearcount")
    assert seen is not None
    assert seen.title == "monday"
    assert seen.first is None


def test_what_is_no_session_or_not_there_does_no_harm(tmp_path: Path) -> None:
    assert glance(tmp_path / "gone.smearcount") is None
    (tmp_path / "text.smearcount").write_text("no session")
    seen = glance(tmp_path / "text.smearcount")
    assert seen is not None
    assert seen.images == 0


def test_a_session_that_is_open_can_be_told_of(tmp_path: Path) -> None:
    with make(tmp_path / "open.smearcount", [tmp_path / "a.png"]):
        seen = glance(tmp_path / "open.smearcount")
        assert seen is not None
        assert seen.title == "open"


def test_only_counted_images_were_counted_before(tmp_path: Path) -> None:
    image = tmp_path / "a.png"
    make(tmp_path / "one.smearcount", [image]).close()
    assert counted_before(tmp_path, image) is None
    (tmp_path / "broken.smearcount").write_text("no session")
    assert counted_before(tmp_path, image) is None


def test_a_glance_tells_who_signed_and_whether_something_was_edited_since(tmp_path: Path) -> None:
    path = tmp_path / "one.smearcount"
    told: list[tuple[str, bool]] = []

    def look() -> None:
        seen = glance(path)
        assert seen is not None
        told.append((seen.signed_by, seen.edited))

    review, no_review = (
        Edit(1, "Review", values=(ValueChange(Subject.REVIEW, 1, counts),)) for counts in ({"RBC": 3}, None)
    )
    with make(path, [tmp_path / "a.png"]) as session:
        session.edits.record(review, "Anna")
    look()
    with Session.open(path) as session:
        session.sign_offs.add(SignOff("Anna", datetime.now(UTC), "ab", "1.0"))
        session.edits.note("Anna", None, "Signed off")
    look()
    with Session.open(path) as session:
        session.edits.record(no_review, "Anna")
    look()
    assert told == [("", False), ("Anna", False), ("Anna", True)]
