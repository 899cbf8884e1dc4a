"""The report as tables and documents: CSV, JSON and XLSX have the same numbers."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.detection.segmentation.classical import CARD as CLASSICAL_CARD
from core.report.content import Contents, Sample
from core.report.formats.csv import CsvStyle, Separator, csv_bytes, to_csv
from core.report.formats.json import report_json
from core.report.gather import gather
from core.report.tables import images_table
from core.session.values import Subject
from core.verification.ground_truth import GroundTruth, TruthKind, TruthSource
from tests.core.report.reports import CLASSES, add_cell, change, pages, remove_first, sheets

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.session.session import Session

    MakeSession = Callable[..., Path]


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
    assert "RBC 3 1 to 9 4 0 −1" in text
    assert "RBC 1 (2 + 0 − 1)" in text
    assert "Mean probability RBC 0.80" in text


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


def test_the_workbook_calls_no_count_of_the_program_the_truth(session: Session):
    content = gather(session)
    cell = np.array([[10, 10, 40, 40]], np.float32)
    own = GroundTruth(TruthKind.BOXES, TruthSource.REVIEWED, content.classes, content.classes[:1], cell)
    hand = GroundTruth.typed({content.classes[0]: 7})
    images = tuple(
        replace(image, truth=truth) for image, truth in zip(content.images, cycle((own, hand)), strict=False)
    )
    content = replace(content, images=images)
    book = sheets(content)["images"]
    places = [place for place, name in enumerate(book[0]) if str(name).endswith("ground truth")]
    for image, row in zip(content.images, book[1:], strict=True):
        assert any(row[place] not in (None, "") for place in places) is (image.truth is hand), image.path


def test_the_workbook_says_field_quality_in_the_windows_words(session: Session):
    content = gather(session)
    qualities = [image.counted.quality for image in content.images if image.counted is not None]
    assert all(quality is not None for quality in qualities)
    book = sheets(content)["images"]
    said = [str(row[book[0].index("field quality")]) for row in book[1:]]
    rows = csv.DictReader(io.StringIO(to_csv(images_table(content)).decode("utf-8-sig"), newline=""))
    for text, row, quality in zip(said, rows, qualities, strict=True):
        assert quality is not None
        assert text.startswith(f"{quality.word}.")
        assert row["field quality"].startswith(quality.grade)
