"""What a report gathers from a session."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.cells import CellChange
from core.counting.estimates import EstimateInputs
from core.counting.frame import EdgeRule
from core.counting.region import Region
from core.imaging.files.copies import pixel_digest
from core.report.formats.csv import to_csv
from core.report.formats.json import report_json
from core.report.gather import gather
from core.report.tables import images_table
from core.session.session import Session, stamp_of
from core.session.tables.settings import pixels_key
from core.session.values import Edit, SessionReadOnlyError, Subject, ValueChange
from core.statistics.intervals import poisson_interval
from core.verification.ground_truth import GroundTruth
from tests.core.report.reports import CLASSES, add_cell, change, pages, remove_first, sheets, signed_by

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    MakeSession = Callable[..., Path]


def test_counts_are_those_of_the_session_with_its_corrections(session: Session):
    add_cell(session, 1)
    remove_first(session, 2)
    content = gather(session)
    assert [(row.name, row.count) for row in content.totals] == [("RBC", 3), ("WBC", 3), ("Platelets", 2)]
    red, white, _ = content.totals
    assert (red.ledger.model, red.ledger.added, red.ledger.removed) == (4, 0, 1)
    assert (white.ledger.model, white.ledger.added, white.ledger.removed) == (2, 1, 0)
    assert red.interval == poisson_interval(3)
    assert red.share == 3 / 8
    assert [image.result.counts["WBC"] for image in content.counted] == [2, 1]
    assert content.people == ["Ada"]


def test_the_mean_probability_is_over_all_cells_that_the_model_found(session: Session):
    remove_first(session, 2)
    [red, *_] = gather(session).totals
    assert red.mean == pytest.approx((0.9 + 0.8 + 0.8) / 3)


def test_a_session_can_be_gathered_while_it_is_open_for_reading_only(make_session: MakeSession):
    path = make_session()
    before = path.read_bytes()
    with Session.open(path, read_only=True) as session:
        content = gather(session)
        with pytest.raises(SessionReadOnlyError):
            signed_by(session)
    assert [row.count for row in content.totals] == [4, 2, 2]
    assert path.read_bytes() == before


def test_edge_rule_and_regions_hold_as_everywhere(session: Session):
    change(session, Subject.SETTING, "top-left", "edge_rule")
    change(session, Subject.REGION, Region.between(0, 0, 70, 120))
    content = gather(session)
    assert content.settings.edge_rule is EdgeRule.TOP_LEFT
    assert [image.result.counts["RBC"] for image in content.counted] == [1, 2]
    assert len(content.rules) == 2
    assert "rectangle from (0, 0) to (70, 120)" in content.rules[0]


def test_pictures_without_a_count_are_named(session: Session, tmp_path: Path):
    session.images.add([tmp_path / "new.png", tmp_path / "bad.png"])
    session.images.set_failed(4, "bad.png: this is no picture.")
    content = gather(session)
    assert [(image.path.name, image.problem) for image in content.uncounted] == [
        ("new.png", "It is not counted yet."),
        ("bad.png", "bad.png: this is no picture."),
    ]
    assert "2 of 4 images are not in this count" in pages(content)[0]
    assert sheets(content)["images"][3][0].endswith("new.png")


def test_nothing_counted_is_a_report_too(tmp_path: Path):
    with Session.create(tmp_path / "empty.smearcount") as session:
        content = gather(session)
    assert "No image was counted." in pages(content)[0]
    assert sheets(content)["totals"] == [tuple(sheets(content)["totals"][0])]
    assert json.loads(report_json(content))["images"] == []
    assert to_csv(images_table(content)).startswith(b"\xef\xbb\xbfimage,")


def test_verification_is_of_the_model_and_of_what_is_handed_in(session: Session):
    change(session, Subject.TRUTHS, (GroundTruth.typed({"WBC": 2}),))
    add_cell(session, 1)
    model, person = gather(session).verification
    assert (model.name, model.handed_in, model.score.truth, model.score.counted) == ("WBC", False, 2, 1)
    assert (person.handed_in, person.score.counted, person.score.accuracy) == (True, 2, 1.0)
    rows = sheets(gather(session))["verification"]
    assert rows[1][:7] == ("WBC", "model", 1, 0.5, 2, 1, 0.5)
    assert "model and user" in " ".join(pages(gather(session)))


def test_estimates_are_made_of_what_the_laboratory_gives(session: Session):
    assert [row[0] for row in sheets(gather(session))["estimates"][1:]] == [
        "White cells per 1,000 red cells",
        "Platelets per red cell",
    ]
    assert "Platelets by" not in pages(gather(session))[0]
    change(session, Subject.SETTING, EstimateInputs(5.0, 15.0, 0.1), "estimates")
    rows = {row[0]: row[1:] for row in sheets(gather(session))["estimates"][1:]}
    assert rows["White cells per 1,000 red cells"][0] == 500
    assert rows["Platelets by ratio"][:2] == (2500, "×10⁹/L")
    assert rows["Platelets by field"][0] == 15
    assert rows["Platelets by field against by ratio"][0] == pytest.approx(200 * (15 - 2500) / 2515)
    assert rows["RBC per mm²"][0] == pytest.approx(4 / (2 * 200 * 120 * 1e-8))
    assert rows["RBC diameter, median"][4] == "the middle half of the cells"
    first = " ".join(pages(gather(session))[:2])
    assert "Platelets by ratio 2,500 ×10⁹/L (95 % interval" in first
    assert "Platelets by field against by ratio −198 % of the mean of both" in first
    assert "RBC diameter, median" in first
    assert "Analyser's RBC 5 ×10¹²/L" in first
    figures = {one["what"]: one for one in json.loads(report_json(gather(session)))["session"]["figures"]}
    assert {name: figures[name]["value"] for name in figures} == pytest.approx(
        {name: rows[name][0] for name in figures}
    )
    assert figures["Platelets by field"]["unit"] == "×10⁹/L"
    assert figures["RBC diameter, median"]["ends"]["are"] == "the middle half of the cells"


def test_an_undo_is_told_as_one(session: Session):
    edit = remove_first(session, 1)
    [change] = edit.cells
    back = Edit(1, "Remove RBC", (CellChange(change.cell, change.after, change.before),), undoes=edit.number)
    undo = session.edits.record(back, "Ada")
    session.edits.record(replace(edit, number=0, undoes=undo.number), "Ada")
    content = gather(session)
    assert [row[4] for row in sheets(content)["history"][1:]] == ["Remove RBC", "Undo: Remove RBC", "Redo: Remove RBC"]
    assert "Undo: Remove RBC" in " ".join(pages(content))


def test_a_copy_of_a_picture_is_told(session: Session, tmp_path: Path):
    content = gather(session)
    first, second = content.images
    shutil.copy(first.path, second.path)
    found = session.detections.get(2)
    assert found is not None
    session.detections.set_counted(
        2, found, width=200, height=120, seconds=1.0, notices=(), stamp=stamp_of(second.path)
    )
    content = gather(session)
    assert [image.copy_of for image in content.images] == [None, first.path]
    printed = pages(content)
    assert "1 image counted twice: field 2.png: a copy of field 1.png" in printed[0]
    assert "The same image as field 1.png; it is counted twice." in " ".join(printed)
    notices = sheets(content)["images"][0].index("notices")
    assert "counted twice" in sheets(content)["images"][2][notices]


def test_the_same_pixels_in_another_file_are_a_copy(session: Session):
    for image in (1, 2):
        session.view.put(pixels_key(image), pixel_digest(np.zeros((2, 2, 3), np.uint8)))
    first, second = gather(session).images
    assert (first.copy_of, second.copy_of) == (None, first.path)
    session.view.put(pixels_key(2), pixel_digest(np.zeros((1, 4, 3), np.uint8)))  # the same bytes, another image
    assert gather(session).images[1].copy_of is None


def test_who_reviewed_is_known(session: Session):
    session.edits.record(Edit(1, "Mark reviewed", values=(ValueChange(Subject.REVIEW, 1, {}),)), "Grace")
    content = gather(session)
    assert content.reviewers == ["Grace"]
    assert [image.reviewer for image in content.images] == ["Grace", ""]
    assert content.review == "1 of 2 images, by Grace"
    assert "1 of 2 images, by Grace" in " ".join(pages(content))
    session.edits.record(Edit(1, "Unmark reviewed", values=(ValueChange(Subject.REVIEW, 1, None),)), "Grace")
    assert [image.reviewer for image in gather(session).images] == ["", ""]


def test_a_review_is_of_the_counts_that_were_seen(session: Session):
    counted = gather(session).images[0].counted
    assert counted is not None
    seen = dict(counted.result.counts)
    session.edits.record(Edit(1, "Mark reviewed", values=(ValueChange(Subject.REVIEW, 1, seen),)), "Grace")
    assert gather(session).changed == 0
    for name in CLASSES:
        change(session, Subject.SETTING, 0.99, f"threshold {name}")
    content = gather(session)
    assert content.review == "1 of 2 images (1 changed since), by Grace"
    text = " ".join(pages(content))
    assert "1 of 2 images (1 changed since), by Grace" in text
    assert "Reviewed before the count changed: it was RBC" in text
    assert sheets(content)["images"][1].count("before the count changed") == 1


def test_reviewed_counts_are_compared_only_where_nothing_was_counted_by_hand(session: Session):
    first, second = session.images.all()[:2]
    for image in (first, second):
        found = session.detections.get(image.id)
        assert found is not None
        cells = found.detections
        truth = GroundTruth.reviewed(cells, cells.scores > 0, CLASSES)
        session.edits.record(
            Edit(image.id, "Mark reviewed", values=(ValueChange(Subject.TRUTHS, image.id, (truth,)),)), "Anna"
        )
    content = gather(session)
    assert {(row.handed_in, row.images) for row in content.verification} == {(False, 2)}
    assert content.truths() == {"reviewed count": 2}
    assert "Nothing was counted by hand" in " ".join(pages(content))
    change(session, Subject.TRUTHS, (GroundTruth.typed({"WBC": 2}),))
    content = gather(session)
    assert {(row.name, row.images) for row in content.verification} == {("WBC", 1)}
    assert content.truths() == {"typed counts": 1}
