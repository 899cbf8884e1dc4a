"""Handing a result in: what is gathered from a session, signed, and written as tables and pages."""

from __future__ import annotations

import csv
import io
import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import openpyxl
import PIL.Image
import pypdfium2
import pytest
import tifffile
from PIL import Image
from pypdfium2 import PdfImage

from core.cells import Cell, CellChange, Origin
from core.classes import PAPER
from core.counting.estimates import EstimateInputs
from core.counting.frame import EdgeRule
from core.counting.reconcile import found_cell
from core.counting.region import Region
from core.detection.segmentation.classical import CARD as CLASSICAL_CARD
from core.errors import Cancelled
from core.report.content import Contents, Sample
from core.report.export import Outputs, write_report
from core.report.formats.csv import CsvStyle, Separator, csv_bytes, to_csv
from core.report.formats.images import LONG_SIDE, with_boxes
from core.report.formats.json import report_json
from core.report.formats.xlsx import to_xlsx
from core.report.gather import gather
from core.report.pdf.build import to_pdf
from core.report.progress import Progress
from core.report.sign_off import SignOffCheck, sign
from core.report.tables import images_table
from core.session.session import Session, stamp_of
from core.session.tables.settings import span_key
from core.session.values import Edit, SessionReadOnlyError, Subject, ValueChange
from core.statistics.intervals import poisson_interval
from core.verification.ground_truth import GroundTruth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from core.report.content import ReportContent

    MakeSession = Callable[..., Path]

CLASSES = ("RBC", "WBC", "Platelets")
NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)


@pytest.fixture
def session(make_session: MakeSession) -> Iterator[Session]:
    with Session.open(make_session()) as session:
        yield session


def add_cell(session: Session, image: int, name: str = "WBC", x: float = 20) -> None:
    cell = Cell(name, (x, 70, x + 10, 80), 1.0, Origin.PERSON)
    session.edits.record(Edit(image, f"Add {name}", (CellChange(session.detections.new_ids(1), None, cell),)), "Ada")


def change(session: Session, subject: Subject, after: Any, key: str = "", image: int = 1) -> Edit:
    """Change a setting, or a value of an image."""
    where = None if subject is Subject.SETTING else image
    return session.edits.record(Edit(where, "Change", values=(ValueChange(subject, where, after, key),)), "Ada")


def remove_first(session: Session, image: int) -> Edit:
    stored = session.detections.get(image)
    assert stored is not None
    cells = stored.detections
    change = CellChange(int(cells.ids[0]), found_cell(cells, 0, CLASSES), None)
    return session.edits.record(Edit(image, "Remove RBC", (change,)), "Ada")


def signed_by(session: Session, person: str = "Ada Byron") -> ReportContent:
    sign(session, gather(session), person, NOW)
    return gather(session)


def sheets(content: ReportContent, contents: Contents | None = None) -> dict[str, list[tuple[Any, ...]]]:
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx(content, Progress(), contents or Contents())))
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}


def pages(content: ReportContent, contents: Contents | None = None) -> list[str]:
    """Return the text of each page of the PDF."""
    data, _ = to_pdf(content, Progress(), contents or Contents())
    with pypdfium2.PdfDocument(data) as document:
        return [" ".join(page.get_textpage().get_text_bounded().split()) for page in document]


# -- what is gathered -----------------------------------------------------------------------------


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
    assert "model and person" in " ".join(pages(gather(session)))


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
    assert "Platelets by field against by ratio −198 % of their mean" in first
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


# -- signing --------------------------------------------------------------------------------------


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
    assert "Not signed off." in pages(gather(session))[0]
    content = signed_by(session)
    first = pages(content)[0]
    assert "Signed off by Ada Byron, 2026-11-21" in first
    assert f"{content.content[:4]} {content.content[4:8]}" in first
    assert "SUPERSEDED" not in first
    add_cell(session, 2)
    superseded = pages(gather(session))
    assert all("SUPERSEDED" in page for page in superseded)
    assert "Ada Byron signed other content" in superseded[0]
    assert dict(sheets(gather(session))["settings"])["sign-off"] == "superseded"
    assert json.loads(report_json(gather(session)))["session"]["signed"] is None


# -- files ----------------------------------------------------------------------------------------


def test_every_format_has_the_same_numbers(session: Session):
    add_cell(session, 1)
    remove_first(session, 2)
    content = gather(session)
    counts = [[image.result.counts[name] for name in CLASSES] for image in content.counted]
    assert counts == [[2, 2, 1], [1, 1, 1]]
    rows = list(csv.DictReader(io.StringIO(to_csv(images_table(content)).decode("utf-8-sig"), newline="")))
    assert [[int(row[name]) for name in CLASSES] for row in rows] == counts
    book = sheets(content)
    columns = [book["images"][0].index(name) for name in CLASSES]
    assert [[row[column] for column in columns] for row in book["images"][1:]] == counts
    assert [row[:2] for row in book["totals"][1:4]] == [("RBC", 3), ("WBC", 3), ("Platelets", 2)]
    cells = [(row[2], row[9]) for row in book["cells"][1:]]
    assert [cells.count((name, "yes")) for name in CLASSES] == [3, 3, 2]
    assert [row[8] for row in book["cells"][1:]].count("person") == 1
    document = json.loads(report_json(content))
    assert [[image["counts"][name] for name in CLASSES] for image in document["images"]] == counts
    assert document["totals"] == {"RBC": 3, "WBC": 3, "Platelets": 2}
    assert document["session"]["totals"]["WBC"]["added"] == 1
    text = " ".join(pages(content))
    assert "RBC 3 0.6 to 8.8 4 0 −1" in text
    assert "RBC 1 (2 + 0 − 1), mean 0.80" in text


def test_the_workbook_has_its_sheets_and_takes_no_text_for_a_formula(session: Session):
    change(
        session, Subject.SETTING, Sample("=1+1", (("Patient", "@SUM(A1)"), ("Web", "https://example.org"))), "sample"
    )
    book = sheets(gather(session))
    assert list(book) == ["images", "cells", "totals", "estimates", "verification", "settings", "history"]
    settings = dict(book["settings"])
    assert settings["sample"] == "=1+1"
    assert settings["Patient"] == "@SUM(A1)"
    assert settings["threshold RBC"] == 0.5
    assert settings["threshold RBC from"] == "as the model suggests"
    assert settings["model sha256"] == "ab" * 32
    assert settings["counting rule"] == "All cells count."
    assert "not a medical device" in settings["note"]
    assert list(sheets(gather(session), Contents(verification=False, history=False))) == [*list(book)[:4], "settings"]


def test_each_photograph_is_decoded_once_and_printed_small(
    make_session: MakeSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with Session.open(make_session(pictures=3)) as session:
        content = gather(session)
    images = []
    for image in content.images:
        large = image.path.with_suffix(".jpg")
        Image.new("RGB", (3000, 1800), (250, 240, 245)).save(large)
        images.append(replace(image, path=large, sha256=None))
    decoded: list[str] = []
    decode = PIL.Image._getdecoder

    def counting(mode: str, name: str, *more: Any) -> Any:
        decoded.append(name)
        return decode(mode, name, *more)

    monkeypatch.setattr(PIL.Image, "_getdecoder", counting)
    data, problems = to_pdf(replace(content, images=tuple(images)), Progress(), Contents())
    assert problems == []
    assert decoded == ["jpeg"] * 3
    with pypdfium2.PdfDocument(data) as document:
        printed = [one for page in document for one in page.get_objects() if isinstance(one, PdfImage)]
        assert {one.get_px_size() for one in printed} == {(LONG_SIDE, LONG_SIDE * 1800 // 3000)}


def test_csv_is_what_excel_of_a_country_expects(session: Session):
    plain = to_csv(images_table(gather(session))).decode("utf-8-sig").splitlines()
    assert plain[0].startswith("image,width,height,RBC,WBC,Platelets,RBC mean score")
    assert ",0.8500,0.7000,0.6000," in plain[1]
    german = to_csv(images_table(gather(session)), CsvStyle(Separator.SEMICOLON, decimal_comma=True)).decode(
        "utf-8-sig"
    )
    assert ";2;1;1;0,8500;0,7000;0,6000;" in german.splitlines()[1]
    with pytest.raises(ValueError, match="another separator"):
        CsvStyle(Separator.COMMA, decimal_comma=True)


def test_csv_takes_no_text_for_a_formula():
    assert csv_bytes([["=1+1", "-x", -1, -0.5, None, "a,b"]]) == b"\xef\xbb\xbf'=1+1,'-x,-1,-0.5000,,\"a,b\"\r\n"


def test_the_pages_name_everything_that_a_laboratory_asks_for(session: Session):
    change(
        session, Subject.SETTING, Sample("2026-0815", (("Patient", "J. Müller"), ("Stain", "Giemsa µ 100×"))), "sample"
    )
    add_cell(session, 1)
    text = pages(gather(session))
    first, whole = text[0], " ".join(text)
    for part in (
        "Sample 2026-0815",
        "Patient J. Müller",
        "Stain Giemsa µ 100×",
        "Threshold RBC 0.50, as the model suggests",
        "Edge rule All cells count.",
        "three cells",
        "ab" * 32,
        "not a medical device. A person checks every count",
        "Signature",
        f"Page 1 of {len(text)}",
    ):
        assert part in first
    for part in ("1. field 1.png", "2. field 2.png", "added by a user", "Ada field 1.png Add WBC", "not verified"):
        assert part in whole


def counted_by_masks(session: Session) -> None:
    """Count the images as a model does that has masks."""
    session.models.keep("cd" * 32, CLASSICAL_CARD)
    for image in session.images.all():
        found = session.detections.get(image.id)
        assert found is not None
        session.detections.set_counted(
            image.id,
            replace(found, model_sha256="cd" * 32),
            width=image.width,
            height=image.height,
            seconds=image.seconds,
            notices=(),
            stamp=image.stamp,
        )


def test_the_way_of_counting_is_named_wherever_cells_were_counted_by_masks(session: Session):
    for_boxes = gather(session)
    assert "Counted by" not in " ".join(pages(for_boxes))
    assert b"counted_by" not in report_json(for_boxes)
    counted_by_masks(session)
    content = gather(session)
    ways = "RBC: Circles (Hough); WBC: Connected components; Platelets: Connected components"
    assert f"Counted by {ways}" in " ".join(pages(content))
    assert dict(sheets(content)["settings"])["counted by"] == ways
    document = json.loads(report_json(content))
    for model in (document["model"], document["session"]["models"][0]):
        assert model["counted_by"] == {"RBC": "hough", "WBC": "components", "Platelets": "components"}


def test_contents_can_be_left_out(session: Session):
    assert "Images with boxes" in " ".join(pages(gather(session)))
    whole = " ".join(pages(gather(session), Contents(pictures=False, verification=False, history=False)))
    assert "Images with boxes" not in whole
    assert "ground truth" not in whole
    assert "history" not in whole


def test_a_page_shows_the_boxes(session: Session):
    """There is colour on an image that has none."""
    data, problems = to_pdf(gather(session), Progress(), Contents())
    assert problems == []
    with pypdfium2.PdfDocument(data) as document:
        colours = [page.render(scale=1).to_numpy().reshape(-1, 3) for page in document]
    for colour in [(0, 140, 255), (255, 190, 84), (200, 60, 24)]:  # blue, green, red
        assert any((abs(page.astype(int) - colour).max(axis=1) < 40).any() for page in colours)


def test_a_page_shows_contours_in_place_of_boxes(session: Session):
    def ink() -> list[int]:
        data, _ = to_pdf(gather(session), Progress(), Contents())
        with pypdfium2.PdfDocument(data) as document:
            pages = [page.render(scale=2).to_numpy().astype(int) for page in document]
        colours = (0, 140, 255), (255, 190, 84)
        return [sum(int((abs(page - colour).max(axis=2) < 40).sum()) for page in pages) for colour in colours]

    before = ink()
    for image in session.images.all():
        found = session.detections.get(image.id)
        assert found is not None
        halves = tuple(
            np.array([(x1, y1), (x2, y1), (x1, y2)], np.float32) for x1, y1, x2, y2 in found.detections.boxes
        )
        drawn = replace(found, detections=replace(found.detections, contours=halves))
        session.detections.set_counted(
            image.id, drawn, width=200, height=120, seconds=0.5, notices=(), stamp=image.stamp
        )
    less = np.array(ink()) / before  # the lines of a half are (2 + the root of 2) / 4 as long as those of a box
    assert ((less > 0.7) & (less < 0.9)).all()


def test_letters_that_no_font_has_are_transliterated_and_the_report_says_so(session: Session, tmp_path: Path):
    change(session, Subject.SETTING, Sample("བོད", (("Κύτταρο", "Кровь ½"),)), "sample")
    content = gather(session)
    whole = " ".join(pages(content))
    assert "Sample bod" in whole
    assert "given in Latin letters" in whole
    assert "Κύτταρο Кровь ½" in whole
    workbook = tmp_path / "a.xlsx"
    write_report(content, Outputs(xlsx=workbook), Progress())
    values = [
        cell for sheet in openpyxl.load_workbook(workbook) for row in sheet.iter_rows(values_only=True) for cell in row
    ]
    assert "བོད" in values


def test_names_in_scripts_from_right_to_left_and_of_india_are_in_the_report(session: Session):
    change(session, Subject.SETTING, Sample("דם", (("Patient", "محمد علي"), ("Physician", "आरव शर्मा"))), "sample")
    whole = " ".join(pages(gather(session)))
    assert "Latin letters" not in whole
    assert "[0" not in whole
    assert "דם" in whole


# -- writing --------------------------------------------------------------------------------------


def outputs(folder: Path) -> Outputs:
    return Outputs(
        folder / "a.pdf", folder / "a.xlsx", folder / "a.csv", folder / "a.json", folder / "pictures", ".tif"
    )


def test_everything_is_written(session: Session, tmp_path: Path):
    out, seen = tmp_path / "out", list[tuple[int, str]]()
    out.mkdir()
    content = gather(session)
    wanted = outputs(out)
    written = write_report(content, wanted, Progress(lambda done, text: seen.append((done, text))))
    assert written.problems == []
    assert sorted(written.paths) == sorted(wanted.paths)
    names = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    assert names == [
        "a.csv",
        "a.json",
        "a.pdf",
        "a.xlsx",
        "pictures/field 1_counted.tif",
        "pictures/field 2_counted.tif",
    ]
    assert [done for done, _ in seen] == list(range(1, wanted.steps(content) + 1))


def test_a_missing_or_changed_picture_is_one_sentence_and_the_rest_goes_on(session: Session, tmp_path: Path):
    content = gather(session)
    first, second = (image.path for image in content.images)
    first.unlink()
    second.write_bytes(second.read_bytes() + b"changed")
    written = write_report(content, outputs(tmp_path), Progress())
    assert len(written.problems) == 2
    assert written.problems[0].startswith(f"{first}: the image is no longer there")
    assert written.problems[1].startswith(f"{second}: the file has changed since it was counted")
    assert [row.count for row in gather(session).totals] == [4, 2, 2]
    assert "The image is no longer there" in " ".join(pages(content))


@pytest.mark.parametrize("step", range(1, 7))
def test_cancelling_leaves_no_half_file(session: Session, tmp_path: Path, step: int):
    out = tmp_path / "out"
    out.mkdir()
    progress = Progress()

    def tell(done: int, _: str) -> None:
        if done == step:
            progress.stopped.set()

    progress.tell = tell
    if step < 6:
        with pytest.raises(Cancelled):
            write_report(gather(session), outputs(out), progress)
    else:
        write_report(gather(session), outputs(out), progress)
    assert not list(out.rglob("*.part"))
    if (out / "a.xlsx").exists():
        openpyxl.load_workbook(out / "a.xlsx")
    if (out / "a.pdf").exists():
        pypdfium2.PdfDocument(out / "a.pdf").close()


def test_a_folder_that_cannot_be_written_into_is_one_sentence(
    session: Session, tmp_path: Path, ordinary_user: Callable[[], AbstractContextManager[None]]
):
    content = gather(session)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    "".encode("utf-16-le")  # the workbook needs this codec, and another user may not read Python's own files
    with ordinary_user():
        written = write_report(content, replace(outputs(closed), contents=Contents(pictures=False)), Progress())
    assert written.paths == []
    [problem] = written.problems
    assert problem.startswith(f"{closed}: a.csv, a.json, a.xlsx, a.pdf and pictures cannot be written (")
    assert problem.endswith("); choose another place.")


def test_a_full_drive_is_one_sentence(session: Session, tmp_path: Path):
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no drive that is always full here")
    written = write_report(gather(session), Outputs(csv=full, json=tmp_path / "a.json"), Progress())
    assert written.problems == [
        "/dev/full: the result cannot be written (No space left on device); choose another place."
    ]
    assert written.paths == [tmp_path / "a.json"]


def test_a_file_that_is_there_stays_until_the_new_one_is_complete(session: Session, tmp_path: Path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"old")
    progress = Progress()
    progress.stopped.set()
    with pytest.raises(Cancelled):
        write_report(gather(session), Outputs(xlsx=path), progress)
    assert path.read_bytes() == b"old"
    write_report(gather(session), Outputs(xlsx=path), Progress())
    assert path.read_bytes().startswith(b"PK")


def test_a_deep_image_is_printed_at_the_scale_it_was_counted_with(session: Session):
    """Alone it would be four times as bright: its camera has 12 bits, of which it fills 10."""
    path = next(iter(session.images.all())).path
    deep = np.full((120, 200, 3), 800, np.uint16)
    tifffile.imwrite(path, deep, photometric="rgb")
    session.view.put(span_key(1), [0.0, 4000.0])
    image = replace(gather(session).images[0], sha256=None)
    assert image.counted is not None
    printed = with_boxes(image, image.counted, CLASSES, PAPER)
    assert abs(int(printed[-1, -1, 0]) - round(800 / 4095 * 255)) <= 1
    alone = with_boxes(replace(image, span=None), image.counted, CLASSES, PAPER)
    assert abs(int(alone[-1, -1, 0]) - round(800 / 1023 * 255)) <= 1
