"""The report as a PDF file."""

from __future__ import annotations

import colorsys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import openpyxl
import PIL.Image
import pypdfium2
import pytest
from PIL import Image
from pypdfium2 import PdfImage

from core.classes import PALETTES, PAPER, Palette
from core.counting.estimates import EstimateInputs
from core.report.content import Contents, Sample
from core.report.export import Outputs, write_report
from core.report.formats.images import LONG_SIDE
from core.report.gather import gather
from core.report.pdf.build import to_pdf
from core.report.pdf.fields import two_fields
from core.report.pdf.pages import PdfPages
from core.report.pdf.styles import ink_of
from core.report.progress import Progress
from core.session.session import Session
from core.session.values import Subject
from core.verification.ground_truth import GroundTruth
from tests.core.report.reports import CLASSES, add_cell, change, pages

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    MakeSession = Callable[..., Path]


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
        "Counted with three cells at the thresholds RBC 0.50, WBC 0.50, Platelets 0.50",
        "not a medical device. A person checks every count",
        "Signature",
        f"Page 1 of {len(text)}",
    ):
        assert part in first
    for part in (
        "Threshold RBC 0.50, as the model suggests",
        "Edge rule All cells count.",
        "ab" * 32,
        "1. field 1.png",
        "2. field 2.png",
        "added by a user",
        "Ada field 1.png Add WBC",
        "not verified",
    ):
        assert part in whole


def test_contents_can_be_left_out(session: Session):
    assert "Images with marked cells" in " ".join(pages(gather(session)))
    whole = " ".join(pages(gather(session), Contents(pictures=False, verification=False, history=False)))
    assert "Images with marked cells" not in whole
    assert "ground truth" not in whole
    assert "history" not in whole


def printed(name: str) -> tuple[int, ...]:
    """Return the ink of a class as blue, green and red."""
    return tuple(round(255 * part) for part in ink_of(PAPER.colour(CLASSES, CLASSES.index(name)))[::-1])


@pytest.mark.parametrize("palette", PALETTES, ids=lambda palette: palette.name)
def test_every_class_is_seen_on_white_paper_in_its_own_hue(palette: Palette):
    classes = (*CLASSES, "other", "more")
    for label in range(len(classes)):
        colour = [part / 255 for part in palette.colour(classes, label)]
        ink = ink_of(palette.colour(classes, label))
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in ink]
        assert 1.05 / (float(np.dot(linear, (0.2126, 0.7152, 0.0722))) + 0.05) >= 3
        assert colorsys.rgb_to_hsv(*ink)[0] == pytest.approx(colorsys.rgb_to_hsv(*colour)[0], abs=0.01)


def test_a_page_shows_the_boxes(session: Session):
    """There is colour on an image that has none."""
    data, problems = to_pdf(gather(session), Progress(), Contents())
    assert problems == []
    with pypdfium2.PdfDocument(data) as document:
        colours = [page.render(scale=1).to_numpy().reshape(-1, 3) for page in document]
    for colour in [printed(name) for name in CLASSES]:
        assert any((abs(page.astype(int) - colour).max(axis=1) < 40).any() for page in colours)


@pytest.mark.slow
def test_a_page_shows_contours_in_place_of_boxes(session: Session):
    def ink() -> list[int]:
        data, _ = to_pdf(gather(session), Progress(), Contents())
        with pypdfium2.PdfDocument(data) as document:
            pages = [page.render(scale=2).to_numpy().astype(int) for page in document]
        colours = printed("RBC"), printed("WBC")
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
    red, white = np.array(ink()) / before
    assert 0.7 < red < 0.9  # the lines of a half are (2 + the root of 2) / 4 as long as those of a box
    assert 0.7 < white < 1  # its letters are the same


def texts_of(workbook: Path) -> list[object]:
    sheets = openpyxl.load_workbook(workbook)
    return [cell for sheet in sheets for row in sheet.iter_rows(values_only=True) for cell in row]


@pytest.mark.parametrize("name", ["김철수"])
def test_names_of_east_asia_are_printed_or_transliterated_and_always_in_the_workbook(
    session: Session, tmp_path: Path, name: str
):
    change(session, Subject.SETTING, Sample(name, ()), "sample")
    content = gather(session)
    whole = " ".join(pages(content))
    assert name in whole or "given in Latin letters" in whole
    assert "[" not in whole
    workbook = tmp_path / "a.xlsx"
    write_report(content, Outputs(xlsx=workbook), Progress())
    assert name in texts_of(workbook)


def test_letters_that_no_font_has_are_transliterated_and_the_report_says_so(session: Session, tmp_path: Path):
    change(session, Subject.SETTING, Sample("བོད", (("Κύτταρο", "Кровь ½"),)), "sample")
    content = gather(session)
    whole = " ".join(pages(content))
    assert "Sample bod" in whole
    assert "given in Latin letters" in whole
    assert "Κύτταρο Кровь ½" in whole
    workbook = tmp_path / "a.xlsx"
    write_report(content, Outputs(xlsx=workbook), Progress())
    assert "བོད" in texts_of(workbook)


def test_names_in_scripts_from_right_to_left_and_of_india_are_in_the_report(session: Session):
    change(session, Subject.SETTING, Sample("דם", (("Patient", "محمد علي"), ("Physician", "आरव शर्मा"))), "sample")
    whole = " ".join(pages(gather(session)))
    assert "Latin letters" not in whole
    assert "[0" not in whole
    assert "דם" in whole


def test_the_first_page_has_the_result_and_two_fields_and_six_fit_on_a_page_for_review(make_session: MakeSession):
    with Session.open(make_session(pictures=13)) as session:
        data, problems = to_pdf(gather(session), Progress(), Contents())
    assert problems == []
    with pypdfium2.PdfDocument(data) as document:
        shown = [sum(isinstance(one, PdfImage) for one in page.get_objects()) for page in document]
    assert shown[0] == 2
    assert sum(shown[1:]) == 13
    assert max(shown[1:]) == 6


def test_hashes_and_paths_stand_at_the_end_and_a_missing_sample_id_at_the_beginning(session: Session):
    content = gather(session)
    first, *_, last = pages(content)
    assert "Sample id missing" in first
    assert str(session.path) not in first
    for part in (str(content.session), f"Content SHA-256 {content.content}", content.images[0].sha256):
        assert part is not None
        assert part.replace(" ", "") in last.replace(" ", "")
        assert part not in first


def test_manual_counts_stand_beside_what_is_reported(session: Session):
    assert "Compared with the manual count" not in " ".join(pages(gather(session)))
    change(session, Subject.TRUTHS, (GroundTruth.typed({"RBC": 3, "WBC": 1}),))
    whole = " ".join(pages(gather(session)))
    assert "Compared with the manual count" in whole
    assert "1 field 1.png 3 2 −1 1 1 0 – 1 –" in whole


def test_the_usual_field_and_the_one_with_most_white_cells_are_shown_first(make_session: MakeSession):
    with Session.open(make_session(pictures=5)) as session:
        for x in (20, 60):
            add_cell(session, 4, x=x)
        add_cell(session, 2, "RBC")
        usual, other = two_fields(gather(session))
    assert other.id == 4
    assert usual.id in (1, 3, 5)


def test_pages_are_pixels_at_any_width(session: Session):
    data, _ = to_pdf(gather(session), Progress(), Contents())
    with PdfPages(data) as shown:
        assert len(shown) == len(shown.sizes)
        page = shown.render(0, 300)
        assert page.shape[1:] == (300, 3)
        assert page.shape[0] == pytest.approx(300 * shown.sizes[0][1] / shown.sizes[0][0], abs=1)
        assert shown.width_at(0, 72) == round(shown.sizes[0][0])
    red = (page[..., 0] > 150) & (page[..., 2] < 90)  # of red, green and blue, as the missing id is printed
    assert red.any()


def test_numbers_and_signature_are_on_one_sheet_however_many_estimates_there_are(make_session: MakeSession):
    with Session.open(make_session(pictures=3)) as session:
        change(session, Subject.SETTING, EstimateInputs(5.0, 15.0, 0.1), "estimates")
        fields = tuple((f"Field {number}", "x" * 60) for number in range(12))
        change(session, Subject.SETTING, Sample("24-1187", fields), "sample")
        first, *_ = pages(gather(session))
    assert "Platelets by field" in first
    assert "Signature" in first


def test_estimates_that_contradict_each_other_are_said(session: Session):
    change(session, Subject.SETTING, EstimateInputs(5.0, 15.0, None), "estimates")
    assert "differ so much that one of the values they are made of must be wrong" in " ".join(pages(gather(session)))


def test_no_page_has_only_photographs_that_come_again(make_session: MakeSession):
    with Session.open(make_session(pictures=5)) as session:
        change(session, Subject.SETTING, EstimateInputs(5.0, 15.0, 0.1), "estimates")
        for number in (0, 4, 8, 14):
            fields = tuple((f"Field {place}", "x" * 60) for place in range(number))
            change(session, Subject.SETTING, Sample("24-1187", fields), "sample")
            content = gather(session)
            first, second, *_ = pages(content)
            assert "Signature" in first
            assert "Images" in second, number  # the table of images follows at once
            without, others, *_ = pages(content, Contents(every_picture=False))
            assert len(pages(content, Contents(every_picture=False))) < len(pages(content))
            assert sum(text.count("field ") > 0 for text in (without, others)) > 0
