"""Signing a report: what it is about, and whether it still holds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from core.cells import CellChange
from core.counting.estimates import EstimateInputs
from core.counting.region import Region
from core.report.content import Sample
from core.report.formats.json import report_json
from core.report.gather import gather
from core.report.sign_off import SignOffCheck
from core.session.session import Session
from core.session.values import Edit, Subject
from core.verification.ground_truth import GroundTruth
from tests.core.report.reports import add_cell, change, pages, remove_first, sheets, signed_by

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    MakeSession = Callable[..., Path]


def test_a_sign_off_holds_until_something_changes_and_again_when_it_is_undone(session: Session):
    assert gather(session).signed is None
    content = signed_by(session)
    assert content.signed is not None
    assert content.signed.user == "Ada Byron"
    assert session.edits.history()[0].text.startswith("Signed off, content ")
    edit = remove_first(session, 1)
    content = gather(session)
    assert content.signed is None
    assert content.superseded is not None
    [change] = edit.cells
    back = Edit(1, "Remove RBC", (CellChange(change.cell, change.after, change.before),), undoes=edit.number)
    session.edits.record(back, "Ada")
    assert gather(session).signed is not None


@pytest.mark.parametrize(
    "what", ["threshold", "overlap", "rule", "region", "truth", "inputs", "sample", "list", "order"]
)
def test_whatever_the_numbers_depend_on_supersedes_a_sign_off(session: Session, what: str):
    content = signed_by(session)
    match what:
        case "threshold":  # even one that changes no count
            change(session, Subject.SETTING, 0.51, "threshold RBC")
        case "overlap":
            change(session, Subject.SETTING, 0.45, "nms_iou")
        case "rule":
            change(session, Subject.SETTING, "top-left", "edge_rule")
        case "region":
            change(session, Subject.REGION, Region.between(0, 0, 70, 120))
        case "truth":
            change(session, Subject.TRUTHS, (GroundTruth.typed({"RBC": 2}),))
        case "inputs":
            change(session, Subject.SETTING, EstimateInputs(analyser_rbc=5), "estimates")
        case "sample":
            change(session, Subject.SETTING, Sample("other"), "sample")
        case "list":
            change(session, Subject.LISTED, False, image=2)
        case _:
            change(session, Subject.LISTED, False)
            session.images.add([content.images[0].path])
    assert gather(session).superseded is not None


def check(session: Session) -> tuple[str, str, int]:
    """Return who signed the present content or another one, and how many images were counted to know it."""
    sign_off_check = SignOffCheck(session)
    counted = len(list(sign_off_check.steps()))
    signed, superseded = sign_off_check.signed, sign_off_check.superseded
    return signed.user if signed else "", superseded.user if superseded else "", counted


def test_only_images_that_changed_are_counted_to_know_whether_a_sign_off_holds(make_session: MakeSession):
    path = make_session(pictures=5)
    with Session.open(path) as session:
        assert check(session) == ("", "", 0)
        signed_by(session)
        assert check(session) == ("Ada Byron", "", 0)
    with Session.open(path) as session:
        assert check(session) == ("Ada Byron", "", 0)
        edit = remove_first(session, 1)
        assert check(session) == ("", "Ada Byron", 1)
        assert check(session) == ("", "Ada Byron", 0)
        session.edits.record(edit.reversed(), "Ada")
        assert check(session) == ("Ada Byron", "", 1)
        moved = change(session, Subject.SETTING, 0.51, "threshold RBC")
        assert check(session) == ("", "Ada Byron", 0)
        session.edits.record(moved.reversed(), "Ada")
        assert check(session) == ("Ada Byron", "", 0)
        off = change(session, Subject.LISTED, False, image=2)
        assert check(session) == ("", "Ada Byron", 0)
        session.edits.record(off.reversed(), "Ada")
        assert check(session) == ("Ada Byron", "", 1)


def test_an_edit_while_sign_offs_are_checked_is_not_missed(session: Session):
    signed_by(session)
    edit = remove_first(session, 1)
    session.edits.record(edit.reversed(), "Ada")
    steps = SignOffCheck(session).steps()
    next(steps)
    remove_first(session, 1)
    list(steps)
    assert check(session) == ("", "Ada Byron", 1)


def test_moved_pictures_and_notes_leave_a_sign_off_valid(session: Session, tmp_path: Path):
    content = signed_by(session)
    moved = content.images[0].path.rename(tmp_path / "moved.png")
    session.relocate({1: moved}, "Ada")
    session.edits.note("Ada", None, "Looked at it again")
    assert gather(session).signed is not None


def test_the_report_says_whether_it_is_signed(session: Session):
    assert "Not signed" in pages(gather(session))[0]
    content = signed_by(session)
    first = pages(content)[0]
    assert "Signed by Ada Byron, 2026-11-21" in first
    assert f"Content SHA-256 {content.content}" in pages(content)[-1]
    assert "SUPERSEDED" not in first
    add_cell(session, 2)
    superseded = pages(gather(session))
    assert all("SUPERSEDED" in page for page in superseded)
    assert "Ada Byron signed other counts" in superseded[0]
    assert dict(sheets(gather(session))["settings"])["sign-off"] == "superseded"
    assert json.loads(report_json(gather(session)))["session"]["signed"] is None
