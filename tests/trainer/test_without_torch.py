"""The extra ``measure``: data sets, measuring and tuning work where PyTorch is not installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

TRAINING_ONLY = ("lightning", "nncf", "onnxruntime", "torch", "torchmetrics", "torchvision")


@pytest.mark.slow
def test_data_sets_and_measuring_need_no_torch(tmp_path: Path, data_folder: Path, model_path: Path) -> None:
    model, manifest = str(shutil.copy(model_path, tmp_path / "model.onnx")), str(tmp_path / "cells.json")
    measured = ["--model", model, "--data", manifest, "--split", "test"]
    report = str(tmp_path / "report")
    commands = [
        ["data", "import", "yolo", str(data_folder), "--out", manifest],
        ["data", "check", manifest],
        ["data", "explore", manifest, "--out", str(tmp_path / "data.html")],
        ["tune", *measured],
        ["evaluate", *measured, "--report", report],
        ["compare", report, report],
    ]
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({TRAINING_ONLY}))\n"
        f"from trainer.cli.main import main\nsys.exit(max(main(command) for command in {commands}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "report" / "report.html").is_file()
