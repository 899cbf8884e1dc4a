"""Make ``data/schema_3.smearcount``: a session as the last program of schema 3 wrote it.

That program is commit 9eaa464. To make the file again, run this in a checkout of it, with ``tests`` beside ``core``::

    PYTHONPATH=. python make_schema_3.py FOLDER

What it holds are the values of ``tests/core/session/session_builders.py`` there, which no image stands behind.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.imaging.doubts import Doubt
from core.kinds.embeddings import Embeddings
from core.session.session import Session
from core.session.values import Edit, Subject, ValueChange, kind_key
from tests.core.session.session_builders import add, found

CELLS = 12


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with Session.create(folder / "schema_3.smearcount") as session:
        session.images.add([folder / "1.png", folder / "2.png"])
        for image in (1, 2):
            doubts = (Doubt.SUSPECT,) if image == 2 else ()
            stored = replace(found(session, CELLS, image), doubts=doubts, blur=0.05)
            session.detections.set_counted(
                image, stored, width=640, height=480, seconds=0.75, notices=("One notice.",), stamp=None
            )
        add(session, 1)
        kinds = (ValueChange(Subject.KIND, 1, "monocyte", kind_key(0)),)
        session.edits.record(Edit(1, "Kinds", values=kinds), "Ada")
        rng = np.random.default_rng(0)
        boxes = rng.random((CELLS, 4)).astype(np.float32)
        vectors = rng.normal(size=(CELLS, 8)).astype(np.float32)
        session.kinds.save_embeddings(1, "cd" * 32, Embeddings.of(np.arange(CELLS), boxes, vectors))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
