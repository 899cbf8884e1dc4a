"""Writing the files of a report, each as a whole or not at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import openpyxl
import pypdfium2
import pytest

from core.errors import Cancelled
from core.imaging.files.finding import find_images
from core.report.content import Contents
from core.report.export import Outputs, write_report
from core.report.gather import gather
from core.report.progress import Progress
from tests.core.report.reports import pages

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from core.session.session import Session

    MakeSession = Callable[..., Path]


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
    own = find_images([out], recursive=True)
    assert own.images == []
    assert len(own.left_out) == len(list((out / "pictures").iterdir()))


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
