"""Which files are counted, and how they are named."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tests.core.cli.command import Bench


def test_bad_files_are_listed_and_the_rest_is_counted(bench: Bench):
    good = bench.picture("good.png")
    bad = bench.folder / "bad.jpg"
    bad.write_text("not an image")
    gone = bench.folder / "gone.png"
    document = bench.json(bad, good, gone)
    assert bench.count(bad, good, gone) == 1
    assert [image["path"] for image in document["images"]] == [str(good)]
    assert [error["path"] for error in document["errors"]] == [str(bad), str(gone)]
    assert document["totals"]["RBC"] == 2
    for error in document["errors"]:
        assert set(error) == {"path", "error"}
        assert error["error"] in bench.err
        assert error["error"].endswith(".")


def test_errors_are_told_even_when_quiet(bench: Bench):
    assert bench.count("--quiet", bench.folder / "gone.png") == 1
    assert bench.out == ""
    assert len(bench.err.splitlines()) == 1


def test_folders_and_folders_in_folders(bench: Bench):
    slides = bench.folder / "slides"
    for name in ("b.png", "a.jpg", "old/c.png"):
        bench.picture(f"slides/{name}")
    (slides / "notes.txt").touch()

    def names(*options: str) -> list[str]:
        return [Path(image["path"]).name for image in bench.json(slides, *options)["images"]]

    assert names() == ["a.jpg", "b.png"]
    assert names("--recursive") == ["a.jpg", "b.png", "c.png"]


def test_an_empty_folder_is_an_error(bench: Bench):
    empty = bench.folder / "empty"
    empty.mkdir()
    assert bench.count(empty) == 1
    assert str(empty) in bench.err


def test_an_unreadable_folder_is_an_error(bench: Bench, ordinary_user: Callable[[], AbstractContextManager[None]]):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        bench.model = Path(shutil.copy(bench.model, folder))
        closed = folder / "closed"
        closed.mkdir(mode=0)
        with ordinary_user():
            assert bench.count(closed) == 1
    assert str(closed) in bench.err
    assert "cannot be opened" in bench.err


def test_a_picture_named_twice_counts_once(bench: Bench):
    path = bench.picture("slides/a.png")
    assert bench.json(path, path, path.parent)["totals"]["RBC"] == 2


def test_several_pages_are_told(bench: Bench):
    path = bench.folder / "a.tif"
    Image.new("RGB", (200, 120)).save(path, save_all=True, append_images=[Image.new("RGB", (9, 9))])
    [image] = bench.json(path)["images"]
    assert any("2 pages" in notice for notice in image["notices"])
    assert "a.tif" in bench.err
    assert "2 pages" in bench.err


def test_names_are_printed_as_they_are(bench: Bench):
    there, gone = "[bold]there[] :smile: [red].png", "[red]gone[] :smile:.png"
    bench.picture(there)
    assert bench.count(there, gone) == 1
    assert there in bench.out
    assert gone in bench.err


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names that are no text")
def test_names_that_are_no_text(bench: Bench):
    path = bench.folder / "a\udcff.png"
    bench.picture("a.png").rename(path)
    document = bench.json(path, bench.folder / "gone\udcfe.png")
    assert document["totals"]["RBC"] == 2
    assert len(document["errors"]) == 1
    assert len(bench.csv(path)) == 1
