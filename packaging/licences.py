"""Collect the licences of all parts of the frozen program: ``python packaging/licences.py DIST``.

They come from the metadata of the installed packages. Qt's wheels have none, so that its texts are in
``packaging/licence-texts``; libraries that were copied from a Debian system bring the notice of their package.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from importlib.metadata import Distribution, distribution
from pathlib import Path

from identity import PACKAGING, ROOT

_TEXT = re.compile(r"(licen[cs]e|copying|notice|authors)", re.IGNORECASE)
_LGPL = ("pyside6-essentials", "shiboken6", "pi-heif")
_ALSO_INSIDE = ("pyinstaller",)


def needed(name: str, seen: dict[str, Distribution]) -> None:
    """Add a package and what it needs, without extras, to ``seen``."""
    found = distribution(name)
    key = found.metadata["Name"].lower().replace("_", "-")
    if key in seen:
        return
    seen[key] = found
    for requirement in found.requires or []:
        wanted, _, marker = requirement.partition(";")
        other = re.match(r"[\w.-]+", wanted)
        if other and "extra" not in marker:
            try:
                needed(other[0], seen)
            except ModuleNotFoundError:  # for another platform
                continue


def texts(package: Distribution) -> list[Path]:
    """Return the licence files of a package."""
    return [
        Path(str(package.locate_file(file)))
        for file in package.files or []
        if (".dist-info" in file.parts[0] and _TEXT.search("/".join(file.parts[1:])) and file.suffix != ".py")
        or file.parts[1:-1] == ("licenses",)  # imagecodecs keeps those of its libraries in its own folder
    ]


def collect(target: Path) -> list[str]:
    """Copy all licences below ``target``; return the packages for which none was found."""
    packages: dict[str, Distribution] = {}
    for name in ("smearcount", *_ALSO_INSIDE):
        needed(name, packages)
    without = []
    lines = []
    for name, package in sorted(packages.items()):
        folder = target / name
        folder.mkdir(parents=True, exist_ok=True)
        files = texts(package) + ([*(PACKAGING / "licence-texts").iterdir()] if name in _LGPL else [])
        if name == "smearcount":
            files.append(ROOT / "LICENSE")
        for file in files:
            shutil.copyfile(file, folder / file.name)
        stated = package.metadata["License-Expression"] or package.metadata["License"] or ""
        lines.append(f"{name} {package.version}: {stated.strip().splitlines()[0][:80] if stated else 'see its folder'}")
        if not files:
            without.append(name)
    for notice in sorted((ROOT / "resources" / "models").glob("*.LICENCE.txt")):
        (target / "models").mkdir(exist_ok=True)
        shutil.copyfile(notice, target / "models" / notice.name)
        lines.append(f"{notice.name.removesuffix('.LICENCE.txt')} (model): see the folder models")
    python = Path(sysconfig.get_path("stdlib")) / "LICENSE.txt"
    if python.exists():
        (target / "python").mkdir(exist_ok=True)
        shutil.copyfile(python, target / "python" / python.name)
    lines.append(f"Python {sys.version.split()[0]}: PSF-2.0")
    (target / "README.txt").write_text(
        "SmearCount is made of these parts. Qt, PySide6, libheif and libde265 are used under the LGPL: they are\n"
        "separate files in this folder, which may be replaced with others that fit.\n\n" + "\n".join(lines) + "\n",
        encoding="utf-8",
    )
    return without


def collect_from_system(inside: Path, target: Path) -> None:
    """Copy the notices of libraries that were taken from a Debian system."""
    if shutil.which("dpkg") is None:
        return
    names = sorted(path.name for path in inside.glob("lib*.so*") if not path.is_symlink())
    found = subprocess.run(
        ["dpkg", "-S", *(f"*/{name}" for name in names)], capture_output=True, text=True, check=False
    )
    for package in sorted({line.partition(":")[0] for line in found.stdout.splitlines()}):
        notice = Path("/usr/share/doc") / package / "copyright"
        if notice.is_file() and "," not in package:
            (target / "system").mkdir(exist_ok=True)
            shutil.copyfile(notice, target / "system" / f"{package}.txt")


def main() -> int:
    """Collect into ``DIST/licences``; 1 if a part has none."""
    dist = Path(sys.argv[1])
    target = dist / "licences"
    shutil.rmtree(target, ignore_errors=True)
    without = collect(target)
    collect_from_system(dist / "_internal", target)
    for name in without:
        sys.stderr.write(f"{name} has no licence text in its metadata\n")
    return 1 if without else 0


if __name__ == "__main__":
    sys.exit(main())
