"""The frozen program, as far as it can be checked without building it."""

from __future__ import annotations

import ast
import configparser
import importlib
import importlib.util
import os
import plistlib
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from core.imaging.files.finding import IMAGE_SUFFIXES
from core.session.session import SESSION_SUFFIX

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[2]
_PORTABLE = {"b": "bitmap", "g": "graymap", "p": "pixmap", "n": "anymap"}
PACKAGING = ROOT / "packaging"

OPENCV_USED = {
    "GaussianBlur", "HoughCircles", "Sobel", "blur", "circle", "connectedComponents",
    "connectedComponentsWithStats", "contourArea", "convertScaleAbs", "copyMakeBorder", "cvtColor", "dilate",
    "distanceTransform", "drawContours", "error", "findContours", "getStructuringElement", "getTextSize", "imdecode",
    "imencode", "integral", "line", "magnitude", "morphologyEx", "multiply", "pointPolygonTest", "polylines", "putText",
    "rectangle", "remap", "resize", "subtract", "threshold", "utils", "warpAffine", "watershed",
}  # fmt: skip
"""None of these calls FFmpeg or OpenBLAS, which the frozen program lacks; look before you add one."""


def load(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(PACKAGING))
    spec = importlib.util.spec_from_file_location(name, PACKAGING / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return module


def test_the_folder_does_not_shadow_the_packaging_package() -> None:
    assert not list(PACKAGING.rglob("__init__.py"))


def test_only_harmless_functions_of_opencv_are_used() -> None:
    used = set()
    for room in ("core", "gui"):
        for path in (ROOT / room).rglob("*.py"):
            used |= set(re.findall(r"\bcv2\.([a-z]\w*|[A-Z][a-z]\w*)", path.read_text(encoding="utf-8")))
    assert used <= OPENCV_USED, f"see packaging/stub_libraries.py: {used - OPENCV_USED}"


@pytest.mark.slow
@pytest.mark.parametrize("platform", ["linux", "win32", "darwin"])
def test_the_spec_evaluates(platform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("PyInstaller")
    contents, identity = load("contents", monkeypatch), load("identity", monkeypatch)
    made: list[tuple[str, dict[str, Any]]] = []

    class Part:
        """Takes what PyInstaller's classes take, and builds nothing."""

        def __init__(self, *arguments: object, **options: Any) -> None:
            made.append((self.__class__.__name__, options | {"arguments": arguments}))
            self.pure, self.scripts = [], []
            self.binaries = [("PySide6/Qt/plugins/platforms/libqvnc.so", "x", "BINARY")]
            self.datas = [("PySide6/Qt/translations/qtbase_de.qm", "x", "DATA"), ("resources/x", "x", "DATA")]

    names = ("Analysis", "PYZ", "EXE", "COLLECT", "BUNDLE")
    parts = {name: type(name, (Part,), {}) for name in names}
    tree = ast.parse((PACKAGING / "smearcount.spec").read_text(encoding="utf-8"))
    tree.body = [
        node for node in tree.body if not (isinstance(node, ast.ImportFrom) and "building" in str(node.module))
    ]
    monkeypatch.setattr(contents, "smaller", lambda entries, _: entries)
    monkeypatch.setattr(identity.icon_file, "__defaults__", (platform,))
    importlib.import_module("urllib.request")  # which, imported on what says it is a Mac, wants a module of the Mac's
    monkeypatch.setattr(sys, "platform", platform)
    exec(  # the spec is a program for PyInstaller
        compile(tree, "smearcount.spec", "exec"),
        {**parts, "SPECPATH": str(PACKAGING), "workpath": str(tmp_path / "build" / "smearcount")},
    )
    kinds = [kind for kind, _ in made]
    assert kinds.count("EXE") == 2
    assert ("BUNDLE" in kinds) == (platform == "darwin")
    for kind, options in made:
        if kind == "Analysis":
            paths = [
                *options["arguments"][0],
                *options["runtime_hooks"],
                *(source for source, _ in options["binaries"]),
            ]
            assert all(Path(path).is_file() for path in paths)
            assert any("plugin" in source for source, _ in options["binaries"])
            assert "torch" in options["excludes"]
        if kind == "EXE":
            for option in ("icon", "version", "entitlements_file"):
                assert options[option] is None or Path(options[option]).is_file()
            assert options["console"] == options["name"].endswith("-count")
            assert (options["version"] is not None) == (platform == "win32")
        if kind == "COLLECT":
            assert [entry[0] for entry in options["arguments"][3]] == ["resources/x"]
            assert options["arguments"][2] == []


def test_the_version_resource_is_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    identity = load("identity", monkeypatch)
    text = identity.version_resource(tmp_path, "smearcount").read_text(encoding="utf-8")
    ast.parse(text)
    assert f"'{identity.program_version()}'" in text
    assert "@" not in text


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux links by symbol versions")
def test_a_stand_in_has_the_names_and_refuses_to_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stubs = load("stub_libraries", monkeypatch)
    (tmp_path / "real.c").write_text("int answer(void) { return 42; } int other(void) { return 1; }")
    (tmp_path / "user.c").write_text("int answer(void); int ask(void) { return answer(); }")
    (tmp_path / "ask.c").write_text("int ask(void); int main(int n, char **w) { return n > 1 ? ask() : 7; }")
    try:
        for command in (
            "cc -shared -fPIC -Wl,-soname,libreal.so -Wl,--version-script,map -o libreal.so real.c",
            "cc -shared -fPIC -o libuser.so user.c -L. -lreal",
            "cc -o ask ask.c -L. -luser -lreal",
        ):
            (tmp_path / "map").write_text("REAL_1 { answer; other; };")
            subprocess.run(command.split(), cwd=tmp_path, check=True)
    except FileNotFoundError:
        pytest.skip("there is no C compiler here")
    (tmp_path / "stubs").mkdir()
    stub = stubs.build_stub(tmp_path / "libreal.so", tmp_path / "libuser.so", tmp_path / "stubs")
    assert [name for name, _ in stubs._symbols(stub, "--defined-only") if name != "REAL_1"] == ["answer"]
    places = os.environ | {"LD_LIBRARY_PATH": "stubs:."}
    quiet = subprocess.run(["./ask"], cwd=tmp_path, env=places, capture_output=True, check=False)
    assert (quiet.returncode, quiet.stderr) == (7, b"")
    refused = subprocess.run(["./ask", "now"], cwd=tmp_path, env=places, capture_output=True, check=False)
    assert refused.returncode < 0
    assert b"answer is not part of the frozen program" in refused.stderr


def test_unused_parts_of_qt_stay_out(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("PyInstaller")
    contents = load("contents", monkeypatch)
    kept = [
        "PySide6/Qt/plugins/platforms/libqxcb.so", "PySide6/plugins/platforms/qwindows.dll", "cv2/cv2.abi3.so",
        "PySide6/Qt/plugins/imageformats/libqsvg.so", "PySide6/QtNetwork.abi3.so",
    ]  # fmt: skip
    dropped = [
        "PySide6/Qt/lib/libQt6Quick.so.6", "PySide6\\plugins\\tls\\qopensslbackend.dll", "PySide6/Qt/qml/QtQml/x.so",
        "PySide6/Qt/plugins/platformthemes/libqgtk3.so", "PySide6/Qt/translations/qt_de.qm",
    ]  # fmt: skip
    entries = [(name, "", "BINARY") for name in kept + dropped]
    assert [entry[0] for entry in contents.used(entries)] == kept


def test_the_desktop_entry_and_the_file_type() -> None:
    entry = configparser.ConfigParser(interpolation=None)
    entry.optionxform = str  # pyright: ignore[reportAttributeAccessIssue]  the documented way to keep capitals
    entry.read(PACKAGING / "linux" / "smearcount.desktop", encoding="utf-8")
    types = entry["Desktop Entry"]["MimeType"].rstrip(";").split(";")
    tree = ElementTree.parse(PACKAGING / "linux" / "smearcount.xml")
    own = tree.find("{*}mime-type")
    assert own is not None
    assert own.attrib["type"] in types
    glob = own.find("{*}glob")
    assert glob is not None
    assert glob.attrib["pattern"] == f"*{SESSION_SUFFIX}"
    kinds = dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif"), "jpeg") | dict.fromkeys(
        (".tif", ".tiff", ".btf", ".ptif", ".ptiff"), "tiff"
    )
    kinds |= {".dib": "bmp", ".hif": "heif"} | dict.fromkeys((".j2k", ".j2c", ".jpc"), "x-jp2-codestream")
    kinds |= {".jpf": "jpx", ".jhc": "jphc"}
    kinds |= {f".p{letter}m": f"x-portable-{name}" for letter, name in _PORTABLE.items()}
    assert {f"image/{kinds.get(suffix, suffix[1:])}" for suffix in IMAGE_SUFFIXES} <= set(types)


def test_the_installer_names_files_that_are_made() -> None:
    text = (PACKAGING / "windows" / "smearcount.iss").read_text(encoding="utf-8")
    assert r"LicenseFile=..\..\LICENSE" in text
    assert (ROOT / "LICENSE").is_file()
    spec = (PACKAGING / "smearcount.spec").read_text(encoding="utf-8")
    for program in set(re.findall(r"\{app\}\\([\w-]+)\.exe", text)):
        assert f'"{program}"' in spec
    for suffix in IMAGE_SUFFIXES:
        assert f'ValueName: "{suffix}"' in text, suffix


def test_the_entitlements_are_a_property_list() -> None:
    with (PACKAGING / "macos" / "entitlements.plist").open("rb") as file:
        assert all(plistlib.load(file).values())


@pytest.mark.parametrize("script", sorted(PACKAGING.rglob("*.sh"), key=str), ids=lambda path: path.name)
def test_shell_scripts_parse(script: Path) -> None:
    assert subprocess.run(["sh", "-n", script], check=False).returncode == 0


def test_the_workflow_builds_all_three_systems() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "build.yml").read_text(encoding="utf-8"))
    runners = {job["runs-on"].partition("-")[0] for job in workflow["jobs"].values()}
    assert runners == {"ubuntu", "windows", "macos"}
    commands = "\n".join(step.get("run", "") for job in workflow["jobs"].values() for step in job["steps"])
    for path in re.findall(r"packaging[/\\][\w./\\]+", commands):
        assert (ROOT / path.replace("\\", "/")).is_file(), path
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"make ([\w-]+)", commands):
        assert f"\n{target}:" in makefile, target
