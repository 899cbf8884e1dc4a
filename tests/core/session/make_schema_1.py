"""Make ``data/schema_1.smearcount`` and ``data/schema_1.json``: a session as the last program of schema 1 wrote it.

That program is commit 10bbbf6. To make the files again, run this in a checkout of it::

    QT_QPA_PLATFORM=offscreen PYTHONPATH=. python make_schema_1.py FOLDER

``FOLDER`` gets both files. Images are rendered; none is of a patient. The session holds every kind of row and key
that schema 1 knew, and the JSON what that program itself read in it: its report, history, undo stack and settings.
"""

# ruff: noqa: I001, RUF001 (the modules are those of another program)

from __future__ import annotations

import json
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QCoreApplication, QDeadlineTimer, QEventLoop

from core.annotate import write_picture
from core.demo import demo_smear
from core.detections import Origin
from core.frame import EdgeRule
from core.ground_truth import GroundTruth, TruthKind, TruthSource
from core.model import default_model_path
from core.rendered_smear import render_smear
from core.report import Sample, SignOff, gather, save_sample, sign
from core.report.json_text import to_json
from core.segcount.classical import CLASSICAL
from core.session import Cell, Change, Session
from core.verification import ThresholdChoice
from gui.document import Document
from gui.entries import State
from gui.threshold_records import use_thresholds
from gui.verify.model_runs import ModelRuns
from gui.verify.verifier import Verifier

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.session_values import Command

CLASSES = ("RBC", "WBC", "Platelets")
MADE = datetime(2026, 11, 27, 12, tzinfo=UTC)


def wait_until(done: Callable[[], object]) -> None:
    """Let the program work until something is true."""
    deadline = QDeadlineTimer(120_000)
    while not done():
        if deadline.hasExpired():
            raise TimeoutError
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 50)


def settled(document: Document) -> bool:
    return all(entry.state in (State.COUNTED, State.FAILED) for entry in document.entries)


def paint(folder: Path) -> list[Path]:
    """Render the images; the last is a copy of the second, and the one before it no image."""
    images = []
    for seed in range(3):
        smear = render_smear(
            320, 240, red_cells=8, white_cells=1, platelets=2, diameter=56, rng=np.random.default_rng(seed)
        )
        images.append(folder / f"field {seed + 1}.png")
        write_picture(smear.image, images[-1])
    demo = Path(shutil.copy(demo_smear(), folder / "démo.png"))
    broken = folder / "broken.png"
    broken.write_bytes(b"no image")
    return [demo, *images, broken, Path(shutil.copy(images[0], folder / "again.png"))]


def edit(document: Document) -> None:
    """Correct cells in every way, on one image and on two at once, undo and redo."""
    editing = document.editing
    demo, first, second, third, *_ = document.entries

    def counted() -> list[int]:
        cells, result = document.current_cells(), document.result(document.current_entry)
        return cells.cells.ids[result.counted].tolist()

    document.set_current(demo.row)
    cells = counted()
    editing.remove_cells(cells[:2])
    editing.reclassify(cells[2:3], "WBC")
    editing.accept(cells[3:4])
    x1, y1, x2, y2 = editing.cell(cells[4]).box
    editing.reshape(cells[4], (x1 + 2, y1, x2 + 2, y2 + 3.5))
    editing.add_cell("Platelets", (500, 300, 520, 321.5))
    editing.undo()
    editing.undo()
    editing.redo()
    document.set_current(first.row)
    editing.add_cell_at("RBC", 160, 120)
    editing.mark_reviewed(True)
    document.set_current(second.row)
    editing.mark_reviewed(True)
    editing.remove_cells(counted()[:1])  # takes the mark off
    editing.mark_reviewed(True)
    here, there = counted()[:2], second.id
    document.set_current(third.row)
    editing.make([(third.id, counted()[0]), (there, here[0])], "WBC")  # one step of two images
    editing.mark_reviewed(True)
    editing.doubt(third.id, counted()[:2])
    step: list[Command] = []
    for entry in (first, third):  # as an import does it
        cell = Cell("RBC", (5.0, 5.0, 40.0, 41.0), 1.0, Origin.IMPORTED)
        editing.edit_image(entry.id, "Import 1 box", [Change(document.session.new_ids(1), None, cell)], step)
    editing.add_step(step)


def count_by_hand(document: Document) -> None:
    """Give truths of every source and kind, and take some away again."""
    demo, first, second, third, *_ = document.entries
    document.set_current(first.row)
    wait_until(lambda: document.picture is not None)
    document.tally.set_options(blind=True, target=100, target_class="RBC")
    document.tally.begin()
    for place in range(4):
        document.tally.put("RBC", 40.5 + 50 * place, 60)
    document.tally.put("WBC", 150, 150)
    document.tally.undo()
    document.tally.look_for("Platelets", True)
    document.tally.finish()
    document.truths.put(first.id, GroundTruth.typed({"RBC": 9}), "Counted by hand: RBC 9")
    document.truths.put(second.id, GroundTruth.typed({"RBC": 8, "WBC": 1}), "Counted by hand: RBC 8, WBC 1")
    boxes = np.array([[10, 12, 66, 70], [100, 100, 160, 161.5]], np.float32)
    imported = GroundTruth(TruthKind.BOXES, TruthSource.IMPORTED, CLASSES, ("RBC", "WBC"), boxes)
    document.truths.put(demo.id, imported, "Ground truth imported (2 cells)")
    document.truths.put(third.id, imported, "Ground truth imported (2 cells)")
    document.truths.put(third.id, GroundTruth.typed({"RBC": 7}), "Counted by hand: RBC 7")
    document.truths.choose(third.id, TruthSource.IMPORTED)
    document.truths.take_away([third.id, second.id])


def compare(document: Document) -> None:
    """Compare with the classical method, count with it, with the model again, and with it once more.

    One image is off the list the last time, so that the session has counts of both.
    """
    verifier = Verifier(document)
    runs = ModelRuns(verifier)
    verifier.set_options(iou=0.4, ticked=frozenset({1, 2}))
    verifier.set_active(True)
    wait_until(lambda: verifier.answer is not None and not verifier.busy)
    present = document.model
    runs.add([Path(CLASSICAL)])
    wait_until(lambda: runs.candidates and not runs.opening)
    runs.run()
    wait_until(lambda: not runs.busy)
    runs.use(runs.candidates[0])
    wait_until(lambda: document.model is not present and settled(document))
    classical = document.model
    document.import_model(present.path)
    wait_until(lambda: document.model is not classical and settled(document))
    again = document.entries[-1]
    document.remove([again.id])
    verifier.set_active(False)
    present = document.model
    document.import_model(Path(CLASSICAL))
    wait_until(lambda: document.model is not present and settled(document))
    document.session.add_images([again.path])
    verifier.close()
    runs.close_down()


def set_up(document: Document) -> None:
    """Change everything else that a number depends on."""
    demo, first, second, *_ = document.entries
    document.set_threshold("RBC", 0.45)
    document.settle()
    choice = ThresholdChoice("WBC", 0.55, "f1", (1, 2), False, 0.9, warning="Only 2 images.")
    names = {entry.id: entry.path.name for entry in document.entries}
    use_thresholds(document, [choice], names, 0.4)
    document.frames.set_rule(EdgeRule.TOP_LEFT)
    document.set_current(first.row)
    document.frames.draw_region([(20, 20), (300, 20), (300, 220), (160, 180), (20, 220)])
    document.set_current(second.row)
    document.set_diameter(54.5)
    wait_until(lambda: settled(document))
    document.frames.inset([second, demo])
    document.set_current(demo.row)
    document.frames.remove_region()
    document.laboratory.give("analyser_rbc", 4.9)
    document.laboratory.give("micrometres_per_pixel", 0.11)
    document.laboratory.give("field_factor", 15.0)
    document.laboratory.give("field_factor", None)


def finish(document: Document, folder: Path) -> None:
    """Sign, change something, sign again; leave the view as a window does."""
    session = document.session
    save_sample(session, Sample("S-17/α", (("stain", "May-Grünwald"), ("slide", "2"))))
    sign(session, SignOff("Ada", MADE, gather(session).content, "0.1.0"))
    document.remember("hidden", ["Platelets"])
    document.set_current(1)
    document.remember("view", [document.current_entry.id, 1.5, 120.0, 80.25])
    document.editing.mark_reviewed(True)
    document.set_current(2)
    document.editing.mark_reviewed(True)
    document.editing.mark_reviewed(False)
    document.editing.undo()
    document.editing.undo()
    session.note("Ada", None, "A note")
    document.settle()
    session.put_conflicts(1, [(3, "A conflict that was resolved"), (4, "A conflict that was not")])
    session.resolve_conflict(session.conflicts()[0].number)
    later = [Path(shutil.copy(folder / "field 3.png", folder / name)) for name in ("later.png", "removed.png")]
    session.add_images(later)
    session.remove_images([session.images()[-1].id])
    sign(session, SignOff("Ben", MADE, gather(session).content, "0.1.0"))


def describe(session: Session) -> dict[str, object]:
    """Return what this program reads in a session; cells and truths as it stores them."""
    done, undone = session.commands()
    settings = {key: value for key, value in session.get_all("").items() if not key.startswith(("contours", "found"))}
    return {
        "report": json.loads(to_json(gather(session, made=MADE))),
        "history": [[row.number, row.person, row.image, row.text, row.undoes] for row in session.history()],
        "done": [[command.image, command.name, len(command.changes)] for command in done],
        "undone": [[command.image, command.name, len(command.changes)] for command in undone],
        "conflicts": [[conflict.image, conflict.cell, conflict.text] for conflict in session.conflicts()],
        "settings": settings,
    }


def main(folder: Path) -> None:
    app = QCoreApplication([])
    folder.mkdir(parents=True, exist_ok=True)
    images = paint(folder)
    document = Document(default_model_path(), folder / "sessions", "Ada")
    wait_until(lambda: document.model is not None)
    document.open_paths(images)
    wait_until(lambda: settled(document))
    edit(document)
    count_by_hand(document)
    compare(document)
    set_up(document)
    document.set_current(0)
    document.editing.mark_reviewed(True)
    finish(document, folder)
    path = document.session.path
    document.close()
    target = folder / "schema_1.smearcount"
    shutil.copy(path, target)
    with Session.open(target) as session:
        expected = describe(session)
    (folder / "schema_1.json").write_text(json.dumps(expected, ensure_ascii=False), "utf-8")
    sys.stdout.write(f"{target.stat().st_size:,} bytes\n")
    del app


if __name__ == "__main__":
    main(Path(sys.argv[1]))
