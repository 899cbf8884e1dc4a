"""Another process that works on a session: run by the tests, and killed by them.

``hold PATH [read-only]``: open the session, say so, and keep it until standard input ends.
``edit PATH``: for each seed on standard input, fork a process that edits until it is killed. It prints its
id, full stops without end, also while the database writes, and the number of each edit that is stored.
"""

from __future__ import annotations

import os
import random
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[3]))

import numpy as np

from core.cells import Cell, CellChange, Detections, Origin
from core.session.session import Session, SessionError, StoredDetections
from core.session.values import Edit, Subject, ValueChange

if TYPE_CHECKING:
    from collections.abc import Iterator

IMAGES = 5


def script(seed: int) -> Iterator[tuple[Edit, StoredDetections | None]]:
    """Yield what the process of a seed does: edits, now and then together with a new count."""
    rng = random.Random(seed)
    numbers = np.random.default_rng(seed)
    for step in range(10_000):
        image = rng.randint(1, IMAGES)
        changes = [
            CellChange(
                rng.randrange(1000), None, rng.choice([None, Cell("RBC", (seed, step, 1, 1), 0.5, Origin.PERSON)])
            )
            for _ in range(rng.choice([0, 1, 1, 1, 1, 2, 2, 20]))
        ]
        reviewed = ValueChange(Subject.REVIEW, image, {"RBC": step} if rng.random() < 0.5 else None)
        edit = Edit(image, f"{seed}.{step}", tuple(changes), (reviewed,))
        count = rng.choice([0, 10, 2000]) if rng.random() < 0.2 else None
        yield edit, None if count is None else counted(numbers, count)


def counted(rng: np.random.Generator, count: int) -> StoredDetections:
    detections = Detections(
        rng.random((count, 4), np.float32),
        rng.random(count, np.float32),
        rng.integers(0, 3, count).astype(np.int32),
        np.arange(5000, 5000 + count),
        np.full(count, Origin.MODEL, np.uint8),
    )
    return StoredDetections(detections, ("RBC", "WBC", "Platelets"), 64, 1, "model", "ab")


def say(text: str) -> None:
    os.write(sys.stdout.fileno(), text.encode())


def tick() -> None:
    while True:
        say(".")


def edit_until_killed(path: Path, seed: int) -> None:
    say(f"{os.getpid()}\n")
    threading.Thread(target=tick, daemon=True).start()
    session = Session.open(path)
    for edit, found in script(seed):
        assert edit.image is not None
        with session.transaction():
            if found is not None:
                session.detections.set_counted(edit.image, found, width=9, height=9, seconds=0, notices=(), stamp=None)
            number = session.edits.record(edit, "Ada").number
        say(f"\n{number}\n")


def serve(path: Path) -> None:
    """Fork once for each line, so that the interpreter is started and NumPy imported only once."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                edit_until_killed(path, int(line))
            finally:
                os._exit(1)
        _, status = os.waitpid(child, 0)
        say(f"\nended by {-os.waitstatus_to_exitcode(status)}\n")


def hold(path: Path, read_only: bool) -> None:
    try:
        with Session.open(path, read_only=read_only):
            say("open\n")
            sys.stdin.read()
    except SessionError as error:
        say(f"{type(error).__name__}\n")


if __name__ == "__main__":
    mode, where = sys.argv[1], Path(sys.argv[2])
    if mode == "edit":
        serve(where)
    else:
        hold(where, "read-only" in sys.argv)
