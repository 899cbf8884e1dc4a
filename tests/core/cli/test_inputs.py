"""What the command does with files that are damaged, its own, linked, hidden, or of a kind that it cannot read."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from core.cli.run import main
from core.imaging.synthetic import render_smear

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


@pytest.fixture(scope="module")
def smear() -> NDArray[np.uint8]:
    return render_smear(320, 240, red_cells=20, diameter=40.0, rng=np.random.default_rng(3)).image


@pytest.fixture
def count(
    tmp_path: Path, make_model: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, dict[str, Any], str]]:
    """Return a function that runs the command; it returns exit code, JSON document and what was printed as errors."""
    model, target = make_model(), tmp_path / "result.json"

    def run(*arguments: str | Path) -> tuple[int, dict[str, Any], str]:
        code = main(["--model", str(model), "--diameter", "40", "--json", str(target), *map(str, arguments)])
        return code, json.loads(target.read_text("utf-8")), capsys.readouterr().err

    return run


def names(document: dict[str, Any]) -> list[str]:
    return [Path(image["path"]).name for image in document["images"]]


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_a_second_run_does_not_count_what_the_first_one_drew(
    tmp_path: Path, count: Callable[..., Any], smear: NDArray[np.uint8], suffix: str
):
    slides = tmp_path / "slides"
    slides.mkdir()
    Image.fromarray(smear).save(slides / "a.png")
    options = ("--recursive", "--annotated", slides / "out", "--annotated-as", suffix)
    first, second = count(slides, *options), count(slides, *options)
    assert first[1]["totals"] == second[1]["totals"]
    assert names(second[1]) == ["a.png"]
    assert second[0] == 0
    assert f"a_counted.{suffix}: SmearCount wrote this image itself; it is left out." in second[2]


def test_what_cannot_be_read_is_named_and_the_rest_is_counted(
    tmp_path: Path, count: Callable[..., Any], smear: NDArray[np.uint8]
):
    slides = tmp_path / "slides"
    slides.mkdir()
    Image.fromarray(smear).save(slides / "a.png")
    for name in ("b.czi", "c.gif", "notes.txt", ".hidden.jpg"):
        (slides / name).write_bytes(b"something")
    (slides / "broken.tif").write_bytes(b"II*\0\x08\0\0\0")
    code, document, printed = count(slides)
    assert code == 1
    assert names(document) == ["a.png"]
    assert [Path(error["path"]).name for error in document["errors"]] == ["b.czi", "c.gif", "broken.tif"]
    assert all(f"{error['path']}: " in printed for error in document["errors"])


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_a_link_is_counted_once(tmp_path: Path, count: Callable[..., Any], smear: NDArray[np.uint8]):
    Image.fromarray(smear).save(tmp_path / "a.png")
    (tmp_path / "again.png").symlink_to(tmp_path / "a.png")
    code, document, printed = count(tmp_path)
    assert (code, names(document)) == (0, ["a.png"])
    assert "again.png: it is the same file as" in printed


def test_a_damaged_jpeg_is_counted_and_its_field_is_poor(
    tmp_path: Path, count: Callable[..., Any], smear: NDArray[np.uint8]
):
    buffer = io.BytesIO()
    Image.fromarray(smear).save(buffer, "JPEG", quality=95)
    data = bytearray(buffer.getvalue())
    data[len(data) // 2 : len(data) // 2 + 2000] = bytes(2000)
    (tmp_path / "damaged.jpg").write_bytes(data)
    (tmp_path / "ended.jpg").write_bytes(buffer.getvalue()[:-2])
    code, document, printed = count(tmp_path / "damaged.jpg", tmp_path / "ended.jpg")
    damaged, ended = document["images"]
    assert code == 0
    assert "damaged inside" in " ".join(damaged["quality"]["reasons"])
    assert "damaged inside" in printed
    assert "damaged" not in " ".join(ended["quality"]["reasons"])
    assert "end mark" in ended["notices"][0]


def test_deep_images_of_one_batch_are_counted_at_one_scale(
    tmp_path: Path, count: Callable[..., Any], smear: NDArray[np.uint8]
):
    """A bar that was burned in at full scale made the image 16 times too dark, and nothing was found in it."""
    deep = smear.astype(np.uint16) * 16
    barred = deep.copy()
    barred[-30:-24, -120:-20] = 65535
    tifffile.imwrite(tmp_path / "a.tif", deep, photometric="rgb")
    tifffile.imwrite(tmp_path / "b.tif", barred, photometric="rgb")
    planar = np.ascontiguousarray(np.moveaxis(smear.astype(np.uint16) * 257, 2, 0))
    tifffile.imwrite(tmp_path / "c.tif", planar, photometric="rgb", planarconfig="separate")
    Image.fromarray(smear).save(tmp_path / "d.png")
    _, document, _ = count("--model", "classical", *(tmp_path / name for name in ("a.tif", "b.tif", "c.tif", "d.png")))
    counts = [sum(image["counts"].values()) for image in document["images"]]
    assert min(counts) > 15
    assert max(counts) - min(counts) <= 1


@pytest.fixture
def several(tmp_path: Path, smear: NDArray[np.uint8]) -> Path:
    """Return a file with two pages, of which the second is empty."""
    pages = [Image.fromarray(smear), Image.fromarray(np.full_like(smear, 230))]
    pages[0].save(tmp_path / "several.tif", save_all=True, append_images=pages[1:])
    return tmp_path / "several.tif"


def test_the_page_that_is_counted_can_be_chosen(
    several: Path, count: Callable[..., Any], capsys: pytest.CaptureFixture[str]
):
    counted = [count("--model", "classical", *option, several) for option in ((), ("--page", "1"), ("--page", "2"))]
    images = [document["images"][0] for _, document, _ in counted]
    assert "Only one of several images" in " ".join(images[0]["quality"]["reasons"])
    assert images[1]["counts"] == images[0]["counts"]
    assert sum(images[1]["counts"].values()) > 10
    assert sum(images[2]["counts"].values()) == 0
    assert images[2]["notices"][0] == "Page 2 of 2 was counted."
    code, document, _ = count("--page", "3", several)
    assert code == 1
    assert "there is no page 3: the file has 2" in document["errors"][0]["error"]
    for text in ("0", "-1", "x", "1.5"):
        with pytest.raises(SystemExit):
            main(["--page", text, str(several)])
        assert "is not the number of a page" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="nothing can be told to end there but by Ctrl+C")
@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_what_was_counted_is_kept_when_the_run_is_told_to_end(
    tmp_path: Path, make_model: Callable[..., Path], smear: NDArray[np.uint8], told: signal.Signals
):
    paths = [tmp_path / f"{number:04}.png" for number in range(200)]
    Image.fromarray(smear).save(paths[0])
    for path in paths[1:]:
        path.write_bytes(paths[0].read_bytes())
    out, drawn = tmp_path / "out.json", tmp_path / "drawn"
    command = [sys.executable, "-m", "core.cli", "--model", make_model(), "--diameter", "40", "--json", out]
    before = signal.signal(told, signal.SIG_DFL)  # one that is ignored here would be ignored there
    process = subprocess.Popen(
        [*command, "--csv", tmp_path / "out.csv", "--annotated", drawn, tmp_path],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        bufsize=0,  # what is not read here is left to read
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    signal.signal(told, before)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(b"0003.png: It is a copy"):
            break
    assert (drawn / "0002_counted.png").exists()
    process.send_signal(told)
    _, said = process.communicate()
    assert process.returncode == 1
    assert b"Stopped:" in said
    document = json.loads(out.read_text("utf-8"))
    done = len(document["images"])
    assert document["incomplete"] is True
    assert 3 <= done < 200
    assert len(document["errors"]) == 200 - done
    assert "not counted, as the run was stopped" in document["errors"][0]["error"]
    assert {item["path"] for item in document["images"] + document["errors"]} == set(map(str, paths))
    rows = (tmp_path / "out.csv").read_text("utf-8-sig").splitlines()
    assert sum(".png" in row for row in rows) == 200


def test_a_whole_result_does_not_speak_of_being_complete(
    tmp_path: Path, count: Callable[..., Any], smear: NDArray[np.uint8]
):
    Image.fromarray(smear).save(tmp_path / "a.png")
    assert "incomplete" not in count(tmp_path / "a.png")[1]


def test_what_was_left_out_is_in_the_document(tmp_path: Path, count: Callable[..., Any], smear: NDArray[np.uint8]):
    Image.fromarray(smear).save(tmp_path / "a.png")
    assert "notices" not in count(tmp_path / "a.png")[1]
    (tmp_path / "b.png").hardlink_to(tmp_path / "a.png")
    (tmp_path / "result.json").unlink()
    code, document, _ = count(tmp_path)
    assert code == 0
    told = f"{tmp_path / 'b.png'}: it is the same file as {tmp_path / 'a.png'}; it is counted once."
    assert document["notices"] == [told]


def test_quiet_does_not_hide_what_speaks_against_a_count(
    tmp_path: Path, count: Callable[..., Any], smear: NDArray[np.uint8]
):
    Image.fromarray(np.hstack([smear, smear])).save(tmp_path / "a.png")
    (tmp_path / "b.png").hardlink_to(tmp_path / "a.png")
    _, _, errors = count("--quiet", tmp_path)
    assert "it is the same file as" in errors
    assert "of the image is there twice" in errors
    assert "its cells are counted twice" in errors


def test_a_copy_is_told(tmp_path: Path, count: Callable[..., Any], smear: NDArray[np.uint8]):
    for name in ("a.png", "sub/b.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(smear).save(tmp_path / name)
    code, document, errors = count("--recursive", tmp_path)
    assert code == 0
    assert document["images"][0]["notices"] == []
    told = f"It is a copy of {tmp_path / 'a.png'}; its cells are counted twice."
    assert document["images"][1]["notices"] == [told]
    assert "its cells are counted twice" in " ".join(errors.split())


def test_the_same_pixels_in_another_format_are_told(
    tmp_path: Path, count: Callable[..., Any], smear: NDArray[np.uint8]
):
    Image.fromarray(smear).save(tmp_path / "a.png")
    Image.fromarray(smear).save(tmp_path / "b.bmp")
    tifffile.imwrite(tmp_path / "c.tif", smear.astype(np.uint16) * 257, photometric="rgb", compression="zlib")
    Image.fromarray(np.ascontiguousarray(smear[::-1])).save(tmp_path / "d.png")
    _, document, _ = count(tmp_path)
    told = f"It is a copy of {tmp_path / 'a.png'}; its cells are counted twice."
    assert [told in image["notices"] for image in document["images"]] == [False, True, True, False]


def test_a_folder_of_nothing_but_its_own_images_is_as_an_empty_one(
    tmp_path: Path, count: Callable[..., Any], smear: NDArray[np.uint8]
):
    Image.fromarray(smear).save(tmp_path / "a.png")
    out = tmp_path / "out"
    count(tmp_path / "a.png", "--annotated", out)
    code, document, printed = count(out)
    assert (code, document["images"]) == (1, [])
    assert f"{out}: nothing is left to count here" in printed
