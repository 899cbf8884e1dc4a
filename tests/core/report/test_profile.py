"""The laboratory's profile in the report: its name, what tells it from others, and what was changed since."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

from core.report.formats.csv import to_csv
from core.report.formats.json import report_json
from core.report.gather import gather
from core.report.tables import images_table
from core.session.session import Session
from core.session.tables.settings import PROFILE, PROFILE_PROBLEM, threshold_setting
from core.session.values import Subject
from core.verification.profile import Profile, ProfileInUse
from tests.core.report.reports import change, pages, sheets, signed_by

if TYPE_CHECKING:
    from pathlib import Path

HASH = "cafe0123" * 8
TITLE = "Ward 3 (cafe0123)"


def use_profile(session: Session, threshold: float = 0.5) -> None:
    stored = session.settings.counting()
    assert stored is not None
    settings, _ = stored
    thresholds = {**settings.thresholds, "RBC": threshold}
    profile = Profile(
        name="Ward 3", model_name="m", model_sha256="ab" * 32, thresholds=thresholds, nms_iou=settings.nms_iou
    )
    change(session, Subject.SETTING, threshold, threshold_setting("RBC"))
    change(session, Subject.SETTING, ProfileInUse(profile=profile, sha256=HASH), PROFILE)


def text_of(session: Session) -> str:
    return " ".join(" ".join(pages(gather(session))).split())


def test_every_format_names_the_profile(session: Session) -> None:
    use_profile(session)
    content = gather(session)
    assert f"Counted by the laboratory's profile {TITLE}." in text_of(session)
    assert HASH in text_of(session).replace(" ", "")
    assert json.loads(report_json(content))["profile"] == {
        "name": "Ward 3",
        "sha256": HASH,
        "model_sha256": "ab" * 32,
        "red_cell_diameter": None,
        "changed": [],
    }
    rows = list(csv.DictReader(io.StringIO(to_csv(images_table(content)).decode("utf-8-sig"), newline="")))
    assert {row["profile"] for row in rows} == {TITLE}
    settings = dict(row[:2] for row in sheets(content)["settings"][1:])
    assert (settings["profile"], settings["profile sha256"]) == (TITLE, HASH)
    assert settings["threshold RBC from"] == "as the profile Ward 3 says"


def test_what_was_changed_since_is_told(session: Session) -> None:
    use_profile(session)
    change(session, Subject.SETTING, 0.25, threshold_setting("RBC"))
    assert "changed: RBC 0.25 instead of 0.50" in text_of(session)
    assert json.loads(report_json(gather(session)))["profile"]["changed"] == ["RBC 0.25 instead of 0.50"]
    change(session, Subject.SETTING, 0.5, threshold_setting("RBC"))
    assert "changed:" not in text_of(session)


def test_a_profile_that_was_not_used_is_told(session: Session) -> None:
    session.view.put(PROFILE_PROBLEM, "share/ward.smearprofile: the profile cannot be read.")
    assert "share/ward.smearprofile: the profile cannot be read." in text_of(session)
    use_profile(session)
    assert "cannot be read" not in text_of(session)


def test_without_a_profile_nothing_is_said_of_one(session: Session) -> None:
    content = gather(session)
    assert "profile" not in json.loads(report_json(content))
    assert "profile" not in images_table(content).header
    assert "laboratory's profile" not in text_of(session)


def test_a_signature_holds_when_the_same_numbers_get_a_profile(session: Session, tmp_path: Path) -> None:
    assert signed_by(session).signed is not None
    stored = session.settings.counting()
    assert stored is not None
    use_profile(session, dict(stored[0].thresholds)["RBC"])
    assert gather(session).signed is not None
    use_profile(session, 0.9)
    assert gather(session).signed is None
    session.copy_to(tmp_path / "copy.smearcount")
    with Session.open(tmp_path / "copy.smearcount") as copy:
        assert copy.settings.profile() == session.settings.profile()
