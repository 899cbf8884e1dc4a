"""Kinds of cells in the report of a session: confirmed and suggested apart, the differential, and the sign-off."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from core.annotations.base import AnnotatedImage
from core.cells import CellChange, Origin
from core.counting.reconcile import found_cell
from core.kinds.differential import DifferentialInputs
from core.kinds.embeddings import Embeddings
from core.kinds.figures import how_measured
from core.kinds.teaching_set import Header, TaughtCell, TeachingSet, used_set, write_teaching_set
from core.kinds.tree import NO_CELL, KindTree, red_cell_kinds, white_cell_kinds
from core.report.export import Outputs, write_report
from core.report.formats.json import report_json
from core.report.gather import gather
from core.report.progress import Progress
from core.report.sign_off import SignOffCheck
from core.session.tables.settings import DIFFERENTIAL, KINDS, TEACHING_SET
from core.session.values import Edit, Subject, ValueChange, kind_key
from core.verification.ground_truth import GroundTruth
from tests.core.report.reports import CLASSES, change, pages, sheets, signed_by

if TYPE_CHECKING:
    from pathlib import Path

    from core.session.session import Session

MODEL = "ef" * 32
DIMENSIONS = 8


def give(session: Session, image: int, cell: int, kind: str | None) -> None:
    session.edits.record(Edit(image, "Kind", values=(ValueChange(Subject.KIND, image, kind, kind_key(cell)),)), "Ada")


def counted(session: Session, image: int, name: str) -> list[int]:
    """Return the ids of the counted cells of a class."""
    [found] = [one.counted for one in gather(session).images if one.id == image]
    assert found is not None
    cells = found.found.detections
    chosen = found.result.counted & (cells.labels == CLASSES.index(name))
    return cells.ids[chosen].tolist()


@pytest.fixture
def kinds(session: Session) -> Session:
    """Return a session of two images in which four cells have a kind: three white ones and an erythroblast."""
    tree = white_cell_kinds().with_kinds(red_cell_kinds().kinds)
    change(session, Subject.SETTING, msgspec.to_builtins(tree), KINDS)
    inputs = DifferentialInputs(target=100, analyser=12.0)
    change(session, Subject.SETTING, msgspec.to_builtins(inputs), DIFFERENTIAL)
    give(session, 1, counted(session, 1, "WBC")[0], "lymphocyte")
    give(session, 2, counted(session, 2, "WBC")[0], "neutrophil")
    give(session, 1, counted(session, 1, "RBC")[0], "neutrophil")
    give(session, 1, counted(session, 1, "Platelets")[0], "erythroblast")
    return session


def test_a_session_without_kinds_is_reported_as_before(session: Session):
    content = gather(session)
    assert content.kinds is None
    assert not [name for name in sheets(content) if "kind" in name or "differential" in name]
    assert "kinds" not in json.loads(report_json(content))["session"]


def test_the_differential_is_in_every_report(kinds: Session, tmp_path: Path):
    content = gather(kinds)
    found = sheets(content)
    rows = {row[1]: row for row in found["differential"]}
    assert rows["neutrophil"][2:4] == (2, pytest.approx(2 / 3))
    assert rows["neutrophil"][6] == pytest.approx(2 / 3 * 9)  # 12 x 100 / (100 + 33.3)
    figures = {row[0]: row[1] for row in found["differential figures"]}
    assert figures["White cells sorted"] == 3
    assert figures["Absolute neutrophil count"] == pytest.approx(6)
    assert figures["Erythroblasts per 100 white cells"] == pytest.approx(100 / 3)
    assert figures["WBC corrected for erythroblasts"] == pytest.approx(9)
    numbers = {(row[0], row[2]): row[3:] for row in found["kinds"]}
    assert numbers["WBC", "lymphocyte"] == (1, 0)
    document = json.loads(report_json(content))["session"]["kinds"]
    assert document["confirmed"]["WBC"]["neutrophil"] == 2
    assert document["differential"]["cells"] == 3
    assert document["differential"]["neutrophils"]["value"] == pytest.approx(6)
    text = " ".join(pages(content))
    assert "Differential count of 3 white cells; the target of 100 is not reached" in text
    assert "Neutrophil 2 66.7" in text
    assert "corrected for erythroblasts 9.00" in text
    write_report(content, Outputs(csv=tmp_path / "table.csv"), Progress())
    table = list(csv.DictReader(io.StringIO((tmp_path / "table.csv").read_text("utf-8-sig"))))
    assert [row["WBC: neutrophil confirmed"] for row in table] == ["1", "1"]


def test_a_kind_is_reported_with_those_under_it(kinds: Session):
    """Not as none, when all its cells are segmented ones and bands."""
    give(kinds, 2, counted(kinds, 2, "WBC")[0], "segmented-neutrophil")
    give(kinds, 1, counted(kinds, 1, "RBC")[0], "band-neutrophil")
    content = gather(kinds)
    rows = {row[0]: row[2:4] for row in sheets(content)["differential"]}
    assert rows["Neutrophil, all"] == (2, pytest.approx(2 / 3))
    assert rows["Segmented neutrophil"] == rows["Band neutrophil"] == (1, pytest.approx(1 / 3))
    text = " ".join(pages(content))
    assert "Neutrophil 2 66.7" in text
    assert "Segmented neutrophil 1 33.3" in text
    assert "Blast 0 0.0" in text
    assert "Differential count of 3 white cells; the target of 100 is not reached" in text


def test_the_count_of_white_cells_is_told_with_and_without_erythroblasts_in_every_report(kinds: Session):
    content = gather(kinds)
    [white] = [row.count for row in content.totals if row.name == "WBC"]
    sentence = f"WBC {white} includes 1 erythroblast; without it {white - 1}."
    assert content.erythroblasts_text == sentence
    assert " ".join(pages(content)).count(sentence) == 3  # beside the counts, the ratios, and the differential count
    header, *rows = sheets(content)["totals"]
    assert header[-2:] == ("erythroblasts", "without erythroblasts")
    assert {row[0]: row[-2:] for row in rows} == {
        "RBC": (None, None),
        "WBC": (1, white - 1),
        "Platelets": (None, None),
    }
    totals = json.loads(report_json(content))["session"]["totals"]
    assert (totals["WBC"]["erythroblasts"], totals["WBC"]["without_erythroblasts"]) == (1, white - 1)
    assert "erythroblasts" not in totals["RBC"]
    give(kinds, 1, counted(kinds, 1, "Platelets")[0], None)
    assert gather(kinds).erythroblasts_text == ""


def test_a_second_reading_is_reported(kinds: Session):
    said = {"WBC": "lymphocyte", "RBC": "monocyte"}
    for name, kind in said.items():
        value = ValueChange(Subject.KIND, 1, kind, kind_key(counted(kinds, 1, name)[0], "Bea"))
        kinds.edits.record(Edit(1, "Kind", values=(value,)), "Bea")
    content = gather(kinds)
    [_, row] = sheets(content)["second readings"]
    assert row[:3] == ("Bea", 2, 0.5)
    assert "Second reading by Bea: 2 cells named by both, 50" in " ".join(pages(content))


def test_cells_that_do_not_count_are_in_no_differential(kinds: Session):
    cell = counted(kinds, 2, "WBC")[0]
    stored = kinds.detections.get(2)
    assert stored is not None
    place = stored.detections.ids.tolist().index(cell)
    before = found_cell(stored.detections, place, CLASSES)
    kinds.edits.record(Edit(2, "Remove", (CellChange(cell, before, None),)), "Ada")
    content = gather(kinds)
    assert content.kinds is not None
    assert content.kinds.differential is not None
    assert content.kinds.differential.cells == 2


def test_a_signature_covers_kinds_and_the_settings_of_the_differential(kinds: Session):
    signed = signed_by(kinds)
    assert signed.signed is not None
    cell = counted(kinds, 1, "WBC")[0]
    give(kinds, 1, cell, "monocyte")
    assert gather(kinds).superseded is not None
    check = SignOffCheck(kinds)
    list(check.steps())
    assert check.superseded is not None
    give(kinds, 1, cell, "lymphocyte")
    check = SignOffCheck(kinds)
    list(check.steps())
    assert check.signed is not None
    assert gather(kinds).signed is not None
    change(kinds, Subject.SETTING, msgspec.to_builtins(DifferentialInputs(analyser=5.0)), DIFFERENTIAL)
    assert gather(kinds).superseded is not None


def describe(session: Session, image: int, kinds: dict[int, str], rng: np.random.Generator) -> None:
    """Keep embeddings of the red cells of an image: apart by the kind that each is of."""
    stored = session.detections.get(image)
    assert stored is not None
    cells = stored.detections
    rows = np.array([cells.ids.tolist().index(cell) for cell in kinds])
    vectors = rng.normal(0, 0.05, (len(rows), DIMENSIONS)).astype(np.float32)
    vectors[:, 0] += [5.0 if kind == "spherocyte" else -5.0 for kind in kinds.values()]
    session.kinds.save_embeddings(image, MODEL, Embeddings.of(cells.ids[rows], cells.boxes[rows], vectors))


def make_set(path: Path, tree: KindTree, rng: np.random.Generator) -> None:
    """Write a teaching set of six spherocytes and six normal red cells."""
    kinds = ["spherocyte", "normal-red-cell"] * 6
    vectors = rng.normal(0, 0.05, (12, DIMENSIONS)).astype(np.float32)
    vectors[:, 0] += [5.0 if kind == "spherocyte" else -5.0 for kind in kinds]
    found = Embeddings.of(np.arange(12), np.zeros((12, 4), np.float32), vectors)
    cells = tuple(TaughtCell(f"{n}", (0, 0, n, n), 0, "RBC", kind, "Ada", "") for n, kind in enumerate(kinds))
    header = Header(
        name="Ward", embedding=MODEL, dimensions=DIMENSIONS, tree=tree, samples=("A",), cells=cells, made_by="Ada"
    )
    write_teaching_set(path, TeachingSet(header, found.steps, found.scales, (b"",) * 12))


def test_suggestions_are_apart_from_what_users_confirmed_and_say_by_which_set(session: Session, tmp_path: Path):
    rng = np.random.default_rng(1)
    tree, path = red_cell_kinds(), tmp_path / "ward.smearkinds"
    change(session, Subject.SETTING, msgspec.to_builtins(tree), KINDS)
    make_set(path, tree, rng)
    _, used = used_set(path)
    change(session, Subject.SETTING, msgspec.to_builtins(used), TEACHING_SET)
    for image in (1, 2):
        first, second = counted(session, image, "RBC")
        describe(session, image, {first: "spherocyte", second: "normal-red-cell"}, rng)
    confirmed = counted(session, 1, "RBC")[0]
    give(session, 1, confirmed, "spherocyte")
    content = gather(session)
    assert content.kinds is not None
    numbers = {row.kind: (row.confirmed, row.suggested) for row in content.kinds.rows}
    assert numbers["spherocyte"] == (1, 1)
    assert numbers["normal-red-cell"] == (0, 2)
    assert content.kinds.sorted_by == "Ward, version 1"
    assert content.kinds.problem == ""
    assert "Sorted by: Ward, version 1" in " ".join(pages(content))
    found = sheets(content)
    assert {row[2] for row in found["kind figures"][1:]} == {"spherocyte", "normal-red-cell"}
    assert how_measured(content.kinds.figures["RBC"].left_out) in " ".join(pages(content))  # as in the window
    assert ("RBC", "spherocyte", "spherocyte", 7) in found["kind confusion"]
    path.unlink()
    content = gather(session)
    assert content.kinds is not None
    assert str(path) in content.kinds.problem
    assert {row.kind: row.confirmed for row in content.kinds.rows}["spherocyte"] == 1
    assert sum(row.suggested for row in content.kinds.rows) == 0


def test_cells_left_out_by_the_sorting_are_told_from_removed_ones(kinds: Session):
    stored = kinds.detections.get(2)
    assert stored is not None
    cell = counted(kinds, 2, "RBC")[0]
    before = found_cell(stored.detections, stored.detections.ids.tolist().index(cell), CLASSES)
    after = replace(before, origin=Origin.SORTING)
    kinds.edits.record(Edit(2, "Leave out", (CellChange(cell, before, after),)), "Ada")
    content = gather(kinds)
    [red] = [row for row in content.totals if row.name == "RBC"]
    assert (red.count, red.ledger.removed, red.ledger.left_out) == (3, 1, 1)
    assert content.kinds is not None
    assert content.kinds.left_out == {"RBC": 1}
    assert "Left out of the counts as no cell: RBC 1" in " ".join(pages(content))
    assert json.loads(report_json(content))["session"]["totals"]["RBC"]["left_out_as_no_cell"] == 1


def test_kinds_of_the_ground_truth_are_compared_in_every_report(kinds: Session):
    """The truth has a lymphocyte where a user says lymphocyte, and a monocyte where a user says neutrophil."""
    for image, name in ((1, "Lymphocytes"), (2, "monocyte")):
        [found] = [one.counted for one in gather(kinds).images if one.id == image]
        assert found is not None
        cells = found.found.detections
        row = cells.ids.tolist().index(counted(kinds, image, "WBC")[0])
        file = AnnotatedImage("a.jpg", 1, 1, cells.boxes[[row]], ("WBC",))
        change(kinds, Subject.TRUTHS, (GroundTruth.imported(file, CLASSES, finer=(name,)),), image=image)
    content = gather(kinds)
    assert content.kinds is not None
    [compared] = content.kinds.truths
    assert (compared.class_name, compared.found.agreed.part, compared.found.agreed.whole) == ("WBC", 1, 2)
    found = sheets(content)
    rows = {row[2]: row[4:7] for row in found["kinds and truth"]}
    assert rows["Lymphocyte"][:2] == (1, 1)
    assert rows["Monocyte"] == (1, None, 0)
    assert ("WBC", "ground truth", "monocyte", "neutrophil", 1) in found["kinds and truth confusion"]
    assert "Confirmed kinds of WBC against the ground truth" in " ".join(pages(content))
    [entry] = json.loads(report_json(content))["session"]["kinds"]["against_truth"]
    assert entry["cells"] == 2


def test_nothing_is_said_of_a_truth_without_kinds(kinds: Session):
    file = AnnotatedImage("a.jpg", 1, 1, np.array([[1, 1, 9, 9]], np.float32), ("WBC",))
    change(kinds, Subject.TRUTHS, (GroundTruth.imported(file, CLASSES),))
    content = gather(kinds)
    assert "kinds and truth" not in sheets(content)
    assert "Confirmed kinds of" not in " ".join(pages(content))


def test_what_users_called_no_cell_is_told_apart_from_what_was_removed(kinds: Session):
    cell = counted(kinds, 2, "RBC")[0]
    stored = kinds.detections.get(2)
    assert stored is not None
    row = stored.detections.ids.tolist().index(cell)
    gone = CellChange(cell, found_cell(stored.detections, row, CLASSES), None)
    value = ValueChange(Subject.KIND, 2, NO_CELL, kind_key(cell))
    kinds.edits.record(Edit(2, "No cell", (gone,), (value,)), "Ada")
    content = gather(kinds)
    assert "Not counted, as users called them no cell: RBC 1." in " ".join(pages(content))
    assert json.loads(report_json(content))["session"]["kinds"]["named_no_cell"] == {"RBC": 1}
