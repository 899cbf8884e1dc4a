"""Print the seconds that a report of many counted images takes: gathered, and written as PDF, XLSX, CSV and JSON."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from core.cells import Detections, Origin
from core.counting.count import CountSettings
from core.imaging.synthetic import render_smear
from core.models.network import Model, default_model_path
from core.report.export import Outputs, write_report
from core.report.formats.annotated import write_picture
from core.report.gather import gather
from core.report.progress import Progress
from core.session.session import Session, StoredDetections, stamp_of

DIAMETER = 64
RENDERED = 5  # the others are copies: rendering takes longer than the report


def make_session(folder: Path, pictures: int, width: int, height: int) -> Path:
    """Make a session of rendered smears whose true cells, with as many doubtful ones beside them, were found."""
    model = Model(default_model_path())
    card = model.card
    rendered: list[tuple[bytes, Detections]] = []
    with Session.create(folder / "bench.smearcount") as session:
        session.settings.set_counting(CountSettings.suggested_by(card), card.classes)
        session.models.keep(model.sha256, card)
        for number in range(pictures):
            path = folder / f"field {number + 1}.jpg"
            if number < RENDERED:
                smear = render_smear(
                    width,
                    height,
                    red_cells=round(width * height / 5600),
                    diameter=DIAMETER,
                    rng=np.random.default_rng(number),
                )
                write_picture(smear.image, path)
                rendered.append((path.read_bytes(), found_in(smear.boxes)))
            data, cells = rendered[number % RENDERED]
            path.write_bytes(data + number.to_bytes(2))  # after its end, so that no two files are the same
            [image] = session.images.add([path])
            cells = cells.numbered_from(session.detections.new_ids(len(cells)))
            stored = StoredDetections(cells, card.classes, DIAMETER, 1.0, card.name, model.sha256)
            session.detections.set_counted(
                image.id, stored, width=width, height=height, seconds=1.0, notices=(), stamp=stamp_of(path)
            )
        return session.path


def found_in(boxes: np.ndarray) -> Detections:
    """Return red cells with boxes (N, 4) and a doubtful one beside each."""
    both = np.concatenate([boxes, boxes + np.float32(DIAMETER / 3)]).astype(np.float32)
    scores = np.repeat(np.array([0.9, 0.2], np.float32), len(boxes))
    labels, ids = np.zeros(len(both), np.int32), np.arange(len(both), dtype=np.int64)
    return Detections(both, scores, labels, ids, np.full(len(both), Origin.MODEL, np.uint8))


def main(pictures: int, width: int, height: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = make_session(folder, pictures, width, height)
        start = time.perf_counter()
        with Session.open(path, read_only=True) as session:
            content = gather(session)
        pdf, xlsx, csv, json = (folder / f"report.{kind}" for kind in ("pdf", "xlsx", "csv", "json"))
        written = write_report(content, Outputs(pdf=pdf, xlsx=xlsx, csv=csv, json=json), Progress())
        assert not written.problems, written.problems
        sys.stdout.write(f"{time.perf_counter() - start}\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
