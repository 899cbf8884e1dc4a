"""The commands of the documentation are ones that the program takes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from trainer.cli.main import build_parser

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTS = ("trainer/README.md", "trainer/BENCHMARKS.md")
FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def documented_commands() -> list[str]:
    commands: list[str] = []
    for name in DOCUMENTS:
        for block in FENCE.findall((ROOT / name).read_text("utf-8")):
            lines = block.replace("\\\n", " ").splitlines()
            commands += [line for line in lines if line.startswith("smearcount-train ")]
    return commands


def test_the_documents_show_every_command() -> None:
    shown = {" ".join(shlex.split(line)[1:3]) for line in documented_commands()}
    assert len(documented_commands()) > 25
    for command in (
        "fit --data",
        "export --checkpoint",
        "tune --model",
        "tune-counting --model",
        "look --model",
        "compare reports/default",
    ):
        assert command in shown
    assert {f"data {name}" for name in ("import", "merge", "split", "check", "explore", "masks")} <= shown
    assert any(line.startswith("evaluate ") for line in shown)
    assert any(line.startswith("evaluate-points ") for line in shown)


@pytest.mark.parametrize("line", dict.fromkeys(documented_commands()))
def test_a_documented_command_is_taken(line: str) -> None:
    arguments = build_parser().parse_args(shlex.split(line, comments=True)[1:])
    assert callable(arguments.run_command)
