"""Sessions of other versions: those of schema 1 are brought up to date, newer ones are refused."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.counting.region import Region
from core.report.formats.json import report_json
from core.report.gather import gather
from core.report.sign_off import SignOffCheck
from core.session.session import Session, SessionNewerError, recover
from core.session.storage.schema import APPLICATION_ID, SCHEMA
from core.session.values import Edit, ModelInUse, Sample, Subject, ValueChange
from core.verification.ground_truth import TruthSource
from tests.core.session.session_builders import cells_now, cells_of, count

DATA = Path(__file__).with_name("data")
LINES = 69
MADE = datetime(2026, 11, 27, 12, tzinfo=UTC)
DEFAULT = "b2a3ba8f00e9eb3c8c4b1f82981a71001f856dba2961e5bd0c37ac2527991d60"
CLASSICAL = "b07a24baf7d65a15088f8181b9e5cb11b0545d5de1ea4692c9abd8f11c9e1d80"


@pytest.fixture
def old(path: Path) -> Path:
    """Return a session as the last program of schema 1 wrote it, see ``make_schema_1.py``."""
    shutil.copy(DATA / "schema_1.smearcount", path)
    return path


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    """Return what that program read in it, in today's words."""
    told = (DATA / "schema_1.json").read_text("utf-8")
    return json.loads(re.sub(r"The count of (\w+) hangs on its threshold", r"\1 count depends on the threshold", told))


def report(session: Session) -> Any:
    """Return the report of a session, with the names of its files alone."""
    return without_folders(json.loads(report_json(gather(session, made=MADE))))


def without_folders(document: Any) -> Any:
    if isinstance(document, dict):
        return {
            key: Path(value).name if key == "path" else without_folders(value)
            for key, value in document.items()
            if not (key == "path" and str(value).endswith(".smearcount"))
        }
    return [without_folders(one) for one in document] if isinstance(document, list) else document


def test_the_report_of_an_old_session_is_the_same_afterwards(old: Path, expected: dict[str, Any]):
    before = old.read_bytes()
    with Session.open(old, read_only=True) as session:
        assert report(session) == without_folders(expected["report"])
        assert (session.read_only, session.path, session.damage) == (True, old, ())
        session.copy_to(old.with_name("copy.smearcount"))
    assert old.read_bytes() == before
    for path in (old, old, old.with_name("copy.smearcount")):
        with Session.open(path) as session:
            assert report(session) == without_folders(expected["report"])
            assert session.damage == ()
    assert {item.name for item in old.parent.iterdir()} == {old.name, "copy.smearcount"}
    connection = sqlite3.connect(old)
    assert connection.execute("PRAGMA user_version").fetchall() == [(SCHEMA,)]
    connection.close()


def test_history_and_undo_stack_are_the_same_afterwards(old: Path, expected: dict[str, Any]):
    with Session.open(old) as session:
        lines = [[line.number, line.user, line.image, line.text, line.undoes] for line in session.edits.history()]
        assert lines == expected["history"]
        stacks = [[[edit.image, edit.name, len(edit.cells)] for edit in edits] for edits in session.edits.stack()]
        assert stacks == [expected["done"], expected["undone"]]
        conflicts = [[conflict.image, conflict.cell, conflict.text] for conflict in session.conflicts.all()]
        assert conflicts == expected["conflicts"]


def test_everything_else_is_where_it_belongs(old: Path, expected: dict[str, Any]):
    kept = expected["settings"]
    with Session.open(old) as session:
        images = {image.id: image for image in session.images.all()}
        for number, image in images.items():
            region = kept.get(f"region {number}")
            corners = region and tuple((x, y) for x, y in region["corners"])
            assert image.region == (Region(corners) if corners else None)
            assert (image.reviewed_counts or None) == kept.get(f"reviewed counts {number}")
            truths = [kept.get(f"ground truth {number}"), *kept.get(f"other ground truth {number}", [])]
            assert [truth.stored() for truth in session.truths.all(number)] == [one for one in truths if one]
            found = session.detections.get(number)
            if found is not None:
                field = kept[f"field {number}"]
                assert (found.blur, found.capped, list(found.levels or ())) == tuple(field.values())
                assert (found.detections.contours is None) == (found.model_sha256 == DEFAULT)
        assert images[3].diameter == 54.5
        assert [image.model for image in images.values()].count(DEFAULT) == 1
        assert session.truths.from_source(TruthSource.TALLY)[2].blind
        sample = Sample("S-17/\N{GREEK SMALL LETTER ALPHA}", (("stain", "May-Grünwald"), ("slide", "2")))
        assert session.settings.sample() == sample
        assert session.settings.estimate_inputs().analyser_rbc == 4.9
        record = session.settings.threshold_record("WBC")
        assert record is not None
        assert record.choice.threshold == 0.55
        for key in ("current", "hidden", "view", "tally", "verify", "doubts 4"):
            assert session.view.get(key) == kept[key]
        assert session.models.in_use == ModelInUse("classical", CLASSICAL)
        card = session.models.last_card("")
        assert card is not None
        assert card.name == "SmearCount default 3"
        assert [sha256 for _, sha256 in session.models.compared] == [DEFAULT, CLASSICAL]


def test_kept_detections_of_another_model_can_count_again(old: Path):
    with Session.open(old) as session:
        assert session.images.get(1).model == CLASSICAL
        kept = session.detections.get(1, DEFAULT)
        assert session.detections.use(1, DEFAULT)
        assert cells_of(session.detections.get(1)) == cells_of(kept)
        assert kept is not None
        assert len(kept.detections) > 100
        assert session.detections.new_ids(1) > kept.detections.ids[-1]
        assert not session.detections.use(3, DEFAULT)


def test_a_sign_off_of_an_old_session_holds_until_something_changes(old: Path):
    with Session.open(old) as session:
        check = SignOffCheck(session)
        assert len(list(check.steps())) == len(session.images.all())
        assert check.signed is not None
        assert check.signed.user == "Ben"
        region = ValueChange(Subject.REGION, 2, Region.between(10, 10, 60, 60))
        session.edits.record(Edit(2, "Region", values=(region,)), "Ada")
        check = SignOffCheck(session)
        list(check.steps())
        assert (check.signed, check.superseded and check.superseded.user) == (None, "Ben")


def test_what_was_done_before_can_be_undone(old: Path):
    with Session.open(old) as session:
        assert session.images.get(2).reviewed
        done, undone = session.edits.stack()
        last = session.edits.record(done[-1].reversed(), "Ada")
        assert not session.images.get(2).reviewed
        session.edits.record(last.reversed(), "Ada")
        assert session.images.get(2).reviewed_counts
        [cleared] = [edit for edit in done if edit.name.startswith("Clear typed totals")]
        assert session.truths.get(3) is None
        session.edits.record(cleared.reversed(), "Ada")
        truth = session.truths.get(3)
        assert truth is not None
        assert truth.counts() == {"RBC": 8, "WBC": 1}
        assert [value.subject for edit in undone for value in edit.values] == [Subject.REVIEW] * 2


def test_damaged_cells_of_an_old_session_are_counted_again(old: Path):
    connection = sqlite3.connect(old)
    connection.execute("UPDATE detections SET diameter = diameter + 1 WHERE image = 2")
    connection.commit()
    connection.close()
    with Session.open(old) as session:
        [sentence] = session.damage
        assert sentence.endswith("field 1.png: the cells found in it cannot be read; count it again.")
        count(session, 2, 3)
    with Session.open(old) as session:
        assert session.damage == ()


def pieces(session: Session) -> list[Any]:
    """Return what stood in one table of schema 1 each."""
    images = session._file.select("SELECT id, path, width FROM images WHERE path NOT LIKE '%unreadable name%'")
    found = session._file.select("SELECT number, model, first_id FROM detections")
    history = session.edits.history(limit=10**6)
    lines = [(line.number, line.text) for line in history if line.text != "(unreadable)" and line.number <= LINES]
    edited = [cells_now(session, image) for image in range(1, 9)]
    return [list(images), [row for row in found if row[2] < 720], lines, edited]


def test_a_damaged_page_of_an_old_session_loses_nothing_but_itself(old: Path):
    data, to = old.read_bytes(), old.with_name("recovered.smearcount")
    with recover(old, to) as session:
        assert session.damage == ()
        whole = pieces(session)
    to.unlink()
    for page in range(len(data) // 4096):
        old.write_bytes(data[: page * 4096] + bytes(4096) + data[(page + 1) * 4096 :])
        with recover(old, to) as session:
            changed = [one != other for one, other in zip(pieces(session), whole, strict=True)]
            assert changed.count(True) <= 1
            assert session.damage or not any(changed)
        to.unlink()


def test_a_newer_version_is_refused_and_left_alone(path: Path, tmp_path: Path):
    Session.create(path).close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    connection.execute("ALTER TABLE images ADD COLUMN colour TEXT")
    connection.close()
    before = path.read_bytes()
    for read_only in (False, True):
        with pytest.raises(SessionNewerError, match=r"made by a newer version of SmearCount; update"):
            Session.open(path, read_only=read_only)
    with pytest.raises(SessionNewerError):
        recover(path, tmp_path / "to.smearcount")
    assert path.read_bytes() == before


def test_the_file_says_what_it_is(path: Path):
    """Tools such as file(1) tell by the id in the header."""
    Session.create(path).close()
    assert path.read_bytes()[68:72] == APPLICATION_ID.to_bytes(4, "big") == b"SMCR"
