"""Annotated cells: tables and folders of them, teaching sets made of them, and what a few examples achieve."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from core.kinds.teaching_set import read_teaching_set
from core.models.embedding import default_embedding_path
from trainer.cli.main import main
from trainer.kinds.cells import CellsError, read_cells
from trainer.kinds.evaluate import few_shot

if TYPE_CHECKING:
    from pathlib import Path

needs_model = pytest.mark.skipif(
    not default_embedding_path().exists(), reason="there is no embedding model in resources/models"
)
COLOURS = {"lymphocyte": (150, 60, 90), "monocyte": (200, 160, 190)}


def cell_image(kind: str, seed: int) -> np.ndarray:
    """Return a pale field with one cell, a disc, in the middle; BGR."""
    image = np.full((120, 120, 3), 235, np.uint8)
    radius = 22 if kind == "lymphocyte" else 38
    cv2.circle(image, (60, 60), radius, COLOURS[kind], -1)
    noise = np.random.default_rng(seed).normal(0, 6, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Return a table of twenty cells of two kinds."""
    folder = tmp_path / "cells"
    (folder / "images").mkdir(parents=True)
    rows = []
    for number in range(20):
        kind = ("lymphocyte", "monocyte")[number % 2]
        cv2.imwrite(str(folder / "images" / f"{number}.png"), cell_image(kind, number))
        split = "train" if number < 12 else "test"
        rows.append([f"{number}.png", kind, split, 0.5, 0.5, 0.6, 0.6])
    with (folder / "cells.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["file", "type", "split", "cx", "cy", "w", "h"], *rows])
    return folder


def test_a_table_of_cells_is_read_by_split(table: Path):
    cells = read_cells(table, split="train")
    assert len(cells) == 12
    assert cells[0].image == table / "images" / "0.png"
    assert cells[0].box == (0.5, 0.5, 0.6, 0.6)
    assert len(read_cells(table / "cells.csv")) == 20


def test_a_folder_for_each_kind_is_read(tmp_path: Path):
    for kind in COLOURS:
        (tmp_path / kind).mkdir()
        cv2.imwrite(str(tmp_path / kind / "a.png"), cell_image(kind, 1))
    cells = {cell.kind: cell for cell in read_cells(tmp_path)}
    assert cells.keys() == COLOURS.keys()
    assert cells["lymphocyte"].box[2] < cells["monocyte"].box[2]


def test_what_is_wrong_with_a_table_is_said(table: Path, tmp_path: Path):
    with pytest.raises(CellsError, match="no column group; add it"):
        read_cells(table, column="group")
    with pytest.raises(CellsError, match="no cells in it"):
        read_cells(table, split="val")
    with pytest.raises(CellsError, match="cannot be read"):
        read_cells(tmp_path / "none.csv")
    text = (table / "cells.csv").read_text().replace("0.png,lymphocyte,train,0.5", "0.png,lymphocyte,train,", 1)
    (table / "cells.csv").write_text(text)
    with pytest.raises(CellsError, match="line 2 has no box"):
        read_cells(table)


def test_more_examples_tell_more():
    rng = np.random.default_rng(0)
    kinds = ["a", "b"] * 60
    vectors = rng.normal(size=(120, 12)).astype(np.float32)
    vectors[:, 0] += np.tile([0, 2.5], 60)
    few, many = few_shot(vectors[:60], kinds[:60], vectors[60:], kinds[60:], examples=[3, 25])
    assert (few.examples, many.examples) == (3, 25)
    assert few.lowest <= few.balanced <= few.highest
    assert many.balanced > few.balanced
    assert many.recalls.keys() == {"a", "b"}


@pytest.mark.slow
@needs_model
def test_teaching_sets_are_made_measured_and_merged(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    one, other, whole = (tmp_path / f"{name}.smearkinds" for name in ("one", "other", "whole"))
    assert main(["kinds", "fit", str(table), "--split", "train", "--user", "Ada", "--out", str(one)]) == 0
    assert main(["kinds", "fit", str(table), "--split", "test", "--out", str(other)]) == 0
    assert main(["kinds", "merge", str(one), str(other), "--out", str(whole), "--name", "Both"]) == 0
    taught = read_teaching_set(whole)
    assert (len(taught), taught.header.name) == (20, "Both")
    assert {cell.class_name for cell in taught.header.cells} == {"WBC"}
    assert taught.header.tree.name("monocyte") == "Monocyte"
    capsys.readouterr()
    assert main(["kinds", "evaluate", str(table), "--examples", "3", "5", "--draws", "4"]) == 0
    printed = capsys.readouterr().out
    assert "Mean recall" in printed
    assert "1.000" in printed
    assert main(["kinds", "merge", str(one), "--out", str(tmp_path / "whole.zip")]) == 2
