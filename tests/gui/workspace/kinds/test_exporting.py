"""Kinds as classes of training data and annotation files, from a workspace."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from core.exchange.export_items import Format
from tests.gui.workspace.kinds.kinds_steps import WAIT_MS, counted_cells, ids

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.workspace.workspace import Workspace


@pytest.mark.parametrize("as_classes", [True, False])
def test_training_data_and_coco_hold_kinds_if_they_are_asked_for(
    counted: Workspace, qtbot: QtBot, tmp_path: Path, as_classes: bool
):
    assert counted.exporter.tree.kinds == ()
    counted.kinds.tree.add_ready_set("RBC")
    assert counted.exporter.tree.kinds
    given = counted_cells(counted, ids(counted)[0], "RBC")[:3]
    counted.kinds.typed.give(given, "target-cell")
    for kind, name in ((Format.TRAINING, "set"), (Format.COCO, "cells.json")):
        exporting = counted.exporter.start(counted.images.items, kind, tmp_path / name, kinds_as_classes=as_classes)
        with qtbot.waitSignal(exporting.ended, timeout=WAIT_MS):
            pass
    classes = (tmp_path / "set" / "classes.txt").read_text().split()
    labels = [
        line.split()[0]
        for path in (tmp_path / "set" / "labels").rglob("*.txt")
        for line in path.read_text().split("\n")
        if line
    ]
    document = json.loads((tmp_path / "cells.json").read_bytes())
    names = {one["id"]: one["name"] for one in document["categories"]}
    found = [names[one["category_id"]] for one in document["annotations"]]
    expected = 3 if as_classes else 0
    assert found.count("target-cell") == expected
    assert ("target-cell" in classes) == as_classes
    if as_classes:
        assert labels.count(str(classes.index("target-cell"))) == expected
