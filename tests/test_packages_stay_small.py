"""A house with rooms: no module grows over 400 lines, and no package over 14 modules."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MOST_LINES, MOST_MODULES = 400, 14
PACKAGES = [path.parent for room in ("core", "gui", "trainer") for path in sorted(ROOT.glob(f"{room}/**/__init__.py"))]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_package_has_few_modules_of_few_lines(package: Path) -> None:
    modules = [path for path in package.glob("*.py") if path.name != "__init__.py"]
    assert len(modules) <= MOST_MODULES, "split the package by what its modules are about"
    long = {path.name: lines for path in modules if (lines := path.read_text("utf-8").count("\n")) > MOST_LINES}
    assert not long, "split these modules, one idea each"
