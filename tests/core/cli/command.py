"""The headless command, with a model that finds the same cells in every image."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from core.cli.run import main

if TYPE_CHECKING:
    from pathlib import Path

CLASSES = ["RBC", "WBC", "Platelets"]
TOO_BRIGHT = "Too bright: even the darkest cells are nearly white."


class Bench:
    """A folder with a model that finds the same cells in every image, and the command."""

    def __init__(self, folder: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.model, self._capsys = folder, model, capsys
        self.out = self.err = ""

    def picture(self, name: str = "field.png", side: tuple[int, int] = (200, 120), **options: Any) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", side, (250, 240, 245)).save(path, **options)
        return path

    def count(self, *arguments: str | Path) -> int:
        """Run the command at a known scale; keep what it prints."""
        code = main(["--model", str(self.model), "--diameter", "64", *map(str, arguments)])
        self.out, self.err = self._capsys.readouterr()
        return code

    def printed(self) -> str:
        """Return what was printed on standard output since the last run."""
        return self._capsys.readouterr().out

    def refuse(self, *arguments: str | Path) -> str:
        """Run the command with arguments that it refuses; return its last line."""
        with pytest.raises(SystemExit) as caught:
            main([*map(str, arguments)])
        assert caught.value.code == 2
        self.out, self.err = self._capsys.readouterr()
        assert self.out == ""
        assert "Traceback" not in self.err
        return self.err.splitlines()[-1]

    def json(self, *arguments: str | Path) -> dict[str, Any]:
        """Run the command and return the JSON that it writes."""
        path = self.folder / "result.json"
        self.count(*arguments, "--json", path)
        return json.loads(path.read_text("utf-8"))

    def csv(self, *arguments: str | Path) -> list[dict[str, str]]:
        """Run the command and return the rows that it writes."""
        path = self.folder / "result.csv"
        self.count(*arguments, "--csv", path)
        return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline="")))


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table without the time that the count took."""
    rows = csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline=""))
    return [{**row, "seconds": ""} for row in rows]
