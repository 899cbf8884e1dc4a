"""Which files of folders are counted, which are left out, and that none is passed over without a word."""

from __future__ import annotations

import os
import sys
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile
from PIL import Image

from core.imaging.files.finding import find_images
from core.imaging.files.output_mark import is_output
from core.report.formats.annotated import write_picture

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from numpy.typing import NDArray


def some_pixels(seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 255, (20, 30, 3)).astype(np.uint8)


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def names(paths: list[Path]) -> list[str]:
    return [path.name for path in paths]


def test_images_of_a_folder_are_found(tmp_path: Path):
    touch(
        tmp_path,
        "b.PNG",
        "a.jpg",
        "c.tiff",
        "notes.txt",
        ".hidden.png",
        "inner/d.webp",
        "inner/e.txt",
        "f.HEIC",
        "g.jfif",
    )
    assert names(find_images([tmp_path]).images) == ["a.jpg", "b.PNG", "c.tiff", "f.HEIC", "g.jfif"]
    assert names(find_images([tmp_path], recursive=True).images) == [
        "a.jpg", "b.PNG", "c.tiff", "f.HEIC", "g.jfif", "d.webp",
    ]  # fmt: skip


def test_an_image_without_a_suffix_is_found(tmp_path: Path):
    touch(tmp_path, "LICENSE", "notes")
    for name, kind in (("scan", "PNG"), ("IMG_1", "JPEG"), ("field", "TIFF")):
        Image.fromarray(some_pixels()).save(tmp_path / name, kind)
    assert names(find_images([tmp_path]).images) == ["IMG_1", "field", "scan"]


@pytest.mark.parametrize("name", ["IM000001", "1.2.840.113619.2.55"])
def test_dicom_without_its_suffix_is_named(tmp_path: Path, name: str):
    touch(tmp_path, "LICENSE", "notes.7", "b.png")
    (tmp_path / name).write_bytes(bytes(128) + b"DICM" + bytes(32))
    found = find_images([tmp_path])
    assert names(found.images) == ["b.png"]
    [(path, sentence)] = found.problems
    assert path.name == name
    assert "export" in sentence


def test_a_named_file_is_never_passed_over(tmp_path: Path):
    named = [tmp_path / "scan.dat", tmp_path / "gone.png", tmp_path / ("y" * 300), tmp_path / ".hidden.png"]
    named[0].touch()
    named[3].touch()
    assert find_images(named).images == named


@pytest.mark.parametrize(
    "folder",
    [".Trash-1000", "$RECYCLE.BIN", ".thumbnails", "@eaDir", "__MACOSX", "System Volume Information", "#recycle"],
)
def test_folders_of_the_system_are_left_out(tmp_path: Path, folder: str):
    touch(tmp_path, "a.png", f"{folder}/b.png", f"slide/{folder}/deeper/c.png", "slide/d.png", "._a.png")
    found = find_images([tmp_path], recursive=True)
    assert names(found.images) == ["a.png", "d.png"]
    assert found.problems == []
    assert names(find_images([tmp_path / folder]).images) == ["b.png"]  # named itself, it is meant


@pytest.mark.parametrize("name", ["a.czi", "a.nd2", "a.gif", "a.JXL", "a.dng", "a.svs", "a.dcm", "a.avif", "a.psd"])
def test_images_that_cannot_be_read_are_named(tmp_path: Path, name: str):
    touch(tmp_path, name, "b.png")
    found = find_images([tmp_path])
    assert names(found.images) == ["b.png"]
    [(path, sentence)] = found.problems
    assert path.name == name
    assert sentence.startswith(f"{path}: ")
    assert "export" in sentence


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.npy", "a.czi", "a.nd2", "a.lif", "a.vsi", "a.mrxs", "a.CZI"])
def test_images_of_microscopes_and_of_programs_are_named(tmp_path: Path, name: str):
    (tmp_path / name).write_bytes(b"\x93 something")
    found = find_images([tmp_path])
    [(path, problem)] = found.problems
    assert path.name == name
    assert "cannot be read; export it as TIFF, PNG or JPEG." in problem


def test_an_archive_of_images_is_named_and_one_of_outlines_is_not(tmp_path: Path):
    for name, inside in (("fields.zip", "day 1/a.JPG"), ("RoiSet.zip", "0001-0002.roi")):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr(inside, b"")
    (tmp_path / "torn.zip").write_bytes(b"PK\x03\x04")
    found = find_images([tmp_path])
    path = tmp_path / "fields.zip"
    assert found.problems == [(path, f"{path}: there are images in this archive; unpack it to count them.")]


def test_what_is_plainly_no_image_passes_silently(tmp_path: Path):
    names = "a.txt", "a.csv", "a.xlsx", "a.pdf", "Thumbs.db", ".DS_Store", "a.json", "a.xml", "a.gz", "classes.yaml"
    for name in names:
        (tmp_path / name).write_bytes(b"1")
    found = find_images([tmp_path])
    assert (found.images, found.problems, found.left_out) == ([], [], [])


@pytest.mark.parametrize("suffix", [".svs", ".ndpi", ".lsm", ".qptiff"])
def test_kinds_that_are_tiff_are_read(tmp_path: Path, suffix: str):
    path = tmp_path / f"a{suffix}"
    tifffile.imwrite(path, np.zeros((40, 50, 3), np.uint8), photometric="rgb")
    assert find_images([tmp_path]).images == [path]
    path.write_bytes(b"something else")
    assert find_images([tmp_path]).problems[0][0] == path


def test_images_in_a_folder_that_is_not_looked_into_are_told(tmp_path: Path):
    inner, own, empty = tmp_path / "monday", tmp_path / "out", tmp_path / "notes"
    for folder in (inner, own, empty):
        folder.mkdir()
    (inner / "a.png").write_bytes(b"1")
    (own / "a_counted.png").write_bytes(b"1")
    (empty / "a.txt").write_bytes(b"1")
    (tmp_path / "b.png").write_bytes(b"1")
    found = find_images([tmp_path])
    assert found.images == [tmp_path / "b.png"]
    assert found.left_out == [f"{inner}: the images in this folder are not counted; use --recursive to count them."]
    assert find_images([tmp_path], recursive=True).left_out == []


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
def test_own_output_is_left_out_whatever_it_is_called(tmp_path: Path, suffix: str):
    write_picture(some_pixels(), tmp_path / f"out{suffix}", mark=True)
    write_picture(some_pixels(), tmp_path / f"field_counted{suffix}")
    (tmp_path / f"out{suffix}").rename(tmp_path / f"renamed{suffix}")
    found = find_images([tmp_path])
    assert names(found.images) == [f"field_counted{suffix}"]
    [sentence] = found.left_out
    assert f"renamed{suffix}" in sentence
    assert find_images([tmp_path / f"renamed{suffix}"]).images == []


def test_a_quick_look_leaves_out_own_output_by_its_usual_name(tmp_path: Path):
    write_picture(some_pixels(), tmp_path / "a.png")
    write_picture(some_pixels(), tmp_path / "a_counted.png", mark=True)
    write_picture(some_pixels(), tmp_path / "b_counted.png")
    assert names(find_images([tmp_path], quick=True).images) == ["a.png", "b_counted.png"]


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
def test_the_mark_does_not_change_a_pixel(tmp_path: Path, suffix: str):
    for mark in (False, True):
        write_picture(some_pixels(), tmp_path / f"{mark}{suffix}", mark=mark)
        assert is_output(tmp_path / f"{mark}{suffix}") is mark
    with Image.open(tmp_path / f"True{suffix}") as one, Image.open(tmp_path / f"False{suffix}") as other:
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_a_link_counts_once(tmp_path: Path):
    write_picture(some_pixels(), tmp_path / "a.png")
    (tmp_path / "deep").mkdir()
    write_picture(some_pixels(1), tmp_path / "deep" / "b.png")
    (tmp_path / "z link.png").symlink_to(tmp_path / "a.png")
    os.link(tmp_path / "a.png", tmp_path / "z twin.png")
    (tmp_path / "folder link").symlink_to(tmp_path / "deep")
    (tmp_path / "deep" / "round").symlink_to(tmp_path)
    found = find_images([tmp_path, tmp_path / "a.png"], recursive=True)
    assert sorted(names(found.images)) == ["a.png", "b.png"]
    assert len(found.left_out) == 2
    assert all("same file" in sentence for sentence in found.left_out)


def test_a_copy_is_no_link(tmp_path: Path):
    for name in ("a.png", "b.png"):
        write_picture(some_pixels(), tmp_path / name)
    assert names(find_images([tmp_path]).images) == ["a.png", "b.png"]


def test_a_folder_that_cannot_be_opened_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ordinary_user: Callable[[], AbstractContextManager[None]]
):
    touch(tmp_path, "a.png", "closed/b.png")
    (tmp_path / "closed").chmod(0)
    tmp_path.chmod(0o755)
    monkeypatch.chdir(tmp_path)  # the folders above belong to root alone
    try:
        with ordinary_user():
            found = find_images(["."], recursive=True)
    finally:
        (tmp_path / "closed").chmod(0o700)
    assert names(found.images) == ["a.png"]
    assert "permission" in found.problems[0][1].lower() or "access" in found.problems[0][1]


def test_an_empty_folder_is_told(tmp_path: Path):
    touch(tmp_path, "notes.txt")
    assert find_images([tmp_path]).empty == [tmp_path]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_named_and_does_not_stop_the_rest(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    Image.new("RGB", (64, 64)).save(tmp_path / "b.png")
    found = find_images([tmp_path])
    assert found.images == [tmp_path / "b.png"]
    [(path, text)] = found.problems
    assert path == tmp_path / "a.png"
    assert "pipe" in text


@pytest.mark.parametrize(
    ("name", "content", "image"),
    [
        ("notes.txt", "Müller: film too thick, édge".encode(), False),
        ("report.pdf", b"%PDF-1.7 \x00", False),
        ("table.xlsx", b"PK\x03\x04\x14\x00", False),
        ("field.raw", bytes(range(256)), True),
        ("empty", b"", True),
    ],
)
def test_a_window_refuses_documents_and_takes_what_may_be_an_image(
    tmp_path: Path, name: str, content: bytes, image: bool
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    found = find_images([path], quick=True)
    assert (found.images == [path]) is image
    assert bool(found.problems) is not image
    assert find_images([path]).images == [path]
